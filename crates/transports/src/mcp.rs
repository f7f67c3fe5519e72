//! The MCP server: the commands as tools that an assistant calls, over the HTTP server's route `/mcp`.
//!
//! A client begins a session, and each of its requests is a `POST` that is answered by a stream of events,
//! of which the last is the answer. As in the HTTP API nothing waits here: [`Mcp::ask`] says `None`, and what
//! there is to say later comes out of [`Mcp::posts`].

mod call;
mod catalog;
mod client;
mod event;
mod exchange;
mod file;
mod message;
mod method;
mod results;
mod task;
mod tools;
mod uploads;
mod version;
mod view;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;

use crate::core::{Core, Demand};
use crate::http::Answer;
use crate::options::Protocol;
use crate::random;
use crate::table::Table;
use call::{Asked, Call, Order, Recipient};
use client::Client;
use file::Filed;
pub(crate) use file::News;
use message::{Fault, Message};
use results::Outcome;
use task::Tasks;
pub(crate) use uploads::Uploads;
use version::Version;

/// Where the server is.
pub(crate) const ROUTE: &str = "/mcp";

/// The longest message, in bytes: a file of 1 MiB as base64 fits.
pub(crate) const LONGEST: usize = 2 * 1024 * 1024;

/// How many clients may have sessions.
const CLIENTS: usize = 50;

/// Of too many clients one may go that was silent for so long.
const SILENT: Duration = Duration::from_secs(60);

/// How long is waited for an interrupted command before the one behind it is refused.
const PATIENCE: Duration = Duration::from_secs(3);

/// What all answers in the making may hold, in bytes.
const HELD_BYTES: usize = 32 * 1024 * 1024;

/// The most that is taken from a command at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// How many results one turn of the loop takes from one command.
const RESULTS_PER_TURN: usize = 64;

/// Who sends a request.
pub(crate) struct Asker {
    pub(crate) connection: Token,
    pub(crate) user: String,
    pub(crate) peer: String,
}

/// Something for a connection, unless it has been answered otherwise.
pub(crate) enum Post {
    /// The answer is a stream of events that begins now.
    Begin,
    /// An event, which is left out where the peer does not keep up.
    Event(String),
    /// The last event, or the end without one.
    End(Option<String>),
    /// The whole answer.
    Answer(Answer),
}

/// See the module.
pub(crate) struct Mcp {
    clients: Table<String, Client>,
    calls: Table<Token, Call>,
    tasks: Tasks,
    /// Calls that wait for a disk.
    filed: Table<Token, Filed>,
    uploads: Arc<Uploads>,
    posts: Vec<(Token, Post)>,
    /// Who has asked for the agent's end, and when it is due.
    stop: Option<(Instant, Order)>,
    /// How long a client may be silent; `None`: for ever.
    patience: Option<Duration>,
    /// The names of the tools when they were last looked at.
    listed: Vec<&'static str>,
    events: u64,
}

impl Mcp {
    pub(crate) fn new(uploads: Arc<Uploads>) -> Self {
        Self {
            clients: Table::default(),
            calls: Table::default(),
            tasks: Tasks::default(),
            filed: Table::default(),
            uploads,
            posts: Vec::new(),
            stop: None,
            patience: None,
            listed: Vec::new(),
            events: 0,
        }
    }

    /// What became ready to be said, by connection.
    pub(crate) fn posts(&mut self) -> Vec<(Token, Post)> {
        std::mem::take(&mut self.posts)
    }

    /// The answer to a request at once.
    fn whole(&mut self, asked: &Asked, message: &str) -> Answer {
        match asked.streams {
            true => Answer::new(200, "text/event-stream", self.last_event(message)),
            false => Answer::new(200, "application/json", message),
        }
    }

    fn last_event(&mut self, message: &str) -> String {
        self.events += 1;
        event::event(message, Some(self.events))
    }

    /// Answers a request that waits.
    fn say(&mut self, asked: &Asked, message: &str) {
        let post = match asked.streams {
            true => Post::End(Some(self.last_event(message))),
            false => Post::Answer(self.whole(asked, message)),
        };
        self.posts.push((asked.connection, post));
    }

    fn say_outcome(&mut self, asked: &Asked, outcome: &Outcome, task: Option<&str>) {
        let message = message::answer(&asked.id, &outcome.result(asked.version, task));
        self.say(asked, &message);
    }

    /// Tells a client something unasked, if he listens.
    fn tell(&mut self, home: &str, message: &str) {
        if let Some(listener) = self.clients.get(home).and_then(|client| client.listener) {
            let text = event::event(message, None);
            self.posts.push((listener, Post::Event(text)));
        }
    }

