//! A session with a prompt: the line editor while no command runs, the command's output while one
//! does.
//!
//! Keys typed while a command or a completion runs are kept and come first when the prompt is back;
//! only Ctrl-C and Ctrl-Z act at once, and `q` on commands that end so. What jobs in the background write
//! comes between the lines.

mod jobs;

use std::collections::VecDeque;
use std::sync::Arc;

use model::{Layout, Show};
use serde::Serialize;

use super::ask::Asking;
use super::background::Background;
use crate::complete::{Completion, Plan, columns, plan};
use crate::context::for_terminal;
use crate::edit::{Editor, Key, Keys, Step, width};
use crate::help::{HelpDetail, Welcome};
use crate::history::History;
use crate::job::{Found, Job};
use crate::jobs::spelled;
use crate::run::{Caller, LONGEST_LINE, Started, status};
use crate::seat::Seat;
use crate::{After, Drawn, Event, Failure, Setup, Size};

/// How many keys are kept while a command runs.
const TYPED_AHEAD: usize = LONGEST_LINE;

/// How much output may be unread before keys are left out: what they add must not grow without end.
const UNREAD_BYTES: usize = 1024 * 1024;

pub(crate) struct Terminal {
    caller: Caller,
    size: Size,
    keys: Keys,
    editor: Editor,
    /// Keys that wait for the prompt.
    typed: VecDeque<Key>,
    /// More keys came than are kept.
    overflowed: bool,
    out: String,
    background: Background,
    seat: Arc<Seat>,
    state: State,
}

enum State {
    /// The prompt is there.
    Editing,
    /// A command runs.
    Running(Running),
    /// The JVM is asked how a word goes on.
    Completing(Asking),
    /// It is over; the event is still to be given out.
    Over(Option<Event>),
}

struct Running {
    job: Arc<Job>,
    /// Something was written since the line was typed, so nothing can point at it any more.
    wrote: bool,
    /// The cursor stands at the start of a line.
    at_start: bool,
}

impl Terminal {
    pub(crate) fn new(caller: Caller, setup: Setup) -> Self {
        let shell = &caller.shell;
        let seat = shell.seats.take(caller.facts.clone(), caller.wake.clone(), shell.outside.now());
        let mut terminal = Self {
            editor: Editor::new(&setup.prompt, setup.size, shell.keymap()),
            background: Background::default(),
            seat,
            caller,
            size: setup.size,
            keys: Keys::default(),
            typed: VecDeque::new(),
            overflowed: false,
            out: String::new(),
            state: State::Editing,
        };
        if terminal.caller.shell.refuses() {
            terminal.say(-1, "The agent is stopping: it takes no more sessions.");
            terminal.over(Event::Close { reason: "the agent is stopping".to_owned() });
            return terminal;
        }
        if !setup.welcome.is_empty() {
            terminal.show(&Welcome(setup.welcome));
        }
        terminal.editor.begin(&mut terminal.out);
        terminal
    }

    pub(crate) fn input(&mut self, bytes: &[u8]) {
        self.is_used();
        let mut keys = Vec::new();
        self.keys.read(bytes, |key| keys.push(key));
        for key in keys {
            self.key(key);
        }
        self.refresh();
    }

    /// It is not idle.
    fn is_used(&self) {
        self.seat.used(self.caller.shell.outside.now());
    }

    pub(crate) fn interrupt(&mut self) {
        self.key(Key::Ctrl('c'));
        self.refresh();
    }

    pub(crate) fn resize(&mut self, size: Size) {
        self.size = size;
        self.refresh();
        let visible = matches!(self.state, State::Editing | State::Completing(_));
        self.editor.resize(size, visible, &mut self.out);
        if let State::Running(running) = &self.state {
            running.job.resize(size);
        }
        self.background.each(|job| job.resize(size));
    }

    pub(crate) fn close(&mut self) {
        if let State::Running(running) = &self.state {
            running.job.cancel();
            running.job.orphan();
        }
        std::mem::take(&mut self.background).each(Job::orphan);
        self.state = State::Over(None);
    }

    pub(crate) fn poll(&mut self, max_bytes: usize) -> Option<Event> {
        loop {
            if !self.out.is_empty() {
                return self.take_out(max_bytes);
            }
            if self.seat.is_expired() && matches!(self.state, State::Editing | State::Completing(_)) {
                self.expire();
                continue;
            }
            match &mut self.state {
                State::Editing => {
                    if !self.listen(max_bytes) {
                        return None;
                    }
                }
                State::Over(event) => return event.take(),
                State::Completing(asking) => {
                    let completion = asking.answered()?;
                    self.state = State::Editing;
                    self.complete(completion);
                    self.type_kept_keys();
                }
                State::Running(running) => match running.job.take(max_bytes) {
                    Found::Nothing => {
                        if !running.at_start || !self.listen(max_bytes) {
                            return None;
                        }
                    }
                    Found::Text(text) => {
                        let text = if running.job.terminal { text } else { for_terminal(&text) };
                        running.wrote = true;
                        running.at_start = text.ends_with('\n') || text.ends_with("\x1b[2J");
                        return Some(Event::Output(text.into_bytes()));
                    }
                    Found::Value(value) => return Some(Event::Value(value)),
                    Found::Ended(end, after) => self.ended(&end, after),
                },
            }
        }
    }

