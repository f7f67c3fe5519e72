//! A running loop with a toy shell, and clients that speak to it over real sockets. No JVM.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(unreachable_pub, reason = "a module of test binaries")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on panics"
)]

pub mod assistant;
pub mod peer;
pub mod server;
pub mod web;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;
use shell::{After, Asked, Command, Context, Entry, Failure, Outside, Parameter, Runs, Shell, Tool};
use transports::{Facts, Handle, Journal, Options, Place, Process, Reactor, Setup};

/// What the toy commands count.
#[derive(Default)]
pub struct Toy {
    pub emitted: AtomicU64,
    pub cancelled: AtomicU64,
    /// How often somebody began to wait.
    pub waited: AtomicU64,
}

#[derive(Serialize)]
struct Line {
    text: String,
}

impl model::Show for Line {
    const KIND: &'static str = "line";

    fn layout(&self) -> model::Layout {
        model::Layout::line(self.text.clone())
    }
}

/// Says hello.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "greet", example = "greet")]
pub struct Greet {}

impl Command for Greet {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(Line { text: format!("hello from {}", cx.session().from) })
    }
}

/// Says who asks.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "who", example = "who")]
pub struct Who {}

impl Command for Who {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(Line { text: cx.session().user.clone() })
    }
}

/// Says the password.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "auth", example = "auth")]
pub struct Auth {
    /// The password
    password: String,
}

impl Command for Auth {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        match cx.authenticate("arthas", &self.password) {
            Some(Ok(right)) => cx.emit(Line { text: format!("right: {right}") }),
            Some(Err(why)) => Err(Failure::new(why)),
            None => cx.emit(Line { text: "nobody asks".to_owned() }),
        }
    }
}

/// Does what only some may.
#[derive(shell::Args)]
#[command(group = Shell, permission = Admin, name = "govern", example = "govern")]
pub struct Govern {}

impl Command for Govern {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(Line { text: "done".into() })
    }
}

/// Writes lines of a hundred characters.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "flood", example = "flood 10")]
pub struct Flood {
    /// How many.
    lines: u64,
}

impl Command for Flood {
    type Host = Toy;

    fn run(self, toy: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        for _ in 0..self.lines {
            if let Err(failure) = cx.emit(Line { text: "x".repeat(99) }) {
                toy.cancelled.fetch_add(1, Ordering::SeqCst);
                return Err(failure);
            }
            toy.emitted.fetch_add(100, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// Waits until it is cancelled.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "wait", example = "wait")]
pub struct Wait {}

impl Command for Wait {
    type Host = Toy;

    fn run(self, toy: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        let started = cx.emit(Line { text: "waiting".into() });
        toy.waited.fetch_add(1, Ordering::SeqCst);
        let result = started.and_then(|()| cx.sleep(Duration::from_secs(600)));
        toy.cancelled.fetch_add(1, Ordering::SeqCst);
        result
    }
}

/// Writes a line now and then until it is cancelled.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "drip", example = "drip")]
pub struct Drip {}

impl Command for Drip {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            cx.emit(Line { text: "drop".into() })?;
            cx.sleep(Duration::from_millis(500))?;
        }
    }
}

/// Ends the session.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "bye", example = "bye")]
pub struct Bye {}

impl Command for Bye {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.finish(After::CloseSession);
        Ok(())
    }
}

/// Stops the agent.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "halt", example = "halt")]
pub struct Halt {}

impl Command for Halt {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(Line { text: "stopping now".into() })?;
        cx.finish(After::StopAgent);
        Ok(())
    }
}

/// Stops the agent, for those who govern.
#[derive(shell::Args)]
#[command(group = Shell, permission = Admin, name = "stop", example = "stop")]
pub struct Stop {}

impl Command for Stop {
    type Host = Toy;

    fn run(self, _: &Toy, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.finish(After::StopAgent);
        Ok(())
    }
}

static ENTRIES: &[Entry<Toy>] = &[
    Entry::of::<Greet>(),
    Entry::of::<Who>(),
    Entry::of::<Auth>(),
    Entry::of::<Govern>(),
    Entry::of::<Flood>(),
    Entry::of::<Wait>(),
    Entry::of::<Drip>(),
    Entry::of::<Bye>(),
    Entry::of::<Halt>(),
    Entry::of::<Stop>(),
];

