//! The server as agents, browsers and scripts meet it: the real program, real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it measured"
)]

mod assets;
mod bad_input;
mod console;
mod door;
mod exec;
mod harness;
mod listings;
mod load;
mod register;
mod shutdown;
mod tls;
