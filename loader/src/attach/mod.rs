//! From a pid to a connection with the agent in that JVM.
//!
//! [`reach`] is all a command needs: it talks to the agent that is in, else checks ([`checks`]) what
//! would make loading fail, asks HotSpot to load the library ([`hotspot`]) as the JVM's own user
//! ([`credentials`]), and waits until that very agent answers.

pub mod checks;
mod credentials;
mod elf;
mod hotspot;
mod library;
mod nonce;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wire::{Configure, Message, STOPPING};

use crate::agent::{Connection, Endpoint, Lost};
use crate::failure::Failure;
use crate::process::Process;

pub use library::Library;

/// First pause between two looks at whether the agent has come up.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
/// Longest such pause.
const LAST_PAUSE: Duration = Duration::from_millis(20);

/// How long an agent that stops is waited for: it takes three seconds for that at most.
const STOP: Duration = Duration::from_secs(5);

/// What to do when the agent is not in.
#[derive(Clone, Debug)]
pub struct Attach {
    /// Where the library is, when the user said so.
    pub library: Option<PathBuf>,
    /// How long to wait for a JVM that starts, and for one that is slow to answer.
    pub wait: Duration,
}

/// A JVM with the agent in it.
#[derive(Debug)]
pub struct Reached {
    /// The connection with its agent.
    pub connection: Connection,
    /// How long loading took; `None` when the agent was in already.
    pub loaded: Option<Duration>,
}

/// The agent in the process, where one answers; nothing is loaded.
pub fn find(process: &Process, wait: Duration) -> Result<Option<Connection>, Failure> {
    if process.is_stopped() {
        return Err(Failure::Stopped { pid: process.pid });
    }
    match Endpoint::of(process).connect()? {
        Some(stream) => Connection::open(stream, process, Instant::now() + wait).map(Some),
        None => Ok(None),
    }
}

/// The agent in the process; it is loaded where it is not in. One that stops is waited for.
pub fn reach(process: &Process, attach: &Attach) -> Result<Reached, Failure> {
    let gone_by = Instant::now() + STOP;
    loop {
        match find(process, attach.wait) {
            Ok(Some(connection)) => return Ok(Reached { connection, loaded: None }),
            Ok(None) => break,
            Err(why) if stops(&why) && Instant::now() < gone_by => std::thread::sleep(LAST_PAUSE),
            Err(why) => return Err(why),
        }
    }
    let started = Instant::now();
    let deadline = started + attach.wait;
    let as_target = credentials::Switch::to(process)?;
    let library = Library::find(attach.library.as_deref())?;
    checks::before_loading(process, &library)?;
    let nonce = nonce::make();
    let endpoint = Endpoint::of(process);
    let argument = format!("socket={},nonce={nonce}", endpoint.inside());
    hotspot::load(process, &library, &argument, attach.wait)?;
    let connection = answer(process, &endpoint, &nonce, deadline)?;
    drop(as_target);
    Ok(Reached { connection, loaded: Some(started.elapsed()) })
}

/// Whether this may be said of an agent that stops: it says so, or closes its socket before it says anything.
fn stops(why: &Failure) -> bool {
    match why {
        Failure::AgentRefused { message, .. } => message == STOPPING,
        Failure::AgentSilent { .. } => true,
        _ => false,
    }
}

/// Sends the options; yields what the agent says is wrong with them.
pub fn configure(
    connection: &mut Connection,
    options: BTreeMap<String, String>,
    wait: Duration,
) -> Result<Vec<String>, Lost> {
    connection.send(0, Message::Configure(Configure { options }))?;
    let deadline = Instant::now() + wait;
    loop {
        match connection.receive(Some(deadline))?.message {
            Message::Configured(configured) => return Ok(configured.problems),
            Message::Refused(refused) => return Err(Lost::Refused(refused.message)),
            _ => {}
        }
    }
}

/// Waits for the agent that was loaded with this nonce: the JVM reports success before the agent's
/// own thread listens.
fn answer(
    process: &Process,
    endpoint: &Endpoint,
    nonce: &str,
    deadline: Instant,
) -> Result<Connection, Failure> {
    let mut pause = FIRST_PAUSE;
    let mut why = "nobody listens at its socket";
    // The load may have used up the time; the agent gets a moment of its own.
    let deadline = deadline.max(Instant::now() + Duration::from_secs(2));
    loop {
        if let Some(stream) = endpoint.connect()? {
            let connection = Connection::open(stream, process, deadline)?;
            if connection.hello.nonce.as_deref() == Some(nonce) {
                return Ok(connection);
            }
            why = "another agent answers, loaded by somebody else at the same time";
        }
        if Instant::now() >= deadline {
            return Err(Failure::AgentSilent { pid: process.pid, why: why.to_owned() });
        }
        if !process.is_alive() {
            return Err(Failure::NoSuchProcess { pid: process.pid });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LAST_PAUSE);
    }
}
