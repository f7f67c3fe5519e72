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
        match self.runs.last_mut() {
            Some((last, run)) if *last == style => run.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.runs.push((style, text)),
        }
    }

    pub(crate) fn append(&mut self, other: Line) {
        for (style, text) in other.runs {
            self.push(style, text);
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
    pub(crate) fn restyled(self, style: Style) -> Self {
        let runs = self.runs.into_iter().map(|(_, text)| (style, text)).collect();
        Self { runs, width: self.width }
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

/// A text as lines of at most `columns`, broken by characters; `None` breaks at line feeds only.
pub(crate) fn wrap(text: &Text, columns: Option<usize>) -> Vec<Line> {
    let mut lines = vec![Line::default()];
    for span in text.spans() {
        let mut run = String::new();
        let mut used = lines.last().map_or(0, Line::width);
        for c in span.text.chars() {
            let wide = char_width(c);
            let full = columns.is_some_and(|columns| used + wide > columns && used > 0);
            if c == '\n' || full {
                finish(&mut lines, span.style, &mut run);
                lines.push(Line::default());
                used = 0;
            }
            match c {
                '\n' => {}
                '\t' => {
                    run.push_str("    ");
                    used += wide;
                }
                c => {
                    run.push(c);
                    used += wide;
                }
            }
        }
        finish(&mut lines, span.style, &mut run);
    }
    lines
}

fn finish(lines: &mut [Line], style: Style, run: &mut String) {
    if let Some(line) = lines.last_mut() {
        line.push(style, std::mem::take(run));
    }
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
