//! Commands about the heap, its collectors and the JVM's other memory.
#![expect(clippy::module_inception, reason = "a command's file has the command's name")]

pub(crate) mod gc;
pub(crate) mod heap;
pub(crate) mod heapdump;
pub(crate) mod memory;
