//! A tool that runs: the command, its results, and who waits for them.

use std::time::{Duration, Instant};

use mio::Token;
use serde_json::Value;
use shell::{Event, Session};

use super::message;
use super::results::{End, Outcome, Results};
use super::version::Version;
use crate::http::Object;

/// How long an interrupted command may take to end before its client is answered without its end.
const GRACE: Duration = Duration::from_secs(1);

/// The least time between two notices of progress.
const PROGRESS: Duration = Duration::from_millis(100);

/// Who is told a request's answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) connection: Token,
    pub(super) id: Value,
    pub(super) version: Version,
    /// Answered by an event, not by a bare message.
    pub(super) streams: bool,
}

/// Who waits for a call's end.
#[derive(Clone, Debug)]
pub(super) enum Recipient {
    Request(Asked),
    /// The task of this number.
    Task(u64),
    /// Its client was answered, or is gone.
    Nobody,
}

/// What a call is made of.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) line: String,
    /// Its results come one by one as the application goes on.
    pub(super) is_stream: bool,
    /// How long it may take.
    pub(super) limit: Duration,
    /// The name under which its client hears of progress.
    pub(super) progress: Option<Value>,
    pub(super) user: String,
    pub(super) peer: String,
}

/// See the module.
pub(super) struct Call {
    session: Session,
    pub(super) order: Order,
    /// The id of the session that is told.
    pub(super) shown: String,
    /// The client it runs for, where clients have sessions; no other command of his runs meanwhile.
    pub(super) home: Option<String>,
    pub(super) recipient: Recipient,
    pub(super) results: Results,
    begun: Instant,
    deadline: Option<Instant>,
    pub(super) end: End,
    /// Since when it shall end.
    pub(super) interrupted: Option<Instant>,
    told: usize,
    next_progress: Instant,
    pub(super) over: bool,
    /// It asked for the agent's end.
    pub(super) stops: bool,
}

impl Call {
    pub(super) fn new(
        session: Session,
        order: Order,
        shown: String,
        home: Option<String>,
        recipient: Recipient,
        now: Instant,
    ) -> Self {
        let deadline = now.checked_add(order.limit);
        Self {
            session,
            order,
            shown,
            home,
            recipient,
            results: Results::default(),
            begun: now,
            deadline,
            end: End::default(),
            interrupted: None,
            told: 0,
            next_progress: now,
            over: false,
            stops: false,
        }
    }

    /// Takes one result or the end; `room` as in [`Results::push`]. `false`: there is nothing now.
    pub(super) fn step(&mut self, chunk: usize, room: usize) -> bool {
        match self.session.poll(chunk) {
            None => return false,
            Some(Event::Value(value)) => self.results.push(value, room),
            Some(Event::Done { .. } | Event::Close { .. }) => self.over = true,
            Some(Event::StopAgent) => {
                self.over = true;
                self.stops = true;
            }
            // Nothing is drawn as text here.
            Some(Event::Output(_)) => {}
        }
        true
    }

    /// Ends it for its client's sake.
    pub(super) fn interrupt(&mut self, now: Instant) {
        if self.interrupted.is_none() {
            self.end.interrupted = true;
            self.stop(now);
        }
    }

    fn stop(&mut self, now: Instant) {
        self.interrupted = Some(now);
        self.deadline = Some(now + GRACE);
        self.session.interrupt();
    }

    /// Ends it at once, without another word.
    pub(super) fn close(&mut self) {
        self.session.close();
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.recipient {
            Recipient::Nobody if self.interrupted.is_some() => None,
            _ => self.deadline,
        }
    }

    /// What is due: `true` where its client is to be answered though it has not ended.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return false;
        }
        if self.interrupted.is_none() {
            self.end.timed_out = Some(self.order.limit.as_secs());
            self.stop(now);
            return false;
        }
        self.end.goes_on = true;
        self.deadline = None;
        true
    }

    /// The notice of progress that is due, if its client wants any and there is some.
    pub(super) fn progress(&mut self, now: Instant) -> Option<String> {
        let token = self.order.progress.as_ref()?;
        let count = self.results.count();
        if count <= self.told || now < self.next_progress || self.over {
            return None;
        }
        self.told = count;
        self.next_progress = now + PROGRESS;
        let message = if count == 1 { "1 result".to_owned() } else { format!("{count} results") };
        let params = Object::new()
            .text("message", &message)
            .number("progress", count as u64)
            .raw("progressToken", &token.to_string())
            .finish();
        Some(message::notification("notifications/progress", &params))
    }

    /// The tool's answer.
    pub(super) fn outcome(&self, now: Instant) -> Outcome {
        let took = now.saturating_duration_since(self.begun).as_millis();
        match self.order.is_stream {
            true => self.results.streamed(self.end),
            false => {
                let took = u64::try_from(took).unwrap_or(u64::MAX);
                self.results.plain(&self.order.line, &self.shown, took, self.end)
            }
        }
    }
}
