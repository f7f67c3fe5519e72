//! What an agent answers to [`super::Order::HttpProxy`]: a Java object, serialised as
//! `ObjectOutputStream` does it, of the class `com.alibaba.arthas.tunnel.common.SimpleHttpResponse`.
//!
//! Nothing is ever read this way: a serialised object from outside is a way in.

use crate::base64;

use super::ProxyAnswer;

/// The most entries that a `HashMap` of sixteen buckets holds before it grows.
const MOST_HEADERS: usize = 12;

/// The longest text, in bytes.
const LONGEST_TEXT: usize = 65_535;

/// Up to the status: the stream's head, the class and its three fields.
const CLASS: &[&[u8]] = &[
    b"\xac\xed\x00\x05sr\x00\x33com.alibaba.arthas.tunnel.common.SimpleHttpResponse",
    b"\x00\x00\x00\x00\x00\x00\x00\x01\x02\x00\x03I\x00\x06status[\x00\x07contentt\x00\x02[B",
    b"L\x00\x07headerst\x00\x0fLjava/util/Map;xp",
];

/// A byte array.
const BYTES: &[u8] = b"ur\x00\x02[B\xac\xf3\x17\xf8\x06\x08\x54\xe0\x02\x00\x00xp";

/// A `HashMap` up to the threshold at which it grows, with its usual load factor.
const MAP: &[&[u8]] = &[
    b"sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x02F\x00\x0aloadFactorI\x00\x09threshold",
    b"xp\x3f\x40\x00\x00",
];

/// An answer of the agent's HTTP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: i32,
    /// The body.
    pub content: Vec<u8>,
    /// One value a name. Beyond twelve, and those too long for Java, are left out.
    pub headers: Vec<(String, String)>,
}

impl Response {
    /// The frame that answers a request.
    pub fn answer(&self, request: &str) -> ProxyAnswer {
        ProxyAnswer { request: request.to_owned(), data: base64::encode(&self.to_bytes()) }
    }

    /// The object as Java serialises it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = CLASS.concat();
        out.extend_from_slice(&self.status.to_be_bytes());
        out.extend_from_slice(BYTES);
        let length = i32::try_from(self.content.len()).unwrap_or(0);
        out.extend_from_slice(&length.to_be_bytes());
        if length > 0 {
            out.extend_from_slice(&self.content);
        }
        out.extend(MAP.concat());
        // One into which nothing was put has no threshold yet, but as many buckets.
        out.extend_from_slice(if self.headers.is_empty() { b"\0\0\0\0" } else { b"\0\0\0\x0c" });
        out.extend_from_slice(b"w\x08\0\0\0\x10");
        let fits = |text: &str| modified_utf8(text).len() <= LONGEST_TEXT;
        let fitting = self.headers.iter().filter(|(name, value)| fits(name) && fits(value));
        let headers: Vec<_> = fitting.take(MOST_HEADERS).collect();
        out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
        // The order in which a HashMap is written is that of its buckets.
        let ordered = (0..16).flat_map(|at| headers.iter().filter(move |(name, _)| bucket(name) == at));
        for (name, value) in ordered {
            for text in [name, value] {
                let bytes = modified_utf8(text);
                out.push(b't');
                out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
                out.extend(bytes);
            }
        }
        out.push(b'x');
        out
    }
}

/// Java's modified UTF-8: each UTF-16 unit by itself, and no byte is 0.
fn modified_utf8(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let bits = |shift: u16, mask: u16, mark: u8| (unit >> shift & mask) as u8 | mark;
        match unit {
            1..=0x7F => out.push(unit as u8),
            0 | 0x80..=0x7FF => out.extend([bits(6, 0x1F, 0xC0), bits(0, 0x3F, 0x80)]),
            _ => out.extend([bits(12, 0x0F, 0xE0), bits(6, 0x3F, 0x80), bits(0, 0x3F, 0x80)]),
        }
    }
    out
}

/// Which of sixteen buckets a `HashMap` keeps a text in.
fn bucket(text: &str) -> u32 {
    let hash = text.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    (hash ^ hash >> 16) & 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_unit_by_unit() {
        for (text, bytes) in [
            ("ab", &b"ab"[..]),
            ("\0", b"\xc0\x80"),
            ("\u{e9}", b"\xc3\xa9"),
            ("\u{4e2d}", b"\xe4\xb8\xad"),
            ("\u{1f600}", b"\xed\xa0\xbd\xed\xb8\x80"),
        ] {
            assert_eq!(modified_utf8(text), bytes, "{text:?}");
        }
    }

    #[test]
    fn what_java_cannot_hold_is_left_out() {
        let headers = (0..20).map(|number| (format!("h{number}"), "x".to_owned()));
        let long = ("long".to_owned(), "\u{4e2d}".repeat(30_000));
        let response =
            Response { headers: [long].into_iter().chain(headers).collect(), ..Response::default() };
        let bytes = response.to_bytes();
        assert!(bytes.len() < 1000);
        assert!(!bytes.windows(4).any(|four| four == b"long"));
    }
}
