//! What one place of an expression remembers.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use jvm::Global;

/// A place of an expression.
#[derive(Default)]
pub struct Site {
    /// The class that was met here last: its place plus one, or 0.
    pub(super) class: AtomicU32,
    /// The string of a literal. One reference for each literal of a command, not one for each value.
    pub(super) literal: OnceLock<Option<Global>>,
}
