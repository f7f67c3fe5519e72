//! What `/proc` says about a process, and which of them are JVMs.
//!
//! Everything here only reads. A process may end or change its mind between two reads: callers
//! treat each fact as a snapshot.

mod jvm;
mod maps;
mod name;
mod perfdata;
mod status;

pub use jvm::Jvm;
pub use maps::Maps;
pub use name::resolve;
pub use perfdata::PerfData;
pub use status::Process;
