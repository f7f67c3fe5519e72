//! The head of a request: read strictly, since what two programs read differently is how requests are
//! smuggled past one of them.
//!
//! Refused are bare line feeds, folded lines, blanks before a colon, lengths given twice or not as
//! plain digits, a length together with a transfer coding, and targets that are no path.

use wire::arthas::Query;

/// The longest head, in bytes.
pub(crate) const MAX_HEAD: usize = 16 * 1024;

/// The longest target, in bytes.
const MAX_TARGET: usize = 8 * 1024;

/// The most header fields.
const MAX_FIELDS: usize = 64;

/// The longest body, in bytes: Arthas's limit.
pub(crate) const MAX_BODY: usize = 10 * 1024 * 1024;

/// What is taken from a request's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// As it was sent, percent-encoding included; begins with `/`.
    pub(crate) path: String,
    /// What follows the `?`.
    pub(crate) query: String,
    /// Whether the peer speaks HTTP/1.0.
    pub(crate) old: bool,
    /// Length of the body in bytes.
    pub(crate) length: usize,
    /// The peer waits for a word before it sends the body.
    pub(crate) expects: bool,
    /// The connection shall stay open.
    pub(crate) keep: bool,
    pub(crate) host: Option<String>,
    fields: Vec<(String, String)>,
}

/// Why a request is not taken: the status of the answer and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) why: &'static str,
}

const fn refused(status: u16, why: &'static str) -> Refused {
    Refused { status, why }
}

