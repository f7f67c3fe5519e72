//! Objects in the heap, who keeps them, and the memory around them.

mod analysis;
mod instances;
mod means;
mod references;
pub(crate) mod vmtool;
