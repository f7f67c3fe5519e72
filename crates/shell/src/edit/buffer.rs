//! The line being edited: characters, a cursor, and what to undo.
//!
//! The cursor stands between what a reader sees as characters: a mark that combines with the letter
//! before it moves and goes with that letter.

use unicode_width::UnicodeWidthChar;

use crate::run::LONGEST_LINE;

/// How many characters are kept for undoing, over all steps, and how many steps.
const UNDO_CHARS: usize = 4 * LONGEST_LINE;
const UNDO_STEPS: usize = 200;

/// The line.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    chars: Vec<char>,
    cursor: usize,
    bytes: usize,
    /// Characters were left out because the line was full.
    overflowed: bool,
    undo: Vec<(Vec<char>, usize)>,
    /// What the last key did: more of it is undone with it.
    run: Option<Run>,
    change: Change,
}

/// Changes of one character that are undone together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Insert,
    Delete,
}

/// What changed since the screen last looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Change {
    #[default]
    Nothing,
    /// Characters were added at the end, with the cursor behind them, from this one on.
    Appended(usize),
    /// Only the cursor moved.
    Moved,
    /// Anything.
    Anything,
}

/// What counts as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Letters and digits.
    Letters,
    /// Everything but blanks.
    NoBlanks,
}

impl Word {
    fn has(self, c: char) -> bool {
        match self {
            Self::Letters => c.is_alphanumeric() || joins(c),
            Self::NoBlanks => !c.is_whitespace(),
        }
    }
}

