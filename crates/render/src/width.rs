//! How wide characters are on a terminal, and where a text must be broken to fit.

use unicode_width::UnicodeWidthChar;

/// Columns between two tab stops when a tab stands inside a result.
const TAB: usize = 4;

/// Columns a character takes. A tab counts as four.
pub(crate) fn char_width(c: char) -> usize {
    if c == '\t' { TAB } else { c.width().unwrap_or(0) }
}

/// Columns a text takes on one line.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.len();
    }
    text.chars().map(char_width).sum()
}

/// The longest beginning of `text` that takes at most `columns`.
pub fn cut(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += char_width(c);
        if used > columns {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("线程-1"), 6);
        assert_eq!(cut("线程-1", 3), "线");
        assert_eq!(cut("线程-1", 4), "线程");
    }

    #[test]
    fn combining_marks_take_none() {
        assert_eq!(width("e\u{301}"), 1);
    }
}
