//! The HTTP API of a running loop: its eight actions, with a toy shell and real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::web::{BASIC, Web, address, options};
use support::{Agent, until};

const SECONDS: Duration = Duration::from_secs(10);

fn kinds(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["type"].as_str().unwrap()).collect()
}

fn results(reply: &Value) -> &Vec<Value> {
    reply["body"]["results"].as_array().unwrap_or_else(|| panic!("{reply}"))
}

#[test]
fn a_command_without_a_session_is_answered_with_its_results_and_status() {
    let agent = Agent::start("api-exec", options());
    let mut web = Web::connect(address(&agent));
    let body = r#"{"action":"EXEC","command":" greet ","requestId":"r1"}"#;
    let answer = web.ask("POST /api", BASIC, body);
    assert_eq!(answer.field("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.field("connection"), Some("keep-alive"));
    let reply = answer.json();
    let (job, session) = (&reply["body"]["jobId"], reply["sessionId"].as_str().unwrap());
    let expected = format!(
        r#"{{"body":{{"command":" greet ","jobId":{job},"jobStatus":"TERMINATED","results":[{{"jobId":{job},"text":"hello from http","type":"line"}},{{"jobId":{job},"statusCode":0,"type":"status"}}],"timeExpired":false}},"requestId":"r1","sessionId":"{session}","state":"SUCCEEDED"}}"#
    );
    assert_eq!(answer.body, expected);
    assert_eq!(session.len(), 32);
    let gone = web.api(&json!({"action": "session_info", "sessionId": session}));
    assert_eq!(gone["message"], format!("session not found: {session}"), "its session lived as long as it");
}

#[test]
fn what_is_wrong_with_a_request_is_said_as_its_clients_know_it() {
    let agent = Agent::start("api-errors", options());
    let mut web = Web::connect(address(&agent));
    let (session, _) = web.session();
    for (request, state, message) in [
        (json!({}), "FAILED", "'action' is required".to_owned()),
        (json!({"action": "nope"}), "FAILED", "unknown action: nope".to_owned()),
        (json!({"action": "async_exec"}), "FAILED", "'sessionId' is required".to_owned()),
        (json!({"action": "pull_results", "sessionId": "x"}), "FAILED", "session not found: x".to_owned()),
        (json!({"action": "exec", "sessionId": "x"}), "FAILED", "session not found: x".to_owned()),
        (
            json!({"action": "pull_results", "sessionId": session}),
            "FAILED",
            "'consumerId' is required".to_owned(),
        ),
        (
            json!({"action": "pull_results", "sessionId": session, "consumerId": "y"}),
            "FAILED",
            "consumer not found: y".to_owned(),
        ),
        (
            json!({"action": "interrupt_job", "sessionId": session}),
            "FAILED",
            "no foreground job is running".to_owned(),
        ),
    ] {
        let reply = web.api(&request);
        assert_eq!((&reply["state"], &reply["message"]), (&json!(state), &json!(message)), "{request}");
    }
    for (command, words) in [("nosuch x", "nosuch: command not found"), ("", "'command' is required")] {
        for (action, prefix) in
            [("exec", "Exec command failed: "), ("async_exec", "Async exec command failed: ")]
        {
            let reply = web.api(&json!({"action": action, "sessionId": session, "command": command}));
            assert_eq!(reply["state"], "FAILED");
            let message = reply["message"].as_str().unwrap();
            assert!(message.starts_with(&format!("{prefix}{words}")), "{message}");
        }
    }
    let get = web.ask("GET /api", BASIC, "");
    assert_eq!(get.body, r#"{"message":"Unsupported http method: GET","state":"REFUSED"}"#);
    let empty = web.ask("POST /api", BASIC, "").json();
    assert_eq!(empty["message"], "Process request error: parse request failed: request body is empty");
    let broken = web.ask("POST /api", BASIC, "{").json();
    let message = broken["message"].as_str().unwrap();
    assert!(message.starts_with("Process request error: parse request failed: EOF"), "{message}");
}

#[test]
fn a_command_that_takes_too_long_is_interrupted_and_its_results_so_far_are_given() {
    let agent = Agent::start("api-timeout", options());
    let mut web = Web::connect(address(&agent));
    let since = Instant::now();
    let reply = web.api(&json!({"action": "exec", "command": "wait", "execTimeout": "300"}));
    assert!(since.elapsed() >= Duration::from_millis(300) && since.elapsed() < Duration::from_secs(2));
    assert_eq!(reply["state"], "INTERRUPTED");
    assert_eq!(reply["body"]["timeExpired"], true);
    assert_eq!(reply["body"]["timeout"], 300);
    assert_eq!(reply["body"]["jobStatus"], "TERMINATED");
    assert_eq!(kinds(results(&reply)), ["line", "status"]);
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);
}

#[test]
fn a_session_shows_what_runs_in_it_to_all_its_clients() {
    let agent = Agent::start("api-session", options());
    let mut web = Web::connect(address(&agent));
    let (session, consumer) = web.session();
    assert_eq!(consumer, format!("{session}_1"));
    let first = web.pull_until(&session, &consumer, "input_status");
    assert_eq!(kinds(&first), ["message", "welcome", "input_status"]);
    assert_eq!(first[1]["pid"], "42");
    assert_eq!(first[2]["inputStatus"], "ALLOW_INPUT");

    let reply = web.api(&json!({"action": "async_exec", "sessionId": session, "command": "greet"}));
    assert_eq!(reply["state"], "SCHEDULED");
    assert_eq!(reply["body"]["jobStatus"], "READY");
    let seen = web.pull_until(&session, &consumer, "status");
    assert_eq!(seen[0]["type"], "command");
    assert_eq!(seen[0]["jobId"], reply["body"]["jobId"]);
    assert!(kinds(&seen).contains(&"line"), "{seen:#?}");

    let joined = web.api(&json!({"action": "join_session", "sessionId": session}));
    assert_eq!(joined["consumerId"], format!("{session}_2"));
    let second = joined["consumerId"].as_str().unwrap().to_owned();
    let recalled = web.pull_until(&session, &second, "status");
    assert_eq!(
        kinds(&recalled),
        ["input_status", "message", "welcome", "command", "line", "status", "input_status"]
    );
    assert_eq!(recalled[0]["inputStatus"], "DISABLED");
    assert_eq!(recalled[6]["inputStatus"], "ALLOW_INPUT");

    let reply = web.api(&json!({"action": "exec", "sessionId": session, "command": "greet"}));
    assert_eq!(reply["state"], "SUCCEEDED");
    assert_eq!(reply["sessionId"], json!(session));
    let told = web.api(&json!({"action": "session_info", "sessionId": session}));
    assert_eq!(told["body"]["pid"], 42);
    assert!(told["body"]["createTime"].as_u64() <= told["body"]["lastAccessTime"].as_u64(), "{told}");
    let closed =
        web.ask("POST /api", BASIC, &json!({"action": "close_session", "sessionId": session}).to_string());
    assert_eq!(closed.body, r#"{"state":"SUCCEEDED"}"#);
    let gone = web.api(&json!({"action": "close_session", "sessionId": session}));
    assert_eq!(gone["state"], "FAILED");
}

#[test]
fn one_command_runs_at_a_time_and_is_interrupted_by_anybody_in_the_session() {
    let agent = Agent::start("api-interrupt", options());
    let at = address(&agent);
    let mut web = Web::connect(at);
    let (session, consumer) = web.session();
    let ask =
        |action: &str, command: &str| json!({"action": action, "sessionId": session, "command": command});
    web.api(&ask("async_exec", "wait"));
    web.pull_until(&session, &consumer, "line");
    for action in ["exec", "async_exec"] {
        let reply = web.api(&ask(action, "greet"));
        assert_eq!(
            (&reply["state"], &reply["message"]),
            (&json!("REFUSED"), &json!("Another command is executing."))
        );
    }
    let reply = web.api(&ask("interrupt_job", ""));
    assert_eq!((&reply["state"], &reply["body"]["jobStatus"]), (&json!("SUCCEEDED"), &json!("TERMINATED")));
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);
    web.pull_until(&session, &consumer, "status");

    let mut other = Web::connect(at);
    other.ask_api(&ask("exec", "wait"));
    while web.pull_until(&session, &consumer, "input_status").last().unwrap()["inputStatus"]
        != "ALLOW_INTERRUPT"
    {}
    let reply = web.api(&ask("async_exec", "greet"));
    assert_eq!(reply["message"], "Another command is executing.");
    web.api(&ask("interrupt_job", ""));
    let reply = other.answer().json();
    assert_eq!(reply["state"], "SUCCEEDED");
    assert_eq!(results(&reply).last().unwrap()["statusCode"], -1);
    assert_eq!(web.api(&ask("exec", "greet"))["state"], "SUCCEEDED", "the session is free again");
}

#[test]
fn a_pull_waits_for_a_result_and_no_longer_than_two_seconds() {
    let agent = Agent::start("api-pull", options());
    let at = address(&agent);
    let mut web = Web::connect(at);
    let (session, consumer) = web.session();
    web.pull_until(&session, &consumer, "input_status");
    let pull = json!({"action": "pull_results", "sessionId": session, "consumerId": consumer});
    let since = Instant::now();
    let reply = web.api(&pull);
    assert!(results(&reply).is_empty());
    assert!((1900..3000).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());

    web.ask_api(&pull);
    let mut other = Web::connect(at);
    let since = Instant::now();
    other.api(&json!({"action": "async_exec", "sessionId": session, "command": "greet"}));
    let reply = web.answer().json();
    assert!(since.elapsed() < Duration::from_millis(500), "{:?}", since.elapsed());
    assert!(!results(&reply).is_empty());
}

#[test]
fn a_client_that_pulls_loses_nothing_and_one_that_does_not_holds_up_nobody() {
    let agent = Agent::start("api-slow", options());
    let at = address(&agent);
    let mut web = Web::connect(at);
    let (session, consumer) = web.session();
    let joined = web.api(&json!({"action": "join_session", "sessionId": session}));
    let lazy = joined["consumerId"].as_str().unwrap().to_owned();
    web.pull_until(&session, &consumer, "input_status");
    web.api(&json!({"action": "async_exec", "sessionId": session, "command": "flood 3000"}));
    let seen = web.pull_until(&session, &consumer, "status");
    assert_eq!(kinds(&seen).iter().filter(|kind| **kind == "line").count(), 3000);
    let kept = web.pull_until(&session, &lazy, "status");
    assert_eq!(kept.len(), 50, "the newest");
    assert_eq!(kept.last().unwrap()["inputStatus"], "ALLOW_INPUT");
}

#[test]
fn a_command_whose_results_nobody_takes_is_interrupted() {
    let agent = Agent::start("api-deserted", options());
    let mut web = Web::connect(address(&agent));
    let (session, consumer) = web.session();
    web.api(&json!({"action": "async_exec", "sessionId": session, "command": "flood 100000000"}));
    until("it is interrupted", Duration::from_secs(15), || agent.toy.cancelled.load(Ordering::SeqCst) == 1);
    assert!(agent.toy.emitted.load(Ordering::SeqCst) < 1024 * 1024, "the command waited meanwhile");
    let seen = web.pull_until(&session, &consumer, "message");
    assert!(seen.len() <= 51, "{}", seen.len());
    let greet = json!({"action": "exec", "sessionId": session, "command": "greet"});
    until("the session is free again", SECONDS, || web.api(&greet)["state"] == "SUCCEEDED");
}

#[test]
fn who_has_read_the_status_of_a_command_may_start_the_next() {
    let agent = Agent::start("api-next", options());
    let mut web = Web::connect(address(&agent));
    let (session, consumer) = web.session();
    let greet = json!({"action": "async_exec", "sessionId": session, "command": "greet"});
    for _ in 0..200 {
        let reply = web.api(&greet);
        assert_eq!(reply["state"], "SCHEDULED", "{reply}");
        web.pull_until(&session, &consumer, "status");
    }
}

#[test]
fn a_flood_into_one_answer_is_cut_but_keeps_its_status() {
    let agent = Agent::start("api-flood", options());
    let mut web = Web::connect(address(&agent));
    let reply = web.api(&json!({"action": "exec", "command": "flood 2000"}));
    assert_eq!(results(&reply).len(), 501);
    assert_eq!(results(&reply).last().unwrap()["type"], "status");
}

#[test]
fn a_client_that_vanishes_takes_its_command_along() {
    let agent = Agent::start("api-vanish", options());
    let at = address(&agent);
    for round in 1..=20 {
        let mut web = Web::connect(at);
        web.ask_api(&json!({"action": "exec", "command": "wait", "execTimeout": 600_000}));
        drop(web);
        until("it is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) >= round);
    }
    let mut web = Web::connect(at);
    assert_eq!(web.api(&json!({"action": "exec", "command": "greet"}))["state"], "SUCCEEDED");
}

#[test]
fn a_hundred_sessions_at_once_do_not_hold_each_other_up() {
    let agent = Agent::start("api-hundred", options());
    let at = address(&agent);
    let mut waiting: Vec<(Web, String)> = (0..100)
        .map(|_| {
            let mut web = Web::connect(at);
            let (session, _) = web.session();
            web.api(&json!({"action": "async_exec", "sessionId": session, "command": "wait"}));
            (web, session)
        })
        .collect();
    let mut web = Web::connect(at);
    let since = Instant::now();
    assert_eq!(web.api(&json!({"action": "exec", "command": "greet"}))["state"], "SUCCEEDED");
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    for (web, session) in &mut waiting {
        web.api(&json!({"action": "close_session", "sessionId": session}));
    }
    until("all are cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 100);
}

#[test]
fn an_agent_that_stops_says_so_first() {
    let mut agent = Agent::start("api-stop", options());
    let at = address(&agent);
    let mut listener = Web::connect(at);
    let (session, consumer) = listener.session();
    listener.pull_until(&session, &consumer, "input_status");
    listener.ask_api(&json!({"action": "pull_results", "sessionId": session, "consumerId": consumer}));
    let mut web = Web::connect(at);
    let reply = web.api(&json!({"action": "exec", "command": "halt"}));
    assert_eq!(reply["state"], "SUCCEEDED");
    assert_eq!(kinds(results(&reply)), ["line", "status"]);
    let last = listener.answer().json();
    assert_eq!(kinds(results(&last)), ["message"], "{last}");
    agent.join();
    assert!(std::net::TcpStream::connect(at).is_err(), "the port is closed");
}
