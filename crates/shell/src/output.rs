//! The way of a job's results: drawn, through the filters, then to who asked or into a file. All of it
//! on the job's thread.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use model::{Message, View};

use crate::context::for_terminal;
use crate::escapes::without_escapes;
use crate::filter::Chain;
use crate::job::Job;
use crate::pipeline::Redirect;
use crate::{Draw, Drawn, Failure, OutputFile, Outside, Size, Target};

/// See the module.
pub(crate) struct Output {
    job: Arc<Job>,
    draw: Arc<dyn Draw>,
    outside: Arc<dyn Outside>,
    /// Who asked has a terminal, which wants its line ends.
    terminal: bool,
    chain: Chain,
    file: Option<OutputFile>,
    /// Where all results go, as far as that works.
    results: Results,
    /// Why nothing more goes out.
    over: Option<Failure>,
}

/// Columns for what is filtered by lines.
const WIDE: u16 = 240;

/// `options save-result`.
enum Results {
    Closed,
    Open(OutputFile),
    /// It failed once, which is in the log.
    Broken,
}

impl Output {
    pub(crate) fn new(
        job: Arc<Job>,
        draw: Arc<dyn Draw>,
        outside: Arc<dyn Outside>,
        terminal: bool,
        chain: Chain,
    ) -> Self {
        Self { job, draw, outside, terminal, chain, file: None, results: Results::Closed, over: None }
    }

    /// Opens the files there are to be, and says where the output goes.
    pub(crate) fn open(&mut self, redirect: Option<&Redirect>) -> Result<(), Failure> {
        self.chain.open(self.outside.as_ref())?;
        let Some(Redirect { file, append }) = redirect else { return Ok(()) };
        let (target, named) = match file {
            Some(word) => (Target::Path { path: &word.text, append: *append }, word.text.as_str()),
            None => (Target::Cache { job: self.job.id }, "the job's file"),
        };
        let opened = self.outside.open_file(target).map_err(|why| cannot_write(named, &why))?;
        let path = opened.path.clone();
        let message = match file {
            Some(_) => format!("The output goes to {}", path.display()),
            None => format!("The output of job {} goes to {}", self.job.id, path.display()),
        };
        self.job.goes_to(path);
        self.file = Some(opened);
        self.tell(message)
    }

    /// Says something to who asked, whatever becomes of the results.
    pub(crate) fn tell(&self, message: String) -> Result<(), Failure> {
        let drawn = self.draw.draw(&Message { message }, self.job.id, self.job.size());
        self.job.push(self.ended(drawn))
    }

    /// Whether what goes out is seen by the user as it comes: neither filtered nor written to a file.
    pub(crate) fn is_direct(&self) -> bool {
        self.chain.is_empty() && self.file.is_none()
    }

    /// The size to draw for. What is not for a screen has as many rows as it wants, and where a line is looked at as one it
    /// is not broken for a narrow window: a name in two pieces is not found.
    pub(crate) fn size(&self) -> Size {
        let screen = self.job.size();
        if self.is_direct() {
            return screen;
        }
        let cols = if self.chain.reads_lines() { screen.cols.max(WIDE) } else { screen.cols };
        Size { cols, rows: u16::MAX }
    }

    /// Sends a result on its way; waits while nobody takes it.
    pub(crate) fn emit(&mut self, view: &dyn View) -> Result<(), Failure> {
        self.emit_by(view, Job::push)
    }

    /// The same for a result that is followed by more at once, or by the end.
    pub(crate) fn emit_soon(&mut self, view: &dyn View) -> Result<(), Failure> {
        self.emit_by(view, Job::push_soon)
    }

    fn emit_by(
        &mut self,
        view: &dyn View,
        push: fn(&Job, Drawn) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        // What goes to a file or nowhere waits, too.
        self.job.pause()?;
        self.job.counts();
        let sent = self.send(view, push);
        self.over = match &sent {
            Err(failure) => Some(failure.clone()),
            // As a reader that closes its pipe.
            Ok(()) if self.chain.is_sated() => Some(Failure::Ended(0)),
            Ok(()) => None,
        };
        self.over.clone().map_or(Ok(()), Err)
    }

    /// The same for a short result with which a command ends. Never waits, and is sent in any case.
    pub(crate) fn emit_last(&mut self, view: &dyn View) {
        if !matches!(self.over, Some(Failure::Failed { .. })) {
            self.over = self.send(view, push_last).err();
        }
    }

    /// The command is over: what filters have kept comes out.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        if let Some(failure @ Failure::Failed { .. }) = self.over.take() {
            return Err(failure);
        }
        let rest = self.chain.end()?;
        self.deliver(rest, push_last)
    }

    fn send(&mut self, view: &dyn View, push: fn(&Job, Drawn) -> Result<(), Failure>) -> Result<(), Failure> {
        let size = self.size();
        match self.draw.draw(view, self.job.id, size) {
            Drawn::Text(text) => {
                self.save(|| without_escapes(&text));
                let text = self.chain.pass(text)?;
                self.deliver(text, push)
            }
            Drawn::Value(value) => {
                let draw = self.draw.clone();
                self.save(|| draw.text(view, size).into());
                if self.file.is_some() || self.chain.has_effect() {
                    let text = self.chain.pass(draw.text(view, size))?;
                    if self.file.is_some() {
                        return self.deliver(text, push);
                    }
                }
                push(&self.job, Drawn::Value(value))
            }
        }
    }

    /// Text that is through.
    fn deliver(&mut self, text: String, push: fn(&Job, Drawn) -> Result<(), Failure>) -> Result<(), Failure> {
        match &mut self.file {
            Some(OutputFile { path, file }) => {
                let written = file.write_all(without_escapes(&text).as_bytes());
                written.map_err(|why| cannot_write(&path.to_string_lossy(), &why))
            }
            None => push(&self.job, self.ended(Drawn::Text(text))),
        }
    }

    /// With the line ends that who asked wants.
    fn ended(&self, drawn: Drawn) -> Drawn {
        match drawn {
            Drawn::Text(text) if self.terminal => Drawn::Text(for_terminal(&text)),
            other => other,
        }
    }

    /// Writes a result to where all results go, if that is wanted. That it fails is no concern of the
    /// command.
    fn save<'t>(&mut self, text: impl FnOnce() -> Cow<'t, str>) {
        if !self.outside.saves_results() || matches!(self.results, Results::Broken) {
            return;
        }
        let outside = &self.outside;
        let written = match &mut self.results {
            Results::Open(opened) => opened.file.write_all(text().as_bytes()),
            results => outside.open_file(Target::Results).and_then(|mut opened| {
                let written = opened.file.write_all(text().as_bytes());
                *results = Results::Open(opened);
                written
            }),
        };
        if let Err(why) = written {
            log::warn!("save-result: a result could not be written: {why}");
            self.results = Results::Broken;
        }
    }
}

fn push_last(job: &Job, drawn: Drawn) -> Result<(), Failure> {
    job.push_last(drawn);
    Ok(())
}

/// The sentence for a file that cannot be made or written.
pub(crate) fn cannot_write(path: &str, why: &io::Error) -> Failure {
    let advice = match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "What was written before is there; the command has ended."
        }
        io::ErrorKind::Unsupported => "There are no files here.",
        _ => "Name a file that the JVM's user may write.",
    };
    let path = Path::new(path).display();
    Failure::new(format!("{path} cannot be written: {why}. {advice}"))
}
