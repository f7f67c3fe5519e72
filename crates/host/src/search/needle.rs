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
    Text {
        text: String,
        bytes: Vec<u8>,
        slashed: Vec<u8>,
        fold: bool,
    },
    Regex {
        regex: Regex,
        /// Text without which it fits nowhere; empty where none is known.
        part: Vec<u8>,
        fold: bool,
    },
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
        Ok(Self { how: How::Regex { regex, part: mutf8::bytes(&needed(pattern)), fold } })
    }

    /// Whether it is somewhere in a text.
    pub fn is_in(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// Where it begins in a text.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        match &self.how {
            How::Regex { regex, .. } => regex.find(text).map(|found| found.start()),
            How::Text { text: wanted, fold: false, .. } => text.find(wanted.as_str()),
            How::Text { text: wanted, fold: true, .. } => position(text.as_bytes(), wanted.as_bytes(), true),
        }
    }

    /// Whether bytes of a class file may hold it: names of classes have slashes there.
    pub(super) fn may_be_in(&self, pool: &[u8]) -> bool {
        match &self.how {
            // Names of classes have slashes here, and a text for the regular expression may have dots.
            How::Regex { part, fold, .. } => position(pool, part, *fold).is_some(),
            How::Text { bytes, slashed, fold, .. } => {
                position(pool, bytes, *fold).is_some()
                    || (bytes != slashed && position(pool, slashed, *fold).is_some())
            }
        }
    }

    /// Whether it is in a constant, as it stands or, for the name of a type, with dots.
    pub(super) fn is_in_constant(&self, constant: &[u8]) -> bool {
        let text = words(constant);
        if self.find(&text).is_some() {
            return true;
        }
        text.starts_with('L') && text.contains('/') && self.find(&text.replace('/', ".")).is_some()
    }
}

/// The longest stretch of plain characters in every text in which a regular expression fits; empty where none is sure.
/// Looking for that is quick, running the expression over a hundred megabytes is not.
fn needed(pattern: &str) -> String {
    // Alternatives, groups that may be left out, characters by number, classes with brackets in them.
    const UNSURE: &[&str] = &["|", "(", "\\x", "\\u", "\\U", "\\p", "\\P", "[:", "\\]", "[]", "[^]"];
    if UNSURE.iter().any(|part| pattern.contains(part)) {
        return String::new();
    }
    let (mut best, mut run) = (String::new(), String::new());
    let mut chars = pattern.chars();
    loop {
        let plain = match chars.next() {
            Some('\\') => chars.next().filter(char::is_ascii_punctuation),
            Some('[') => {
                chars.by_ref().find(|one| *one == ']');
                None
            }
            Some(repeated @ ('*' | '?' | '{')) => {
                // What is repeated may be there no time at all.
                run.pop();
                if repeated == '{' {
                    chars.by_ref().find(|one| *one == '}');
                }
                None
            }
            Some('.' | '^' | '$' | '+') => None,
            Some(plain) => Some(plain),
            None => {
                return if run.len() > best.len() { run } else { best };
            }
        };
        match plain {
            // A dot may be a slash where it stands in the name of a class.
            Some(plain) if plain != '.' => run.push(plain),
            _ if run.len() > best.len() => best = std::mem::take(&mut run),
            _ => run.clear(),
        }
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
        assert!(needle.may_be_in(pool) && needle.is_in_constant(pool));
        assert!(!needle.is_in_constant(b"bind/annotation/Get is a path"));
    }

    #[test]
    fn a_regular_expression_is_tried_only_where_its_plain_part_is() {
        for (pattern, part) in [
            (r"jdbc:\w+://", "jdbc:"),
            ("no.such.text", "such"),
            ("abc*d", "ab"),
            ("ab?c{0,2}", "a"),
            ("a+bc", "bc"),
            (r"annotation\.Get", "annotation"),
            (r"[abc]def[^x]", "def"),
            (r"^/order/\{id\}$", "/order/{id}"),
            ("one|two", ""),
            ("(many)?words", ""),
            (r"\x41bc", ""),
            (r"[\]abc]", ""),
            ("[]abc]d", ""),
            ("[[:alpha:]x]y", ""),
            (".", ""),
        ] {
            assert_eq!(needed(pattern), part, "{pattern}");
        }
        let regex = Needle::regex(r"no.such\b", true).unwrap();
        assert!(regex.may_be_in(b"..NO SUCH..") && !regex.may_be_in(b"anything"));
    }

    #[test]
    fn a_regular_expression_fits_anywhere_and_a_broken_one_is_told() {
        let regex = Needle::regex(r"jdbc:\w+://", true).unwrap();
        assert_eq!(regex.find("url=JDBC:h2://x"), Some(4));
        assert!(Needle::regex("(", false).unwrap_err().starts_with("`(` is no regular expression"));
    }
}
