//! What kind of value each slot holds at each instruction: a small abstract interpreter.
//!
//! It knows kinds, not classes, so it needs no class hierarchy. It is asked where a constructor has an
//! initialised `this`, which slots still hold an argument at an exit, and which local variables hold
//! something at a line. Where the class has frames it walks the code once and takes each frame as it
//! stands, as the verifier does; where it has none it merges until nothing changes. What it says of a
//! slot is never more than the verifier knows.

use crate::body::Body;
use crate::classfile::{Frames, Malformed, Operand, VerificationType, opcode};
use crate::descriptor::Erased;
use crate::refused::Refused;
use crate::state::State;

/// No real method comes near; one that is made to be slow does.
const MOST_STEPS: usize = 4_000_000;

/// Kinds that are kept for all places where branches meet, before the method is given up.
const MOST_KINDS: usize = 8_000_000;

/// What a slot holds. A long or double is followed by a `Top`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing that may be used.
    Top,
    Int,
    Long,
    Float,
    Double,
    /// An initialised object, or null.
    Object,
    /// `this` before `this()` or `super()`.
    UninitializedThis,
    /// What the `new` at this pc made.
    Uninitialized(u16),
    /// Where the subroutine that starts at this pc returns to.
    Return(u16),
}

impl Kind {
    pub(crate) fn of(value: Erased<'_>) -> Self {
        match value {
            Erased::Int => Kind::Int,
            Erased::Long => Kind::Long,
            Erased::Float => Kind::Float,
            Erased::Double => Kind::Double,
            Erased::Object(_) => Kind::Object,
        }
    }

    /// The same for what a frame says.
    pub(crate) fn verified(value: VerificationType) -> Self {
        match value {
            VerificationType::Top => Kind::Top,
            VerificationType::Integer => Kind::Int,
            VerificationType::Float => Kind::Float,
            VerificationType::Double => Kind::Double,
            VerificationType::Long => Kind::Long,
            VerificationType::Null | VerificationType::Object(_) => Kind::Object,
            VerificationType::UninitializedThis => Kind::UninitializedThis,
            VerificationType::Uninitialized(pc) => Kind::Uninitialized(pc),
        }
    }

    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Kind::Long | Kind::Double)
    }
}

/// What was found out. Instructions are told by their number.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Of a constructor: whether `this` may not be initialised yet when the instruction starts.
    pub(crate) before_this: Vec<bool>,
    /// The calls that initialise `this`.
    pub(crate) initialisers: Vec<usize>,
    snapshots: Vec<(usize, Vec<Kind>)>,
}

impl Facts {
    /// What a slot holds when this instruction, one of those asked for, starts.
    pub(crate) fn kind(&self, instruction: usize, slot: u16) -> Kind {
        let found = self.snapshots.binary_search_by_key(&instruction, |(at, _)| *at).ok();
        let locals = found.and_then(|found| self.snapshots.get(found)).map(|(_, locals)| locals);
        locals.and_then(|locals| locals.get(usize::from(slot))).copied().unwrap_or(Kind::Top)
    }
}

/// Follows the code of `body`; the locals are kept at the instructions of `wanted`, which is sorted.
pub(crate) fn follow(body: &Body<'_>, wanted: &[usize]) -> Result<Facts, Refused> {
    let mut facts = Facts::default();
    if body.is_constructor() {
        facts.before_this = vec![false; body.instructions.len()];
    }
    let mut kept = 0;
    let mut visit = |at: usize, state: &State, initialises: bool| -> Result<(), Refused> {
        if let Some(before) = facts.before_this.get_mut(at) {
            *before = state.before_this;
        }
        if initialises {
            facts.initialisers.push(at);
        }
        if wanted.binary_search(&at).is_ok() {
            kept += state.locals.len();
            if kept > MOST_KINDS {
                return Err(Refused::TooTangled);
            }
            facts.snapshots.push((at, state.locals.clone()));
        }
        Ok(())
    };
    if body.framed {
        along_frames(body, &mut visit)?;
    } else {
        until_stable(body, &mut visit)?;
    }
    facts.initialisers.sort_unstable();
    facts.snapshots.sort_unstable_by_key(|(at, _)| *at);
    Ok(facts)
}

type Visit<'v> = &'v mut dyn FnMut(usize, &State, bool) -> Result<(), Refused>;

fn along_frames(body: &Body<'_>, visit: Visit<'_>) -> Result<(), Refused> {
    let mut frames = match body.frames {
        Some(content) => Some(Frames::new(content, body.entry_types(|_| Some(0))?)?),
        None => None,
    };
    let mut next = frames.as_mut().map(Frames::read).transpose()?.flatten();
    let mut state = State::at_entry(body);
    let mut reached = true;
    for (at, instruction) in body.instructions.iter().enumerate() {
        if let (Some(frame), Some(table)) = (&next, &mut frames)
            && frame.pc <= instruction.pc
        {
            if frame.pc < instruction.pc {
                return Err(Malformed { what: "a frame is not at an instruction", at: frame.pc }.into());
            }
            state.take(table.locals(), &frame.stack);
            reached = true;
            next = table.read()?;
        }
        if reached {
            let before = state.uninitialised_receiver(body, instruction)?;
            visit(at, &state, before)?;
            state.step(body, instruction)?;
            reached = !instruction.ends();
        }
    }
    Ok(())
}

