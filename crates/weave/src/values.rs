//! Which values are passed, and where each is found when the method ends.
//!
//! An argument is read again from its slot where the slot still holds it. Where the method stores
//! something else there, or the frames forget it, it is copied into a local of ours at the entry: its
//! shadow.

use crate::body::{Body, Parameter};
use crate::classfile::{Frames, VerificationType, opcode};
use crate::descriptor::Erased;
use crate::emit::Emit;
use crate::flow::{Facts, Kind};
use crate::linker::Linker;
use crate::refused::Refused;
use crate::shape::Shape;

/// The values of a method, in the order in which they are passed.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) shape: Shape,
    /// Whether some find no place in the shape.
    pub(crate) dropped: bool,
    /// For each parameter, the receiver left out, whether something else is stored into it.
    pub(crate) stored: Vec<bool>,
    pub(crate) passed: Vec<Passed<'a>>,
    /// Whether exits pass what stored arguments were, too.
    pub(crate) entered: bool,
}

/// A value that is passed.
#[derive(Debug)]
pub(crate) struct Passed<'a> {
    pub(crate) parameter: Parameter<'a>,
    /// Whether something else is stored into its slot.
    stored: bool,
    /// Our copy, where there is one.
    pub(crate) shadow: Option<u16>,
}

/// When values are passed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment<'f> {
    /// The slots still hold what came, or there are shadows.
    Entry,
    /// A return, and what is known there.
    Exit(&'f Facts, usize),
    /// In the handler.
    Thrown,
}

impl<'a> Values<'a> {
    /// Shadows get the slots from `free` on.
    pub(crate) fn of(body: &Body<'a>, entered: bool, free: &mut u16) -> Result<Self, Refused> {
        let stored = stored(body);
        let forgotten = forgotten(body)?;
        let again = body.parameters.iter().zip(&stored).filter(|(_, stored)| entered && **stored);
        let all = body.parameters.iter().chain(again.map(|(parameter, _)| parameter));
        let (shape, dropped) = Shape::of(all.map(|parameter| parameter.value));
        let mut passed = Vec::new();
        for objects in [true, false] {
            let room = usize::from(if objects { shape.objects } else { shape.longs });
            let of_kind = |(parameter, _): &(&Parameter<'a>, _)| {
                matches!(parameter.value, Erased::Object(_)) == objects
            };
            let places = stored.iter().zip(&forgotten);
            for (parameter, (stored, forgotten)) in
                body.parameters.iter().zip(places).filter(of_kind).take(room)
            {
                let mut shadow = None;
                if *stored || *forgotten {
                    if body.is_constructor() && parameter.slot == 0 {
                        // `this` cannot be copied before it is initialised.
                        return Err(Refused::AmbiguousConstructor);
                    }
                    shadow = Some(*free);
                    let slots = if parameter.value.slots() == 2 { 2 } else { 1 };
                    *free = free.checked_add(slots).ok_or(Refused::LocalsFull)?;
                }
                passed.push(Passed { parameter: *parameter, stored: *stored, shadow });
            }
        }
        let stored = stored.into_iter().skip(usize::from(body.receiver)).collect();
        Ok(Values { shape, dropped, stored, passed, entered })
    }

    /// The slot of an argument's shadow, if it has one.
    pub(crate) fn shadow(&self, slot: u16) -> Option<u16> {
        self.passed.iter().find(|passed| passed.parameter.slot == slot)?.shadow
    }

