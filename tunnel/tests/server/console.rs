//! Terminals: opening, relaying, and every way they end.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::harness::{Server, pair};

#[tokio::test]
async fn frames_pass_both_ways_as_they_are() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let messages = [
        Message::text(r#"{"action":"resize","cols":100,"rows":30}"#),
        Message::text(""),
        Message::text("\u{4e2d}\u{1b}[31m"),
        Message::binary(vec![0, 255]),
        Message::text("x".repeat(1_500_000)),
    ];
    for message in &messages {
        terminal.send(message.clone()).await;
        assert_eq!(&console.data().await, message);
        console.send(message.clone()).await;
        assert_eq!(&terminal.data().await, message);
    }
    server.agent_is(&cookie, "a_1", "connected").await;
    assert_eq!(server.listed(&cookie).await[0]["sessions"], 1);
}

#[tokio::test]
async fn no_key_typed_before_the_console_is_open_is_lost() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let mut terminal = server.browser(&cookie, "a_1").await.unwrap();
    // More than is kept: the rest waits in the socket.
    let keys: Vec<_> = (0..3_000).map(|n| format!(r#"{{"action":"read","data":"{n}"}}"#)).collect();
    for key in &keys {
        terminal.send(Message::text(key.as_str())).await;
    }
    let mut console = agent.console(&server).await;
    for key in &keys {
        assert_eq!(&console.text().await, key);
    }
}

#[tokio::test]
async fn an_unknown_or_lost_agent_is_told_at_once() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut terminal = server.browser(&cookie, "nope%1b").await.unwrap();
    assert!(terminal.text().await.contains("No agent 'nope\\u{1b}' is connected"));
    let (code, reason) = terminal.closed().await.unwrap();
    assert_eq!(code, 4004);
    assert!(reason.contains("nope"));

    drop(server.agent("a_1").await);
    server.agent_is(&cookie, "a_1", "lost").await;
    let mut terminal = server.browser(&cookie, "a_1").await.unwrap();
    assert!(terminal.text().await.contains("is not connected"));
    assert_eq!(terminal.closed().await.unwrap().0, 4004);
}

#[tokio::test]
async fn an_agent_that_does_not_open_its_console_is_given_up_without_holding_up_others() {
    let server = Server::start(&["--console-wait", "1000"]);
    let cookie = server.login().await;
    let mut silent = server.agent("a_silent").await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(server.browser(&cookie, "a_silent").await.unwrap());
    }
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    console.send("banner").await;
    assert_eq!(terminal.text().await, "banner");
    for mut terminal in waiting {
        assert!(terminal.text().await.contains("did not open a console within 1 s"));
        assert_eq!(terminal.closed().await.unwrap().0, 4008);
    }
    // Too late: nobody waits for it any more.
    let connection = silent.ordered().await;
    let late = format!("/ws?method=openTunnel&clientConnectionId={connection}&id=a_silent");
    assert_eq!(server.ws(&late, &[]).await.err(), Some(404));
}

#[tokio::test]
async fn an_agent_lost_while_its_console_opens_is_told() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let mut terminal = server.browser(&cookie, "a_1").await.unwrap();
    agent.ordered().await;
    drop(agent);
    assert!(terminal.text().await.contains("was lost while its console was opening"));
    assert_eq!(terminal.closed().await.unwrap().0, 4004);
}

#[tokio::test]
async fn a_connection_id_is_good_once_and_only_for_its_agent() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let _terminal = server.browser(&cookie, "a_1").await.unwrap();
    let connection = agent.ordered().await;
    let open = |id: &str, agent: &str| format!("/ws?method=openTunnel&clientConnectionId={id}&id={agent}");
    assert_eq!(server.ws(&open("AAAAAAAAAAAAAAAAAAAA", "a_1"), &[]).await.err(), Some(404));
    assert_eq!(server.ws(&open(&connection, "a_2"), &[]).await.err(), Some(404));
    assert!(server.ws(&open(&connection, "a_1"), &[]).await.is_ok());
    assert_eq!(server.ws(&open(&connection, "a_1"), &[]).await.err(), Some(404));
}

#[tokio::test]
async fn a_goodbye_passes_through_with_code_and_reason_both_ways() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let bye = || CloseFrame { code: 1000.into(), reason: "Bye".into() };

    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    console.send("last words").await;
    console.0.close(Some(bye())).await.unwrap();
    assert_eq!(terminal.text().await, "last words");
    assert_eq!(terminal.closed().await, Some((1000, "Bye".into())));

    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    terminal.0.close(Some(bye())).await.unwrap();
    assert_eq!(console.closed().await, Some((1000, "Bye".into())));

    // Arthas's `stop` closes TCP without a word.
    let (mut terminal, console) = pair(&server, &cookie, &mut agent).await;
    drop(console);
    let (code, reason) = terminal.closed().await.unwrap();
    assert_eq!(code, 1011);
    assert!(reason.contains("agent's console is gone"), "{reason}");
}

