//! What a client may ask for, by its method's name.

use serde_json::{Map, Value};

use super::call::{Asked, Recipient};
use super::message::{self, Fault, Message, Request};
use super::version::Version;
use super::{Asker, Mcp, Post, catalog, task};
use crate::core::Core;
use crate::http::{Answer, Object};

impl Mcp {
    /// Does what a client's message asks for.
    pub(super) fn hear(
        &mut self,
        home: Option<&str>,
        version: Version,
        asker: Asker,
        message: Message,
        core: &mut Core,
    ) -> Option<Answer> {
        match message {
            Message::Response => Some(Answer::new(202, "", Vec::new())),
            Message::Notification { method, params } => {
                if method == "notifications/cancelled"
                    && let (Some(home), Some(id)) = (home, params.get("requestId"))
                {
                    self.cancel(home, id, core);
                }
                Some(Answer::new(202, "", Vec::new()))
            }
            Message::Request(request) => {
                let asked = Asked {
                    connection: asker.connection,
                    id: request.id.clone(),
                    version,
                    streams: home.is_some(),
                };
                match self.answer_to(home, &asked, &asker, request, core) {
                    None => None,
                    Some(Ok(result)) => Some(self.whole(&asked, &message::answer(&asked.id, &result))),
                    Some(Err(fault)) => Some(self.whole(&asked, &fault.answer(&asked.id))),
                }
            }
        }
    }

    /// The result of a request; `None`: it comes later.
    fn answer_to(
        &mut self,
        home: Option<&str>,
        asked: &Asked,
        asker: &Asker,
        request: Request,
        core: &mut Core,
    ) -> Option<Result<String, Fault>> {
        let params = &request.params;
        let has_tasks = home.is_some() && asked.version.has_tasks();
        let now = |result: &str| Some(Ok(result.to_owned()));
        match (request.method.as_str(), home) {
            ("initialize", None) => Some(Ok(introduction(params, false, core).1)),
            ("ping" | "logging/setLevel", _) => now("{}"),
            ("tools/list", _) => Some(Ok(catalog::list(core, asked.version, has_tasks))),
            ("tools/call", _) => self.call(home, asked, asker, params, core),
            ("resources/list", _) => now(r#"{"resources":[]}"#),
            ("resources/templates/list", _) => now(r#"{"resourceTemplates":[]}"#),
            ("resources/read", _) => Some(Err(Fault::new(Fault::NO_RESOURCE, "There are no resources."))),
            ("prompts/list", _) => now(r#"{"prompts":[]}"#),
            ("prompts/get", _) => Some(Err(Fault::parameters("There are no prompts."))),
            ("tasks/list", Some(home)) if has_tasks => Some(self.tasks.list(home, params)),
            ("tasks/get", Some(home)) if has_tasks => {
                Some(self.tasks.named(home, params).map(|task| task.shown()))
            }
            ("tasks/result", Some(home)) if has_tasks => self.task_result(home, asked, params),
            ("tasks/cancel", Some(home)) if has_tasks => Some(self.cancel_task(home, params, core)),
            (method, _) => {
                let method: String = method.chars().take(80).collect();
                Some(Err(Fault::new(Fault::NO_METHOD, format!("There is no method {method}."))))
            }
        }
    }

    fn task_result(
        &mut self,
        home: &str,
        asked: &Asked,
        params: &Map<String, Value>,
    ) -> Option<Result<String, Fault>> {
        match self.tasks.named(home, params) {
            Err(fault) => Some(Err(fault)),
            Ok(task) => match &task.outcome {
                Some(outcome) => Some(Ok(outcome.result(asked.version, Some(task.name())))),
                None => {
                    task.waiters.push(asked.clone());
                    None
                }
            },
        }
    }

    fn cancel_task(&mut self, home: &str, params: &Map<String, Value>, core: &Core) -> Result<String, Fault> {
        let task = self.tasks.named(home, params)?;
        if task.state != task::State::Working {
            return Err(Fault::parameters("The task has ended: it cannot be cancelled any more."));
        }
        task.cancel();
        let (shown, call) = (task.shown(), task.call);
        if let Some(call) = call.and_then(|token| self.calls.get_mut(&token)) {
            call.interrupt(core.now);
        }
        self.tell(home, &message::notification("notifications/tasks/status", &shown));
        Ok(shown)
    }

    /// A client does not want the answer to one of its requests any more: it gets none.
    fn cancel(&mut self, home: &str, id: &Value, core: &Core) {
        let mut unwanted = self.tasks.withdraw(home, id);
        if let Some(client) = self.clients.get_mut(home)
            && let Some(at) = client.waiting.iter().position(|(asked, _)| asked.id == *id)
        {
            unwanted = client.waiting.remove(at).map(|(asked, _)| asked);
        }
        for call in self.calls.values_mut().filter(|call| call.home.as_deref() == Some(home)) {
            if let Recipient::Request(asked) = &call.recipient
                && asked.id == *id
            {
                unwanted = Some(asked.clone());
                call.recipient = Recipient::Nobody;
                call.interrupt(core.now);
            }
        }
        let filed = self.filed.iter().find(|(_, filed)| filed.session == home && filed.asked.id == *id);
        if let Some(token) = filed.map(|(token, _)| *token) {
            unwanted = self.filed.remove(&token).map(|filed| filed.asked);
        }
        if let Some(asked) = unwanted {
            self.posts.push((asked.connection, Post::End(None)));
        }
    }
}

/// What the server can do, tasks aside.
const CAPABILITIES: &str = r#"{"logging":{},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":false},"tools":{"listChanged":true}}"#;

/// The same with tasks.
const CAPABILITIES_WITH_TASKS: &str = r#"{"logging":{},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":false},"tasks":{"cancel":{},"list":{},"requests":{"tools":{"call":{}}}},"tools":{"listChanged":true}}"#;

/// What the server says about itself, and the version that is spoken.
pub(super) fn introduction(
    params: &Map<String, Value>,
    has_sessions: bool,
    core: &Core,
) -> (Version, String) {
    let wanted = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
    let version = Version::agreed(wanted);
    let capabilities = match has_sessions && version.has_tasks() {
        true => CAPABILITIES_WITH_TASKS,
        false => CAPABILITIES,
    };
    let instructions = format!(
        "Tools that look into the running JVM of {} (process {}). Observing tools such as watch and trace wait for \
         calls of the application and end after numberOfExecutions results or timeout seconds.",
        core.facts.main(),
        core.facts.pid
    );
    let server =
        Object::new().text("name", "arthas-mcp-server").text("version", &core.facts.product).finish();
    let result = Object::new()
        .raw("capabilities", capabilities)
        .text("instructions", &instructions)
        .text("protocolVersion", version.name())
        .raw("serverInfo", &server)
        .finish();
    (version, result)
}
