//! The loop: one thread that owns every socket and never waits for anything but them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};
use parking_lot::Mutex;
use shell::{Outside, Shell, Tool};

use crate::core::{Core, Demand};
use crate::entrance::Entrance;
use crate::http::{Http, Purpose};
use crate::local::{Local, Made, Place};
use crate::mailbox::{Letter, Mailbox};
use crate::mcp::Uploads;
use crate::options::Options;
use crate::telnet::Telnet;
use crate::tunnel::Tunnel;
use crate::{Facts, Journal, takeover};

/// The token of the mailbox.
const MAIL: Token = Token(0);

/// How long jobs may take to end when the agent stops.
const JOBS_LIMIT: Duration = Duration::from_secs(2);

/// How long giving everything back may take in all before the agent stops regardless.
const TEARDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How long the last words may take to be sent.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// What the transports need of the process they live in.
pub trait Process: Send + Sync {
    /// Runs `job` on a new thread that gets no signals and never talks to the JVM.
    ///
    /// # Errors
    /// No thread can be had.
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()>;

    /// The options changed.
    fn options_changed(&self, options: &Options);

    /// Gives back to the JVM what it lent. Called when no job runs any more, on a thread that may
    /// talk to the JVM. Returns a line for each thing that could not be given back.
    fn tear_down(&self) -> Vec<String>;

    /// The agent begins to stop.
    fn stopping(&self);
}

/// What the transports are started with.
pub struct Setup {
    /// What sessions run on.
    pub shell: Arc<Shell>,
    /// The commands as tools of an assistant; those whose command the shell does not have are not listed.
    pub tools: &'static [&'static [Tool]],
    /// How jobs reach the JVM.
    pub outside: Arc<dyn Outside>,
    /// The process.
    pub process: Arc<dyn Process>,
    /// The log.
    pub journal: &'static Journal,
    /// Who this JVM is.
    pub facts: Facts,
    /// The options in force.
    pub options: Options,
    /// What was wrong with the options, a sentence each.
    pub problems: Vec<String>,
    /// Where the local socket goes.
    pub place: Place,
    /// The tunnel waits so long: short-lived processes shall not appear at the server.
    pub tunnel_delay: Duration,
}

/// How other threads reach a running loop. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    mail: Arc<Mailbox>,
    made: Arc<Mutex<Option<Made>>>,
    uploads: Arc<Uploads>,
}

impl Handle {
    /// Lays newer options over those in force.
    pub fn configure(&self, options: Options, problems: Vec<String>) {
        self.mail.post(Letter::Options(Box::new(options), problems));
    }

    /// Stops the agent, as the `stop` command does.
    pub fn stop(&self) {
        self.mail.post(Letter::Stop);
    }

    /// The JVM is going. Removes the socket's file and the files that were sent here, and tells the loop to end; waits for nothing.
    pub fn vm_death(&self) {
        // Whoever holds the lock is about to remove it.
        if let Some(made) = self.made.try_lock().and_then(|mut made| made.take()) {
            made.remove();
        }
        self.uploads.remove_now();
        self.mail.post(Letter::Death);
    }
}

/// See the module.
pub struct Reactor {
    poll: Poll,
    core: Core,
    outside: Arc<dyn Outside>,
    local: Local,
    tunnel: Tunnel,
    entrance: Entrance,
    http: Http,
    telnet: Telnet,
    mcp: Http,
    uploads: Arc<Uploads>,
    tunnel_start: Instant,
    phase: Phase,
    /// When jobs or sessions are due next, on the clock of `outside`.
    shell_due: Option<Duration>,
    /// Peers of the local socket that wait for the agent to have stopped.
    asked: Vec<Token>,
    logging: bool,
    /// The `log` option that was last acted on.
    log_opened: Option<PathBuf>,
}

#[derive(Clone, Copy)]
enum Phase {
    Running,
    /// Jobs end and the JVM gets back what it lent, at most until then.
    TearingDown(Instant),
    /// The last words are sent, at most until then.
    Flushing(Instant),
    Over,
}

impl Reactor {
    /// Makes the loop; [`Reactor::run`] runs it on the thread that calls it.
    ///
    /// # Errors
    /// The process has no descriptors left.
    pub fn new(setup: Setup) -> io::Result<(Self, Handle)> {
        let poll = Poll::new()?;
        let mail = Arc::new(Mailbox::new(Waker::new(poll.registry(), MAIL)?));
        let made = Arc::new(Mutex::new(None));
        let uploads = Arc::new(Uploads::default());
        let handle = Handle { mail: mail.clone(), made: made.clone(), uploads: uploads.clone() };
        let Setup { shell, tools, outside, process, journal, facts, options, problems, place, tunnel_delay } =
            setup;
        let registry = poll.registry().try_clone()?;
        let core = Core::new(registry, mail, shell, tools, process, journal, facts, options, problems);
        let tunnel_start = core.now + tunnel_delay;
        let local = Local::new(place, made);
        let reactor = Self {
            poll,
            core,
            outside,
            local,
            tunnel: Tunnel::new(),
            entrance: Entrance::new(),
            http: Http::new(Purpose::Everything, uploads.clone()),
            telnet: Telnet::new(),
            mcp: Http::new(Purpose::Tools, uploads.clone()),
            uploads,
            tunnel_start,
            phase: Phase::Running,
            shell_due: None,
            asked: Vec::new(),
            logging: false,
            log_opened: None,
        };
        Ok((reactor, handle))
    }

