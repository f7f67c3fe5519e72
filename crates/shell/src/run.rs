//! From a line to a running job, and from a job's end to a status.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use model::{Message, Status};

use crate::context::for_terminal;
use crate::help::HelpDetail;
use crate::job::Job;
use crate::line::words;
use crate::nearest::nearest;
use crate::scan::{ignored_options, scan};
use crate::shell::Shell;
use crate::{Context, Draw, Drawn, Failure, SessionFacts, Size, UsageError, Word};

/// The longest line that is run, in bytes.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// What of its session a job needs.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) shell: Arc<Shell>,
    pub(crate) draw: Arc<dyn Draw>,
    pub(crate) wake: Arc<dyn Fn() + Send + Sync>,
    pub(crate) facts: Arc<SessionFacts>,
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
        let running = Running { caller: self.clone(), job: job.clone(), ended: false };
        let (words, name) = (words.to_vec(), signature.name);
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
        if !caller.shell.permissions().has(signature.permission) {
            return Err(Failure::new(format!(
                "`{name}` needs the permission {}, which this agent was started without (its option `permissions`).",
                signature.permission.name()
            )));
        }
        let mut cx = Context {
            job: &self.job,
            shell: &caller.shell,
            draw: caller.draw.as_ref(),
            facts: &caller.facts,
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
            self.caller.shell.job_ends(self.job.id);
            self.job.end(end);
        }
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

impl Caller {
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
