//! The HTTP server of a running loop: who gets in, what is refused, and what strangers can make it hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod support;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use support::peer::Peer;
use support::web::{BASIC, Web, address, options};
use support::{Agent, settled, until};
use transports::{Listen, Options};
use tungstenite::{Message, WebSocket, client};

const SECONDS: Duration = Duration::from_secs(10);

const ROUTES: [(&str, &str); 9] = [
    ("POST", "/api"),
    ("GET", "/api"),
    ("GET", "/"),
    ("GET", "/index.html"),
    ("GET", "/ui/"),
    ("GET", "/ws"),
    ("GET", "/arthas-output/"),
    ("GET", "/arthas-output/x"),
    ("GET", "/nowhere"),
];

#[test]
fn nothing_is_told_to_who_has_not_said_the_password() {
    let agent = Agent::start("http-closed", options());
    let at = address(&agent);
    for (method, path) in ROUTES {
        for fields in [
            "",
            "Cookie: asession=guess\r\n",
            "Authorization: Bearer hush\r\n",
            "Authorization: Basic YXJ0aGFzOg==\r\n",
        ] {
            // Each peer may be wrong so often: every second one is right.
            assert_eq!(Web::connect(at).ask("GET /nowhere", BASIC, "").status, 404);
            let mut web = Web::connect(at);
            let answer =
                web.ask(&format!("{method} {path}"), fields, r#"{"action":"exec","command":"greet"}"#);
            assert_eq!(answer.status, 401, "{method} {path} {fields}");
            assert_eq!(answer.field("www-authenticate"), Some("Basic realm=\"arthas webconsole\""));
            assert_eq!((answer.field("set-cookie"), answer.field("connection")), (None, Some("close")));
            assert!(web.ends(SECONDS), "the connection ends with it");
        }
    }
    assert_eq!(agent.toy.emitted.load(Ordering::SeqCst), 0);
}

#[test]
fn the_password_may_come_by_cookie_header_or_query() {
    let agent = Agent::start("http-ways", options());
    let at = address(&agent);
    let mut web = Web::connect(at);
    let answer = web.ask("POST /api", BASIC, "{}");
    let cookie = answer.field("set-cookie").unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(cookie.len(), "asession=".len() + 32);
    let with_cookie = format!("Cookie: a=b; {cookie}\r\n");
    assert_eq!(Web::connect(at).ask("POST /api", &with_cookie, "{}").status, 200);
    for path in ["/api?password=hush", "/api?a=b&username=arthas&password=hush"] {
        assert_eq!(Web::connect(at).ask(&format!("POST {path}"), "", "{}").status, 200, "{path}");
    }
    assert_eq!(Web::connect(at).ask("POST /api?username=root&password=hush", "", "{}").status, 401);
    let second = web.ask("POST /api", BASIC, "{}");
    assert!(second.field("set-cookie").unwrap().contains(cookie), "one visit for a connection");
}

#[test]
fn a_user_id_is_remembered_with_the_visit() {
    let agent = Agent::start("http-user", options());
    let mut web = Web::connect(address(&agent));
    let body = json!({"action": "exec", "command": "who"}).to_string();
    let said = |web: &mut Web, path: &str| {
        web.ask(&format!("POST {path}"), BASIC, &body).json()["body"]["results"][0]["text"].clone()
    };
    assert_eq!(said(&mut web, "/api"), "arthas");
    assert_eq!(said(&mut web, "/api?userId=jane"), "jane");
    assert_eq!(said(&mut web, "/api"), "jane");
}

#[test]
fn guessing_is_locked_out_and_costs_others_nothing() {
    let agent = Agent::start("http-guess", options());
    let at = address(&agent);
    let mut known = Web::connect(at);
    let cookie = known.ask("POST /api", BASIC, "{}").field("set-cookie").unwrap().to_owned();
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let guess = || Web::connect(at).ask("POST /api?password=guess", "", "{}").status;
    let answers: Vec<u16> = (0..12).map(|_| guess()).collect();
    assert_eq!(answers, [401, 401, 401, 401, 401, 401, 429, 429, 429, 429, 429, 429]);
    let right = Web::connect(at).ask("POST /api", BASIC, "{}");
    assert_eq!(right.status, 429, "the right one waits, too");
    assert_eq!(right.field("retry-after"), Some("1"));
    assert_eq!(known.ask("POST /api", &cookie, "{}").status, 200, "who is known goes on");
    until("it is over", SECONDS, || Web::connect(at).ask("POST /api", BASIC, "{}").status == 200);
}

#[test]
fn a_name_that_was_led_here_is_no_name_of_ours() {
    let names = vec!["orders.internal".to_owned()];
    let agent = Agent::start("http-rebinding", Options { host_names: names, ..options() });
    let at = address(&agent);
    let status = |host: &str| {
        let mut web = Web::connect(at);
        web.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n{BASIC}\r\n"));
        web.answer().status
    };
    for host in ["127.0.0.1:8563", "[::1]", "localhost:1", "orders.internal"] {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in ["rebound.example", "rebound.example:8563", "127.0.0.1.example", ""] {
        assert_eq!(status(host), 421, "{host}");
    }
}

#[test]
fn pages_of_other_sites_neither_post_nor_open_terminals() {
    let agent = Agent::start("http-cross", options());
    let at = address(&agent);
    let mut web = Web::connect(at);
    let cookie = web.ask("POST /api", BASIC, "{}").field("set-cookie").unwrap().to_owned();
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let body = r#"{"action":"exec","command":"greet"}"#;
    for (fields, wanted) in [
        ("Origin: http://localhost\r\n", 200),
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
    ] {
        let answer = Web::connect(at).ask("POST /api", &format!("{cookie}{fields}"), body);
        assert_eq!(answer.status, wanted, "{fields}");
    }
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let open =
        |fields: &str| Web::connect(at).ask("GET /ws", &format!("{upgrade}{cookie}{fields}"), "").status;
    assert_eq!(open("Origin: http://evil.example\r\n"), 403);
    assert_eq!(open("Origin: https://localhost.evil.example\r\n"), 403);
    assert_eq!(open("Origin: http://localhost\r\n"), 101);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_kept() {
    let agent = Agent::start("http-large", options());
    let at = address(&agent);
    let long = "x".repeat(20_000);
    for (wanted, bytes) in [
        (414, format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        (414, format!("GET /{long}")),
        (431, format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n")),
        (431, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(100))),
        (413, format!("POST /api HTTP/1.1\r\nHost: localhost\r\n{BASIC}Content-Length: 10485761\r\n\r\n")),
        (413, format!("POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", u64::MAX)),
    ] {
        let mut web = Web::connect(at);
        web.send(&bytes);
        assert_eq!(web.answer().status, wanted, "{}", &bytes[..40.min(bytes.len())]);
        assert!(web.ends(SECONDS));
    }
    let mut web = Web::connect(at);
    let answer = web.ask("POST /api", BASIC, &" ".repeat(10 << 20));
    assert_eq!(answer.status, 200, "10 MiB may be sent: {}", answer.body);
}

#[test]
fn two_requests_are_never_read_out_of_one() {
    let agent = Agent::start("http-smuggling", options());
    let at = address(&agent);
    let smuggled = r#"{"action":"exec","command":"flood 1"}"#;
    let inner = format!(
        "POST /api HTTP/1.1\r\nHost: localhost\r\n{BASIC}Content-Length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    );
    for (wanted, fields) in [
        (400, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        (400, "Content-Length: 2\r\nContent-Length: 0\r\n"),
        (400, "Content-Length: 2, 2\r\n"),
        (400, "Content-Length: +2\r\n"),
        (400, "Content-Length : 2\r\n"),
        (400, "X: y\r\n Content-Length: 2\r\n"),
        (400, "X: y\nContent-Length: 2\r\n"),
        (411, "Transfer-Encoding: chunked\r\n"),
        (411, "Transfer-Encoding: xchunked\r\n"),
    ] {
        let mut web = Web::connect(at);
        web.send(format!("POST /api HTTP/1.1\r\nHost: localhost\r\n{BASIC}{fields}\r\n0\r\n\r\n{inner}"));
        assert_eq!(web.answer().status, wanted, "{fields:?}");
        assert!(web.try_answer().is_none(), "{fields:?}: nothing behind it is answered");
    }
    assert_eq!(agent.toy.emitted.load(Ordering::SeqCst), 0, "nothing behind it was done");
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let agent = Agent::start("http-pipelined", options());
    let mut web = Web::connect(address(&agent));
    // More than a connection may ask at once: the rest waits, and none is lost.
    for number in 0..600 {
        web.ask_api(&json!({"action": "exec", "command": "greet", "requestId": number.to_string()}));
    }
    for number in 0..600 {
        assert_eq!(web.answer().json()["requestId"], number.to_string());
    }
}

#[test]
fn a_body_that_is_announced_is_waited_for_with_a_word() {
    let agent = Agent::start("http-continue", options());
    let at = address(&agent);
    let head = |fields: &str| {
        format!(
            "POST /api HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
    };
    let mut web = Web::connect(at);
    web.send(head(BASIC));
    assert_eq!(web.answer().status, 100);
    web.send("{}");
    assert_eq!(web.answer().status, 200);
    let mut web = Web::connect(at);
    web.send(head(""));
    assert_eq!(web.answer().status, 401, "a stranger is not asked for it");
}

#[test]
fn a_head_asks_for_the_head_alone() {
    let agent = Agent::start("http-head", options());
    let mut web = Web::connect(address(&agent));
    web.send(format!("HEAD / HTTP/1.1\r\nHost: localhost\r\n{BASIC}\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\n{BASIC}\r\n"));
    let mut text = String::new();
    while !text.contains("404 Not Found") {
        let mut buffer = [0; 4096];
        let count = std::io::Read::read(&mut web.stream, &mut buffer).unwrap();
        assert!(count > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(text.starts_with("HTTP/1.1 200 OK") && !text.contains("<!DOCTYPE"), "{text}");
}

#[test]
fn who_sends_slowly_is_given_up_and_holds_nobody_up() {
    let agent = Agent::start("http-slowloris", options());
    let at = address(&agent);
    let mut slow: Vec<Web> = (0..200)
        .map(|_| {
            let mut web = Web::connect(at);
            web.send("GET / HTTP/1.1\r\nX: ");
            web
        })
        .collect();
    let since = Instant::now();
    assert_eq!(Web::connect(at).ask("GET /", BASIC, "").status, 200);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    // Of the strangers only some are kept; the rest gets its time and no more, however it trickles.
    let ended = slow[..100].iter_mut().all(|web| web.ends(SECONDS));
    assert!(ended, "the oldest go when there are too many");
    let last = slow.last_mut().unwrap();
    while since.elapsed() < Duration::from_secs(9) {
        last.send("x");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(last.answer().status, 408);
    assert!(since.elapsed() < Duration::from_secs(13), "{:?}", since.elapsed());
}

#[test]
fn a_reader_who_never_reads_holds_little_and_hinders_nobody() {
    let agent = Agent::start("http-never", options());
    let at = address(&agent);
    let request = json!({"action": "exec", "command": "flood 500"});
    let mut lazy: Vec<Web> = (0..10)
        .map(|_| {
            let mut web = Web::connect(at);
            // As many requests as the kernel takes, none of whose answers is read.
            web.stream.set_nonblocking(true).unwrap();
            while web.ask_api(&request) {}
            web
        })
        .collect();
    let mut web = Web::connect(at);
    let since = Instant::now();
    assert_eq!(web.api(&json!({"action": "exec", "command": "greet"}))["state"], "SUCCEEDED");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let emitted = settled("the floods", || agent.toy.emitted.load(Ordering::SeqCst));
    // Answers of 60 KB and loopback buffers of megabytes: what is ours is one answer each.
    assert!(emitted < 10 * 12 * 1024 * 1024, "{emitted} bytes were made for readers who do not read");
    lazy.clear();
    assert_eq!(web.api(&json!({"action": "exec", "command": "greet"}))["state"], "SUCCEEDED");
}

#[test]
fn the_port_opens_and_closes_on_a_living_agent() {
    let agent = Agent::start("http-living", Options::default());
    assert_eq!(agent.shell.connections().get().http, None);
    let configure = |pairs: &[(&str, &str)]| {
        let options = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (mut peer, _) = Peer::hello(&agent.path);
        peer.send(0, wire::Message::Configure(wire::Configure { options }));
        peer
    };
    let file = std::env::temp_dir().join(format!("oxprobe-http-password-{}", std::process::id()));
    std::fs::write(&file, "hush\n").unwrap();
    let password_file = file.to_str().unwrap();
    let _peer = configure(&[("http", "127.0.0.1:0"), ("password-file", password_file)]);
    let at = address(&agent);
    let mut web = Web::connect(at);
    let cookie = web.ask("GET /", BASIC, "").field("set-cookie").unwrap().to_owned();
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());

    std::fs::write(&file, "other\n").unwrap();
    let _peer = configure(&[("password-file", password_file)]);
    until("the password is the new one", SECONDS, || {
        Web::connect(at).ask("GET /?password=other", "", "").status == 200
    });
    assert_eq!(Web::connect(at).ask("GET /", &cookie, "").status, 401, "who came by the old one is out");

    let _peer = configure(&[("http", "off")]);
    until("it is closed", SECONDS, || agent.shell.connections().get().http.is_none());
    assert!(TcpStream::connect(at).is_err());
    std::fs::remove_file(&file).unwrap();
    let _peer = configure(&[("http", "127.0.0.1:0")]);
    agent.problem("cannot be read", SECONDS);
    assert_eq!(agent.shell.connections().get().http, None, "without its password it stays closed");
}

#[test]
fn a_busy_port_is_a_sentence_and_no_more() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let agent = Agent::start("http-busy", Options { http: Some(Listen::At(at)), ..options() });
    agent.problem(&format!("{at} is in use"), SECONDS);
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 8563));
    let other = Agent::start("http-elsewhere", Options { http: Some(Listen::At(elsewhere)), ..options() });
    other.problem("no address of this machine", SECONDS);
    let (mut peer, _) = Peer::hello(&agent.path);
    peer.exec(1, "greet", false, 1000);
    assert_eq!(peer.finish(1).1.status, 0, "the rest works");
    drop(taken);
    until("it is opened when it is free", SECONDS, || agent.shell.connections().get().http.is_some());
    assert_eq!(agent.shell.connections().get().problems, Vec::<String>::new());
}

#[test]
fn a_password_that_was_made_up_is_told_to_the_local_socket_alone() {
    let agent = Agent::start("http-made", Options { password: None, ..options() });
    let at = address(&agent);
    let made = agent.shell.connections().get().http.unwrap().made_password.unwrap();
    assert_eq!(Web::connect(at).ask(&format!("GET /?password={made}"), "", "").status, 200);
    assert!(!format!("{:?}", agent.shell.connections().get()).contains(&made));
    assert!(agent.journal.lines().iter().all(|line| !line.contains(&made)), "not in the log");
}

#[test]
fn what_a_peer_says_cannot_write_lines_of_the_log() {
    let agent = Agent::start("http-log", options());
    let at = address(&agent);
    let mut web = Web::connect(at);
    let command = "greet \"\u{1b}[2J\u{9b}31m\r\nINFO audit: user=root\u{202e}\"";
    web.api(&json!({"action": "exec", "command": command, "userId": "eve\n2026 INFO audit: forged"}));
    let found = || {
        let lines = agent.journal.lines();
        lines.into_iter().find(|line| line.contains("audit: user=\"eve"))
    };
    until("it is in the log", SECONDS, || found().is_some());
    let line = found().unwrap();
    assert!(line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line:?}");
    for part in ["from=http", "peer=\"127.0.0.1:", "command=\"greet", "took=", "end=\"status 0\""] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let forged = agent.journal.lines().into_iter().filter(|line| line.contains("Z INFO  audit: user=root"));
    assert_eq!(forged.count(), 0);
}

fn terminal(at: SocketAddr, query: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    client(format!("ws://{at}/ws?password=hush{query}"), stream).unwrap().0
}

fn text_until(socket: &mut WebSocket<TcpStream>, words: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(words) {
        match socket.read().unwrap() {
            Message::Text(text) => seen.push_str(text.as_str()),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?} instead of {words:?} after {seen:?}"),
        }
    }
    seen
}

fn keys(socket: &mut WebSocket<TcpStream>, keys: &str) {
    socket.send(Message::text(wire::arthas::Keys::Read(keys.to_owned()).to_string())).unwrap();
}

#[test]
fn a_websocket_is_a_terminal_as_arthass_console_wants_it() {
    let agent = Agent::start("http-ws", options());
    let at = address(&agent);
    let mut loud = terminal(at, "");
    assert!(text_until(&mut loud, "[arthas@42]$ ").contains("demo.Main"), "a welcome");
    let mut quiet = terminal(at, "&quiet=true");
    assert_eq!(text_until(&mut quiet, "[arthas@42]$ ").trim(), "[arthas@42]$");
    for ignored in ["{", "null", r#"{"action":"other"}"#] {
        quiet.send(Message::text(ignored)).unwrap();
    }
    quiet.send(Message::binary(vec![1, 2, 3])).unwrap();
    quiet.send(Message::text(wire::arthas::Keys::Resize { cols: 100, rows: 30 }.to_string())).unwrap();
    keys(&mut quiet, "greet\r");
    text_until(&mut quiet, "hello from http\r\n");
    text_until(&mut quiet, "]$ ");
    keys(&mut quiet, "wait\r");
    text_until(&mut quiet, "waiting");
    keys(&mut quiet, "\u{3}");
    text_until(&mut quiet, "]$ ");
    keys(&mut loud, "wait\r");
    text_until(&mut loud, "waiting");
    drop(loud);
    until("the lost one is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 2);
    keys(&mut quiet, "bye\r");
    let closed = loop {
        if let Message::Close(frame) = quiet.read().unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!((u16::from(closed.code), closed.reason.as_str()), (1000, "Bye"));
}

#[test]
fn a_terminal_nobody_reads_holds_little_and_an_idle_one_is_pinged() {
    let agent = Agent::start("http-ws-slow", options());
    let at = address(&agent);
    let mut idle = terminal(at, "&quiet=true");
    text_until(&mut idle, "]$ ");
    let since = Instant::now();
    let mut slow = terminal(at, "&quiet=true");
    text_until(&mut slow, "]$ ");
    keys(&mut slow, "flood 1000000\r");
    let emitted = settled("the flood", || agent.toy.emitted.load(Ordering::SeqCst));
    assert!(emitted < 12 * 1024 * 1024, "{emitted} bytes were taken from a command nobody reads");
    assert_eq!(idle.read().unwrap(), Message::Ping(Default::default()));
    assert!((9..14).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
}

#[test]
fn a_read_only_agent_and_an_allowance_are_of_the_sessions_that_came_by_the_port() {
    for (options, wanted) in [
        (options(), [0, 0]),
        (Options { read_only: Some(true), ..options() }, [0, -1]),
        (Options { allow: Some("profile".to_owned()), ..options() }, [-1, -1]),
        (Options { allow: Some("view admin".to_owned()), read_only: Some(true), ..options() }, [0, -1]),
        (Options { permissions: Some("admin".to_owned()), ..options() }, [-1, 0]),
    ] {
        let shown = format!("{:?} {:?} {:?}", options.allow, options.read_only, options.permissions);
        let of_all = options.permissions.is_some();
        let agent = Agent::start("http-permissions", options);
        let mut web = Web::connect(address(&agent));
        let seen = ["greet", "govern"].map(|command| {
            let reply = web.api(&json!({"action": "exec", "command": command}));
            let results = reply["body"]["results"].as_array().unwrap().clone();
            results.last().unwrap()["statusCode"].as_i64().unwrap()
        });
        assert_eq!(seen, wanted, "{shown}");
        let (mut peer, _) = Peer::hello(&agent.path);
        peer.exec(1, "govern", false, 1000);
        assert_eq!(peer.finish(1).1.status, 0, "{shown}");
        peer.exec(2, "greet", false, 1000);
        assert_eq!(peer.finish(2).1.status == 0, !of_all, "{shown}");
    }
}

#[test]
fn files_are_listed_and_sent_in_parts_and_nothing_outside_is() {
    let folder = std::env::temp_dir().join(format!("oxprobe-http-output-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(folder.join("out/sub")).unwrap();
    std::fs::write(folder.join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", folder.join("out/link")).unwrap();
    let large: Vec<u8> = (0..20_000_000_u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(folder.join("out/sub/heap.hprof"), &large).unwrap();
    let agent = Agent::start("http-output", Options { output_dir: Some(folder.join("out")), ..options() });
    let at = address(&agent);
    let mut web = Web::connect(at);
    let page = web.ask("GET /arthas-output/", BASIC, "");
    assert!(page.body.contains("<a href=\"sub/\">") && !page.body.contains("link"), "{}", page.body);
    let moved = web.ask("GET /arthas-output", BASIC, "");
    assert_eq!((moved.status, moved.field("location")), (302, Some("/arthas-output/")));
    for path in ["link", "../secret", "..%2fsecret", "%2e%2e/secret", "sub/../../secret", "sub%00", ".x"] {
        let answer = web.ask(&format!("GET /arthas-output/{path}"), BASIC, "");
        assert_eq!((answer.status, answer.body.contains("secret")), (404, false), "{path}");
    }
    let part = web.ask("GET /arthas-output/sub/heap.hprof", &format!("{BASIC}Range: bytes=251-253\r\n"), "");
    assert_eq!(part.status, 206);
    assert_eq!(part.field("content-range"), Some("bytes 251-253/20000000"));
    assert_eq!(part.body.as_bytes(), [0, 1, 2]);

    let mut slow = Web::connect(at);
    slow.send(format!("GET /arthas-output/sub/heap.hprof HTTP/1.1\r\nHost: localhost\r\n{BASIC}\r\n"));
    assert_eq!(web.api(&json!({"action": "exec", "command": "greet"}))["state"], "SUCCEEDED");
    let mut received = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    let body = loop {
        let count = std::io::Read::read(&mut slow.stream, &mut buffer).unwrap();
        assert!(count > 0, "cut after {}", received.len());
        received.extend_from_slice(&buffer[..count]);
        let start = received.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        if let Some(start) = start
            && received.len() >= start + large.len()
        {
            break &received[start..];
        }
    };
    assert!(body == large, "the file as it is");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn who_only_reads_is_asked_whether_he_is_there() {
    let agent = Agent::start("http-ws-reads", options());
    let mut reader = terminal(address(&agent), "&quiet=true");
    keys(&mut reader, "drip\r");
    let since = Instant::now();
    while !matches!(reader.read().unwrap(), Message::Ping(_)) {}
    assert!((9..14).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
}
