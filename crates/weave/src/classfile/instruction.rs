//! The instructions of a method (JVMS 6.5): their lengths, jumps and local variables.

use super::{Malformed, Reader};

/// The opcodes that weaving tells apart or makes.
#[expect(missing_docs, reason = "the names are the specification's")]
pub mod opcode {
    pub const ACONST_NULL: u8 = 1;
    pub const ICONST_0: u8 = 3;
    pub const LCONST_0: u8 = 9;
    pub const BIPUSH: u8 = 16;
    pub const SIPUSH: u8 = 17;
    pub const LDC: u8 = 18;
    pub const LDC_W: u8 = 19;
    pub const LDC2_W: u8 = 20;
    pub const ILOAD: u8 = 21;
    pub const LLOAD: u8 = 22;
    pub const ILOAD_0: u8 = 26;
    pub const ALOAD_0: u8 = 42;
    pub const ISTORE: u8 = 54;
    pub const LSTORE: u8 = 55;
    pub const ASTORE: u8 = 58;
    pub const ISTORE_0: u8 = 59;
    pub const ASTORE_3: u8 = 78;
    pub const POP: u8 = 87;
    pub const POP2: u8 = 88;
    pub const DUP: u8 = 89;
    pub const DUP2: u8 = 92;
    pub const DUP2_X1: u8 = 93;
    pub const IINC: u8 = 132;
    pub const I2L: u8 = 133;
    pub const IFEQ: u8 = 153;
    pub const GOTO: u8 = 167;
    pub const JSR: u8 = 168;
    pub const RET: u8 = 169;
    pub const TABLESWITCH: u8 = 170;
    pub const LOOKUPSWITCH: u8 = 171;
    pub const IRETURN: u8 = 172;
    pub const LRETURN: u8 = 173;
    pub const FRETURN: u8 = 174;
    pub const DRETURN: u8 = 175;
    pub const ARETURN: u8 = 176;
    pub const RETURN: u8 = 177;
    pub const GETFIELD: u8 = 180;
    pub const INVOKEVIRTUAL: u8 = 182;
    pub const INVOKESPECIAL: u8 = 183;
    pub const INVOKESTATIC: u8 = 184;
    pub const INVOKEINTERFACE: u8 = 185;
    pub const INVOKEDYNAMIC: u8 = 186;
    pub const NEW: u8 = 187;
    pub const ATHROW: u8 = 191;
    pub const MONITOREXIT: u8 = 195;
    pub const WIDE: u8 = 196;
    pub const IFNULL: u8 = 198;
    pub const IFNONNULL: u8 = 199;
    pub const GOTO_W: u8 = 200;
    pub const JSR_W: u8 = 201;
}

/// What an instruction refers to in its own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// Nothing.
    None,
    /// A jump by two bytes, to this pc.
    Jump(usize),
    /// A jump by four bytes (`goto_w`, `jsr_w`).
    WideJump(usize),
    /// A switch: where its aligned operands start, counted from the opcode.
    Switch {
        /// 1 to 4: the opcode and its padding.
        aligned: usize,
        /// The default's target, then the others, as their offsets stand in the code.
        targets: Vec<usize>,
    },
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// Where it starts.
    pub pc: usize,
    /// Its opcode; `wide` for what `wide` widens.
    pub opcode: u8,
    /// All its bytes.
    pub bytes: &'a [u8],
    /// What it refers to.
    pub operand: Operand,
}

impl Instruction<'_> {
    /// The two bytes that follow the opcode: most often an index into the constant pool.
    pub fn index(&self) -> u16 {
        match self.bytes {
            [_, high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        }
    }

    /// Whether control never goes on to the instruction behind it. Behind a `jsr` it does, by way of
    /// the subroutine's `ret`.
    pub fn ends(&self) -> bool {
        match self.opcode {
            opcode::GOTO | opcode::GOTO_W | opcode::RET..=opcode::RETURN | opcode::ATHROW => true,
            opcode::WIDE => self.bytes.get(1) == Some(&opcode::RET),
            _ => false,
        }
    }

    /// Whether it calls a subroutine.
    pub fn is_subroutine(&self) -> bool {
        matches!(self.opcode, opcode::JSR | opcode::JSR_W)
    }

    /// The slot of the address to which a `ret` goes.
    pub fn returns_to(&self) -> Option<u16> {
        match self.bytes {
            [opcode::WIDE, opcode::RET, high, low] => Some(u16::from_be_bytes([*high, *low])),
            [opcode::RET, slot] => Some(u16::from(*slot)),
            _ => None,
        }
    }

    /// What it loads from or stores into a local variable, if it does so.
    pub fn local(&self) -> Option<Access> {
        let (opcode, slot) = match self.bytes {
            [opcode::WIDE, opcode, high, low, ..] => (*opcode, u16::from_be_bytes([*high, *low])),
            [opcode @ (opcode::ILOAD_0..=45 | opcode::ISTORE_0..=opcode::ASTORE_3)] => {
                let (first, store) = if *opcode < opcode::ISTORE {
                    (opcode::ILOAD_0, false)
                } else {
                    (opcode::ISTORE_0, true)
                };
                let place = opcode - first;
                return Some(Access { store, rank: place / 4, slot: u16::from(place % 4) });
            }
            [opcode, slot, ..] => (*opcode, u16::from(*slot)),
            _ => return None,
        };
        match opcode {
            opcode::ILOAD..=25 => Some(Access { store: false, rank: opcode - opcode::ILOAD, slot }),
            opcode::ISTORE..=opcode::ASTORE => {
                Some(Access { store: true, rank: opcode - opcode::ISTORE, slot })
            }
            opcode::IINC => Some(Access { store: true, rank: 0, slot }),
            _ => None,
        }
    }
}

