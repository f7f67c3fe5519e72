//! Threads with the share of a processor each has used between two looks; the rows of `thread` and
//! `dashboard`.

use std::collections::HashMap;
use std::time::Duration;

use host::thread_state::ThreadState;
use host::threads::{CpuTimes, Threads};

use crate::prelude::*;
use crate::units;

/// A thread, as Arthas's `ThreadVO` has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThreadUsage {
    /// Java's id; -1 for a thread of the JVM itself.
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The thread group; none for the JVM's own threads and for those that have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    /// 1 to 10; -1 for a thread of the JVM itself.
    pub(crate) priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<ThreadState>,
    /// Percent of one processor between the two looks, two decimals.
    pub(crate) cpu: f64,
    /// CPU time between the two looks, milliseconds.
    pub(crate) delta_time: i64,
    /// CPU time since the thread started, milliseconds.
    pub(crate) time: i64,
    pub(crate) interrupted: bool,
    pub(crate) daemon: bool,
}

/// The threads of the second look, busiest first. Without a first look (`None`) the order is by CPU
/// time since the threads started.
pub(crate) fn between(first: Option<&CpuTimes>, second: Threads) -> Vec<ThreadUsage> {
    let nothing = CpuTimes::default();
    let interval = first.map(|first| second.taken.saturating_duration_since(first.taken));
    let share = |used: Duration| match interval {
        Some(interval) if !interval.is_zero() => {
            units::hundredths(used.as_secs_f64() * 100.0 / interval.as_secs_f64())
        }
        _ => 0.0,
    };
    let used = |total: Duration, before: Option<&Duration>| match first {
        // A thread that was not there at the first look has used all its time since.
        Some(_) => total.saturating_sub(before.copied().unwrap_or_default()),
        None => Duration::ZERO,
    };
    let before = first.unwrap_or(&nothing);
    let java = second.java.into_iter().map(|thread| {
        let delta = used(thread.cpu, before.java.get(&thread.id));
        let usage = ThreadUsage {
            id: thread.id,
            name: thread.name,
            group: thread.group,
            priority: thread.priority,
            state: Some(thread.state),
            cpu: share(delta),
            delta_time: units::millis(delta),
            time: units::millis(thread.cpu),
            interrupted: thread.interrupted,
            daemon: thread.daemon,
        };
        (if first.is_some() { delta } else { thread.cpu }, usage)
    });
    let internal = second.internal.into_iter().map(|thread| {
        let delta = used(thread.cpu, before.internal.get(&thread.name));
        let usage = ThreadUsage {
            id: -1,
            name: thread.name,
            group: None,
            priority: -1,
            state: None,
            cpu: share(delta),
            delta_time: units::millis(delta),
            time: units::millis(thread.cpu),
            interrupted: false,
            daemon: true,
        };
        (if first.is_some() { delta } else { thread.cpu }, usage)
    });
    let mut all: Vec<(Duration, ThreadUsage)> = java.chain(internal).collect();
    all.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
    all.into_iter().map(|(_, usage)| usage).collect()
}

/// How many threads are in which state; all states are there.
pub(crate) fn count(threads: &[ThreadUsage]) -> HashMap<&'static str, usize> {
    let mut counts: HashMap<_, _> =
        host::thread_state::ALL.into_iter().map(|state| (state.name(), 0)).collect();
    for state in threads.iter().filter_map(|thread| thread.state) {
        *counts.entry(state.name()).or_default() += 1;
    }
    counts
}

/// The threads as a table.
pub(crate) fn table<'a>(threads: impl Iterator<Item = &'a ThreadUsage>) -> Table {
    const TITLES: [(&str, u16); 10] = [
        ("ID", 1),
        ("NAME", 6),
        ("GROUP", 3),
        ("PRIORITY", 2),
        ("STATE", 2),
        ("%CPU", 2),
        ("DELTA_TIME", 2),
        ("TIME", 2),
        ("INTERRUPTED", 2),
        ("DAEMON", 2),
    ];
    Table {
        columns: TITLES.iter().map(|(title, weight)| Column::new(*title).weight(*weight).cut()).collect(),
        rows: threads.map(row).collect(),
        ..Table::default()
    }
}

