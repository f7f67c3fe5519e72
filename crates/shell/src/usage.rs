//! A command line that cannot be run: what is wrong with it, and where.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

/// What is wrong with a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// A sentence: what is wrong and what to do.
    pub message: String,
    /// Where in the line, in bytes. `None` where something is missing altogether.
    pub at: Option<Range<usize>>,
}

impl UsageError {
    /// Something is missing.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }

    /// Something is wrong with this part of the line.
    pub fn at(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), at: Some(range) }
    }

    /// The carets under the wrong part of `line`, indented by `indent` columns. `None` where there
    /// is no such part.
    pub fn carets(&self, line: &str, indent: usize) -> Option<String> {
        let at = self.at.as_ref()?;
        let before = line.get(..at.start)?.width();
        let wrong = line.get(at.clone()).unwrap_or_default().width();
        Some(format!("{}{}", " ".repeat(indent + before), "^".repeat(wrong.max(1))))
    }

    /// The sentence, and below it the line with its carets, for a reader who does not see the line.
    pub fn with_line(&self, line: &str) -> String {
        match self.carets(line, 2) {
            // Too far right for a screen: the sentence must do.
            Some(carets) if carets.len() < 120 => format!("{}\n  {line}\n{carets}", self.message),
            _ => self.message.clone(),
        }
    }
}
