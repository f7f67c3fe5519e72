//! The local socket: how the `oxprobe` command talks to the agent of a process.

mod connection;
mod files;
mod rendezvous;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::UnixListener;
use mio::{Interest, Token};
use parking_lot::Mutex;
use wire::{Frame, Message, Refused};

use crate::core::Core;
use connection::Connection;
pub(crate) use rendezvous::NoRendezvous;
pub use rendezvous::{Made, Place};
use rendezvous::{Rendezvous, peer_of};

/// How many peers there may be at once.
const MAX_PEERS: usize = 64;

/// How often the socket's file is looked for: cleaners of `/tmp` take old files away.
const LOOK: Duration = Duration::from_secs(60);

/// The listening socket and everybody who came through it.
pub(crate) struct Local {
    listener: Option<(Token, UnixListener)>,
    place: Place,
    /// What must be removed; shared with whoever may have to do so while the JVM dies.
    made: Arc<Mutex<Option<Made>>>,
    peers: BTreeMap<Token, Connection>,
    next_look: Instant,
}

impl Local {
    pub(crate) fn new(place: Place, made: Arc<Mutex<Option<Made>>>) -> Self {
        Self { listener: None, place, made, peers: BTreeMap::new(), next_look: Instant::now() + LOOK }
    }

    /// Listens. What cannot be had is in the log and in `session`; another copy of the agent in this
    /// process is the error.
    pub(crate) fn listen(&mut self, core: &mut Core) -> Result<(), std::os::unix::net::UnixStream> {
        self.next_look = core.now + LOOK;
        let place = self.place.clone().chosen(core.options.socket.as_deref());
        match Rendezvous::bind(&place) {
            Ok(bound) => {
                if let Some(why) = &bound.detour {
                    log::warn!("local: {why}");
                }
                *self.made.lock() = bound.made();
                let token = core.token();
                let shown = bound.shown;
                let mut listener = UnixListener::from_std(bound.listener);
                match core.registry.register(&mut listener, token, Interest::READABLE) {
                    Ok(()) => {
                        log::info!("local: listening at {shown}");
                        core.problems.local = None;
                        self.listener = Some((token, listener));
                    }
                    Err(why) => self.problem(core, format!("the local socket {shown} cannot be used: {why}")),
                }
            }
            Err(NoRendezvous::AnotherCopy(stream)) => return Err(stream),
            Err(NoRendezvous::Failed(why)) => self.problem(core, why),
        }
        core.publish_problems();
        Ok(())
    }

    fn problem(&mut self, core: &mut Core, why: String) {
        log::warn!("local: {why}");
        core.problems.local = Some(why);
    }

    /// Listens at another place, if the options name one.
    pub(crate) fn relisten(&mut self, core: &mut Core) {
        let wanted = self.place.clone().chosen(core.options.socket.as_deref());
        let here = self.made.lock().as_ref().is_some_and(|made| made.is_at(&wanted.path) && made.is_there());
        if here || core.stopping {
            return;
        }
        if self.listener.is_some() && core.options.socket.is_none() && self.made.lock().is_none() {
            // The abstract name has no file to lose.
            return;
        }
        self.stop_listening();
        if self.listen(core).is_err() {
            log::warn!("local: another copy of the agent took the socket");
        }
    }

    /// No new peers; the files go.
    pub(crate) fn stop_listening(&mut self) {
        self.listener = None;
        if let Some(made) = self.made.lock().take() {
            made.remove();
        }
    }

    /// Whether the token is one of ours; then what can be done is done.
    pub(crate) fn ready(&mut self, token: Token, core: &mut Core) -> bool {
        if self.listener.as_ref().is_some_and(|(listener, _)| *listener == token) {
            self.accept(core);
            return true;
        }
        let Some(peer) = self.peers.get_mut(&token) else { return false };
        peer.drive(core);
        if peer.is_gone() {
            self.peers.remove(&token);
        }
        true
    }

    fn accept(&mut self, core: &mut Core) {
        while let Some((_, listener)) = &self.listener {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => {
                    // Out of descriptors, most likely: the application's, not ours to repair.
                    log::warn!("local: a peer could not be accepted: {why}");
                    return;
                }
            };
            let is_private = self.made.lock().is_some();
            let peer = peer_of(&stream).filter(|peer| peer.may_enter(is_private));
            let refusal = match peer {
                None => Some("only the JVM's own user and root may enter; run oxprobe as one of them"),
                Some(_) if self.peers.len() >= MAX_PEERS => {
                    Some("64 clients are connected, which is the limit")
                }
                Some(_) if core.stopping => Some(wire::STOPPING),
                Some(_) => None,
            };
            let (Some(peer), None) = (peer, refusal) else {
                refuse(&mut stream, refusal.unwrap_or_default());
                continue;
            };
            let token = core.token();
            if core.registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).is_ok() {
                let mut connection = Connection::new(stream, token, peer, core);
                connection.drive(core);
                self.peers.insert(token, connection);
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let look = self.made.lock().is_some().then_some(self.next_look);
        self.peers.values().filter_map(Connection::deadline).chain(look).min()
    }

    pub(crate) fn tick(&mut self, core: &mut Core) {
        self.peers.retain(|_, peer| {
            peer.tick(core);
            !peer.is_gone()
        });
        if core.now >= self.next_look {
            self.next_look = core.now + LOOK;
            let lost = self.made.lock().as_ref().is_some_and(|made| !made.is_there());
            if lost && !core.stopping {
                log::warn!("local: the socket's file is gone, it is made again");
                self.relisten(core);
            }
        }
    }

    /// Tells a peer what became of its options.
    pub(crate) fn configured(&mut self, token: Token, problems: Vec<String>, core: &mut Core) {
        if let Some(peer) = self.peers.get_mut(&token) {
            peer.configured(problems, core);
        }
    }

    /// The agent stops: answers the peer that asked, and says goodbye to all.
    pub(crate) fn leave(&mut self, asked: &[Token], left: &[String], core: &mut Core) {
        for (token, peer) in &mut self.peers {
            if asked.contains(token) {
                peer.stopped(left);
            }
            peer.leave(core);
        }
    }

    /// Whether everybody has read everything.
    pub(crate) fn is_flushed(&self) -> bool {
        self.peers.values().all(|peer| peer.is_gone() || peer.is_flushed())
    }
}

/// One sentence to somebody who is not let in. A new socket has room for it.
fn refuse(stream: &mut mio::net::UnixStream, message: &str) {
    let mut bytes = Vec::new();
    let frame = Frame { session: 0, message: Message::Refused(Refused { message: message.to_owned() }) };
    if frame.encode(&mut bytes).is_ok() {
        drop(io::Write::write(stream, &bytes));
    }
    log::info!("local: a client was refused: {message}");
}

/// However the loop ends, the socket does not stay.
impl Drop for Local {
    fn drop(&mut self) {
        self.stop_listening();
    }
}
