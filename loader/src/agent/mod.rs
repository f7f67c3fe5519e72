//! The agent's socket, seen from outside the JVM.

mod connection;
mod endpoint;
mod lent;
mod options;
mod session;

pub use connection::{Connection, Lost, wait};
pub use endpoint::Endpoint;
pub use lent::part;
pub use options::parse as parse_options;
pub use session::{Credit, SESSION, Signals, WINDOW, user};
