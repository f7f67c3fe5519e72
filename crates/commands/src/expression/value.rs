//! A value as a result shows it: the text of the object view, and the value as data.

use host::values::{Snapshot, Style};

use crate::prelude::*;

/// How values are shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// Down to which level objects are opened; 0 shows a value in one line.
    pub(crate) expand: u32,
    /// At most so many bytes.
    pub(crate) limit: usize,
}

/// The deepest level: Arthas's.
const DEEPEST: u32 = 4;

impl Shown {
    /// `-x` and `-M` of a command; a level beyond the deepest is that one.
    pub(crate) fn of(host: &Host, expand: u32, size_limit: Option<usize>) -> Result<Self, Failure> {
        if size_limit == Some(0) {
            return Err(Failure::new("sizeLimit must be greater than 0."));
        }
        let limit = size_limit.unwrap_or_else(|| host.options().object_size_limit());
        Ok(Self { expand: expand.min(DEEPEST), limit })
    }

    /// The text of a value.
    pub(crate) fn text(self, host: &Host, value: &Snapshot) -> String {
        let style = match (host.options().json_format(), self.expand) {
            (true, _) => return serde_json::to_string(value).unwrap_or_default(),
            (false, 0) => Style::Plain,
            (false, _) => Style::View,
        };
        value.text(style, self.limit, &|millis| host.shown_date(millis))
    }
}

/// The lines of a value's text.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Layout> {
    text.lines().map(|line| Layout::Line(Text::from(line.to_owned())))
}
