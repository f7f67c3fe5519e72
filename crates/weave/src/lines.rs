//! Line numbers and local variables, as the compiler has left them in the class file.

use std::collections::BTreeSet;

use crate::body::Body;
use crate::classfile::{Malformed, Reader};
use crate::descriptor::{self, Erased};
use crate::flow::{Facts, Kind};
use crate::woven::Local;

/// The line numbers of a method.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Instructions, ascending, and the lines that start there.
    rows: Vec<(usize, u16)>,
}

impl Lines {
    pub(crate) fn read(body: &Body<'_>) -> Result<Self, Malformed> {
        let mut rows = Vec::new();
        for table in body.code.attributes.iter().filter(|attribute| attribute.name == b"LineNumberTable") {
            let mut reader = Reader::new(table.content);
            for _ in 0..reader.u2()? {
                let [pc, line] = [reader.u2()?, reader.u2()?];
                // A row that points into an instruction describes nothing.
                rows.extend(body.at(usize::from(pc)).ok().map(|at| (at, line)));
            }
        }
        rows.sort_by_key(|(at, _)| *at);
        rows.dedup();
        Ok(Lines { rows })
    }

    /// The line of an instruction.
    pub(crate) fn of(&self, instruction: usize) -> Option<u16> {
        let behind = self.rows.partition_point(|(at, _)| *at <= instruction);
        behind.checked_sub(1).and_then(|place| self.rows.get(place)).map(|(_, line)| *line)
    }

    /// Instructions and lines that start there, of those that are asked for; of all where none is.
    pub(crate) fn starting(&self, asked: &BTreeSet<u16>) -> Vec<(usize, u16)> {
        let rows = self.rows.iter().copied();
        rows.filter(|(_, line)| asked.is_empty() || asked.contains(line)).collect()
    }
}

/// A row of the `LocalVariableTable`.
#[derive(Debug)]
struct Variable<'a> {
    start: usize,
    end: usize,
    name: &'a [u8],
    descriptor: &'a [u8],
    slot: u16,
    value: Erased<'static>,
}

/// The local variables of a method, and those that were told.
#[derive(Debug, Default)]
pub(crate) struct Variables<'a> {
    rows: Vec<Variable<'a>>,
    told: Vec<Local>,
}

impl<'a> Variables<'a> {
    pub(crate) fn read(body: &Body<'a>) -> Result<Self, Malformed> {
        let mut rows = Vec::new();
        for table in body.code.attributes.iter().filter(|attribute| attribute.name == b"LocalVariableTable") {
            let mut reader = Reader::new(table.content);
            for _ in 0..reader.u2()? {
                let start = usize::from(reader.u2()?);
                let end = start + usize::from(reader.u2()?);
                let name = body.class.pool.utf8(reader.u2()?)?;
                let descriptor = body.class.pool.utf8(reader.u2()?)?;
                let slot = reader.u2()?;
                if let Some(value) = descriptor::kind(descriptor)? {
                    rows.push(Variable { start, end, name, descriptor, slot, value });
                }
            }
        }
        Ok(Variables { rows, told: Vec::new() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The variables that are known when an instruction starts: number, kind, slot. The table is only
    /// believed where the slot holds such a value.
    pub(crate) fn known(
        &mut self,
        body: &Body<'_>,
        facts: &Facts,
        at: usize,
    ) -> Vec<(usize, Erased<'static>, u16)> {
        let Some(pc) = body.instructions.get(at).map(|instruction| instruction.pc) else { return Vec::new() };
        let mut known = Vec::new();
        for row in self.rows.iter().filter(|row| row.start <= pc && pc < row.end) {
            if facts.kind(at, row.slot) != Kind::of(row.value) {
                continue;
            }
            let same = |local: &Local| {
                local.slot == row.slot && local.name == row.name && local.descriptor == row.descriptor
            };
            let number = self.told.iter().position(same).unwrap_or_else(|| {
                self.told.push(Local {
                    name: row.name.to_vec(),
                    descriptor: row.descriptor.to_vec(),
                    slot: row.slot,
                });
                self.told.len() - 1
            });
            known.push((number, row.value, row.slot));
        }
        known
    }

    /// Those that were told; their place is their number.
    pub(crate) fn told(self) -> Vec<Local> {
        self.told
    }
}
