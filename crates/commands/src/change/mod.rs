//! Commands that give loaded classes other code.

mod file;
mod loaders;
pub(crate) mod redefine;
pub(crate) mod retransform;
