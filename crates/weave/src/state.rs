//! The kinds on the operand stack and in the locals, and what each instruction does to them
//! (JVMS 6.5).

use crate::body::Body;
use crate::classfile::{Instruction, Malformed, Operand, VerificationType, opcode, tag};
use crate::descriptor::{self, Erased};
use crate::flow::Kind;
use crate::refused::Refused;

/// What is known when an instruction starts. Slots that are left out hold nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) locals: Vec<Kind>,
    pub(crate) stack: Vec<Kind>,
    /// Whether `this` may not be initialised yet.
    pub(crate) before_this: bool,
}

const NUMBERS: [Kind; 5] = [Kind::Int, Kind::Long, Kind::Float, Kind::Double, Kind::Object];

impl State {
    /// At the method's entry.
    pub(crate) fn at_entry(body: &Body<'_>) -> Self {
        let mut state = State { locals: Vec::new(), stack: Vec::new(), before_this: false };
        for parameter in &body.parameters {
            state.store(parameter.slot, Kind::of(parameter.value));
        }
        if body.is_constructor() {
            state.store(0, Kind::UninitializedThis);
            state.before_this = true;
        }
        state
    }

    /// Where control never comes.
    pub(crate) fn unreached() -> Self {
        State { locals: Vec::new(), stack: Vec::new(), before_this: false }
    }

    /// What a frame says.
    pub(crate) fn take(&mut self, locals: &[VerificationType], stack: &[VerificationType]) {
        self.before_this = locals.contains(&VerificationType::UninitializedThis);
        for (into, from) in [(&mut self.locals, locals), (&mut self.stack, stack)] {
            into.clear();
            for value in from.iter().map(|value| Kind::verified(*value)) {
                into.push(value);
                into.extend(value.is_wide().then_some(Kind::Top));
            }
        }
    }

    /// What a handler starts with when an exception comes from here.
    pub(crate) fn thrown(&self) -> State {
        State { locals: self.locals.clone(), stack: vec![Kind::Object], before_this: self.before_this }
    }

    /// Keeps what both know; says whether that is less than before.
    pub(crate) fn merge(&mut self, other: &State) -> Result<bool, Malformed> {
        if self.stack.len() != other.stack.len() {
            return Err(Malformed { what: "operand stacks of different depths meet", at: self.stack.len() });
        }
        let before = self.clone();
        self.locals.truncate(other.locals.len());
        for (into, from) in
            self.locals.iter_mut().zip(&other.locals).chain(self.stack.iter_mut().zip(&other.stack))
        {
            if into != from {
                *into = Kind::Top;
            }
        }
        while self.locals.last() == Some(&Kind::Top)
            && !matches!(self.locals.iter().rev().nth(1), Some(kind) if kind.is_wide())
        {
            self.locals.pop();
        }
        self.before_this |= other.before_this;
        Ok(*self != before)
    }

    fn push(&mut self, kind: Kind) {
        self.stack.push(kind);
        self.stack.extend(kind.is_wide().then_some(Kind::Top));
    }

    fn pop(&mut self, slots: usize) -> Result<(), Malformed> {
        let left = self
            .stack
            .len()
            .checked_sub(slots)
            .ok_or(Malformed { what: "an operand is missing on the stack", at: slots })?;
        self.stack.truncate(left);
        Ok(())
    }

    fn pop_one(&mut self) -> Result<Kind, Malformed> {
        self.stack.pop().ok_or(Malformed { what: "an operand is missing on the stack", at: 0 })
    }

    fn store(&mut self, slot: u16, kind: Kind) {
        let slot = usize::from(slot);
        let end = slot + if kind.is_wide() { 2 } else { 1 };
        if self.locals.len() < end {
            self.locals.resize(end, Kind::Top);
        }
        // The second half of what was there is gone.
        if let Some(before) = slot.checked_sub(1).and_then(|before| self.locals.get_mut(before))
            && before.is_wide()
        {
            *before = Kind::Top;
        }
        for (place, kind) in self.locals.iter_mut().skip(slot).zip([kind, Kind::Top]).take(end - slot) {
            *place = kind;
        }
    }

