//! The MCP server of a running loop: sessions, calls, tasks, with a toy shell and real sockets.

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
use support::assistant::{Assistant, BEARER, Heard, options, payload};
use support::web::{BASIC, Web, address};
use support::{Agent, until};
use transports::{Listen, Options, Protocol};

const SECONDS: Duration = Duration::from_secs(10);

const BOTH: &str = "Accept: application/json, text/event-stream\r\n";

fn stateless() -> Options {
    Options { mcp_protocol: Some(Protocol::Stateless), ..options() }
}

fn names(list: &Value) -> Vec<&str> {
    list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn error_of(heard: &Heard) -> String {
    heard.last()["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_client_begins_lists_and_calls() {
    let agent = Agent::start("mcp-first", options());
    let at = address(&agent);
    let mut first = Assistant::stranger(at);
    let heard = first.request("initialize", json!({"protocolVersion": "2025-11-25"}));
    assert_eq!(heard.field("content-type"), Some("application/json"));
    assert_eq!(heard.field("mcp-session-id").unwrap().len(), 32);
    let result = &heard.last()["result"];
    assert_eq!(result["serverInfo"], json!({"name": "arthas-mcp-server", "version": "1.2.3"}));
    assert_eq!(
        result["capabilities"]["tasks"],
        json!({"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}})
    );

    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut assistant = Assistant::begin(at, version);
        assert_eq!(assistant.result("ping", json!({})), json!({}));
        let list = assistant.result("tools/list", json!({}));
        assert_eq!(
            names(&list),
            ["greet", "who", "govern", "flood", "linger", "wait", "pour", "stop", "viewfile", "upload_file"],
            "what the shell has"
        );
        let has_tasks = version == "2025-11-25";
        let support = |at: usize| list["tools"][at]["execution"]["taskSupport"].as_str();
        assert_eq!(support(0), has_tasks.then_some("forbidden"));
        assert_eq!(support(5), has_tasks.then_some("optional"));
        let result = assistant.result("tools/call", json!({"name": "greet"}));
        let told = payload(&result);
        assert_eq!(result["isError"], false);
        assert_eq!(result.get("structuredContent").is_some(), version >= "2025-06-18");
        assert_eq!(
            (&told["command"], &told["success"], &told["resultCount"]),
            (&json!("greet"), &json!(true), &json!(2))
        );
        assert_eq!(told["results"][0]["text"], "hello from mcp");
        assert_eq!(told["results"][1]["type"], "status");
        assert_eq!(told["sessionId"].as_str(), assistant.session.as_deref());
        assert!(told["executionTime"].is_u64());
    }
    let heard = first.request("initialize", json!({"protocolVersion": "1999-01-01"}));
    assert_eq!(heard.last()["result"]["protocolVersion"], "2025-11-25");
}

#[test]
fn what_is_empty_is_listed_as_empty_and_what_is_unknown_is_told() {
    let agent = Agent::start("mcp-empty", options());
    let mut assistant = Assistant::new(address(&agent));
    assert_eq!(assistant.result("resources/list", json!({})), json!({"resources": []}));
    assert_eq!(assistant.result("resources/templates/list", json!({})), json!({"resourceTemplates": []}));
    assert_eq!(assistant.result("prompts/list", json!({})), json!({"prompts": []}));
    assert_eq!(assistant.result("logging/setLevel", json!({"level": "debug"})), json!({}));
    for (method, params, code) in [
        ("resources/read", json!({"uri": "file:///etc/passwd"}), -32002),
        ("prompts/get", json!({"name": "x"}), -32602),
        ("tools/nothing", json!({}), -32601),
        ("tools/call", json!({"name": "greet", "arguments": [1]}), -32602),
        ("tools/call", json!({"name": "greet", "task": {}}), -32601),
        ("tasks/get", json!({"taskId": "x"}), -32602),
        ("tasks/get", json!({}), -32602),
    ] {
        assert_eq!(assistant.error(method, params.clone())["code"], code, "{method} {params}");
    }
    let unknown = json!({"code": -32602, "message": "Unknown tool: x", "data": "Tool not found: x"});
    assert_eq!(assistant.error("tools/call", json!({"name": "x"})), unknown);
    assert_eq!(assistant.error("tools/call", json!({"name": "missing"}))["message"], "Unknown tool: missing");
    let wrong = assistant.result("tools/call", json!({"name": "flood", "arguments": {}}));
    assert_eq!((&wrong["isError"], &payload(&wrong)["status"]), (&json!(true), &json!("error")));
    assert!(payload(&wrong)["message"].as_str().unwrap().contains("lines"), "{wrong}");
    let mut old = Assistant::begin(address(&agent), "2025-06-18");
    assert_eq!(old.error("tasks/list", json!({}))["code"], -32601);
    let result = old.result("tools/call", json!({"name": "greet", "task": {}}));
    assert_eq!(result["isError"], false, "an older version knows no tasks");
}

#[test]
fn each_request_must_be_one_of_a_session() {
    let agent = Agent::start("mcp-rules", options());
    let at = address(&agent);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let known = Assistant::new(at).session.unwrap();
    let known = format!("{BOTH}mcp-session-id: {known}\r\n");
    let events = known.replace("application/json, ", "");
    let unknown = format!("{BOTH}mcp-session-id: nope\r\n");
    for (line, fields, body, status, words) in [
        ("POST /mcp", "", initialize, 400, "application/json and text/event-stream required"),
        ("POST /mcp", "Accept: application/json\r\n", initialize, 400, "text/event-stream required"),
        ("POST /mcp", "Accept: text/event-stream\r\n", initialize, 400, "application/json required"),
        ("POST /mcp", "Accept: */*\r\n", initialize, 200, ""),
        ("POST /mcp", BOTH, ping, 400, "Session ID required in mcp-session-id header"),
        ("POST /mcp", &unknown, ping, 404, "Session not found: nope"),
        ("POST /mcp", &known, ping, 200, ""),
        ("POST /mcp", &known, "{", 400, "no JSON"),
        ("POST /mcp", &known, "[]", 400, "one message"),
        ("POST /mcp", &known, "", 400, "no JSON"),
        ("POST /mcp", &format!("{known}mcp-protocol-version: 2025-06-18\r\n"), ping, 200, ""),
        ("POST /mcp", &format!("{known}mcp-protocol-version: 1\r\n"), ping, 400, "2025-11-25"),
        ("GET /mcp", &known.replace("text/event-stream", "text/html"), "", 400, "text/event-stream required"),
        ("GET /mcp", BOTH, "", 400, "Session ID required"),
        ("GET /mcp", &unknown, "", 404, "Session not found"),
        ("GET /mcp", &format!("{events}last-event-id: 7\r\n"), "", 404, "re-initialize"),
        ("DELETE /mcp", "", "", 400, "Session ID required"),
        ("DELETE /mcp", &unknown, "", 404, "Session not found"),
        ("PUT /mcp", &known, ping, 405, ""),
        ("HEAD /mcp", &known, "", 405, ""),
        ("POST /mcp/x", &known, ping, 401, ""),
        ("DELETE /mcp", &known, "", 200, ""),
        ("POST /mcp", &known, ping, 404, "Session not found"),
    ] {
        let mut assistant = Assistant::stranger(at);
        assistant.send(line, fields, body);
        let heard = if line.starts_with("HEAD") { assistant.head() } else { assistant.heard() };
        assert_eq!(heard.status, status, "{line} {fields} {body}: {heard:?}");
        if !words.is_empty() {
            assert!(error_of(&heard).contains(words), "{line}: {heard:?}");
        }
    }
}

#[test]
fn without_sessions_each_request_is_answered_by_itself() {
    let agent = Agent::start("mcp-stateless", stateless());
    let at = address(&agent);
    let mut assistant = Assistant::stranger(at);
    let heard = assistant.request("initialize", json!({"protocolVersion": "2025-11-25"}));
    assert_eq!((heard.status, heard.field("mcp-session-id")), (200, None));
    assert!(heard.last()["result"]["capabilities"].get("tasks").is_none());
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(assistant.post(&initialized).status, 202);
    assert!(names(&assistant.result("tools/list", json!({}))).contains(&"greet"));
    for _ in 0..300 {
        let heard = assistant.request("tools/call", json!({"name": "greet"}));
        assert_eq!(heard.field("content-type"), Some("application/json"));
        assert_eq!(payload(&heard.last()["result"])["success"], true, "no session stays");
    }
    let result = assistant.result("tools/call", json!({"name": "wait", "arguments": {"timeout": 1}}));
    assert_eq!(payload(&result)["timedOut"], true);
    assert_eq!(assistant.error("tasks/list", json!({}))["code"], -32601);
    for line in ["GET /mcp", "DELETE /mcp"] {
        assert_eq!(Assistant::stranger(at).ask(line, "Accept: text/event-stream\r\n", "").status, 405);
    }
}

#[test]
fn results_come_as_progress_and_the_answer_is_bounded() {
    let agent = Agent::start("mcp-progress", options());
    let mut assistant = Assistant::new(address(&agent));
    let call =
        |lines: u64| json!({"name": "pour", "arguments": {"lines": lines}, "_meta": {"progressToken": "p1"}});
    let heard = assistant.request("tools/call", call(20_000));
    assert_eq!(heard.field("content-type"), Some("text/event-stream"));
    let mut messages = heard.messages();
    let told = payload(&messages.pop().unwrap()["result"]);
    assert!(!messages.is_empty(), "progress came first");
    let mut before = 0;
    for message in messages {
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progressToken"], "p1");
        let progress = message["params"]["progress"].as_u64().unwrap();
        assert!(progress > before, "{message}");
        before = progress;
    }
    assert_eq!((&told["status"], &told["stage"]), (&json!("completed"), &json!("final")));
    assert_eq!((&told["timedOut"], &told["resultCount"]), (&json!(false), &json!(501)));
    assert_eq!(told["results"][500]["type"], "status");
    assert!(told["warning"].as_str().unwrap().starts_with("19500 more"), "{}", told["warning"]);
    let quiet = assistant.request("tools/call", json!({"name": "pour", "arguments": {"lines": 100}}));
    assert_eq!(quiet.messages().len(), 1, "nobody asked for progress");
}

#[test]
fn a_cancelled_request_gets_no_answer_and_its_command_ends() {
    let agent = Agent::start("mcp-cancel", options());
    let mut assistant = Assistant::new(address(&agent));
    let mut other = assistant.beside();
    let id = assistant.begin_request("tools/call", json!({"name": "wait"}));
    assert_eq!(assistant.head().status, 200);
    other.cancel(id + 7);
    let mut stranger = Assistant::new(address(&agent));
    stranger.cancel(id);
    assert_eq!(stranger.tool("greet", json!({}))["success"], true);
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 0, "neither another id nor another session");
    other.cancel(id);
    assert_eq!(assistant.event(), None);
    until("it is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 1);
    assert_eq!(assistant.tool("greet", json!({}))["success"], true, "the connection goes on");
    let id = assistant.begin_request("tools/call", json!({"name": "linger"}));
    until("it runs", SECONDS, || agent.toy.waited.load(Ordering::SeqCst) == 2);
    let waiting = other.begin_request("tools/call", json!({"name": "greet"}));
    let mut third = assistant.beside();
    // The request may come later than what is said about it: they go by two connections.
    until("it is answered", SECONDS, || {
        third.cancel(waiting);
        other.has_something()
    });
    assert!(other.heard().messages().is_empty(), "one that waits is cancelled, too");
    third.cancel(id);
    assert!(assistant.heard().messages().is_empty());
}

#[test]
fn what_might_go_on_for_ever_makes_room_and_what_ends_is_waited_for() {
    let agent = Agent::start("mcp-room", options());
    let mut assistant = Assistant::new(address(&agent));
    let mut other = assistant.beside();
    assistant.begin_request("tools/call", json!({"name": "wait", "arguments": {"timeout": 600}}));
    assert_eq!(assistant.head().status, 200);
    assert_eq!(other.tool("greet", json!({}))["results"][0]["text"], "hello from mcp");
    let told = payload(&assistant.event().unwrap()["result"]);
    assert_eq!((&told["status"], &told["timedOut"]), (&json!("cancelled"), &json!(false)), "{told}");
    assert_eq!(assistant.event(), None);
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);

    let id = assistant.begin_request("tools/call", json!({"name": "linger"}));
    let mut behind: Vec<Assistant> = (0..17).map(|_| assistant.beside()).collect();
    until("it runs", SECONDS, || agent.toy.waited.load(Ordering::SeqCst) == 2);
    for one in &mut behind {
        one.begin_request("tools/call", json!({"name": "greet"}));
    }
    let mut refused = None;
    until("one is too many", SECONDS, || {
        refused = behind.iter().position(Assistant::has_something);
        refused.is_some()
    });
    let refused = payload(&behind.remove(refused.unwrap()).heard().last()["result"]);
    assert!(refused["message"].as_str().unwrap().contains("16 commands"), "{refused}");
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1, "it was not interrupted");
    other.cancel(id);
    for one in &mut behind {
        assert_eq!(payload(&one.heard().last()["result"])["success"], true, "each gets its turn");
    }
}

#[test]
fn who_hangs_up_leaves_nothing_running() {
    let agent = Agent::start("mcp-gone", options());
    let at = address(&agent);
    let mut assistant = Assistant::new(at);
    let mut other = assistant.beside();
    assistant.begin_request("tools/call", json!({"name": "wait"}));
    assert_eq!(assistant.head().status, 200);
    drop(assistant);
    until("it is cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 1);
    assert_eq!(other.tool("greet", json!({}))["success"], true, "its session goes on");
}

#[test]
fn a_time_limit_ends_a_stream_with_what_it_has_shown() {
    let agent = Agent::start("mcp-time", options());
    let mut assistant = Assistant::new(address(&agent));
    let result = assistant.result("tools/call", json!({"name": "wait", "arguments": {"timeout": 1}}));
    let told = payload(&result);
    assert_eq!(result["isError"], false);
    assert_eq!((&told["status"], &told["timedOut"]), (&json!("completed"), &json!(true)), "{told}");
    assert_eq!(told["results"][0]["text"], "waiting");
    assert!(told["message"].as_str().unwrap().contains("1 s"), "{told}");
}

#[test]
fn a_task_runs_by_itself_and_its_result_is_fetched() {
    let agent = Agent::start("mcp-task", options());
    let at = address(&agent);
    let mut assistant = Assistant::new(at);
    let mut listener = assistant.listen();
    let call = json!({"name": "wait", "task": {"ttl": 60_000}, "_meta": {"progressToken": 5}});
    let task = assistant.result("tools/call", call)["task"].clone();
    assert_eq!(
        (&task["status"], &task["ttl"], &task["pollInterval"]),
        (&json!("working"), &json!(60_000), &json!(1000))
    );
    let id = json!({"taskId": task["taskId"]});
    assert_eq!(listener.notice("notifications/progress")["progressToken"], 5);
    assert_eq!(assistant.tool("greet", json!({}))["success"], true, "other commands run beside it");
    assert_eq!(assistant.result("tasks/get", id.clone())["status"], "working");
    assert_eq!(assistant.result("tasks/list", json!({}))["tasks"][0]["taskId"], task["taskId"]);
    let mut stranger = Assistant::new(at);
    assert_eq!(stranger.error("tasks/get", id.clone())["code"], -32602, "it is its client's alone");
    assert_eq!(stranger.result("tasks/list", json!({})), json!({"tasks": []}));

    let mut waiter = assistant.beside();
    waiter.begin_request("tasks/result", id.clone());
    assert_eq!(assistant.result("tasks/cancel", id.clone())["status"], "cancelled");
    let result = waiter.heard().last()["result"].clone();
    assert_eq!(payload(&result)["status"], "cancelled");
    assert_eq!(result["_meta"]["io.modelcontextprotocol/related-task"], id);
    assert_eq!(listener.notice("notifications/tasks/status")["status"], "cancelled");
    assert_eq!(assistant.error("tasks/cancel", id.clone())["code"], -32602, "it has ended");
    assert_eq!(agent.toy.cancelled.load(Ordering::SeqCst), 1);

    let call = json!({"name": "pour", "arguments": {"lines": 3}, "task": {}});
    let id = json!({"taskId": assistant.result("tools/call", call)["task"]["taskId"]});
    let result = assistant.result("tasks/result", id.clone());
    assert_eq!(payload(&result)["resultCount"], 4);
    let shown = assistant.result("tasks/get", id.clone());
    assert_eq!((&shown["status"], &shown["ttl"]), (&json!("completed"), &json!(1_800_000)));

    let short = json!({"name": "wait", "task": {"ttl": 300}});
    let id = json!({"taskId": assistant.result("tools/call", short)["task"]["taskId"]});
    until("it is forgotten", SECONDS, || {
        assistant.request("tasks/get", id.clone()).last()["error"]["code"] == -32602
    });
    until("and interrupted", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 2);
}

#[test]
fn five_tasks_run_at_once_and_end_with_their_session() {
    let agent = Agent::start("mcp-five", options());
    let mut assistant = Assistant::new(address(&agent));
    let call = json!({"name": "wait", "task": {}});
    for _ in 0..5 {
        assistant.result("tools/call", call.clone());
    }
    let refused = assistant.error("tools/call", call.clone());
    assert_eq!(refused["code"], -32000);
    assert!(refused["message"].as_str().unwrap().contains("5 tasks"), "{refused}");
    assert_eq!(assistant.ask("DELETE /mcp", "", "").status, 200);
    until("all are cancelled", SECONDS, || agent.toy.cancelled.load(Ordering::SeqCst) == 5);
    let mut next = Assistant::new(address(&agent));
    next.result("tools/call", call);
}

#[test]
fn who_listens_hears_of_other_tools_and_one_connection_listens() {
    let agent = Agent::start("mcp-listen", options());
    let assistant = Assistant::new(address(&agent));
    let mut before = assistant.listen();
    let mut listener = assistant.listen();
    assert_eq!(before.event(), None, "the newer connection counts");
    let changed = Options { disabled_commands: vec!["greet".into(), "viewfile".into()], ..options() };
    agent.handle.configure(changed, Vec::new());
    listener.notice("notifications/tools/list_changed");
    let mut other = assistant.beside();
    let list = other.result("tools/list", json!({}));
    assert!(!names(&list).contains(&"greet") && !names(&list).contains(&"viewfile"), "{list}");
    assert_eq!(other.error("tools/call", json!({"name": "viewfile"}))["message"], "Unknown tool: viewfile");
    assert_eq!(other.ask("DELETE /mcp", "", "").status, 200);
    assert_eq!(listener.event(), None, "the session is over");
}

#[test]
fn nobody_enters_without_the_password_or_from_a_foreign_page() {
    let agent = Agent::start("mcp-closed", options());
    let at = address(&agent);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let ask = |line: &str, fields: &str, body: &str| {
        let mut assistant = Assistant::stranger(at);
        assistant.fields.clear();
        assistant.ask(line, &format!("{BOTH}{fields}"), body)
    };
    for fields in [
        "",
        "Authorization: Bearer wrong\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer arthas:hush\r\n",
        "Authorization: hush\r\n",
        "Authorization: Basic YXJ0aGFzOg==\r\n",
        "mcp-session-id: x\r\nCookie: asession=x\r\n",
    ] {
        for line in ["POST /mcp", "GET /mcp", "DELETE /mcp", "PUT /mcp"] {
            // Each peer may be wrong so often: every second one is right.
            assert_eq!(ask("GET /nowhere", BASIC, "").status, 404);
            let heard = ask(line, fields, if line.starts_with("GET") { "" } else { body });
            assert_eq!(heard.status, 401, "{line} {fields}");
            assert_eq!(
                heard.fields("www-authenticate"),
                ["Bearer realm=\"arthas mcp\"", "Basic realm=\"arthas mcp\""]
            );
            assert_eq!(heard.field("mcp-session-id"), None);
        }
    }
    for fields in [BEARER, "Authorization: bearer hush\r\n", BASIC] {
        assert_eq!(ask("POST /mcp", fields, body).status, 200, "{fields}");
    }
    assert_eq!(ask("POST /mcp?password=hush", "", body).status, 200);
    assert_eq!(ask("POST /api", BEARER, "{}").status, 401, "a token is for tools alone");
    for fields in ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(ask("POST /mcp", &format!("{BEARER}{fields}"), body).status, 403, "{fields}");
    }
    let mut rebound = Web::connect(at);
    rebound
        .send(format!("POST /mcp HTTP/1.1\r\nHost: evil.example\r\n{BEARER}{BOTH}Content-Length: 0\r\n\r\n"));
    assert_eq!(rebound.answer().status, 421);
    let large = "x".repeat(2 * 1024 * 1024 + 1);
    assert_eq!(ask("POST /mcp", BEARER, &large).status, 413);
    let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{}"#, "[".repeat(2_000_000));
    assert_eq!(ask("POST /mcp", BEARER, &deep).status, 400);
}

#[test]
fn a_user_is_who_the_header_says_and_may_do_what_the_port_allows() {
    let agent = Agent::start("mcp-user", Options { allow: Some("view".into()), ..options() });
    let mut assistant = Assistant::new(address(&agent));
    assert_eq!(assistant.tool("who", json!({}))["results"][0]["text"], "arthas");
    assistant.fields = format!("{BEARER}X-User-Id: ro\u{e9}bot 7\r\n");
    assert_eq!(assistant.tool("who", json!({}))["results"][0]["text"], "ro\u{e9}bot 7");
    for (tool, permission) in [("govern", "admin"), ("stop", "admin"), ("upload_file", "mutate")] {
        let result = assistant.result("tools/call", json!({"name": tool, "arguments": {}}));
        assert_eq!(result["isError"], true);
        let message = payload(&result)["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("needs the permission {permission}")), "{tool}: {message}");
    }
    let text = agent.journal.lines().join("\n");
    assert!(text.contains(r#"audit: user="roébot 7" from=mcp"#), "{text}");
}

#[test]
fn too_many_sessions_are_refused_and_ended_ones_make_room() {
    let agent = Agent::start("mcp-many", options());
    let at = address(&agent);
    let mut all: Vec<Assistant> = (0..50).map(|_| Assistant::new(at)).collect();
    let heard = Assistant::stranger(at).request("initialize", json!({}));
    assert_eq!(heard.status, 503, "{heard:?}");
    assert!(error_of(&heard).contains("50 clients"), "{heard:?}");
    let mut web = Web::connect(at);
    assert_eq!(web.api(&json!({"action": "exec", "command": "greet"}))["state"], "SUCCEEDED");
    assert_eq!(all[7].ask("DELETE /mcp", "", "").status, 200);
    Assistant::new(at);
}

#[test]
fn a_session_ends_when_its_client_is_silent_for_too_long() {
    let limit = Some(Duration::from_secs(1));
    let agent = Agent::start("mcp-silent", Options { session_timeout: limit, ..options() });
    let mut assistant = Assistant::new(address(&agent));
    let mut listener = assistant.listen();
    let told = assistant.tool("wait", json!({"timeout": 2}));
    assert_eq!(told["timedOut"], true, "who waits for an answer is not silent");
    assert_eq!(assistant.result("ping", json!({})), json!({}));
    assert_eq!(listener.event(), None);
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    assert_eq!(assistant.post(&ping).status, 404);
}

#[test]
fn who_never_reads_holds_up_nobody_else() {
    let agent = Agent::start("mcp-deaf", options());
    let at = address(&agent);
    let mut deaf: Vec<Assistant> = (0..10).map(|_| Assistant::new(at)).collect();
    let mut listeners = Vec::new();
    for one in &mut deaf {
        let mut listener = one.beside();
        listener.send("GET /mcp", "Accept: text/event-stream\r\n", "");
        listeners.push(listener);
        one.begin_request(
            "tools/call",
            json!({"name": "pour", "arguments": {"lines": 100_000}, "_meta": {"progressToken": 1}}),
        );
    }
    let mut assistant = Assistant::new(at);
    let since = Instant::now();
    for _ in 0..20 {
        assert_eq!(assistant.tool("greet", json!({}))["success"], true);
    }
    assert!(since.elapsed() < SECONDS, "{:?}", since.elapsed());
    // A thousand changes of the tools are told to listeners who never read.
    for at in 0..1000 {
        let name = if at % 2 == 0 { "greet" } else { "who" };
        let changed = Options { disabled_commands: vec![name.into()], ..options() };
        agent.handle.configure(changed, Vec::new());
    }
    until("the last change is in force", SECONDS, || {
        !names(&assistant.result("tools/list", json!({}))).contains(&"who")
    });
}

#[test]
fn files_are_taken_and_read_and_go_with_the_agent() {
    let folder = std::env::temp_dir().join(format!("oxprobe-mcp-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("notes.txt"), "first\nsecond").unwrap();
    let mut agent = Agent::start("mcp-files", Options { output_dir: Some(folder.clone()), ..options() });
    let mut assistant = Assistant::new(address(&agent));
    let seen = assistant.tool("viewfile", json!({"path": "notes.txt", "maxBytes": 6}));
    assert_eq!((&seen["content"], &seen["eof"]), (&json!("first\n"), &json!(false)));
    let rest = assistant.tool("viewfile", json!({"cursor": seen["nextCursor"]}));
    assert_eq!((&rest["content"], &rest["eof"]), (&json!("second"), &json!(true)));
    assert_eq!(assistant.tool("viewfile", json!({"path": "/etc/passwd"}))["status"], "error");
    let sent = assistant.tool("upload_file", json!({"fileName": "A.class", "contentBase64": "aGVsbG8="}));
    assert_eq!((&sent["status"], &sent["kind"]), (&json!("completed"), &json!("CLASS")));
    let path = std::path::PathBuf::from(sent["targetPath"].as_str().unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    agent.handle.stop();
    agent.join();
    assert!(!path.parent().and_then(std::path::Path::parent).unwrap().exists(), "the folder is gone");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_agent_that_stops_answers_who_waits() {
    let mut agent = Agent::start("mcp-stop", options());
    let at = address(&agent);
    let assistant = Assistant::new(at);
    let mut listener = assistant.listen();
    let mut waiting = assistant.beside();
    waiting.begin_request("tools/call", json!({"name": "wait"}));
    assert_eq!(waiting.head().status, 200);
    agent.handle.stop();
    let told = payload(&waiting.event().unwrap()["result"]);
    assert!(matches!(told["status"].as_str(), Some("cancelled" | "error")), "{told}");
    assert_eq!((waiting.event(), listener.event()), (None, None));
    agent.join();
    assert!(std::net::TcpStream::connect(at).is_err(), "the port is closed");
}

#[test]
fn the_agent_stops_once_that_is_answered() {
    let mut agent = Agent::start("mcp-farewell", options());
    let mut assistant = Assistant::new(address(&agent));
    let wrong = assistant.result("tools/call", json!({"name": "stop", "arguments": {"delayMs": "soon"}}));
    assert_eq!(wrong["isError"], true);
    let told = assistant.tool("stop", json!({"delayMs": 200}));
    assert_eq!((&told["success"], &told["command"]), (&json!(true), &json!("stop")));
    assert_eq!(assistant.tool("greet", json!({}))["success"], true, "it is still there");
    agent.join();
    assert!(agent.tore_down());
}

#[test]
fn the_server_is_where_the_option_says_and_nowhere_else() {
    let here = |port| Some(Listen::At(std::net::SocketAddr::from(([127, 0, 0, 1], port))));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let agent = Agent::start("mcp-own", Options { mcp: here(free.port()), ..options() });
    let http = address(&agent);
    until("both are open", SECONDS, || agent.shell.connections().get().mcp.is_some());
    assert_eq!(agent.shell.connections().get().mcp.unwrap().address, free.to_string());
    assert_eq!(Assistant::new(free).tool("greet", json!({}))["success"], true);
    let ask = |at, line: &str| Web::connect(at).ask(line, BASIC, "{}").status;
    assert_eq!((ask(http, "GET /mcp"), ask(http, "POST /api")), (404, 200));
    assert_eq!((ask(free, "GET /mcp"), ask(free, "POST /api"), ask(free, "GET /")), (400, 404, 404));
    agent.handle.configure(Options { mcp: Some(Listen::Off), ..Options::default() }, Vec::new());
    until("it is closed", SECONDS, || std::net::TcpStream::connect(free).is_err());
    assert_eq!(agent.shell.connections().get().mcp, None);
    assert_eq!(ask(http, "POST /api"), 200, "the other one goes on");
}
