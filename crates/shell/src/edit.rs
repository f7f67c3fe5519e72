//! The line editor, without input or output: keys in, bytes for the screen out.
//!
//! [`keys`] turns bytes into keys, [`keymap`] these into actions, [`buffer`] is the line and its cursor,
//! [`screen`] keeps a terminal in step with it, and the [`Editor`] here puts them together.

mod buffer;
mod keymap;
mod keys;
mod screen;
mod search;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::Size;
use crate::history::History;
use buffer::{Buffer, Word};
use keymap::Action;
use screen::Screen;
use search::Search;

pub use keymap::Binding;
pub(crate) use keymap::Keymap;
pub(crate) use keys::{Key, Keys};
pub(crate) use screen::width;

/// A line being edited, and its picture on a terminal.
#[derive(Debug)]
pub(crate) struct Editor {
    buffer: Buffer,
    screen: Screen,
    keymap: Arc<Keymap>,
    prompt: String,
    walk: Option<Walk>,
    search: Option<Search>,
    /// The next key is inserted as it is.
    quoted_insert: bool,
    /// The first of two keys that mean something together.
    first: Option<Key>,
}

/// What a key asks of the session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing: at most the line changed.
    Edited,
    /// The line is finished.
    Accept(String),
    /// The line is finished, but had more than may be run.
    TooLong,
    /// Complete the word before the cursor.
    Complete,
    /// Empty the terminal.
    ClearScreen,
    /// Give the line up.
    Interrupt,
    /// No more input.
    EndOfInput,
}

/// A walk through the history, for lines that begin as the line began.
#[derive(Debug)]
struct Walk {
    lines: Vec<Arc<str>>,
    /// The line shown; `lines.len()` is the one that was being typed.
    at: usize,
    prefix: String,
    typed: String,
}

impl Editor {
    pub(crate) fn new(prompt: &str, size: Size, keymap: Arc<Keymap>) -> Self {
        Self {
            buffer: Buffer::default(),
            screen: Screen::new(prompt, size),
            keymap,
            prompt: prompt.to_owned(),
            walk: None,
            search: None,
            quoted_insert: false,
            first: None,
        }
    }

    /// Begins an empty line: writes the prompt.
    pub(crate) fn begin(&mut self, out: &mut String) {
        self.buffer.clear();
        self.screen.set_prompt(&self.prompt);
        (self.walk, self.search) = (None, None);
        (self.quoted_insert, self.first) = (false, None);
        self.screen.begin(&mut self.buffer, out);
    }

    /// Writes prompt and line again, on the line the terminal's cursor is on.
    pub(crate) fn begin_again(&mut self, out: &mut String) {
        self.screen.begin(&mut self.buffer, out);
    }

    /// Brings the terminal up to date. Called once after a batch of keys.
    pub(crate) fn refresh(&mut self, out: &mut String) {
        self.screen.refresh(&mut self.buffer, out);
    }

    /// Moves the terminal's cursor below the line; `mark` is written behind it.
    pub(crate) fn leave(&mut self, mark: &str, out: &mut String) {
        self.screen.leave(&mut self.buffer, mark, out);
    }

    /// Moves the terminal's cursor below the line, but not the line's own: [`Self::begin_again`] puts
    /// it back.
    pub(crate) fn step_below(&mut self, out: &mut String) {
        self.screen.step_below(&self.buffer, out);
    }

    /// Takes the line off the screen: [`Self::begin_again`] puts it back below what is written then.
    pub(crate) fn wipe(&mut self, out: &mut String) {
        self.screen.wipe(out);
    }

    /// The terminal has another size.
    pub(crate) fn resize(&mut self, size: Size, visible: bool, out: &mut String) {
        self.screen.resize(size, &mut self.buffer, visible, out);
    }

    /// Empties the terminal and writes the line at its top.
    pub(crate) fn clear_screen(&mut self, out: &mut String) {
        out.push_str("\x1b[H\x1b[2J");
        self.screen.begin(&mut self.buffer, out);
    }

    /// The line up to the cursor.
    pub(crate) fn before_cursor(&self) -> String {
        self.buffer.before_cursor()
    }

    /// Replaces what stands before the cursor from byte `from` on.
    pub(crate) fn replace_before_cursor(&mut self, from: usize, text: &str) {
        self.walk = None;
        self.buffer.replace_before_cursor(from, text);
    }

    /// How wide prompt and line are together.
    pub(crate) fn prompt_width(&self) -> usize {
        self.screen.prompt_width()
    }

