//! One server process, and the ones it talks to: agents, browsers, plain HTTP.
//!
//! Every wait has a deadline; a test that fails shows the server's log.

use std::fmt::Debug;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use wire::arthas::Order;

/// What anything in these tests may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const TOKEN: &str = "TOKEN1";

/// A running server with a known password and token.
pub(crate) struct Server {
    child: Child,
    dir: TempDir,
    pub(crate) port: u16,
    /// What it printed at its start.
    pub(crate) printed: String,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        std::fs::write(dir.path().join("token"), TOKEN).unwrap();
        Self::start_in(dir, 0, true, options)
    }

    /// One that has a jar to lend, or what passes for one: it is the agent that looks at the sum.
    pub(crate) fn start_with_jars(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("oxprobe-tunnel");
        std::fs::copy(env!("CARGO_BIN_EXE_oxprobe-tunnel"), &program).unwrap();
        std::fs::create_dir(dir.path().join("java")).unwrap();
        std::fs::write(dir.path().join("java/cfr-0.152.jar"), b"a jar of some length").unwrap();
        Self::start_program(&program, dir, 0, false, options)
    }

    /// What it lends.
    pub(crate) fn jar(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("java/cfr-0.152.jar")).unwrap()
    }

    /// One that makes its own password and token.
    pub(crate) fn start_fresh(dir: TempDir, options: &[&str]) -> Self {
        Self::start_in(dir, 0, false, options)
    }

    fn start_in(dir: TempDir, port: u16, known: bool, options: &[&str]) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_oxprobe-tunnel"));
        Self::start_program(&program, dir, port, known, options)
    }

    fn start_program(program: &Path, dir: TempDir, port: u16, known: bool, options: &[&str]) -> Self {
        let at = |name: &str| dir.path().join(name);
        let log = File::options().create(true).append(true).open(at("log")).unwrap();
        let mut command = Command::new(program);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        if !options.contains(&"--log") {
            command.args(["--log", "debug"]);
        }
        command.arg("--data-dir").arg(at("data"));
        if known {
            command
                .arg("--admin-password-file")
                .arg(at("password"))
                .arg("--agent-token-file")
                .arg(at("token"));
        }
        let mut child = command.args(options).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut printed = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while out.read_line(&mut printed).unwrap() > 0 && !printed.contains("agent token: ") {}
        let Some(port) =
            printed.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok())
        else {
            let _ = child.wait();
            panic!("no server: {printed}{}", std::fs::read_to_string(at("log")).unwrap());
        };
        Self { child, dir, port, printed }
    }

    /// Stops this server with SIGTERM and starts another one in its place.
    pub(crate) fn restart(mut self, options: &[&str]) -> Self {
        assert!(self.terminate().success());
        let port = self.port;
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        Self::start_in(dir, port, true, options)
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(&mut self) -> std::process::ExitStatus {
        self.signal();
        self.ended()
    }

    /// Sends SIGTERM.
    pub(crate) fn signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the process to end.
    pub(crate) fn ended(&mut self) -> std::process::ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < DEADLINE, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn data(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join("data").join(name)
    }

    /// Runs `oxprobe-tunnel passwd` on its data folder; returns what that prints.
    pub(crate) fn passwd(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oxprobe-tunnel"));
        let output =
            command.arg("passwd").arg("--data-dir").arg(self.dir.path().join("data")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Resident memory in KiB.
    pub(crate) fn rss(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// CPU time used so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        let stream = within(TcpStream::connect(("127.0.0.1", self.port))).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends bytes as they are and reads until the server closes the connection.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.tcp().await;
        // A server that refuses early may close while we still send.
        let _ = within(stream.write_all(bytes)).await;
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        Answer::parse(&answer)
    }

    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n", self.port);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.raw(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await
    }

    pub(crate) async fn try_login(&self, user: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "user": user, "password": password }).to_string();
        self.http("POST", "/api/login", &[JSON], &body).await
    }

    /// Logs in; returns the cookie.
    pub(crate) async fn login(&self) -> String {
        let answer = self.try_login("admin", PASSWORD).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Value {
        let answer = self.http("GET", path, &[("cookie", cookie)], "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// All agents in the listing.
    pub(crate) async fn listed(&self, cookie: &str) -> Vec<Value> {
        let listing = self.get("/api/agents", cookie).await;
        let applications = listing["applications"].as_array().unwrap().clone();
        applications.iter().flat_map(|app| app["agents"].as_array().unwrap().clone()).collect()
    }

    /// The listing's entry of an agent, once it is as wanted.
    pub(crate) async fn agent_is(&self, cookie: &str, id: &str, state: &str) -> Value {
        let start = Instant::now();
        loop {
            let listed = self.listed(cookie).await;
            if let Some(agent) = listed.iter().find(|agent| agent["id"] == id && agent["state"] == state) {
                return agent.clone();
            }
            assert!(start.elapsed() < DEADLINE, "{id} does not become {state}: {listed:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Opens a WebSocket at a path with a query; else the status.
    pub(crate) async fn ws(&self, path: &str, headers: &[(&str, &str)]) -> Result<Ws, u16> {
        let mut request = format!("ws://127.0.0.1:{}{path}", self.port).into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        match within(tokio_tungstenite::client_async(request, self.tcp().await)).await {
            Ok((socket, _)) => Ok(Ws(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Registers as an Arthas agent does.
    pub(crate) async fn agent(&self, id: &str) -> Agent {
        self.agent_with(TOKEN, id).await
    }

    /// The same, with another token.
    pub(crate) async fn agent_with(&self, token: &str, id: &str) -> Agent {
        let path = format!("/ws?token={token}&method=agentRegister&arthasVersion=4.1.5&id={id}");
        let mut control = self.ws(&path, &[]).await.unwrap();
        let Order::Registered { id, .. } = Order::parse(&control.text().await).unwrap() else { panic!() };
        Agent { control, id }
    }

    /// Opens a terminal as a page of this server does.
    pub(crate) async fn browser(&self, cookie: &str, id: &str) -> Result<Ws, u16> {
        let origin = format!("http://127.0.0.1:{}", self.port);
        self.ws(&format!("/ws?method=connectArthas&id={id}"), &[("cookie", cookie), ("origin", &origin)])
            .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let mut log = String::new();
            let _ =
                File::open(self.dir.path().join("log")).and_then(|mut file| file.read_to_string(&mut log));
            let last: Vec<_> = log.lines().rev().take(60).collect();
            eprintln!("the server's log:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// 0 where there was none.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let split = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
        Self { status, headers: lines.filter_map(split).collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A client's WebSocket.
pub(crate) struct Ws(pub(crate) WebSocketStream<TcpStream>);

impl Ws {
    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        within(self.0.send(message.into())).await.unwrap();
    }

    /// The next message, pings included.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        within(self.0.next()).await.and_then(Result::ok)
    }

    /// The next message that carries data.
    pub(crate) async fn data(&mut self) -> Message {
        loop {
            match self.next().await {
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                Some(message) => return message,
                None => panic!("the connection ended"),
            }
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.data().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?} is no text"),
        }
    }

    pub(crate) async fn binary(&mut self) -> Vec<u8> {
        match self.data().await {
            Message::Binary(bytes) => bytes.to_vec(),
            other => panic!("{other:?} is not binary"),
        }
    }

    /// Reads to the end; returns the code and reason it was closed with.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        let mut frame: Option<CloseFrame> = None;
        while let Some(message) = self.next().await {
            if let Message::Close(received) = message {
                frame = received;
            }
        }
        frame.map(|frame| (frame.code.into(), frame.reason.to_string()))
    }
}

/// An agent as Arthas's, without a JVM.
pub(crate) struct Agent {
    pub(crate) control: Ws,
    pub(crate) id: String,
}

impl Agent {
    /// Waits for the order to open a console; returns its connection id.
    pub(crate) async fn ordered(&mut self) -> String {
        match Order::parse(&self.control.text().await).unwrap() {
            Order::StartTunnel { id, connection } if id == self.id => connection,
            other => panic!("{other:?}"),
        }
    }

    /// Opens the console it is asked for.
    pub(crate) async fn console(&mut self, server: &Server) -> Ws {
        let connection = self.ordered().await;
        let id = wire::arthas::encode(&self.id).into_owned();
        server
            .ws(&format!("/ws?method=openTunnel&clientConnectionId={connection}&id={id}"), &[])
            .await
            .unwrap()
    }
}

/// A future's value before the deadline.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    match timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("nothing happened for {DEADLINE:?}"),
    }
}

/// A terminal with an agent's console behind it.
pub(crate) async fn pair(server: &Server, cookie: &str, agent: &mut Agent) -> (Ws, Ws) {
    let terminal = server.browser(cookie, &agent.id).await.unwrap();
    (terminal, agent.console(server).await)
}
