//! Commands that evaluate an expression over the application's objects, and how values are shown.

pub(crate) mod getstatic;
mod loader;
pub(crate) mod ognl;
pub(crate) mod value;
pub(crate) mod vmtool;
