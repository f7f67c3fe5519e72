//! A session of the API: its clients, its history, and the one command that runs in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;

use super::Waiter;
use super::consumer::{Consumer, FORGOTTEN, Results};
use super::reply::{Object, Reply, State, array};

/// How long a pull waits for a result.
const PULL: Duration = Duration::from_secs(2);

/// How many clients a session may have.
const CONSUMERS: usize = 32;

/// See the module.
pub(crate) struct Shared {
    pub(crate) id: String,
    pub(crate) user: String,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) accessed: u64,
    pub(crate) last: Instant,
    /// The command that runs, by the token of its wakes.
    pub(crate) foreground: Option<Token>,
    consumers: Vec<Consumer<Waiter>>,
    history: Results,
    input_status: Arc<str>,
    numbers: u64,
}

impl Shared {
    pub(crate) fn new(id: String, user: String, now: Instant, created: u64) -> Self {
        Self {
            id,
            user,
            created,
            accessed: created,
            last: now,
            foreground: None,
            consumers: Vec::new(),
            history: Results::default(),
            input_status: input_status("ALLOW_INPUT"),
            numbers: 0,
        }
    }

    /// A new client; the error is a sentence.
    pub(crate) fn join(&mut self, now: Instant) -> Result<String, String> {
        if self.consumers.len() >= CONSUMERS {
            return Err(format!("{CONSUMERS} clients have joined this session, which is the limit"));
        }
        self.numbers += 1;
        let id = format!("{}_{}", self.id, self.numbers);
        self.consumers.push(Consumer::new(id.clone(), now));
        Ok(id)
    }

    /// What was before a client joined: it may not type until it has seen that.
    pub(crate) fn recall(&mut self, id: &str) {
        let Some(consumer) = self.consumers.iter_mut().find(|consumer| consumer.id == id) else { return };
        consumer.queue.push(input_status("DISABLED"));
        self.history.iter().for_each(|value| consumer.queue.push(value.clone()));
        consumer.queue.push(self.input_status.clone());
    }

    /// Gives a result to every client.
    pub(crate) fn publish(&mut self, value: Arc<str>) {
        self.history.push(value.clone());
        self.consumers.iter_mut().for_each(|consumer| consumer.queue.push(value.clone()));
    }

    pub(crate) fn say(&mut self, message: &str) {
        self.publish(sentence(message));
    }

    pub(crate) fn set_input_status(&mut self, name: &str) {
        self.input_status = input_status(name);
        let status = &self.input_status;
        self.consumers.iter_mut().for_each(|consumer| consumer.queue.push(status.clone()));
    }

    /// Until when the command shall wait: a client that pulls has a full queue.
    pub(crate) fn patience(&self, now: Instant) -> Option<Instant> {
        let waited_for = self.consumers.iter().filter(|consumer| consumer.is_waited_for(now));
        waited_for.map(Consumer::patience).min()
    }

    /// Whether nobody takes results any more.
    pub(crate) fn is_deserted(&self, now: Instant) -> bool {
        self.consumers.iter().all(|consumer| consumer.is_stuck(now))
    }

    /// A client pulls. The replies: to it, if there is something; to an earlier pull of its. The
    /// error is the sentence for it.
    pub(crate) fn pull(
        &mut self,
        id: &str,
        waiter: Waiter,
        now: Instant,
    ) -> Result<Vec<(Waiter, Reply)>, String> {
        let session = self.id.clone();
        let Some(consumer) = self.consumers.iter_mut().find(|consumer| consumer.id == id) else {
            return Err(format!("consumer not found: {id}"));
        };
        consumer.pulled = now;
        let mut replies = Vec::new();
        if let Some((earlier, _)) = consumer.waiting.take() {
            replies.push((earlier, pulled(&session, id, &[])));
        }
        match consumer.queue.is_empty() {
            true => consumer.waiting = Some((waiter, now + PULL)),
            false => replies.push((waiter, pulled(&session, id, &consumer.queue.take()))),
        }
        Ok(replies)
    }

    /// Replies to the pulls that wait and have something, or have waited long enough (`all`: to all).
    pub(crate) fn answer_pulls(&mut self, now: Instant, all: bool) -> Vec<(Waiter, Reply)> {
        let mut replies = Vec::new();
        for consumer in &mut self.consumers {
            let due = |(_, until): &mut (Waiter, Instant)| all || now >= *until || !consumer.queue.is_empty();
            if let Some((waiter, _)) = consumer.waiting.take_if(due) {
                consumer.pulled = now;
                replies.push((waiter, pulled(&self.id, &consumer.id, &consumer.queue.take())));
            }
        }
        replies
    }

    /// When a pull has waited long enough.
    pub(crate) fn pull_deadline(&self) -> Option<Instant> {
        self.consumers.iter().filter_map(|consumer| consumer.waiting.as_ref()).map(|(_, until)| *until).min()
    }

    /// A connection is gone: nobody waits on it.
    pub(crate) fn forget(&mut self, connection: Token) {
        for consumer in &mut self.consumers {
            consumer.waiting.take_if(|(waiter, _)| waiter.connection == connection);
        }
    }

    /// Leaves out clients that have not pulled for long.
    pub(crate) fn tidy(&mut self, now: Instant) {
        self.consumers.retain(|consumer| consumer.waiting.is_some() || now < consumer.pulled + FORGOTTEN);
    }
}

fn pulled(session: &str, consumer: &str, values: &[Arc<str>]) -> Reply {
    Reply {
        body: Some(Object::new().raw("results", &array(values)).finish()),
        consumer: Some(consumer.to_owned()),
        session: Some(session.to_owned()),
        ..Reply::new(State::Succeeded)
    }
}

fn input_status(name: &str) -> Arc<str> {
    let object = Object::new().text("inputStatus", name).number("jobId", 0).text("type", "input_status");
    object.finish().into()
}

/// A message of the agent's own.
pub(crate) fn sentence(message: &str) -> Arc<str> {
    Object::new().number("jobId", 0).text("message", message).text("type", "message").finish().into()
}
