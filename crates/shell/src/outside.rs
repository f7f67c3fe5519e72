//! The two small traits through which the shell reaches what it does not have itself: threads, files
//! and a JVM ([`Outside`]), and a renderer ([`Draw`]).

use std::io::{self, Write};
use std::path::PathBuf;
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

    /// Opens a file that output goes to. May take long: it is only called on a job's thread, which is
    /// also the one that writes.
    ///
    /// # Errors
    /// It cannot be made or written, is no regular file, or there are no files here.
    fn open_file(&self, _: Target<'_>) -> io::Result<OutputFile> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// How long a job may run (`options job-timeout`).
    fn job_timeout(&self) -> Duration {
        Duration::from_secs(24 * 3600)
    }

    /// Whether all results are written to a file, too (`options save-result`).
    fn saves_results(&self) -> bool {
        false
    }
}

/// Which file output goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// What a user named; in the JVM's working directory unless absolute.
    Path {
        /// As it was typed.
        path: &'a str,
        /// At its end, not instead of what is in it.
        append: bool,
    },
    /// The file of a job whose redirect names none.
    Cache {
        /// The job's number.
        job: u64,
    },
    /// Where all results go.
    Results,
}

/// An open file and its absolute path.
pub struct OutputFile {
    /// Where it is.
    pub path: PathBuf,
    /// What is written to. Not buffered: what was written can be read.
    pub file: Box<dyn Write + Send>,
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

/// A client that has files which the agent's machine lacks, and does work that is better not done in the JVM. Called on a
/// job's thread.
pub trait Lender: Send + Sync {
    /// The bytes of one of the client's files, by its plain name; `None` where it has none, is gone, takes too long, or
    /// `cancelled` says that nobody wants it any more.
    fn lend(&self, file: &str, cancelled: &dyn Fn() -> bool) -> Option<Vec<u8>>;

    /// Begins a piece of work; `None` where the client does none.
    fn begin(&self) -> Option<Box<dyn Work + '_>>;
}

/// A piece of work that a client does for a job, turn by turn. It is over when this is dropped.
pub trait Work {
    /// Tells the client something and waits for what it says then.
    ///
    /// # Errors
    /// See [`NoTurn`]. There are no further turns.
    fn turn(
        &mut self,
        said: &[u8],
        within: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, NoTurn>;
}

/// Why a client's turn does not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// The client cannot do it, or is gone; why, as half a sentence.
    Over(String),
    /// The time is up.
    Late,
    /// `cancelled` says that nobody wants it any more.
    Cancelled,
}

/// What turns results into what a transport sends.
pub trait Draw: Send + Sync {
    /// Draws one result of the job with this number. Text lines end in `\n`.
    fn draw(&self, view: &dyn View, job: u64, size: Size) -> Drawn;

    /// Draws one result as text without colours, for a file.
    fn text(&self, view: &dyn View, size: Size) -> String;
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
