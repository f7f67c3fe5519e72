//! Tests and numbers as instructions.
//!
//! Nothing here throws: every receiver has been tested for null, every cast for its class, every
//! divisor for zero. Where OGNL would fail, control goes to `fails`, on an emptied stack.

use ognl::Operator;

use super::assembler::{Assembler, Label, opcode};
use super::kind::Kind;
use super::pool::Full;
use super::value::{Number, Test, Text, TextMethod};

const STRING: &str = "java/lang/String";

/// Writes into one method.
#[derive(Debug)]
pub(super) struct Coder<'a, 'p> {
    pub(super) asm: &'a mut Assembler<'p>,
    /// Where a condition goes that OGNL could not answer.
    pub(super) fails: Label,
    /// The local with the elapsed ticks.
    pub(super) elapsed: u16,
}

impl Coder<'_, '_> {
    fn fail(&mut self) {
        let height = self.asm.height();
        // Only longs and doubles are kept across a test.
        for _ in 0..height / 2 {
            self.asm.op(opcode::POP2, -2);
        }
        self.asm.jump(opcode::GOTO, 0, self.fails);
        self.asm.set_height(height);
    }

    /// Goes to `target` if the answer is `when`, else on.
    pub(super) fn jump(&mut self, test: &Test, when: bool, target: Label) -> Result<(), Full> {
        match test {
            Test::Always(answer) => {
                if *answer == when {
                    self.asm.jump(opcode::GOTO, 0, target);
                }
            }
            Test::Fails => self.fail(),
            Test::Not(test) => self.jump(test, !when, target)?,
            Test::All(tests) => self.each(tests, false, when, target)?,
            Test::Any(tests) => self.each(tests, true, when, target)?,
            Test::Choose(choice) => {
                let (test, yes, no) = &**choice;
                let [otherwise, end] = [self.asm.label(), self.asm.label()];
                self.jump(test, false, otherwise)?;
                self.jump(yes, when, target)?;
                self.asm.jump(opcode::GOTO, 0, end);
                self.asm.bind(otherwise);
                self.jump(no, when, target)?;
                self.asm.bind(end);
            }
            Test::Compare { relation, real, sides } => {
                for side in [&sides.0, &sides.1] {
                    self.push(side)?;
                    if *real && !side.kind().is_real() {
                        self.asm.op(opcode::L2D, 0);
                    }
                }
                // OGNL takes a comparison with NaN for "greater", and so does dcmpg.
                self.asm.op(if *real { opcode::DCMPG } else { opcode::LCMP }, -3);
                let [yes, no] = match relation {
                    Operator::Equal => [opcode::IFEQ, opcode::IFNE],
                    Operator::NotEqual => [opcode::IFNE, opcode::IFEQ],
                    Operator::Less => [opcode::IFLT, opcode::IFGE],
                    Operator::Greater => [opcode::IFGT, opcode::IFLE],
                    Operator::LessOrEqual => [opcode::IFLE, opcode::IFGT],
                    _ => [opcode::IFGE, opcode::IFLT],
                };
                self.asm.jump(if when { yes } else { no }, -1, target);
            }
            Test::IsNull(local) => {
                self.asm.op_local(opcode::ALOAD, *local, 1);
                self.asm.jump(if when { opcode::IFNULL } else { opcode::IFNONNULL }, -1, target);
            }
            Test::Same(one, other) => {
                self.asm.op_local(opcode::ALOAD, *one, 1);
                self.asm.op_local(opcode::ALOAD, *other, 1);
                self.asm.jump(if when { opcode::IF_ACMPEQ } else { opcode::IF_ACMPNE }, -2, target);
            }
            Test::IsA(local, class) => {
                self.asm.op_local(opcode::ALOAD, *local, 1);
                let class = self.asm.pool.class(class)?;
                self.asm.op_pool(opcode::INSTANCEOF, class, 0);
                self.asm.jump(if when { opcode::IFNE } else { opcode::IFEQ }, -1, target);
            }
            Test::Asks(method, local, other) => {
                match (method, other) {
                    // The constant is asked: it is never null.
                    (TextMethod::Equals, Text::Constant(text)) => {
                        self.asm.push_string(text)?;
                        self.asm.op_local(opcode::ALOAD, *local, 1);
                    }
                    _ => {
                        self.load_string(*local)?;
                        self.push_text(other)?;
                    }
                }
                let (name, descriptor) = method.signature();
                self.asm.call(opcode::INVOKEVIRTUAL, STRING, name, descriptor, -1)?;
                self.asm.jump(if when { opcode::IFNE } else { opcode::IFEQ }, -1, target);
            }
        }
        Ok(())
    }