    /// The options may have changed: whoever listens is told if the tools are others now.
    pub(crate) fn look_after_tools(&mut self, core: &mut Core) {
        self.patience = core.options.session_timeout_or_default();
        if core.options.mcp_protocol.unwrap_or_default() == Protocol::Stateless {
            self.end_clients(core);
        }
        let names: Vec<_> = catalog::tools(core).into_iter().map(|tool| tool.name).collect();
        if names == self.listed {
            return;
        }
        if !std::mem::replace(&mut self.listed, names).is_empty() {
            let homes: Vec<String> = self.clients.keys().cloned().collect();
            for home in homes {
                self.tell(&home, &message::notification("notifications/tools/list_changed", "{}"));
            }
        }
    }

    fn end_clients(&mut self, core: &mut Core) {
        let homes: Vec<String> = self.clients.keys().cloned().collect();
        for home in homes {
            self.end_client(&home, core);
        }
    }

    /// Ends a client's session and all that runs in it.
    fn end_client(&mut self, home: &str, core: &mut Core) {
        let Some(client) = self.clients.remove(home) else { return };
        core.close_session();
        if let Some(listener) = client.listener {
            self.posts.push((listener, Post::End(None)));
        }
        for (asked, _) in client.waiting {
            self.say(&asked, &Fault::new(Fault::BUSY, "The session has ended.").answer(&asked.id));
        }
        self.end_tasks(Some(home), core);
        if let Some(call) = client.running.and_then(|token| self.calls.get_mut(&token)) {
            call.interrupt(core.now);
        }
    }

    /// Forgets tasks whose time is over, or those of one client.
    fn end_tasks(&mut self, home: Option<&str>, core: &Core) {
        let (calls, waiters) = self.tasks.forget(core.now, home);
        for token in calls {
            if let Some(call) = self.calls.get_mut(&token) {
                call.interrupt(core.now);
            }
        }
        for asked in waiters {
            let fault = Fault::parameters("The task is not found: its time is over.");
            self.say(&asked, &fault.answer(&asked.id));
        }
    }

