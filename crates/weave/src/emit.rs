//! Writes the straight lines of code that are put in, and counts the operand stack that they need.

use std::ops::Range;

use crate::classfile::opcode;
use crate::descriptor::Erased;
use crate::linker::{Call, Linker};
use crate::refused::Refused;

/// Snippets of code, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Emit {
    bytes: Vec<u8>,
    depth: usize,
    deepest: usize,
}

impl Emit {
    /// Where the next snippet starts; its operand stack starts with `depth` slots of its own.
    pub(crate) fn start(&mut self, depth: usize) -> usize {
        self.depth = depth;
        self.deepest = self.deepest.max(depth);
        self.bytes.len()
    }

    /// Where the snippet lies that started at `start`.
    pub(crate) fn finish(&self, start: usize) -> Range<usize> {
        start..self.bytes.len()
    }

    /// The code of a snippet.
    pub(crate) fn code(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The slots of operand stack that were needed since this was asked last.
    pub(crate) fn take_deepest(&mut self) -> usize {
        std::mem::take(&mut self.deepest)
    }

    /// An instruction without operands that adds `pushed` slots.
    pub(crate) fn plain(&mut self, opcode: u8, pushed: usize) {
        self.bytes.push(opcode);
        self.grow(pushed);
    }

    fn grow(&mut self, slots: usize) {
        self.depth += slots;
        self.deepest = self.deepest.max(self.depth);
    }

    /// Pushes an int.
    pub(crate) fn int(&mut self, linker: &mut Linker<'_>, number: i32) -> Result<(), Refused> {
        if let Ok(number) = i8::try_from(number) {
            match number {
                -1..=5 => self.bytes.push(opcode::ICONST_0.wrapping_add_signed(number)),
                _ => self.bytes.extend([opcode::BIPUSH, number.cast_unsigned()]),
            }
        } else if let Ok(number) = i16::try_from(number) {
            self.bytes.push(opcode::SIPUSH);
            self.bytes.extend(number.to_be_bytes());
        } else {
            let index = linker.additions.integer(number).ok_or(Refused::PoolFull)?;
            match u8::try_from(index) {
                Ok(index) => self.bytes.extend([opcode::LDC, index]),
                Err(_) => {
                    self.bytes.push(opcode::LDC_W);
                    self.bytes.extend(index.to_be_bytes());
                }
            }
        }
        self.grow(1);
        Ok(())
    }

    pub(crate) fn load(&mut self, value: Erased<'_>, slot: u16) {
        self.local(opcode::ILOAD, value, slot);
        self.grow(value.slots());
    }

    pub(crate) fn store(&mut self, value: Erased<'_>, slot: u16) {
        self.local(opcode::ISTORE, value, slot);
        self.depth = self.depth.saturating_sub(value.slots());
    }

    /// The shortest form; `first` is `iload` or `istore`.
    fn local(&mut self, first: u8, value: Erased<'_>, slot: u16) {
        let opcode = first + value.rank();
        match u8::try_from(slot) {
            Ok(slot @ 0..=3) => self.bytes.push(first + 5 + 4 * value.rank() + slot),
            Ok(slot) => self.bytes.extend([opcode, slot]),
            Err(_) => {
                self.bytes.extend([opcode::WIDE, opcode]);
                self.bytes.extend(slot.to_be_bytes());
            }
        }
    }

    /// Calls a static method that takes `taken` slots from the stack and gives `given`.
    pub(crate) fn call(
        &mut self,
        linker: &mut Linker<'_>,
        call: Call,
        taken: usize,
        given: usize,
    ) -> Result<(), Refused> {
        let index = linker.call(call)?;
        self.bytes.push(opcode::INVOKESTATIC);
        self.bytes.extend(index.to_be_bytes());
        self.depth = self.depth.saturating_sub(taken);
        self.grow(given);
        Ok(())
    }

    /// Makes the value on top of the stack a long: widened, or its raw bits.
    pub(crate) fn as_long(&mut self, linker: &mut Linker<'_>, value: Erased<'_>) -> Result<(), Refused> {
        match value {
            Erased::Long | Erased::Object(_) => {}
            Erased::Int => self.plain(opcode::I2L, 1),
            Erased::Float => {
                self.call(linker, Call::FloatBits, 1, 1)?;
                self.plain(opcode::I2L, 1);
            }
            Erased::Double => self.call(linker, Call::DoubleBits, 2, 2)?,
        }
        Ok(())
    }
}
