//! A real `oxprobe-tunnel` on a free port, with a data folder of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::Value;

use crate::binaries::oxprobe_tunnel;
use crate::process::Running;
use crate::{PATIENCE, eventually};

/// A running tunnel server.
pub struct Tunnel {
    process: Option<Running>,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The password of the user `admin`.
    pub password: String,
    /// The token agents register with.
    pub token: String,
    data: PathBuf,
    args: Vec<String>,
}

impl Tunnel {
    /// Starts one whose data live in `data`.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more options.
    pub fn start_with(data: &Path, args: &[&str]) -> Self {
        let port = free_port();
        let mut tunnel = Self {
            process: None,
            port,
            password: String::new(),
            token: String::new(),
            data: data.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        };
        tunnel.restart();
        tunnel
    }

    /// Stops it, if it runs, and starts it on the same port with the same data.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = oxprobe_tunnel();
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data-dir"])
            .arg(&self.data)
            .args(&self.args);
        let process = Running::start(&mut command);
        eventually("the tunnel listens", || TcpStream::connect(("127.0.0.1", self.port)).ok());
        if self.password.is_empty() {
            let printed = |label: &str| {
                eventually(label, || {
                    let lines = [process.output(), process.errors()].concat();
                    let (_, after) = lines.iter().find_map(|line| line.split_once(label))?;
                    after.split_whitespace().next().map(str::to_owned)
                })
            };
            self.password = printed("password:");
            self.token = printed("agent token:");
        }
        self.process = Some(process);
    }

    /// Ends it without a word, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The process.
    pub fn process(&mut self) -> &mut Running {
        self.process.as_mut().expect("the tunnel runs")
    }

    /// The URL an agent of ours is given.
    pub fn agent_url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// Where it listens.
    pub fn address(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.port)
    }

    /// The admin's credentials as an `Authorization` header has them.
    pub fn credentials(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("admin:{}", self.password).as_bytes()))
    }

    /// One request with HTTP Basic credentials; the status and the body.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address()).expect("the tunnel listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let credentials = self.credentials();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {credentials}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .expect("the tunnel reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the tunnel answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, body.to_owned())
    }

    /// The agents that are listed, of all applications.
    pub fn agents(&self) -> Vec<Value> {
        let (status, body) = self.request("GET", "/api/agents", None);
        assert_eq!(status, 200, "{body}");
        let list: Value = serde_json::from_str(&body).unwrap_or_else(|why| panic!("{why} in {body}"));
        let applications = list["applications"].as_array().cloned().unwrap_or_default();
        applications.iter().flat_map(|app| app["agents"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// Waits until an agent of an application is connected, and gives its entry.
    pub fn agent(&self, app: &str) -> Value {
        eventually(&format!("an agent of {app} to be connected"), || {
            self.agents().into_iter().find(|agent| agent["app"] == app && agent["state"] == "connected")
        })
    }

    /// Runs a line in an agent's terminal and gives what it printed.
    pub fn exec(&self, id: &str, line: &str) -> String {
        let request = serde_json::json!({"line": line, "timeoutMs": 20_000});
        let (status, body) = self.request("POST", &format!("/api/agents/{id}/exec"), Some(&request));
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap_or_else(|why| panic!("{why} in {body}"));
        answer["output"].as_str().unwrap_or_default().to_owned()
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap().port()
}
