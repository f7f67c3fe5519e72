//! The two agents under one face: begin a command, end it, take the probes out.

use harness::arthas::{self, Arthas};
use harness::{Java, Observation, exec_json};

/// Whose agent is in a JVM.
pub enum Side {
    /// The peer's.
    Arthas(Arthas),
    /// Ours.
    Oxprobe,
}

/// A command that observes.
pub enum Running {
    Arthas(arthas::Job),
    /// Every call is shown, in a terminal.
    Shown(arthas::Shown),
    Oxprobe(Observation),
}

impl Side {
    /// Puts Arthas in, late.
    pub fn arthas(java: &Java) -> Self {
        Self::Arthas(arthas::boot(java, &[]))
    }

    /// Puts ours in, late.
    pub fn oxprobe(java: &Java) -> Self {
        exec_json(java.pid(), "version");
        Self::Oxprobe
    }

    /// Begins a command; its probes are in when this returns.
    pub fn begin(&self, java: &Java, line: &str) -> Running {
        match self {
            Self::Arthas(agent) => Running::Arthas(agent.observe(line)),
            Self::Oxprobe => Running::Oxprobe(Observation::start(java, line)),
        }
    }

    /// The same for one that shows every call.
    pub fn begin_showing(&self, java: &Java, line: &str) -> Running {
        match self {
            Self::Arthas(agent) => Running::Shown(agent.show(line)),
            Self::Oxprobe => Running::Oxprobe(Observation::start(java, line)),
        }
    }

    /// Takes all probes out.
    pub fn reset(&self, java: &Java) {
        match self {
            Self::Arthas(agent) => drop(agent.exec("reset")),
            Self::Oxprobe => drop(exec_json(java.pid(), "reset")),
        }
    }
}

impl Running {
    /// Ends it. Arthas takes up to three seconds to let go of its listener; so long is waited. How many results we did
    /// not tell comes back.
    pub fn end(self) -> u64 {
        match self {
            Self::Shown(shown) => {
                shown.end();
                std::thread::sleep(std::time::Duration::from_millis(3_200));
                0
            }
            Self::Arthas(job) => {
                job.interrupt();
                std::thread::sleep(std::time::Duration::from_millis(3_200));
                0
            }
            Self::Oxprobe(observation) => {
                let said = observation.interrupt();
                let last = said.iter().find(|result| result["type"] == "observed");
                last.and_then(|observed| observed["dropped"]["results"].as_u64()).unwrap_or(0)
            }
        }
    }
}
