//! Two copies of the agent in one process: the newer one goes on, an equal one stays out.
//!
//! A second copy is loaded by a newer `oxprobe attach`, or by `System.load` from another class
//! loader. It finds the first by its socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use wire::{Configure, Decoder, Frame, Hello, Message, TakeOver, Version};

use crate::{Facts, Options};

/// How long the other copy may take to stop.
const LIMIT: Duration = Duration::from_secs(15);

/// What became of the other copy.
pub(crate) enum Outcome {
    /// It has stopped.
    Free,
    /// It stays; why.
    Stays(String),
}

/// Talks to the other copy. Waits: called before the loop has anything to do.
pub(crate) fn from(mut other: UnixStream, facts: &Facts, options: &Options) -> Outcome {
    let deadline = Instant::now() + LIMIT;
    match talk(&mut other, facts, options, deadline) {
        Ok(outcome) => outcome,
        Err(why) => Outcome::Stays(format!("another copy of the agent is here and does not answer: {why}")),
    }
}

fn talk(
    other: &mut UnixStream,
    facts: &Facts,
    options: &Options,
    deadline: Instant,
) -> std::io::Result<Outcome> {
    other.set_read_timeout(Some(LIMIT))?;
    other.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut decoder = Decoder::new();
    let hello = Hello {
        proto: Version::CURRENT,
        product: facts.product.clone(),
        capabilities: Vec::new(),
        nonce: None,
        pid: Some(facts.pid),
        signatures: Vec::new(),
    };
    send(other, Message::Hello(hello))?;
    let theirs = match receive(other, &mut decoder, deadline)? {
        Some(Message::Hello(theirs)) => theirs,
        _ => return Ok(Outcome::Stays("another copy of the agent is here and refuses to talk".to_owned())),
    };
    if theirs.product == facts.product {
        // It gets what this attach brought: the options are for the process, not for a copy.
        send(other, Message::Configure(Configure { options: options.to_map() }))?;
        return Ok(Outcome::Stays(format!("oxprobe {} is here already and goes on", theirs.product)));
    }
    log::info!("oxprobe {} takes over from {}", facts.product, theirs.product);
    send(other, Message::TakeOver(TakeOver { product: facts.product.clone() }))?;
    while let Some(message) = receive(other, &mut decoder, deadline)? {
        if let Message::Done(done) = message {
            if let Some(left) = done.message {
                log::warn!("the older copy: {left}");
            }
            break;
        }
    }
    Ok(Outcome::Free)
}

fn send(other: &mut UnixStream, message: Message) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    Frame { session: 0, message }.encode(&mut bytes).map_err(std::io::Error::other)?;
    other.write_all(&bytes)
}

/// The next message; `None` when the other side hung up.
fn receive(
    other: &mut UnixStream,
    decoder: &mut Decoder,
    deadline: Instant,
) -> std::io::Result<Option<Message>> {
    loop {
        if let Some(frame) = decoder.next().map_err(std::io::Error::other)? {
            return Ok(Some(frame.message));
        }
        if Instant::now() >= deadline {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        let mut buffer = [0; 4096];
        match other.read(&mut buffer)? {
            0 => return Ok(None),
            count => decoder.feed(buffer.get(..count).unwrap_or_default()),
        }
    }
}
