//! What each action does.

use std::sync::Arc;
use std::time::Instant;

use shell::Session;

use super::reply::{Object, Reply, State};
use super::request::{Action, Request};
use super::run::{GRACE, Output, Packed, Run};
use super::shared::Shared;
use super::{Api, Client, SESSIONS, SIZE, Waiter};
use crate::core::{Core, Visitor};
use crate::{clock, draw, random};

impl Api {
    pub(super) fn act(
        &mut self,
        client: Client,
        request: &Request,
        waiter: Waiter,
        core: &mut Core,
    ) -> Option<Reply> {
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
            session.user = name(user);
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
        let user = request.user_id.as_deref().map_or_else(|| client.user.clone(), name);
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
            Ok(id) => (id, request.user_id.as_deref().map_or_else(|| client.user.clone(), name)),
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
                Some(not_run(request, id, Reply::failed(format!("Exec command failed: {why}"))))
            }
        }
    }

    fn exec(&mut self, client: Client, request: &Request, waiter: Waiter, core: &mut Core) -> Option<Reply> {
        let Some((id, user)) = self.free(request) else { return Some(busy(request)) };
        let output = Output::Packed(Packed::new(waiter, id.clone(), request.timeout(), core.now));
        match self.start(&id, Some(&id), user, client.peer, request, output, core) {
            Ok(_) => None,
            Err(why) => Some(not_run(request, id, Reply::failed(format!("Exec command failed: {why}")))),
        }
    }

    fn async_exec(&mut self, client: Client, request: &Request, core: &mut Core) -> Reply {
        let Some((id, user)) = self.free(request) else { return busy(request) };
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
                not_run(request, id, Reply::failed(message))
            }
        }
    }

    /// The session a request names and its user, if no command runs there.
    fn free(&self, request: &Request) -> Option<(String, String)> {
        let session = self.sessions.get(request.session_id.as_deref()?)?;
        session.foreground.is_none().then(|| (session.id.clone(), session.user.clone()))
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
            farewell: None,
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
            return Some(Reply::failed("no foreground job is running"));
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
            Err(why) => return Some(Reply::failed(why)),
            Ok(replies) => {
                // There is room for more of what the command holds back.
                core.again.extend(session.foreground);
                self.say(replies);
            }
        }
        None
    }
}

/// The answer to a command while another runs.
fn busy(request: &Request) -> Reply {
    let session = request.session_id.clone().unwrap_or_default();
    not_run(request, session, Reply::refused("Another command is executing."))
}

/// The answer to a command that was not run.
fn not_run(request: &Request, session: String, reply: Reply) -> Reply {
    let command = Object::new().text("command", request.command.as_deref().unwrap_or_default());
    Reply { body: Some(command.finish()), session: Some(session), ..reply }
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

/// A user's name as somebody gave it, fit to be kept.
fn name(user: &str) -> String {
    user.chars().filter(|c| !c.is_control()).take(200).collect()
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
