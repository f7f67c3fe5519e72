//! What the kernel knows about the JVM's process: threads with their CPU time, descriptors, load.
//!
//! All from `/proc`, so it needs no Java module and no privilege. The parsers are pure.

use std::time::Duration;

/// A kernel thread of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id in the process's pid namespace.
    pub id: u32,
    /// Its name, which the kernel cuts at 15 bytes.
    pub name: String,
    /// CPU time used, user and system.
    pub cpu: Duration,
}

/// The threads of this process; those that end meanwhile are left out.
pub fn tasks() -> Vec<Task> {
    let Ok(folder) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    folder
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read(entry.path().join("stat")).ok()?;
            let task = parse_stat(id, &String::from_utf8_lossy(&stat))?;
            // Ticks are 10 ms; most kernels keep nanoseconds too.
            let exact = std::fs::read_to_string(entry.path().join("schedstat")).ok();
            let cpu = exact.and_then(|text| parse_schedstat(&text)).unwrap_or(task.cpu);
            Some(Task { cpu, ..task })
        })
        .collect()
}

/// Reads `/proc/PID/task/TID/stat`. The name stands in brackets and may hold anything, brackets
/// and blanks too; CPU time is fields 14 and 15 in ticks of 10 ms (`USER_HZ` is 100 on every
/// architecture the kernel has kept).
fn parse_stat(id: u32, stat: &str) -> Option<Task> {
    let (start, end) = (stat.find('(')?, stat.rfind(')')?);
    let name = stat.get(start + 1..end)?.to_owned();
    let mut fields = stat.get(end + 1..)?.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Task { id, name, cpu: Duration::from_millis((user + system) * 10) })
}

/// Reads `/proc/PID/task/TID/schedstat`: its first number is the time on a processor in nanoseconds.
fn parse_schedstat(text: &str) -> Option<Duration> {
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Open file descriptors and the limit of their number; `None` for what cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptors {
    /// How many are open.
    pub open: Option<u64>,
    /// How many may be (the soft limit; HotSpot raises it to the hard one at its start).
    pub max: Option<u64>,
}

/// Counts this process's descriptors.
pub fn descriptors() -> Descriptors {
    // Reading the folder takes a descriptor that is in the folder.
    let open =
        std::fs::read_dir("/proc/self/fd").ok().map(|folder| (folder.count() as u64).saturating_sub(1));
    let max = std::fs::read_to_string("/proc/self/limits").ok().and_then(|text| parse_max_open_files(&text));
    Descriptors { open, max }
}

fn parse_max_open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// The load of the last minute, as `getloadavg` has it.
pub fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_ascii_whitespace().next()?.parse().ok()
}

/// The host's name as the kernel has it (in a pod: the pod's name).
pub fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_name_may_hold_brackets_and_blanks() {
        let stat = "71 (G1 (x) y) S 1 71 71 0 -1 4194368 10 0 0 0 123 7 0 0 20 0 30 0 5 1 2";
        let task = parse_stat(71, stat).unwrap();
        assert_eq!(task, Task { id: 71, name: "G1 (x) y".to_owned(), cpu: Duration::from_millis(1_300) });
        assert_eq!(parse_stat(71, "71 (java"), None);
        assert_eq!(parse_schedstat("123456789 42 7"), Some(Duration::from_nanos(123_456_789)));
    }

    #[test]
    fn the_limit_of_open_files_is_the_soft_one() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(parse_max_open_files(limits), Some(1024));
        assert_eq!(parse_max_open_files("Max open files unlimited unlimited files"), Some(u64::MAX));
        assert_eq!(parse_max_open_files("Max processes 3 4 processes"), None);
    }

    #[test]
    fn this_test_sees_its_own_thread_and_descriptors() {
        assert!(tasks().iter().any(|task| task.id == std::process::id()));
        let before = descriptors().open.unwrap();
        let _file = std::fs::File::open("/proc/self/status").unwrap();
        assert!(
            descriptors().open.unwrap() > before.saturating_sub(8),
            "other tests may close theirs meanwhile"
        );
        assert!(descriptors().max.unwrap() > 0);
    }
}
