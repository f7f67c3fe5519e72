//! `tools/call`: from a tool's name and parameters to a command that runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use shell::{Permission, Runs, Session, Size, Tool};

use super::call::{Asked, Call, Order, Recipient};
use super::client::WAITING;
use super::message::{self, Fault};
use super::results::Outcome;
use super::task::RUNNING;
use super::{Asker, Mcp, Post, catalog};
use crate::core::{Core, Visitor};
use crate::http::{Object, array};
use crate::{draw, random};

/// The size results are cut for, where they are; Arthas's.
const SIZE: Size = Size { cols: 1000, rows: 200 };

/// How long a command that ends by itself may take: a dump of a large heap takes minutes.
const COMMAND: Duration = Duration::from_secs(300);

/// How long a command whose results come as the application goes on may take where nobody says, and at most.
const STREAM: (u64, u64) = (30, 24 * 3600);

/// When the agent stops after the answer: at most.
const LONGEST_DELAY: u64 = 60_000;

impl Mcp {
    /// Calls a tool. `None`: the answer comes later.
    pub(super) fn call(
        &mut self,
        home: Option<&str>,
        asked: &Asked,
        asker: &Asker,
        params: &Map<String, Value>,
        core: &mut Core,
    ) -> Option<Result<String, Fault>> {
        match self.try_call(home, asked, asker, params, core) {
            Ok(Some(result)) => Some(Ok(result)),
            Ok(None) => None,
            Err(Refused::Fault(fault)) => Some(Err(fault)),
            // What an assistant can mend it shall read: it is the tool's answer.
            Err(Refused::Tool(why)) => Some(Ok(Outcome::failure(None, &why).result(asked.version, None))),
        }
    }

    fn try_call(
        &mut self,
        home: Option<&str>,
        asked: &Asked,
        asker: &Asker,
        params: &Map<String, Value>,
        core: &mut Core,
    ) -> Result<Option<String>, Refused> {
        let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some(tool) = catalog::tools(core).into_iter().find(|tool| tool.name == name) else {
            let name: String = name.chars().take(80).collect();
            let fault = Fault::parameters(format!("Unknown tool: {name}"));
            return Err(Fault { data: Some(format!("Tool not found: {name}")), ..fault }.into());
        };
        let nothing = Map::new();
        let given = match params.get("arguments") {
            None | Some(Value::Null) => &nothing,
            Some(Value::Object(given)) => given,
            Some(_) => return Err(Fault::parameters("The arguments must be an object.").into()),
        };
        let task = home.and_then(|_| params.get("task")).filter(|_| asked.version.has_tasks());
        if task.is_some() && !tool.is_task {
            let why = format!("{name} does not run as a task.");
            return Err(Fault::new(Fault::NO_METHOD, why).into());
        }
        let progress = params.get("_meta").and_then(|meta| meta.get("progressToken"));
        let order = Order {
            line: tool.line(given).map_err(Refused::Tool)?,
            is_stream: matches!(tool.runs, Runs::Stream(_)),
            limit: limit(tool, given).map_err(Refused::Tool)?,
            progress: progress.filter(|token| message::is_name(token)).cloned(),
            user: asker.user.clone(),
            peer: asker.peer.clone(),
        };
        match (tool.runs, task) {
            (Runs::Stop, _) => self.stop(tool, home, asked, given, order, core).map(Some),
            (Runs::Upload | Runs::ViewFile, _) => {
                self.file(tool, home, asked, given, order, core).map(|()| None)
            }
            (_, Some(task)) => self.begin_task(home.unwrap_or_default(), task, order, core).map(Some),
            (_, None) => self.run(home, asked, order, core).map(|()| None),
        }
    }

    /// Runs a command for a request, behind the one that runs for its client already.
    fn run(
        &mut self,
        home: Option<&str>,
        asked: &Asked,
        order: Order,
        core: &mut Core,
    ) -> Result<(), Refused> {
        let begins = asked.streams && order.is_stream;
        let client = home.and_then(|home| self.clients.get_mut(home));
        match client {
            Some(client) if client.running.is_some() => {
                if client.waiting.len() >= WAITING {
                    let why = format!("{WAITING} commands of this session wait already; try again.");
                    return Err(Refused::Tool(why));
                }
                client.waiting.push_back((asked.clone(), order));
                // One that might go on for ever makes room.
                if let Some(call) = client.running.and_then(|token| self.calls.get_mut(&token))
                    && call.order.is_stream
                {
                    call.interrupt(core.now);
                }
            }
            _ => self.start(order, home, Recipient::Request(asked.clone()), core).map_err(Refused::Tool)?,
        }
        if begins {
            self.posts.push((asked.connection, Post::Begin));
        }
        Ok(())
    }

