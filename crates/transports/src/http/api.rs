//! The HTTP API: eight actions over sessions and the commands that run in them.
//!
//! A request is answered at once, or when what it waits for happens: a command's end, a result, the
//! time. Nothing waits here: [`Api::ask`] says `None`, and the reply comes out of [`Api::replies`].

mod consumer;
mod reply;
mod request;
mod run;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use shell::{Session, Size};

use crate::clock;
use crate::core::{Core, Demand, Visitor};
use crate::draw;
use crate::random;
use reply::State;
pub(crate) use reply::{Object, Reply, array};
use request::{Action, Request};
use run::{GRACE, Output, Packed, Run};
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
    sessions: BTreeMap<String, Shared>,
    runs: BTreeMap<Token, Run>,
    done: Vec<(Token, String)>,
    next_tidy: Instant,
}

impl Api {
    pub(crate) fn new(now: Instant) -> Self {
        Self { sessions: BTreeMap::new(), runs: BTreeMap::new(), done: Vec::new(), next_tidy: now + TIDY }
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

    fn act(&mut self, client: Client, request: &Request, waiter: Waiter, core: &mut Core) -> Option<Reply> {
        let action = match request.action() {
            Ok(action) => action,
            Err(why) => return Some(Reply::failed(why)),
        };
        match action {
            Action::InitSession => return Some(self.init(&client, request, core)),
            Action::Exec if request.session_id.as_deref().unwrap_or_default().is_empty() => {
                return self.exec_once(client, request, waiter, core);
            }
            _ => {}
        }
        let id = request.session_id.as_deref().unwrap_or_default();
        if id.is_empty() {
            return Some(Reply::failed("'sessionId' is required"));
        }
        let Some(session) = self.sessions.get_mut(id) else {
            return Some(Reply::failed(format!(
                "session not found: {}",
                id.chars().take(80).collect::<String>()
            )));
        };
        session.last = core.now;
        session.accessed = milliseconds();
        if let Some(user) = &request.user_id {
            session.user.clone_from(user);
        }
        match action {
            Action::Exec => self.exec(client, request, waiter, core),
            Action::AsyncExec => Some(self.async_exec(client, request, core)),
            Action::InterruptJob => self.interrupt(id, waiter, core),
            Action::PullResults => self.pull(id, request, waiter, core),
            Action::JoinSession => Some(joined(session, core.now)),
            Action::CloseSession => {
                self.close(id, core);
                Some(Reply::new(State::Succeeded))
            }
            Action::SessionInfo => Some(told(session, core.facts.pid)),
            Action::InitSession => None,
        }
    }

    fn init(&mut self, client: &Client, request: &Request, core: &mut Core) -> Reply {
        if self.sessions.len() >= SESSIONS {
            return Reply::refused(format!(
                "{SESSIONS} sessions are open, which is the limit; close one and try again"
            ));
        }
        let id = match random::name() {
            Ok(id) => id,
            Err(why) => return Reply::failed(why),
        };
        if let Err(why) = core.open_session() {
            return Reply::refused(why);
        }
        let user = request.user_id.clone().unwrap_or_else(|| client.user.clone());
        let mut session = Shared::new(id.clone(), user, core.now, milliseconds());
        let consumer = match session.join(core.now) {
            Ok(consumer) => consumer,
            Err(why) => return Reply::failed(why),
        };
        session.say("Welcome to oxprobe!");
        session.publish(welcome(core));
        session.set_input_status("ALLOW_INPUT");
        self.sessions.insert(id.clone(), session);
        Reply { session: Some(id), consumer: Some(consumer), ..Reply::new(State::Succeeded) }
    }

    /// A command of its own, without a session.
    fn exec_once(
        &mut self,
        client: Client,
        request: &Request,
        waiter: Waiter,
        core: &mut Core,
    ) -> Option<Reply> {
        let (id, user) = match random::name() {
            Ok(id) => (id, request.user_id.clone().unwrap_or_else(|| client.user.clone())),
            Err(why) => return Some(Reply::failed(why)),
        };
        if let Err(why) = core.open_session() {
            return Some(Reply::refused(why));
        }
        let output = Output::Packed(Packed::new(waiter, id.clone(), request.timeout(), core.now));
        match self.start(&id, None, user, client.peer, request, output, core) {
            Ok(_) => None,
            Err(why) => {
                core.close_session();
                let message = format!("Exec command failed: {why}");
                Some(Reply { session: Some(id), ..Reply::failed(message) })
            }
        }
    }

    fn exec(&mut self, client: Client, request: &Request, waiter: Waiter, core: &mut Core) -> Option<Reply> {
        let (id, user) = match self.free(request) {
            Ok(free) => free,
            Err(reply) => return Some(reply),
        };
        let output = Output::Packed(Packed::new(waiter, id.clone(), request.timeout(), core.now));
        match self.start(&id, Some(&id), user, client.peer, request, output, core) {
            Ok(_) => None,
            Err(why) => {
                let message = format!("Exec command failed: {why}");
                Some(Reply { session: Some(id), ..Reply::failed(message) })
            }
        }
    }

    fn async_exec(&mut self, client: Client, request: &Request, core: &mut Core) -> Reply {
        let (id, user) = match self.free(request) {
            Ok(free) => free,
            Err(reply) => return reply,
        };
        let line = request.command.clone().unwrap_or_default();
        match self.start(&id, Some(&id), user, client.peer, request, Output::Shared, core) {
            Ok(job) => {
                let body =
                    Object::new().text("command", &line).number("jobId", job).text("jobStatus", "READY");
                Reply { body: Some(body.finish()), session: Some(id), ..Reply::new(State::Scheduled) }
            }
            Err(why) => {
                let message = format!("Async exec command failed: {why}");
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.publish(command(&line, 0, State::Failed, Some(&message)));
                }
                self.answer_pulls(&id, core.now, false);
                Reply { session: Some(id), ..Reply::failed(message) }
            }
        }
    }

