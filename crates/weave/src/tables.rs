//! The tables that belong to code: frames, line numbers, local variables, type annotations.
//!
//! All but the frames keep their length; their pcs are patched in a copy.

use crate::body::Body;
use crate::classfile::{Attribute, Frames, Malformed, Reader, VerificationType, write_frame};
use crate::constructor::Start;
use crate::jumps::Jumps;
use crate::layout::Layout;
use crate::refused::Refused;

/// No real table comes near; one that is made to be expanded does.
const MOST_FRAME_BYTES: usize = 16 << 20;

/// How deep annotations may lie in annotations.
const DEEPEST: usize = 32;

/// What frames know of our locals and of the handler.
#[derive(Debug, Default)]
pub(crate) struct Ours {
    /// The old number of slots, behind which ours follow.
    pub(crate) locals: usize,
    /// The token and the shadows.
    pub(crate) ours: Vec<VerificationType>,
    /// What the handler knows of the old slots.
    pub(crate) at_handler: Vec<VerificationType>,
    /// The class of what the handler gets; none where there is no handler of ours.
    pub(crate) throwable: Option<u16>,
}

impl Ours {
    /// Fills up to the old number of slots with tops and puts our locals behind them.
    fn append(&self, values: &mut Vec<VerificationType>) -> Result<(), Refused> {
        let used: usize = values.iter().map(|value| value.slots()).sum();
        let missing = self
            .locals
            .checked_sub(used)
            .ok_or(Malformed { what: "a frame has more locals than the method", at: used })?;
        values.extend(std::iter::repeat_n(VerificationType::Top, missing));
        values.extend(&self.ours);
        Ok(())
    }
}

/// Shifts the frames, adds our locals where they are set, puts in those of the islands, and ends with
/// that of our handler, if there is one. `entry` are the locals at the method's entry.
pub(crate) fn frames(
    body: &Body<'_>,
    entry: Vec<VerificationType>,
    layout: &Layout<'_, '_>,
    start: &Start,
    jumps: &Jumps,
    ours: &Ours,
) -> Result<Vec<u8>, Refused> {
    let mut table = Table { out: vec![0, 0], count: 0, previous: None };
    let shifted = |values: &[VerificationType], known: bool| -> Result<Vec<VerificationType>, Refused> {
        let mut shifted = Vec::with_capacity(values.len() + 4);
        for value in values {
            shifted.push(shift(*value, layout)?);
        }
        if known {
            ours.append(&mut shifted)?;
        }
        Ok(shifted)
    };
    let mut islands = Islands::of(body, &entry, jumps, layout)?;
    if let Some(content) = body.frames {
        let mut frames = Frames::new(content, entry)?;
        let mut before = false;
        while let Some(frame) = frames.read()? {
            let pc = layout.target(frame.pc)?;
            let known = start.known_at(body.at(frame.pc)?);
            let mut same = frame.same_locals && known == before;
            while let Some(island) = islands.next_before(pc) {
                let known = start.known_at(body.at(island.target)?);
                table.add(
                    island.place,
                    false,
                    &shifted(&island.locals, known)?,
                    &shifted(&island.stack, false)?,
                )?;
                same = false;
            }
            let locals = if same { Vec::new() } else { shifted(frames.locals(), known)? };
            table.add(pc, same, &locals, &shifted(&frame.stack, false)?)?;
            before = known;
        }
    }
    while let Some(island) = islands.next_before(layout.end()) {
        let known = start.known_at(body.at(island.target)?);
        table.add(island.place, false, &shifted(&island.locals, known)?, &shifted(&island.stack, false)?)?;
    }
    if let Some(throwable) = ours.throwable {
        let mut values = ours.at_handler.clone();
        ours.append(&mut values)?;
        table.add(layout.end(), false, &values, &[VerificationType::Object(throwable)])?;
    }
    table.finish()
}

/// The frames of the islands, which are those of their targets, by their new places.
struct Islands {
    /// Descending: the next is the last.
    left: Vec<IslandFrame>,
}

struct IslandFrame {
    place: usize,
    target: usize,
    locals: Vec<VerificationType>,
    stack: Vec<VerificationType>,
}

impl Islands {
    fn of(
        body: &Body<'_>,
        entry: &[VerificationType],
        jumps: &Jumps,
        layout: &Layout<'_, '_>,
    ) -> Result<Self, Refused> {
        let mut left = Vec::new();
        if let (Some(content), false) = (body.frames, jumps.islands.is_empty()) {
            let mut frames = Frames::new(content, entry.to_vec())?;
            while let Some(frame) = frames.read()? {
                for (number, island) in
                    jumps.islands.iter().enumerate().filter(|(_, island)| island.target == frame.pc)
                {
                    left.push(IslandFrame {
                        place: layout.island(number),
                        target: island.target,
                        locals: frames.locals().to_vec(),
                        stack: frame.stack.clone(),
                    });
                }
            }
        }
        if body.framed && left.len() != jumps.islands.len() {
            return Err(Malformed { what: "a jump goes where there is no frame", at: 0 }.into());
        }
        left.sort_by_key(|island| std::cmp::Reverse(island.place));
        Ok(Islands { left })
    }

    fn next_before(&mut self, pc: usize) -> Option<IslandFrame> {
        if self.left.last()?.place < pc { self.left.pop() } else { None }
    }
}

fn shift(value: VerificationType, layout: &Layout<'_, '_>) -> Result<VerificationType, Refused> {
    let VerificationType::Uninitialized(pc) = value else { return Ok(value) };
    // What made it lies behind what is put before it.
    let place = layout.own(usize::from(pc))?;
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
pub(crate) fn moved(attribute: &Attribute<'_>, layout: &Layout<'_, '_>) -> Result<Vec<u8>, Malformed> {
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
    layout: &'a Layout<'a, 'a>,
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

    /// The instruction itself.
    fn instruction(&mut self) -> Result<(), Malformed> {
        let at = self.reader.position();
        let pc = usize::from(self.reader.u2()?);
        let place = self.layout.own(pc).or_else(|_| self.layout.described(pc))?;
        self.set(at, place)
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
            0x43..=0x46 => self.instruction()?,
            0x47..=0x4b => {
                self.instruction()?;
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