/// Where branches meet, and what is known there.
struct Joins {
    states: Vec<Option<State>>,
    is_join: Vec<bool>,
    open: Vec<usize>,
    kinds: usize,
}

impl Joins {
    fn meet(&mut self, at: usize, state: &State) -> Result<(), Refused> {
        let Some(known) = self.states.get_mut(at) else { return Ok(()) };
        let changed = match known {
            Some(known) => known.merge(state)?,
            None => {
                self.kinds += state.locals.len() + state.stack.len();
                *known = Some(state.clone());
                true
            }
        };
        if self.kinds > MOST_KINDS {
            return Err(Refused::TooTangled);
        }
        if changed {
            self.open.push(at);
        }
        Ok(())
    }
}

fn until_stable(body: &Body<'_>, visit: Visit<'_>) -> Result<(), Refused> {
    let count = body.instructions.len();
    let mut joins =
        Joins { states: vec![None; count], is_join: vec![false; count], open: Vec::new(), kinds: 0 };
    let mut mark = |at: usize| {
        if let Some(join) = joins.is_join.get_mut(at) {
            *join = true;
        }
    };
    mark(0);
    for (at, instruction) in body.instructions.iter().enumerate() {
        match &instruction.operand {
            Operand::None => {}
            Operand::Jump(target) | Operand::WideJump(target) => {
                mark(body.at(*target)?);
                mark(at + 1);
            }
            Operand::Switch { targets, .. } => {
                for target in targets {
                    mark(body.at(*target)?);
                }
            }
        }
    }
    for handler in &body.code.handlers {
        mark(body.at(usize::from(handler.target))?);
    }
    joins.meet(0, &State::at_entry(body))?;
    let mut steps = 0;
    while let Some(at) = joins.open.pop() {
        walk(body, at, &mut joins, &mut steps)?;
    }
    // Nothing changes any more: every instruction is visited once, with what is known there.
    let mut state: Option<State> = None;
    for (at, instruction) in body.instructions.iter().enumerate() {
        if joins.is_join.get(at) == Some(&true) {
            state = joins.states.get_mut(at).and_then(Option::take);
        }
        if let Some(known) = &mut state {
            let initialises = known.uninitialised_receiver(body, instruction)?;
            visit(at, known, initialises)?;
            known.step(body, instruction)?;
            if instruction.ends() {
                state = None;
            }
        } else if at > 0 {
            // Never reached, and never looked at by a verifier that infers.
            visit(at, &State::unreached(), false)?;
        }
    }
    Ok(())
}

/// From a join to the next one, or to the end of the path.
fn walk(body: &Body<'_>, from: usize, joins: &mut Joins, steps: &mut usize) -> Result<(), Refused> {
    let Some(Some(mut state)) = joins.states.get(from).cloned() else { return Ok(()) };
    for (at, instruction) in body.instructions.iter().enumerate().skip(from) {
        if at > from && joins.is_join.get(at) == Some(&true) {
            return joins.meet(at, &state);
        }
        *steps += 1;
        if *steps > MOST_STEPS {
            return Err(Refused::TooTangled);
        }
        let covering = || {
            let covers = |pc: usize, start: u16, end: u16| usize::from(start) <= pc && pc < usize::from(end);
            body.code
                .handlers
                .iter()
                .filter(move |handler| covers(instruction.pc, handler.start, handler.end))
        };
        for handler in covering() {
            joins.meet(body.at(usize::from(handler.target))?, &state.thrown())?;
        }
        state.step(body, instruction)?;
        let changes = instruction.local().is_some_and(|access| access.store)
            || instruction.opcode == opcode::INVOKESPECIAL;
        for handler in covering().filter(|_| changes) {
            joins.meet(body.at(usize::from(handler.target))?, &state.thrown())?;
        }
        match &instruction.operand {
            Operand::None => {}
            Operand::Jump(target) | Operand::WideJump(target) => {
                joins.meet(body.at(*target)?, &state)?;
                if instruction.is_subroutine() {
                    return Ok(());
                }
            }
            Operand::Switch { targets, .. } => {
                for target in targets {
                    joins.meet(body.at(*target)?, &state)?;
                }
            }
        }
        if let Some(slot) = instruction.returns_to() {
            return back(body, &state, slot, joins);
        }
        if instruction.ends() {
            return Ok(());
        }
    }
    Err(Malformed { what: "control falls off the end of the code", at: body.code.bytes.len() }.into())
}

/// A subroutine returns to whatever may have called it: more than the verifier follows, never less.
fn back(body: &Body<'_>, state: &State, slot: u16, joins: &mut Joins) -> Result<(), Refused> {
    let Some(Kind::Return(subroutine)) = state.locals.get(usize::from(slot)) else { return Ok(()) };
    for (at, instruction) in body.instructions.iter().enumerate() {
        if instruction.is_subroutine()
            && matches!(instruction.operand, Operand::Jump(target) | Operand::WideJump(target) if target == usize::from(*subroutine))
        {
            joins.meet(at + 1, state)?;
        }
    }
    Ok(())
}
