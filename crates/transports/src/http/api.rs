//! The HTTP API: eight actions over sessions and the commands that run in them.
//!
//! A request is answered at once, or when what it waits for happens: a command's end, a result, the
//! time. Nothing waits here: [`Api::ask`] says `None`, and the reply comes out of [`Api::replies`].

mod action;
mod consumer;
mod reply;
mod request;
mod run;
mod shared;

use std::time::{Duration, Instant};

use mio::Token;
use shell::Size;

use crate::core::{Core, Demand};
use crate::table::Table;
pub(crate) use reply::{Object, Reply, array};
use request::Request;
use run::{Output, Run};
use shared::Shared;

/// The size results are cut for, where they are; Arthas's.
const SIZE: Size = Size { cols: 1000, rows: 200 };

/// The most that is taken from a command at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// How many results one turn of the loop takes from one command.
const RESULTS_PER_TURN: usize = 64;

/// How often sessions are looked at for those nobody uses.
const TIDY: Duration = Duration::from_secs(60);

/// How many sessions clients may keep open.
const SESSIONS: usize = 200;

/// Who waits for a reply: a connection, and the name its request had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) connection: Token,
    request: Option<String>,
}

/// Who asks.
pub(crate) struct Client {
    pub(crate) connection: Token,
    pub(crate) user: String,
    pub(crate) peer: String,
}

/// See the module.
pub(crate) struct Api {
    sessions: Table<String, Shared>,
    runs: Table<Token, Run>,
    done: Vec<(Token, String)>,
    next_tidy: Instant,
}

impl Api {
    pub(crate) fn new(now: Instant) -> Self {
        Self { sessions: Table::default(), runs: Table::default(), done: Vec::new(), next_tidy: now + TIDY }
    }

    /// Answers a request; `None`: later.
    pub(crate) fn ask(&mut self, client: Client, body: &[u8], core: &mut Core) -> Option<String> {
        let mut request = match Request::read(body) {
            Ok(request) => request,
            Err(why) => return Some(Reply::failed(why).json()),
        };
        let name = request.request_id.take();
        let waiter = Waiter { connection: client.connection, request: name.clone() };
        let reply = self.act(client, &request, waiter, core);
        reply.map(|reply| Reply { request: name, ..reply }.json())
    }

    fn close(&mut self, id: &str, core: &mut Core) {
        let Some(mut session) = self.sessions.remove(id) else { return };
        self.say(session.answer_pulls(core.now, true));
        if let Some(run) = session.foreground.and_then(|token| self.runs.get_mut(&token)) {
            run.session.interrupt();
        }
        core.close_session();
    }

    fn say(&mut self, replies: Vec<(Waiter, Reply)>) {
        for (waiter, reply) in replies {
            let reply = Reply { request: waiter.request, ..reply };
            self.done.push((waiter.connection, reply.json()));
        }
    }

    fn answer_pulls(&mut self, id: &str, now: Instant, all: bool) {
        if let Some(session) = self.sessions.get_mut(id) {
            let replies = session.answer_pulls(now, all);
            self.say(replies);
        }
    }

    /// Replies that became ready, by connection.
    pub(crate) fn replies(&mut self) -> Vec<(Token, String)> {
        std::mem::take(&mut self.done)
    }

