//! A client of the HTTP server that writes bytes as the test says them, and waits no longer than it should.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transports::{Listen, Options, Secret};

use super::{Agent, until};

/// `arthas:hush`.
pub const BASIC: &str = "Authorization: Basic YXJ0aGFzOmh1c2g=\r\n";

/// A server on a port of the system's choice, with the password `hush`.
pub fn options() -> Options {
    Options {
        http: Some(Listen::At(SocketAddr::from(([127, 0, 0, 1], 0)))),
        password: Some(Secret::new("hush")),
        ..Options::default()
    }
}

/// Where an agent's server listens.
pub fn address(agent: &Agent) -> SocketAddr {
    let mut address = None;
    until("the port is open", Duration::from_secs(10), || {
        address = agent.shell.connections().get().http.map(|http| http.address.parse().unwrap());
        address.is_some()
    });
    address.unwrap()
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why} in {self:?}"))
    }
}

/// One connection.
pub struct Web {
    pub stream: TcpStream,
    seen: Vec<u8>,
}

impl Web {
    pub fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream, seen: Vec::new() }
    }

    /// Sends these bytes. `false`: the kernel takes no more, or the server has hung up.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a request whose body's length is told.
    pub fn ask(&mut self, line: &str, fields: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
        ));
        self.answer()
    }

    /// The next answer.
    pub fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|| panic!("the connection ended after {:?}", self.text()))
    }

    /// The next answer, if one comes before the connection ends.
    pub fn try_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.seen.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.read() {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.seen[..end]).into_owned();
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length: usize = answer.field("content-length").map_or(0, |length| length.parse().unwrap());
        while self.seen.len() < end + length {
            assert!(self.read(), "the body is cut: {answer:?}");
        }
        answer.body = String::from_utf8_lossy(&self.seen[end..end + length]).into_owned();
        self.seen.drain(..end + length);
        Some(answer)
    }

    /// Whether the other side hangs up within the limit.
    pub fn ends(&mut self, limit: Duration) -> bool {
        self.stream.set_read_timeout(Some(limit)).unwrap();
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            let mut buffer = [0; 64 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => return true,
            }
        }
        false
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.seen.extend_from_slice(&buffer[..count]);
                true
            }
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => panic!("no answer but {:?}", self.text()),
            Err(_) => false,
        }
    }

    /// Asks the API.
    pub fn api(&mut self, request: &Value) -> Value {
        let answer = self.ask("POST /api", BASIC, &request.to_string());
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Sends a request to the API without waiting for its answer.
    pub fn ask_api(&mut self, request: &Value) -> bool {
        let body = request.to_string();
        let length = body.len();
        self.send(format!(
            "POST /api HTTP/1.1\r\nHost: localhost\r\n{BASIC}Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// A new session and its first client.
    pub fn session(&mut self) -> (String, String) {
        let reply = self.api(&json!({"action": "init_session"}));
        let text = |key: &str| reply[key].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        (text("sessionId"), text("consumerId"))
    }

    /// Pulls until there is a result of this type; all results so far.
    pub fn pull_until(&mut self, session: &str, consumer: &str, kind: &str) -> Vec<Value> {
        let mut results = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let reply =
                self.api(&json!({"action": "pull_results", "sessionId": session, "consumerId": consumer}));
            results.extend(reply["body"]["results"].as_array().unwrap_or_else(|| panic!("{reply}")).clone());
            if results.iter().any(|result| result["type"] == kind) {
                return results;
            }
            assert!(Instant::now() < deadline, "no {kind} in {results:#?}");
        }
    }
}
