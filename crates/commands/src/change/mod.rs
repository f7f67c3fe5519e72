//! Commands that give loaded classes other code.

mod diagnostics;
mod file;
pub(crate) mod mc;
pub(crate) mod patch;
mod processors;
pub(crate) mod redefine;
pub(crate) mod retransform;