    /// Several tests, of which the first that answers `decides` decides.
    fn each(&mut self, tests: &[Test], decides: bool, when: bool, target: Label) -> Result<(), Full> {
        if decides == when {
            return tests.iter().try_for_each(|test| self.jump(test, when, target));
        }
        let end = self.asm.label();
        match tests.split_last() {
            Some((last, tests)) => {
                tests.iter().try_for_each(|test| self.jump(test, decides, end))?;
                self.jump(last, when, target)?;
            }
            None => self.asm.jump(opcode::GOTO, 0, target),
        }
        self.asm.bind(end);
        Ok(())
    }

    fn load_string(&mut self, local: u16) -> Result<(), Full> {
        self.asm.op_local(opcode::ALOAD, local, 1);
        let class = self.asm.pool.class(STRING)?;
        self.asm.op_pool(opcode::CHECKCAST, class, 0);
        Ok(())
    }

    fn push_text(&mut self, text: &Text) -> Result<(), Full> {
        match text {
            Text::Constant(text) => self.asm.push_string(text),
            Text::Local(local) => self.load_string(*local),
        }
    }

    /// Pushes a long or a double.
    fn push(&mut self, number: &Number) -> Result<(), Full> {
        match number {
            Number::Whole(_, value @ (0 | 1)) => {
                self.asm.op(if *value == 0 { opcode::LCONST_0 } else { opcode::LCONST_1 }, 2);
            }
            Number::Whole(_, value) => {
                let index = self.asm.pool.long(*value)?;
                self.asm.op_pool(opcode::LDC2_W, index, 2);
            }
            Number::Real(_, value) if value.to_bits() == 0 => self.asm.op(opcode::DCONST_0, 2),
            Number::Real(_, value) => {
                let index = self.asm.pool.double(*value)?;
                self.asm.op_pool(opcode::LDC2_W, index, 2);
            }
            Number::Raw(kind, local) => {
                self.asm.op_local(opcode::LLOAD, *local, 2);
                match kind {
                    Kind::Float => {
                        self.asm.op(opcode::L2I, -1);
                        self.asm.call(
                            opcode::INVOKESTATIC,
                            "java/lang/Float",
                            "intBitsToFloat",
                            "(I)F",
                            0,
                        )?;
                        self.asm.op(opcode::F2D, 1);
                    }
                    Kind::Double => {
                        self.asm.call(
                            opcode::INVOKESTATIC,
                            "java/lang/Double",
                            "longBitsToDouble",
                            "(J)D",
                            0,
                        )?;
                    }
                    _ => {}
                }
            }
            Number::Unboxed(kind, local) => {
                self.asm.op_local(opcode::ALOAD, *local, 1);
                let class = self.asm.pool.class(kind.box_name())?;
                self.asm.op_pool(opcode::CHECKCAST, class, 0);
                let (name, descriptor) = kind.getter();
                let (slots, widen) = match kind {
                    Kind::Long | Kind::Double => (1, None),
                    Kind::Float => (0, Some(opcode::F2D)),
                    _ => (0, Some(opcode::I2L)),
                };
                self.asm.call(opcode::INVOKEVIRTUAL, kind.box_name(), name, descriptor, slots)?;
                if let Some(widen) = widen {
                    self.asm.op(widen, 1);
                }
            }
            Number::Truth(test) => {
                let [no, end] = [self.asm.label(), self.asm.label()];
                self.jump(test, false, no)?;
                self.asm.op(opcode::LCONST_1, 2);
                self.asm.jump(opcode::GOTO, 0, end);
                self.asm.set_height(self.asm.height() - 2);
                self.asm.bind(no);
                self.asm.op(opcode::LCONST_0, 2);
                self.asm.bind(end);
            }
            Number::Binary(operator, kind, sides) => self.binary(*operator, *kind, &sides.0, &sides.1)?,
            Number::Unary(operator, kind, number) => {
                self.push(number)?;
                match (operator, kind.is_real()) {
                    (Operator::Negate, true) => self.asm.op(opcode::DNEG, 0),
                    (Operator::Negate, false) => self.asm.op(opcode::LNEG, 0),
                    _ => {
                        let index = self.asm.pool.long(-1)?;
                        self.asm.op_pool(opcode::LDC2_W, index, 2);
                        self.asm.op(opcode::LXOR, -2);
                    }
                }
                self.narrow(*kind);
            }
            Number::Converted(kind, number) => {
                self.push(number)?;
                self.convert(number.kind(), *kind);
            }
            Number::Length(local) => {
                self.load_string(*local)?;
                self.asm.call(opcode::INVOKEVIRTUAL, STRING, "length", "()I", 0)?;
                self.asm.op(opcode::I2L, 1);
            }
            Number::CompareTo(local, other) => {
                self.load_string(*local)?;
                self.push_text(other)?;
                self.asm.call(opcode::INVOKEVIRTUAL, STRING, "compareTo", "(Ljava/lang/String;)I", -1)?;
                self.asm.op(opcode::I2L, 1);
            }
            Number::Elapsed => self.asm.op_local(opcode::LLOAD, self.elapsed, 2),
            Number::Guarded(local, number) => {
                let there = self.asm.label();
                self.asm.op_local(opcode::ALOAD, *local, 1);
                self.asm.jump(opcode::IFNONNULL, -1, there);
                self.fail();
                self.asm.bind(there);
                self.push(number)?;
            }
        }
        Ok(())
    }

