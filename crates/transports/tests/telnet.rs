//! The telnet server of a running loop: what is spoken, who gets in, what strangers can make it hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use support::web::{BASIC, Web};
use support::{Agent, until};
use transports::{Listen, Options, Secret};

const SECONDS: Duration = Duration::from_secs(10);
const IAC: u8 = 255;
const PROMPT: &str = "[arthas@";

fn options() -> Options {
    Options {
        telnet: Some(Listen::At(SocketAddr::from(([127, 0, 0, 1], 0)))),
        password: Some(Secret::new("hush")),
        ..Options::default()
    }
}

fn open() -> Options {
    Options { password: None, no_password: Some(true), ..options() }
}

fn address(agent: &Agent) -> SocketAddr {
    let mut address = None;
    until("the port is open", SECONDS, || {
        address = agent.shell.connections().get().telnet.map(|telnet| telnet.address.parse().unwrap());
        address.is_some()
    });
    address.unwrap()
}

/// A telnet client that keeps what it hears.
struct Terminal {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Terminal {
    fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        Self { stream, heard: Vec::new() }
    }

    /// Connected, with a terminal of this type and size.
    fn meet(to: SocketAddr, kind: &str, cols: u8) -> Self {
        let mut terminal = Self::connect(to);
        terminal.send([IAC, 251, 31, IAC, 250, 31, 0, cols, 0, 40, IAC, 240, IAC, 251, 24]);
        terminal.hears(&[IAC, 250, 24, 1, IAC, 240]);
        terminal.send([&[IAC, 250, 24, 0], kind.as_bytes(), &[IAC, 240]].concat());
        terminal
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// `false`: the other side has hung up.
    fn listen(&mut self) -> bool {
        let mut bytes = [0; 65_536];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(read) => {
                self.heard.extend(&bytes[..read]);
                true
            }
            Err(why) => matches!(why.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }

    fn hears(&mut self, bytes: &[u8]) {
        let deadline = Instant::now() + SECONDS;
        while !self.heard.windows(bytes.len()).any(|window| window == bytes) {
            assert!(self.listen() || Instant::now() > deadline, "hung up after {:?}", self.text());
            assert!(Instant::now() < deadline, "{bytes:?} not in {:?}", self.text());
        }
    }

    /// Types a line and gives what is said until the prompt is back.
    fn run(&mut self, line: &str) -> String {
        self.heard.clear();
        self.send(format!("{line}\r\n"));
        let deadline = Instant::now() + SECONDS;
        loop {
            let text = self.text();
            if let Some((_, said)) = text.split_once("\r\n")
                && let Some(at) = said.rfind(PROMPT)
            {
                return said[..at].to_owned();
            }
            assert!(self.listen() && Instant::now() < deadline, "{line}: {text:?}");
        }
    }

    fn ends(&mut self) -> bool {
        let deadline = Instant::now() + SECONDS;
        while Instant::now() < deadline {
            if !self.listen() {
                return true;
            }
        }
        false
    }
}

#[test]
fn a_terminal_is_drawn_for_its_size_and_a_quiet_one_gets_no_welcome() {
    let agent = Agent::start("telnet-size", open());
    let at = address(&agent);
    let mut loud = Terminal::meet(at, "XTERM-256COLOR", 120);
    loud.hears(PROMPT.as_bytes());
    assert!(loud.text().contains("main_class"), "{}", loud.text());
    assert!(loud.run("greet").contains("hello from telnet"));
    let mut quiet = Terminal::meet(at, "ARTHAS-AGENT", 120);
    quiet.hears(PROMPT.as_bytes());
    assert!(!quiet.text().contains("main_class"), "{}", quiet.text());
    assert!(quiet.run("greet").contains("hello from telnet"));
}

#[test]
fn who_says_nothing_of_his_terminal_is_greeted_all_the_same() {
    let agent = Agent::start("telnet-silent", open());
    let mut silent = Terminal::connect(address(&agent));
    silent.hears(&[IAC, 251, 1]);
    silent.hears(PROMPT.as_bytes());
    // A plain `nc` ends its lines by a line feed.
    silent.heard.clear();
    silent.send("greet\n");
    silent.hears(b"hello from telnet");
    silent.send("bye\r\n");
    assert!(silent.ends());
}

#[test]
fn nothing_runs_before_the_password_and_guessing_has_to_wait() {
    let agent = Agent::start("telnet-locked", options());
    let at = address(&agent);
    let mut terminal = Terminal::meet(at, "xterm", 120);
    terminal.hears(PROMPT.as_bytes());
    assert!(!terminal.text().contains("main_class"), "a stranger is told nothing: {}", terminal.text());
    assert!(terminal.run("greet").contains("auth"), "what to do is said");
    assert_eq!(agent.toy.emitted.load(Ordering::SeqCst), 0);
    assert!(terminal.run("auth hush").contains("right: true"));
    assert!(terminal.run("greet").contains("hello from telnet"));

    let mut other = Terminal::meet(at, "xterm", 120);
    other.hears(PROMPT.as_bytes());
    let said: Vec<String> = (0..9).map(|number| other.run(&format!("auth guess{number}"))).collect();
    assert!(said[0].contains("right: false"), "{said:?}");
    assert!(said.last().unwrap().contains("too many passwords were wrong"), "{said:?}");
    assert!(other.run("greet").contains("auth"));
    assert!(terminal.run("greet").contains("hello from telnet"), "who is in stays in");
}

#[test]
fn http_is_served_on_the_same_port() {
    let agent = Agent::start("telnet-http", options());
    let at = address(&agent);
    let request = r#"{"action":"exec","command":"greet"}"#;
    let answer = Web::connect(at).ask("POST /api", BASIC, request);
    assert!(answer.status == 200 && answer.body.contains("hello from http"), "{answer:?}");
    assert_eq!(Web::connect(at).ask("POST /api", "", request).status, 401);
    // However slowly it begins.
    let mut web = Web::connect(at);
    for byte in b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n" {
        assert!(web.send([*byte]));
    }
    assert!(web.send(format!("{BASIC}\r\n")));
    assert_eq!(web.answer().status, 404);
}

#[test]
fn strangers_push_out_strangers_and_nobody_else() {
    let agent = Agent::start("telnet-strangers", options());
    let at = address(&agent);
    let mut known = Terminal::meet(at, "xterm", 120);
    known.hears(PROMPT.as_bytes());
    assert!(known.run("auth hush").contains("right: true"));
    let mut crowd: Vec<Terminal> = (0..40).map(|_| Terminal::connect(at)).collect();
    assert!(crowd[0].ends(), "the oldest had to go");
    assert!(known.run("greet").contains("hello from telnet"));
    let mut late = Terminal::meet(at, "xterm", 120);
    late.hears(PROMPT.as_bytes());
    assert!(late.run("auth hush").contains("right: true"));
}

#[test]
fn who_never_reads_holds_a_bounded_amount_and_disturbs_nobody() {
    let agent = Agent::start("telnet-flood", open());
    let at = address(&agent);
    let mut deaf = Terminal::meet(at, "xterm", 120);
    deaf.hears(PROMPT.as_bytes());
    deaf.send("flood 100000000\r\n");
    until("it floods", SECONDS, || agent.toy.emitted.load(Ordering::SeqCst) > 100);
    support::settled("the flood", || agent.toy.emitted.load(Ordering::SeqCst));
    let mut other = Terminal::meet(at, "xterm", 120);
    other.hears(PROMPT.as_bytes());
    assert!(other.run("greet").contains("hello from telnet"));
    drop(deaf);
    until("its command ends with it", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) > 0);
}