static TOOLS: &[&[Tool]] = &[&[
    tool("greet", Runs::Command("greet"), &[]),
    tool("who", Runs::Command("who"), &[]),
    tool("govern", Runs::Command("govern"), &[]),
    tool("flood", Runs::Command("flood"), &[Parameter::argument("lines", "").required()]),
    tool("linger", Runs::Command("wait"), &[]),
    Tool { is_task: true, ..tool("wait", Runs::Stream("wait"), &[Parameter::time_limit()]) },
    Tool {
        is_task: true,
        ..tool("pour", Runs::Stream("flood"), &[Parameter::argument("lines", "").required()])
    },
    tool("missing", Runs::Command("missing"), &[]),
    tool("stop", Runs::Stop, &[]),
    tool("viewfile", Runs::ViewFile, &[]),
    tool("upload_file", Runs::Upload, &[]),
]];

const fn tool(name: &'static str, runs: Runs, parameters: &'static [Parameter]) -> Tool {
    Tool { name, summary: "A toy.", runs, is_task: false, parameters }
}

/// Plain threads.
#[derive(Default)]
struct World {
    torn_down: AtomicBool,
}

fn spawn(name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(job).map(drop)
}

impl Outside for World {
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        spawn(name, job)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn candidates(&self, _: &Asked<'_>, _: usize) -> Vec<String> {
        Vec::new()
    }
}

impl Process for World {
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        spawn(name, job)
    }

    fn options_changed(&self, _: &Options) {}

    fn stopping(&self) {}

    fn tear_down(&self) -> Vec<String> {
        self.torn_down.store(true, Ordering::SeqCst);
        Vec::new()
    }
}

/// One for all loops of a test binary, as a process has one.
static JOURNAL: Journal = Journal::new();

/// A loop that runs.
pub struct Agent {
    pub shell: Arc<Shell>,
    pub toy: Arc<Toy>,
    pub handle: Handle,
    pub journal: &'static Journal,
    pub path: PathBuf,
    pub place: Place,
    folder: PathBuf,
    thread: Option<JoinHandle<()>>,
    world: Arc<World>,
}

impl Agent {
    /// Starts one with these options. The name tells the tests of one binary apart.
    pub fn start(name: &str, options: Options) -> Self {
        let folder = std::env::temp_dir().join(format!("oxprobe-transports-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        Self::start_in(folder, name, options, "1.2.3")
    }

    /// Starts another copy in the same place.
    pub fn start_beside(&self, options: Options, product: &str) -> Self {
        Self::start_in(self.folder.clone(), "beside", options, product)
    }

    fn start_in(folder: PathBuf, name: &str, options: Options, product: &str) -> Self {
        let path = folder.join(".oxprobe-1/agent.sock");
        let place =
            Place { path: path.clone(), name: format!("oxprobe-transports-{}-{name}", std::process::id()) };
        JOURNAL.install();
        let toy = Arc::new(Toy::default());
        let world = Arc::new(World::default());
        let shell = Shell::new(toy.clone(), ENTRIES, world.clone());
        let facts = Facts {
            product: product.to_owned(),
            pid: 42,
            host: "pod-1".into(),
            jvm: "17.0.1".into(),
            command: "demo.Main --secret".into(),
            started: 1_700_000_000_000,
            ..Facts::default()
        };
        let (reactor, handle) = Reactor::new(Setup {
            shell: shell.clone(),
            tools: TOOLS,
            outside: world.clone(),
            process: world.clone(),
            journal: &JOURNAL,
            facts,
            options,
            problems: Vec::new(),
            place: place.clone(),
            tunnel_delay: Duration::ZERO,
        })
        .unwrap();
        let thread = std::thread::spawn(move || reactor.run());
        Self { shell, toy, handle, journal: &JOURNAL, path, place, folder, thread: Some(thread), world }
    }

    /// Waits until the loop has ended.
    pub fn join(&mut self) {
        until("the loop ends", Duration::from_secs(15), || {
            self.thread.as_ref().is_none_or(JoinHandle::is_finished)
        });
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub fn tore_down(&self) -> bool {
        self.world.torn_down.load(Ordering::SeqCst)
    }

    /// Waits until `session` would show a problem with these words, and gives it.
    pub fn problem(&self, words: &str, limit: Duration) -> String {
        let mut seen = Vec::new();
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            for problem in self.shell.connections().get().problems {
                if problem.contains(words) {
                    return problem;
                }
                if !seen.contains(&problem) {
                    seen.push(problem);
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("no problem with {words:?} within {limit:?}, but {seen:#?}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.handle.vm_death();
            self.join();
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Waits for something to become so.
pub fn until(what: &str, limit: Duration, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !so() {
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The number stays the same over a while: for things that must *not* go on.
pub fn settled(what: &str, mut number: impl FnMut() -> u64) -> u64 {
    let mut last = number();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        std::thread::sleep(Duration::from_millis(300));
        let now = number();
        if now == last {
            return now;
        }
        last = now;
        assert!(Instant::now() < deadline, "{what} goes on and on: {now}");
    }
}
