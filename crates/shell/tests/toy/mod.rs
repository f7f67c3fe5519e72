//! A host without a JVM: real threads, a few commands, a plain renderer.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use model::{Layout, Message, View};
use shell::help::{HelpDetail, HelpList};
use shell::{
    After, Args, Asked, Choice, ClassPattern, Command, Context, Draw, Drawn, Entry, Event, Expression,
    Failure, JobId, MethodPattern, OutputFile, Outside, Session, Setup, Shape, Shell, Size, Target,
};

/// A shell on the toy host and what wakes its sessions.
pub struct Toy {
    pub shell: Arc<Shell>,
    pub host: Arc<Host>,
    pub outside: Arc<Threads>,
    woken: Arc<(Mutex<u64>, Condvar)>,
}

#[derive(Default)]
pub struct Host {
    emitted: AtomicUsize,
    /// How many lines `count` may write in all.
    counts_to: AtomicUsize,
    hears: (Mutex<bool>, Condvar),
}

impl Host {
    /// Waits until the test says so.
    fn wait_to_hear(&self) {
        let mut hears = self.hears.0.lock().unwrap();
        while !*hears {
            hears = self.hears.1.wait(hears).unwrap();
        }
    }
}

/// Plain threads; candidates from a list; files in memory; a clock that can be set ahead.
#[derive(Default)]
pub struct Threads {
    pub ahead: Mutex<Duration>,
    pub files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    pub disk_is_full: Arc<AtomicBool>,
    pub saves: AtomicBool,
    pub classes: Mutex<Vec<String>>,
    /// While set, candidates are not answered.
    pub stuck: (Mutex<bool>, Condvar),
}

impl Outside for Threads {
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        std::thread::Builder::new().name(name.to_owned()).spawn(job).map(drop)
    }

    fn now(&self) -> Duration {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed() + *self.ahead.lock().unwrap()
    }

    fn open_file(&self, target: Target<'_>) -> io::Result<OutputFile> {
        let (path, append) = match target {
            Target::Path { path, append } => (path.to_owned(), append),
            Target::Cache { job } => (format!("/cache/{job}"), false),
            Target::Results => ("/results".to_owned(), true),
        };
        if path.starts_with("/forbidden") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut files = self.files.lock().unwrap();
        let file = files.entry(path.clone()).or_default();
        if !append {
            file.clear();
        }
        let memory =
            Memory { path: path.clone(), files: self.files.clone(), is_full: self.disk_is_full.clone() };
        Ok(OutputFile { path: path.into(), file: Box::new(memory) })
    }

    fn saves_results(&self) -> bool {
        self.saves.load(Ordering::SeqCst)
    }

    fn candidates(&self, asked: &Asked<'_>, limit: usize) -> Vec<String> {
        let Asked { shape, prefix, class } = *asked;
        let mut stuck = self.stuck.0.lock().unwrap();
        while *stuck {
            stuck = self.stuck.1.wait(stuck).unwrap();
        }
        match shape {
            Shape::Class => {
                let classes = self.classes.lock().unwrap();
                classes.iter().filter(|name| name.starts_with(prefix)).take(limit).cloned().collect()
            }
            Shape::Method => match class {
                Some("org.Solo") => vec!["play".to_owned()],
                _ => Vec::new(),
            },
            Shape::File => {
                let files = ["/data/", "/data/one", "/data/two"];
                let below = |file: &&&str| file.starts_with(prefix) && file.len() > prefix.len();
                let nearest = |file: &&&str| prefix.len() >= 6 || file.ends_with('/');
                files.iter().filter(below).filter(nearest).map(|file| (*file).to_owned()).collect()
            }
            _ => Vec::new(),
        }
    }
}

struct Memory {
    path: String,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    is_full: Arc<AtomicBool>,
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.files.lock().unwrap().entry(self.path.clone()).or_default().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Say hello.
///
/// As often as wanted.
#[derive(Args)]
#[command(group = Thread, example = "greet World -n 2", alias = "hello")]
struct Greet {
    /// How often
    #[arg(short = 'n', long = "count", default = "1")]
    count: u32,
    /// In capitals
    loud: bool,
    /// Whom
    who: String,
}

impl Command for Greet {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        for _ in 0..self.count {
            let text = format!("Hello {}", self.who);
            cx.message(if self.loud { text.to_uppercase() } else { text })?;
        }
        Ok(())
    }
}