    /// Starts a command; the error is a sentence. One without a home takes a place among the sessions.
    pub(super) fn start(
        &mut self,
        order: Order,
        home: Option<&str>,
        recipient: Recipient,
        core: &mut Core,
    ) -> Result<(), String> {
        let shown = match home {
            Some(home) => home.to_owned(),
            None => {
                let name = random::name()?;
                core.open_session()?;
                name
            }
        };
        let token = core.token();
        let visitor = Visitor {
            from: "mcp",
            user: order.user.clone(),
            peer: order.peer.clone(),
            id: Some(shown.clone()),
            lock: None,
        };
        let setup = core.session_setup(token, visitor, SIZE, Arc::new(draw::Json));
        let session = Session::exec(core.shell.clone(), setup, &order.line);
        if session.job().is_none() {
            if home.is_none() {
                core.close_session();
            }
            return Err(session.refusal().unwrap_or("There is no command in this line.").to_owned());
        }
        if let Some(client) = home.and_then(|home| self.clients.get_mut(home)) {
            client.running = Some(token);
        }
        let task = match recipient {
            Recipient::Task(number) => self.tasks.get(number),
            _ => None,
        };
        if let Some(task) = task {
            task.call = Some(token);
        }
        let home = home.map(str::to_owned);
        self.calls.insert(token, Call::new(session, order, shown, home, recipient, core.now));
        // What it has done already is taken in the next turn.
        core.again.insert(token);
        Ok(())
    }

    fn begin_task(
        &mut self,
        home: &str,
        task: &Value,
        order: Order,
        core: &mut Core,
    ) -> Result<String, Refused> {
        if self.tasks.running() >= RUNNING {
            let why = format!("{RUNNING} tasks run, which is the limit; cancel one or wait.");
            return Err(Fault::new(Fault::BUSY, why).into());
        }
        let ttl = match task.get("ttl") {
            None | Some(Value::Null) => None,
            Some(ttl) => {
                let wrong = || Fault::parameters("The task's ttl must be milliseconds.");
                Some(ttl.as_u64().ok_or_else(wrong)?)
            }
        };
        let name = random::name().map_err(|why| Refused::Tool(why.to_owned()))?;
        let number = self.tasks.begin(name, home.to_owned(), ttl, core.now);
        if let Err(why) = self.start(order, None, Recipient::Task(number), core) {
            self.tasks.end(number, Outcome::failure(None, &why));
        }
        let shown = self.tasks.get(number).map(|task| task.shown()).unwrap_or_default();
        Ok(Object::new().raw("task", &shown).finish())
    }

    /// The agent stops when this is answered.
    fn stop(
        &mut self,
        tool: &Tool,
        home: Option<&str>,
        asked: &Asked,
        given: &Map<String, Value>,
        order: Order,
        core: &Core,
    ) -> Result<String, Refused> {
        let needed = catalog::permission(tool, core);
        if !core.permissions_in_force("mcp").has(needed) {
            return Err(Refused::Tool(forbidden(tool.name, needed)));
        }
        let delay = match given.get("delayMs") {
            None | Some(Value::Null) => 1000,
            Some(delay) => delay.as_u64().or_else(|| delay.as_str()?.parse().ok()).ok_or_else(|| {
                Refused::Tool(format!("The parameter delayMs is {delay}: it must be milliseconds."))
            })?,
        };
        let delay = delay.min(LONGEST_DELAY);
        self.stop =
            Some((core.now + Duration::from_millis(delay), Order { line: "stop".to_owned(), ..order }));
        let said = Object::new()
            .number("jobId", 0)
            .text("message", &format!("The agent stops in {delay} ms."))
            .text("type", "message")
            .finish();
        let payload = Object::new()
            .text("command", "stop")
            .number("executionTime", 0)
            .number("resultCount", 1)
            .raw("results", &array(&[said]))
            .text("sessionId", home.unwrap_or_default())
            .raw("success", "true")
            .finish();
        Ok(Outcome { payload, failed: false, message: None }.result(asked.version, None))
    }
}

/// Why a tool does not run.
pub(super) enum Refused {
    /// The request is wrong.
    Fault(Fault),
    /// The tool says why.
    Tool(String),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A tool that runs no command, and may not.
pub(super) fn forbidden(name: &str, needed: Permission) -> String {
    format!(
        "`{name}` needs the permission {}, which sessions from mcp do not have (options `permissions`, `allow` and \
         `read-only`).",
        needed.name()
    )
}

fn limit(tool: &Tool, given: &Map<String, Value>) -> Result<Duration, String> {
    if !matches!(tool.runs, Runs::Stream(_)) {
        return Ok(COMMAND);
    }
    let (usual, most) = STREAM;
    let seconds = match tool.time_limit(given)? {
        Some(0) => return Err("The parameter timeout is 0: it must be a number of seconds.".to_owned()),
        Some(seconds) => seconds.min(most),
        None => usual,
    };
    Ok(Duration::from_secs(seconds))
}
