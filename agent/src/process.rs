//! What the transports need of the process they live in, and what they tell the server about it.

use std::collections::BTreeMap;
use std::io;

use jvm::{Environment, os, thread};
use transports::{Facts, Options, Process};

use crate::start;

/// This JVM's process.
pub(crate) struct Here {
    pub(crate) environment: &'static Environment,
}

impl Process for Here {
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        thread::spawn_native(name, job).map(drop).map_err(io::Error::other)
    }

    fn options_changed(&self, _options: &Options) {}

    fn stopping(&self) {
        start::stopping();
    }

    fn tear_down(&self) -> Vec<String> {
        let mut left = Vec::new();
        if let Err(why) = self.environment.rest() {
            left.push(format!("events and capabilities: {why}"));
        }
        left
    }
}

/// Who this JVM is. `properties` are those the JVM was started with.
pub(crate) fn facts(properties: &BTreeMap<String, String>, signatures: Vec<String>) -> Facts {
    let property = |name: &str| properties.get(name).cloned();
    Facts {
        product: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        host: host_name(),
        jvm: property("java.version").or_else(|| property("java.vm.version")).unwrap_or_default(),
        command: property("sun.java.command").unwrap_or_default(),
        spring_name: property("spring.application.name")
            .or_else(|| std::env::var("SPRING_APPLICATION_NAME").ok()),
        project_name: property("project.name"),
        started: started_ms().unwrap_or_default(),
        signatures,
    }
}

/// The pod's or machine's name: the kernel's, which a program cannot have changed by accident.
fn host_name() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match kernel.trim() {
        "" => std::env::var("HOSTNAME").unwrap_or_default(),
        name => name.to_owned(),
    }
}

/// The process's start in milliseconds since 1970: boot time (`btime` of `/proc/stat`) and field 22 of
/// `/proc/self/stat`. The same at every attach.
fn started_ms() -> Option<u64> {
    let boot = std::fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    let ticks = transports::Place::start_ticks()?;
    Some(boot * 1000 + ticks * 1000 / os::ticks_per_second())
}
