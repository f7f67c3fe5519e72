//! A command that somebody runs through the API, and what becomes of its results.

use std::time::{Duration, Instant};

use shell::{Event, Session};

use super::Waiter;
use super::reply::{Object, Reply, State, array};

/// How many results an answer holds, and how many bytes; later ones are left out.
const PACKED: (usize, usize) = (500, 16 * 1024 * 1024);

/// How long an interrupted command may take to end before its client is answered without its end.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Run {
    pub(crate) session: Session,
    pub(crate) job: u64,
    pub(crate) line: String,
    pub(crate) output: Output,
    /// The session of the API it runs in.
    pub(crate) home: Option<String>,
    /// Who asked for its end and waits for it, until then.
    pub(crate) interrupters: Vec<(Waiter, Instant)>,
    /// It waits for a client to make room, until then at most.
    pub(crate) paused: Option<Instant>,
    /// Its status, which its session's clients get when it is over.
    pub(crate) farewell: Option<String>,
    pub(crate) over: bool,
    /// It asked for the agent's end.
    pub(crate) stops: bool,
}

/// Where the results go.
pub(crate) enum Output {
    /// Into one answer.
    Packed(Packed),
    /// To the clients of its session.
    Shared,
    /// Nowhere: its client was answered, or is gone.
    Nowhere,
}

/// Results for one answer.
pub(crate) struct Packed {
    pub(crate) waiter: Waiter,
    /// The id that is told.
    pub(crate) session: String,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Instant,
    pub(crate) expired: bool,
    results: Vec<String>,
    bytes: usize,
}

impl Packed {
    pub(crate) fn new(waiter: Waiter, session: String, timeout: Duration, now: Instant) -> Self {
        let deadline = now + timeout;
        Self { waiter, session, timeout, deadline, expired: false, results: Vec::new(), bytes: 0 }
    }

    /// The status, which is the last, is always kept.
    fn push(&mut self, value: String, is_last: bool) {
        let (most, bytes) = PACKED;
        if is_last || (self.results.len() < most && self.bytes + value.len() <= bytes) {
            self.bytes += value.len();
            self.results.push(value);
        }
    }

    /// The answer.
    pub(crate) fn reply(&self, line: &str, job: u64, over: bool) -> (Waiter, Reply) {
        let body = Object::new()
            .text("command", line)
            .number("jobId", job)
            .text("jobStatus", if over { "TERMINATED" } else { "RUNNING" })
            .raw("results", &array(&self.results))
            .raw("timeExpired", if self.expired { "true" } else { "false" });
        let body = match self.expired {
            true => body.number("timeout", u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX)),
            false => body,
        };
        let state = if self.expired { State::Interrupted } else { State::Succeeded };
        let message = self.expired.then(|| {
            format!("The command took longer than {} ms and was interrupted.", self.timeout.as_millis())
        });
        let session = Some(self.session.clone());
        (self.waiter.clone(), Reply { body: Some(body.finish()), message, session, ..Reply::new(state) })
    }
}

impl Run {
    /// Takes one result or the end. `None`: there is nothing now. What clients of the session get is
    /// the value.
    pub(crate) fn step(&mut self, room: usize) -> Option<Option<String>> {
        match self.session.poll(room)? {
            Event::Value(value) => {
                // The status comes when the job is over, and nothing but its end after it.
                let is_last = value.ends_with(r#""type":"status"}"#);
                match &mut self.output {
                    Output::Packed(packed) => packed.push(value, is_last),
                    // Who reads that it is over may rely on it: the session is free with its end only.
                    Output::Shared if is_last => self.farewell = Some(value),
                    Output::Shared => return Some(Some(value)),
                    Output::Nowhere => {}
                }
            }
            Event::Done { .. } | Event::Close { .. } => self.over = true,
            Event::StopAgent => {
                self.over = true;
                self.stops = true;
            }
            // Nothing is drawn as text here.
            Event::Output(_) => {}
        }
        Some(None)
    }

    /// When something is due though the command says nothing.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let packed = match &self.output {
            Output::Packed(packed) => Some(packed.deadline),
            _ => None,
        };
        self.interrupters.iter().map(|(_, until)| *until).chain(packed).chain(self.paused).min()
    }

    /// What is due at this time: the command is interrupted, or its client answered without its end.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<(Waiter, Reply)> {
        let mut replies = Vec::new();
        if let Output::Packed(packed) = &mut self.output
            && now >= packed.deadline
        {
            if packed.expired {
                replies.push(packed.reply(&self.line, self.job, false));
                self.output = Output::Nowhere;
            } else {
                packed.expired = true;
                packed.deadline = now + GRACE;
                self.session.interrupt();
            }
        }
        let (due, waiting) =
            std::mem::take(&mut self.interrupters).into_iter().partition(|(_, until)| now >= *until);
        self.interrupters = waiting;
        let due: Vec<(Waiter, Instant)> = due;
        replies.extend(due.into_iter().map(|(waiter, _)| self.interrupted(waiter, "RUNNING")));
        replies
    }

    /// The answer to who asked for its end.
    pub(crate) fn interrupted(&self, waiter: Waiter, status: &str) -> (Waiter, Reply) {
        let body = Object::new().number("jobId", self.job).text("jobStatus", status).finish();
        (waiter, Reply { body: Some(body), ..Reply::new(State::Succeeded) })
    }

    /// The answers when it is over.
    pub(crate) fn last_replies(&mut self) -> Vec<(Waiter, Reply)> {
        let mut replies = Vec::new();
        if let Output::Packed(packed) = &self.output {
            replies.push(packed.reply(&self.line, self.job, true));
        }
        let interrupters = std::mem::take(&mut self.interrupters);
        replies.extend(interrupters.into_iter().map(|(waiter, _)| self.interrupted(waiter, "TERMINATED")));
        self.output = Output::Nowhere;
        replies
    }
}
