//! Tasks: calls whose result a client fetches later (2025-11-25).
//!
//! A task is kept until its time is over or too much is kept; what is forgotten first is what ended
//! longest ago.

use std::time::{Duration, Instant};

use mio::Token;
use serde_json::{Map, Value};

use super::call::Asked;
use super::message::Fault;
use super::results::Outcome;
use crate::clock;
use crate::http::{Object, array};

/// How many run at once.
pub(super) const RUNNING: usize = 5;

/// How long a task is kept where its client does not say, and at most.
const KEPT: (Duration, Duration) = (Duration::from_secs(30 * 60), Duration::from_secs(24 * 3600));

/// How many are kept, and how many bytes of results.
const MOST: (usize, usize) = (1000, 16 * 1024 * 1024);

/// How often a client shall ask, in milliseconds.
const POLL: u64 = 1000;

/// How many a page of the list has.
const PAGE: usize = 100;

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Working,
    Completed,
    Failed,
    Cancelled,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A task.
pub(super) struct Task {
    /// It is never used again.
    number: u64,
    name: String,
    /// The session of its client.
    pub(super) home: String,
    pub(super) state: State,
    message: Option<String>,
    created: Duration,
    updated: Duration,
    ttl: Duration,
    expires: Instant,
    /// The call that it runs as, until that ends.
    pub(super) call: Option<Token>,
    pub(super) outcome: Option<Outcome>,
    /// Requests for its result.
    pub(super) waiters: Vec<Asked>,
}

impl Task {
    /// As a client sees it.
    pub(super) fn shown(&self) -> String {
        Object::new()
            .text("createdAt", &clock::rfc3339(self.created))
            .text("lastUpdatedAt", &clock::rfc3339(self.updated))
            .number("pollInterval", POLL)
            .text("status", self.state.name())
            .maybe("statusMessage", self.message.as_deref())
            .text("taskId", &self.name)
            .number("ttl", u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX))
            .finish()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn set(&mut self, state: State, message: Option<String>) {
        self.state = state;
        self.message = message;
        self.updated = clock::since_epoch();
    }

    /// Its client does not want it any more.
    pub(super) fn cancel(&mut self) {
        self.set(State::Cancelled, Some("The task was cancelled.".to_owned()));
    }
}

/// Tasks in the order in which they were begun, which their numbers say, too.
#[derive(Default)]
pub(super) struct Tasks {
    tasks: Vec<Task>,
    last: u64,
}

impl Tasks {
    /// Begins one; `wanted` is how long its client wants it to be kept, in milliseconds.
    pub(super) fn begin(&mut self, name: String, home: String, wanted: Option<u64>, now: Instant) -> u64 {
        let (usual, most) = KEPT;
        let ttl = wanted.map_or(usual, Duration::from_millis).min(most);
        let time = clock::since_epoch();
        self.last += 1;
        let task = Task {
            number: self.last,
            name,
            home,
            state: State::Working,
            message: None,
            created: time,
            updated: time,
            ttl,
            expires: now + ttl,
            call: None,
            outcome: None,
            waiters: Vec::new(),
        };
        self.tasks.push(task);
        self.make_room();
        self.last
    }

    /// Forgets what is too much of those that have ended.
    fn make_room(&mut self) {
        let (most, most_bytes) = MOST;
        loop {
            let bytes: usize =
                self.tasks.iter().filter_map(|task| task.outcome.as_ref()).map(|one| one.payload.len()).sum();
            if self.tasks.len() <= most && bytes <= most_bytes {
                return;
            }
            // Not the newest, whose result nobody has seen.
            let last = self.last;
            let ended = |task: &Task| task.call.is_none() && task.number != last;
            let Some(oldest) = self.tasks.iter().position(ended) else { return };
            self.tasks.remove(oldest);
        }
    }

    pub(super) fn running(&self) -> usize {
        self.tasks.iter().filter(|task| task.call.is_some()).count()
    }

