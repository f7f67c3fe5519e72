//! How the outside reaches the agent: one thread, one loop, every socket.
//!
//! A transport carries bytes between a peer and a [`shell::Session`]; it does not know what can be
//! asked. `local` is the Unix socket of the `oxprobe` command, `tunnel` the outbound WebSocket
//! to a tunnel server, `http` the HTTP API and its WebSocket, `telnet` a terminal, `mcp` the tools of an assistant, all
//! three closed unless somebody asks for them. Everything that may wait (names, files, certificates) runs on a short
//! thread of its own, everything that a peer can make grow is bounded.
#![forbid(unsafe_code)]

mod allowance;
mod backoff;
mod clock;
mod config_file;
mod core;
mod credentials;
mod door;
mod draw;
mod entrance;
pub mod fuzz;
mod guesses;
mod http;
mod identity;
mod journal;
mod loan;
mod local;
mod mailbox;
mod mcp;
mod options;
mod port;
mod random;
mod reactor;
mod table;
mod takeover;
mod telnet;
mod tunnel;

pub use config_file::read_config;
pub use identity::Facts;
pub use journal::{Journal, RING_BYTES};
pub use local::{Made, Place};
pub use options::{Gathered, KeyFacts, Listen, Options, Protocol, Secret, Source, Sources};
pub use reactor::{Handle, Process, Reactor, Setup};
