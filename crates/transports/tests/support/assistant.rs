//! A client of the MCP server that says its messages as the test has them, and reads streams event by event.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use transports::{Listen, Options};

use super::web;

/// `Authorization` with the right token.
pub const BEARER: &str = "Authorization: Bearer hush\r\n";

const ACCEPT: &str = "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n";

/// A server on a port of the system's choice, with the password `hush` and `/mcp`.
pub fn options() -> Options {
    let here = Listen::At(SocketAddr::from(([127, 0, 0, 1], 0)));
    Options { mcp: Some(here), ..web::options() }
}

/// The head of an answer, and its body or the JSON of its events so far.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Heard {
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields(name);
        fields.pop()
    }

    pub fn fields(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The messages in it.
    pub fn messages(&self) -> Vec<Value> {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|why| panic!("{why} in {self:?}"));
        match self.field("content-type") {
            Some("text/event-stream") => {
                self.body.lines().filter_map(|line| line.strip_prefix("data: ")).map(json).collect()
            }
            _ if self.body.is_empty() => Vec::new(),
            _ => vec![json(&self.body)],
        }
    }

    /// The last message.
    pub fn last(&self) -> Value {
        self.messages().pop().unwrap_or_else(|| panic!("no message in {self:?}"))
    }
}

/// A client on one connection.
pub struct Assistant {
    pub stream: TcpStream,
    at: SocketAddr,
    pub session: Option<String>,
    /// Further header fields.
    pub fields: String,
    seen: Vec<u8>,
    next: u64,
}

impl Assistant {
    /// Without a session.
    pub fn stranger(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream, at, session: None, fields: BEARER.to_owned(), seen: Vec::new(), next: 0 }
    }

    /// With a session of this version.
    pub fn begin(at: SocketAddr, version: &str) -> Self {
        let mut assistant = Self::stranger(at);
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
        let heard = assistant.request("initialize", params);
        assert_eq!(heard.status, 200, "{heard:?}");
        assert_eq!(heard.last()["result"]["protocolVersion"], version);
        assistant.session = Some(heard.field("mcp-session-id").unwrap().to_owned());
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(assistant.post(&initialized).status, 202);
        assistant
    }

    /// The newest version.
    pub fn new(at: SocketAddr) -> Self {
        Self::begin(at, "2025-11-25")
    }

    /// Another connection of the same session.
    pub fn beside(&self) -> Self {
        let fresh = Self::stranger(self.at);
        Self { session: self.session.clone(), fields: self.fields.clone(), next: self.next + 1000, ..fresh }
    }

    /// Sends an HTTP request without waiting.
    pub fn send(&mut self, line: &str, fields: &str, body: &str) {
        let session = self.session.as_ref().map(|id| format!("mcp-session-id: {id}\r\n")).unwrap_or_default();
        let own = &self.fields;
        let text = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{own}{session}{fields}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        // A server that refuses early may have hung up already.
        drop(self.stream.write_all(text.as_bytes()));
    }

    /// Sends an HTTP request; its whole answer.
    pub fn ask(&mut self, line: &str, fields: &str, body: &str) -> Heard {
        self.send(line, fields, body);
        self.heard()
    }

    pub fn post(&mut self, message: &Value) -> Heard {
        self.ask("POST /mcp", ACCEPT, &message.to_string())
    }

    pub fn message(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params})
    }

    /// Sends a request without waiting; its id.
    pub fn begin_request(&mut self, method: &str, params: Value) -> u64 {
        let message = self.message(method, params);
        self.send("POST /mcp", ACCEPT, &message.to_string());
        self.next
    }

    /// The whole answer to a request.
    pub fn request(&mut self, method: &str, params: Value) -> Heard {
        self.begin_request(method, params);
        self.heard()
    }

    /// The result of a request.
    pub fn result(&mut self, method: &str, params: Value) -> Value {
        let heard = self.request(method, params);
        let message = heard.last();
        assert_eq!((heard.status, &message["id"]), (200, &json!(self.next)), "{heard:?}");
        assert!(!message["result"].is_null(), "{message}");
        message["result"].clone()
    }

    /// The error of a request.
    pub fn error(&mut self, method: &str, params: Value) -> Value {
        let message = self.request(method, params).last();
        assert!(!message["error"].is_null(), "{message}");
        message["error"].clone()
    }

    /// What a tool answers: its payload.
    pub fn tool(&mut self, name: &str, arguments: Value) -> Value {
        let result = self.result("tools/call", json!({"name": name, "arguments": arguments}));
        payload(&result)
    }

    /// Says that a request is not wanted any more.
    pub fn cancel(&mut self, id: u64) {
        let message =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        assert_eq!(self.post(&message).status, 202);
    }

    /// Begins to listen.
    pub fn listen(&self) -> Self {
        let mut listener = self.beside();
        listener.send("GET /mcp", "Accept: text/event-stream\r\n", "");
        let head = listener.head();
        assert_eq!(head.status, 200, "{head:?}");
        listener
    }

    /// The head of the next answer.
    pub fn head(&mut self) -> Heard {
        let end = loop {
            if let Some(at) = self.seen.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read(), "the connection ended after {:?}", String::from_utf8_lossy(&self.seen));
        };
        let head: Vec<u8> = self.seen.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        Heard { status: head[9..12].parse().unwrap(), head, body: String::new() }
    }

    /// The next message of a stream whose head was read; `None`: it has ended.
    pub fn event(&mut self) -> Option<Value> {
        let chunk = self.chunk()?;
        let data = chunk.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        Some(serde_json::from_str(data).unwrap())
    }

    /// The next message that is a notification of this method.
    pub fn notice(&mut self, method: &str) -> Value {
        loop {
            let event = self.event().unwrap_or_else(|| panic!("no {method} before the end"));
            if event["method"] == method {
                return event["params"].clone();
            }
        }
    }

    fn chunk(&mut self) -> Option<String> {
        let end = loop {
            if let Some(at) = self.seen.windows(2).position(|two| two == b"\r\n") {
                break at;
            }
            if !self.read() {
                return None;
            }
        };
        let length = usize::from_str_radix(std::str::from_utf8(&self.seen[..end]).unwrap(), 16).unwrap();
        while self.seen.len() < end + 4 + length {
            assert!(self.read(), "the stream is cut");
        }
        let chunk = String::from_utf8(self.seen[end + 2..end + 2 + length].to_vec()).unwrap();
        self.seen.drain(..end + 4 + length);
        (length > 0).then_some(chunk)
    }

    /// The whole next answer.
    pub fn heard(&mut self) -> Heard {
        let mut heard = self.head();
        if heard.field("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk() {
                heard.body.push_str(&chunk);
            }
            return heard;
        }
        let length: usize = heard.field("content-length").map_or(0, |length| length.parse().unwrap());
        while self.seen.len() < length {
            assert!(self.read(), "the body is cut: {heard:?}");
        }
        let body: Vec<u8> = self.seen.drain(..length).collect();
        heard.body = String::from_utf8(body).unwrap();
        heard
    }

    /// Whether there is something to read.
    pub fn has_something(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        !self.seen.is_empty() || peeked.is_ok()
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.seen.extend_from_slice(&buffer[..count]);
                true
            }
            Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("no answer but {:?}", String::from_utf8_lossy(&self.seen))
            }
            Err(_) => false,
        }
    }
}

/// What a tool's result holds: the text is JSON.
pub fn payload(result: &Value) -> Value {
    let content = result["content"].as_array().unwrap_or_else(|| panic!("{result}"));
    assert_eq!((content.len(), &content[0]["type"]), (1, &json!("text")), "{result}");
    serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap()
}
