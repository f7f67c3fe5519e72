//! `key=value&key=value` with percent-encoding, as netty's decoder reads it.
//!
//! Everything but letters, digits and `- _ . * ~` is encoded, so that any decoder reads the same
//! text. Reading is as lenient as netty's: `+` is a blank, `;` separates too, and of a key given
//! twice the first counts.

use std::borrow::Cow;

use super::ArthasError;

/// The longest query that is looked at, in bytes.
pub const MAX_QUERY: usize = 8 * 1024;

/// The parameters of a request or an order, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads a query of at most `limit` bytes, without its leading `?`.
    pub fn parse(text: &str, limit: usize) -> Result<Self, ArthasError> {
        if text.len() > limit {
            return Err(ArthasError::TooLong { what: "the query", length: text.len(), limit });
        }
        let pairs = text
            .split(['&', ';'])
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(key)?, decode(value)?))
            })
            .collect::<Result<_, ArthasError>>()?;
        Ok(Self { pairs })
    }

    /// The first value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The first value of a key, where it says anything.
    pub fn filled(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|value| !value.is_empty())
    }

    /// The same, or an error that names the key.
    pub fn need(&self, key: &'static str) -> Result<&str, ArthasError> {
        self.filled(key).ok_or(ArthasError::Missing(key))
    }

    /// The same, of at most `limit` bytes: what was read can always be written again.
    pub(super) fn need_short(&self, key: &'static str, limit: usize) -> Result<String, ArthasError> {
        let value = self.need(key)?;
        if value.len() > limit {
            return Err(ArthasError::TooLong { what: key, length: value.len(), limit });
        }
        Ok(value.to_owned())
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.pairs.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a parameter where there is a value for it.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (key, value)) in self.pairs.iter().enumerate() {
            let separator = if at == 0 { "" } else { "&" };
            write!(f, "{separator}{}={}", encode(key), encode(value))?;
        }
        Ok(())
    }
}

/// Adds a query to an address that may have one already (`ws://host/ws?token=…` keeps its token).
pub fn join(url: &str, query: &Query) -> String {
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, existing)) if existing.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{query}")
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*' | b'~')
}

/// Percent-encodes a text: a blank becomes `%20`.
pub fn encode(text: &str) -> Cow<'_, str> {
    encode_but(text, is_plain)
}

pub(super) fn encode_but(text: &str, keep: impl Fn(u8) -> bool) -> Cow<'_, str> {
    if text.bytes().all(&keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
    }
    Cow::Owned(out)
}

/// Reads a percent-encoded text; `+` is a blank.
pub fn decode(text: &str) -> Result<String, ArthasError> {
    let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).ok_or(ArthasError::Encoding);
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = digit(bytes.next())?;
                let low = digit(bytes.next())?;
                u8::try_from(high * 16 + low).map_err(|_| ArthasError::Encoding)?
            }
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| ArthasError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_the_captured_frames_do() {
        for (text, encoded) in [
            ("demo app_X6DI", "demo%20app_X6DI"),
            ("a b&c", "a%20b%26c"),
            ("\u{4e2d}_", "%E4%B8%AD_"),
            ("a+b=c/d", "a%2Bb%3Dc%2Fd"),
            ("", ""),
        ] {
            assert_eq!(encode(text), encoded);
            assert_eq!(decode(encoded).unwrap(), text);
        }
    }

    #[test]
    fn reads_what_other_encoders_write() {
        let query = Query::parse("a=1+2&b;c=%c3%a9&&a=3&d=x=y", MAX_QUERY).unwrap();
        assert_eq!(query.get("a"), Some("1 2"));
        assert_eq!(query.get("b"), Some(""));
        assert_eq!(query.filled("b"), None);
        assert_eq!(query.get("c"), Some("\u{e9}"));
        assert_eq!(query.get("d"), Some("x=y"));
        assert_eq!(query.need("e"), Err(ArthasError::Missing("e")));
    }

    #[test]
    fn refuses_broken_encodings_and_too_much() {
        for text in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%c3"] {
            assert_eq!(Query::parse(text, MAX_QUERY), Err(ArthasError::Encoding), "{text}");
        }
        assert!(matches!(
            Query::parse(&"a".repeat(9), 8),
            Err(ArthasError::TooLong { length: 9, limit: 8, .. })
        ));
    }

    #[test]
    fn joins_to_an_address_with_and_without_a_query() {
        let query = Query::default().with("method", "agentRegister");
        assert_eq!(join("ws://h/ws", &query), "ws://h/ws?method=agentRegister");
        assert_eq!(join("ws://h/ws?", &query), "ws://h/ws?method=agentRegister");
        assert_eq!(join("ws://h/ws?token=T", &query), "ws://h/ws?token=T&method=agentRegister");
    }
}
