//! What the terminal shows of the line, and the bytes that bring it up to date.
//!
//! The terminal wraps by itself, so the text is written in one go and only the position of the cursor
//! is computed: a wide character that does not fit starts the next row, and behind a full last column
//! the cursor is pushed to the next row. A line with more rows than the terminal is shown in part,
//! around the cursor.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::buffer::{Buffer, Change};
use crate::Size;

/// A place on the screen, counted from where the prompt begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    row: usize,
    /// May be the number of columns: the row is full and the next character starts a new one.
    col: usize,
}

/// The picture of a line.
#[derive(Debug)]
pub(super) struct Screen {
    prompt: String,
    cols: usize,
    rows: usize,
    /// The first row of the line that is on the screen.
    top: usize,
    /// Where the terminal's cursor is.
    cursor: Place,
}

impl Screen {
    pub(super) fn new(prompt: &str, size: Size) -> Self {
        let (cols, rows) = usable(size);
        Self { prompt: prompt.to_owned(), cols, rows, top: 0, cursor: Place::default() }
    }

    /// What stands before the line when it is drawn the next time.
    pub(super) fn set_prompt(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
    }

    pub(super) fn prompt_width(&self) -> usize {
        self.prompt.width()
    }

    /// Draws prompt and line on the row the terminal's cursor is on.
    pub(super) fn begin(&mut self, buffer: &mut Buffer, out: &mut String) {
        buffer.take_change();
        (self.top, self.cursor) = (0, Place::default());
        self.draw(buffer, out);
    }

    pub(super) fn refresh(&mut self, buffer: &mut Buffer, out: &mut String) {
        match buffer.take_change() {
            Change::Nothing => {}
            Change::Appended(from) => self.append(buffer.chars().get(from..).unwrap_or_default(), out),
            Change::Moved => {
                let to = self.place_of(buffer, buffer.cursor());
                match (self.top..self.top + self.rows).contains(&to.row) {
                    true => self.move_to(to, out),
                    false => self.redraw(buffer, out),
                }
            }
            Change::Anything => self.redraw(buffer, out),
        }
    }

    pub(super) fn leave(&mut self, buffer: &mut Buffer, mark: &str, out: &mut String) {
        buffer.go_to_end();
        self.refresh(buffer, out);
        out.push_str(mark);
        self.new_line(mark.is_empty(), out);
    }

    /// Moves below the line without touching it.
    pub(super) fn step_below(&mut self, buffer: &Buffer, out: &mut String) {
        let end = self.place_of(buffer, buffer.chars().len());
        let lowest = self.top + self.rows - 1;
        self.move_to(
            Place { row: end.row.min(lowest), col: if end.row > lowest { self.cols } else { end.col } },
            out,
        );
        self.new_line(end.row <= lowest, out);
    }

    /// Takes the line off the screen; what is written next stands in its place.
    pub(super) fn wipe(&mut self, out: &mut String) {
        up(self.cursor.row.saturating_sub(self.top), out);
        out.push_str("\r\x1b[J");
        (self.top, self.cursor) = (0, Place::default());
    }

    /// Where the cursor was pushed to an empty row, that row is already the one below the line.
    fn new_line(&mut self, nothing_behind: bool, out: &mut String) {
        match self.cursor.col == 0 && self.cursor.row > 0 && nothing_behind {
            true => out.push('\r'),
            false => out.push_str("\r\n"),
        }
        (self.top, self.cursor) = (0, Place::default());
    }

    /// The terminal keeps the rows of the line the cursor is on as they were, so they are wiped by
    /// their old count and drawn for the new size.
    pub(super) fn resize(&mut self, size: Size, buffer: &mut Buffer, visible: bool, out: &mut String) {
        (self.cols, self.rows) = usable(size);
        if visible {
            self.redraw(buffer, out);
        }
    }

    fn redraw(&mut self, buffer: &Buffer, out: &mut String) {
        let top = self.top;
        self.wipe(out);
        self.top = top;
        self.draw(buffer, out);
    }