    /// Applies one key.
    pub(crate) fn key(&mut self, key: Key, history: &History) -> Step {
        if std::mem::take(&mut self.quoted_insert)
            && let Some(c) = key.literal()
        {
            self.walk = None;
            self.buffer.insert(c);
            return Step::Edited;
        }
        let before = self.first.take();
        let action = self.keymap.action(before, key).or_else(|| self.keymap.action(None, key));
        if self.search.is_some() && self.searched(key, action) {
            return Step::Edited;
        }
        if !matches!(action, Some(Action::Older | Action::Newer | Action::Oldest | Action::Newest)) {
            self.walk = None;
        }
        match (key, action) {
            (Key::Ctrl('c'), _) => Step::Interrupt,
            (Key::Ctrl('d'), _) if self.buffer.is_empty() => Step::EndOfInput,
            (_, Some(action)) => self.act(action, history),
            (key, None) if self.keymap.begins(key) => {
                self.first = Some(key);
                Step::Edited
            }
            // A lone escape followed by a letter looks like `Alt`: the letter was meant.
            (Key::Char(c) | Key::Alt(c), None) => {
                self.buffer.insert(c);
                Step::Edited
            }
            (_, None) => Step::Edited,
        }
    }

    fn act(&mut self, action: Action, history: &History) -> Step {
        match action {
            Action::Accept => {
                return match self.buffer.finished() {
                    Some(line) => Step::Accept(line),
                    None => Step::TooLong,
                };
            }
            Action::Complete => return Step::Complete,
            Action::ClearScreen => return Step::ClearScreen,
            Action::Start => self.buffer.go_to_start(),
            Action::End => self.buffer.go_to_end(),
            Action::CharLeft => self.buffer.left(),
            Action::CharRight => self.buffer.right(),
            Action::WordLeft => self.buffer.word_left(Word::Letters),
            Action::WordRight => self.buffer.word_right(),
            Action::DeleteLeft => self.buffer.backspace(),
            Action::DeleteRight => self.buffer.delete(),
            Action::KillWordLeft => self.buffer.delete_word_left(Word::Letters),
            Action::KillToBlankLeft => self.buffer.delete_word_left(Word::NoBlanks),
            Action::KillWordRight => self.buffer.delete_word_right(),
            Action::KillToStart => self.buffer.delete_to_start(),
            Action::KillToEnd => self.buffer.delete_to_end(),
            Action::Undo => self.buffer.undo(),
            Action::InsertNext => self.quoted_insert = true,
            Action::Older => self.walk(history, |at, _| at.checked_sub(1), false),
            Action::Newer => self.walk(history, |at, len| (at < len).then_some(at + 1), false),
            Action::Oldest => self.walk(history, |_, _| Some(0), true),
            Action::Newest => self.walk(history, |_, len| Some(len), true),
            Action::SearchOlder => {
                let search = Search::new(history, self.buffer.text());
                self.show_prompt(&search.prompt());
                self.search = Some(search);
            }
        }
        Step::Edited
    }

    /// A key while the history is searched. `false`: it ends the search and means what it always does,
    /// for the line that was found.
    fn searched(&mut self, key: Key, action: Option<Action>) -> bool {
        let Some(mut search) = self.search.take() else { return false };
        let found = match (key, action) {
            (Key::Char(c), None) => search.add(c),
            (_, Some(Action::DeleteLeft)) => search.remove(),
            (_, Some(Action::SearchOlder)) => search.older(),
            (Key::Ctrl('g'), _) => {
                self.buffer.set(&search.typed);
                self.show_prompt(&self.prompt.clone());
                return true;
            }
            _ => {
                self.show_prompt(&self.prompt.clone());
                return false;
            }
        };
        if let Some(line) = found {
            self.buffer.set(&line);
        }
        self.show_prompt(&search.prompt());
        self.search = Some(search);
        true
    }

    fn show_prompt(&mut self, prompt: &str) {
        self.screen.set_prompt(prompt);
        self.buffer.redraw();
    }

    /// Steps through the history to the next line that begins with the prefix and differs from the
    /// line shown. An `absolute` step takes whatever line it lands on.
    fn walk(&mut self, history: &History, step: impl Fn(usize, usize) -> Option<usize>, absolute: bool) {
        let walk = self.walk.get_or_insert_with(|| {
            let lines = history.snapshot();
            let (at, prefix, typed) = (lines.len(), self.buffer.before_cursor(), self.buffer.text());
            Walk { lines, at, prefix, typed }
        });
        let shown = self.buffer.text();
        let mut at = walk.at;
        while let Some(next) = step(at, walk.lines.len()) {
            let line = walk.lines.get(next).map_or(walk.typed.as_str(), |line| line);
            let is_typed = next == walk.lines.len();
            if absolute || is_typed || (line.starts_with(&walk.prefix) && line != shown.as_str()) {
                walk.at = next;
                self.buffer.set(line);
                return;
            }
            at = next;
        }
    }
}
