//! What other threads tell the loop: a session has output, a look-up is done, the agent shall stop.
//!
//! A letter wakes the loop once, however many follow before it looks.

use std::io;

use mio::{Token, Waker};
use parking_lot::Mutex;

use crate::credentials::Credentials;
use crate::http::News;
use crate::mcp::News as Filed;
use crate::options::{Gathered, Options};
use crate::tunnel::Found;

/// A letter to the loop.
pub(crate) enum Letter {
    /// The session behind this token may be polled.
    Wake(Token),
    /// A look-up ended. The number tells an old one from the one waited for.
    Found(u64, Result<Found, String>),
    /// The password of the ports was read; `None`: it is the one before. The number tells an old reading
    /// from the one waited for.
    Credentials(u64, Result<Option<Box<Credentials>>, String>),
    /// What a tunnel server asked for by a path, and whether the answer is one.
    Proxied(String),
    /// Something that waited for a disk, for the HTTP server.
    Http(News),
    /// Something that waited for a disk, for the MCP server.
    Mcp(Filed),
    /// Options that a peer sent are put together.
    Configured(Token, Box<Gathered>),
    /// Options that another attach brought.
    Options(Box<Options>, Vec<String>),
    /// The log file was written or opened; the error is a sentence.
    Logged(Result<(), String>),
    /// Stop the agent.
    Stop,
    /// Jobs are cancelled and the JVM has back what it lent; lines of what did not end.
    TornDown(Vec<String>),
    /// The JVM is going: end without another word.
    Death,
}

/// See the module.
pub(crate) struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    waker: Waker,
}

impl Mailbox {
    pub(crate) fn new(waker: Waker) -> Self {
        Self { letters: Mutex::new(Vec::new()), waker }
    }

    /// Puts a letter in and wakes the loop.
    pub(crate) fn post(&self, letter: Letter) {
        let first = {
            let mut letters = self.letters.lock();
            if let Letter::Wake(token) = letter
                && letters.iter().any(|waiting| matches!(waiting, Letter::Wake(other) if *other == token))
            {
                return;
            }
            letters.push(letter);
            letters.len() == 1
        };
        if first {
            // The loop looks at its letters at least at every heartbeat.
            drop::<io::Result<()>>(self.waker.wake());
        }
    }

    /// All letters.
    pub(crate) fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.letters.lock())
    }
}
