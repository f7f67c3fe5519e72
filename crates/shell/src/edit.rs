//! The line editor, without input or output: keys in, bytes for the screen out.
//!
//! [`keys`] turns bytes into keys, [`buffer`] is the line and its cursor, [`screen`] keeps a terminal
//! in step with it, and the [`Editor`] here is the key map.

mod buffer;
mod keys;
mod screen;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::Size;
use crate::history::History;
use buffer::{Buffer, Word};
use screen::Screen;

pub(crate) use keys::{Key, Keys};
pub(crate) use screen::width;

/// A line being edited, and its picture on a terminal.
#[derive(Debug)]
pub(crate) struct Editor {
    buffer: Buffer,
    screen: Screen,
    search: Option<Search>,
    /// The next key is inserted as it is.
    quoted_insert: bool,
    /// `C-x` was typed: the first half of a chord.
    after_ctrl_x: bool,
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
struct Search {
    lines: Vec<Arc<str>>,
    /// The line shown; `lines.len()` is the one that was being typed.
    at: usize,
    prefix: String,
    typed: String,
}

impl Editor {
    pub(crate) fn new(prompt: &str, size: Size) -> Self {
        Self {
            buffer: Buffer::default(),
            screen: Screen::new(prompt, size),
            search: None,
            quoted_insert: false,
            after_ctrl_x: false,
        }
    }

    /// Begins an empty line: writes the prompt.
    pub(crate) fn begin(&mut self, out: &mut String) {
        self.buffer.clear();
        self.search = None;
        (self.quoted_insert, self.after_ctrl_x) = (false, false);
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
        self.search = None;
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
            self.search = None;
            self.buffer.insert(c);
            return Step::Edited;
        }
        let chord = std::mem::take(&mut self.after_ctrl_x);
        if !matches!(key, Key::Up | Key::Down | Key::PageUp | Key::PageDown) {
            self.search = None;
        }
        match key {
            Key::Char(c) => self.buffer.insert(c),
            Key::Enter => {
                return match self.buffer.finished() {
                    Some(line) => Step::Accept(line),
                    None => Step::TooLong,
                };
            }
            Key::Tab => return Step::Complete,
            Key::Ctrl('c') => return Step::Interrupt,
            Key::Ctrl('l') => return Step::ClearScreen,
            Key::Ctrl('d') if self.buffer.is_empty() => return Step::EndOfInput,
            Key::Ctrl('x') => self.after_ctrl_x = true,
            Key::Delete if chord => self.buffer.delete_to_start(),
            Key::Delete | Key::Ctrl('d') => self.buffer.delete(),
            Key::Backspace => self.buffer.backspace(),
            Key::Ctrl('a') | Key::Home => self.buffer.go_to_start(),
            Key::Ctrl('e') | Key::End => self.buffer.go_to_end(),
            Key::Left => self.buffer.left(),
            Key::Right => self.buffer.right(),
            Key::Ctrl('f') | Key::Alt('f') | Key::WordRight => self.buffer.word_right(),
            Key::Ctrl('b') | Key::Alt('b') | Key::WordLeft => self.buffer.word_left(Word::Letters),
            Key::Ctrl('k') => self.buffer.delete_to_end(),
            Key::Ctrl('u') => self.buffer.undo(),
            Key::Ctrl('w') => self.buffer.delete_word_left(Word::NoBlanks),
            Key::AltBackspace => self.buffer.delete_word_left(Word::Letters),
            Key::Alt('d') => self.buffer.delete_word_right(),
            Key::Insert => self.quoted_insert = true,
            Key::Up => self.search(history, |at, _| at.checked_sub(1), false),
            Key::Down => self.search(history, |at, len| (at < len).then_some(at + 1), false),
            Key::PageUp => self.search(history, |_, _| Some(0), true),
            Key::PageDown => self.search(history, |_, len| Some(len), true),
            // A lone escape followed by a letter looks like this: the letter was meant.
            Key::Alt(c) => self.buffer.insert(c),
            Key::Ctrl(_) => {}
        }
        Step::Edited
    }

    /// Steps through the history to the next line that begins with the prefix and differs from the
    /// line shown. An `absolute` step takes whatever line it lands on.
    fn search(&mut self, history: &History, step: impl Fn(usize, usize) -> Option<usize>, absolute: bool) {
        let search = self.search.get_or_insert_with(|| {
            let lines = history.snapshot();
            let (at, prefix, typed) = (lines.len(), self.buffer.before_cursor(), self.buffer.text());
            Search { lines, at, prefix, typed }
        });
        let shown = self.buffer.text();
        let mut at = search.at;
        while let Some(next) = step(at, search.lines.len()) {
            let line = search.lines.get(next).map_or(search.typed.as_str(), |line| line);
            let is_typed = next == search.lines.len();
            if absolute || is_typed || (line.starts_with(&search.prefix) && line != shown.as_str()) {
                search.at = next;
                self.buffer.set(line);
                return;
            }
            at = next;
        }
    }
}