    /// The session a request names and its user, if no command runs there.
    fn free(&self, request: &Request) -> Result<(String, String), Reply> {
        let id = request.session_id.clone().unwrap_or_default();
        let session = self.sessions.get(&id);
        let foreground =
            session.and_then(|session| session.foreground).and_then(|token| self.runs.get(&token));
        let message = match foreground.map(|run| &run.output) {
            None => return Ok((id, session.map(|session| session.user.clone()).unwrap_or_default())),
            Some(Output::Packed(_)) => "Another command is executing.",
            Some(_) => "Another job is running.",
        };
        Err(Reply { session: Some(id), ..Reply::refused(message) })
    }

    /// Starts a command and gives its job's number; the error is a sentence.
    #[expect(clippy::too_many_arguments, reason = "what a command is started with, once")]
    fn start(
        &mut self,
        id: &str,
        home: Option<&str>,
        user: String,
        peer: String,
        request: &Request,
        output: Output,
        core: &mut Core,
    ) -> Result<u64, String> {
        let line = request.command.clone().unwrap_or_default();
        if line.trim().is_empty() {
            return Err("'command' is required".to_owned());
        }
        let token = core.token();
        let visitor = Visitor { from: "http", user, peer, id: Some(id.to_owned()), lock: None };
        let setup = core.session_setup(token, visitor, SIZE, Arc::new(draw::Json));
        let session = Session::exec(core.shell.clone(), setup, &line);
        let Some(job) = session.job() else {
            return Err(session.refusal().unwrap_or("there is no command in this line").to_owned());
        };
        let is_shared = matches!(output, Output::Shared);
        let home = home.map(str::to_owned);
        if let Some(session) = home.as_ref().and_then(|home| self.sessions.get_mut(home)) {
            if is_shared {
                session.publish(command(&line, job, State::Scheduled, None));
            }
            session.foreground = Some(token);
            session.set_input_status("ALLOW_INTERRUPT");
        }
        let run = Run {
            session,
            job,
            line,
            output,
            home,
            interrupters: Vec::new(),
            paused: None,
            over: false,
            stops: false,
        };
        self.runs.insert(token, run);
        // What it has done already is taken in the next turn, after the reply.
        core.again.insert(token);
        Ok(job)
    }

    fn interrupt(&mut self, id: &str, waiter: Waiter, core: &Core) -> Option<Reply> {
        let foreground = self.sessions.get(id).and_then(|session| session.foreground);
        let Some(run) = foreground.and_then(|token| self.runs.get_mut(&token)) else {
            let message = "no foreground job is running";
            return Some(Reply { session: Some(id.to_owned()), ..Reply::failed(message) });
        };
        run.session.interrupt();
        run.interrupters.push((waiter, core.now + GRACE));
        None
    }

    fn pull(&mut self, id: &str, request: &Request, waiter: Waiter, core: &mut Core) -> Option<Reply> {
        let consumer = request.consumer_id.as_deref().unwrap_or_default();
        if consumer.is_empty() {
            return Some(Reply::failed("'consumerId' is required"));
        }
        let session = self.sessions.get_mut(id)?;
        match session.pull(consumer, waiter, core.now) {
            Err(reply) => return Some(reply),
            Ok(replies) => {
                // There is room for more of what the command holds back.
                core.again.extend(session.foreground);
                self.say(replies);
            }
        }
        None
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
        for (token, run) in &mut self.runs {
            replies.extend(run.tick(core.now));
            if run.paused.take_if(|until| core.now >= *until).is_some() {
                // A client that was waited for has not come.
                core.again.insert(*token);
            }
        }
        let mut forgotten = Vec::new();
        let tidy = core.now >= self.next_tidy;
        let limit = core.options.session_timeout_or_default();
        for (id, session) in &mut self.sessions {
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
        for (_, mut run) in std::mem::take(&mut self.runs) {
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

fn joined(session: &mut Shared, now: Instant) -> Reply {
    match session.join(now) {
        Ok(consumer) => {
            session.recall(&consumer);
            let id = Some(session.id.clone());
            Reply { session: id, consumer: Some(consumer), ..Reply::new(State::Succeeded) }
        }
        Err(why) => Reply { session: Some(session.id.clone()), ..Reply::refused(why) },
    }
}

fn told(session: &Shared, pid: u32) -> Reply {
    let body = Object::new()
        .number("createTime", session.created)
        .number("lastAccessTime", session.accessed)
        .number("pid", pid.into());
    Reply { body: Some(body.finish()), session: Some(session.id.clone()), ..Reply::new(State::Succeeded) }
}

fn milliseconds() -> u64 {
    u64::try_from(clock::since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// The first result of a command that clients pull.
fn command(line: &str, job: u64, state: State, message: Option<&str>) -> Arc<str> {
    let object = Object::new().text("command", line).number("jobId", job).maybe("message", message);
    object.text("state", state.name()).text("type", "command").finish().into()
}

fn welcome(core: &Core) -> Arc<str> {
    let time = clock::rfc3339(clock::since_epoch()).replace('T', " ").replace('Z', "");
    Object::new()
        .number("jobId", 0)
        .text("mainClass", core.facts.main())
        .text("pid", &core.facts.pid.to_string())
        .text("time", &time)
        .text("type", "welcome")
        .text("version", &core.facts.product)
        .finish()
        .into()
}
