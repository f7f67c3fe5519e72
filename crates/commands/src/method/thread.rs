//! The thread in which an observed call ran, and when.

use std::time::{SystemTime, UNIX_EPOCH};

use host::advice::ThreadFacts as Known;

use crate::prelude::*;

/// A moment on the JVM's clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    /// `2026-11-22 19:05:01.123`
    pub(super) to_the_millisecond: String,
    /// Nanoseconds after that millisecond.
    pub(super) beyond: u32,
}

impl Moment {
    pub(super) fn at(host: &Host, time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let local = host.local_time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Self { to_the_millisecond: local.to_the_millisecond(), beyond: since.subsec_nanos() % 1_000_000 }
    }

    /// `2026-11-22 19:05:01.123456789`, as the JSON has it.
    pub(super) fn to_the_nanosecond(&self) -> String {
        format!("{}{:06}", self.to_the_millisecond, self.beyond)
    }
}

/// What a result says of its thread.
#[derive(Clone, Debug, Default)]
pub(super) struct ThreadFacts {
    pub(super) name: String,
    pub(super) id: i64,
    pub(super) daemon: bool,
    pub(super) priority: i32,
    /// The thread's context class loader, `Class@hash`.
    pub(super) loader: Option<String>,
    /// When the call began or ended.
    pub(super) moment: Moment,
}

impl ThreadFacts {
    /// What the JVM told; question marks where it did not.
    pub(super) fn of(host: &Host, known: Option<&Known>, at: SystemTime) -> Self {
        let moment = Moment::at(host, at);
        let Some(known) = known else {
            return Self { name: "?".to_owned(), id: -1, moment, ..Self::default() };
        };
        Self {
            name: known.name.clone(),
            id: i64::try_from(known.id).unwrap_or(-1),
            daemon: known.daemon,
            priority: known.priority,
            loader: known.loader.as_ref().map(|(class, hash)| format!("{class}@{hash:x}")),
            moment,
        }
    }

    /// `ts=…;thread_name=…;id=…;is_daemon=…;priority=…;TCCL=…`
    pub(super) fn line(&self) -> Text {
        let mut line = Text::from(format!("ts={};thread_name=", self.moment.to_the_millisecond));
        line.push(Style::Name, self.name.clone());
        line.push(
            Style::Plain,
            format!(
                ";id={};is_daemon={};priority={};TCCL={}",
                self.id,
                self.daemon,
                self.priority,
                self.loader.as_deref().unwrap_or("null")
            ),
        );
        line
    }
}
