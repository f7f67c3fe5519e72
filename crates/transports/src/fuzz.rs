//! The bodies of the fuzz targets `agent-options`, `http`, `websocket`, `telnet` and `mcp`: any text is read without a panic; options that
//! were understood are written and read again as the same, a request is one however it is cut, and parameters of a tool
//! never become anything but words of its command.

use serde_json::Value;
use shell::{Parameter, Runs, Tool};

use crate::http::Head;
use crate::options::{Options, Sources};
use crate::tunnel::Address;

/// Reads the bytes as an agent argument, as a config file and as a tunnel address.
///
/// # Panics
/// Where options that were understood do not survive being written: that is the bug looked for.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub fn options(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let nothing = |_: &str| None;
    let sources =
        Sources { environment: &nothing, property: &nothing, file: &|_| Ok(text.clone().into_owned()) };
    let first = Options::gather(&text, &sources).options;
    let second = Options::gather_map(&first.to_map(), &sources).options;
    if first.to_map() != second.to_map() {
        panic!("{first:?} became {second:?}");
    }
    drop(Options::gather(&format!("config=/x,{text}"), &sources));
    if let Ok(address) = Address::parse(&text) {
        let shown = address.to_string();
        if Address::parse(&shown).is_err() {
            panic!("{shown} cannot be read again");
        }
    }
}

/// Reads the bytes as frames of a WebSocket, as a terminal at `/ws` gets them.
pub fn websocket(bytes: &[u8]) {
    crate::http::fuzz_frames(bytes);
}

/// Reads the bytes as what a peer sends to the telnet port.
///
/// # Panics
/// Where more is answered than was asked: that is how two ends talk to each other for ever.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub fn telnet(bytes: &[u8]) {
    let (_, answer) = crate::telnet::fuzz(bytes);
    // A proposal of three bytes is answered by six at most.
    if answer > 2 * bytes.len() {
        panic!("{answer} bytes for {}", bytes.len());
    }
}

/// Reads the bytes as a request to the HTTP server, head and body.
///
/// # Panics
/// Where a head is found that is not whole, or depends on what comes behind it: that is how requests are
/// smuggled.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub fn http(bytes: &[u8]) {
    let read = Head::read(bytes);
    if let Ok(Some((head, length))) = &read {
        let alone = bytes.get(..*length).map(Head::read);
        if alone != Some(Ok(Some((head.clone(), *length)))) {
            panic!("{head:?} depends on what comes behind it: {alone:?}");
        }
        // A byte less is no head, and no other one.
        if let Some(less) = bytes.get(..length - 1)
            && Head::read(less) != Ok(None)
        {
            panic!("{head:?} is there before its end");
        }
    }
    crate::http::fuzz(read.ok().flatten().map(|(head, _)| head), bytes);
}

/// What the parameters of a message are put into.
const TOOL: Tool = Tool {
    name: "watch",
    summary: "",
    runs: Runs::Stream("watch"),
    is_task: true,
    parameters: &[
        Parameter::argument("classPattern", ""),
        Parameter::argument("condition", ""),
        Parameter::option("express", "--express", ""),
        Parameter::options("include", "--include", ""),
        Parameter::number("numberOfExecutions", "--limits", ""),
        Parameter::flag("regex", "-E", ""),
        Parameter::time_limit(),
    ],
};

/// Reads the bytes as a message of a client of the MCP server, and calls a tool with what is in it.
///
/// # Panics
/// Where the answer is no JSON, or a parameter becomes something else than a word of the tool's command.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub fn mcp(bytes: &[u8]) {
    if let Some(answer) = crate::mcp::fuzz(bytes)
        && serde_json::from_str::<Value>(&answer).is_err()
    {
        panic!("{answer} is no JSON");
    }
    let Ok(Value::Object(given)) = serde_json::from_slice(bytes) else { return };
    let given = given.get("params").and_then(Value::as_object).unwrap_or(&given);
    if let Ok(line) = TOOL.line(given) {
        match shell::words(&line) {
            Ok(words) if words.first().is_some_and(|word| word.text == "watch") => {}
            other => panic!("{line:?} became {other:?}"),
        }
    }
}