    /// A connection is gone. A command that only it waited for is interrupted: nobody could fetch its result.
    pub(crate) fn gone(&mut self, connection: Token) {
        self.posts.retain(|(waiting, _)| *waiting != connection);
        self.tasks.gone(connection);
        self.filed.retain(|_, filed| filed.asked.connection != connection);
        for client in self.clients.values_mut() {
            client.listener.take_if(|listener| *listener == connection);
            client.waiting.retain(|(asked, _)| asked.connection != connection);
        }
        for call in self.calls.values_mut() {
            if matches!(&call.recipient, Recipient::Request(asked) if asked.connection == connection) {
                call.recipient = Recipient::Nobody;
                call.interrupt(Instant::now());
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let calls = self.calls.values().filter_map(Call::deadline);
        let clients = self.clients.values().filter_map(Client::deadline);
        let refusals = self.clients.values().filter_map(|client| self.refusal_due(client));
        let silent = self.clients.values().filter_map(|client| self.silent_too_long(client));
        let stop = self.stop.as_ref().map(|(at, _)| *at);
        calls.chain(clients).chain(refusals).chain(self.tasks.deadline()).chain(silent).chain(stop).min()
    }

    /// When a client will have been silent for too long; not while something of his runs.
    fn silent_too_long(&self, client: &Client) -> Option<Instant> {
        client.last.checked_add(self.patience.filter(|_| client.running.is_none())?)
    }

    /// When the calls that wait behind one that does not end are refused.
    fn refusal_due(&self, client: &Client) -> Option<Instant> {
        client.waiting.front()?;
        let running = self.calls.get(&client.running?)?;
        Some(running.interrupted? + PATIENCE)
    }

    pub(crate) fn tick(&mut self, core: &mut Core) {
        let now = core.now;
        let late: Vec<Token> =
            self.calls.iter_mut().filter_map(|(token, call)| call.tick(now).then_some(*token)).collect();
        for token in late {
            self.answer_call(token, core);
        }
        let mut busy = Vec::new();
        for client in self.clients.values() {
            if self.refusal_due(client).is_some_and(|due| now >= due) {
                busy.extend(client.running);
            }
        }
        for client in self.clients.values_mut() {
            if let Some((listener, ping)) = client.ping(now) {
                let text = event::event(&ping, None);
                self.posts.push((listener, Post::Event(text)));
            }
        }
        for token in busy {
            let Some(home) = self.calls.get(&token).and_then(|call| call.home.clone()) else { continue };
            let Some(client) = self.clients.get_mut(&home) else { continue };
            for (asked, _) in std::mem::take(&mut client.waiting) {
                let why =
                    "Another command of this session does not end, though it was interrupted; try again.";
                self.say_outcome(&asked, &Outcome::failure(None, why), None);
            }
        }
        self.end_tasks(None, core);
        if let Some((_, order)) = self.stop.take_if(|(at, _)| now >= *at)
            && let Err(why) = self.start(order, None, Recipient::Nobody, core)
        {
            log::warn!("mcp: the agent is not stopped: {why}");
        }
        let is_silent = |client: &Client| self.silent_too_long(client).is_some_and(|at| now >= at);
        let silent: Vec<String> =
            self.clients.iter().filter(|(_, client)| is_silent(client)).map(|(id, _)| id.clone()).collect();
        for id in silent {
            log::info!("mcp: session {id} is closed: nobody used it");
            self.end_client(&id, core);
        }
    }

    /// Whether the token is a command's; then its results are taken.
    pub(crate) fn ready(&mut self, token: Token, core: &mut Core) -> bool {
        let held: usize = self.calls.values().map(|call| call.results.bytes()).sum();
        let Some(call) = self.calls.get_mut(&token) else { return false };
        let room = HELD_BYTES.saturating_sub(held);
        let mut taken = 0;
        while call.step(CHUNK_BYTES, room.saturating_sub(call.results.bytes())) {
            taken += 1;
            if taken >= RESULTS_PER_TURN {
                core.again.insert(token);
                break;
            }
        }
        if let Some(progress) = call.progress(core.now) {
            let text = event::event(&progress, None);
            match (&call.recipient, call.home.clone()) {
                (Recipient::Request(asked), _) if asked.streams => {
                    self.posts.push((asked.connection, Post::Event(text)));
                }
                (Recipient::Task(number), _) => {
                    if let Some(home) = self.tasks.get(*number).map(|task| task.home.clone()) {
                        self.tell(&home, &progress);
                    }
                }
                _ => {}
            }
        }
        if self.calls.get(&token).is_some_and(|call| call.over) {
            self.answer_call(token, core);
            self.end_call(token, core);
        }
        true
    }

    /// Answers who waits for a call, if somebody does.
    fn answer_call(&mut self, token: Token, core: &Core) {
        let Some(call) = self.calls.get_mut(&token) else { return };
        let outcome = call.outcome(core.now);
        match std::mem::replace(&mut call.recipient, Recipient::Nobody) {
            Recipient::Nobody => {}
            Recipient::Request(asked) => self.say_outcome(&asked, &outcome, None),
            Recipient::Task(number) => {
                let Some((task, waiters)) = self.tasks.end(number, outcome.clone()) else { return };
                let (name, home) = (task.name().to_owned(), task.home.clone());
                let status = message::notification("notifications/tasks/status", &task.shown());
                for asked in waiters {
                    self.say_outcome(&asked, &outcome, Some(&name));
                }
                self.tell(&home, &status);
            }
        }
    }

    /// A call is over: the next one of its client begins.
    fn end_call(&mut self, token: Token, core: &mut Core) {
        let Some(call) = self.calls.remove(&token) else { return };
        if call.stops {
            core.orders.push(Demand::Stop(None));
        }
        let Some(home) = call.home else { return core.close_session() };
        if let Some(client) = self.clients.get_mut(&home) {
            client.running = None;
            client.last = core.now;
        }
        self.start_next(&home, core);
    }

    fn start_next(&mut self, home: &str, core: &mut Core) {
        while let Some(client) = self.clients.get_mut(home).filter(|client| client.running.is_none())
            && let Some((asked, order)) = client.waiting.pop_front()
        {
            let recipient = Recipient::Request(asked.clone());
            if let Err(why) = self.start(order, Some(home), recipient, core) {
                self.say_outcome(&asked, &Outcome::failure(None, &why), None);
            }
        }
    }

    /// Ends everything, with a word to those who wait.
    pub(crate) fn leave(&mut self, core: &mut Core) {
        self.stop = None;
        let tokens: Vec<Token> = self.calls.keys().copied().collect();
        for token in tokens {
            if let Some(call) = self.calls.get_mut(&token) {
                call.close();
                call.end.interrupted = true;
            }
            self.answer_call(token, core);
            if let Some(call) = self.calls.remove(&token)
                && call.home.is_none()
            {
                core.close_session();
            }
        }
        self.end_clients(core);
        for filed in std::mem::take(&mut self.filed).into_values() {
            let outcome = Outcome::failure(None, "The agent stops.");
            self.say_outcome(&filed.asked, &outcome, None);
        }
    }
}

/// For the fuzz target: everything that is read out of a message.
pub(crate) fn fuzz(body: &[u8]) -> Option<String> {
    let Ok(Message::Request(request)) = message::read(body) else { return None };
    let params = &request.params;
    uploads::fuzz(params);
    view::fuzz(params);
    drop(Tasks::default().list("", params));
    let outcome = Outcome::failure(None, &request.method);
    Some(message::answer(&request.id, &outcome.result(Version::agreed(&request.method), None)))
}
