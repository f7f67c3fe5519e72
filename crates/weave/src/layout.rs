//! Where every byte of the old code lies in the new: what jumps, tables and frames are moved by.

use crate::classfile::{Instruction, Malformed, Operand, opcode};
use crate::refused::Refused;
use crate::snippet::Snippets;

/// A map from old to new pcs.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The new place of every old byte and of the code's end. A return's is that of the exit put
    /// before it: a jump to it must take the exit.
    places: Vec<u32>,
    /// Which old bytes start an instruction.
    starts: Vec<bool>,
    /// The old pc before which the entry is put.
    entry: usize,
    entry_length: usize,
}

impl Layout {
    /// Lays out the code with the entry before the old pc `entry` and an exit before each return
    /// that follows it.
    pub(crate) fn new(
        instructions: &[Instruction<'_>],
        length: usize,
        entry: usize,
        snippets: &Snippets,
    ) -> Result<Self, Refused> {
        let mut places = Vec::with_capacity(length + 1);
        let mut starts = vec![false; length];
        let mut at = 0;
        for instruction in instructions {
            if instruction.pc == entry {
                at += snippets.entry.len();
            }
            let begin = at;
            if instruction.pc >= entry {
                at += snippets.exit(instruction.opcode).len();
            }
            places.push(u32::try_from(begin).map_err(|_| Refused::TooLarge)?);
            for byte in 1..instruction.bytes.len() {
                places.push(u32::try_from(at + byte).map_err(|_| Refused::TooLarge)?);
            }
            if let Some(start) = starts.get_mut(instruction.pc) {
                *start = true;
            }
            at += instruction.bytes.len();
            if let Operand::Switch { aligned, .. } = &instruction.operand {
                let moved = at - instruction.bytes.len();
                at = at - aligned + (4 - moved % 4);
            }
        }
        places.push(u32::try_from(at).map_err(|_| Refused::TooLarge)?);
        Ok(Layout { places, starts, entry, entry_length: snippets.entry.len() })
    }

    /// The old pc before which the entry is put.
    pub(crate) fn entry(&self) -> usize {
        self.entry
    }

    /// The new length, without the handler.
    pub(crate) fn end(&self) -> usize {
        self.places.last().copied().unwrap_or_default() as usize
    }

    /// The new place of an old byte, or of the end.
    pub(crate) fn place(&self, pc: usize) -> Result<usize, Malformed> {
        let place = self.places.get(pc).ok_or(Malformed { what: "a pc lies outside of the code", at: pc })?;
        Ok(*place as usize)
    }

    /// The new place of an old instruction.
    pub(crate) fn target(&self, pc: usize) -> Result<usize, Malformed> {
        match self.starts.get(pc) {
            Some(true) => self.place(pc),
            _ => Err(Malformed { what: "a pc is not that of an instruction", at: pc }),
        }
    }

    /// The new place of an old end, which is not covered any more: what is put in before the
    /// instruction there is not covered either.
    pub(crate) fn past(&self, pc: usize) -> Result<usize, Malformed> {
        let place = self.place(pc)?;
        Ok(if pc == self.entry { place - self.entry_length } else { place })
    }

    /// The same for the start of something that only describes: what starts with the method starts
    /// with the entry.
    pub(crate) fn described(&self, pc: usize) -> Result<usize, Malformed> {
        if pc == 0 { Ok(0) } else { self.place(pc) }
    }

    /// The new place of the instruction itself, behind what is put before it.
    fn itself(&self, instruction: &Instruction<'_>, snippets: &Snippets) -> Result<usize, Malformed> {
        let exit = if instruction.pc >= self.entry { snippets.exit(instruction.opcode).len() } else { 0 };
        Ok(self.place(instruction.pc)? + exit)
    }

    /// Writes the new code, the handler last.
    pub(crate) fn write(
        &self,
        instructions: &[Instruction<'_>],
        snippets: &Snippets,
    ) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::with_capacity(self.end() + snippets.handler.len());
        for instruction in instructions {
            if instruction.pc == self.entry {
                out.extend(&snippets.entry);
            }
            if instruction.pc >= self.entry {
                out.extend(snippets.exit(instruction.opcode));
            }
            self.relocate(instruction, snippets, &mut out)?;
        }
        out.extend(&snippets.handler);
        Ok(out)
    }

    fn relocate(
        &self,
        instruction: &Instruction<'_>,
        snippets: &Snippets,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let from = self.itself(instruction, snippets)?;
        let offset = |target: usize| -> Result<i32, Refused> {
            let target = self.target(target)?;
            i32::try_from(target as i64 - from as i64).map_err(|_| Refused::TooLarge)
        };
        match &instruction.operand {
            Operand::None => out.extend(instruction.bytes),
            Operand::Jump(target) => {
                let offset = i16::try_from(offset(*target)?).map_err(|_| Refused::JumpOverflow)?;
                out.push(instruction.opcode);
                out.extend(offset.to_be_bytes());
            }
            Operand::WideJump(target) => {
                out.push(instruction.opcode);
                out.extend(offset(*target)?.to_be_bytes());
            }
            Operand::Switch { aligned, targets } => {
                out.push(instruction.opcode);
                out.extend(std::iter::repeat_n(0, 3 - from % 4));
                let mut targets = targets.iter().copied();
                let mut words = instruction.bytes.get(*aligned..).unwrap_or_default().chunks_exact(4);
                let table = instruction.opcode == opcode::TABLESWITCH;
                // The default; then low and high, or the number of pairs; then offsets, or pairs.
                let mut next = || -> Result<[u8; 4], Refused> {
                    Ok(offset(targets.next().unwrap_or_default())?.to_be_bytes())
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