/// Fail with a reason.
#[derive(Args)]
struct Fail;

impl Command for Fail {
    type Host = Host;

    fn run(self, _: &Host, _: &mut Context<'_>) -> Result<(), Failure> {
        Err(Failure::with_status(7, "It went wrong: try another."))
    }
}

/// Panic.
#[derive(Args)]
#[command(hidden)]
struct Panics;

impl Command for Panics {
    type Host = Host;

    fn run(self, _: &Host, _: &mut Context<'_>) -> Result<(), Failure> {
        panic!("on purpose");
    }
}

/// Run until interrupted.
#[derive(Args)]
#[command(ends_on_q)]
struct Forever;

impl Command for Forever {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message("started")?;
        let end = cx.sleep(Duration::from_secs(3600));
        cx.last_words(Message { message: "ended".to_owned() });
        end
    }
}

/// Do not notice an interrupt until the test says so.
#[derive(Args)]
struct Deaf;

impl Command for Deaf {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message("started")?;
        host.wait_to_hear();
        Ok(())
    }
}

/// Ask once the test says so, and tell the answer.
#[derive(Args)]
#[command(hidden)]
struct Agree;

impl Command for Agree {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message("started")?;
        host.wait_to_hear();
        let answer = cx.ask("Agree?")?;
        cx.message(format!("answer: {answer:?}"))
    }
}

/// Write without end.
#[derive(Args)]
struct Flood;

impl Command for Flood {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let line = "x".repeat(1023);
        loop {
            cx.message(line.clone())?;
            host.emitted.fetch_add(1024, Ordering::SeqCst);
        }
    }
}

/// Write ten thousand lines, one after the other.
#[derive(Args)]
#[command(hidden)]
struct Many;

impl Command for Many {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        (0..10_000).try_for_each(|number| cx.emit_soon(Message { message: format!("line {number}") }))
    }
}

/// Write a line whenever the test says so.
#[derive(Args)]
struct Count;

impl Command for Count {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message("started")?;
        for number in 0.. {
            while host.counts_to.load(Ordering::SeqCst) <= number {
                cx.sleep(Duration::from_millis(1))?;
            }
            cx.message(format!("line {number}"))?;
        }
        Ok(())
    }
}

/// Tell what is told of the jobs.
#[derive(Args)]
struct Jobs;

impl Command for Jobs {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        for job in cx.jobs() {
            let whose = if job.is_own { "mine" } else { "other" };
            let left = if job.is_orphan { " left" } else { "" };
            cx.message(format!("{} {:?} {whose}{left} {}", job.id, job.state, job.line))?;
        }
        Ok(())
    }
}

/// Bring a job to the front.
#[derive(Args)]
struct Fg {
    /// Which
    job: Option<JobId>,
}

impl Command for Fg {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.put_in_foreground(self.job.map(|job| job.0))
    }
}

/// Let a job go on.
#[derive(Args)]
struct Bg {
    /// Which
    job: Option<JobId>,
}

impl Command for Bg {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.put_in_background(self.job.map(|job| job.0))
    }
}

/// End a job.
#[derive(Args)]
struct Kill {
    /// Which
    job: JobId,
}

impl Command for Kill {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.kill(self.job.0)
    }
}

/// Say the password.
#[derive(Args)]
struct Auth {
    /// Which
    password: String,
}

impl Command for Auth {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        match cx.authenticate("arthas", &self.password) {
            Some(Ok(true)) => cx.message("true"),
            Some(Ok(false)) => {
                cx.message("false").ok();
                Err(Failure::Ended(1))
            }
            Some(Err(why)) => Err(Failure::with_status(1, why)),
            None => cx.message("nobody asks"),
        }
    }
}

/// Look at calls.
#[derive(Args)]
#[command(group = Method)]
struct Look {
    /// Of which class
    class: ClassPattern,
    /// At what
    express: Option<Expression>,
}

