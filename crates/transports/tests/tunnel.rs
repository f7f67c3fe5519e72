//! The tunnel against real servers on loopback: good ones, and every kind of bad one.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use support::peer::Peer;
use support::server::Server;
use support::{Agent, settled, until};
use transports::{Options, Secret};
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use wire::arthas::{Keys, Request};

const SECONDS: Duration = Duration::from_secs(5);

/// Longer than the agent's own limit of ten seconds for a step.
const PATIENCE: Duration = Duration::from_secs(25);

fn to(server: &Server) -> Options {
    Options { tunnel_url: Some(format!("ws://{}/ws", server.at())), ..Options::default() }
}

fn to_tls(server: &Server, host: &str) -> Options {
    Options { tunnel_url: Some(format!("wss://{host}:{}/ws", server.at().port())), ..Options::default() }
}

#[test]
fn it_registers_with_all_it_has_to_say() {
    let server = Server::plain();
    let options =
        Options { token: Some(Secret::new("s&cret")), app_name: Some("orders".into()), ..to(&server) };
    let agent = Agent::start("register", options);
    let control = server.upgrade();
    assert_eq!(control.path, "/ws");
    assert_eq!(control.origin, format!("http://{}", server.at()));
    let Ok(Request::Register(registration)) = Request::parse(&control.query.to_string()) else { panic!() };
    assert_eq!(registration.application.as_deref(), Some("orders"));
    assert!(registration.id.is_some_and(|id| id.starts_with("orders_pod-1-")));
    assert_eq!(registration.token.as_deref(), Some("s&cret"));
    assert!(registration.arthas_version.is_some());
    let identity = registration.identity.unwrap();
    assert_eq!((identity.protocol, identity.pid), (1, Some(42)));
    assert_eq!(identity.host.as_deref(), Some("pod-1"));
    assert_eq!(identity.jvm.as_deref(), Some("17.0.1"));
    assert_eq!(identity.version.as_deref(), Some("1.2.3"));
    assert_eq!(identity.started, Some(1_700_000_000_000));
    assert!(!agent.shell.connections().get().tunnel_connected);
}

#[test]
fn the_servers_id_is_used_from_then_on() {
    let server = Server::plain();
    let agent = Agent::start("id", to(&server));
    let mut control = server.upgrade();
    control.send("response:/?method=agentRegister&id=given%20id");
    until("it is registered", SECONDS, || agent.shell.connections().get().tunnel_connected);
    assert_eq!(agent.shell.connections().get().agent_id.as_deref(), Some("given id"));
    let console = server.console(&mut control);
    assert_eq!(console.query.get("id"), Some("given id"));
    drop(control);
    assert_eq!(server.upgrade().query.get("id"), Some("given id"));
    assert!(!agent.shell.connections().get().tunnel_connected);
}

#[test]
fn a_console_has_the_prompt_its_clients_wait_for_and_ends_with_bye() {
    let server = Server::plain();
    let _agent = Agent::start("console", to(&server));
    let mut control = server.register();
    let mut console = server.console(&mut control);
    console.text_until("[arthas@42]$ ");
    for ignored in ["{", "null", r#"{"action":"other"}"#, r#"{"action":"read"}"#] {
        console.send(ignored);
    }
    console.socket.send(Message::binary(vec![1, 2, 3])).unwrap();
    console.send(&Keys::Resize { cols: 100, rows: 30 }.to_string());
    console.keys("greet\r");
    assert!(console.text_until("hello from tunnel\r\n").contains("greet"));
    console.text_until("[arthas@42]$ ");
    console.keys("bye\r");
    assert_eq!(console.closed(), (1000, "Bye".to_owned()));
}

#[test]
fn several_consoles_live_beside_each_other_and_a_lost_one_cancels_its_command() {
    let server = Server::plain();
    let agent = Agent::start("consoles", to(&server));
    let mut control = server.register();
    let mut one = server.console(&mut control);
    let mut two = server.console(&mut control);
    one.text_until("]$ ");
    two.text_until("]$ ");
    one.keys("wait\r");
    one.text_until("waiting");
    two.keys("greet\r");
    two.text_until("hello from tunnel");
    one.keys("\u{3}");
    one.text_until("]$ ");
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);
    two.keys("wait\r");
    two.text_until("waiting");
    drop(two);
    until("the lost one is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 2);
}