    fn take_out(&mut self, max_bytes: usize) -> Option<Event> {
        let mut cut = self.out.floor_char_boundary(max_bytes);
        if cut == 0 && max_bytes > 0 {
            cut = self.out.chars().next().map_or(0, char::len_utf8);
        }
        if cut == 0 {
            return None;
        }
        let rest = self.out.split_off(cut);
        Some(Event::Output(std::mem::replace(&mut self.out, rest).into_bytes()))
    }

    /// One key, as it comes from the user or from those kept.
    fn key(&mut self, key: Key) {
        match &self.state {
            State::Editing if self.out.len() >= UNREAD_BYTES => {}
            State::Editing => self.edit(key),
            State::Over(_) => {}
            State::Completing(_) if key == Key::Ctrl('c') => {
                self.state = State::Editing;
                self.edit(key);
                self.type_kept_keys();
            }
            State::Running(running) if key == Key::Ctrl('c') => {
                running.job.cancel();
                self.out.push_str("^C\r\n");
            }
            State::Running(_) if key == Key::Ctrl('z') => self.suspend(),
            State::Running(running) if running.job.is_asking() => {
                let shown = running.job.answers(key);
                self.out.push_str(shown);
                if let State::Running(running) = &mut self.state {
                    running.at_start |= !shown.is_empty();
                }
            }
            State::Running(running) if running.job.ends_on_q && is_q(key) && !self.line_is_begun() => {
                running.job.cancel();
            }
            State::Completing(_) | State::Running(_) => match self.typed.len() < TYPED_AHEAD {
                true => self.typed.push_back(key),
                false => self.overflowed = true,
            },
        }
    }

    /// Whether the keys kept have begun a line, of which a `q` may be a part.
    fn line_is_begun(&self) -> bool {
        let line = self.typed.iter().rev().take_while(|key| **key != Key::Enter);
        line.into_iter().any(|key| matches!(key, Key::Char(_)))
    }

    /// Types the keys that were kept, as far as the prompt is there for them.
    fn type_kept_keys(&mut self) {
        if std::mem::take(&mut self.overflowed) {
            // The last line is not whole: it must not be run by an Enter to come.
            while self.typed.pop_back_if(|key| *key != Key::Enter).is_some() {}
            self.between_lines(|terminal| {
                terminal.say(-1, "More was typed meanwhile than is kept (64 KiB): the rest is left out.");
            });
        }
        while let State::Editing = self.state {
            let Some(key) = self.typed.pop_front() else { break };
            self.edit(key);
        }
        if let State::Running(running) = &self.state
            && running.job.ends_on_q
            && self.typed.front().is_some_and(|key| is_q(*key))
        {
            running.job.cancel();
            self.typed.pop_front();
        }
        self.refresh();
    }

    fn edit(&mut self, key: Key) {
        // What others typed is not shown to somebody unknown.
        let nothing = History::default();
        let history = if self.caller.is_locked() { &nothing } else { &self.caller.shell.history };
        match self.editor.key(key, history) {
            Step::Edited => {}
            Step::Accept(line) => {
                self.editor.leave("", &mut self.out);
                self.run(&line);
            }
            Step::TooLong => {
                self.editor.leave("", &mut self.out);
                self.say(-1, "The line is longer than 64 KiB: it was not run.");
                self.editor.begin(&mut self.out);
            }
            Step::Complete => {
                self.editor.refresh(&mut self.out);
                self.ask_completion();
            }
            Step::Interrupt => {
                self.editor.leave("^C", &mut self.out);
                self.editor.begin(&mut self.out);
            }
            Step::ClearScreen => self.editor.clear_screen(&mut self.out),
            Step::EndOfInput => {
                self.editor.leave("", &mut self.out);
                self.over(Event::Close { reason: "end of input".to_owned() });
            }
        }
    }

    fn run(&mut self, line: &str) {
        if !self.caller.is_locked() {
            self.caller.shell.history.add(line);
        }
        match self.caller.start(line, self.size) {
            Started::Job(job) if job.is_background() => {
                self.tell("Running", &job);
                self.background.add(job);
                self.editor.begin(&mut self.out);
            }
            Started::Job(job) => {
                self.state = State::Running(Running { job, wrote: false, at_start: true });
            }
            Started::Nothing => self.editor.begin(&mut self.out),
            Started::Failed(failure) => {
                self.fail(&failure, line, false);
                self.editor.begin(&mut self.out);
            }
        }
    }

