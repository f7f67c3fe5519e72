//! What a command is, and how it is listed: [`Command`], [`Entry`], [`Failure`].

use crate::{Args, Context, Signature, UsageError, Word};

/// Something a user can run.
pub trait Command: Args {
    /// What it runs on.
    type Host;

    /// Does it. Results go through [`Context::emit`].
    ///
    /// # Errors
    /// It was cancelled, or it failed and says why.
    fn run(self, host: &Self::Host, cx: &mut Context<'_>) -> Result<(), Failure>;
}

type Run<H> = fn(&[Word], &H, &mut Context<'_>) -> Result<(), Failure>;

/// A command in the list of commands. The list is written out: a registry made by the linker loses
/// its entries under link-time optimisation.
#[derive(Debug)]
pub struct Entry<H> {
    pub(crate) signature: &'static Signature,
    pub(crate) run: Run<H>,
}

impl<H> Clone for Entry<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Entry<H> {}

impl<H> Entry<H> {
    /// The entry of a command.
    pub const fn of<C: Command<Host = H>>() -> Self {
        Self { signature: const { &C::SIGNATURE }, run: parse_and_run::<C> }
    }

    /// What the command declares.
    pub fn signature(&self) -> &'static Signature {
        self.signature
    }
}

fn parse_and_run<C: Command>(words: &[Word], host: &C::Host, cx: &mut Context<'_>) -> Result<(), Failure> {
    C::parse(words).map_err(Failure::Usage)?.run(host, cx)
}

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The user interrupted it, the session is gone, or the agent stops.
    Cancelled,
    /// It failed.
    Failed {
        /// The status code of the result: -1 unless Arthas has another for the case.
        status: i32,
        /// What happened, why, and what to do next.
        message: String,
    },
    /// The command line is wrong. Status -10.
    Usage(UsageError),
    /// It ended early with nothing more to say, with this status.
    Ended(i32),
}

impl Failure {
    /// Failed with status -1.
    pub fn new(message: impl Into<String>) -> Self {
        Self::with_status(-1, message)
    }

    /// Failed with another status.
    pub fn with_status(status: i32, message: impl Into<String>) -> Self {
        Self::Failed { status, message: message.into() }
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
