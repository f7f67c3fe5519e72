//! What a meaning looks like.

use model::Style;

/// How styles are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Not at all: for files, pipes and scripts.
    #[default]
    Plain,
    /// By the terminal's own sixteen colours, so that they fit the reader's background.
    Ansi,
}

impl Theme {
    /// The escape that starts a style, if the style is shown.
    pub(crate) fn start(self, style: Style) -> Option<&'static str> {
        if self == Self::Plain {
            return None;
        }
        match style {
            Style::Plain | Style::Number => None,
            Style::Heading => Some("\x1b[1m"),
            Style::Name => Some("\x1b[36m"),
            Style::Good => Some("\x1b[32m"),
            Style::Warn => Some("\x1b[33m"),
            Style::Bad => Some("\x1b[31m"),
            Style::Hot => Some("\x1b[1;31m"),
            Style::Dim => Some("\x1b[2m"),
        }
    }

    /// The escape that ends every style.
    pub(crate) fn end(self) -> &'static str {
        "\x1b[0m"
    }
}