    /// Whether the token is a command's; then its results are taken.
    pub(crate) fn ready(&mut self, token: Token, core: &mut Core) -> bool {
        let Some(run) = self.runs.get_mut(&token) else { return false };
        let mut home = run.home.as_ref().and_then(|home| self.sessions.get_mut(home));
        let mut taken = 0;
        run.paused = None;
        loop {
            if taken >= RESULTS_PER_TURN {
                core.again.insert(token);
                break;
            }
            let is_shared = matches!(run.output, Output::Shared);
            let mut room = CHUNK_BYTES;
            if let Some(session) = home.as_deref_mut().filter(|_| is_shared) {
                if let Some(until) = session.patience(core.now) {
                    run.paused = Some(until);
                    room = 0;
                } else if session.is_deserted(core.now) {
                    session.say("Nobody takes the results any more: the command was interrupted.");
                    run.session.interrupt();
                    run.output = Output::Nowhere;
                }
            }
            match run.step(room) {
                None => break,
                Some(None) => {}
                Some(Some(value)) => {
                    if let Some(session) = home.as_deref_mut() {
                        session.publish(value.into());
                    }
                }
            }
            taken += 1;
        }
        if run.over {
            let replies = run.last_replies();
            if run.stops {
                core.orders.push(Demand::Stop(None));
            }
            let alone = run.home.is_none();
            if let Some(session) = home {
                if let Some(status) = run.farewell.take() {
                    session.publish(status.into());
                }
                session.foreground = None;
                session.last = core.now;
                session.set_input_status("ALLOW_INPUT");
            }
            let home = self.runs.remove(&token).and_then(|run| run.home);
            if alone {
                core.close_session();
            }
            self.say(replies);
            if let Some(home) = home {
                self.answer_pulls(&home, core.now, false);
            }
        } else if let Some(home) = run.home.clone() {
            self.answer_pulls(&home, core.now, false);
        }
        true
    }

    /// A connection is gone. A command that only it waited for is interrupted.
    pub(crate) fn gone(&mut self, connection: Token) {
        self.done.retain(|(waiting, _)| *waiting != connection);
        for run in self.runs.values_mut() {
            run.interrupters.retain(|(waiter, _)| waiter.connection != connection);
            if matches!(&run.output, Output::Packed(packed) if packed.waiter.connection == connection) {
                run.session.interrupt();
                run.output = Output::Nowhere;
            }
        }
        self.sessions.values_mut().for_each(|session| session.forget(connection));
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let runs = self.runs.values().filter_map(Run::deadline);
        let pulls = self.sessions.values().filter_map(Shared::pull_deadline);
        let tidy = (!self.sessions.is_empty()).then_some(self.next_tidy);
        runs.chain(pulls).chain(tidy).min()
    }

    pub(crate) fn tick(&mut self, core: &mut Core) {
        let mut replies = Vec::new();
        for (token, run) in self.runs.iter_mut() {
            replies.extend(run.tick(core.now));
            if run.paused.take_if(|until| core.now >= *until).is_some() {
                // A client that was waited for has not come.
                core.again.insert(*token);
            }
        }
        let mut forgotten = Vec::new();
        let tidy = core.now >= self.next_tidy;
        let limit = core.options.session_timeout_or_default();
        for (id, session) in self.sessions.iter_mut() {
            replies.extend(session.answer_pulls(core.now, false));
            if tidy {
                session.tidy(core.now);
                let idle = core.now.saturating_duration_since(session.last);
                if session.foreground.is_none() && limit.is_some_and(|limit| idle >= limit) {
                    forgotten.push(id.clone());
                }
            }
        }
        self.say(replies);
        for id in forgotten {
            log::info!("http: session {id} is closed: nobody used it");
            self.close(&id, core);
        }
        if tidy {
            self.next_tidy = core.now + TIDY;
        }
    }

    /// Ends everything, with a word to those who listen.
    pub(crate) fn leave(&mut self, core: &mut Core) {
        let ids: Vec<String> = self.sessions.keys().cloned().collect();
        for id in ids {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.say("The agent stops here; attach again to go on.");
            }
            self.close(&id, core);
        }
        for mut run in std::mem::take(&mut self.runs).into_values() {
            run.session.close();
            let replies = run.last_replies();
            if run.home.is_none() {
                core.close_session();
            }
            self.say(replies);
        }
    }
}

/// For the fuzz target.
pub(crate) fn fuzz(body: &[u8]) {
    if let Ok(request) = Request::read(body) {
        drop((request.action(), request.timeout()));
    }
}