/// An access to a local variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whether it stores; `iinc` does.
    pub store: bool,
    /// 0 to 4: int, long, float, double, reference.
    pub rank: u8,
    /// The first slot.
    pub slot: u16,
}

/// Walks a method's instructions.
#[derive(Debug, Clone)]
pub struct Instructions<'a> {
    code: &'a [u8],
    at: usize,
}

impl<'a> Instructions<'a> {
    /// From the first one.
    pub fn new(code: &'a [u8]) -> Self {
        Instructions { code, at: 0 }
    }

    fn decode(&mut self) -> Result<Instruction<'a>, Malformed> {
        let pc = self.at;
        let mut reader = Reader::starting(self.code, pc);
        let opcode = reader.u1()?;
        let target = |offset: i64| {
            usize::try_from(pc as i64 + offset)
                .ok()
                .filter(|target| *target < self.code.len())
                .ok_or(Malformed { what: "a jump leaves the code", at: pc })
        };
        let operand = match opcode {
            opcode::IFEQ..=opcode::JSR | opcode::IFNULL | opcode::IFNONNULL => {
                Operand::Jump(target(reader.i2()?.into())?)
            }
            opcode::GOTO_W | opcode::JSR_W => Operand::WideJump(target(reader.i4()?.into())?),
            opcode::TABLESWITCH | opcode::LOOKUPSWITCH => {
                let aligned = 4 - pc % 4;
                reader.take(aligned - 1)?;
                let mut targets = vec![target(reader.i4()?.into())?];
                let (count, table) = if opcode == opcode::TABLESWITCH {
                    let low = i64::from(reader.i4()?);
                    (i64::from(reader.i4()?) - low + 1, true)
                } else {
                    (i64::from(reader.i4()?), false)
                };
                if count < 0 {
                    return Err(reader.malformed("a switch has less than no cases"));
                }
                for _ in 0..count {
                    if !table {
                        reader.u4()?;
                    }
                    targets.push(target(reader.i4()?.into())?);
                }
                Operand::Switch { aligned, targets }
            }
            opcode::WIDE => {
                let length = match reader.u1()? {
                    132 => 4,
                    opcode::ILOAD..=25 | opcode::ISTORE..=opcode::ASTORE | opcode::RET => 2,
                    _ => return Err(reader.malformed("wide before an opcode that has no wide form")),
                };
                reader.take(length)?;
                Operand::None
            }
            _ => {
                reader.take(operands(opcode).ok_or_else(|| reader.malformed("an unknown opcode"))?)?;
                Operand::None
            }
        };
        self.at = reader.position();
        let bytes = self.code.get(pc..self.at).unwrap_or_default();
        Ok(Instruction { pc, opcode, bytes, operand })
    }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = Result<Instruction<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.code.len() {
            return None;
        }
        let decoded = self.decode();
        if decoded.is_err() {
            self.at = self.code.len();
        }
        Some(decoded)
    }
}

/// How many bytes follow the opcodes that have always the same number; `None` for no opcode.
fn operands(opcode: u8) -> Option<usize> {
    Some(match opcode {
        opcode::BIPUSH | opcode::LDC | 21..=25 | 54..=58 | opcode::RET | 188 => 1,
        opcode::SIPUSH | opcode::LDC_W | 20 | 132 | 178..=184 | 187 | 189 | 192 | 193 => 2,
        197 => 3,
        185 | 186 => 4,
        0..=177 | 190 | 191 | 194 | 195 => 0,
        _ => return None,
    })
}
