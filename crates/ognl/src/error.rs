//! What is wrong with an expression, and where.

use std::ops::Range;

/// An expression that cannot be read. The caller draws the carets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// A sentence: what is wrong and what to do.
    pub message: String,
    /// Where in the expression, in bytes. Empty, at the text's end, where something is missing.
    pub at: Range<usize>,
}

impl Error {
    /// Something is wrong with this part of the expression.
    pub fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Error { message: message.into(), at }
    }
}
