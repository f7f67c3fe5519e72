//! What a terminal sends through the tunnel: keys and sizes, as JSON in text frames.
//!
//! What is not one of the two is silently ignored, as Arthas does: [`Keys::parse`] yields nothing.

use serde::{Deserialize, Serialize};

/// One frame from a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Typed or pasted text: Enter is `\r`, Ctrl-C `\u{3}`. Empty as a keep-alive.
    Read(String),
    /// The terminal's size.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
}

#[derive(Deserialize)]
struct Seen {
    action: String,
    data: Option<String>,
    cols: Option<u16>,
    rows: Option<u16>,
}

#[derive(Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
enum Sent<'a> {
    Read { data: &'a str },
    Resize { cols: u16, rows: u16 },
}

impl Keys {
    /// Reads a text frame; `None` is to be ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let seen: Seen = serde_json::from_str(text).ok()?;
        match seen.action.as_str() {
            "read" => Some(Self::Read(seen.data?)),
            "resize" => match (seen.cols?, seen.rows?) {
                (0, _) | (_, 0) => None,
                (cols, rows) => Some(Self::Resize { cols, rows }),
            },
            _ => None,
        }
    }
}

impl std::fmt::Display for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sent = match self {
            Self::Read(data) => Sent::Read { data },
            Self::Resize { cols, rows } => Sent::Resize { cols: *cols, rows: *rows },
        };
        f.write_str(&serde_json::to_string(&sent).map_err(|_| std::fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_captured_frames() {
        for (keys, text) in [
            (Keys::Resize { cols: 100, rows: 30 }, r#"{"action":"resize","cols":100,"rows":30}"#),
            (Keys::Read("\u{3}".into()), r#"{"action":"read","data":"\u0003"}"#),
            (Keys::Read(String::new()), r#"{"action":"read","data":""}"#),
        ] {
            assert_eq!(keys.to_string(), text);
            assert_eq!(Keys::parse(text), Some(keys));
        }
    }

    #[test]
    fn everything_else_is_ignored() {
        for text in [
            "",
            "{",
            "[]",
            "null",
            r#"{"action":"other"}"#,
            r#"{"action":"read"}"#,
            r#"{"action":"read","data":1}"#,
            r#"{"action":"resize","cols":-1,"rows":2}"#,
            r#"{"action":"resize","cols":0,"rows":2}"#,
            r#"{"action":"resize","cols":1e9,"rows":2}"#,
            &"[".repeat(10_000),
        ] {
            assert_eq!(Keys::parse(text), None, "{text}");
        }
    }
}
