//! `curl`, as a client of the MCP server that says its messages one by one.

use std::process::Command;

use serde_json::{Value, json};

use crate::curl::PASSWORD;

/// Sends one message, with a session where there is one; headers and body of the answer.
pub fn post(base: &str, session: Option<&str>, message: &Value) -> String {
    let mut fields = vec![
        "Accept: application/json, text/event-stream".to_owned(),
        "Content-Type: application/json".to_owned(),
        format!("Authorization: Bearer {PASSWORD}"),
    ];
    fields.extend(session.map(|session| format!("mcp-session-id: {session}")));
    let mut command = Command::new("curl");
    command.args(["-s", "-S", "-i", "-m", "60", "-d", &message.to_string()]);
    for field in &fields {
        command.args(["-H", field]);
    }
    let out = command.arg(format!("{base}/mcp")).output().expect("curl is installed: scripts/test tools");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Begins a session; its id.
pub fn begin(base: &str) -> String {
    let params = json!({"protocolVersion": "2025-06-18"});
    let begin = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let text = post(base, None, &begin);
    let session = text.lines().find_map(|line| line.strip_prefix("mcp-session-id: "));
    session.unwrap_or_else(|| panic!("{text}")).trim().to_owned()
}

/// Calls a tool; its result.
pub fn call(base: &str, session: Option<&str>, tool: &str, arguments: &Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params});
    let text = post(base, session, &call);
    let json = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    let message = json.filter_map(|line| serde_json::from_str::<Value>(line).ok()).next_back();
    message.unwrap_or_else(|| panic!("{text}"))["result"].clone()
}