impl Command for Look {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message(format!("{} {:?}", self.class, self.express))
    }
}

/// Stop the agent.
#[derive(Args)]
struct Halt;

impl Command for Halt {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.finish(After::StopAgent);
        cx.message("Stopping")
    }
}

/// End the session.
#[derive(Args)]
#[command(alias = "exit")]
struct Quit;

impl Command for Quit {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.finish(After::CloseSession);
        cx.message("Bye")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Choice)]
enum Order {
    Name,
    #[choice("SIZE")]
    Size,
}

/// Find classes.
#[derive(Args)]
#[command(group = Class)]
struct Find {
    /// How to sort
    #[arg(short, long, default = "name")]
    order: Order,
    /// What to look for
    class: Option<ClassPattern>,
    /// In which method
    method: Option<MethodPattern>,
}

impl Command for Find {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let method = self.method.map(|method| format!(" {method}")).unwrap_or_default();
        cx.message(format!("{:?} {:?}{method}", self.order, self.class.map(ClassPattern::into_string)))
    }
}

/// Tell the size of the screen.
#[derive(Args)]
struct Screen;

impl Command for Screen {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let size = cx.size();
        cx.message(format!("{}x{}", size.cols, size.rows))
    }
}

/// List the commands, or tell about one.
#[derive(Args)]
struct Help {
    /// Which
    command: Option<shell::CommandName>,
}

impl Command for Help {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let asked = self.command.and_then(|name| cx.signatures().find(|signature| *signature.name == *name));
        match asked {
            Some(signature) => cx.emit(HelpDetail::of(signature)),
            None => {
                let list = HelpList::of(cx.signatures());
                cx.emit(list)
            }
        }
    }
}

static ENTRIES: &[Entry<Host>] = &[
    Entry::of::<Help>(),
    Entry::of::<Greet>(),
    Entry::of::<Fail>(),
    Entry::of::<Panics>(),
    Entry::of::<Forever>(),
    Entry::of::<Deaf>(),
    Entry::of::<Agree>(),
    Entry::of::<Flood>(),
    Entry::of::<Many>(),
    Entry::of::<Count>(),
    Entry::of::<Jobs>(),
    Entry::of::<Fg>(),
    Entry::of::<Bg>(),
    Entry::of::<Kill>(),
    Entry::of::<Auth>(),
    Entry::of::<Look>(),
    Entry::of::<Halt>(),
    Entry::of::<Quit>(),
    Entry::of::<Find>(),
    Entry::of::<Screen>(),
];

/// Draws lines and columns without colours.
pub struct Plain;

impl Draw for Plain {
    fn draw(&self, view: &dyn View, _: u64, _: Size) -> Drawn {
        Drawn::Text(plain(view))
    }

    fn text(&self, view: &dyn View, _: Size) -> String {
        plain(view)
    }
}

fn plain(view: &dyn View) -> String {
    let mut text = String::new();
    flatten(&view.layout(), &mut text);
    text
}

fn flatten(layout: &Layout, out: &mut String) {
    match layout {
        Layout::Line(text) => *out += &(text.plain() + "\n"),
        Layout::Fields(fields) => {
            for field in fields {
                *out += &format!("{}  {}\n", field.name.plain(), field.value.plain());
            }
        }
        Layout::Table(table) => {
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(|cell| cell.plain()).collect();
                *out += &(cells.join("  ") + "\n");
            }
        }
        Layout::Group(group) => group.items.iter().for_each(|item| flatten(item, out)),
        Layout::Tree(_) | Layout::Calls(_) | Layout::Series(_) => *out += "(not drawn)\n",
    }
}

/// Draws JSON objects.
pub struct Json;

impl Draw for Json {
    fn draw(&self, view: &dyn View, job: u64, _: Size) -> Drawn {
        let mut json = view.json();
        json["type"] = view.kind().into();
        json["jobId"] = job.into();
        Drawn::Value(json.to_string())
    }

    fn text(&self, view: &dyn View, _: Size) -> String {
        plain(view)
    }
}

