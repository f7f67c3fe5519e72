//! Jumps of two bytes that have become too long.
//!
//! `goto` and `jsr` have wide forms. A conditional jump has none: it goes to an island, a `goto_w` to
//! the old target that is put where control never comes by itself. There the frame is that of the
//! target, so no new frame has to be worked out.

use std::collections::{BTreeMap, BTreeSet};

use crate::body::Body;
use crate::classfile::{Operand, opcode};
use crate::constructor::Start;
use crate::layout::{Inserts, Layout};
use crate::refused::Refused;

/// How far from its jump an island is put, so that it stays in reach while more are put in.
const REACH: usize = 30_000;

/// No real method needs more rounds than two.
const MOST_ROUNDS: usize = 16;

/// A `goto_w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Island {
    /// The instruction behind which it lies.
    pub(crate) behind: usize,
    /// The old pc to which it goes.
    pub(crate) target: usize,
}

/// What becomes of jumps, by the numbers of their instructions.
#[derive(Debug, Default)]
pub(crate) struct Jumps {
    /// They get their wide form.
    pub(crate) wide: BTreeSet<usize>,
    /// They go to this island.
    pub(crate) over: BTreeMap<usize, usize>,
    pub(crate) islands: Vec<Island>,
}

impl Jumps {
    /// Lays out the code so that every jump reaches its target.
    pub(crate) fn settle<'b, 'a>(
        body: &'b Body<'a>,
        inserts: &Inserts,
        start: &Start,
    ) -> Result<(Layout<'b, 'a>, Jumps), Refused> {
        let mut jumps = Jumps::default();
        for _ in 0..MOST_ROUNDS {
            let layout = Layout::new(body, inserts, &jumps)?;
            let short = layout.end() <= i16::MAX.unsigned_abs().into();
            if short || !jumps.lengthen(body, &layout, start)? {
                return Ok((layout, jumps));
            }
        }
        Err(Refused::JumpOverflow)
    }

    /// Changes the jumps that do not reach their target; says whether there were any.
    fn lengthen(&mut self, body: &Body<'_>, layout: &Layout<'_, '_>, start: &Start) -> Result<bool, Refused> {
        let mut changed = false;
        for (number, instruction) in body.instructions.iter().enumerate() {
            let Operand::Jump(target) = instruction.operand else { continue };
            let from = layout.place(number)? as i64;
            let to = layout.goes_to(number, target, self)? as i64;
            if i16::try_from(to - from).is_ok() || self.wide.contains(&number) {
                continue;
            }
            changed = true;
            if matches!(instruction.opcode, opcode::GOTO | opcode::JSR) {
                self.wide.insert(number);
                continue;
            }
            let near = |island: &Island| -> Result<bool, Refused> {
                let place = layout.end_of(island.behind)? as i64;
                Ok((place - from).unsigned_abs() <= REACH as u64)
            };
            let mut found = None;
            for (place, island) in self.islands.iter().enumerate() {
                if island.target == target && near(island)? {
                    found = Some(place);
                }
            }
            if found.is_none() {
                for behind in (0..body.instructions.len()).rev() {
                    let island = Island { behind, target };
                    if near(&island)? && Self::fits(body, start, island) {
                        found = Some(self.islands.len());
                        self.islands.push(island);
                        break;
                    }
                }
            }
            self.over.insert(number, found.ok_or(Refused::JumpOverflow)?);
        }
        Ok(changed)
    }

    /// Whether control does not fall into the island, and all handlers that cover it may see what is
    /// known at its target.
    fn fits(body: &Body<'_>, start: &Start, island: Island) -> bool {
        let pc = |number: usize| body.instructions.get(number).map(|instruction| instruction.pc);
        let next = pc(island.behind + 1);
        let ends = body.instructions.get(island.behind).is_some_and(|instruction| instruction.ends());
        let (Some(last), true) = (pc(island.behind), ends) else { return false };
        let handlers = body.code.handlers.iter().all(|handler| {
            let covers = |pc: usize| usize::from(handler.start) <= pc && pc < usize::from(handler.end);
            let across = covers(last) && next.is_some_and(covers);
            !across || covers(island.target)
        });
        let whole = |number: usize| start.runs.iter().any(|(first, end)| *first <= number && number < *end);
        let across = whole(island.behind) && (next.is_none() || whole(island.behind + 1));
        handlers && (!across || body.at(island.target).is_ok_and(whole))
    }
}
