//! Text whose parts carry a meaning instead of a colour.
//!
//! The theme of the one who draws decides what a meaning looks like, so a result can go to a black
//! terminal, a white page or a file without knowing it.

use std::borrow::Cow;

/// What a run of text means to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// Ordinary text.
    #[default]
    Plain,
    /// Title of a column, a section or a block.
    Heading,
    /// A name the reader may type again: a command, a class, a thread.
    Name,
    /// A measured value.
    Number,
    /// Healthy: running, connected.
    Good,
    /// Deserves a look: waiting, near its limit.
    Warn,
    /// Wrong: blocked, failed, over its limit.
    Bad,
    /// The busiest of its kind.
    Hot,
    /// Secondary text.
    Dim,
}

/// A run of text with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The characters, free of control characters (see [`Text::push`]).
    pub text: Cow<'static, str>,
    /// What they mean.
    pub style: Style,
}

/// A line or a cell: runs of text.
///
/// Text comes from the application too (thread names, system properties), so what is put in loses
/// its control characters: data must never drive the reader's terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    spans: Vec<Span>,
}

impl Text {
    /// An empty text.
    pub const fn new() -> Self {
        Self { spans: Vec::new() }
    }

    /// One run with one meaning.
    pub fn styled(style: Style, text: impl Into<Cow<'static, str>>) -> Self {
        let mut all = Self::new();
        all.push(style, text);
        all
    }

    /// Appends a run. Control characters but line feed and tab become `U+FFFD`.
    pub fn push(&mut self, style: Style, text: impl Into<Cow<'static, str>>) {
        let mut text = text.into();
        // Nearly all is of these letters, and bytes are quicker to look at than characters.
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'));
        if !is_plain && text.chars().any(drives_terminal) {
            let clean = text.chars().map(|c| if drives_terminal(c) { '\u{fffd}' } else { c });
            text = Cow::Owned(clean.collect());
        }
        self.spans.push(Span { text, style });
    }

    /// [`Text::push`] for chained building.
    #[must_use]
    pub fn with(mut self, style: Style, text: impl Into<Cow<'static, str>>) -> Self {
        self.push(style, text);
        self
    }

    /// The runs in order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The characters without their meanings.
    pub fn plain(&self) -> String {
        self.spans.iter().map(|span| span.text.as_ref()).collect()
    }

    /// Whether there are no characters.
    pub fn is_empty(&self) -> bool {
        self.spans.iter().all(|span| span.text.is_empty())
    }
}

/// Whether a character could move the cursor, change the colours or answer back (C0, DEL, C1).
fn drives_terminal(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}')
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::styled(Style::Plain, text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::styled(Style::Plain, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_data_cannot_drive_the_terminal() {
        let name = Text::from("worker\x1b]0;owned\x07\u{9b}31m\r".to_owned());
        assert_eq!(name.plain(), "worker\u{fffd}]0;owned\u{fffd}\u{fffd}31m\u{fffd}");
    }

    #[test]
    fn line_feed_and_tab_stay() {
        assert_eq!(Text::from("a\tb\nc").plain(), "a\tb\nc");
    }
}