#[tokio::test]
async fn a_frame_that_is_too_long_ends_its_console_and_no_other() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut other, mut other_console) = pair(&server, &cookie, &mut agent).await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let _ = terminal.0.send(Message::text("x".repeat(3_000_000))).await;
    assert_eq!(console.closed().await.unwrap().0, 1009);
    other.send("still here").await;
    assert_eq!(other_console.text().await, "still here");
}

#[tokio::test]
async fn a_slow_browser_slows_its_agent_and_nothing_grows() {
    let server = Server::start(&[]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let before = server.rss();
    let chunk = "x".repeat(64 * 1024);
    let mut sent = 0;
    // Nobody reads the terminal; at some point the agent cannot send any more.
    while timeout(Duration::from_secs(1), console.0.send(Message::text(format!("{sent:08}{chunk}"))))
        .await
        .is_ok()
    {
        sent += 1;
        assert!(sent < 1_000, "64 MB went into a terminal that nobody reads");
    }
    let grown = server.rss().saturating_sub(before);
    println!("{sent} chunks of 64 KiB until it stood; the server grew by {grown} KiB");
    assert!(grown < 8 * 1024, "the server grew by {grown} KiB");
    // What could not be sent is still in the console's own buffer.
    for n in 0..=sent {
        assert_eq!(&terminal.text().await[..8], &format!("{n:08}"));
        if n == sent / 2 {
            timeout(Duration::from_secs(10), console.0.flush()).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_terminal_that_never_reads_is_given_up_at_last() {
    let server = Server::start(&["--stuck-after", "500"]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (_terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    let chunk = "x".repeat(64 * 1024);
    let flood = async { while console.0.send(Message::text(chunk.as_str())).await.is_ok() {} };
    timeout(Duration::from_secs(15), flood).await.expect("the console is closed");
    server.agent_is(&cookie, "a_1", "connected").await;
}

#[tokio::test]
async fn quiet_consoles_are_pinged_on_both_sides_and_the_silent_ones_end() {
    let server = Server::start(&["--ping-after", "100", "--silent-after", "600"]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let (mut terminal, mut console) = pair(&server, &cookie, &mut agent).await;
    for _ in 0..8 {
        let (at_terminal, at_console) = tokio::join!(terminal.next(), console.next());
        assert_eq!(at_terminal, Some(Message::Ping(Vec::new().into())));
        assert_eq!(at_console, Some(Message::Ping(Vec::new().into())));
        // The control connection is answered meanwhile.
        let _ = timeout(Duration::from_millis(1), agent.control.0.flush()).await;
    }
    // From here on the console is not read, so its pings stay unanswered.
    let (code, reason) = terminal.closed().await.unwrap();
    assert_eq!(code, 1011);
    assert!(reason.contains("no sign of life for 0.6 s"), "{reason}");
}

#[tokio::test]
async fn a_browser_needs_a_login_and_must_show_our_own_page() {
    let server = Server::start(&["--allow-origin", "https://console.example.com"]);
    let cookie = server.login().await;
    let mut agent = server.agent("a_1").await;
    let path = "/ws?method=connectArthas&id=a_1";
    let own = format!("http://127.0.0.1:{}", server.port);
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(server.ws(path, &[("origin", &own)]).await.err(), Some(401));
    assert_eq!(server.ws(path, &[("cookie", "oxprobe_session=X"), ("origin", &own)]).await.err(), Some(401));
    assert_eq!(server.ws(path, &[cookie]).await.err(), Some(403));
    assert_eq!(server.ws(path, &[cookie, ("origin", "http://evil.example.com")]).await.err(), Some(403));
    let register = "/ws?method=agentRegister&token=TOKEN1";
    assert_eq!(server.ws(register, &[cookie, ("origin", "http://evil.example.com")]).await.err(), Some(403));
    for origin in [own.as_str(), "https://console.example.com"] {
        let _terminal = server.ws(path, &[cookie, ("origin", origin)]).await.unwrap();
        agent.ordered().await;
    }
    let basic = data_encoding::BASE64.encode(b"admin:correct horse");
    let basic = ("authorization", format!("Basic {basic}"));
    assert!(server.ws(path, &[(basic.0, &basic.1)]).await.is_ok(), "a script may show its password");
    let evil = ("origin", "http://evil.example.com");
    assert_eq!(server.ws(path, &[(basic.0, &basic.1), evil]).await.err(), Some(403));
}

#[tokio::test]
async fn logging_out_closes_the_terminals_of_that_login_only() {
    let server = Server::start(&[]);
    let (first, second) = (server.login().await, server.login().await);
    let mut agent = server.agent("a_1").await;
    let (mut ends, _console) = pair(&server, &first, &mut agent).await;
    let mut opens = server.browser(&first, "a_1").await.unwrap();
    agent.ordered().await;
    let (mut stays, mut console) = pair(&server, &second, &mut agent).await;
    assert_eq!(server.http("POST", "/api/logout", &[("cookie", &first)], "").await.status, 200);
    assert_eq!(ends.closed().await.unwrap().0, 4010);
    assert_eq!(opens.closed().await.unwrap().0, 4010);
    console.send("still here").await;
    assert_eq!(stays.text().await, "still here");
    assert_eq!(server.browser(&first, "a_1").await.err(), Some(401));
}
