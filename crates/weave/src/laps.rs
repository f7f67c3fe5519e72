//! Which moments are one: where nothing that takes time, throws or jumps lies between the end of a call and the
//! beginning of the next, or between a call and the entry or exit of the method, the clock is read once for both.
//!
//! Reading the clock is most of what a traced call costs.

use crate::body::Body;
use crate::classfile::{Instruction, Malformed, Operand, opcode, tag};
use crate::constructor::Start;

/// What comes right behind an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A call that is told.
    Call,
    /// An exit that is told.
    Exit,
    /// Something else, or nobody knows.
    Apart,
}

/// Looks through the code of one method.
#[derive(Debug)]
pub(crate) struct Laps<'b, 'a> {
    body: &'b Body<'a>,
    start: &'b Start,
    /// By number of instruction: whether control may come from elsewhere, or something else is told there.
    broken: Vec<bool>,
    told: Vec<bool>,
    /// Whether slot 0 is `this` all along.
    this: bool,
}

impl<'b, 'a> Laps<'b, 'a> {
    /// `told` are the calls that are told, `others` places where something else is told; all by number.
    pub(crate) fn of(
        body: &'b Body<'a>,
        start: &'b Start,
        told: impl Iterator<Item = usize>,
        others: impl Iterator<Item = usize>,
    ) -> Result<Self, Malformed> {
        let count = body.instructions.len();
        let mark = |places: &mut Vec<bool>, at: usize| {
            if let Some(place) = places.get_mut(at) {
                *place = true;
            }
        };
        let [mut broken, mut calls] = [vec![false; count], vec![false; count]];
        others.for_each(|at| mark(&mut broken, at));
        told.for_each(|at| mark(&mut calls, at));
        for instruction in &body.instructions {
            match &instruction.operand {
                Operand::None => {}
                Operand::Jump(target) | Operand::WideJump(target) => mark(&mut broken, body.at(*target)?),
                Operand::Switch { targets, .. } => {
                    for target in targets {
                        mark(&mut broken, body.at(*target)?);
                    }
                }
            }
        }
        for handler in &body.code.handlers {
            mark(&mut broken, body.at(usize::from(handler.target))?);
        }
        let stores_this =
            |one: &Instruction<'_>| one.local().is_some_and(|local| local.store && local.slot == 0);
        let this = body.receiver && !body.instructions.iter().any(stores_this);
        Ok(Laps { body, start, broken, told: calls, this })
    }

    /// What comes right behind this instruction.
    pub(crate) fn behind(&self, at: usize) -> Behind {
        self.from(at + 1)
    }

    /// What comes right behind the entry of a method that is no constructor.
    pub(crate) fn at_entry(&self) -> Behind {
        self.from(0)
    }

    fn from(&self, first: usize) -> Behind {
        let is = |places: &[bool], at: usize| places.get(at).copied().unwrap_or(true);
        let mut previous = None;
        for (at, instruction) in self.body.instructions.iter().enumerate().skip(first) {
            // What jumps to the start of the method comes by no entry.
            if is(&self.broken, at) {
                return Behind::Apart;
            }
            if is(&self.told, at) {
                return Behind::Call;
            }
            if (opcode::IRETURN..=opcode::RETURN).contains(&instruction.opcode) {
                let is_told = self.start.runs.iter().any(|(first, behind)| *first <= at && at < *behind);
                return if is_told { Behind::Exit } else { Behind::Apart };
            }
            if !self.is_nothing(instruction, previous) {
                return Behind::Apart;
            }
            previous = Some(instruction);
        }
        Behind::Apart
    }

    /// Whether it takes no time to speak of and never throws.
    fn is_nothing(&self, instruction: &Instruction<'_>, previous: Option<&Instruction<'_>>) -> bool {
        /// `nop` to `sipush`, `iload` to `aload_3`, and so on.
        const PLAIN: [std::ops::RangeInclusive<u8>; 7] = [
            0..=opcode::SIPUSH,
            opcode::ILOAD..=45,
            opcode::ISTORE..=opcode::ASTORE_3,
            // `pop` to `swap`; `iadd` to `dmul`; `fdiv` and `ddiv`, which never throw; `frem` calls into the JVM.
            opcode::POP..=95,
            96..=107,
            110..=111,
            // `ineg` to `dcmpg`: shifts, bits, conversions, comparisons.
            116..=152,
        ];
        match instruction.opcode {
            opcode::LDC | opcode::LDC_W | opcode::LDC2_W => self.is_simple(instruction),
            opcode::GETFIELD => {
                let of_this = previous.is_some_and(|previous| previous.opcode == opcode::ALOAD_0);
                of_this && self.this
            }
            opcode::WIDE => instruction.returns_to().is_none(),
            plain => PLAIN.iter().any(|range| range.contains(&plain)),
        }
    }

    /// A number or a string: others are looked for by class loaders.
    fn is_simple(&self, load: &Instruction<'_>) -> bool {
        let index = match load.bytes {
            [opcode::LDC, index] => u16::from(*index),
            _ => load.index(),
        };
        let tag = self.body.class.pool.tag(index);
        tag.is_ok_and(|tag| [tag::INTEGER, tag::FLOAT, tag::LONG, tag::DOUBLE, tag::STRING].contains(&tag))
    }
}
