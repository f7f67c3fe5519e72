//! One console that somebody opened at the tunnel server: a connection of its own, and a session.

use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use render::Theme;
use shell::{Event, Lender, Session, Size};
use wire::arthas::Keys;

use super::address::Address;
use super::link::Link;
use super::lost::Lost;
use crate::core::{Core, Demand, Visitor};
use crate::draw;
use crate::loan::Loans;

/// The most that goes into one frame.
const CHUNK_BYTES: usize = 16 * 1024;

/// How many frames one turn of the loop sends on one console.
const FRAMES_PER_TURN: usize = 32;

/// See the module.
pub(super) struct Terminal {
    link: Link,
    token: Token,
    /// From when the connection stands until the session is over.
    session: Option<Session>,
    /// What is said instead of a session.
    refusal: Option<String>,
    /// What the server lends.
    loans: Option<Arc<Loans>>,
}

impl Terminal {
    pub(super) fn new(link: Link, token: Token, loans: Option<Arc<Loans>>) -> Self {
        Self { link, token, session: None, refusal: None, loans }
    }

    /// Does what can be done. The error ends the terminal.
    pub(super) fn drive(&mut self, core: &mut Core) -> Result<(), Lost> {
        let driven = self.link.drive(core.now)?;
        if driven.again {
            core.again.insert(self.token);
        }
        if driven.opened {
            self.open(core);
        }
        if let Some(session) = &mut self.session {
            for text in &driven.texts {
                match Keys::parse(text) {
                    Some(Keys::Read(keys)) => session.input(keys.as_bytes()),
                    Some(Keys::Resize { cols, rows }) => session.resize(Size { cols, rows }),
                    None => {}
                }
            }
        }
        self.pump(core)
    }

    pub(super) fn tick(&mut self, now: Instant) -> Result<(), Lost> {
        self.link.tick(now)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.link.deadline()
    }

    /// Ends the session and says goodbye.
    pub(super) fn leave(&mut self, code: u16, reason: &str, core: &mut Core) {
        self.end_session(core);
        self.link.close(code, reason, core.now);
    }

    /// Ends the session; the connection is lost.
    pub(super) fn end_session(&mut self, core: &mut Core) {
        if let Some(mut session) = self.session.take() {
            session.close();
            core.close_session();
        }
    }

    fn open(&mut self, core: &mut Core) {
        match core.open_session() {
            Ok(()) => {
                let draw = Arc::new(draw::Text { theme: Theme::Ansi });
                let visitor = Visitor {
                    from: "tunnel",
                    user: String::new(),
                    peer: core
                        .options
                        .tunnel_url
                        .as_deref()
                        .and_then(|url| Address::parse(url).ok())
                        .map(|a| a.to_string())
                        .unwrap_or_default(),
                    id: None,
                    lock: None,
                };
                let mut setup = core.session_setup(self.token, visitor, Size::USUAL, draw);
                setup.lender = self.loans.take().map(|loans| loans as Arc<dyn Lender>);
                self.session = Some(Session::terminal(core.shell.clone(), setup));
            }
            Err(sentence) => self.refusal = Some(sentence),
        }
    }

    /// Sends what the session has, as long as the socket takes it: beyond that it stays in the
    /// session's bounded queue, where the command waits.
    fn pump(&mut self, core: &mut Core) -> Result<(), Lost> {
        if let Some(sentence) = self.refusal.take_if(|_| self.link.is_writable()) {
            self.link.send(format!("{sentence}\r\n"))?;
            // 1013: try again later.
            self.link.close(1013, "too many sessions", core.now);
        }
        for _ in 0..FRAMES_PER_TURN {
            if !self.link.is_writable() {
                return Ok(());
            }
            let Some(event) = self.session.as_mut().and_then(|session| session.poll(CHUNK_BYTES)) else {
                return Ok(());
            };
            match event {
                Event::Output(bytes) => {
                    self.link.send(draw::sent(bytes))?;
                }
                // 1000 and this word are what Arthas's clients know.
                Event::Close { .. } | Event::Done { .. } => self.leave(1000, "Bye", core),
                Event::StopAgent => {
                    core.orders.push(Demand::Stop(None));
                    return Ok(());
                }
                Event::Value(_) => {}
            }
        }
        core.again.insert(self.token);
        Ok(())
    }
}