#[test]
fn the_port_closes_when_it_is_switched_off_and_when_the_agent_stops() {
    let mut agent = Agent::start("telnet-off", open());
    let at = address(&agent);
    let mut terminal = Terminal::meet(at, "xterm", 120);
    terminal.hears(PROMPT.as_bytes());
    agent.handle.configure(Options { telnet: Some(Listen::Off), ..Options::default() }, Vec::new());
    assert!(terminal.ends());
    until("it is closed", SECONDS, || TcpStream::connect(at).is_err());
    agent.handle.configure(Options { telnet: Some(Listen::At(at)), ..Options::default() }, Vec::new());
    assert_eq!(address(&agent), at);
    let mut terminal = Terminal::meet(at, "xterm", 120);
    terminal.hears(PROMPT.as_bytes());
    terminal.send("halt\r\n");
    assert!(terminal.ends());
    agent.join();
    assert!(TcpStream::connect(at).is_err());
}

#[test]
fn a_port_that_is_taken_is_told_and_tried_for_again() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let agent = Agent::start("telnet-taken", Options { telnet: Some(Listen::At(at)), ..open() });
    let problem = agent.problem("in use", SECONDS);
    assert!(problem.contains(&format!("telnet: {at} is in use")), "{problem}");
    drop(taken);
    assert_eq!(address(&agent), at);
    assert!(agent.shell.connections().get().problems.is_empty());
}
