//! From a line to a running job, and from a job's end to a status.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use model::{Message, Status};

use crate::context::for_terminal;
use crate::filter::{self, Chain, Filter};
use crate::help::HelpDetail;
use crate::job::{Begun, Job};
use crate::jobs::{BACKGROUND, CACHED};
use crate::lock::ALWAYS;
use crate::nearest::nearest;
use crate::output::Output;
use crate::pipeline::{Pipeline, Redirect, pipeline};
use crate::scan::{ignored_options, scan};
use crate::sent::SentFile;
use crate::shared::{Bound, Shell};
use crate::{
    Context, Draw, Drawn, Failure, Grant, Lender, Lock, Permission, SessionFacts, Size, UsageError, Word,
};

/// The longest line that is run, in bytes.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// What of its session a job needs.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) shell: Arc<Shell>,
    pub(crate) draw: Arc<dyn Draw>,
    pub(crate) wake: Arc<dyn Fn() + Send + Sync>,
    pub(crate) facts: Arc<SessionFacts>,
    pub(crate) permissions: Arc<Grant>,
    pub(crate) sent: Arc<[SentFile]>,
    pub(crate) lock: Option<Arc<Lock>>,
    pub(crate) lender: Option<Arc<dyn Lender>>,
    pub(crate) waits: bool,
    pub(crate) terminal: bool,
}

/// What becomes of a line.
pub(crate) enum Started {
    /// There was nothing in it.
    Nothing,
    /// A job runs.
    Job(Arc<Job>),
    /// It could not be started.
    Failed(Failure),
}

impl Caller {
    /// Starts what a line names, on a thread of its own.
    pub(crate) fn start(&self, line: &str, size: Size) -> Started {
        match self.try_start(line, size) {
            Ok(Some(job)) => Started::Job(job),
            Ok(None) => Started::Nothing,
            Err(failure) => Started::Failed(failure),
        }
    }