#[test]
fn a_console_nobody_reads_holds_little_and_hinders_nobody() {
    let server = Server::plain();
    let agent = Agent::start("slow", to(&server));
    let mut control = server.register();
    let mut slow = server.console(&mut control);
    slow.text_until("]$ ");
    slow.keys("flood 1000000\r");
    let emitted = settled("the flood", || agent.toy.emitted.load(Ordering::SeqCst));
    // Loopback buffers of both sides are megabytes; the rest is ours.
    assert!(emitted < 12 * 1024 * 1024, "{emitted} bytes were taken from a command nobody reads");
    let mut other = server.console(&mut control);
    other.text_until("]$ ");
    other.keys("greet\r");
    other.text_until("hello from tunnel");
}

#[test]
fn an_idle_connection_is_pinged_and_a_silent_peer_given_up() {
    let server = Server::plain();
    let agent = Agent::start("heartbeat", to(&server));
    let mut control = server.register();
    let since = Instant::now();
    let ping = control.socket.read().unwrap();
    assert_eq!(ping, Message::Ping(Default::default()));
    assert!((9..13).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    // Never read again, so never answered: the peer is as good as dead.
    agent.problem("silent", Duration::from_secs(45));
    assert_eq!(server.upgrade().query.get("method"), Some("agentRegister"));
}

#[test]
fn it_comes_back_under_its_id_when_the_server_does() {
    let server = Server::plain();
    let at = server.at();
    let agent = Agent::start("back", to(&server));
    let id = server.register().query.get("id").map(str::to_owned);
    drop(server);
    agent.problem("cannot connect", SECONDS);
    let mut listener = None;
    until("the address is free", SECONDS, || {
        listener = TcpListener::bind(at).ok();
        listener.is_some()
    });
    let server = Server::of(listener.unwrap());
    let control = server.register();
    assert_eq!(control.query.get("id").map(str::to_owned), id);
    until("it is registered and has no problem", SECONDS, || {
        let seen = agent.shell.connections().get();
        seen.tunnel_connected && seen.problems.is_empty()
    });
}

#[test]
fn a_stop_says_goodbye_to_the_server_and_to_consoles() {
    let server = Server::plain();
    let mut agent = Agent::start("stop", to(&server));
    let mut control = server.register();
    let mut console = server.console(&mut control);
    console.text_until("]$ ");
    console.keys("halt\r");
    console.text_until("stopping now");
    assert_eq!(console.closed(), (1000, "Bye".to_owned()));
    assert_eq!(control.closed(), (1000, "the agent was stopped".to_owned()));
    agent.join();
    assert!(server.accept_within(Duration::from_secs(3)).is_none(), "a stopped agent does not come back");
}

#[test]
fn options_over_the_socket_move_it_to_another_server() {
    let (first, second) = (Server::plain(), Server::plain());
    let agent = Agent::start("move", to(&first));
    let mut control = first.register();
    let (mut peer, _) = Peer::hello(&agent.path);
    let url = format!("ws://{}/ws?keep=1", second.at());
    let options = [("tunnel-url".to_owned(), url)].into();
    peer.send(0, wire::Message::Configure(wire::Configure { options }));
    let moved = second.register();
    assert_eq!(moved.query.get("keep"), Some("1"));
    assert_eq!(control.closed().0, 1000);
}

#[test]
fn a_private_ca_is_trusted_when_it_is_named() {
    let (server, ca) = Server::tls(&["localhost"]);
    let file = temporary("ca-good.pem", &ca);
    let _agent = Agent::start("tls", Options { ca_file: Some(file.clone()), ..to_tls(&server, "localhost") });
    let mut control = server.register();
    let mut console = server.console(&mut control);
    console.text_until("[arthas@42]$ ");
    console.keys("flood 3000\r");
    let text = console.text_until("[arthas@42]$ ");
    assert_eq!(text.matches('x').count(), 3000 * 99);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn the_token_file_is_read_at_each_try() {
    let server = Server::plain();
    let file = temporary("token", "one\n");
    let options = Options { token_file: Some(file.clone()), ..to(&server) };
    let _agent = Agent::start("token", options);
    assert_eq!(server.upgrade().query.get("token"), Some("one"));
    std::fs::write(&file, "two\n").unwrap();
    assert_eq!(server.upgrade().query.get("token"), Some("two"));
    std::fs::remove_file(file).unwrap();
}

/// A server that misbehaves: how, and what the user reads. Each must be tried again.
struct Bad {
    name: &'static str,
    words: &'static str,
    serve: fn(&Server),
}

fn answer(server: &Server, bytes: &[u8]) {
    let mut stream = server.accept();
    let mut head = [0; 4096];
    drop(stream.read(&mut head));
    drop(stream.write_all(bytes));
    // Read on until the agent hangs up, so that it sees the answer and not a reset.
    while matches!(stream.read(&mut head), Ok(1..)) {}
}

const BAD: &[Bad] = &[
    Bad { name: "closes", words: "closed the connection", serve: |server| drop(server.accept()) },
    Bad {
        name: "hangs",
        words: "did not answer as a WebSocket server within 10 s",
        serve: |server| {
            let mut stream = server.accept();
            drop(stream.read_to_end(&mut Vec::new()));
        },
    },
    Bad {
        name: "trickles",
        words: "did not answer as a WebSocket server within 10 s",
        serve: |server| {
            let mut stream = server.accept();
            let head = b"HTTP/1.1 101 Switching Protocols\r\nX: ";
            for byte in head.iter().chain(std::iter::repeat(&b'x')) {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        },
    },
    Bad {
        name: "plain-http",
        words: "answered HTTP 200",
        serve: |server| answer(server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
    },
    Bad {
        name: "not-found",
        words: "answered HTTP 404",
        serve: |server| answer(server, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    },
    Bad {
        name: "wants-token",
        words: "wants an agent token",
        serve: |server| answer(server, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
    },
    Bad {
        name: "garbage",
        words: "does not speak HTTP",
        serve: |server| answer(server, &[0, 159, 146, 150, 13, 10, 13, 10, 255, 254]),
    },
    Bad {
        name: "ssh",
        words: "does not speak HTTP",
        serve: |server| answer(server, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n"),
    },
    Bad {
        name: "wrong-key",
        words: "not answer as a WebSocket server",
        serve: |server| {
            answer(
                server,
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: nonsense\r\n\r\n",
            );
        },
    },
    Bad {
        name: "never-confirms",
        words: "did not confirm the registration within 10 s",
        serve: |server| {
            let mut control = server.upgrade();
            while control.socket.read().is_ok() {}
        },
    },
    Bad {
        name: "talks-nonsense",
        words: "did not confirm the registration within 10 s",
        serve: |server| {
            let mut control = server.upgrade();
            control.send("response:/?method=agentRegister");
            control.send("response:/?method=%zz");
            control.send(&"x".repeat(100_000));
            while control.socket.read().is_ok() {}
        },
    },
    Bad {
        name: "broken-frames",
        words: "broke",
        serve: |server| {
            let mut control = server.register();
            drop(control.socket.get_mut().write_all(&[0xff; 64]));
            while control.socket.read().is_ok() {}
        },
    },
    Bad {
        name: "huge-frame",
        words: "more than a message may have",
        serve: |server| {
            let mut control = server.register();
            drop(control.socket.get_mut().write_all(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]));
            while control.socket.read().is_ok() {}
        },
    },
    Bad {
        name: "closes-with-reason",
        words: "closed (4001): registered elsewhere",
        serve: |server| {
            let mut control = server.register();
            let reason = CloseFrame { code: 4001.into(), reason: "registered\u{1b} elsewhere".into() };
            drop(control.socket.close(Some(reason)));
            while control.socket.read().is_ok() {}
        },
    },
];

#[test]
fn every_bad_server_is_named_and_tried_again() {
    std::thread::scope(|scope| {
        for bad in BAD {
            scope.spawn(move || {
                let server = Server::plain();
                let agent = Agent::start(bad.name, to(&server));
                let (server, serve) = (&server, bad.serve);
                std::thread::scope(|scope| {
                    scope.spawn(move || serve(server));
                    agent.problem(bad.words, PATIENCE);
                });
                let again = server.accept_within(SECONDS);
                assert!(again.is_some(), "{}: no second try", bad.name);
                let at = server.at().to_string();
                let said = |line: &&String| line.contains(&at) && line.contains(bad.words);
                assert_eq!(agent.journal.lines().iter().filter(said).count(), 1, "{}: said once", bad.name);
            });
        }
    });
}

#[test]
fn what_cannot_be_reached_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = |text: &str| Options { tunnel_url: Some(text.to_owned()), ..Options::default() };
    let file = |name: &str| Some(std::env::temp_dir().join(name));
    for (name, options, words) in [
        ("refused", url(&format!("ws://{closed}/ws")), "cannot connect"),
        ("unknown", url("ws://no-such-host.invalid:1/ws"), "cannot be resolved"),
        ("scheme", url("127.0.0.1:7777"), "no scheme"),
        ("ca", Options { ca_file: file("oxprobe-no-such.pem"), ..url("wss://localhost:1/ws") }, "ca-file"),
        (
            "token",
            Options { token_file: file("oxprobe-no-such"), ..url("ws://localhost:1/ws") },
            "token-file",
        ),
    ] {
        let agent = Agent::start(&format!("reach-{name}"), options);
        agent.problem(words, PATIENCE);
        let (mut peer, _) = Peer::hello(&agent.path);
        peer.exec(1, "greet", false, 1000);
        assert_eq!(peer.finish(1).1.status, 0, "{name}: the rest works");
    }
}

#[test]
fn certificates_are_checked() {
    let (_, other_ca) = Server::tls(&["localhost"]);
    let not_pem = temporary("ca-not.pem", "this is no certificate");
    let other_file = temporary("ca-other.pem", &other_ca);
    for (name, names, host, ca, words) in [
        ("wrong-ca", &["localhost"], "localhost", Some(other_file.clone()), "is not trusted"),
        ("unknown-ca", &["localhost"], "localhost", None, "ca-file"),
        ("wrong-name", &["elsewhere"], "localhost", None, "ca-file"),
        ("no-pem", &["localhost"], "localhost", Some(not_pem.clone()), "holds no certificate"),
    ] {
        let (server, own_ca) = Server::tls(names);
        let own_file = temporary(&format!("ca-{name}.pem"), &own_ca);
        let ca_file = if name == "wrong-name" { Some(own_file.clone()) } else { ca };
        let agent = Agent::start(&format!("cert-{name}"), Options { ca_file, ..to_tls(&server, host) });
        let ended = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (server, ended) = (&server, &ended);
            scope.spawn(move || {
                while !ended.load(Ordering::SeqCst) {
                    if let Some(stream) = server.accept_within(Duration::from_millis(100)) {
                        server.shake_hands(stream);
                    }
                }
            });
            agent.problem(words, PATIENCE);
            ended.store(true, Ordering::SeqCst);
        });
        std::fs::remove_file(own_file).unwrap();
    }
    for file in [not_pem, other_file] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_plain_server_behind_wss_is_named() {
    let server = Server::plain();
    let agent = Agent::start("no-tls", to_tls(&server, "localhost"));
    std::thread::scope(|scope| {
        scope.spawn(|| answer(&server, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        agent.problem("does not speak TLS", PATIENCE);
    });
}

fn temporary(name: &str, text: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("oxprobe-tunnel-test-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

/// What a Java object's stream holds, as text, of an answer to `httpProxy`.
fn proxied(control: &mut support::server::Upgraded, target: &str) -> String {
    control.send(&format!("response:/?method=httpProxy&id=x&targetUrl={target}&requestId=R1"));
    loop {
        match control.socket.read().unwrap() {
            Message::Text(text) => {
                let answer = wire::arthas::ProxyAnswer::parse(text.as_str()).unwrap();
                assert_eq!(answer.request, "R1");
                let bytes = wire::base64::decode(&answer.data).unwrap();
                assert!(bytes.starts_with(b"\xac\xed\x00\x05sr\x00\x33com.alibaba.arthas.tunnel.common."));
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn files_are_sent_through_the_tunnel_without_a_port() {
    let folder = std::env::temp_dir().join(format!("oxprobe-tunnel-output-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let large = "x".repeat(3 << 20);
    std::fs::write(folder.join("large.txt"), format!("{large}end")).unwrap();
    std::fs::write(folder.join("flame.html"), "flames").unwrap();
    let server = Server::plain();
    let agent = Agent::start("proxy", Options { output_dir: Some(folder.clone()), ..to(&server) });
    let mut control = server.register();
    assert!(proxied(&mut control, "/arthas-output/").contains("large.txt</a>"));
    assert!(proxied(&mut control, "/arthas-output/large.txt?x=y").contains("xxxend"));
    assert!(proxied(&mut control, "/arthas-output/../x").contains("Not found"));
    assert!(proxied(&mut control, "/api").contains("Not found"));
    let mut console = server.console(&mut control);
    console.text_until("]$ ");
    assert_eq!(agent.shell.connections().get().http, None, "no port is open for it");

    let read_only = Options { read_only: Some(true), ..Options::default() };
    agent.handle.configure(read_only, Vec::new());
    until("it may read no more than profiles", SECONDS, || {
        proxied(&mut control, "/arthas-output/large.txt").contains("permission dump")
    });
    assert!(proxied(&mut control, "/arthas-output/flame.html").contains("flames"));
    std::fs::remove_dir_all(folder).unwrap();
}
