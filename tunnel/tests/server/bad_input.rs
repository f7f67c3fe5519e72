//! Garbage on every route: an answer with a sentence, or a closed connection, and a server that
//! is as well as before.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use crate::harness::{JSON, Server, pair, within};

const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const UPGRADE: &str = "upgrade: websocket\r\nconnection: keep-alive, Upgrade\r\n";
const VERSION: &str = "sec-websocket-version: 13\r\n";

#[tokio::test]
async fn every_bad_request_gets_its_status_and_a_sentence() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let login = "/api/login";
    let long_name = format!("/ws?method=agentRegister&id={}", "x".repeat(300));
    let long_query = format!("/ws?method=agentRegister&id={}", "x".repeat(9_000));
    let big = format!(r#"{{"user":"admin","password":"{}"}}"#, "x".repeat(70_000));
    let ws = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n")
    };
    let upgrade = |path: &str| ws(path, &format!("{UPGRADE}{KEY}{VERSION}"));
    let post = |path: &str, headers: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let json = "content-type: application/json\r\n";
    let session = format!("cookie: {cookie}\r\n");
    for (what, request, status) in [
        ("no upgrade", ws("/ws?method=agentRegister", ""), 426),
        (
            "another upgrade",
            ws("/ws", &format!("upgrade: h2c\r\nconnection: upgrade\r\n{KEY}{VERSION}")),
            426,
        ),
        ("an old WebSocket", ws("/ws", &format!("{UPGRADE}{KEY}sec-websocket-version: 8\r\n")), 426),
        ("no key", ws("/ws", &format!("{UPGRADE}{VERSION}")), 400),
        ("a short key", ws("/ws", &format!("{UPGRADE}{VERSION}sec-websocket-key: AAAA\r\n")), 400),
        ("no method", upgrade("/ws"), 400),
        ("an empty method", upgrade("/ws?method="), 400),
        ("an unknown method", upgrade("/ws?method=nope"), 400),
        ("an empty id", upgrade("/ws?method=connectArthas&id="), 400),
        ("no connection id", upgrade("/ws?method=openTunnel&id=a_1"), 400),
        ("an unknown connection id", upgrade("/ws?method=openTunnel&clientConnectionId=X"), 404),
        ("half an escape", upgrade("/ws?method=agentRegister&id=%4"), 400),
        ("no UTF-8", upgrade("/ws?method=agentRegister&id=%ff"), 400),
        ("an escape sequence as id", upgrade("/ws?method=agentRegister&token=TOKEN1&id=%1b%5b31m"), 400),
        ("a long id", upgrade(&long_name), 400),
        ("a long query", upgrade(&long_query), 400),
        ("POST to /ws", post("/ws", "", ""), 405),
        ("GET of login", ws(login, ""), 405),
        (
            "DELETE of the listing",
            "DELETE /api/agents HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".into(),
            405,
        ),
        ("POST to the console", post("/", "", ""), 405),
        ("no body", post(login, json, ""), 400),
        ("no JSON", post(login, json, "user=admin"), 400),
        ("another JSON", post(login, json, "[]"), 400),
        ("half a JSON", post(login, json, r#"{"user":"admin""#), 400),
        ("deep JSON", post(login, json, &"[".repeat(60_000)), 400),
        ("no UTF-8 in JSON", post(login, json, "{\"user\":\"\u{fffd}"), 400),
        ("a form", post(login, "content-type: application/x-www-form-urlencoded\r\n", "user=admin"), 415),
        ("a big body", post(login, json, &big), 413),
        (
            "a big body in chunks",
            format!(
                "POST {login} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{json}transfer-encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n",
                big.len()
            ),
            413,
        ),
        ("no app", ws("/api/tunnelAgentInfo", &session), 400),
        ("no agent id", ws("/api/tunnelAgents?agentId", &session), 400),
        ("half an escape in a listing", ws("/api/tunnelAgents?agentId=%", &session), 400),
        ("no UTF-8 in a path", post("/api/agents/%ff/exec", &format!("{session}{json}"), "{}"), 400),
        ("an agent's pages", ws("/proxy/a_1/x", &session), 501),
        ("nothing there", ws("/api/nothing", &session), 404),
    ] {
        let answer = server.raw(request.as_bytes()).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        let error =
            answer.json()["error"].as_str().unwrap_or_else(|| panic!("{what}: {answer:?}")).to_owned();
        assert!(error.len() > 15 && error.ends_with('.'), "{what}: {error}");
    }
    server.login().await;
}

#[tokio::test]
async fn bytes_that_are_no_http_only_cost_their_connection() {
    let server = Server::start(&[]);
    let many = (0..200).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    for (what, bytes) in [
        ("noise", vec![0, 159, 146, 150, 255, 13, 10, 13, 10]),
        ("a TLS hello", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 512]].concat()),
        ("no version", b"GET /\r\n\r\n".to_vec()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a long head", format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000)).into_bytes()),
        ("many headers", format!("GET / HTTP/1.1\r\n{many}\r\n").into_bytes()),
        ("a long address", format!("GET /{} HTTP/1.1\r\n\r\n", "y".repeat(100_000)).into_bytes()),
        (
            "two lengths",
            b"POST /api/login HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx".to_vec(),
        ),
        ("a bad length", b"POST /api/login HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec()),
    ] {
        let answer = server.raw(&bytes).await;
        assert!(matches!(answer.status, 0 | 400..=499), "{what}: {answer:?}");
        assert_eq!(server.http("GET", "/healthz", &[], "").await.status, 200, "{what}");
    }
}

#[tokio::test]
async fn who_does_not_finish_a_request_in_time_is_cut_off() {
    let server = Server::start(&["--request-within", "500"]);
    for (what, bytes) in [
        ("nothing at all", ""),
        ("half a head", "GET / HTTP/1.1\r\nx: y"),
        (
            "half a body",
            "POST /api/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
        ),
    ] {
        let mut stream = server.tcp().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let start = Instant::now();
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        assert!(start.elapsed() < Duration::from_secs(5), "{what}");
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{what}: {text}");
    }
}

#[tokio::test]
async fn more_connections_than_allowed_are_told_to_come_back() {
    let server = Server::start(&["--max-connections", "3"]);
    let (first, second) = (server.agent("a_1").await, server.agent("a_2").await);
    let third = server.agent("a_3").await;
    let full = server.http("GET", "/healthz", &[], "").await;
    assert_eq!(full.status, 503);
    assert_eq!(full.header("retry-after"), Some("10"));
    drop((first, second, third));
    let start = Instant::now();
    while server.http("GET", "/healthz", &[], "").await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(10), "places are not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn malformed_frames_only_end_their_own_connection() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let unmasked = vec![0x81, 2, b'h', b'i'];
    let reserved_bits = vec![0xf1, 0x80, 1, 2, 3, 4];
    let reserved_code = vec![0x83, 0x80, 1, 2, 3, 4];
    let huge = vec![0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4];
    let long_ping = [vec![0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0], vec![0; 256]].concat();
    let stray = vec![0x80, 0x80, 1, 2, 3, 4];
    let no_utf8 = vec![0x81, 0x81, 0, 0, 0, 0, 0xff];
    for bytes in [unmasked, reserved_bits, reserved_code, huge, long_ping, stray, no_utf8] {
        let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
        terminal.0.get_mut().write_all(&bytes).await.unwrap();
        let (code, _) =
            console.closed().await.unwrap_or_else(|| panic!("{bytes:?} does not end the console"));
        assert!(matches!(code, 1009 | 1011), "{bytes:?}: {code}");
        let mut control = server.agent("a_garbage").await.control;
        control.0.get_mut().write_all(&bytes).await.unwrap();
        control.closed().await;
        server.agent_is(&cookie, "a_garbage", "lost").await;
    }
    let fragment = |data, last| {
        let header = FrameHeader { is_final: last, opcode: OpCode::Data(data), ..FrameHeader::default() };
        Message::Frame(Frame::from_payload(header, b"ab".to_vec().into()))
    };
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    terminal.0.send(fragment(Data::Text, false)).await.unwrap();
    let ping = FrameHeader { opcode: OpCode::Control(Control::Ping), ..FrameHeader::default() };
    terminal.0.send(Message::Frame(Frame::from_payload(ping, Vec::new().into()))).await.unwrap();
    terminal.0.send(fragment(Data::Continue, true)).await.unwrap();
    assert_eq!(console.text().await, "abab", "fragments with a ping between them are one message");
}

#[tokio::test]
async fn a_flood_of_logins_leaves_the_rest_of_the_server_alone() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let body = r#"{"user":"admin","password":"wrong"}"#;
    let flood =
        futures_util::future::join_all((0..100).map(|_| server.http("POST", "/api/login", &[JSON], body)));
    let typing = async {
        for _ in 0..50 {
            terminal.send("key").await;
            assert_eq!(console.text().await, "key");
        }
    };
    let (answers, ()) = tokio::join!(flood, typing);
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)));
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 5);
}