impl Buffer {
    pub(super) fn chars(&self) -> &[char] {
        &self.chars
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    pub(super) fn text(&self) -> String {
        self.chars.iter().collect()
    }

    pub(super) fn before_cursor(&self) -> String {
        self.chars.iter().take(self.cursor).collect()
    }

    /// What changed since the last call.
    pub(super) fn take_change(&mut self) -> Change {
        std::mem::take(&mut self.change)
    }

    /// The screen shall draw all of it.
    pub(super) fn redraw(&mut self) {
        self.change = Change::Anything;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The line as it is to be run, `None` if it was too long.
    pub(super) fn finished(&self) -> Option<String> {
        (!self.overflowed).then(|| self.text())
    }

    pub(super) fn set(&mut self, line: &str) {
        self.snapshot();
        self.chars = line.chars().collect();
        self.cursor = self.chars.len();
        self.changed();
    }

    pub(super) fn insert(&mut self, c: char) {
        if self.bytes + c.len_utf8() > LONGEST_LINE {
            self.overflowed = true;
            return;
        }
        self.snapshot_before(Run::Insert);
        let at_end = self.cursor == self.chars.len();
        if at_end {
            self.chars.push(c);
        } else {
            self.chars.insert(self.cursor, c);
        }
        self.change = match self.change {
            Change::Nothing if at_end && !joins(c) => Change::Appended(self.cursor),
            Change::Appended(from) if at_end && !joins(c) => Change::Appended(from),
            _ => Change::Anything,
        };
        self.cursor += 1;
        self.bytes += c.len_utf8();
    }

    /// Replaces what stands before the cursor from byte `from` on.
    pub(super) fn replace_before_cursor(&mut self, from: usize, text: &str) {
        let before = self.before_cursor();
        let kept = before.get(..from).map_or(self.cursor, |kept| kept.chars().count());
        let after: Vec<char> = self.chars.iter().skip(self.cursor).copied().collect();
        let bytes = from + text.len() + after.iter().map(|c| c.len_utf8()).sum::<usize>();
        if bytes > LONGEST_LINE {
            return;
        }
        self.snapshot();
        self.chars.truncate(kept);
        self.chars.extend(text.chars());
        self.cursor = self.chars.len();
        self.chars.extend(after);
        self.changed();
    }

    pub(super) fn backspace(&mut self) {
        let from = self.left_of(self.cursor);
        self.remove(from, self.cursor, Some(Run::Delete));
    }

    pub(super) fn delete(&mut self) {
        let to = self.right_of(self.cursor);
        self.remove(self.cursor, to, Some(Run::Delete));
    }

    pub(super) fn delete_to_start(&mut self) {
        self.remove(0, self.cursor, None);
    }

    pub(super) fn delete_to_end(&mut self) {
        self.remove(self.cursor, self.chars.len(), None);
    }

    pub(super) fn delete_word_left(&mut self, word: Word) {
        let from = self.word_left_of(word);
        self.remove(from, self.cursor, None);
    }

    pub(super) fn delete_word_right(&mut self) {
        let to = self.word_right_of();
        self.remove(self.cursor, to, None);
    }

    pub(super) fn left(&mut self) {
        self.move_to(self.left_of(self.cursor));
    }

    pub(super) fn right(&mut self) {
        self.move_to(self.right_of(self.cursor));
    }

    pub(super) fn word_left(&mut self, word: Word) {
        self.move_to(self.word_left_of(word));
    }

    pub(super) fn word_right(&mut self) {
        self.move_to(self.word_right_of());
    }

    pub(super) fn go_to_start(&mut self) {
        self.move_to(0);
    }

    pub(super) fn go_to_end(&mut self) {
        self.move_to(self.chars.len());
    }

    pub(super) fn undo(&mut self) {
        if let Some((chars, cursor)) = self.undo.pop() {
            (self.chars, self.cursor) = (chars, cursor);
            self.changed();
        }
    }

    fn move_to(&mut self, cursor: usize) {
        self.run = None;
        if cursor != self.cursor {
            self.cursor = cursor;
            self.change = match self.change {
                Change::Nothing | Change::Moved => Change::Moved,
                _ => Change::Anything,
            };
        }
    }

    fn remove(&mut self, from: usize, to: usize, run: Option<Run>) {
        if from >= to {
            return;
        }
        match run {
            Some(run) => self.snapshot_before(run),
            None => self.snapshot(),
        }
        let to = to.min(self.chars.len());
        self.chars.drain(from..to);
        self.cursor = from;
        self.overflowed = false;
        self.changed();
        self.run = run;
    }

    fn changed(&mut self) {
        self.run = None;
        self.bytes = self.chars.iter().map(|c| c.len_utf8()).sum();
        self.change = Change::Anything;
    }

    fn snapshot_before(&mut self, run: Run) {
        if self.run != Some(run) {
            self.snapshot();
            self.run = Some(run);
        }
    }

    fn snapshot(&mut self) {
        self.undo.push((self.chars.clone(), self.cursor));
        let mut kept: usize = self.undo.iter().map(|(chars, _)| chars.len() + 1).sum();
        while (kept > UNDO_CHARS || self.undo.len() > UNDO_STEPS) && self.undo.len() > 1 {
            kept -= self.undo.remove(0).0.len() + 1;
        }
    }

    fn at(&self, index: usize) -> Option<char> {
        self.chars.get(index).copied()
    }

    fn left_of(&self, from: usize) -> usize {
        let mut at = from.saturating_sub(1);
        while at > 0 && self.at(at).is_some_and(joins) {
            at -= 1;
        }
        at
    }

    fn right_of(&self, from: usize) -> usize {
        let mut at = (from + 1).min(self.chars.len());
        while self.at(at).is_some_and(joins) {
            at += 1;
        }
        at
    }

    fn word_left_of(&self, word: Word) -> usize {
        let mut at = self.cursor;
        let in_word = |at: usize| self.at(at).is_some_and(|c| word.has(c));
        while at > 0 && !in_word(at - 1) {
            at -= 1;
        }
        while at > 0 && in_word(at - 1) {
            at -= 1;
        }
        at
    }

    fn word_right_of(&self) -> usize {
        let mut at = self.cursor;
        while self.at(at).is_some_and(|c| !Word::Letters.has(c)) {
            at += 1;
        }
        while self.at(at).is_some_and(|c| Word::Letters.has(c)) {
            at += 1;
        }
        at
    }
}

/// Whether a character is drawn onto the one before it.
pub(super) fn joins(c: char) -> bool {
    c.width() == Some(0)
}
