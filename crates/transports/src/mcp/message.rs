//! What client and server say to each other: JSON-RPC 2.0, one message a request.
//!
//! Batches are refused: the newer versions of the protocol have none, and no client sends any.

use serde_json::{Map, Value};

use crate::http::Object;

/// The longest name of a request or of its progress, in bytes: it is repeated in every answer.
const LONGEST_NAME: usize = 256;

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    Request(Request),
    Notification {
        method: String,
        params: Map<String, Value>,
    },
    /// An answer to something the server has asked.
    Response,
}

/// Something that wants an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) data: Option<String>,
}

impl Fault {
    pub(super) const NO_JSON: i32 = -32700;
    pub(super) const NO_REQUEST: i32 = -32600;
    pub(super) const NO_METHOD: i32 = -32601;
    pub(super) const PARAMETERS: i32 = -32602;
    pub(super) const BUSY: i32 = -32000;
    pub(super) const NO_RESOURCE: i32 = -32002;

    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// A parameter is missing or not what it must be.
    pub(super) fn parameters(message: impl Into<String>) -> Self {
        Self::new(Self::PARAMETERS, message)
    }

    /// The message that answers a request; `Value::Null` where nobody knows which.
    pub(super) fn answer(&self, id: &Value) -> String {
        let error = Object::new()
            .raw("code", &self.code.to_string())
            .maybe("data", self.data.as_deref())
            .text("message", &self.message)
            .finish();
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
    }
}

/// The message that answers a request with a result, which is JSON.
pub(super) fn answer(id: &Value, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

/// Something the server says unasked; the parameters are JSON.
pub(super) fn notification(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)
}

/// Reads what a client says.
pub(super) fn read(body: &[u8]) -> Result<Message, Fault> {
    let invalid = |why: &str| Fault::new(Fault::NO_REQUEST, why);
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(invalid("A list of messages is not taken: send one message a request."));
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|why| Fault::new(Fault::NO_JSON, format!("The message is no JSON: {why}")))?;
    let Value::Object(mut message) = value else { return Err(invalid("The message is no object.")) };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(invalid("The message's jsonrpc must be 2.0."));
    }
    let method = match message.remove("method") {
        Some(Value::String(method)) => method,
        Some(_) => return Err(invalid("The message's method must be a text.")),
        None if message.contains_key("result") || message.contains_key("error") => {
            return Ok(Message::Response);
        }
        None => return Err(invalid("The message has neither a method nor a result.")),
    };
    let params = match message.remove("params") {
        Some(Value::Object(params)) => params,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(invalid("The message's params must be an object.")),
    };
    match message.remove("id") {
        None => Ok(Message::Notification { method, params }),
        Some(id) if is_name(&id) => Ok(Message::Request(Request { id, method, params })),
        Some(_) => Err(invalid("The message's id must be a short text or a whole number.")),
    }
}

/// Whether this may name a request or its progress.
pub(super) fn is_name(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= LONGEST_NAME,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let request = |text: &str| match read(text.as_bytes()) {
            Ok(Message::Request(request)) => (request.id, request.method, Value::Object(request.params)),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            request(r#" {"jsonrpc":"2.0","id":1,"method":"ping"}"#),
            (json!(1), "ping".into(), json!({}))
        );
        assert_eq!(
            request(r#"{"jsonrpc":"2.0","id":"a","method":"m","params":{"x":[1]}}"#),
            (json!("a"), "m".into(), json!({"x": [1]}))
        );
        let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert!(matches!(read(notification.as_bytes()), Ok(Message::Notification { .. })));
        for response in [r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, r#"{"jsonrpc":"2.0","id":1,"error":{}}"#]
        {
            assert_eq!(read(response.as_bytes()), Ok(Message::Response));
        }
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_code_for_it() {
        let long = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"m"}}"#, "x".repeat(300));
        let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{}"#, "[".repeat(10_000));
        for (code, text) in [
            (-32700, ""),
            (-32700, "{"),
            (-32700, "\u{0}"),
            (-32700, deep.as_str()),
            (-32600, "[]"),
            (-32600, r#" [{"jsonrpc":"2.0","id":1,"method":"ping"}]"#),
            (-32600, "1"),
            (-32600, "{}"),
            (-32600, r#"{"id":1,"method":"ping"}"#),
            (-32600, r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#),
            (-32600, r#"{"jsonrpc":"2.0","id":1}"#),
            (-32600, r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#),
            (-32600, r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#),
            (-32600, r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#),
            (-32600, r#"{"jsonrpc":"2.0","id":1,"method":2}"#),
            (-32600, r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}"#),
            (-32600, long.as_str()),
        ] {
            assert_eq!(read(text.as_bytes()).map_err(|fault| fault.code), Err(code), "{text}");
        }
    }

    #[test]
    fn answers_name_their_request() {
        assert_eq!(answer(&json!("a\"b"), "{}"), r#"{"jsonrpc":"2.0","id":"a\"b","result":{}}"#);
        let fault = Fault { data: Some("Tool not found: x".into()), ..Fault::parameters("Unknown tool: x") };
        let read: Value = serde_json::from_str(&fault.answer(&json!(7))).unwrap();
        assert_eq!(
            read,
            json!({"jsonrpc": "2.0", "id": 7, "error":
                   {"code": -32602, "message": "Unknown tool: x", "data": "Tool not found: x"}})
        );
    }
}
