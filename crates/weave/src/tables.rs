//! The tables that belong to code: frames, line numbers, local variables, type annotations.
//!
//! All but the frames keep their length; their pcs are patched in a copy.

use crate::classfile::{Attribute, Frames, Malformed, Reader, VerificationType, write_frame};
use crate::layout::Layout;
use crate::refused::Refused;

/// No real table comes near; one that is made to be expanded does.
const MOST_FRAME_BYTES: usize = 16 << 20;

/// How deep annotations may lie in annotations.
const DEEPEST: usize = 32;

/// Shifts the frames, adds the token to those behind the entry, and ends with the handler's.
///
/// `locals` is the old number of slots, where the token follows; `throwable` the class of what the
/// handler gets.
pub(crate) fn frames(
    old: Option<(&[u8], Vec<VerificationType>)>,
    layout: &Layout,
    locals: usize,
    throwable: u16,
) -> Result<Vec<u8>, Refused> {
    let mut table = Table { out: vec![0, 0], count: 0, previous: None };
    let mut padded = false;
    if let Some((content, entry)) = old {
        let mut frames = Frames::new(content, entry)?;
        while let Some(frame) = frames.read()? {
            let pad = frame.pc >= layout.entry();
            let values = frames.locals();
            if pad && layout.entry() > 0 && values.contains(&VerificationType::UninitializedThis) {
                return Err(Refused::AmbiguousConstructor);
            }
            let same = frame.same_locals && pad == padded;
            let mut shifted = Vec::new();
            if !same {
                for value in values {
                    shifted.push(shift(*value, layout)?);
                }
                if pad {
                    append_token(&mut shifted, locals)?;
                }
            }
            let mut stack = Vec::new();
            for value in &frame.stack {
                stack.push(shift(*value, layout)?);
            }
            table.add(layout.target(frame.pc)?, same, &shifted, &stack)?;
            padded = pad;
        }
    }
    let mut values = Vec::new();
    append_token(&mut values, locals)?;
    table.add(layout.end(), false, &values, &[VerificationType::Object(throwable)])?;
    table.finish()
}

/// Fills up to `locals` slots with tops and puts the token behind them.
fn append_token(values: &mut Vec<VerificationType>, locals: usize) -> Result<(), Refused> {
    let used: usize = values.iter().map(|value| value.slots()).sum();
    let missing = locals
        .checked_sub(used)
        .ok_or(Malformed { what: "a frame has more locals than the method", at: used })?;
    values.extend(std::iter::repeat_n(VerificationType::Top, missing));
    values.push(VerificationType::Long);
    Ok(())
}

fn shift(value: VerificationType, layout: &Layout) -> Result<VerificationType, Refused> {
    let VerificationType::Uninitialized(pc) = value else { return Ok(value) };
    let place = layout.target(usize::from(pc))?;
    Ok(VerificationType::Uninitialized(u16::try_from(place).map_err(|_| Refused::TooLarge)?))
}

struct Table {
    out: Vec<u8>,
    count: u16,
    previous: Option<usize>,
}

