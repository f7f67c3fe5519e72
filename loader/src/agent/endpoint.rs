//! Where the agent of a JVM listens, and whether it is really that JVM that does.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::PathBuf;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use crate::failure::Failure;
use crate::process::Process;

/// The two places an agent listens at: a socket file, or, where `/tmp` cannot be written to, a name
/// without a file. The second is reachable in its network namespace only.
#[derive(Clone, Debug)]
pub struct Endpoint {
    process: Process,
    inside: String,
    path: PathBuf,
    name: String,
}

impl Endpoint {
    /// The places of a process.
    pub fn of(process: &Process) -> Self {
        let inside = format!("/tmp/.oxprobe-{}/agent.sock", process.nspid);
        Self {
            process: process.clone(),
            path: process.path(&inside),
            inside,
            name: format!("oxprobe-{}-{}", process.nspid, process.start),
        }
    }

    /// The socket file's path as the process itself sees it.
    pub fn inside(&self) -> &str {
        &self.inside
    }

    /// Connects. `None`: nobody listens. The other end must be the process itself: the file lies in a
    /// folder everybody may write to, and what we send may hold secrets.
    pub fn connect(&self) -> Result<Option<UnixStream>, Failure> {
        if let Ok(stream) = UnixStream::connect(&self.path) {
            return self.checked(stream, self.path.display().to_string()).map(Some);
        }
        let by_name = SocketAddr::from_abstract_name(self.name.as_bytes())
            .and_then(|address| UnixStream::connect_addr(&address));
        match by_name {
            Ok(stream) => self.checked(stream, format!("@{}", self.name)).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Whether the agent answers there. The connection is closed at once.
    pub fn is_served(&self) -> bool {
        matches!(self.connect(), Ok(Some(_)))
    }

    fn checked(&self, stream: UnixStream, path: String) -> Result<UnixStream, Failure> {
        let peer = getsockopt(&stream, PeerCredentials)
            .map_err(io::Error::from)
            .map_err(|why| Failure::AgentSilent { pid: self.process.pid, why: why.to_string() })?;
        if peer.pid() == self.process.pid && peer.uid() == self.process.uid {
            return Ok(stream);
        }
        Err(Failure::ForeignSocket { pid: self.process.pid, path, peer: peer.pid(), uid: peer.uid() })
    }
}
