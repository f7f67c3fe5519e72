//! The agent's socket, seen from outside the JVM.

mod connection;
mod endpoint;
mod favours;
mod options;
mod session;

pub use connection::{Connection, Lost, wait};
pub use endpoint::Endpoint;
pub use options::parse as parse_options;
pub use session::{Credit, SESSION, Signals, WINDOW, user};