    /// What arguments of a kind were at the entry, where something else is stored into them.
    fn stored(&self, objects: bool) -> impl Iterator<Item = &Passed<'a>> {
        let is_meant = move |passed: &&Passed<'a>| {
            passed.stored && matches!(passed.parameter.value, Erased::Object(_)) == objects
        };
        self.passed.iter().filter(|_| self.entered).filter(is_meant)
    }

    /// Whether where to find a value at an exit depends on what its slot holds there.
    pub(crate) fn need_flow(&self) -> bool {
        self.passed.iter().any(|value| value.stored)
    }

    /// Whether there are shadows.
    pub(crate) fn have_shadows(&self) -> bool {
        self.passed.iter().any(|value| value.shadow.is_some())
    }

    /// Copies arguments to their shadows.
    pub(crate) fn copy(&self, emit: &mut Emit) {
        for value in &self.passed {
            if let Some(shadow) = value.shadow {
                emit.load(value.parameter.value, value.parameter.slot);
                emit.store(value.parameter.value, shadow);
            }
        }
    }

    /// Pushes all values; gives their slots on the stack.
    pub(crate) fn push(
        &self,
        emit: &mut Emit,
        linker: &mut Linker<'_>,
        moment: Moment<'_>,
    ) -> Result<usize, Refused> {
        let objects = usize::from(self.shape.objects);
        let longs = usize::from(self.shape.longs);
        for (is_objects, room) in [(true, objects), (false, longs)] {
            let is_kind =
                |value: &&Passed<'_>| matches!(value.parameter.value, Erased::Object(_)) == is_objects;
            let mut pushed = 0;
            for value in self.passed.iter().filter(is_kind) {
                let erased = value.parameter.value;
                emit.load(erased, value.place(moment));
                emit.as_long(linker, erased)?;
                pushed += 1;
            }
            for value in self.stored(is_objects).take(room.saturating_sub(pushed)) {
                let erased = value.parameter.value;
                emit.load(erased, value.place(Moment::Thrown));
                emit.as_long(linker, erased)?;
                pushed += 1;
            }
            for _ in pushed..room {
                match is_objects {
                    true => emit.plain(opcode::ACONST_NULL, 1),
                    false => emit.plain(opcode::LCONST_0, 2),
                }
            }
        }
        if !matches!(moment, Moment::Entry) {
            // What is shown must not live longer for it.
            for shadow in
                self.passed.iter().filter(|value| matches!(value.parameter.value, Erased::Object(_)))
            {
                if let Some(slot) = shadow.shadow {
                    emit.plain(opcode::ACONST_NULL, 1);
                    emit.store(shadow.parameter.value, slot);
                }
            }
        }
        Ok(objects + 2 * longs)
    }
}

impl Passed<'_> {
    fn place(&self, moment: Moment<'_>) -> u16 {
        let slot = self.parameter.slot;
        match (self.shadow, moment) {
            (None, _) => slot,
            (Some(_), Moment::Exit(facts, at))
                if self.stored && facts.kind(at, slot) == Kind::of(self.parameter.value) =>
            {
                slot
            }
            (Some(shadow), _) => shadow,
        }
    }
}

/// For each parameter, whether the code stores something into one of its slots.
fn stored(body: &Body<'_>) -> Vec<bool> {
    let Some(last) = body.parameters.last() else { return Vec::new() };
    let mut touched = vec![false; usize::from(last.slot) + last.value.slots()];
    for access in
        body.instructions.iter().filter_map(|instruction| instruction.local()).filter(|access| access.store)
    {
        let width = if matches!(access.rank, 1 | 3) { 2 } else { 1 };
        touched.iter_mut().skip(access.slot.into()).take(width).for_each(|slot| *slot = true);
    }
    let of = |parameter: &Parameter<'_>| {
        touched.iter().skip(parameter.slot.into()).take(parameter.value.slots()).any(|slot| *slot)
    };
    body.parameters.iter().map(of).collect()
}

/// For each parameter, whether some frame does not know any more that its slot holds it.
fn forgotten(body: &Body<'_>) -> Result<Vec<bool>, Refused> {
    let mut forgotten = vec![false; body.parameters.len()];
    let Some(table) = body.frames else { return Ok(forgotten) };
    let mut frames = Frames::new(table, body.entry_types(|_| Some(0))?)?;
    let mut first = true;
    while let Some(frame) = frames.read()? {
        if frame.same_locals && !first {
            continue;
        }
        first = false;
        let before_this = frames.locals().contains(&VerificationType::UninitializedThis);
        let mut held = frames.locals().iter();
        let mut next = 0_usize;
        for (place, parameter) in body.parameters.iter().enumerate() {
            let mut kind = Kind::Top;
            while next <= usize::from(parameter.slot) {
                let Some(value) = held.next() else { break };
                kind = if next == usize::from(parameter.slot) { Kind::verified(*value) } else { Kind::Top };
                next += value.slots();
            }
            let skip = place == 0 && body.is_constructor() && before_this;
            if let Some(forgotten) = forgotten.get_mut(place).filter(|_| !skip) {
                *forgotten |= kind != Kind::of(parameter.value);
            }
        }
    }
    Ok(forgotten)
}
