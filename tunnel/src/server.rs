//! What every request can reach: the agents, the door, and how patient we are.

use std::net::SocketAddr;
use std::sync::Arc;

use lender::{Bench, Shelf};

use crate::agents::Agents;
use crate::login::Doorkeeper;
use crate::options::Patience;
use crate::origin::Origins;
use crate::stop::Stop;
use crate::token::Tokens;

/// The server as its routes see it.
pub(crate) struct Server {
    pub(crate) agents: Arc<Agents>,
    pub(crate) doorkeeper: Doorkeeper,
    pub(crate) tokens: Tokens,
    pub(crate) origins: Origins,
    pub(crate) patience: Patience,
    pub(crate) trust_proxy: bool,
    /// Where it listens, for the listings of Arthas.
    pub(crate) listens: Vec<SocketAddr>,
    pub(crate) tls: bool,
    pub(crate) stop: Stop,
    /// The jars that agents may borrow.
    pub(crate) shelf: Shelf,
    /// Where agents have things decompiled, where there is a Java for it.
    pub(crate) bench: Option<Arc<Bench>>,
}

impl Server {
    /// The product's version.
    pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
}

/// One server, shared by its tasks.
pub(crate) type Shared = Arc<Server>;
