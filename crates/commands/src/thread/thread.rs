//! `thread`: who is busy, who waits for whom, where each thread is.

use std::collections::HashMap;
use std::time::Duration;

use host::thread_info::{Depth, Locks, Stacks};
use host::thread_state::ThreadState;

use super::list::ThreadList;
use super::stacks::{BlockingLock, BusyThread, BusyThreads, MostBlocking, OneThread};
use super::usage::{self, ThreadUsage};
use super::virtual_list::VirtualList;
use crate::prelude::*;

/// Show threads: who is busy, who blocks whom, stacks
///
/// Without arguments, all threads with the processor time each used in a fifth of a second, busiest
/// first. With an id, that thread's stack. Threads of the JVM itself have the id -1.
#[derive(Args)]
#[command(
    group = Thread,
    permission = View,
    example = "thread",
    example = "thread 1",
    example = "thread -n 3",
    example = "thread -b",
    example = "thread --state WAITING",
    example = "thread --virtual"
)]
pub(crate) struct Thread {
    /// The thread whose stack to show
    id: Option<ThreadId>,
    /// List all, not only what fits the screen
    #[arg(long = "all")]
    all: bool,
    /// The busiest so many with their stacks; -1 for all
    #[arg(short = 'n', long = "top-n-threads")]
    top: Option<i64>,
    /// The thread that holds the lock most others wait for, and deadlocks
    #[arg(short = 'b', long = "include-blocking-thread")]
    blocking: bool,
    /// For how long to measure processor time
    #[arg(short = 'i', long = "sample-interval", label = "ms", default = "200")]
    interval: u64,
    /// Only threads in this state
    #[arg(long = "state")]
    state: Option<State>,
    /// With the monitors each thread holds
    #[arg(long = "lockedMonitors")]
    locked_monitors: bool,
    /// With the locks of java.util.concurrent each thread holds
    #[arg(long = "lockedSynchronizers")]
    locked_synchronizers: bool,
    /// List virtual threads (JDK 21 and later), which no other listing shows
    #[arg(long = "virtual")]
    virtual_threads: bool,
}

/// Java's states.
#[derive(Choice, Clone, Copy)]
enum State {
    #[choice("NEW")]
    New,
    #[choice("RUNNABLE")]
    Runnable,
    #[choice("BLOCKED")]
    Blocked,
    #[choice("WAITING")]
    Waiting,
    #[choice("TIMED_WAITING")]
    TimedWaiting,
    #[choice("TERMINATED")]
    Terminated,
}

impl From<State> for ThreadState {
    fn from(state: State) -> Self {
        match state {
            State::New => Self::New,
            State::Runnable => Self::Runnable,
            State::Blocked => Self::Blocked,
            State::Waiting => Self::Waiting,
            State::TimedWaiting => Self::TimedWaiting,
            State::Terminated => Self::Terminated,
        }
    }
}

/// Virtual threads listed unless `--all` asks for more.
const VIRTUAL_LISTED: usize = 1_000;
/// Virtual threads listed with `--all`: each costs a microsecond or two and some memory.
const VIRTUAL_LIMIT: usize = 100_000;

impl Command for Thread {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.virtual_threads {
            let limit = if self.all { VIRTUAL_LIMIT } else { VIRTUAL_LISTED };
            return cx.emit(VirtualList(host.virtual_threads(limit).or_fail()?));
        }
        if let Some(ThreadId(id)) = self.id {
            return self.one(id, host, cx);
        }
        if self.top.is_some() {
            return self.busiest(host, cx);
        }
        if self.blocking {
            return self.most_blocking(host, cx);
        }
        self.list(host, cx)
    }
}

impl Thread {
    fn stacks(&self) -> Stacks {
        Stacks {
            depth: Depth::Whole,
            monitors: self.locked_monitors,
            synchronizers: self.locked_synchronizers,
        }
    }

    /// The processor time all threads use while we wait.
    fn usage(&self, host: &Host, cx: &Context<'_>) -> Result<Vec<ThreadUsage>, Failure> {
        let first = host.thread_cpu_times().or_fail()?;
        cx.sleep(Duration::from_millis(self.interval))?;
        Ok(usage::between(Some(&first), host.threads().or_fail()?))
    }

    fn one(&self, id: i64, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let info = host.thread_infos(&[id], self.stacks()).or_fail()?.pop().flatten();
        let Some(thread_info) = info else {
            let message = format!(
                "There is no thread with the id {id}: it has ended, or it is a virtual one. `thread --all` lists the ids."
            );
            return Err(Failure::with_status(1, message));
        };
        cx.emit(OneThread { all: self.all, thread_info })
    }

    fn busiest(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut threads = self.usage(host, cx)?;
        if let Some(Ok(top)) = self.top.map(usize::try_from) {
            threads.truncate(top);
        }
        let ids: Vec<i64> = threads.iter().map(|thread| thread.id).filter(|id| *id > 0).collect();
        let infos = host.thread_infos(&ids, self.stacks()).or_fail()?;
        let mut infos: HashMap<i64, Locks> =
            infos.into_iter().flatten().map(|info| (info.thread_id, info.locks)).collect();
        // A thread of the JVM has no stack; one that has ended meanwhile has none any more.
        let busy_threads = threads
            .into_iter()
            .map(|usage| BusyThread { locks: infos.remove(&usage.id).unwrap_or_default(), usage })
            .collect();
        cx.emit(BusyThreads { all: self.all, busy_threads })
    }

    fn most_blocking(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let deadlocked_threads = host.deadlocked_threads().or_fail()?;
        let blocking = host.most_blocking_thread().or_fail()?;
        let Some(blocking) = blocking else {
            return Err(Failure::with_status(
                1,
                "No most blocking thread found: no thread waits for a lock that another one holds.",
            ));
        };
        cx.emit(MostBlocking {
            all: self.all,
            blocking_lock_info: BlockingLock {
                thread_info: blocking.owner,
                lock_identity_hash_code: blocking.lock,
                blocking_thread_count: blocking.waiting,
            },
            deadlocked_threads,
        })
    }

    fn list(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut threads = self.usage(host, cx)?;
        let total = threads.len();
        let thread_state_count = usage::count(&threads);
        if let Some(state) = self.state.map(ThreadState::from) {
            threads.retain(|thread| thread.state == Some(state));
        }
        // One line is the prompt's, one the counts', one the header's, one says how many more there are.
        let page = usize::from(cx.size().rows).saturating_sub(4).max(5);
        let page = if self.all { threads.len() } else { page };
        cx.emit(ThreadList { thread_stats: threads, thread_state_count, all: self.all, total, page })
    }
}
