//! The frames of `StackMapTable` (JVMS 4.7.4): one at a time, so that a table of many small frames
//! over many locals never becomes a large allocation.

use super::{Malformed, Reader};

/// What the verifier knows of one value.
#[expect(missing_docs, reason = "the names are the specification's")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationType {
    Top,
    Integer,
    Float,
    Double,
    Long,
    Null,
    UninitializedThis,
    /// An object of the class with this index.
    Object(u16),
    /// What the `new` at this pc made.
    Uninitialized(u16),
}

use VerificationType::{Double, Float, Integer, Long, Null, Object, Top, Uninitialized, UninitializedThis};

impl VerificationType {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.u1()? {
            0 => Top,
            1 => Integer,
            2 => Float,
            3 => Double,
            4 => Long,
            5 => Null,
            6 => UninitializedThis,
            7 => Object(reader.u2()?),
            8 => Uninitialized(reader.u2()?),
            _ => return Err(reader.malformed("an unknown verification type")),
        })
    }

    fn write(self, out: &mut Vec<u8>) {
        let (tag, operand) = match self {
            Top => (0, None),
            Integer => (1, None),
            Float => (2, None),
            Double => (3, None),
            Long => (4, None),
            Null => (5, None),
            UninitializedThis => (6, None),
            Object(class) => (7, Some(class)),
            Uninitialized(pc) => (8, Some(pc)),
        };
        out.push(tag);
        out.extend(operand.into_iter().flat_map(u16::to_be_bytes));
    }

    /// How many slots it takes.
    pub fn slots(self) -> usize {
        if matches!(self, Long | Double) { 2 } else { 1 }
    }
}

/// A frame; its locals are those of the [`Frames`] it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The instruction it describes.
    pub pc: usize,
    /// Whether the locals are those of the frame before.
    pub same_locals: bool,
    /// The operand stack, deepest first.
    pub stack: Vec<VerificationType>,
}

/// Walks a table.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    reader: Reader<'a>,
    left: u16,
    previous: Option<usize>,
    locals: Vec<VerificationType>,
}

impl<'a> Frames<'a> {
    /// Reads the content of a `StackMapTable`, which starts from the locals at the method's entry.
    pub fn new(content: &'a [u8], entry: Vec<VerificationType>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        let left = reader.u2()?;
        Ok(Frames { reader, left, previous: None, locals: entry })
    }

    /// The locals of the frame that was read last.
    pub fn locals(&self) -> &[VerificationType] {
        &self.locals
    }

    /// The next frame.
    pub fn read(&mut self) -> Result<Option<Frame>, Malformed> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let reader = &mut self.reader;
        let kind = reader.u1()?;
        let (delta, same_locals, stack) = match kind {
            0..=63 => (u16::from(kind), true, Vec::new()),
            64..=127 => (u16::from(kind - 64), true, vec![VerificationType::read(reader)?]),
            247 => (reader.u2()?, true, vec![VerificationType::read(reader)?]),
            248..=250 => {
                let delta = reader.u2()?;
                for _ in 0..251 - kind {
                    self.locals.pop().ok_or_else(|| reader.malformed("a frame chops too many locals"))?;
                }
                (delta, false, Vec::new())
            }
            251 => (reader.u2()?, true, Vec::new()),
            252..=254 => {
                let delta = reader.u2()?;
                for _ in 0..kind - 251 {
                    self.locals.push(VerificationType::read(reader)?);
                }
                (delta, false, Vec::new())
            }
            255 => {
                let delta = reader.u2()?;
                let count = reader.u2()?;
                self.locals.clear();
                for _ in 0..count {
                    self.locals.push(VerificationType::read(reader)?);
                }
                let count = reader.u2()?;
                let mut stack = Vec::new();
                for _ in 0..count {
                    stack.push(VerificationType::read(reader)?);
                }
                (delta, false, stack)
            }
            _ => return Err(reader.malformed("a frame has a reserved type")),
        };
        let pc = self.previous.map_or(0, |previous| previous + 1) + usize::from(delta);
        self.previous = Some(pc);
        Ok(Some(Frame { pc, same_locals, stack }))
    }
}

/// Writes a frame in its shortest form that needs no knowledge of the frame before but whether its
/// locals are the same. `delta` is the offset as the format counts it. `None` when a count or a
/// type does not fit.
pub fn write_frame(
    out: &mut Vec<u8>,
    delta: u16,
    same_locals: bool,
    locals: &[VerificationType],
    stack: &[VerificationType],
) -> Option<()> {
    match (same_locals, stack) {
        (true, []) => match u8::try_from(delta) {
            Ok(small @ 0..=63) => out.push(small),
            _ => {
                out.push(251);
                out.extend(delta.to_be_bytes());
            }
        },
        (true, [value]) => {
            match u8::try_from(delta) {
                Ok(small @ 0..=63) => out.push(64 + small),
                _ => {
                    out.push(247);
                    out.extend(delta.to_be_bytes());
                }
            }
            value.write(out);
        }
        _ => {
            out.push(255);
            out.extend(delta.to_be_bytes());
            for values in [locals, stack] {
                out.extend(u16::try_from(values.len()).ok()?.to_be_bytes());
                values.iter().for_each(|value| value.write(out));
            }
        }
    }
    Some(())
}
