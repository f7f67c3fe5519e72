//! What our programs outside of JVMs (the `oxprobe` command, the tunnel server) do for the agents they talk to: lend jars
//! ([`Shelf`]), and run a decompiler beside themselves ([`Bench`], [`Desk`]), so that it does not run in the application.
//!
//! Whoever speaks from there may be anybody who has taken the application over: he gets files of one list and no other, and
//! what he sends is data for a decompiler, in a process of its own with little memory and little time.
#![forbid(unsafe_code)]

mod bench;
mod desk;
mod java;
mod memory;
mod shelf;
mod workshop;

pub use bench::Bench;
pub use desk::Desk;
pub use java::Java;
pub use shelf::Shelf;
