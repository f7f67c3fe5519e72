//! Why a connection to the tunnel server ended, in words: what happened, why, and what to do.

use std::io;

use tungstenite::error::ProtocolError;
use tungstenite::handshake::client::Response;
use tungstenite::http::StatusCode;

use super::address::Address;

/// Why a link ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// What happened, why, and what to do.
    pub(crate) why: String,
    /// Whether the certificates in use may be to blame: they are read again for the next try.
    pub(crate) tls: bool,
}

impl Lost {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), tls: false }
    }

    /// What an error of the library means to the user.
    pub(super) fn of(why: &tungstenite::Error, address: &Address, open: bool) -> Self {
        use tungstenite::Error;
        match why {
            Error::Http(answer) => Lost::new(refusal(address, answer)),
            Error::HttpFormat(_) | Error::Utf8(_) | Error::Protocol(ProtocolError::HttparseError(_)) => {
                Lost::new(format!(
                    "{address} does not speak HTTP; check that address and port are the tunnel server's"
                ))
            }
            Error::Protocol(
                ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake,
            ) => Lost::new(format!("{address} closed the connection")),
            Error::Protocol(problem) if !open => Lost::new(format!(
                "{address} does not answer as a WebSocket server ({problem}); check address and path"
            )),
            Error::ConnectionClosed | Error::AlreadyClosed => {
                Lost::new(format!("{address} closed the connection"))
            }
            Error::Io(io) => Self::of_io(io, address),
            Error::Capacity(_) => Lost::new(format!("{address} sent more than a message may have")),
            other => Lost::new(format!("the connection to {address} broke: {other}")),
        }
    }

    fn of_io(why: &io::Error, address: &Address) -> Self {
        match why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(problem)) => Lost {
                why: format!(
                    "the certificate of {address} is not trusted ({problem:?}); name its CA with ca-file, and use \
                     the host name it was made for"
                ),
                tls: true,
            },
            Some(rustls::Error::InvalidMessage(_)) => Lost {
                why: format!("{address} does not speak TLS; use ws:// if the server is meant to be plain"),
                tls: true,
            },
            Some(problem) => Lost { why: format!("TLS with {address} failed: {problem}"), tls: true },
            None if is_closed(why) => Lost::new(format!("{address} closed the connection")),
            None => Lost::new(format!("the connection to {address} broke: {why}")),
        }
    }
}

fn is_closed(why: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(why.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// What an HTTP answer that is no upgrade means.
fn refusal(address: &Address, answer: &Response) -> String {
    let status = answer.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => format!(
            "{address} refused this agent (HTTP {}): it wants an agent token; check token or token-file",
            status.as_u16()
        ),
        status => format!(
            "{address} answered HTTP {} and not as a WebSocket server; check address and path (usually /ws)",
            status.as_u16()
        ),
    }
}
