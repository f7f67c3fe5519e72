//! What must be known before a connection can be tried: addresses, trusted certificates, the token.
//!
//! All of it may wait for a name server or a disk, so it runs on a short thread, `oxprobe-dial`.

use std::fs::File;
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;

use super::address::Address;
use super::trust;
use crate::Secret;

/// A token longer than this is not a token.
const TOKEN_BYTES: u64 = 64 * 1024;

/// What to look up.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) address: Address,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) token: Option<Secret>,
    pub(crate) token_file: Option<PathBuf>,
    /// The TLS configuration of the last time, if it still holds.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// At least one.
    pub(crate) addresses: Vec<SocketAddr>,
    /// For `wss`.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) token: Option<Secret>,
}

impl Errand {
    /// Does it. Waits. An error is the sentence for the user.
    pub(crate) fn run(self) -> Result<Found, String> {
        let token = match &self.token_file {
            Some(path) if self.token.is_none() => Some(read_token(path)?),
            _ => self.token,
        };
        let tls = match (self.address.tls, self.tls) {
            (false, _) => None,
            (true, Some(known)) => Some(known),
            (true, None) => Some(trust::config(self.ca_file.as_deref())?),
        };
        let (host, port) = (self.address.host.as_str(), self.address.port);
        let addresses: Vec<SocketAddr> = (host, port)
            .to_socket_addrs()
            .map_err(|why| {
                format!("the name {host} cannot be resolved ({why}); check tunnel-url and the DNS")
            })?
            .take(8)
            .collect();
        if addresses.is_empty() {
            return Err(format!("the name {host} has no address; check tunnel-url and the DNS"));
        }
        Ok(Found { addresses, tls, token })
    }
}

fn read_token(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(TOKEN_BYTES).read_to_string(&mut text));
    read.map_err(|why| format!("the token file {shown} cannot be read ({why}); check token-file"))?;
    match text.trim() {
        "" => Err(format!("the token file {shown} is empty; it must hold the agent token")),
        token => Ok(Secret::new(token)),
    }
}
