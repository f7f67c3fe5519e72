//! The two small traits through which the shell reaches what it does not have itself: threads and a
//! JVM ([`Outside`]), and a renderer ([`Draw`]).

use std::io;
use std::time::Duration;

use model::View;

use crate::Shape;

/// What the shell needs from the process it lives in.
pub trait Outside: Send + Sync {
    /// Runs `job` on a new thread of this name that may talk to the JVM.
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()>;

    /// A clock that only goes forward.
    fn now(&self) -> Duration;

    /// Values that fit what was asked, at most `limit`, for completion. May take long: it is only
    /// called on a thread made by [`Outside::spawn`].
    fn candidates(&self, asked: &Asked<'_>, limit: usize) -> Vec<String>;
}

/// Whose values a completion wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// What the values are.
    pub shape: Shape,
    /// What they begin with.
    pub prefix: &'a str,
    /// The pattern over classes that stands before a method, or over beans before an attribute.
    pub class: Option<&'a str>,
}

/// What turns results into what a transport sends.
pub trait Draw: Send + Sync {
    /// Draws one result of the job with this number. Text lines end in `\n`.
    fn draw(&self, view: &dyn View, job: u64, size: Size) -> Drawn;
}

/// A drawn result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Text for a screen or a pipe.
    Text(String),
    /// A JSON object for a program.
    Value(String),
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

impl Size {
    /// The size of a terminal that does not tell.
    pub const USUAL: Self = Self { cols: 80, rows: 24 };
}
