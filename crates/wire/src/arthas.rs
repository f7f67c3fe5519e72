//! The Arthas tunnel protocol: what agents, browsers and the server ask of each other.
//!
//! Agents and browsers ask with the query of a WebSocket upgrade ([`Request`]); the server asks an
//! agent with text frames on its control connection ([`Order`]); terminal bytes travel as
//! [`Keys`]. All of it is parsing and building text: total, bounded, and without a socket.
//! [`Registration`] has the fields our own agent adds; an Arthas server ignores them.

mod fuzz;
mod id;
mod keys;
mod order;
mod query;
mod request;
mod response;

pub use fuzz::{fuzz, proxied};
pub use id::{RANDOM_LENGTH, application_of, is_id, new_id, random_text};
pub use keys::Keys;
pub use order::{Order, ProxyAnswer};
pub use query::{MAX_QUERY, Query, decode, encode, join};
pub use request::{Identity, Registration, Request};
pub use response::Response;

use thiserror::Error;

/// The protocol version our agent states as `oxprobe=` when it registers.
pub const OXPROBE_PROTOCOL: u32 = 1;

/// The longest agent id or application name, in bytes of UTF-8.
pub const MAX_NAME: usize = 256;

/// The longest token in a query, in bytes; longer ones travel in an `Authorization` header.
pub const MAX_TOKEN: usize = 512;

/// Why a text is not what the protocol allows. The sentences are fit to be shown to a user.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ArthasError {
    /// Longer than the protocol allows for it.
    #[error("{what} is {length} bytes long; at most {limit} are accepted")]
    TooLong {
        /// What was too long.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the query has a percent sign without two hexadecimal digits, or is not UTF-8")]
    Encoding,
    /// A parameter that the method needs.
    #[error("the parameter '{0}' is missing")]
    Missing(&'static str),
    /// A parameter whose value cannot be.
    #[error("the parameter '{name}' must be {wanted}")]
    Bad {
        /// The parameter.
        name: &'static str,
        /// What it should have been.
        wanted: &'static str,
    },
    /// A method this side does not know.
    #[error("the method '{0}' is unknown; agentRegister, openTunnel and connectArthas are known")]
    Method(String),
    /// A frame that does not begin as the server's orders do.
    #[error("the text frame is not a tunnel order")]
    NotAnOrder,
}
