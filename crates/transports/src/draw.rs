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
}

/// The objects of the HTTP API.
pub(crate) struct Json;

impl Draw for Json {
    fn draw(&self, view: &dyn View, job: u64, _size: Size) -> Drawn {
        Drawn::Value(render::json(view, job))
    }
}
