//! From where on a constructor is woven: behind each call of `this()` or `super()`.
//!
//! Before that call the verifier lets nobody see `this`, and no handler may cover both sides of it.
//! There may be several such calls, on several paths; then the token starts as 0 and each of them is
//! followed by an entry.

use crate::body::Body;
use crate::flow::Facts;
use crate::refused::Refused;

/// Where a constructor has an initialised `this`.
#[derive(Debug, Default)]
pub(crate) struct Start {
    /// The calls that are followed by an entry; none for what is no constructor.
    pub(crate) initialisers: Vec<usize>,
    /// Whether our locals are set at the very start, so that all frames know them. Else only those
    /// behind the one call do.
    pub(crate) early: bool,
    /// The runs of instructions that have an initialised `this`: first, and the one behind the last.
    pub(crate) runs: Vec<(usize, usize)>,
}

impl Start {
    pub(crate) fn of(body: &Body<'_>, facts: &Facts, shadows: bool) -> Result<Self, Refused> {
        let count = body.instructions.len();
        if !body.is_constructor() {
            return Ok(Start { initialisers: Vec::new(), early: true, runs: vec![(0, count)] });
        }
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (at, _) in facts.before_this.iter().enumerate().filter(|(_, before)| !**before) {
            match runs.last_mut() {
                Some((_, end)) if *end == at => *end += 1,
                _ => runs.push((at, at + 1)),
            }
        }
        if facts.initialisers.is_empty() || runs.is_empty() {
            return Err(Refused::AmbiguousConstructor);
        }
        let straight = match facts.initialisers[..] {
            [call] => runs == [(call + 1, count)],
            _ => false,
        };
        Ok(Start { initialisers: facts.initialisers.clone(), early: shadows || !straight, runs })
    }

    /// Whether the frame at an instruction knows our locals.
    pub(crate) fn known_at(&self, instruction: usize) -> bool {
        self.early || self.runs.first().is_some_and(|(first, _)| instruction >= *first)
    }
}
