//! What the agent shall be: one list of keys, four places they may come from.
//!
//! An option of the agent's argument counts more than the environment (`OXPROBE_` and the key in
//! upper case), that more than a system property (`oxprobe.` and the key, then the name Arthas
//! uses), and that more than the file that `config` names. Every value remembers which it was. Nothing
//! here fails: what is wrong becomes a sentence and is left aside, because a bad option must never
//! stop an application.

mod gathered;
mod key;
mod listen;
mod protocol;
mod secret;
mod source;
mod text;
mod time;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shell::Configured;

use self::gathered::ARTHAS_IP;
pub use self::gathered::Gathered;
use self::key::{KEYS, Key, Kind};
pub use self::listen::Listen;
pub use self::protocol::Protocol;
pub use self::secret::Secret;
pub use self::source::{Source, Sources};

/// The options in force. A key that nobody gave is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `tunnel-url`: `ws://` or `wss://` address of the tunnel server.
    pub tunnel_url: Option<String>,
    /// `app-name`: the application the agent is listed under.
    pub app_name: Option<String>,
    /// `agent-id`: the agent's id at the tunnel server.
    pub agent_id: Option<String>,
    /// `token`: what a tunnel server that wants one is shown.
    pub token: Option<Secret>,
    /// `token-file`: a file that holds the token. Read at each connect, so that it can be rotated.
    pub token_file: Option<PathBuf>,
    /// `ca-file`: PEM certificates that a `wss` tunnel may be signed by, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `http`: where the HTTP API and its WebSocket listen.
    pub http: Option<Listen>,
    /// `telnet`: where the telnet server listens.
    pub telnet: Option<Listen>,
    /// `mcp`: where the MCP server listens. May be the address of `http`.
    pub mcp: Option<Listen>,
    /// `mcp-protocol`: whether its clients have sessions.
    pub mcp_protocol: Option<Protocol>,
    /// `view-dirs`: folders whose files the tool `viewfile` reads, beside `output_dir`.
    pub view_dirs: Vec<String>,
    /// `host-names`: what may stand in a request's `Host`, beside addresses and `localhost`.
    pub host_names: Vec<String>,
    /// `user`: who may log in there. Holds no colon.
    pub user: Option<String>,
    /// `password`: that user's password.
    pub password: Option<Secret>,
    /// `password-file`: a file that holds the password.
    pub password_file: Option<PathBuf>,
    /// `no-password`: they ask for none.
    pub no_password: Option<bool>,
    /// `allow`: what sessions over `http`, `telnet` and `mcp` may do (`view observe …`), separated as in
    /// `disabled_commands`; without it, what `permissions` says.
    pub allow: Option<String>,
    /// `permissions`: what sessions may do (`view observe …`), separated as in `disabled_commands`; without it everything.
    pub permissions: Option<String>,
    /// `read-only`: nothing that changes the application or its files.
    pub read_only: Option<bool>,
    /// `disabled-commands`: names that are refused. The value separates them by blanks, `;` or `|`.
    pub disabled_commands: Vec<String>,
    /// `session-timeout`: how long a session lasts in which nothing happens; zero for ever.
    pub session_timeout: Option<Duration>,
    /// `output-dir`: where commands put their files.
    pub output_dir: Option<PathBuf>,
    /// `java-dir`: the folder of the jars that some commands need.
    pub java_dir: Option<PathBuf>,
    /// `log`: a file for the log, or a folder for it. The pid becomes part of its name.
    pub log: Option<PathBuf>,
    /// `config`: a file with the same keys, one a line.
    pub config: Option<PathBuf>,
    /// `socket`: the path of the local socket, or `@name` for an abstract one.
    pub socket: Option<String>,
    /// `nonce`: what the agent says in its first frame, so that the loader knows its own attach.
    pub nonce: Option<String>,
    /// Which place named a key's value.
    pub sources: BTreeMap<&'static str, Source>,
}

/// One key as the documentation has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// As the option list and the file have it.
    pub name: &'static str,
    /// What it says, in a few words.
    pub about: &'static str,
    /// What holds where no place names it; empty for nothing.
    pub default: &'static str,
    /// The name Arthas has for it.
    pub arthas: Option<&'static str>,
}

impl Options {
    /// The system properties that [`Options::gather`] may ask for.
    pub fn property_names() -> Vec<String> {
        let own = KEYS.iter().map(|key| format!("oxprobe.{}", key.name));
        let arthas = KEYS.iter().filter_map(|key| key.arthas).chain([ARTHAS_IP]);
        own.chain(arthas.map(str::to_owned)).collect()
    }

    /// The keys there are, but for those between the loader and the agent.
    pub fn keys() -> impl Iterator<Item = KeyFacts> {
        KEYS.iter().filter(|key| key.kind != Kind::Internal).map(|key| KeyFacts {
            name: key.name,
            about: key.about,
            default: key.default,
            arthas: key.arthas,
        })
    }

    /// What is in force and where it came from, without what is secret.
    pub fn configuration(&self) -> Vec<Configured> {
        let row = |key: &Key| {
            let source = self.sources.get(key.name).map(Source::to_string);
            let default = (!key.default.is_empty()).then(|| key.default.to_owned());
            Configured {
                key: key.name,
                value: key.shown(self).or(default),
                source: source.unwrap_or_else(|| "default".to_owned()),
            }
        };
        KEYS.iter().filter(|key| key.kind != Kind::Internal).map(row).collect()
    }

    /// The user who may log in.
    pub fn user_or_default(&self) -> &str {
        self.user.as_deref().unwrap_or(key::USER)
    }

    /// How long a session lasts in which nothing happens; `None` for ever.
    pub fn session_timeout_or_default(&self) -> Option<Duration> {
        Some(self.session_timeout.unwrap_or(key::SESSION_TIMEOUT)).filter(|limit| !limit.is_zero())
    }

    /// Where the MCP server listens, if there shall be one.
    pub(crate) fn mcp_address(&self) -> Option<SocketAddr> {
        self.mcp.and_then(Listen::address)
    }

    /// Where the HTTP server listens, if there shall be one.
    pub(crate) fn http_address(&self) -> Option<SocketAddr> {
        self.http.and_then(Listen::address)
    }

    /// Where commands put their files. May be relative to the JVM's working directory, and need not
    /// exist.
    pub fn output_dir_or_default(&self) -> &Path {
        self.output_dir.as_deref().unwrap_or(Path::new(key::OUTPUT_DIR))
    }

    /// Keys and values, as they are given.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut given = BTreeMap::new();
        for key in KEYS {
            if let Some(value) = (key.get)(self) {
                given.insert(key.name.to_owned(), value);
            }
        }
        given
    }

    /// Lays newer options over these: what the newer ones give counts, the rest stays.
    pub fn overlay(&mut self, newer: Self) {
        for key in KEYS {
            let Some(value) = (key.get)(&newer) else { continue };
            // It was understood once.
            if (key.set)(self, &value).is_ok() {
                match newer.sources.get(key.name) {
                    Some(source) => self.sources.insert(key.name, source.clone()),
                    None => self.sources.remove(key.name),
                };
            }
        }
    }
}