    pub(super) fn get(&mut self, number: u64) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.number == number)
    }

    /// The task of this client that a request names.
    pub(super) fn named(&mut self, home: &str, params: &Map<String, Value>) -> Result<&mut Task, Fault> {
        let Some(name) = params.get("taskId").and_then(Value::as_str) else {
            return Err(Fault::parameters("The parameter taskId is needed."));
        };
        let found = self.tasks.iter_mut().find(|task| task.home == home && task.name == name);
        found.ok_or_else(|| {
            Fault::parameters("The task is not found: it has never been, or its time is over.")
        })
    }

    /// The call of a task has ended: how, and who waits for its result.
    pub(super) fn end(&mut self, number: u64, outcome: Outcome) -> Option<(&Task, Vec<Asked>)> {
        let task = self.get(number)?;
        task.call = None;
        if task.state == State::Working {
            let state = if outcome.failed { State::Failed } else { State::Completed };
            task.set(state, outcome.message.clone());
        }
        task.outcome = Some(outcome);
        let waiters = std::mem::take(&mut task.waiters);
        self.make_room();
        self.tasks.iter().find(|task| task.number == number).map(|task| (task, waiters))
    }

    /// A page of a client's tasks; the cursor is the number of the last one of the page before.
    pub(super) fn list(&self, home: &str, params: &Map<String, Value>) -> Result<String, Fault> {
        let after = match params.get("cursor") {
            None | Some(Value::Null) => 0,
            Some(cursor) => cursor
                .as_str()
                .and_then(|cursor| cursor.parse().ok())
                .ok_or_else(|| Fault::parameters("The cursor is none of a page before."))?,
        };
        let mut rest = self.tasks.iter().filter(|task| task.number > after && task.home == home).peekable();
        let mut page = Vec::new();
        let mut last = after;
        while let Some(task) = rest.next_if(|_| page.len() < PAGE) {
            last = task.number;
            page.push(task.shown());
        }
        let next = rest.peek().is_some().then(|| last.to_string());
        Ok(Object::new().maybe("nextCursor", next.as_deref()).raw("tasks", &array(&page)).finish())
    }

    /// A connection is gone: nobody waits there any more.
    pub(super) fn gone(&mut self, connection: Token) {
        for task in &mut self.tasks {
            task.waiters.retain(|waiter| waiter.connection != connection);
        }
    }

    /// A request for a result is not wanted any more. Whether there was one.
    pub(super) fn withdraw(&mut self, home: &str, id: &Value) -> Option<Asked> {
        let mut own = self.tasks.iter_mut().filter(|task| task.home == home);
        own.find_map(|task| {
            let at = task.waiters.iter().position(|waiter| waiter.id == *id)?;
            Some(task.waiters.remove(at))
        })
    }

    /// Forgets those whose time is over, or all of one client: their calls, and who waited for them.
    pub(super) fn forget(&mut self, now: Instant, home: Option<&str>) -> (Vec<Token>, Vec<Asked>) {
        let (mut calls, mut waiters) = (Vec::new(), Vec::new());
        self.tasks.retain_mut(|task| {
            let is_over = match home {
                Some(home) => task.home == home,
                None => now >= task.expires,
            };
            if is_over {
                calls.extend(task.call);
                waiters.append(&mut task.waiters);
            }
            !is_over
        });
        (calls, waiters)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.tasks.iter().map(|task| task.expires).min()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn outcome(bytes: usize) -> Outcome {
        Outcome { payload: "x".repeat(bytes), failed: false, message: None }
    }

    fn params(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_task_is_its_clients_and_ends_when_its_time_is_over() {
        let (mut tasks, now) = (Tasks::default(), Instant::now());
        let number = tasks.begin("t".into(), "mine".into(), Some(5_000), now);
        tasks.get(number).unwrap().call = Some(Token(1));
        assert_eq!(tasks.running(), 1);
        let named = params(json!({"taskId": "t"}));
        assert!(tasks.named("other", &named).is_err());
        let shown = read(&tasks.named("mine", &named).ok().unwrap().shown());
        assert_eq!(
            (&shown["status"], &shown["ttl"], &shown["pollInterval"]),
            (&json!("working"), &json!(5000), &json!(1000))
        );
        let (task, _) = tasks.end(number, outcome(1)).unwrap();
        assert_eq!(task.state, State::Completed);
        assert_eq!(tasks.forget(now + Duration::from_millis(4999), None).0, []);
        assert!(tasks.named("mine", &named).is_ok());
        tasks.forget(now + Duration::from_secs(5), None);
        assert!(tasks.named("mine", &named).is_err());
        let longest = tasks.begin("u".into(), "mine".into(), Some(u64::MAX), now);
        assert_eq!(tasks.get(longest).unwrap().ttl, KEPT.1);
    }

    #[test]
    fn a_cancelled_task_stays_cancelled_however_its_call_ends() {
        let (mut tasks, now) = (Tasks::default(), Instant::now());
        let number = tasks.begin("t".into(), "mine".into(), None, now);
        tasks.get(number).unwrap().cancel();
        assert_eq!(tasks.end(number, outcome(1)).unwrap().0.state, State::Cancelled);
    }

    #[test]
    fn what_ended_longest_ago_is_forgotten_first() {
        let (mut tasks, now) = (Tasks::default(), Instant::now());
        let first = tasks.begin("first".into(), "mine".into(), None, now);
        tasks.get(first).unwrap().call = Some(Token(1));
        for at in 0..1200 {
            let number = tasks.begin(format!("t{at}"), "mine".into(), None, now);
            tasks.end(number, outcome(1));
        }
        assert_eq!(tasks.tasks.len(), MOST.0);
        assert!(tasks.get(first).is_some(), "what runs is not forgotten");
        assert!(tasks.get(first + 1).is_none());
        for at in 0..20 {
            let number = tasks.begin(format!("big{at}"), "mine".into(), None, now);
            tasks.end(number, outcome(2 * 1024 * 1024));
        }
        let bytes: usize =
            tasks.tasks.iter().filter_map(|task| task.outcome.as_ref()).map(|one| one.payload.len()).sum();
        assert!(bytes <= MOST.1, "{bytes}");
    }

    #[test]
    fn the_list_has_pages() {
        let (mut tasks, now) = (Tasks::default(), Instant::now());
        for at in 0..250 {
            tasks.begin(format!("t{at}"), if at % 2 == 0 { "mine" } else { "other" }.into(), None, now);
        }
        let first = read(&tasks.list("mine", &Map::new()).unwrap());
        assert_eq!(first["tasks"].as_array().unwrap().len(), 100);
        let second = read(&tasks.list("mine", &params(json!({"cursor": first["nextCursor"]}))).unwrap());
        assert_eq!(second["tasks"].as_array().unwrap().len(), 25);
        assert_eq!((&second["tasks"][0]["taskId"], second.get("nextCursor")), (&json!("t200"), None));
        assert!(tasks.list("mine", &params(json!({"cursor": "x"}))).is_err());
    }
}