impl Toy {
    pub fn new() -> Self {
        let host = Arc::new(Host::default());
        let outside = Arc::new(Threads::default());
        let shell = Shell::new(host.clone(), ENTRIES, outside.clone());
        Self { shell, host, outside, woken: Arc::default() }
    }

    pub fn setup(&self) -> Setup {
        let woken = self.woken.clone();
        let wake = move || {
            *woken.0.lock().unwrap() += 1;
            woken.1.notify_all();
        };
        Setup {
            id: None,
            user: "tester".to_owned(),
            from: "test".to_owned(),
            peer: String::new(),
            sent: Arc::default(),
            permissions: Arc::new(shell::Grant::of(shell::Permissions::ALL)),
            lock: None,
            lender: None,
            waits: false,
            prompt: "$ ".to_owned(),
            size: Size::USUAL,
            draw: Arc::new(Plain),
            wake: Arc::new(wake),
            welcome: Vec::new(),
        }
    }

    pub fn setup_json(&self) -> Setup {
        Setup { draw: Arc::new(Json), ..self.setup() }
    }

    /// Polls, waiting for wakes, until the events are enough.
    pub fn until(&self, session: &mut Session, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        self.collect(session, 64 * 1024, enough)
    }

    pub fn until_done(&self, session: &mut Session) -> Vec<Event> {
        self.until_done_by(session, 64 * 1024)
    }

    pub fn until_done_by(&self, session: &mut Session, max_bytes: usize) -> Vec<Event> {
        let done = |events: &[Event]| events.iter().any(|event| matches!(event, Event::Done { .. }));
        self.collect(session, max_bytes, done)
    }

    fn collect(&self, session: &mut Session, max: usize, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        let deadline = wait_limit();
        let mut events = Vec::new();
        loop {
            let seen = self.wakes();
            while let Some(event) = session.poll(max) {
                events.push(event);
            }
            if enough(&events) {
                return events;
            }
            assert!(self.wait_for_wake(seen, deadline), "nothing more came after {events:?}");
        }
    }

    /// How often a session was woken.
    pub fn wakes(&self) -> u64 {
        *self.woken.0.lock().unwrap()
    }

    /// Waits for one more wake than `seen`; whether it came.
    pub fn wait_for_wake(&self, seen: u64, deadline: Instant) -> bool {
        let mut woken = self.woken.0.lock().unwrap();
        while *woken == seen {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            woken = self.woken.1.wait_timeout(woken, left).unwrap().0;
        }
        true
    }

    /// How much `flood` has handed over.
    pub fn emitted(&self) -> usize {
        self.host.emitted.load(Ordering::SeqCst)
    }

    /// Waits until `flood` makes no headway.
    pub fn flood_stalls(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.emitted() < 256 * 1024 {
            assert!(Instant::now() < deadline, "only {} bytes", self.emitted());
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(20));
    }

    /// Lets `count` write so many lines in all.
    pub fn count_to(&self, lines: usize) {
        self.host.counts_to.store(lines, Ordering::SeqCst);
    }

    /// Sets the clock ahead and does what is due.
    pub fn passes(&self, time: Duration) -> Option<Duration> {
        *self.outside.ahead.lock().unwrap() += time;
        self.shell.tick()
    }

    /// What a file holds.
    pub fn file(&self, path: &str) -> Option<String> {
        let files = self.outside.files.lock().unwrap();
        files.get(path).map(|bytes| String::from_utf8(bytes.clone()).unwrap())
    }

    /// Lets `deaf` end.
    pub fn hear(&self) {
        *self.host.hears.0.lock().unwrap() = true;
        self.host.hears.1.notify_all();
    }
}

/// Runs a line to its end.
pub fn exec(toy: &Toy, line: &str) -> Vec<Event> {
    toy.until_done(&mut Session::exec(toy.shell.clone(), toy.setup(), line))
}

/// The text among the events.
pub fn text_of(events: &[Event]) -> String {
    let bytes: Vec<u8> = events
        .iter()
        .filter_map(|event| match event {
            Event::Output(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// When a test gives up.
pub fn wait_limit() -> Instant {
    Instant::now() + Duration::from_secs(10)
}