    /// Whether who asks has this permission.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.shell.permissions().and(self.permissions.get()).has(permission)
    }

    fn try_start(&self, line: &str, size: Size) -> Result<Option<Arc<Job>>, Failure> {
        if line.len() > LONGEST_LINE {
            return Err(UsageError::new(format!(
                "The line has {} bytes; the longest that is run has {LONGEST_LINE}.",
                line.len()
            ))
            .into());
        }
        let Some(Pipeline { command, filters, redirect, background }) = pipeline(line)? else {
            return Ok(None);
        };
        let Some((name, words)) = command.split_first() else { return Ok(None) };
        let Some(command) = self.shell.find(&name.text) else { return Err(self.unknown(name).into()) };
        let signature = command.signature;
        let filters: Vec<Box<dyn Filter>> =
            filters.iter().map(|words| self.filter(words)).collect::<Result<_, Failure>>()?;
        self.check_room(redirect.as_ref(), background)?;

        let begun = Begun {
            id: self.shell.jobs.number(),
            line,
            size,
            wake: self.wake.clone(),
            owner: self.facts.clone(),
            ends_on_q: signature.ends_on_q,
            permission: signature.permission,
            terminal: self.terminal,
            background,
            redirected: redirect.is_some(),
            is_cached: redirect.as_ref().is_some_and(|redirect| redirect.file.is_none()),
        };
        let job = Arc::new(Job::new(begun, self.shell.outside.clone()));
        self.shell.jobs.start(&job);
        let (name, since) = (signature.name, self.shell.outside.now());
        let running = Running { caller: self.clone(), job: job.clone(), name, since, ended: false };
        let work = Work { words: words.to_vec(), chain: Chain::new(filters), redirect };
        let name = format!("oxprobe-job-{}", job.id);
        if let Err(error) = self.shell.outside.spawn(&name, Box::new(move || running.run(work))) {
            self.shell.jobs.forget(job.id);
            let message = format!(
                "No thread for the command could be started: {error}. Try again when the system has threads to spare."
            );
            return Err(Failure::new(message));
        }
        Ok(Some(job))
    }

    /// The filter that stands behind a pipe.
    fn filter(&self, words: &[Word]) -> Result<Box<dyn Filter>, Failure> {
        let Some((name, words)) = words.split_first() else {
            return Err(Failure::new("A filter is missing."));
        };
        let is_there = self.shell.find(&name.text).is_some();
        let Some(entry) = filter::find(&name.text).filter(|_| is_there) else {
            let shown: String = name.text.chars().take(80).collect();
            let message = match is_there {
                true => format!("`{shown}` is no filter: behind a | stand grep, wc, tee or plaintext."),
                false => {
                    format!("There is no filter `{shown}`: behind a | stand grep, wc, tee or plaintext.")
                }
            };
            return Err(UsageError::at(name.range.clone(), message).into());
        };
        self.permit(entry.signature.name, entry.signature.permission)?;
        entry.make(words).map_err(|error| {
            match error.at {
                Some(_) => error,
                None => UsageError { at: Some(name.range.clone()), ..error },
            }
            .into()
        })
    }

    /// Whether there may be one more such job.
    fn check_room(&self, redirect: Option<&Redirect>, background: bool) -> Result<(), Failure> {
        if background && self.is_locked() {
            return Err(Failure::new(LOCKED));
        }
        if redirect.is_some() {
            self.permit(">", Permission::Dump)?;
        }
        let jobs = &self.shell.jobs;
        if background && jobs.count(|job| job.is_background() && !job.is_over()) >= BACKGROUND {
            let message = format!(
                "{BACKGROUND} jobs run in the background, which is the limit: end one (`jobs`, `kill`)."
            );
            return Err(Failure::new(message));
        }
        let is_cached = redirect.is_some_and(|redirect| redirect.file.is_none());
        if is_cached && jobs.count(|job| job.is_cached && !job.is_over()) >= CACHED {
            let message = format!(
                "{CACHED} jobs write to files of their own, which is the limit: end one, or name a file behind the >."
            );
            return Err(Failure::new(message));
        }
        Ok(())
    }

    fn permit(&self, name: &str, permission: Permission) -> Result<(), Failure> {
        // Before the password nothing is written, also not what `auth` says.
        if self.is_locked() && permission != Permission::View {
            return Err(Failure::new(LOCKED));
        }
        match self.may(permission) {
            true => Ok(()),
            false => Err(Failure::new(self.forbidden(name, permission))),
        }
    }

    fn unknown(&self, name: &Word) -> UsageError {
        let shown: String = name.text.chars().take(80).collect();
        let names = || self.shell.signatures().filter(|signature| !signature.hidden);
        let known = names().flat_map(|signature| std::iter::once(&signature.name).chain(signature.aliases));
        let advice = match nearest(&name.text, known.copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`help` lists the commands.".to_owned(),
        };
        UsageError::at(name.range.clone(), format!("{shown}: command not found. {advice}"))
    }
}

/// A command on its thread. However it ends, dropping this ends the job, so that a session never
/// waits for a thread that is gone.
struct Running {
    caller: Caller,
    job: Arc<Job>,
    name: &'static str,
    since: Duration,
    ended: bool,
}

/// What a job has to do.
struct Work {
    words: Vec<Word>,
    chain: Chain,
    redirect: Option<Redirect>,
}

impl Running {
    fn run(mut self, work: Work) {
        self.job.runs();
        let name = self.name;
        let end = catch_unwind(AssertUnwindSafe(|| self.work(work))).unwrap_or_else(|panic| {
            let why = panic_text(panic.as_ref());
            log::error!("job {} (`{name}`) panicked: {why}", self.job.id);
            Err(Failure::new(format!(
                "`{name}` ended by a fault of ours ({why}); the application is not touched. The agent's log says where."
            )))
        });
        self.end(end);
    }