impl Head {
    /// Reads the head at the beginning of these bytes and how long it is; `None`: not whole yet.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Refused> {
        let Some(end) = end_of_head(bytes)? else { return Ok(None) };
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let head = bytes.get(..end).unwrap_or_default();
        match request.parse(head) {
            Ok(httparse::Status::Complete(length)) if length == end => {}
            Err(httparse::Error::TooManyHeaders) => {
                return Err(refused(431, "the request has more than 64 header fields"));
            }
            _ => return Err(refused(400, "the request is no valid HTTP/1.1")),
        }
        let mut read = Self {
            method: request.method.unwrap_or_default().to_owned(),
            old: request.version == Some(0),
            ..Self::default()
        };
        read.target(request.path.unwrap_or_default())?;
        for field in request.headers.iter() {
            let value = std::str::from_utf8(field.value)
                .map_err(|_| refused(400, "a header field's value is no UTF-8"))?;
            read.fields.push((field.name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        read.understand()?;
        Ok(Some((read, end)))
    }

    /// The value of a header field; `None` where it is not given exactly once.
    pub(crate) fn field<'h>(&'h self, name: &'h str) -> Option<&'h str> {
        let mut values = self.values(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    pub(crate) fn values<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a list in a header field has this word.
    pub(crate) fn has_word(&self, name: &str, word: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(word))
    }

    /// A cookie's value.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.values("cookie").flat_map(|value| value.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(key, _)| *key == name);
        values.next().map(|(_, value)| value)
    }

    /// A parameter of the query, where it says anything.
    pub(crate) fn parameter(&self, key: &str) -> Option<String> {
        Query::parse(&self.query, MAX_TARGET).ok()?.filled(key).map(str::to_owned)
    }

    fn target(&mut self, target: &str) -> Result<(), Refused> {
        if target.len() > MAX_TARGET {
            return Err(refused(414, "the request's address is longer than 8 KiB"));
        }
        if !target.starts_with('/') || target.contains('#') {
            return Err(refused(400, "the request's address is no path: is this meant for a proxy?"));
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        path.clone_into(&mut self.path);
        query.clone_into(&mut self.query);
        Ok(())
    }

    /// What the fields say about the message and the connection.
    fn understand(&mut self) -> Result<(), Refused> {
        let hosts = self.values("host").count();
        if hosts > 1 || (hosts == 0 && !self.old) {
            return Err(refused(400, "the request needs one Host"));
        }
        self.host = self.field("host").map(str::to_owned);
        if self.values("transfer-encoding").next().is_some() {
            return Err(match self.values("content-length").next() {
                Some(_) => refused(400, "the request has a length and a transfer coding"),
                None => refused(411, "send the body with Content-Length; transfer codings are not taken"),
            });
        }
        if self.values("content-length").next().is_some() {
            let digits = self.field("content-length").ok_or(refused(400, "the request has two lengths"))?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refused(400, "the request's length is no number"));
            }
            self.length = match digits.parse() {
                Ok(length) if length <= MAX_BODY => length,
                _ => return Err(refused(413, "the request's body is longer than 10 MiB")),
            };
        }
        if self.values("expect").next().is_some() {
            if !self.has_word("expect", "100-continue") {
                return Err(refused(417, "nothing but 100-continue can be expected"));
            }
            self.expects = self.length > 0 && !self.old;
        }
        self.keep = match self.old {
            true => self.has_word("connection", "keep-alive"),
            false => !self.has_word("connection", "close"),
        };
        Ok(())
    }
}

/// Where the head ends. Every line ends in CR LF: anything else is refused at once.
fn end_of_head(bytes: &[u8]) -> Result<Option<usize>, Refused> {
    let mut line_start = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if at >= MAX_HEAD {
            return Err(refused(431, "the request's head is longer than 16 KiB"));
        }
        if line_start == 0 && at > MAX_TARGET + 32 {
            return Err(refused(414, "the request's address is longer than 8 KiB"));
        }
        match (byte, bytes.get(at + 1)) {
            (b'\n', _) => return Err(refused(400, "a line of the request's head ends without CR")),
            (b'\r', Some(b'\n')) => {
                if at == line_start {
                    // An empty line first of all is no head; a peer that sends one is confused.
                    return if at == 0 {
                        Err(refused(400, "the request begins empty"))
                    } else {
                        Ok(Some(at + 2))
                    };
                }
                at += 2;
                line_start = at;
            }
            (b'\r', None) => return Ok(None),
            (b'\r' | 0, _) => return Err(refused(400, "the request's head holds control characters")),
            _ => at += 1,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(Head, usize)>, Refused> {
        Head::read(text.as_bytes())
    }

    fn status(text: &str) -> u16 {
        read(text).map(|read| if read.is_some() { 200 } else { 100 }).unwrap_or_else(|refused| refused.status)
    }

    #[test]
    fn a_head_is_read_whole_and_no_further() {
        let text = "POST /api?a=b HTTP/1.1\r\nHost: localhost:8563\r\nContent-Length: 3\r\nCookie: x=1; asession=abc\r\n\r\n{}x";
        let (head, length) = read(text).unwrap().unwrap();
        assert_eq!(length, text.len() - 3);
        assert_eq!((head.method.as_str(), head.path.as_str(), head.query.as_str()), ("POST", "/api", "a=b"));
        assert_eq!((head.length, head.keep, head.expects), (3, true, false));
        assert_eq!(head.cookie("asession"), Some("abc"));
        assert_eq!(head.host.as_deref(), Some("localhost:8563"));
        for cut in 0..length {
            assert_eq!(read(&text[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let with = |fields: &str| format!("POST /api HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        for (status_wanted, fields) in [
            (200, "Content-Length: 5\r\n"),
            (400, "Content-Length: 5\r\nContent-Length: 5\r\n"),
            (400, "Content-Length: 5\r\ncontent-length: 6\r\n"),
            (400, "Content-Length: 5, 5\r\n"),
            (400, "Content-Length: +5\r\n"),
            (400, "Content-Length: -5\r\n"),
            (400, "Content-Length: 0x5\r\n"),
            (400, "Content-Length: 5 5\r\n"),
            (400, "Content-Length:\r\n"),
            (413, "Content-Length: 10485761\r\n"),
            (413, "Content-Length: 99999999999999999999999\r\n"),
            (400, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            (400, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            (411, "Transfer-Encoding: chunked\r\n"),
            (411, "Transfer-Encoding: identity\r\n"),
            (400, "Content-Length : 5\r\n"),
            (400, "X: a\r\n b\r\n"),
            (400, "X: a\nY: b\r\n"),
            (400, "X: a\rY: b\r\n"),
            (400, "X: a\0\r\n"),
            (400, ": x\r\n"),
            (400, "no colon\r\n"),
            (400, "Host: other\r\n"),
            (417, "Expect: tea\r\n"),
            (431, &"X: y\r\n".repeat(64)),
        ] {
            assert_eq!(status(&with(fields)), status_wanted, "{fields:?}");
        }
    }

    #[test]
    fn targets_and_versions_that_are_none_are_refused() {
        for (wanted, line) in [
            (200, "GET / HTTP/1.1"),
            (400, "GET http://h/ HTTP/1.1"),
            (400, "GET * HTTP/1.1"),
            (400, "CONNECT h:1 HTTP/1.1"),
            (400, "GET /#x HTTP/1.1"),
            (400, "GET / HTTP/2.0"),
            (400, "GET /"),
            (400, " GET / HTTP/1.1"),
            (400, "GET  / HTTP/1.1"),
            (400, "G\u{1}T / HTTP/1.1"),
        ] {
            assert_eq!(status(&format!("{line}\r\nHost: h\r\n\r\n")), wanted, "{line}");
        }
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400, "no host");
        assert_eq!(status("GET / HTTP/1.0\r\n\r\n"), 200);
        assert_eq!(status("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
        assert_eq!(status(&format!("GET /{} HTTP/1.1", "x".repeat(9000))), 414);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}", "x".repeat(17_000))), 431);
    }

    #[test]
    fn the_connection_stays_as_the_version_says() {
        let keep = |version: &str, connection: &str| {
            let text = format!("GET / HTTP/{version}\r\nHost: h\r\n{connection}\r\n");
            read(&text).unwrap().unwrap().0.keep
        };
        assert!(keep("1.1", ""));
        assert!(!keep("1.1", "Connection: x, Close\r\n"));
        assert!(!keep("1.0", ""));
        assert!(keep("1.0", "Connection: keep-alive\r\n"));
    }
}
