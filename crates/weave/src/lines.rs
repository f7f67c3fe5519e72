//! Line numbers and local variables, as the compiler has left them in the class file.

use std::collections::BTreeSet;

use crate::body::Body;
use crate::classfile::{Malformed, Reader};
use crate::descriptor::{self, Erased};
use crate::flow::{Facts, Kind};
use crate::values::Values;
use crate::woven::LineValue;

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

/// A value that is known at a line, and the slot that holds it.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) value: Erased<'a>,
    /// `None` for an argument that is gone.
    pub(crate) slot: Option<u16>,
    pub(crate) told: LineValue,
}

/// The local variables of a method.
#[derive(Debug, Default)]
pub(crate) struct Variables<'a> {
    rows: Vec<Variable<'a>>,
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
        Ok(Variables { rows })
    }

    /// The names of the parameters, `this` left out, as far as the compiler has left them.
    pub(crate) fn of_parameters(&self, body: &Body<'_>) -> Vec<Option<Vec<u8>>> {
        let name = |slot: u16| {
            // A slot may have other variables later.
            let rows = self.rows.iter().filter(|row| row.slot == slot);
            rows.min_by_key(|row| row.start).filter(|row| row.start == 0).map(|row| row.name.to_vec())
        };
        let own = body.parameters.iter().skip(usize::from(body.receiver));
        own.map(|parameter| name(parameter.slot)).collect()
    }

    /// What is told when an instruction starts: receiver and arguments, always all of them, so that what follows has the
    /// same places whatever else is woven; then the other variables that are known. The table is only believed where the slot holds such a value; an argument whose slot holds something
    /// else is read from its shadow, if it has one.
    pub(crate) fn known(
        &self,
        body: &Body<'a>,
        facts: &Facts,
        values: Option<&Values<'a>>,
        at: usize,
    ) -> Vec<Known<'a>> {
        let Some(pc) = body.instructions.get(at).map(|instruction| instruction.pc) else { return Vec::new() };
        let holds = |slot: u16, value: Erased<'_>| facts.kind(at, slot) == Kind::of(value);
        let rows =
            self.rows.iter().filter(|row| row.start <= pc && pc < row.end && holds(row.slot, row.value));
        let mut rows: Vec<&Variable<'a>> = rows.collect();
        let mut known = Vec::new();
        for (number, parameter) in body.parameters.iter().enumerate() {
            let held = holds(parameter.slot, parameter.value).then_some(parameter.slot);
            let slot = held.or_else(|| values.and_then(|values| values.shadow(parameter.slot)));
            let row = rows.iter().position(|row| Some(row.slot) == held);
            let variable =
                row.map(|row| rows.remove(row)).map(|row| (row.name.to_vec(), row.descriptor.to_vec()));
            let is_object = matches!(parameter.value, Erased::Object(_));
            let told = LineValue {
                is_object,
                parameter: Some(number),
                slot: parameter.slot,
                is_known: slot.is_some(),
                variable,
            };
            known.push(Known { value: parameter.value, slot, told });
        }
        for row in rows {
            let is_object = matches!(row.value, Erased::Object(_));
            let variable = Some((row.name.to_vec(), row.descriptor.to_vec()));
            known.push(Known {
                value: row.value,
                slot: Some(row.slot),
                told: LineValue { is_object, parameter: None, slot: row.slot, is_known: true, variable },
            });
        }
        // Objects first; each kind in its order.
        known.sort_by_key(|known| !known.told.is_object);
        known
    }
}
