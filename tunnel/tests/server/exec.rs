//! One command for a script, against an agent that behaves as a terminal's other end does.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use wire::arthas::Keys;

use crate::harness::{Agent, Answer, JSON, PASSWORD, Server, Ws};

const PROMPT: &str = "\u{1b}[32m[arthas@42]$\u{1b}[0m ";

async fn run(server: &Server, id: &str, body: &str) -> Answer {
    let basic = data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes());
    let login = ("authorization", format!("Basic {basic}"));
    server.http("POST", &format!("/api/agents/{id}/exec"), &[JSON, (login.0, &login.1)], body).await
}

/// Banner and prompt, then waits for a line; returns it. Checks that a size came first.
async fn greet(console: &mut Ws) -> String {
    let Some(Keys::Resize { cols, .. }) = Keys::parse(&console.text().await) else { panic!("no size") };
    assert!(cols >= 200);
    for text in ["banner\r\n", "\r\n", PROMPT] {
        console.send(Message::text(text)).await;
    }
    let mut line = String::new();
    while !line.ends_with('\r') {
        let Some(Keys::Read(keys)) = Keys::parse(&console.text().await) else { panic!("no keys") };
        // Echo it as a line editor does: key by key, or the whole line anew.
        console.send(Message::text(keys.trim_end_matches('\r'))).await;
        console.send(Message::text(format!("\r{PROMPT}{}{}", line, keys.trim_end_matches('\r')))).await;
        line += &keys;
    }
    console.send(Message::text("\r\n")).await;
    line.trim_end_matches('\r').to_owned()
}

async fn answer(mut agent: Agent, server: &Server, output: &[&str]) -> Ws {
    let mut console = agent.console(server).await;
    greet(&mut console).await;
    for text in output {
        console.send(Message::text(*text)).await;
    }
    console
}

#[tokio::test]
async fn a_line_is_typed_at_the_prompt_and_what_it_prints_is_the_answer() {
    let server = Server::start(&[]);
    let agent = server.agent("a_1").await;
    let prompt = [PROMPT];
    let texts =
        [&["\u{1b}[31;1mone\u{1b}[0m", "\r\n", "[arthas@42]$ not yet\r\n", "\r\n", "two\r\n"][..], &prompt]
            .concat();
    let (got, _console) =
        tokio::join!(run(&server, "a_1", r#"{"line":"thread -n 3"}"#), answer(agent, &server, &texts));
    assert_eq!(got.status, 200, "{got:?}");
    let got = got.json();
    assert_eq!(got["output"], "one\n[arthas@42]$ not yet\n\ntwo\n");
    assert_eq!((got["closed"].clone(), got["truncated"].clone()), (false.into(), false.into()));
}

#[tokio::test]
async fn escape_sequences_stay_where_they_are_wanted() {
    let server = Server::start(&[]);
    let agent = server.agent("a_1").await;
    let (got, _console) = tokio::join!(
        run(&server, "a_1", r#"{"line":"version","ansi":true}"#),
        answer(agent, &server, &["\u{1b}[31mone\u{1b}[0m\r\n", PROMPT])
    );
    assert_eq!(got.json()["output"], "\u{1b}[31mone\u{1b}[0m\r\n");
}

#[tokio::test]
async fn a_command_that_does_not_end_is_interrupted_and_shows_what_it_printed() {
    let server = Server::start(&[]);
    let agent = server.agent("a_1").await;
    let work = async {
        let mut console = answer(agent, &server, &["tick\r\n"]).await;
        console.text().await
    };
    let (got, keys) = tokio::join!(run(&server, "a_1", r#"{"line":"dashboard","timeoutMs":500}"#), work);
    assert_eq!(got.status, 504);
    let got = got.json();
    assert_eq!(got["output"], "tick\n");
    assert!(got["error"].as_str().unwrap().contains("within 0.5 s"));
    assert_eq!(Keys::parse(&keys), Some(Keys::Read("\u{3}".into())));
}

#[tokio::test]
async fn a_command_that_ends_the_console_is_an_answer_too() {
    let server = Server::start(&[]);
    let agent = server.agent("a_1").await;
    let work = async {
        let mut console = answer(agent, &server, &["Bye\r\n"]).await;
        console.0.close(None).await.unwrap();
    };
    let (got, ()) = tokio::join!(run(&server, "a_1", r#"{"line":"stop"}"#), work);
    assert_eq!(got.status, 200);
    assert_eq!(got.json()["output"], "Bye\n");
    assert_eq!(got.json()["closed"], true);
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_a_sentence() {
    let server = Server::start(&["--console-wait", "300"]);
    let _silent = server.agent("a_1").await;
    let long = format!(r#"{{"line":"{}"}}"#, "x".repeat(40_000));
    for (id, body, status, word) in [
        ("nope", r#"{"line":"version"}"#, 404, "No agent 'nope'"),
        ("a_1", r#"{"line":"version"}"#, 504, "did not open"),
        ("a_1", r#"{"line":"a\nb"}"#, 400, "one line"),
        ("a_1", r#"{"line":"\u0003"}"#, 400, "one line"),
        ("a_1", r#"{"line":" "}"#, 400, "one line"),
        ("a_1", &long, 400, "at most"),
        ("a_1", r#"{"line":"x","timeoutMs":0}"#, 400, "timeoutMs"),
        ("a_1", r#"{"line":"x","timeoutMs":1e9}"#, 400, "JSON"),
        ("a_1", r#"{"line":"x","timeoutMs":999999999}"#, 400, "timeoutMs"),
        ("a_1", r#"{"lime":"x"}"#, 400, "lime"),
        ("a_1", "{", 400, "JSON"),
    ] {
        let got = run(&server, id, body).await;
        assert_eq!(got.status, status, "{body:.60}: {got:?}");
        assert!(got.json()["error"].as_str().unwrap().contains(word), "{body:.60}: {got:?}");
    }
}

#[tokio::test]
async fn no_prompt_is_a_failure_that_says_so() {
    let server = Server::start(&[]);
    let mut agent = server.agent("a_1").await;
    let work = async {
        let console = agent.console(&server).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        drop(console);
    };
    let (got, ()) = tokio::join!(run(&server, "a_1", r#"{"line":"version","timeoutMs":300}"#), work);
    assert_eq!(got.status, 504);
    assert!(got.json()["error"].as_str().unwrap().contains("no prompt"));
}