    /// Runs until the agent stops or the JVM goes.
    pub fn run(mut self) {
        for problem in &self.core.problems.options {
            log::warn!("options: {problem}");
        }
        if !self.listen() {
            return;
        }
        self.apply_options();
        let mut events = Events::with_capacity(64);
        while !matches!(self.phase, Phase::Over) {
            let wait = self.wait();
            match self.poll.poll(&mut events, wait) {
                Ok(()) => {}
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => {
                    log::error!("the agent's loop ends: {why}");
                    break;
                }
            }
            self.core.now = Instant::now();
            let mut ready = std::mem::take(&mut self.core.again);
            ready.extend(events.iter().map(|event| event.token()).filter(|token| *token != MAIL));
            for letter in self.core.mail.take() {
                self.read(letter, &mut ready);
            }
            for token in ready {
                let _known = self.local.ready(token, &mut self.core)
                    || self.tunnel.ready(token, &mut self.core)
                    || self.http.ready(token, &mut self.core)
                    || self.mcp.ready(token, &mut self.core)
                    || self.telnet.ready(token, &mut self.http, &mut self.core);
            }
            self.local.tick(&mut self.core);
            self.tunnel.tick(&mut self.core);
            self.http.tick(&mut self.core);
            self.telnet.tick(&mut self.http, &mut self.core);
            self.mcp.tick(&mut self.core);
            self.shell_due = self.core.shell.tick();
            self.obey();
            self.advance();
            self.write_log();
        }
        self.local.stop_listening();
    }

    /// Opens the local socket. `false`: another copy of the agent lives in this process and stays.
    fn listen(&mut self) -> bool {
        let Err(other) = self.local.listen(&mut self.core) else { return true };
        match takeover::from(other, &self.core.facts, &self.core.options) {
            takeover::Outcome::Free => {
                if self.local.listen(&mut self.core).is_err() {
                    log::warn!("another copy of the agent is here and stays");
                    return false;
                }
                true
            }
            takeover::Outcome::Stays(why) => {
                log::info!("{why}");
                false
            }
        }
    }

