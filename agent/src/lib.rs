//! The shared library a JVM loads: the four symbols it looks for, and the wiring behind them.
//!
//! Each entry does as little as it can on the JVM's thread: it notes who it is in, starts our one
//! thread and returns success. `Agent_OnAttach` runs on the JVM's only attach thread, and a failure
//! there would make the JVM unload a library that already has thread-local data (JDK-8252657).

#[cfg(feature = "without-backtraces")]
mod backtraces;
mod entry;
mod files;
mod lifecycle;
mod outside;
mod process;
mod start;
mod tools;
