//! What the transports know about the agent's connections and the `session` command shows.

use std::fmt;

use parking_lot::RwLock;

/// The agent's connections. Written by transports, read by commands.
#[derive(Debug, Default)]
pub struct Connections {
    state: RwLock<ConnectionState>,
}

/// A copy of what is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionState {
    /// The agent's id at the tunnel server.
    pub agent_id: Option<String>,
    /// The tunnel server's URL without what is secret in it.
    pub tunnel_server: Option<String>,
    /// Whether the agent is registered there now.
    pub tunnel_connected: bool,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// The agent's configuration, without what is secret.
    pub configuration: Vec<Configured>,
    /// The HTTP port, while it is open.
    pub http: Option<Port>,
    /// The telnet port, while it is open.
    pub telnet: Option<Port>,
    /// The port of the MCP server, while it has one of its own that is open.
    pub mcp: Option<Port>,
}

/// A key of the agent's configuration: what holds, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// Its name.
    pub key: &'static str,
    /// Its value as it may be shown; `None` where there is none.
    pub value: Option<String>,
    /// Where the value came from: `option`, `environment NAME`, `property NAME`, `file PATH`, `default`.
    pub source: String,
}

/// A port that somebody asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Port {
    /// Where it listens.
    pub address: String,
    /// The user who may enter; `None`: everybody.
    pub user: Option<String>,
    /// The password, where the agent made it up: for the local socket's eyes only.
    pub made_password: Option<String>,
}

impl fmt::Debug for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.address)
    }
}

impl Connections {
    /// What is known now.
    pub fn get(&self) -> ConnectionState {
        self.state.read().clone()
    }

    /// Changes what is known.
    pub fn update(&self, change: impl FnOnce(&mut ConnectionState)) {
        change(&mut self.state.write());
    }
}