    /// The command is over and its output is written.
    fn ended(&mut self, end: &Result<(), Failure>, after: Option<After>) {
        let State::Running(running) = std::mem::replace(&mut self.state, State::Editing) else { return };
        if !running.at_start {
            self.out.push_str("\r\n");
        }
        self.caller.shell.jobs.forget(running.job.id);
        self.is_used();
        if let Err(failure) = end {
            self.fail(failure, &running.job.line, running.wrote);
        }
        match after {
            Some(After::Foreground(id)) => self.put_in_foreground(id),
            Some(After::Background(id)) => self.put_in_background(id),
            Some(After::CloseSession | After::StopAgent) => self.follow(after),
            None => self.next_line(),
        }
    }

    /// The prompt is back.
    fn next_line(&mut self) {
        self.editor.begin(&mut self.out);
        self.type_kept_keys();
    }

    /// What a command wants after it.
    fn follow(&mut self, after: Option<After>) {
        match after {
            Some(After::CloseSession) => self.over(Event::Close { reason: "the user left".to_owned() }),
            Some(After::StopAgent) => self.over(Event::StopAgent),
            Some(After::Foreground(_) | After::Background(_)) | None => {}
        }
    }

    /// Nobody was here for too long.
    fn expire(&mut self) {
        let limit = spelled(self.caller.shell.session_timeout().unwrap_or_default());
        self.editor.leave("", &mut self.out);
        self.say(
            0,
            &format!(
                "This session was idle for {limit} and has no jobs: it is closed. The agent stays in the JVM."
            ),
        );
        self.over(Event::Close { reason: "the session was idle".to_owned() });
    }

    fn fail(&mut self, failure: &Failure, line: &str, wrote: bool) {
        let status = match failure {
            // The `^C` is said already.
            Failure::Cancelled => return,
            failure => status(&Err(failure.clone())),
        };
        let Some(message) = status.message else { return };
        let prompt = self.editor.prompt_width();
        if let Failure::Usage(error) = failure
            && !wrote
            && prompt + width(line) < usize::from(self.size.cols)
            && let Some(carets) = error.carets(line, prompt)
        {
            self.out.push_str(&carets);
            self.out.push_str("\r\n");
        }
        self.say(status.status_code, &message);
    }

    fn over(&mut self, event: Event) {
        self.state = State::Over(Some(event));
    }

    fn refresh(&mut self) {
        if matches!(self.state, State::Editing | State::Completing(_)) {
            self.editor.refresh(&mut self.out);
        }
    }

    fn ask_completion(&mut self) {
        if self.caller.is_locked() {
            return self.complete(Completion::Nothing);
        }
        match plan(&self.caller.shell, &self.editor.before_cursor()) {
            Plan::Now(completion) => self.complete(completion),
            Plan::Ask(question) => match Asking::start(&self.caller, question) {
                Some(asking) => self.state = State::Completing(asking),
                None => self.complete(Completion::Nothing),
            },
        }
    }

    fn complete(&mut self, completion: Completion) {
        match completion {
            Completion::Nothing => {}
            Completion::Insert { from, text } => self.editor.replace_before_cursor(from, &text),
            Completion::List(names) => self.between_lines(|terminal| {
                let lines = columns(&names, terminal.size.cols);
                terminal.show(&Listing { lines });
            }),
            Completion::Usage(signature) => {
                self.between_lines(|terminal| terminal.show(&HelpDetail::of(signature)));
            }
        }
    }

    /// Writes something below the line, and the line again below that with its cursor as it was.
    fn between_lines(&mut self, write: impl FnOnce(&mut Self)) {
        self.editor.step_below(&mut self.out);
        write(self);
        self.editor.begin_again(&mut self.out);
    }

    fn say(&mut self, status: i32, message: &str) {
        let text = self.caller.sentence(status, message.to_owned(), self.size);
        self.out.push_str(&text);
    }

    fn show(&mut self, view: &impl Show) {
        match self.caller.draw.draw(view, 0, self.size) {
            Drawn::Text(text) => self.out.push_str(&for_terminal(&text)),
            Drawn::Value(value) => self.out.push_str(&(value + "\r\n")),
        }
    }
}

fn is_q(key: Key) -> bool {
    matches!(key, Key::Char('q' | 'Q'))
}

/// Names Tab found.
#[derive(Serialize)]
struct Listing {
    #[serde(skip)]
    lines: Vec<Layout>,
}

impl Show for Listing {
    const KIND: &'static str = "completion";

    fn layout(&self) -> Layout {
        Layout::stack(self.lines.clone())
    }
}
