//! From an attach to a running agent, and back: puts the parts together on our own thread.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use host::Host;
use jvm::{Environment, thread};
use parking_lot::Mutex;
use shell::Shell;
use transports::{Gathered, Handle, Journal, Options, Place, Reactor, Setup, Sources};

use crate::lifecycle::{Lifecycle, Step};
use crate::outside::Inside;
use crate::process::{self, Here};

/// The log of this copy of the agent.
pub(crate) static JOURNAL: Journal = Journal::new();

static LIFE: Mutex<Lifecycle<Known, Handle>> = Mutex::new(Lifecycle::Loaded);

/// A JVM that lives shorter is never seen at the tunnel server: tools, and programs that only print
/// something.
const SHORT_LIFE: Duration = Duration::from_secs(2);

/// How often a bug may end our loop before the agent gives up until the next attach.
const RESTARTS: u32 = 3;

/// Someone attached.
#[derive(Clone)]
pub(crate) struct Attach {
    /// The options, as text.
    pub(crate) argument: String,
    pub(crate) how: How,
}

/// How we came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// `-agentpath`.
    AtStart,
    /// The JVM's attach mechanism.
    Attached,
    /// `System.load`.
    Loaded,
}

/// An attach with what only the JVM's thread could find out.
#[derive(Clone)]
struct Known {
    attach: Attach,
    properties: BTreeMap<String, String>,
    environment: &'static Environment,
}

/// Starts the agent, or tells the running one. Quick: called on the JVM's thread.
pub(crate) fn begin(environment: &'static Environment, attach: Attach) {
    let properties = properties(environment, attach.how);
    let step = LIFE.lock().attach(Known { attach, properties, environment });
    match step {
        Step::Start(known) => {
            if let Err(why) = thread::spawn_native("oxprobe-io", move || live(known)) {
                log::error!("the agent's thread cannot be started: {why}");
                // Those who attached meanwhile do not start either; the next one may.
                while LIFE.lock().ended().is_some() {}
            }
        }
        Step::Configure(handle, known) => {
            // Aside: a file that the options name may wait, and this thread is the JVM's.
            if let Err(why) = thread::spawn_native("oxprobe-dial", move || configure(&handle, &known)) {
                log::error!("no thread can be started, the new options are not in force: {why}");
            }
        }
        Step::Nothing => {}
    }
}

/// The JVM is going: nothing of it is touched any more.
pub(crate) fn death() {
    // It is held for microseconds; the JVM's end shall not depend on that.
    let handle = LIFE.try_lock_for(Duration::from_millis(20)).and_then(|mut life| life.death());
    if let Some(handle) = handle {
        handle.vm_death();
    }
}

/// The agent began to stop.
pub(crate) fn stopping() {
    LIFE.lock().stopping();
}

/// Whether the agent is up, perhaps again.
pub(crate) fn is_up() -> bool {
    LIFE.lock().is_up()
}

/// The life of our thread: runs the agent, again if somebody attached while it stopped.
fn live(first: Known) {
    let mut next = Some(first);
    let mut restarts = 0;
    while let Some(known) = next {
        log::info!("oxprobe {} starts ({:?})", env!("CARGO_PKG_VERSION"), known.attach.how);
        let again = known.clone();
        match panic::catch_unwind(AssertUnwindSafe(|| run(known))) {
            Ok(Ok(())) => log::info!("stopped"),
            Ok(Err(why)) => log::error!("the agent cannot run: {why}"),
            Err(_) if restarts < RESTARTS && LIFE.lock().broken() => {
                // The panic itself is in the log. What it took along is gone; the next start is clean.
                restarts += 1;
                next = Some(again);
                continue;
            }
            Err(_) => log::error!("the agent gives up; attach again to start it"),
        }
        JOURNAL.close_file();
        next = LIFE.lock().ended();
    }
}

fn run(known: Known) -> std::io::Result<()> {
    let Gathered { options, problems } = gather(&known);
    let environment = known.environment;
    let host = Arc::new(Host::new(environment.vm, environment));
    let outside = Arc::new(Inside::new(environment.vm, host.clone()));
    let shell = Shell::new(host.clone(), commands::COMMANDS, outside.clone());
    map_keys(&shell);
    let signatures = shell.signatures().map(|signature| signature.name.to_owned()).collect();
    let setup = Setup {
        shell,
        tools: commands::TOOLS,
        outside,
        process: Arc::new(Here { environment, host }),
        journal: &JOURNAL,
        facts: process::facts(&known.properties, &process::variables(), signatures),
        options,
        problems,
        place: Place::of_self()?,
        tunnel_delay: if known.attach.how == How::AtStart { SHORT_LIFE } else { Duration::ZERO },
    };
    let (reactor, handle) = Reactor::new(setup)?;
    let waiting = LIFE.lock().running(handle.clone());
    for known in waiting.iter().flatten() {
        configure(&handle, known);
    }
    if waiting.is_some() {
        reactor.run();
    }
    Ok(())
}

/// Puts the user's own keys in force, where there are some: Arthas's file, and above it ours.
fn map_keys(shell: &Shell) {
    let Some(home) = process::variables().remove("HOME").map(PathBuf::from) else { return };
    let files = [".arthas/conf/inputrc", ".oxprobe/inputrc"];
    let texts: Vec<String> =
        files.iter().filter_map(|file| transports::read_config(&home.join(file)).ok()).collect();
    for problem in shell.map_keys(texts.iter().map(String::as_str)) {
        log::warn!("{problem}");
    }
}

fn configure(handle: &Handle, known: &Known) {
    let Gathered { options, problems } = gather(known);
    handle.configure(options, problems);
}

fn gather(known: &Known) -> Gathered {
    let variables = process::variables();
    Options::gather(
        &known.attach.argument,
        &Sources {
            environment: &|name| variables.get(name).cloned(),
            property: &|name| known.properties.get(name).cloned(),
            file: &transports::read_config,
        },
    )
}

/// The system properties we may need, as the JVM was started with them: no Java code runs for this.
/// Who loads us by `System.load` is Java code, and may have set them a moment ago.
fn properties(environment: &'static Environment, how: How) -> BTreeMap<String, String> {
    let others =
        ["java.version", "java.vm.version", "sun.java.command", "spring.application.name", "project.name"];
    let host = (how == How::Loaded).then(|| Host::new(environment.vm, environment));
    let get = |name: &str| {
        let java = host.as_ref().and_then(|host| host.property(name).ok().flatten());
        java.or_else(|| environment.jvmti.system_property(name).ok().flatten())
    };
    let mut found = BTreeMap::new();
    for name in Options::property_names().into_iter().chain(others.map(str::to_owned)) {
        if let Some(value) = get(&name) {
            found.insert(name, value);
        }
    }
    found
}
