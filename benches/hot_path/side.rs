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

    /// Takes all probes out.
    pub fn reset(&self, java: &Java) {
        match self {
            Self::Arthas(agent) => drop(agent.exec("reset")),
            Self::Oxprobe => drop(exec_json(java.pid(), "reset")),
        }
    }
}

impl Running {
    /// Ends it. Arthas takes up to three seconds to let go of its listener; so long is waited.
    pub fn end(self) {
        match self {
            Self::Arthas(job) => {
                job.interrupt();
                std::thread::sleep(std::time::Duration::from_millis(3_200));
            }
            Self::Oxprobe(observation) => drop(observation.interrupt()),
        }
    }
}
