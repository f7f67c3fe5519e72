//! A TCP port that somebody asked for: accepts without waiting, and not faster than is good.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};

use crate::allowance::Allowance;
use crate::core::Core;

/// How many connections a second are accepted, and how many at once; the rest waits in the kernel.
const ACCEPTED: (u32, u32) = (500, 500);

/// How long nothing is accepted when the process has no descriptors left.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Port {
    token: Token,
    listener: TcpListener,
    address: SocketAddr,
    allowance: Allowance,
    /// Nothing is accepted until then.
    paused: Option<Instant>,
}

impl Port {
    /// Listens; the error is a sentence for the user.
    pub(crate) fn open(address: SocketAddr, core: &mut Core) -> Result<Self, String> {
        let failed = |why: io::Error| match why.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another process; choose another port")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("{address} is no address of this machine; 127.0.0.1 and 0.0.0.0 always are")
            }
            _ => format!("{address} cannot be listened on: {why}"),
        };
        let mut listener = TcpListener::bind(address).map_err(failed)?;
        let token = core.token();
        core.registry.register(&mut listener, token, Interest::READABLE).map_err(failed)?;
        // The system chose the port where 0 was asked for.
        let address = listener.local_addr().unwrap_or(address);
        let (per_second, most) = ACCEPTED;
        Ok(Self {
            token,
            listener,
            address,
            allowance: Allowance::new(per_second, most, core.now),
            paused: None,
        })
    }

    pub(crate) fn token(&self) -> Token {
        self.token
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, if there is one now and it may come now. Registered under its token.
    pub(crate) fn accept(&mut self, core: &mut Core) -> Option<(Token, TcpStream, SocketAddr)> {
        if self.paused.is_some_and(|until| core.now < until) {
            return None;
        }
        self.paused = None;
        loop {
            if let Err(wait) = self.allowance.take(core.now) {
                self.paused = Some(core.now + wait);
                return None;
            }
            match self.listener.accept() {
                Ok((mut stream, peer)) => {
                    let token = core.token();
                    // Small answers shall not wait for each other.
                    drop(stream.set_nodelay(true));
                    let both = Interest::READABLE | Interest::WRITABLE;
                    if core.registry.register(&mut stream, token, both).is_ok() {
                        return Some((token, stream, peer));
                    }
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return None,
                Err(why) if matches!(why.raw_os_error(), Some(libc_errors::EMFILE | libc_errors::ENFILE)) => {
                    log::warn!("{}: a connection could not be accepted: {why}", self.address);
                    self.paused = Some(core.now + EXHAUSTED);
                    return None;
                }
                // One that was given up before it was accepted.
                Err(_) => {}
            }
        }
    }

    /// When to accept again without an event.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.paused
    }
}

/// What `accept` says where the process or the machine has no descriptors left (errno(3)).
mod libc_errors {
    pub(super) const EMFILE: i32 = nix::errno::Errno::EMFILE as i32;
    pub(super) const ENFILE: i32 = nix::errno::Errno::ENFILE as i32;
}