    /// Copies the uppermost `count` slots below `under` more.
    fn dup(&mut self, count: usize, under: usize) -> Result<(), Malformed> {
        let missing = Malformed { what: "an operand is missing on the stack", at: count };
        let top = self.stack.len().checked_sub(count).ok_or(missing)?;
        let place = top.checked_sub(under).ok_or(missing)?;
        let copied: Vec<Kind> = self.stack.get(top..).unwrap_or_default().to_vec();
        self.stack.splice(place..place, copied);
        Ok(())
    }

    fn push_type(&mut self, descriptor: &[u8]) -> Result<(), Malformed> {
        if let Some(value) = descriptor::kind(descriptor)? {
            self.push(Kind::of(value));
        }
        Ok(())
    }

    /// Whether the instruction calls a constructor of `this`.
    pub(crate) fn uninitialised_receiver(
        &self,
        body: &Body<'_>,
        instruction: &Instruction<'_>,
    ) -> Result<bool, Malformed> {
        if !self.before_this || instruction.opcode != opcode::INVOKESPECIAL {
            return Ok(false);
        }
        let called = body.class.pool.member(instruction.index())?;
        let (slots, _) = descriptor::call(called.descriptor)?;
        let receiver = self.stack.len().checked_sub(slots + 1).and_then(|at| self.stack.get(at));
        Ok(called.name == b"<init>" && receiver == Some(&Kind::UninitializedThis))
    }