    fn wait(&self) -> Option<Duration> {
        if !self.core.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let phase = match self.phase {
            Phase::TearingDown(limit) | Phase::Flushing(limit) => Some(limit),
            Phase::Running | Phase::Over => None,
        };
        let shell = self.shell_due.map(|due| Instant::now() + due.saturating_sub(self.outside.now()));
        let ports = [self.http.deadline(), self.telnet.deadline(), self.mcp.deadline()];
        let deadlines = [self.local.deadline(), self.tunnel.deadline(), phase, shell];
        let deadline = deadlines.into_iter().chain(ports).flatten().min()?;
        // Rounded up, so that the loop does not wake just before its time.
        Some(deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    fn read(&mut self, letter: Letter, ready: &mut std::collections::BTreeSet<Token>) {
        match letter {
            Letter::Wake(token) => {
                ready.insert(token);
            }
            Letter::Found(number, result) => self.tunnel.found(number, result, &mut self.core),
            Letter::Credentials(number, read) => {
                if self.entrance.hear(number, read, &mut self.core) {
                    self.look_after_ports();
                    self.core.publish_problems();
                }
            }
            Letter::Proxied(text) => self.tunnel.proxied(text, &mut self.core),
            Letter::Http(news) => self.http.hear(news, &mut self.core),
            Letter::Mcp(news) => {
                self.http.filed(&news, &mut self.core);
                self.mcp.filed(&news, &mut self.core);
            }
            Letter::Configured(token, gathered) => {
                self.core.options.overlay(gathered.options);
                self.apply_options();
                self.local.configured(token, gathered.problems, &mut self.core);
            }
            Letter::Options(options, problems) => {
                for problem in &problems {
                    log::warn!("options: {problem}");
                }
                self.core.problems.options = problems;
                self.core.options.overlay(*options);
                self.local.relisten(&mut self.core);
                self.apply_options();
            }
            Letter::Logged(result) => {
                self.logging = false;
                if let Err(why) = result {
                    log::warn!("{why}");
                    self.core.problems.log = Some(why);
                    self.core.publish_problems();
                }
            }
            Letter::Stop => self.stop(None),
            Letter::TornDown(left) => {
                for line in &left {
                    log::warn!("stop: did not end: {line}");
                }
                self.flush(&left);
            }
            Letter::Death => {
                // The process may be gone before this is sent; then the server sees the connection break.
                self.core.stopping = true;
                self.tunnel.leave("the JVM ended", &mut self.core);
                self.phase = Phase::Over;
            }
        }
    }

    fn obey(&mut self) {
        for demand in std::mem::take(&mut self.core.orders) {
            match demand {
                Demand::Configure(token, given) => {
                    if let Err(why) = self.core.gather(token, given) {
                        self.local.configured(token, vec![why], &mut self.core);
                    }
                }
                Demand::Stop(asked) => self.stop(asked),
            }
        }
    }

    /// Opens and closes ports, as the options and what is known of the password say.
    fn look_after_ports(&mut self) {
        let credentials = self.entrance.credentials();
        self.http.configure(credentials, &mut self.core);
        self.telnet.configure(credentials, &mut self.core);
        self.mcp.configure(credentials, &mut self.core);
    }

    /// Puts the options in force.
    fn apply_options(&mut self) {
        self.core.process.options_changed(&self.core.options);
        self.core.shell.disable(&self.core.options.disabled_commands);
        self.core.grant();
        self.core.shell.close_idle_after(self.core.options.session_timeout_or_default());
        self.core.publish_configuration();
        self.tunnel.configure(self.tunnel_start, &mut self.core);
        self.entrance.configure(&mut self.core);
        self.look_after_ports();
        if self.core.options.log != self.log_opened
            && let Some(path) = self.core.options.log.clone()
        {
            self.log_opened = Some(path.clone());
            let (journal, pid) = (self.core.journal, self.core.facts.pid);
            let opened = self.core.aside(move |mail| {
                let opened =
                    journal.open_file(&path, pid).map(|path| log::info!("the log is in {}", path.display()));
                journal.write_file();
                mail.post(Letter::Logged(opened));
            });
            self.logging = opened.is_ok();
        }
        self.core.publish_problems();
    }

    /// Lines for the log's file are written aside, by one short thread at a time.
    fn write_log(&mut self) {
        if self.logging || !self.core.journal.has_unwritten() {
            return;
        }
        let journal = self.core.journal;
        let started = self.core.aside(move |mail| {
            journal.write_file();
            mail.post(Letter::Logged(Ok(())));
        });
        self.logging = started.is_ok();
    }

    /// No new sessions; jobs end; the JVM gets back what it lent.
    fn stop(&mut self, asked: Option<Token>) {
        self.asked.extend(asked);
        if !matches!(self.phase, Phase::Running) {
            return;
        }
        log::info!("stopping");
        self.core.process.stopping();
        self.core.stopping = true;
        self.core.shell.refuse_new_sessions();
        self.phase = Phase::TearingDown(self.core.now + TEARDOWN_LIMIT);
        let (shell, process, mail) =
            (self.core.shell.clone(), self.core.process.clone(), self.core.mail.clone());
        let uploads = self.uploads.clone();
        let job = Box::new(move || {
            let mut left = shell.cancel_all(JOBS_LIMIT);
            left.extend(process.tear_down());
            left.extend(uploads.remove());
            mail.post(Letter::TornDown(left));
        });
        if let Err(why) = self.outside.spawn("oxprobe-stop", job) {
            log::warn!("stop: no thread can be started ({why}); what the JVM lent is not given back");
            self.flush(&[]);
        }
    }

    /// The last words to everybody.
    fn flush(&mut self, left: &[String]) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.phase = Phase::Flushing(self.core.now + FLUSH_LIMIT);
        let asked = std::mem::take(&mut self.asked);
        // The socket's files go before the answer: who has read it finds nothing left.
        self.local.stop_listening();
        self.local.leave(&asked, left, &mut self.core);
        self.tunnel.leave("the agent was stopped", &mut self.core);
        self.telnet.leave(&mut self.http, &mut self.core);
        self.http.leave(&mut self.core);
        self.mcp.leave(&mut self.core);
    }

    fn advance(&mut self) {
        match self.phase {
            Phase::TearingDown(limit) if self.core.now >= limit => {
                log::warn!("stop: the JVM did not get back everything in time");
                self.flush(&["giving back to the JVM what it lent".to_owned()]);
            }
            Phase::Flushing(limit)
                if self.core.now >= limit
                    || (self.local.is_flushed()
                        && self.tunnel.is_flushed()
                        && self.http.is_flushed()
                        && self.telnet.is_flushed()
                        && self.mcp.is_flushed()) =>
            {
                self.phase = Phase::Over;
            }
            _ => {}
        }
    }
}
