//! Lines under construction: styled cells that know their width before any escape is written.
//!
//! Blocks are built as lines of [`Line`], set beside each other or below each other, and only at
//! the end turned into bytes. So padding never counts an escape and a cut never halves one.

use model::{Style, Text};

use crate::theme::Theme;
use crate::width::{char_width, width};

/// One line of styled runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    runs: Vec<(Style, String)>,
    width: usize,
}

impl Line {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        let mut line = Self::default();
        line.push(Style::Plain, text.into());
        line
    }

    pub(crate) fn push(&mut self, style: Style, text: String) {
        self.width += width(&text);
        self.add(style, text);
    }

    /// What is as wide as it was counted.
    fn add(&mut self, style: Style, text: String) {
        match self.runs.last_mut() {
            Some((last, run)) if *last == style => run.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.runs.push((style, text)),
        }
    }

    pub(crate) fn append(&mut self, other: Line) {
        self.width += other.width;
        for (style, text) in other.runs {
            self.add(style, text);
        }
    }

    pub(crate) fn pad_to(&mut self, columns: usize) {
        if self.width < columns {
            self.push(Style::Plain, " ".repeat(columns - self.width));
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The line with every run in one style, for headers.
    pub(crate) fn restyled(mut self, style: Style) -> Self {
        for (old, _) in &mut self.runs {
            *old = style;
        }
        self
    }

    fn write(&self, theme: Theme, out: &mut String) {
        // Blanks at the end are invisible and break copying from the terminal.
        let visible = self.runs.iter().rposition(|(_, text)| !text.trim_end_matches(' ').is_empty());
        let Some(last) = visible else { return };
        for (at, (style, text)) in self.runs.iter().enumerate().take(last + 1) {
            let text = if at == last { text.trim_end_matches(' ') } else { text };
            match theme.start(*style) {
                Some(start) => {
                    out.push_str(start);
                    out.push_str(text);
                    out.push_str(theme.end());
                }
                None => out.push_str(text),
            }
        }
    }
}

/// A text as lines of at most `columns`; `None` breaks at line feeds only. Breaks at a blank where a
/// line has one, so that prose stays readable, and within a word where it has not, as in a path.
pub(crate) fn wrap(text: &Text, columns: Option<usize>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut pieces = Vec::new();
    for span in text.spans() {
        let mut rest = span.text.as_ref();
        while let Some((piece, after)) = rest.split_once('\n') {
            pieces.push((span.style, piece));
            fit(&pieces, columns, &mut lines);
            pieces.clear();
            rest = after;
        }
        pieces.push((span.style, rest));
    }
    fit(&pieces, columns, &mut lines);
    lines
}

/// One line of the text as lines that fit. Most do as they are, and are never looked at by characters: twenty thousand classes
/// have half a million of them.
fn fit(pieces: &[(Style, &str)], columns: Option<usize>, lines: &mut Vec<Line>) {
    let mut whole = Line::default();
    for (style, piece) in pieces {
        whole.push(*style, untabbed(piece));
    }
    match columns {
        Some(columns) if whole.width > columns => broken(pieces, columns, lines),
        _ => lines.push(whole),
    }
}

fn broken(pieces: &[(Style, &str)], columns: usize, lines: &mut Vec<Line>) {
    let mut open: Vec<(Style, char)> = Vec::new();
    let mut used = 0;
    for (style, c) in pieces.iter().flat_map(|(style, piece)| piece.chars().map(move |c| (*style, c))) {
        let wide = char_width(c);
        if used + wide > columns && used > 0 {
            let rest = if c == ' ' { Vec::new() } else { last_word(&mut open) };
            lines.push(line(&open));
            used = rest.iter().map(|(_, c)| char_width(*c)).sum();
            open = rest;
            if c == ' ' {
                continue;
            }
        }
        open.push((style, c));
        used += wide;
    }
    lines.push(line(&open));
}

/// Takes the word at the end of a line off it, with the blank before it lost; nothing if the line is
/// one word.
fn last_word(line: &mut Vec<(Style, char)>) -> Vec<(Style, char)> {
    let Some(blank) = line.iter().rposition(|(_, c)| *c == ' ') else { return Vec::new() };
    let indent = line.iter().take_while(|(_, c)| *c == ' ').count();
    if blank < indent {
        return Vec::new();
    }
    let word = line.split_off(blank + 1);
    line.truncate(blank);
    word
}

fn line(chars: &[(Style, char)]) -> Line {
    let mut line = Line::default();
    for run in chars.chunk_by(|(one, _), (other, _)| one == other) {
        let style = run.first().map_or(Style::Plain, |(style, _)| *style);
        let text = run.iter().map(|(_, c)| *c).collect::<String>();
        line.push(style, untabbed(&text));
    }
    line
}

fn untabbed(text: &str) -> String {
    if text.contains('\t') { text.replace('\t', "    ") } else { text.to_owned() }
}

/// The lines as text, each ended by a line feed.
pub(crate) fn write(lines: &[Line], theme: Theme) -> String {
    let mut out = String::new();
    for line in lines {
        line.write(theme, &mut out);
        out.push('\n');
    }
    out
}
