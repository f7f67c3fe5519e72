//! An answer, and its bytes.

use crate::clock;

/// What a browser may do with any page of ours: nothing but show it.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    /// Further header fields.
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The length that is told, where the body does not come with the head.
    pub(crate) length: Option<u64>,
    /// The connection ends with it, whatever the peer wants.
    pub(crate) close: bool,
    /// The body follows in parts, and nobody knows how many.
    pub(crate) in_parts: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, kind, fields: Vec::new(), body, length: None, close: false, in_parts: false }
    }

    /// A sentence.
    pub(crate) fn text(status: u16, sentence: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{sentence}\n"))
    }

    /// What the HTTP API answers.
    pub(crate) fn json(body: String) -> Self {
        Self::new(200, "application/json; charset=utf-8", body)
    }

    /// A refusal, after which the connection ends.
    pub(crate) fn refusal(status: u16, sentence: &str) -> Self {
        Self { close: true, ..Self::text(status, sentence) }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The bytes. `keep`: the connection stays open; `silent`: the head alone, as `HEAD` wants it.
    pub(crate) fn bytes(self, keep: bool, silent: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let mut field = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            // Some values are a peer's; a line feed would be a field of his.
            head.extend(value.chars().filter(|c| !c.is_control()));
            head.push_str("\r\n");
        };
        field("date", &clock::imf(clock::since_epoch()));
        let connection = match (self.status, keep && !self.close) {
            (101, _) => "Upgrade",
            (_, true) => "keep-alive",
            (_, false) => "close",
        };
        field("connection", connection);
        if !self.kind.is_empty() {
            field("content-type", self.kind);
        }
        if !matches!(self.status, 101 | 304) {
            if !self.in_parts {
                let length = self.length.unwrap_or(self.body.len() as u64);
                field("content-length", &length.to_string());
            }
            field("x-content-type-options", "nosniff");
            field("cross-origin-resource-policy", "same-origin");
            if !self.fields.iter().any(|(name, _)| *name == "cache-control") {
                field("cache-control", "no-store");
            }
            if !self.fields.iter().any(|(name, _)| *name == "content-security-policy") {
                field("content-security-policy", POLICY);
            }
        }
        for (name, value) in &self.fields {
            field(name, value);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if !silent {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        202 => "Accepted",
        206 => "Partial Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_a_field() {
        let answer = Answer::text(302, "x").with("location", "/a\r\nset-cookie: b=c");
        let text = String::from_utf8(answer.bytes(true, false)).unwrap();
        assert!(text.contains("location: /aset-cookie: b=c\r\n"), "{text}");
        assert!(text.starts_with("HTTP/1.1 302 Found\r\n"));
        assert!(text.ends_with("\r\n\r\nx\n"));
    }

    #[test]
    fn a_silent_answer_tells_the_length_it_would_have() {
        let text = String::from_utf8(Answer::text(200, "hello").bytes(false, true)).unwrap();
        assert!(text.contains("content-length: 6\r\n") && text.ends_with("\r\n\r\n"), "{text}");
        assert!(text.contains("connection: close\r\n"));
    }
}
