//! Java source with its words told apart, so that a terminal may colour them. Knows what a word, a text and a comment are, and
//! no grammar: what it takes for a keyword may be none where a later Java made it one.

use model::{Style, Text};

/// Sorted.
const KEYWORDS: &[&str] = &[
    "abstract",
    "assert",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extends",
    "false",
    "final",
    "finally",
    "float",
    "for",
    "if",
    "implements",
    "import",
    "instanceof",
    "int",
    "interface",
    "long",
    "native",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "record",
    "return",
    "sealed",
    "short",
    "static",
    "strictfp",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "transient",
    "true",
    "try",
    "void",
    "volatile",
    "while",
    "yield",
];

/// The source, its lines as they are.
pub(super) fn highlighted(source: &str) -> Text {
    let mut text = Text::new();
    let mut plain = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, style) = next(rest, first);
        // Always on a character's edge, and always forward.
        let (piece, after) = rest.split_at(length.clamp(first.len_utf8(), rest.len()));
        if style == Style::Plain {
            plain.push_str(piece);
        } else {
            if !plain.is_empty() {
                text.push(Style::Plain, std::mem::take(&mut plain));
            }
            text.push(style, piece.to_owned());
        }
        rest = after;
    }
    if !plain.is_empty() {
        text.push(Style::Plain, plain);
    }
    text
}

/// The length of what stands at the beginning, and what it is.
fn next(rest: &str, first: char) -> (usize, Style) {
    let until = |end: &str, from: usize| {
        let found = rest.get(from..).and_then(|inside| inside.find(end));
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    match first {
        '/' if rest.starts_with("/*") => (until("*/", 2), Style::Dim),
        '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), Style::Dim),
        '"' | '\'' => (quoted(rest, first), Style::Good),
        first if is_word(first) || first == '@' => {
            let length = rest.find(|c| !is_word(c) && c != '@').unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default();
            let style = match word {
                _ if first == '@' => Style::Warn,
                word if KEYWORDS.binary_search(&word).is_ok() => Style::Name,
                _ => Style::Plain,
            };
            (length, style)
        }
        first => (first.len_utf8(), Style::Plain),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// The length of a text in quotes; it ends with its line at the latest.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = true;
    for (at, c) in rest.char_indices() {
        match c {
            '\n' => return at,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(source: &str) -> Vec<(String, Style)> {
        let text = highlighted(source);
        text.spans().iter().map(|span| (span.text.to_string(), span.style)).collect()
    }

    #[test]
    fn keywords_are_in_order() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn words_texts_and_comments_are_told_apart_and_nothing_is_lost() {
        let source =
            "/* 7*/ @Override public Foo newer() { return \"a\\\"b // c\" + 'x' + é; } // end\n\"open\nclass";
        let parts = parts(source);
        assert_eq!(parts.iter().map(|(text, _)| text.as_str()).collect::<String>(), source);
        let styled = |style| {
            parts.iter().filter(|part| part.1 == style).map(|part| part.0.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(styled(Style::Name), ["public", "return", "class"]);
        assert_eq!(styled(Style::Good), ["\"a\\\"b // c\"", "'x'", "\"open"]);
        assert_eq!(styled(Style::Dim), ["/* 7*/", "// end"]);
        assert_eq!(styled(Style::Warn), ["@Override"]);
        assert_eq!(highlighted("/* open").spans().len(), 1);
    }
}
