//! Commands that give loaded classes other code.

mod diagnostics;
mod file;
pub(crate) mod mc;
pub(crate) mod patch;
pub(crate) mod redefine;
pub(crate) mod retransform;
