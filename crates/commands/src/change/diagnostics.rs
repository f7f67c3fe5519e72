//! What a compiler says of sources, as compilers show it: the place, the words, the line and a caret below it.

use host::compile::{Diagnostic, SourceFile};
use host::values::Redaction;

use crate::prelude::*;

/// What a compiler said of one place.
#[derive(Serialize)]
pub(super) struct Told {
    kind: String,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    message: String,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Told {
    /// What names say is secret is left out of the line and the words.
    pub(super) fn of(told: &Diagnostic, sources: &[SourceFile], redaction: &Redaction) -> Self {
        let number = |number: i64| u32::try_from(number).ok().filter(|number| *number > 0);
        let line = number(told.line);
        let text = sources.iter().find(|source| source.path == told.file).map(|source| source.text.as_str());
        let source = line.and_then(|line| text?.lines().nth(line as usize - 1));
        let source = source.map(|source| redaction.scrub(source).into_owned());
        Self {
            kind: told.kind.clone(),
            file: told.file.clone(),
            line,
            column: number(told.column),
            message: redaction.scrub(&told.message).into_owned(),
            source,
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.kind == "ERROR"
    }

    /// `path:line: error: words`.
    pub(super) fn sentence(&self) -> String {
        let word = self.kind.replace('_', " ").to_lowercase();
        match (self.file.as_str(), self.line) {
            ("", _) => format!("{word}: {}", self.message),
            (file, None) => format!("{file}: {word}: {}", self.message),
            (file, Some(line)) => format!("{file}:{line}: {word}: {}", self.message),
        }
    }

    fn layout(&self) -> Layout {
        let style = if self.is_error() { Style::Bad } else { Style::Warn };
        let mut lines: Vec<Layout> = Vec::new();
        for (at, line) in self.sentence().lines().enumerate() {
            lines.push(match at {
                0 => Layout::Line(Text::styled(style, line.to_owned())),
                _ => Layout::line(line.to_owned()),
            });
        }
        if let Some(source) = &self.source {
            lines.push(Layout::line(source.clone()));
            if let Some(column) = self.column {
                // Tabs stay tabs, so that the caret stands below what it means.
                let before = source.chars().take(column as usize - 1);
                let blank: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                lines.push(Layout::Line(Text::styled(style, blank + "^")));
            }
        }
        Layout::stack(lines)
    }
}

/// All of them, one below the other.
pub(super) fn layout(told: &[Told]) -> Layout {
    Layout::stack(told.iter().map(Told::layout).collect())
}
