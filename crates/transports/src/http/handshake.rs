//! From HTTP to a WebSocket.

use tungstenite::handshake::derive_accept_key;
use wire::base64;

use super::answer::Answer;
use super::head::Head;

/// The answer that makes a WebSocket of a connection (RFC 6455, 4.2).
pub(super) fn upgrade(head: &Head) -> Result<Answer, Answer> {
    let wanted = || Answer::text(426, "A WebSocket is wanted here").with("upgrade", "websocket");
    if head.method != "GET"
        || !head.has_word("upgrade", "websocket")
        || !head.has_word("connection", "upgrade")
    {
        return Err(wanted());
    }
    if head.field("sec-websocket-version") != Some("13") {
        return Err(wanted().with("sec-websocket-version", "13"));
    }
    let key =
        head.field("sec-websocket-key").filter(|key| base64::decode(key).is_some_and(|key| key.len() == 16));
    let key = key.ok_or_else(|| Answer::text(400, "Sec-WebSocket-Key is none"))?;
    let mut answer = Answer::new(101, "", Vec::new());
    answer.fields.push(("upgrade", "websocket".to_owned()));
    Ok(answer.with("sec-websocket-accept", derive_accept_key(key.as_bytes())))
}
