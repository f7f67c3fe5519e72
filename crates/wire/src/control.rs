//! What the frames carry. Every field that may be missing has a default, so that either side may be
//! older.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Version of the protocol: same major, both can talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Changes when the other side could misunderstand.
    pub major: u16,
    /// Changes when something is added.
    pub minor: u16,
}

impl Version {
    /// The one this code speaks.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

/// First frame each way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The protocol's version.
    pub proto: Version,
    /// The product's version, such as `0.1.0`.
    pub product: String,
    /// Names of things the sender can do beyond its protocol's version.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// From the agent: the nonce it was attached with, so that the loader knows that this agent
    /// answers for its attach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// From the agent: the pid in its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// From the agent: the names of its commands, in `help` order.
    #[serde(default)]
    pub signatures: Vec<String>,
}

/// Options for the agent, the same keys as on `-agentpath`. Travels over the socket because the
/// attach argument is cut at 1,024 bytes and is readable by others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Configure {
    /// Keys and values.
    #[serde(default)]
    pub options: std::collections::BTreeMap<String, String>,
}

/// What became of a [`Configure`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Configured {
    /// What was wrong, a sentence for each option left aside.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// A new session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// Terminal or one command line.
    pub mode: Mode,
    /// Columns to draw for.
    pub cols: u16,
    /// Rows to draw for.
    pub rows: u16,
    /// Whether escapes for colours may be used.
    #[serde(default)]
    pub color: bool,
    /// How many bytes the client can hold before it sends [`Window`].
    #[serde(default = "default_window")]
    pub window: u64,
    /// Who asked, for the log.
    #[serde(default)]
    pub user: String,
}

fn default_window() -> u64 {
    256 * 1024
}

/// What a session is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Mode {
    /// Keys in, screen out; the agent edits the line.
    Terminal,
    /// One command line; the session is over when it ends.
    Exec {
        /// The line.
        line: String,
        /// Results as JSON objects instead of text.
        #[serde(default)]
        json: bool,
    },
}

/// The terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resize {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// A job ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// 0 is success, see `model::Status`.
    pub status: i32,
    /// Why it failed, unless the output has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Results that were dropped because nobody read them in time.
    #[serde(default)]
    pub dropped: u64,
}

/// Credit for the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Bytes of `Output` and `Result` payload.
    pub bytes: u64,
}

/// A newer copy of the agent takes the JVM over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// Its product version.
    pub product: String,
}

/// What was asked is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What happened, why, and what to do next.
    pub message: String,
}

/// A file that a client sends along with its commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path as the user wrote it; commands name it so, or by what follows its last slash.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// [`checksum`] of its bytes.
    pub checksum: u64,
}

impl File {
    /// The capability of an agent that takes files.
    pub const CAPABILITY: &str = "files";
    /// The longest file, in bytes.
    pub const LONGEST: u64 = 10 * 1024 * 1024;
    /// How many bytes the files of a connection may have together.
    pub const MOST_BYTES: u64 = 32 * 1024 * 1024;
    /// How many files a connection may send.
    pub const MOST: usize = 64;
}

/// What an agent that stops says to who comes: in a moment it is gone, and may be loaded again.
pub const STOPPING: &str = "the agent is stopping; attach again to go on";

/// FNV-1a, 64 bits: finds what was mixed up, not what was forged.
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The capability of who runs a decompiler for agents: he takes [`crate::Message::Work`]. What the turns say is between
/// the agent's `host::decompile` and `java-shim/parts/Workshop.java`; where that changes so that they no longer understand
/// each other, this becomes another name.
pub const DECOMPILE: &str = "decompile";

/// A piece of a file that the client lends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartWanted {
    /// The file's plain name.
    pub file: String,
    /// Where the piece begins.
    pub from: u64,
    /// How long it is at most, in bytes.
    pub most: u32,
}

impl PartWanted {
    /// The capability of who lends files.
    pub const CAPABILITY: &str = "parts";
}

/// The agent's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLines {
    /// Oldest first.
    pub lines: Vec<String>,
    /// Whether more follow.
    #[serde(default)]
    pub more: bool,
}
