//! One process as `/proc/PID/status` and `/proc/PID/stat` show it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// SIGQUIT is signal 3; `SigCgt` has bit n-1 set for signal n.
const CATCHES_SIGQUIT: u64 = 1 << 2;

/// HotSpot's `Signal Dispatcher`, as the kernel cuts names.
const SIGNAL_THREAD: &str = "Signal Dispatch";

/// What we need to know of a process to attach to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its pid where we are.
    pub pid: i32,
    /// Its pid in its own, innermost pid namespace.
    pub nspid: i32,
    /// The kernel's name of it, at most 15 bytes.
    pub comm: String,
    /// `R`, `S`, `D`, `T`, `t`, `Z`, `X`...
    pub state: char,
    /// Effective user id: the one HotSpot compares with.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Whether a handler for SIGQUIT is set. Without one the signal would kill it.
    catches_sigquit: bool,
    /// When it started, in clock ticks after boot (`/proc/PID/stat`, field 22).
    pub start: u64,
}

impl Process {
    /// Reads the process; one that has ended but was not yet waited for does not exist any more.
    pub fn read(pid: i32) -> Result<Self, Failure> {
        let gone = |_| Failure::NoSuchProcess { pid };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(gone)?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(gone)?;
        Self::parse(pid, &status, &stat)
            .filter(|process| !matches!(process.state, 'Z' | 'X' | 'x'))
            .ok_or(Failure::NoSuchProcess { pid })
    }

    fn parse(pid: i32, status: &str, stat: &str) -> Option<Self> {
        let field = |name: &str| {
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let second = |name: &str| field(name)?.split_whitespace().nth(1)?.parse().ok();
        // A thread's number has files too, but is no process.
        field("Tgid").filter(|leader| leader.parse() == Ok(pid))?;
        // The command name may hold spaces and parentheses; the last one closes it.
        let after_comm = stat.rsplit_once(')')?.1;
        Some(Self {
            pid,
            // Kernels before 4.1 do not tell; then there is one pid only.
            nspid: field("NSpid")
                .and_then(|pids| pids.split_whitespace().last()?.parse().ok())
                .unwrap_or(pid),
            comm: field("Name")?.to_owned(),
            state: field("State")?.chars().next()?,
            uid: second("Uid")?,
            gid: second("Gid")?,
            groups: field("Groups")?.split_whitespace().filter_map(|group| group.parse().ok()).collect(),
            catches_sigquit: u64::from_str_radix(field("SigCgt")?, 16).ok()? & CATCHES_SIGQUIT != 0,
            start: after_comm.split_whitespace().nth(19)?.parse().ok()?,
        })
    }

    /// Whether the kernel or a debugger holds it.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }

    /// Whether it still runs and is the same process, not another one with its number.
    pub fn is_alive(&self) -> bool {
        Self::read(self.pid).is_ok_and(|now| now.start == self.start)
    }

    /// Whether a JVM is so far that SIGQUIT is safe and is acted upon at once: it catches the signal,
    /// and its thread for signals runs. JDK 17 and later catch it long before, and would act later,
    /// when nobody waits any more, by printing all threads into the application's output.
    pub fn takes_sigquit(&self) -> bool {
        self.catches_sigquit && self.has_signal_thread()
    }

    /// Whether HotSpot's thread for signals runs in it. Every user may look at that.
    pub fn has_signal_thread(&self) -> bool {
        let Ok(tasks) = fs::read_dir(self.proc("task")) else { return false };
        // The kernel lists threads by age, and this one is among the first.
        tasks.flatten().any(|task| {
            fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == SIGNAL_THREAD)
        })
    }

    /// A path inside `/proc/PID`.
    pub fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// Whether its paths mean other files than ours: another mount namespace or another root.
    /// What cannot be read is taken for the same.
    pub fn has_own_files(&self) -> bool {
        let link = |path: PathBuf| fs::read_link(path).ok();
        let ours = link(PathBuf::from("/proc/self/ns/mnt"));
        let theirs = link(self.proc("ns/mnt"));
        (theirs.is_some() && theirs != ours)
            || link(self.proc("root")).is_some_and(|root| root != Path::new("/"))
    }

    /// An absolute path of the process as we reach it.
    pub fn path(&self, inside: &str) -> PathBuf {
        if self.has_own_files() { self.proc(&format!("root{inside}")) } else { PathBuf::from(inside) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tjava\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nPid:\t4242\nUid:\t0\t1001\t0\t0\nGid:\t0\t1002\t0\t0\nGroups:\t5 6 \nNSpid:\t4242\t17\t1\nSigCgt:\t2000000181005ccf\n";
    const STAT: &str = "4242 (a) b (c) S 1 4242 4242 0 -1 1077936128 1 2 3 4 5 6 7 8 20 0 30 0 987654 1 2 3";

    #[test]
    fn the_effective_user_the_innermost_pid_and_the_start_are_found() {
        let process = Process::parse(4242, STATUS, STAT).unwrap();
        assert_eq!((process.uid, process.gid), (1001, 1002));
        assert_eq!(process.nspid, 1);
        assert_eq!(process.groups, [5, 6]);
        assert_eq!(process.start, 987_654);
        assert!(process.catches_sigquit);
    }

    #[test]
    fn without_a_handler_for_sigquit_it_must_not_be_sent() {
        let status = STATUS.replace("2000000181005ccf", "0000000181005ccb");
        assert!(!Process::parse(4242, &status, STAT).unwrap().catches_sigquit);
    }

    #[test]
    fn this_test_is_a_live_process_with_our_files() {
        let own = Process::read(std::process::id() as i32).unwrap();
        assert!(own.is_alive());
        assert!(!own.has_own_files());
        assert!(!Process { start: own.start + 1, ..own }.is_alive());
    }
}
