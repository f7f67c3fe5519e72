//! The text that is looked for: in whole constant pools first, as bytes, and then in names and constants, as text.

use std::borrow::Cow;

use jvm::mutf8;
use regex_lite::Regex;

/// A text, or a regular expression, that occurs somewhere in what is searched.
#[derive(Clone, Debug)]
pub struct Needle {
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    Text { text: String, bytes: Vec<u8>, slashed: Vec<u8>, fold: bool },
    Regex(Regex),
}

impl Needle {
    /// A text. `fold`: the case of ASCII letters does not matter.
    pub fn text(text: &str, fold: bool) -> Self {
        let bytes = mutf8::bytes(text);
        let slashed = mutf8::bytes(&text.replace('.', "/"));
        Self { how: How::Text { text: text.to_owned(), bytes, slashed, fold } }
    }

    /// A regular expression that fits somewhere.
    ///
    /// # Errors
    /// It is none; the sentence says why.
    pub fn regex(pattern: &str, fold: bool) -> Result<Self, String> {
        let whole = if fold { format!("(?i){pattern}") } else { pattern.to_owned() };
        let regex =
            Regex::new(&whole).map_err(|why| format!("`{pattern}` is no regular expression: {why}"))?;
        Ok(Self { how: How::Regex(regex) })
    }

    /// Where it begins in a text.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        match &self.how {
            How::Regex(regex) => regex.find(text).map(|found| found.start()),
            How::Text { text: wanted, fold: false, .. } => text.find(wanted.as_str()),
            How::Text { text: wanted, fold: true, .. } => position(text.as_bytes(), wanted.as_bytes(), true),
        }
    }

    /// Whether bytes of a class file may hold it: names of classes have slashes there.
    pub(super) fn may_be_in(&self, pool: &[u8]) -> bool {
        match &self.how {
            How::Regex(_) => true,
            How::Text { bytes, slashed, fold, .. } => {
                position(pool, bytes, *fold).is_some()
                    || (bytes != slashed && position(pool, slashed, *fold).is_some())
            }
        }
    }

    /// Whether it is in a constant, as it stands or, for the name of a type, with dots.
    pub(super) fn is_in(&self, constant: &[u8]) -> bool {
        let text = words(constant);
        if self.find(&text).is_some() {
            return true;
        }
        text.starts_with('L') && text.contains('/') && self.find(&text.replace('/', ".")).is_some()
    }
}

/// A constant as text; most are ASCII and are not copied.
pub(super) fn words(constant: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(constant) {
        Ok(text) if constant.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(mutf8::text(constant)),
    }
}

/// Where `part` begins. Looks for its first byte, which is rare enough.
fn position(whole: &[u8], part: &[u8], fold: bool) -> Option<usize> {
    let Some(&first) = part.first() else { return Some(0) };
    let other = match fold {
        true if first.is_ascii_uppercase() => first.to_ascii_lowercase(),
        true => first.to_ascii_uppercase(),
        false => first,
    };
    let mut from = 0;
    while let Some(rest) = whole.get(from..).filter(|rest| rest.len() >= part.len()) {
        let at = from + rest.iter().position(|byte| *byte == first || *byte == other)?;
        let here = whole.get(at..at + part.len())?;
        if here == part || (fold && here.eq_ignore_ascii_case(part)) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        let plain = Needle::text("/order/", false);
        assert_eq!(plain.find("GET /order/{id}"), Some(4));
        assert_eq!(plain.find("/Order/"), None);
        assert_eq!(Needle::text("/order/", true).find("é/ORDER/"), Some(2));
        assert!(plain.may_be_in(b"\x01\x00\x07/order/\x07") && !plain.may_be_in(b"/order"));
        assert!(Needle::text("", false).may_be_in(b""));
    }

    #[test]
    fn names_of_types_are_known_by_their_dots_too() {
        let needle = Needle::text("bind.annotation.Get", false);
        let pool = b"Lorg/springframework/web/bind/annotation/GetMapping;";
        assert!(needle.may_be_in(pool) && needle.is_in(pool));
        assert!(!needle.is_in(b"bind/annotation/Get is a path"));
    }

    #[test]
    fn a_regular_expression_fits_anywhere_and_a_broken_one_is_told() {
        let regex = Needle::regex(r"jdbc:\w+://", true).unwrap();
        assert_eq!(regex.find("url=JDBC:h2://x"), Some(4));
        assert!(regex.may_be_in(b"anything"));
        assert!(Needle::regex("(", false).unwrap_err().starts_with("`(` is no regular expression"));
    }
}
