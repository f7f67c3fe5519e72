//! Where nothing of ours may stand that could throw: at the start of handlers that catch what they themselves throw,
//! or that unlock.
//!
//! Compilers let the handler of a `finally` or `synchronized` cover its own first instructions, which throw nothing.
//! A call of ours there may: the stack may be full. The handler would catch that and call us again, for ever, with
//! the lock held. And a call before a `monitorexit` that no handler covers would leave by ours with the lock held:
//! the JIT does not compile such a method.

use crate::body::Body;
use crate::classfile::{Instruction, Malformed, Operand, opcode};

/// Where a handler's start may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before its first instruction.
    Before,
    /// Behind its first instruction, which is all that it covers of itself.
    Behind,
    /// It cannot be told.
    Nowhere,
}

/// As ranges of the numbers of instructions.
#[derive(Debug, Default)]
pub(crate) struct Endless {
    /// What handlers cover of themselves.
    covered: Vec<(usize, usize)>,
    unlocking: Vec<(usize, usize)>,
    /// Handlers that have no place behind their first instruction.
    jumping: Vec<usize>,
}

impl Endless {
    pub(crate) fn of(body: &Body<'_>) -> Result<Self, Malformed> {
        let mut found = Endless::default();
        for handler in &body.code.handlers {
            let target = body.at(usize::from(handler.target))?;
            if handler.start <= handler.target && handler.target < handler.end {
                let end = body.instructions.partition_point(|one| one.pc < usize::from(handler.end));
                found.covered.push((target, end));
            }
            let rest = body.instructions.get(target..).unwrap_or_default();
            let mut straight = rest.iter().take_while(|one| is_straight(one)).peekable();
            if straight.peek().is_none() {
                found.jumping.push(target);
            }
            if let Some(count) = straight.position(|one| one.opcode == opcode::MONITOREXIT) {
                found.unlocking.push((target, target + count + 1));
            }
        }
        Ok(found)
    }

    /// Where the handler that starts at the instruction of this number may be told.
    pub(crate) fn at_handler(&self, at: usize) -> Place {
        let mut covered = self.covered.iter().filter(|(first, end)| (*first..*end).contains(&at)).peekable();
        if within(&self.unlocking, at) {
            Place::Nowhere
        } else if covered.peek().is_none() {
            Place::Before
        } else if covered.all(|(first, end)| *first == at && *end == at + 1) && !self.jumping.contains(&at) {
            Place::Behind
        } else {
            Place::Nowhere
        }
    }

    /// Whether nothing may be put before the instruction of this number.
    pub(crate) fn covers(&self, at: usize) -> bool {
        within(&self.covered, at) || within(&self.unlocking, at)
    }
}

fn within(ranges: &[(usize, usize)], at: usize) -> bool {
    ranges.iter().any(|(first, end)| (*first..*end).contains(&at))
}

/// Whether control goes on behind it, and nothing is called.
fn is_straight(instruction: &Instruction<'_>) -> bool {
    instruction.operand == Operand::None
        && !instruction.ends()
        && !(opcode::INVOKEVIRTUAL..=opcode::INVOKEDYNAMIC).contains(&instruction.opcode)
}
