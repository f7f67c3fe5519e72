//! Where every instruction lies in the new code: what jumps, tables and frames are moved by.

use std::ops::Range;

use crate::body::Body;
use crate::classfile::{Instruction, Malformed, Operand, opcode};
use crate::emit::Emit;
use crate::jumps::Jumps;
use crate::refused::Refused;

/// What is put in, by the number of the instruction; ascending.
#[derive(Debug, Default)]
pub(crate) struct Inserts {
    /// Before everything; no jump comes back to it.
    pub(crate) prologue: Range<usize>,
    /// Before an instruction: who jumps to it passes there.
    pub(crate) before: Vec<(usize, Range<usize>)>,
    /// Behind an instruction: only who comes from it passes there.
    pub(crate) after: Vec<(usize, Range<usize>)>,
}

/// A map from the old code to the new.
#[derive(Debug)]
pub(crate) struct Layout<'b, 'a> {
    body: &'b Body<'a>,
    rows: Vec<Row>,
    /// Where the islands lie.
    islands: Vec<usize>,
    end: usize,
}

/// An instruction's new places.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// What is put before it starts here: where jumps go.
    begin: u32,
    /// The instruction itself.
    own: u32,
    /// The end of the instruction itself.
    end: u32,
}

impl<'b, 'a> Layout<'b, 'a> {
    pub(crate) fn new(body: &'b Body<'a>, inserts: &Inserts, jumps: &Jumps) -> Result<Self, Refused> {
        let mut rows = Vec::with_capacity(body.instructions.len());
        let mut islands = vec![0; jumps.islands.len()];
        let mut before = inserts.before.iter().peekable();
        let mut after = inserts.after.iter().peekable();
        let mut at = inserts.prologue.len();
        let fit = |at: usize| u32::try_from(at).map_err(|_| Refused::TooLarge);
        for (number, instruction) in body.instructions.iter().enumerate() {
            let begin = fit(at)?;
            while let Some((_, code)) = before.next_if(|(place, _)| *place == number) {
                at += code.len();
            }
            let own = fit(at)?;
            at += match &instruction.operand {
                Operand::Switch { aligned, .. } => instruction.bytes.len() - aligned + (4 - at % 4),
                Operand::Jump(_) if jumps.wide.contains(&number) => 5,
                _ => instruction.bytes.len(),
            };
            rows.push(Row { begin, own, end: fit(at)? });
            while let Some((_, code)) = after.next_if(|(place, _)| *place == number) {
                at += code.len();
            }
            for (island, place) in jumps.islands.iter().zip(&mut islands) {
                if island.behind == number {
                    *place = at;
                    at += 5;
                }
            }
        }
        Ok(Layout { body, rows, islands, end: at })
    }