    /// Draws from column 0 of an empty rest of the screen.
    fn draw(&mut self, buffer: &Buffer, out: &mut String) {
        let to = self.place_of(buffer, buffer.cursor());
        let last = self.place_of(buffer, buffer.chars().len()).row;
        if last < self.rows {
            self.top = 0;
        } else {
            let lowest = (to.row + 1).saturating_sub(self.rows);
            self.top = self.top.clamp(lowest, to.row).min(last + 1 - self.rows);
        }
        let shown = self.top..self.top + self.rows;

        let mut at = Place::default();
        let mut whole = true;
        for c in cells(&self.prompt, buffer.chars()) {
            let (start, end) = self.put(at, c);
            if start.row >= shown.end {
                whole = false;
                break;
            }
            at = end;
            if shown.contains(&start.row) {
                out.push(c);
            }
        }
        if whole && at.row + 1 < shown.end {
            at = self.push_down(at, out);
        }
        self.cursor = at;
        if at != to {
            self.move_to(to, out);
        }
    }

    /// Writes characters behind the end of the line.
    fn append(&mut self, chars: &[char], out: &mut String) {
        let mut at = self.cursor;
        for c in cells("", chars) {
            at = self.put(at, c).1;
            out.push(c);
        }
        self.cursor = self.push_down(at, out);
        self.top = self.top.max((self.cursor.row + 1).saturating_sub(self.rows));
    }

    /// Leaves the undecided state behind a full row: the cursor goes to the next one.
    fn push_down(&self, at: Place, out: &mut String) -> Place {
        if at.col < self.cols {
            return at;
        }
        out.push_str(" \r");
        Place { row: at.row + 1, col: 0 }
    }

    fn move_to(&mut self, to: Place, out: &mut String) {
        up(self.cursor.row.saturating_sub(to.row), out);
        let down = to.row.saturating_sub(self.cursor.row);
        if down > 0 {
            let _ = write!(out, "\x1b[{down}B");
        }
        out.push('\r');
        if to.col > 0 {
            let _ = write!(out, "\x1b[{}C", to.col);
        }
        self.cursor = to;
    }

    /// Where the cursor stands before the character with this index.
    fn place_of(&self, buffer: &Buffer, index: usize) -> Place {
        let chars = buffer.chars();
        let before = chars.get(..index).unwrap_or(chars);
        let at = cells(&self.prompt, before).fold(Place::default(), |at, c| self.put(at, c).1);
        let next = chars.get(index).map_or(' ', |c| cells("", &[*c]).next().unwrap_or(' '));
        self.put(at, next).0
    }

    /// Where a character starts that is written at a place, and where it ends.
    fn put(&self, at: Place, c: char) -> (Place, Place) {
        let width = c.width().unwrap_or(0);
        if at.col + width <= self.cols {
            return (at, Place { row: at.row, col: at.col + width });
        }
        let start = Place { row: at.row + 1, col: 0 };
        (start, Place { col: width, ..start })
    }
}

/// The characters as they are drawn: control characters as `^X`.
fn cells<'c>(prompt: &'c str, chars: &'c [char]) -> impl Iterator<Item = char> + 'c {
    prompt.chars().chain(chars.iter().flat_map(|c| {
        let (first, second) = match *c {
            c @ '\0'..='\x1f' => ('^', Some(char::from(c as u8 | 0x40))),
            '\x7f' => ('^', Some('?')),
            c if c.width().is_none() => (char::REPLACEMENT_CHARACTER, None),
            c => (c, None),
        };
        std::iter::once(first).chain(second)
    }))
}

/// How many columns a text takes when it is typed.
pub(crate) fn width(text: &str) -> usize {
    let chars: Vec<char> = text.chars().collect();
    cells("", &chars).map(|c| c.width().unwrap_or(0)).sum()
}

fn up(rows: usize, out: &mut String) {
    if rows > 0 {
        let _ = write!(out, "\x1b[{rows}A");
    }
}

/// A size one can draw on: a terminal that says 0 does not know.
fn usable(size: Size) -> (usize, usize) {
    let or_usual = |given: u16, usual: u16| usize::from(if given == 0 { usual } else { given }).max(2);
    (or_usual(size.cols, Size::USUAL.cols), or_usual(size.rows, Size::USUAL.rows))
}
