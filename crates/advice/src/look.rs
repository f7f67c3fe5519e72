//! Looking at a call with its values: whoever implements [`Look`] decides whether the call is wanted, and makes a
//! copy of what is to be shown. HOT: both happen on the application's thread.

use std::any::Any;

use jvm::probe::{Failure, Moment, Values};

/// Which calls a watch shows, and when it looks at them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// When they begin.
    pub entry: bool,
    /// When they return.
    pub success: bool,
    /// When they throw.
    pub exception: bool,
    /// When they reach a line that is told.
    pub lines: bool,
}

/// When a call is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// It begins.
    Entry,
    /// It returns.
    Return,
    /// It throws.
    Throw,
    /// It reaches a line: the pc by which that is told.
    Line(u32),
}

/// A call at such a moment.
pub struct Seen<'a> {
    /// The moment.
    pub point: Point,
    /// Ticks since its entry; 0 at the entry.
    pub cost: u64,
    /// Receiver, arguments and result; none where the method's values are not woven.
    pub values: Option<&'a Values<'a>>,
    /// What it throws.
    pub thrown: Option<&'a Failure<'a>>,
}

/// What a look has found.
pub enum Looked {
    /// A copy, and about how many bytes it takes.
    Copy(Box<dyn Any + Send>, usize),
    /// It could not be made; why.
    Failed(String),
    /// There is no room for it.
    Full,
}

/// Looks at the calls of one method.
pub trait Look: Send + Sync {
    /// Whether the call is wanted. An error says why that cannot be told.
    fn holds(&self, at: &Moment<'_>, seen: &Seen<'_>) -> Result<bool, String>;

    /// Copies what is to be shown.
    fn look(&self, at: &Moment<'_>, seen: &Seen<'_>) -> Looked;
}
