//! What the tests stand on: real JDKs, real Java programs, our real binaries.
//!
//! Nothing here pretends to be a JVM. Every wait has a deadline, and a wait that fails shows what
//! the program printed and a thread dump, so that a red test on another machine can be understood.

pub mod arthas;
pub mod attach;
pub mod binaries;
pub mod client;
pub mod compare;
pub mod curl;
pub mod hostile;
pub mod java;
pub mod jdk;
pub mod mcp;
pub mod observation;
pub mod planted;
pub mod process;
pub mod relay;
pub mod resources;
pub mod socket;
pub mod spy;
pub mod terminal;
pub mod tunnel;
pub mod twins;

pub use binaries::{agent_library, oxprobe, oxprobe_tunnel};
pub use client::{Answer, exec, exec_json};
pub use curl::Curl;
pub use java::{Java, JavaBuilder};
pub use jdk::{Jdk, jdk, jdks};
pub use observation::Observation;
pub use process::Running;
pub use socket::LocalSocket;
pub use terminal::Terminal;
pub use tunnel::Tunnel;
pub use twins::Twins;

use std::time::{Duration, Instant};

/// Longest wait for anything that should take well under a second; generous because machines that
/// run tests are shared.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until `ask` answers `Some`; panics with `what` after [`PATIENCE`].
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "did not happen within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