fn row(thread: &ThreadUsage) -> Vec<Text> {
    let cpu = match thread.cpu {
        50.0.. => Style::Hot,
        1.0.. => Style::Number,
        _ => Style::Plain,
    };
    vec![
        Text::from(thread.id.to_string()),
        Text::styled(Style::Name, thread.name.clone()),
        Text::from(thread.group.clone().unwrap_or_else(|| "-".to_owned())),
        Text::from(thread.priority.to_string()),
        thread.state.map_or_else(|| Text::from("-"), |state| Text::styled(state_style(state), state.name())),
        Text::styled(cpu, format!("{:.2}", thread.cpu)),
        Text::from(units::seconds(thread.delta_time)),
        Text::from(units::minutes(thread.time)),
        Text::from(if thread.interrupted { "true" } else { "false" }),
        Text::from(if thread.daemon { "true" } else { "false" }),
    ]
}

/// What a state means to the reader.
pub(crate) fn state_style(state: ThreadState) -> Style {
    match state {
        ThreadState::Runnable => Style::Good,
        ThreadState::Blocked => Style::Bad,
        ThreadState::Waiting | ThreadState::TimedWaiting => Style::Warn,
        ThreadState::New | ThreadState::Terminated => Style::Dim,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use host::threads::{InternalThread, JavaThread};

    use super::*;

    fn java(id: i64, cpu_ms: u64) -> JavaThread {
        JavaThread {
            id,
            name: format!("worker-{id}"),
            group: Some("main".to_owned()),
            priority: 5,
            state: ThreadState::Runnable,
            interrupted: false,
            daemon: false,
            cpu: Duration::from_millis(cpu_ms),
        }
    }

    fn look(taken: Instant) -> Threads {
        let internal = vec![InternalThread { name: "VM Thread".to_owned(), cpu: Duration::from_millis(90) }];
        Threads { java: vec![java(1, 1_000), java(2, 300), java(3, 50)], internal, taken }
    }

    #[test]
    fn the_first_look_orders_by_all_time_used() {
        let usage = between(None, look(Instant::now()));
        assert_eq!(usage.iter().map(|thread| thread.id).collect::<Vec<_>>(), [1, 2, -1, 3]);
        assert!(usage.iter().all(|thread| thread.cpu == 0.0 && thread.delta_time == 0));
    }

    #[test]
    fn a_second_look_orders_by_the_time_between() {
        let start = Instant::now();
        let first = CpuTimes {
            java: HashMap::from([(1, Duration::from_millis(999)), (2, Duration::from_millis(200))]),
            internal: HashMap::from([("VM Thread".to_owned(), Duration::from_millis(40))]),
            taken: start,
        };
        let usage = between(Some(&first), look(start + Duration::from_millis(200)));
        let shares: Vec<_> = usage.iter().map(|thread| (thread.id, thread.cpu, thread.delta_time)).collect();
        // Thread 3 has started meanwhile.
        assert_eq!(shares, [(2, 50.0, 100), (3, 25.0, 50), (-1, 25.0, 50), (1, 0.5, 1)]);
    }

    #[test]
    fn every_state_is_counted() {
        let counts = count(&between(None, look(Instant::now())));
        assert_eq!(counts.get("RUNNABLE"), Some(&3));
        assert_eq!(counts.get("BLOCKED"), Some(&0));
        assert_eq!(counts.len(), 6);
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let usage = between(None, look(Instant::now()));
        let table = table(usage.iter());
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert_eq!(table.rows.first().unwrap().get(7).unwrap().plain(), "0:1.000");
    }
}
