//! From a line to a running job, and from a job's end to a status.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use model::{Message, Status};

use crate::context::for_terminal;
use crate::help::HelpDetail;
use crate::job::Job;
use crate::line::words;
use crate::lock::ALWAYS;
use crate::nearest::nearest;
use crate::scan::{ignored_options, scan};
use crate::shell::Shell;
use crate::{Context, Draw, Drawn, Failure, Grant, Lock, SessionFacts, Signature, Size, UsageError, Word};

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
    pub(crate) lock: Option<Arc<Lock>>,
    pub(crate) terminal: bool,
}

/// What becomes of a line.
pub(crate) enum Started {
    /// There was nothing in it.
    Nothing,
    /// A job runs.
    Job(Arc<Job>, EndsOnQ),
    /// It could not be started.
    Failed(Failure),
}

/// Whether the key `q` ends the job.
pub(crate) type EndsOnQ = bool;

impl Caller {
    /// Starts the command a line names, on a thread of its own.
    pub(crate) fn start(&self, line: &str, size: Size) -> Started {
        match self.try_start(line, size) {
            Ok(Some((job, ends_on_q))) => Started::Job(job, ends_on_q),
            Ok(None) => Started::Nothing,
            Err(failure) => Started::Failed(failure),
        }
    }

    fn try_start(&self, line: &str, size: Size) -> Result<Option<(Arc<Job>, EndsOnQ)>, Failure> {
        if line.len() > LONGEST_LINE {
            return Err(UsageError::new(format!(
                "The line has {} bytes; the longest that is run has {LONGEST_LINE}.",
                line.len()
            ))
            .into());
        }
        let words = words(line)?;
        let Some((name, words)) = words.split_first() else { return Ok(None) };
        let Some(command) = self.shell.find(&name.text) else { return Err(self.unknown(name).into()) };
        let signature = command.signature;

        let job = Arc::new(Job::new(self.shell.job_number(), line, size, self.wake.clone()));
        self.shell.job_starts(&job);
        let (words, name) = (words.to_vec(), signature.name);
        let since = self.shell.outside.now();
        let running = Running { caller: self.clone(), job: job.clone(), name, since, ended: false };
        let work = move || running.run(name, &words);
        if let Err(error) = self.shell.outside.spawn(&format!("oxprobe-job-{}", job.id), Box::new(work)) {
            let message = format!(
                "No thread for the command could be started: {error}. Try again when the system has threads to spare."
            );
            return Err(Failure::new(message));
        }
        Ok(Some((job, signature.ends_on_q)))
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

impl Running {
    fn run(mut self, name: &str, words: &[Word]) {
        let end = catch_unwind(AssertUnwindSafe(|| self.command(name, words))).unwrap_or_else(|panic| {
            let why = panic_text(panic.as_ref());
            log::error!("job {} (`{name}`) panicked: {why}", self.job.id);
            Err(Failure::new(format!(
                "`{name}` ended by a fault of ours ({why}); the application is not touched. The agent's log says where."
            )))
        });
        self.end(end);
    }

    fn command(&self, name: &str, words: &[Word]) -> Result<(), Failure> {
        let caller = &self.caller;
        let Some(command) = caller.shell.find(name) else {
            return Err(Failure::new(format!("{name}: command not found")));
        };
        let signature = command.signature;
        if caller.is_locked() && !ALWAYS.contains(&name) {
            return Err(Failure::new(LOCKED));
        }
        let permissions = caller.shell.permissions().and(caller.permissions.get());
        if !permissions.has(signature.permission) {
            return Err(Failure::new(caller.forbidden(signature)));
        }
        let mut cx = Context {
            job: &self.job,
            shell: &caller.shell,
            draw: caller.draw.as_ref(),
            facts: &caller.facts,
            permissions,
            lock: caller.lock.as_deref(),
            terminal: caller.terminal,
        };
        if scan(signature, words).is_ok_and(|scan| scan.help) {
            cx.emit(HelpDetail::of(signature))?;
            return Err(Failure::Ended(-10));
        }
        if caller.terminal {
            for word in ignored_options(signature, words) {
                let word: String = word.chars().take(80).collect();
                cx.message(format!("`{name}` has no option `{word}`: it is ignored."))?;
            }
        }
        (command.run)(words, &mut cx)
    }

    fn end(&mut self, end: Result<(), Failure>) {
        if !self.ended {
            self.ended = true;
            self.audit(&end);
            self.caller.shell.job_ends(self.job.id);
            self.job.end(end);
        }
    }
}

impl Running {
    /// Who did what, from where, how long, and how it ended.
    fn audit(&self, end: &Result<(), Failure>) {
        let facts = &self.caller.facts;
        let opened = self.caller.lock.as_ref().and_then(|lock| lock.user());
        let user = opened.as_deref().unwrap_or(&facts.user);
        // A password follows; and the log escapes what would drive its reader's terminal.
        let line = if self.name == "auth" { "auth" } else { self.job.line.trim() };
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

    fn forbidden(&self, signature: &Signature) -> String {
        let (name, permission) = (signature.name, signature.permission.name());
        match self.shell.permissions().has(signature.permission) {
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
