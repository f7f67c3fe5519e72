//! What one evaluation may use: an expression runs in a thread of the application, whatever somebody typed.

use crate::{ErrorKind, Fault};

/// The most that one evaluation may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Parts evaluated, elements visited and things called.
    pub steps: u32,
    /// Bytes of what the expression makes: texts, lists, arrays, big numbers.
    pub bytes: usize,
    /// Levels of parts within parts, lambdas included. A level takes less than [`Limits::STACK_PER_LEVEL`].
    pub depth: u16,
}

impl Limits {
    /// How many bytes of the stack a level of depth takes at most in an optimised build, the embedding's own calls
    /// aside.
    pub const STACK_PER_LEVEL: usize = 1 << 10;
}

impl Default for Limits {
    fn default() -> Self {
        Limits { steps: 100_000, bytes: 1 << 20, depth: 200 }
    }
}

/// What is left of the limits.
#[derive(Debug)]
pub(crate) struct Meter {
    steps: u32,
    bytes: usize,
    pub(crate) levels: u16,
    limits: Limits,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Meter { steps: limits.steps, bytes: limits.bytes, levels: limits.depth, limits }
    }

    /// Takes one step.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(self.out_of_steps()),
        }
    }

    /// Takes several steps at once.
    pub(crate) fn steps(&mut self, count: usize) -> Result<(), Fault> {
        match u32::try_from(count).ok().and_then(|count| self.steps.checked_sub(count)) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(self.out_of_steps())
            }
        }
    }

    /// Takes memory.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<(), Fault> {
        match self.bytes.checked_sub(count) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(self.out_of_bytes()),
        }
    }

    #[cold]
    fn out_of_steps(&self) -> Fault {
        let message = format!(
            "The expression takes more than {} steps, which is all it may: look at fewer elements.",
            self.limits.steps
        );
        Fault::new(ErrorKind::OutOfFuel, message)
    }

    #[cold]
    fn out_of_bytes(&self) -> Fault {
        let message = format!(
            "The expression makes more than {} bytes of values, which is all it may: make less of them.",
            self.limits.bytes
        );
        Fault::new(ErrorKind::OutOfFuel, message)
    }

    #[cold]
    pub(crate) fn too_deep(&self) -> Fault {
        let message = format!(
            "The expression is nested more than {} levels deep when it runs, which is all it may: let the \
             lambda call itself less often.",
            self.limits.depth
        );
        Fault::new(ErrorKind::TooDeep, message)
    }
}