    /// Does what the instruction does.
    pub(crate) fn step(&mut self, body: &Body<'_>, instruction: &Instruction<'_>) -> Result<(), Refused> {
        let pool = &body.class.pool;
        let op = instruction.opcode;
        if let Some(access) = instruction.local() {
            let kind = NUMBERS.get(usize::from(access.rank)).copied().unwrap_or(Kind::Top);
            if access.slot >= body.code.max_locals {
                return Err(Malformed { what: "a local variable is out of range", at: instruction.pc }.into());
            }
            if op == opcode::IINC || instruction.bytes.get(1) == Some(&opcode::IINC) && op == opcode::WIDE {
                return Ok(());
            }
            if !access.store {
                let held = self.locals.get(usize::from(access.slot)).copied().unwrap_or(Kind::Top);
                self.push(if kind == Kind::Object { held } else { kind });
            } else if kind == Kind::Object {
                let held = self.pop_one()?;
                self.store(access.slot, held);
            } else {
                self.pop(if kind.is_wide() { 2 } else { 1 })?;
                self.store(access.slot, kind);
            }
            return Ok(());
        }
        let number = |code: u8| NUMBERS.get(usize::from(code % 4)).copied().unwrap_or(Kind::Top);
        match op {
            1 => self.push(Kind::Object),
            2..=8 | opcode::BIPUSH | opcode::SIPUSH => self.push(Kind::Int),
            9 | 10 => self.push(Kind::Long),
            11..=13 => self.push(Kind::Float),
            14 | 15 => self.push(Kind::Double),
            opcode::LDC..=opcode::LDC2_W => {
                let index = match instruction.bytes {
                    [_, index] => u16::from(*index),
                    _ => instruction.index(),
                };
                match pool.tag(index)? {
                    tag::INTEGER => self.push(Kind::Int),
                    4 => self.push(Kind::Float),
                    tag::LONG => self.push(Kind::Long),
                    tag::DOUBLE => self.push(Kind::Double),
                    tag::DYNAMIC => self.push_type(pool.dynamic(index)?.1)?,
                    _ => self.push(Kind::Object),
                }
            }
            // Loads from arrays, then stores into them.
            46..=53 => {
                self.pop(2)?;
                self.push(if op < 51 {
                    NUMBERS.get(usize::from(op - 46)).copied().unwrap_or(Kind::Int)
                } else {
                    Kind::Int
                });
            }
            80 | 82 => self.pop(4)?,
            79..=86 => self.pop(3)?,
            87 => self.pop(1)?,
            opcode::POP2 => self.pop(2)?,
            opcode::DUP..=91 => self.dup(1, usize::from(op - opcode::DUP))?,
            opcode::DUP2..=94 => self.dup(2, usize::from(op - opcode::DUP2))?,
            95 => {
                let [upper, lower] = [self.pop_one()?, self.pop_one()?];
                self.stack.extend([upper, lower]);
            }
            // Two numbers become one: int, long, float, double in turns.
            96..=115 => self.pop(if number(op - 96).is_wide() { 2 } else { 1 })?,
            120..=125 | 126 | 128 | 130 => self.pop(1)?,
            127 | 129 | 131 => self.pop(2)?,
            opcode::I2L..=144 => {
                let pair = op - opcode::I2L;
                let from = number(pair / 3);
                let to = pair % 3 + u8::from(pair % 3 >= pair / 3);
                self.pop(if from.is_wide() { 2 } else { 1 })?;
                self.push(number(to));
            }
            148 | 151 | 152 => {
                self.pop(4)?;
                self.push(Kind::Int);
            }
            149 | 150 => {
                self.pop(2)?;
                self.push(Kind::Int);
            }
            opcode::IFEQ..=158
            | opcode::IFNULL
            | opcode::IFNONNULL
            | opcode::TABLESWITCH
            | opcode::LOOKUPSWITCH
            | 194
            | 195 => self.pop(1)?,
            159..=166 => self.pop(2)?,
            opcode::JSR | opcode::JSR_W => {
                if let Operand::Jump(target) | Operand::WideJump(target) = instruction.operand {
                    self.push(Kind::Return(u16::try_from(target).unwrap_or_default()));
                }
            }
            178..=181 => {
                let field = pool.member(instruction.index())?.descriptor;
                let slots = descriptor::kind(field)?.map_or(0, Erased::slots);
                match op {
                    178 => self.push_type(field)?,
                    179 => self.pop(slots)?,
                    180 => {
                        self.pop(1)?;
                        self.push_type(field)?;
                    }
                    _ => self.pop(slots + 1)?,
                }
            }
            opcode::INVOKEVIRTUAL..=opcode::INVOKEDYNAMIC => self.invoke(body, instruction)?,
            opcode::NEW => {
                let made = Kind::Uninitialized(u16::try_from(instruction.pc).unwrap_or_default());
                // What an earlier round of a loop made here and did not initialise is lost.
                self.replace(made, Kind::Top);
                self.push(made);
            }
            188 | 189 | 192 => {
                self.pop(1)?;
                self.push(Kind::Object);
            }
            190 | 193 => {
                self.pop(1)?;
                self.push(Kind::Int);
            }
            197 => {
                self.pop(usize::from(instruction.bytes.get(3).copied().unwrap_or_default()))?;
                self.push(Kind::Object);
            }
            // Negation, narrowing and nothing leave the kinds; behind a jump or a return nothing is read.
            _ => {}
        }
        if self.stack.len() > usize::from(body.code.max_stack) {
            return Err(Malformed { what: "the operand stack overflows", at: instruction.pc }.into());
        }
        Ok(())
    }

    fn replace(&mut self, old: Kind, new: Kind) {
        for kind in self.locals.iter_mut().chain(&mut self.stack).filter(|kind| **kind == old) {
            *kind = new;
        }
    }

    fn invoke(&mut self, body: &Body<'_>, instruction: &Instruction<'_>) -> Result<(), Malformed> {
        let pool = &body.class.pool;
        let (name, descriptor) = match instruction.opcode {
            opcode::INVOKEDYNAMIC => pool.dynamic(instruction.index())?,
            _ => {
                let called = pool.member(instruction.index())?;
                (called.name, called.descriptor)
            }
        };
        let (slots, result) = descriptor::call(descriptor)?;
        self.pop(slots)?;
        if !matches!(instruction.opcode, opcode::INVOKESTATIC | opcode::INVOKEDYNAMIC) {
            let receiver = self.pop_one()?;
            if instruction.opcode == opcode::INVOKESPECIAL && name == b"<init>" {
                if receiver == Kind::UninitializedThis {
                    self.before_this = false;
                }
                if matches!(receiver, Kind::UninitializedThis | Kind::Uninitialized(_)) {
                    self.replace(receiver, Kind::Object);
                }
            }
        }
        if let Some(result) = result {
            self.push(Kind::of(result));
        }
        Ok(())
    }
}
