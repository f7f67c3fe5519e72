//! Why a WebSocket is closed, as the code and reason its other end gets.
//!
//! Codes 4000 to 4999 are ours to define (RFC 6455, 7.4.2).

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The server ends; trying again makes sense.
pub(crate) const GOING: u16 = 1001;
/// A frame was longer than its limit.
pub(crate) const TOO_BIG: u16 = 1009;
/// The other end of the relay was lost.
pub(crate) const PEER_LOST: u16 = 1011;
/// Another connection registered with the agent's id.
pub(crate) const REPLACED: u16 = 4001;
/// There is no agent of this id, or it is lost.
pub(crate) const NO_AGENT: u16 = 4004;
/// The agent did not open its console in time.
pub(crate) const NO_ANSWER: u16 = 4008;
/// The agent's id belongs to somebody with other credentials.
pub(crate) const TAKEN: u16 = 4009;
/// The login ended.
pub(crate) const LOGGED_OUT: u16 = 4010;
/// The peer did not read what was sent to it.
pub(crate) const NOT_READING: u16 = 4011;

/// A close frame. The reason is cut where the protocol cannot carry more (123 bytes).
pub(crate) fn frame(code: u16, reason: &str) -> CloseFrame {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame { code: CloseCode::from(code), reason: reason.get(..end).unwrap_or_default().into() }
}

/// What of a received close frame may be sent on: reserved codes may not.
pub(crate) fn pass_on(received: Option<CloseFrame>) -> Option<CloseFrame> {
    received.filter(|frame| frame.code.is_allowed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let reason = frame(NO_AGENT, &"\u{e9}".repeat(80)).reason;
        assert_eq!(reason.as_str(), "\u{e9}".repeat(61));
    }

    #[test]
    fn reserved_codes_are_not_passed_on() {
        assert_eq!(pass_on(Some(frame(1006, ""))), None);
        assert_eq!(pass_on(Some(frame(2000, ""))), None);
        assert_eq!(pass_on(Some(frame(1000, "Bye"))), Some(frame(1000, "Bye")));
    }
}
