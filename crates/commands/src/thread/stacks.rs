//! The results of `thread` that are stacks: one thread, the busiest, the one that blocks most others.

use host::thread_info::{Locks, ThreadInfo};

use super::stack::{self, Head, Wanted};
use super::usage::ThreadUsage;
use crate::prelude::*;

/// One thread.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OneThread {
    /// Whether `--all` was said, as every result of the command tells.
    pub(super) all: bool,
    pub(super) thread_info: ThreadInfo,
}

impl Show for OneThread {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        Layout::stack(info_lines(&self.thread_info, None))
    }
}

fn info_lines(info: &ThreadInfo, wanted: Option<Wanted>) -> Vec<Layout> {
    let head =
        Head { id: info.thread_id, name: &info.thread_name, state: Some(info.thread_state), usage: None };
    stack::lines(&head, &info.locks, wanted)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BusyThreads {
    pub(super) all: bool,
    pub(super) busy_threads: Vec<BusyThread>,
}

#[derive(Serialize)]
pub(super) struct BusyThread {
    #[serde(flatten)]
    pub(super) usage: ThreadUsage,
    #[serde(flatten)]
    pub(super) locks: Locks,
}

impl Show for BusyThreads {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        let mut lines = Vec::new();
        for BusyThread { usage, locks } in &self.busy_threads {
            let times =
                format!("cpuUsage={:.2}% deltaTime={}ms time={}ms", usage.cpu, usage.delta_time, usage.time);
            let head = Head { id: usage.id, name: &usage.name, state: usage.state, usage: Some(times) };
            lines.extend(stack::lines(&head, locks, None));
            lines.push(Layout::line(""));
        }
        Layout::stack(lines)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MostBlocking {
    pub(super) all: bool,
    pub(super) blocking_lock_info: BlockingLock,
    /// The ids of threads that wait for each other for ever.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) deadlocked_threads: Vec<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockingLock {
    pub(super) thread_info: ThreadInfo,
    pub(super) lock_identity_hash_code: i32,
    pub(super) blocking_thread_count: usize,
}

impl Show for MostBlocking {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        let blocking = &self.blocking_lock_info;
        let wanted =
            Wanted { lock: blocking.lock_identity_hash_code, waiting: blocking.blocking_thread_count };
        let mut lines = info_lines(&blocking.thread_info, Some(wanted));
        if !self.deadlocked_threads.is_empty() {
            let ids: Vec<String> = self.deadlocked_threads.iter().map(i64::to_string).collect();
            let line = format!("Deadlock: threads {} wait for each other and never go on.", ids.join(", "));
            lines.push(Layout::Line(Text::styled(Style::Bad, line)));
        }
        Layout::stack(lines)
    }
}
