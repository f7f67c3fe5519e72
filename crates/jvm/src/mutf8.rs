//! The "modified UTF-8" in which JNI and JVMTI write names (JVM specification 4.4.7): NUL is two bytes, and
//! a character beyond the basic plane is a pair of surrogates of three bytes each.

use std::ffi::{CStr, CString};

/// A C string of a name. Never fails: a NUL becomes `C0 80`.
pub(crate) fn encode(text: &str) -> CString {
    CString::new(bytes(text)).unwrap_or_default()
}

/// A name as class files write it, without the NUL at the end.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len().saturating_add(1));
    for unit in text.chars() {
        match unit {
            '\0' => bytes.extend([0xC0, 0x80]),
            '\u{1}'..='\u{FFFF}' => bytes.extend(unit.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => {
                for &mut half in unit.encode_utf16(&mut [0; 2]) {
                    let low = |shift: u16| 0x80 | u8::try_from(half >> shift & 0x3F).unwrap_or(0);
                    bytes.extend([0xE0 | u8::try_from(half >> 12).unwrap_or(0), low(6), low(0)]);
                }
            }
        }
    }
    bytes
}

/// The text of a C string in modified UTF-8. What is malformed becomes U+FFFD.
pub(crate) fn decode(text: &CStr) -> String {
    self::text(text.to_bytes())
}

/// A name of a class file in words. What is malformed becomes U+FFFD.
pub fn text(bytes: &[u8]) -> String {
    if bytes.is_ascii()
        && let Ok(text) = str::from_utf8(bytes)
    {
        return text.to_owned();
    }
    let mut units: Vec<u16> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let bits = |byte: u8| u16::from(byte & 0x3F);
        rest = match rest {
            [] => return String::from_utf16_lossy(&units),
            [a @ 0..0x80, tail @ ..] => {
                units.push(u16::from(*a));
                tail
            }
            [a @ 0xC0..0xE0, b @ 0x80..0xC0, tail @ ..] => {
                units.push(u16::from(a & 0x1F) << 6 | bits(*b));
                tail
            }
            [a @ 0xE0..0xF0, b @ 0x80..0xC0, c @ 0x80..0xC0, tail @ ..] => {
                units.push(u16::from(a & 0x0F) << 12 | bits(*b) << 6 | bits(*c));
                tail
            }
            [_, tail @ ..] => {
                units.push(0xFFFD);
                tail
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_there_and_back() {
        for name in ["java/lang/String", "größe", "漢字", "a\u{1F600}b", "nul\0nul"] {
            assert_eq!(decode(&encode(name)), name);
        }
    }

    #[test]
    fn an_emoji_is_six_bytes_and_nul_is_two() {
        assert_eq!(encode("\u{1F600}").to_bytes(), [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]);
        assert_eq!(encode("\0").to_bytes(), [0xC0, 0x80]);
    }

    #[test]
    fn malformed_bytes_become_replacement_characters() {
        assert_eq!(decode(c"a\xFFb\xE0"), "a\u{FFFD}b\u{FFFD}");
    }
}