    fn work(&self, work: Work) -> Result<(), Failure> {
        let Work { words, chain, redirect } = work;
        let (caller, job, name) = (&self.caller, &self.job, self.name);
        let Some(command) = caller.shell.find(name) else {
            return Err(Failure::new(format!("{name}: command not found")));
        };
        if caller.is_locked() && !ALWAYS.contains(&name) {
            return Err(Failure::new(LOCKED));
        }
        caller.permit(name, command.signature.permission)?;
        let outside = caller.shell.outside.clone();
        let mut output = Output::new(job.clone(), caller.draw.clone(), outside, caller.terminal, chain);
        output.open(redirect.as_ref())?;
        let terminal = caller.terminal && output.is_direct() && !job.is_background();
        let mut cx = Context { job, caller, output, terminal };
        let end = command_in(command, &words, &mut cx);
        match (cx.output.end(), end) {
            // That the output could not be written is why it ended.
            (Err(failure), Ok(()) | Err(Failure::Cancelled | Failure::Ended(0))) => Err(failure),
            (_, end) => end,
        }
    }

    fn end(&mut self, end: Result<(), Failure>) {
        if !self.ended {
            self.ended = true;
            self.audit(&end);
            self.job.end(end);
            self.caller.shell.jobs.end(self.job.id);
        }
    }
}

impl Running {
    /// Who did what, from where, how long, and how it ended.
    fn audit(&self, end: &Result<(), Failure>) {
        let facts = &self.caller.facts;
        let opened = self.caller.lock.as_ref().and_then(|lock| lock.user());
        let user = opened.as_deref().unwrap_or(&facts.user);
        // The log escapes what would drive its reader's terminal.
        let line = self.job.shown.trim();
        let took = self.caller.shell.outside.now().saturating_sub(self.since);
        let how = match end {
            Err(Failure::Cancelled) => "interrupted".to_owned(),
            end => format!("status {}", status(end).status_code),
        };
        log::info!(
            "audit: user={user:?} from={} peer={:?} session={} job={} command={line:?} took={:.1}ms end={how:?}",
            facts.from,
            facts.peer,
            facts.id,
            self.job.id,
            took.as_secs_f64() * 1000.0
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Err(Failure::new("The command's thread did not run. Try again.")));
    }
}

fn command_in(command: &Bound, words: &[Word], cx: &mut Context<'_>) -> Result<(), Failure> {
    let signature = command.signature;
    if scan(signature, words).is_ok_and(|scan| scan.help) {
        cx.emit(HelpDetail::of(signature))?;
        return Err(Failure::Ended(-10));
    }
    if cx.caller.terminal {
        for word in ignored_options(signature, words) {
            let word: String = word.chars().take(80).collect();
            let message = format!("`{}` has no option `{word}`: it is ignored.", signature.name);
            cx.output.tell(message)?;
        }
    }
    (command.run)(words, cx)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no reason given",
    }
}

/// How a job ended, as the result every job ends with.
pub(crate) fn status(end: &Result<(), Failure>) -> Status {
    let (status_code, message) = match end {
        Ok(()) => (0, None),
        Err(Failure::Cancelled) => (-1, Some("Interrupted.".to_owned())),
        Err(Failure::Failed { status, message }) => (*status, Some(message.clone())),
        Err(Failure::Usage(error)) => (-10, Some(error.message.clone())),
        Err(Failure::Ended(status)) => (*status, None),
    };
    Status { status_code, message }
}

/// Said instead of every command of a session that is not unlocked.
const LOCKED: &str = "This session may not run commands yet: say the password with `auth PASSWORD` \
                      (`auth -n USER PASSWORD` for another user than arthas).";

impl Caller {
    /// Whether a password must be said first.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| !lock.is_open())
    }

    fn forbidden(&self, name: &str, wanted: Permission) -> String {
        let permission = wanted.name();
        match self.shell.permissions().has(wanted) {
            true => format!(
                "`{name}` needs the permission {permission}, which sessions from {} do not have (options `allow` and \
                 `read-only`).",
                self.facts.from
            ),
            false => format!(
                "`{name}` needs the permission {permission}, which this agent was started without (its option \
                 `permissions`)."
            ),
        }
    }

    /// A sentence as the terminal shows it, with its line end.
    pub(crate) fn sentence(&self, status: i32, message: String, size: Size) -> String {
        let drawn = match status {
            0 => self.draw.draw(&Message { message }, 0, size),
            _ => self.draw.draw(&Status { status_code: status, message: Some(message) }, 0, size),
        };
        match drawn {
            Drawn::Text(text) => for_terminal(&text),
            Drawn::Value(value) => value + "\r\n",
        }
    }
}
