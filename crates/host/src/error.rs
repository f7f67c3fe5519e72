//! Why the host cannot answer, as sentences for the user.

use std::fmt;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. The text is meant for the one who typed the command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call into the JVM failed.
    #[error("The JVM did not answer: {0}.")]
    Jvm(#[from] jvm::Error),
    /// The Java image was built without a module that the command needs.
    #[error(transparent)]
    MissingModule(#[from] MissingModule),
    /// Anything else, said in full.
    #[error("{0}")]
    Sentence(String),
}

impl Error {
    /// An error whose text says everything.
    pub(crate) fn sentence(text: impl Into<String>) -> Self {
        Self::Sentence(text.into())
    }

    /// The JVM is on its way out, and answers nothing any more.
    pub(crate) fn gone() -> Self {
        Self::sentence("The JVM is shutting down.")
    }

    /// Whether what failed may be answered by other means.
    pub(crate) fn is_missing_module(&self) -> bool {
        matches!(self, Self::MissingModule(_))
    }
}

/// A module that the Java image lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingModule {
    /// The module, such as `jdk.management`.
    pub module: &'static str,
    /// What it is needed for, as the start of a sentence.
    pub what: &'static str,
}

impl std::error::Error for MissingModule {}

impl fmt::Display for MissingModule {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, what } = self;
        write!(
            to,
            "{what} needs the module {module}, which this Java image lacks; \
             build the image with `jlink --add-modules {module},...` or run on a full JRE."
        )
    }
}