    /// The new length, without the handler.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    fn row(&self, number: usize) -> Result<Row, Malformed> {
        self.rows.get(number).copied().ok_or(Malformed { what: "a pc lies outside of the code", at: number })
    }

    /// Where jumps to the instruction at this old pc go.
    pub(crate) fn target(&self, pc: usize) -> Result<usize, Malformed> {
        Ok(self.row(self.body.at(pc)?)?.begin as usize)
    }

    /// Where the instruction at this old pc itself lies, behind what is put before it.
    pub(crate) fn own(&self, pc: usize) -> Result<usize, Malformed> {
        Ok(self.row(self.body.at(pc)?)?.own as usize)
    }

    /// Where the instruction of this number itself lies.
    pub(crate) fn place(&self, number: usize) -> Result<usize, Malformed> {
        Ok(self.row(number)?.own as usize)
    }

    /// The end of the instruction of this number.
    pub(crate) fn end_of(&self, number: usize) -> Result<usize, Malformed> {
        Ok(self.row(number)?.end as usize)
    }

    /// Where an island lies.
    pub(crate) fn island(&self, island: usize) -> usize {
        self.islands.get(island).copied().unwrap_or_default()
    }

    /// The new place of an old end: right behind the instruction before it, so that what is put
    /// between the two is not covered.
    pub(crate) fn past(&self, pc: usize) -> Result<usize, Malformed> {
        match self.body.around(pc) {
            Some((0, 0)) => Ok(0),
            Some((number, 0)) => Ok(self.row(number - 1)?.end as usize),
            Some((number, byte)) => Ok(self.row(number)?.own as usize + byte),
            None if pc == self.body.code.bytes.len() => {
                Ok(self.row(self.rows.len().saturating_sub(1))?.end as usize)
            }
            None => Err(Malformed { what: "a pc lies outside of the code", at: pc }),
        }
    }

    /// The new place of the start of something that only describes: what starts with the method starts
    /// with what is put before all.
    pub(crate) fn described(&self, pc: usize) -> Result<usize, Malformed> {
        match self.body.around(pc) {
            Some((0, 0)) => Ok(0),
            Some((number, 0)) => Ok(self.row(number)?.begin as usize),
            Some((number, byte)) => Ok(self.row(number)?.own as usize + byte),
            None => self.past(pc),
        }
    }

    /// Writes the new code, without the handler.
    pub(crate) fn write(&self, inserts: &Inserts, jumps: &Jumps, emit: &Emit) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::with_capacity(self.end + 64);
        let mut before = inserts.before.iter().peekable();
        let mut after = inserts.after.iter().peekable();
        out.extend(emit.code(&inserts.prologue));
        for (number, instruction) in self.body.instructions.iter().enumerate() {
            while let Some((_, code)) = before.next_if(|(place, _)| *place == number) {
                out.extend(emit.code(code));
            }
            self.relocate(number, instruction, jumps, &mut out)?;
            while let Some((_, code)) = after.next_if(|(place, _)| *place == number) {
                out.extend(emit.code(code));
            }
            for island in jumps.islands.iter().filter(|island| island.behind == number) {
                let offset = self.offset(out.len(), self.target(island.target)?)?;
                out.push(opcode::GOTO_W);
                out.extend(offset.to_be_bytes());
            }
        }
        Ok(out)
    }

    fn offset(&self, from: usize, to: usize) -> Result<i32, Refused> {
        i32::try_from(to as i64 - from as i64).map_err(|_| Refused::TooLarge)
    }

    /// Where the jump of this number goes: to its target, or to an island that goes there.
    pub(crate) fn goes_to(&self, number: usize, target: usize, jumps: &Jumps) -> Result<usize, Malformed> {
        match jumps.over.get(&number) {
            Some(island) => Ok(self.island(*island)),
            None => self.target(target),
        }
    }

    fn relocate(
        &self,
        number: usize,
        instruction: &Instruction<'_>,
        jumps: &Jumps,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let from = out.len();
        match &instruction.operand {
            Operand::None => out.extend(instruction.bytes),
            Operand::Jump(target) if jumps.wide.contains(&number) => {
                let wide = if instruction.opcode == opcode::JSR { opcode::JSR_W } else { opcode::GOTO_W };
                out.push(wide);
                out.extend(self.offset(from, self.target(*target)?)?.to_be_bytes());
            }
            Operand::Jump(target) => {
                let offset = self.offset(from, self.goes_to(number, *target, jumps)?)?;
                let offset = i16::try_from(offset).map_err(|_| Refused::JumpOverflow)?;
                out.push(instruction.opcode);
                out.extend(offset.to_be_bytes());
            }
            Operand::WideJump(target) => {
                out.push(instruction.opcode);
                out.extend(self.offset(from, self.target(*target)?)?.to_be_bytes());
            }
            Operand::Switch { aligned, targets } => {
                out.push(instruction.opcode);
                out.extend(std::iter::repeat_n(0, 3 - from % 4));
                let mut targets = targets.iter().copied();
                let mut words = instruction.bytes.get(*aligned..).unwrap_or_default().chunks_exact(4);
                let table = instruction.opcode == opcode::TABLESWITCH;
                // The default; then low and high, or the number of pairs; then offsets, or pairs.
                let mut next = || -> Result<[u8; 4], Refused> {
                    let target = self.target(targets.next().unwrap_or_default())?;
                    Ok(self.offset(from, target)?.to_be_bytes())
                };
                words.next();
                out.extend(next()?);
                for word in words.by_ref().take(if table { 2 } else { 1 }) {
                    out.extend(word);
                }
                while let Some(word) = words.next() {
                    if !table {
                        out.extend(word);
                        words.next();
                    }
                    out.extend(next()?);
                }
            }
        }
        Ok(())
    }
}
