//! What the transports need of the process they live in, and what they tell the server about it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use host::Host;
use jvm::{Environment, os, thread};
use transports::{Facts, Options, Process};

use crate::start;

/// This JVM's process.
pub(crate) struct Here {
    pub(crate) environment: &'static Environment,
    pub(crate) host: Arc<Host>,
}

impl Process for Here {
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        thread::spawn_native(name, job).map(drop).map_err(io::Error::other)
    }

    fn options_changed(&self, options: &Options) {
        self.host.set_output_dir(options.output_dir_or_default());
        self.host.set_parts_dir(options.java_dir.as_deref());
    }

    fn stopping(&self) {
        start::stopping();
    }

    fn tear_down(&self) -> Vec<String> {
        if start::is_up() {
            // So late that somebody has attached again: what the JVM lent is in use.
            return Vec::new();
        }
        let mut left = Vec::new();
        if let Err(why) = self.host.shutdown() {
            left.push(why.to_string());
        }
        if let Err(why) = self.environment.rest() {
            left.push(format!("events and capabilities: {why}"));
        }
        left
    }
}

/// Who this JVM is. `properties` are those the JVM was started with.
pub(crate) fn facts(
    properties: &BTreeMap<String, String>,
    variables: &BTreeMap<String, String>,
    signatures: Vec<String>,
) -> Facts {
    let property = |name: &str| properties.get(name).cloned();
    Facts {
        product: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        host: host_name(variables),
        jvm: java_version(property("java.version"), &property("java.vm.version").unwrap_or_default()),
        command: property("sun.java.command").unwrap_or_default(),
        spring_name: property("spring.application.name")
            .or_else(|| variables.get("SPRING_APPLICATION_NAME").cloned()),
        project_name: property("project.name"),
        started: started_ms().unwrap_or_default(),
        signatures,
    }
}

/// The environment the process was started with. Read from the kernel: `getenv` in a process that runs
/// races with native code of the application that changes it.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    match std::fs::read("/proc/self/environ") {
        Ok(bytes) => {
            for (name, value) in
                String::from_utf8_lossy(&bytes).split('\0').filter_map(|pair| pair.split_once('='))
            {
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        // Not ours to read where the process may not be dumped.
        Err(_) => {
            for (name, value) in std::env::vars_os() {
                if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                    variables.insert(name, value);
                }
            }
        }
    }
    variables
}

/// `java.version`. The launcher's JVM does not know it, only its Java code does; but it is in the JVM's
/// own version: `17.0.19+10-Debian` is Java 17.0.19, and `25.504-b01` is HotSpot 25 of Java 1.8.0_504.
fn java_version(java: Option<String>, vm: &str) -> String {
    if let Some(java) = java {
        return java;
    }
    match vm.split_once('-').map_or(vm, |(number, _)| number).split_once('+') {
        Some((number, _)) => number.to_owned(),
        None => match vm.strip_prefix("25.").and_then(|rest| rest.split_once("-b")) {
            Some((update, _)) => format!("1.8.0_{update}"),
            None => vm.to_owned(),
        },
    }
}

/// The pod's or machine's name: the kernel's, which a program cannot have changed by accident.
fn host_name(variables: &BTreeMap<String, String>) -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match kernel.trim() {
        "" => variables.get("HOSTNAME").cloned().unwrap_or_default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_java_version_is_read_from_the_jvms() {
        for (vm, java) in [
            ("25.504-b01", "1.8.0_504"),
            ("11.0.24+8-post-Debian-2deb11u1", "11.0.24"),
            ("17.0.19+10-1-deb12u2-Debian", "17.0.19"),
            ("25+36", "25"),
            ("21-ea+1", "21-ea+1"),
            ("", ""),
        ] {
            assert_eq!(java_version(None, vm), java);
        }
        assert_eq!(java_version(Some("9".into()), "25.504-b01"), "9");
    }
}
