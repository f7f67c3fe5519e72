//! Texts of a class file for people: modified UTF-8 (JVMS 4.4.7) as text, and what would break a line escaped.

/// Modified UTF-8 as text; what is none becomes U+FFFD.
pub(super) fn text(bytes: &[u8]) -> String {
    if bytes.is_ascii() {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let (unit, length) = match rest {
            [] => break,
            [one @ 0..0x80, ..] => (u16::from(*one), 1),
            [one @ 0xC0..0xE0, two @ 0x80..0xC0, ..] => {
                (u16::from(one & 0x1F) << 6 | u16::from(two & 0x3F), 2)
            }
            [one @ 0xE0..0xF0, two @ 0x80..0xC0, three @ 0x80..0xC0, ..] => {
                let high = u16::from(one & 0x0F) << 12 | u16::from(two & 0x3F) << 6;
                (high | u16::from(three & 0x3F), 3)
            }
            _ => (0xFFFD, 1),
        };
        units.push(unit);
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf16_lossy(&units)
}

/// A string's text as Java source would have it between its quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '"' => out.push_str("\\\""),
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// A name, in quotes where it is no Java identifier (or several between `/`).
pub(super) fn name(bytes: &[u8]) -> String {
    let name = text(bytes);
    let is_identifier = |part: &str| {
        let mut chars = part.chars();
        let starts = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
        chars.next().is_some_and(starts) && chars.all(|c| starts(c) || c.is_numeric())
    };
    if name.split('/').all(is_identifier) { name } else { format!("\"{}\"", escaped(&name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modified_utf_8_is_read_and_what_is_none_is_marked() {
        assert_eq!(text("aé€".as_bytes()), "aé€");
        assert_eq!(text(&[0xC0, 0x80]), "\0");
        // A character beyond the first plane is two surrogates of three bytes each.
        assert_eq!(text(&[0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]), "😀");
        assert_eq!(text(&[b'a', 0xFF, 0xE0, 0x80]), "a\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn names_that_are_none_in_java_are_quoted() {
        assert_eq!(name(b"java/lang/Object"), "java/lang/Object");
        assert_eq!(name(b"<init>"), "\"<init>\"");
        assert_eq!(name(b"[I"), "\"[I\"");
        assert_eq!(name(b""), "\"\"");
        assert_eq!(escaped("a\"\n\u{1}"), "a\\\"\\n\\u0001");
    }
}