    fn binary(&mut self, operator: Operator, kind: Kind, left: &Number, right: &Number) -> Result<(), Full> {
        let real = kind.is_real();
        let shifts =
            matches!(operator, Operator::ShiftLeft | Operator::ShiftRight | Operator::UnsignedShiftRight);
        // An int is shifted without its sign as the low half of a long.
        let masks = match operator == Operator::UnsignedShiftRight && kind <= Kind::Int {
            true => [Some(0xffff_ffff), Some(31)],
            false => [None, None],
        };
        for (side, mask) in [left, right].into_iter().zip(masks) {
            self.push(side)?;
            if real && !side.kind().is_real() {
                self.asm.op(opcode::L2D, 0);
            }
            if let Some(mask) = mask {
                let mask = self.asm.pool.long(mask)?;
                self.asm.op_pool(opcode::LDC2_W, mask, 2);
                self.asm.op(opcode::LAND, -2);
            }
        }
        if shifts {
            self.asm.op(opcode::L2I, -1);
        }
        let operation = match operator {
            Operator::Add => opcode::LADD,
            Operator::Subtract => opcode::LSUB,
            Operator::Multiply => opcode::LMUL,
            Operator::Divide => opcode::LDIV,
            Operator::Remainder => opcode::LREM,
            Operator::BitAnd => opcode::LAND,
            Operator::BitOr => opcode::LOR,
            Operator::Xor => opcode::LXOR,
            Operator::ShiftLeft => opcode::LSHL,
            Operator::ShiftRight => opcode::LSHR,
            _ => opcode::LUSHR,
        };
        if !real && matches!(operator, Operator::Divide | Operator::Remainder) {
            let divides = self.asm.label();
            self.asm.op(opcode::DUP2, 2);
            self.asm.op(opcode::LCONST_0, 2);
            self.asm.op(opcode::LCMP, -3);
            self.asm.jump(opcode::IFNE, -1, divides);
            self.fail();
            self.asm.bind(divides);
        }
        // The opcodes for doubles follow those for longs by two.
        self.asm.op(if real { operation + 2 } else { operation }, if shifts { -1 } else { -2 });
        self.narrow(kind);
        Ok(())
    }

    /// Wraps a result as OGNL wraps it: whole numbers of booleans and characters are ints.
    fn narrow(&mut self, kind: Kind) {
        match kind {
            Kind::Long | Kind::Double => {}
            Kind::Float => {
                self.asm.op(opcode::D2F, -1);
                self.asm.op(opcode::F2D, 1);
            }
            _ => {
                self.asm.op(opcode::L2I, -1);
                match kind {
                    Kind::Byte => self.asm.op(opcode::I2B, 0),
                    Kind::Short => self.asm.op(opcode::I2S, 0),
                    _ => {}
                }
                self.asm.op(opcode::I2L, 1);
            }
        }
    }

    /// As the getters of boxes convert.
    fn convert(&mut self, from: Kind, to: Kind) {
        match (from.is_real(), to) {
            (true, Kind::Double) => {}
            (false, Kind::Double) => self.asm.op(opcode::L2D, 0),
            (true, Kind::Float) => self.narrow(Kind::Float),
            (false, Kind::Float) => {
                self.asm.op(opcode::L2F, -1);
                self.asm.op(opcode::F2D, 1);
            }
            (true, Kind::Long) => self.asm.op(opcode::D2L, 0),
            (false, Kind::Long) => {}
            (true, _) => {
                self.asm.op(opcode::D2I, -1);
                self.asm.op(opcode::I2L, 1);
                self.narrow(to);
            }
            (false, _) => self.narrow(to),
        }
    }
}
