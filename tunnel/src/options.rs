//! The command line. Its texts are the help; what the options mean is checked where they are used.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use log::LevelFilter;

/// Where agents of oxprobe and Arthas register, and a web console reaches them.
#[derive(Parser)]
#[command(name = "oxprobe-tunnel", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve agents, the web console and the API on one address.
    Serve(Box<Serve>),
    /// Give the admin a new password; it counts at once, and open sessions end.
    Passwd(Passwd),
}

/// The options of `serve`.
#[derive(Args)]
pub(crate) struct Serve {
    /// Address to listen on; give it several times for several. Port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7777")]
    pub(crate) listen: Vec<SocketAddr>,

    /// Certificate chain, PEM: serves https and wss. Needs --key.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,

    /// Private key of --cert, PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) folder: Folder,

    /// Take the admin's password from this file, now and at every start.
    #[arg(long, value_name = "FILE")]
    pub(crate) admin_password_file: Option<PathBuf>,

    /// Take the agents' tokens from this file, one a line; each of them is accepted.
    #[arg(long, value_name = "FILE")]
    pub(crate) agent_token_file: Option<PathBuf>,

    /// Accept agents that show no token.
    #[arg(long)]
    pub(crate) allow_anonymous_agents: bool,

    /// Accept browsers of pages from this origin, like https://console.example.com, besides our
    /// own; give it several times for several.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,

    /// Decompile for agents (`jad` in a console) with this Java, so that their JVMs need not; `none`: let them do it themselves
    /// [default: the one of JAVA_HOME, else the first of PATH]
    #[arg(long, value_name = "FILE")]
    pub(crate) java: Option<PathBuf>,

    /// Believe X-Forwarded-For and X-Forwarded-Proto: only behind a proxy that sets them.
    #[arg(long)]
    pub(crate) trust_proxy: bool,

    /// Most connections at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
    pub(crate) max_connections: usize,

    /// How much to log to stderr: off, error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,

    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// The options of `passwd`.
#[derive(Args)]
pub(crate) struct Passwd {
    #[command(flatten)]
    pub(crate) folder: Folder,

    /// Take the new password from this file; without it one is made and printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) admin_password_file: Option<PathBuf>,
}

/// Where the server keeps what it must remember.
#[derive(Args)]
pub(crate) struct Folder {
    /// Folder for the password's hash, the agent token and sessions
    /// [default: oxprobe-tunnel in the user's data folder, else ./oxprobe-tunnel-data]
    #[arg(long = "data-dir", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Folder {
    /// The folder: as given, `$XDG_DATA_HOME/oxprobe-tunnel`,
    /// `~/.local/share/oxprobe-tunnel`, or `./oxprobe-tunnel-data` for those without a home.
    pub(crate) fn path(&self) -> PathBuf {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        self.data_dir
            .clone()
            .or_else(|| variable("XDG_DATA_HOME").map(|data| data.join("oxprobe-tunnel")))
            .or_else(|| variable("HOME").map(|home| home.join(".local/share/oxprobe-tunnel")))
            .unwrap_or_else(|| PathBuf::from("oxprobe-tunnel-data"))
    }
}

/// How long the server waits for others. Tests shorten it; nobody else needs to.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Idle time after which a ping is sent.
    #[arg(long, value_name = "MS", default_value = "10000", value_parser = milliseconds, hide = true)]
    pub(crate) ping_after: Duration,

    /// Silence after which a peer is given up.
    #[arg(long, value_name = "MS", default_value = "35000", value_parser = milliseconds, hide = true)]
    pub(crate) silent_after: Duration,

    /// How long a browser waits for the agent's console.
    #[arg(long, value_name = "MS", default_value = "20000", value_parser = milliseconds, hide = true)]
    pub(crate) console_wait: Duration,

    /// How long a write may wait for a peer that does not read.
    #[arg(long, value_name = "MS", default_value = "60000", value_parser = milliseconds, hide = true)]
    pub(crate) stuck_after: Duration,

    /// How long a client may take for its TLS handshake, request head or body.
    #[arg(long, value_name = "MS", default_value = "10000", value_parser = milliseconds, hide = true)]
    pub(crate) request_within: Duration,
}

fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Options::command().debug_assert();
    }
}
