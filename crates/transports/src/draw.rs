//! Results as what a peer reads: text for a screen, or one JSON object for a program.

use model::View;
use render::Theme;
use shell::{Draw, Drawn, Size};

/// Text, in colours or without.
pub(crate) struct Text {
    pub(crate) theme: Theme,
}

impl Draw for Text {
    fn draw(&self, view: &dyn View, _job: u64, size: Size) -> Drawn {
        Drawn::Text(render::text(&view.layout(), size.cols, size.rows, self.theme))
    }

    fn text(&self, view: &dyn View, size: Size) -> String {
        plain(view, size)
    }
}

/// The objects of the HTTP API.
pub(crate) struct Json;

impl Draw for Json {
    fn draw(&self, view: &dyn View, job: u64, _size: Size) -> Drawn {
        Drawn::Value(render::json(view, job))
    }

    fn text(&self, view: &dyn View, size: Size) -> String {
        plain(view, size)
    }
}

fn plain(view: &dyn View, size: Size) -> String {
    render::text(&view.layout(), size.cols, size.rows, Theme::Plain)
}

/// Output as a frame of text has it.
pub(crate) fn sent(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}