impl Table {
    fn add(
        &mut self,
        pc: usize,
        same: bool,
        locals: &[VerificationType],
        stack: &[VerificationType],
    ) -> Result<(), Refused> {
        let from = self.previous.map_or(0, |previous| previous + 1);
        let delta = pc
            .checked_sub(from)
            .ok_or(Malformed { what: "two frames describe the same instruction", at: pc })?;
        let delta = u16::try_from(delta).map_err(|_| Refused::TooLarge)?;
        write_frame(&mut self.out, delta, same, locals, stack).ok_or(Refused::TooLarge)?;
        self.previous = Some(pc);
        self.count = self.count.checked_add(1).ok_or(Refused::TooLarge)?;
        if self.out.len() > MOST_FRAME_BYTES { Err(Refused::TooLarge) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<Vec<u8>, Refused> {
        for (to, from) in self.out.iter_mut().zip(self.count.to_be_bytes()) {
            *to = from;
        }
        Ok(self.out)
    }
}

/// The content of any other attribute of code, its pcs moved. What is not known is copied.
pub(crate) fn moved(attribute: &Attribute<'_>, layout: &Layout) -> Result<Vec<u8>, Malformed> {
    let mut patch = Patch { out: attribute.content.to_vec(), reader: Reader::new(attribute.content), layout };
    match attribute.name {
        b"LineNumberTable" => {
            for _ in 0..patch.reader.u2()? {
                patch.start()?;
                patch.reader.u2()?;
            }
        }
        b"LocalVariableTable" | b"LocalVariableTypeTable" => {
            for _ in 0..patch.reader.u2()? {
                patch.range()?;
                patch.reader.take(6)?;
            }
        }
        b"RuntimeVisibleTypeAnnotations" | b"RuntimeInvisibleTypeAnnotations" => {
            for _ in 0..patch.reader.u2()? {
                patch.type_annotation()?;
            }
        }
        _ => {}
    }
    Ok(patch.out)
}

/// A copy in which what the reader meets is overwritten.
struct Patch<'a> {
    out: Vec<u8>,
    reader: Reader<'a>,
    layout: &'a Layout,
}

impl Patch<'_> {
    fn set(&mut self, at: usize, value: usize) -> Result<(), Malformed> {
        let wrong = Malformed { what: "a pc does not fit", at };
        let value = u16::try_from(value).map_err(|_| wrong)?;
        let place = self.out.get_mut(at..at + 2).ok_or(wrong)?;
        place.copy_from_slice(&value.to_be_bytes());
        Ok(())
    }

    fn start(&mut self) -> Result<usize, Malformed> {
        let at = self.reader.position();
        let pc = usize::from(self.reader.u2()?);
        let place = self.layout.described(pc)?;
        self.set(at, place)?;
        Ok(pc)
    }

    /// A start and a length.
    fn range(&mut self) -> Result<(), Malformed> {
        let start = self.start()?;
        let at = self.reader.position();
        let end = start + usize::from(self.reader.u2()?);
        let end = if end == 0 { 0 } else { self.layout.past(end)? };
        self.set(at, end.saturating_sub(self.layout.described(start)?))
    }

    /// JVMS 4.7.20.
    fn type_annotation(&mut self) -> Result<(), Malformed> {
        match self.reader.u1()? {
            0x00 | 0x01 | 0x16 => drop(self.reader.u1()?),
            0x10 | 0x11 | 0x12 | 0x17 | 0x42 => drop(self.reader.u2()?),
            0x13..=0x15 => {}
            0x40 | 0x41 => {
                for _ in 0..self.reader.u2()? {
                    self.range()?;
                    self.reader.u2()?;
                }
            }
            0x43..=0x46 => drop(self.start()?),
            0x47..=0x4b => {
                self.start()?;
                self.reader.u1()?;
            }
            _ => return Err(self.reader.malformed("a type annotation of an unknown target")),
        }
        let path = self.reader.u1()?;
        self.reader.take(usize::from(path) * 2)?;
        self.annotation(0)
    }

    fn annotation(&mut self, depth: usize) -> Result<(), Malformed> {
        self.reader.u2()?;
        for _ in 0..self.reader.u2()? {
            self.reader.u2()?;
            self.element(depth)?;
        }
        Ok(())
    }

    fn element(&mut self, depth: usize) -> Result<(), Malformed> {
        if depth > DEEPEST {
            return Err(self.reader.malformed("annotations lie too deep in annotations"));
        }
        match self.reader.u1()? {
            b'e' => drop(self.reader.u4()?),
            b'@' => self.annotation(depth + 1)?,
            b'[' => {
                for _ in 0..self.reader.u2()? {
                    self.element(depth + 1)?;
                }
            }
            _ => drop(self.reader.u2()?),
        }
        Ok(())
    }
}
