//! A thread's state from the bits that `java.lang.Thread` keeps in `threadStatus`.
//!
//! HotSpot stores the JVMTI state there, so reading the field costs no call into the JVM; the
//! mapping is that of `jdk.internal.misc.VM.toThreadState` (JDK 8: `sun.misc.VM`).

use serde::Serialize;

/// `java.lang.Thread.State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ThreadState {
    /// Not started.
    New,
    /// Running, or ready to.
    Runnable,
    /// Waits to enter a monitor.
    Blocked,
    /// Waits without a limit.
    Waiting,
    /// Waits or sleeps for a limited time.
    TimedWaiting,
    /// Has ended.
    Terminated,
}

/// The states in the order in which Arthas counts them.
pub const ALL: [ThreadState; 6] = [
    ThreadState::New,
    ThreadState::Runnable,
    ThreadState::Blocked,
    ThreadState::Waiting,
    ThreadState::TimedWaiting,
    ThreadState::Terminated,
];

const ALIVE: i32 = 0x1;
const TERMINATED: i32 = 0x2;
const RUNNABLE: i32 = 0x4;
const WAITING_INDEFINITELY: i32 = 0x10;
const WAITING_WITH_TIMEOUT: i32 = 0x20;
const BLOCKED_ON_MONITOR_ENTER: i32 = 0x400;

impl ThreadState {
    /// The state that the bits of `threadStatus` say.
    pub fn of_bits(bits: i32) -> Self {
        if bits & RUNNABLE != 0 {
            Self::Runnable
        } else if bits & BLOCKED_ON_MONITOR_ENTER != 0 {
            Self::Blocked
        } else if bits & WAITING_INDEFINITELY != 0 {
            Self::Waiting
        } else if bits & WAITING_WITH_TIMEOUT != 0 {
            Self::TimedWaiting
        } else if bits & TERMINATED != 0 {
            Self::Terminated
        } else if bits & ALIVE == 0 {
            Self::New
        } else {
            Self::Runnable
        }
    }

    /// The state with Java's name.
    pub fn of_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|state| state.name() == name)
    }

    /// Java's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Runnable => "RUNNABLE",
            Self::Blocked => "BLOCKED",
            Self::Waiting => "WAITING",
            Self::TimedWaiting => "TIMED_WAITING",
            Self::Terminated => "TERMINATED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadState;

    #[test]
    fn the_bits_hotspot_stores_mean_what_java_says() {
        // The values of HotSpot's java_lang_Thread::ThreadStatus.
        for (bits, state) in [
            (0, ThreadState::New),
            (0x5, ThreadState::Runnable),
            (0x1 + 0x80 + 0x20 + 0x40, ThreadState::TimedWaiting),
            (0x1 + 0x80 + 0x10 + 0x100, ThreadState::Waiting),
            (0x1 + 0x80 + 0x20 + 0x100, ThreadState::TimedWaiting),
            (0x1 + 0x80 + 0x10 + 0x200, ThreadState::Waiting),
            (0x401, ThreadState::Blocked),
            (0x2, ThreadState::Terminated),
        ] {
            assert_eq!(ThreadState::of_bits(bits), state, "{bits:#x}");
        }
    }
}
