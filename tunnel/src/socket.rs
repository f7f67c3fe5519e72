//! WebSockets: from a checked upgrade request to a socket with limits.
//!
//! The upgrade is done here rather than by the framework, because ten thousand idle agents ask
//! for buffers of one kilobyte, not of its 128. Extensions are never agreed to.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderValue, Method, Request, StatusCode, Version};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::answer::Refusal;
use crate::peer::header;

/// An open WebSocket, seen from the server.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What a socket is for; sets its limits.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// An agent's control connection: ten thousand of them, nearly always idle.
    Control,
    /// A terminal's end of a console: keys, and pastes of a megabyte.
    Terminal,
    /// An agent's end of a console.
    Console,
}

impl Purpose {
    fn config(self) -> WebSocketConfig {
        let (buffer, longest) = match self {
            Self::Control => (1024, 64 * 1024),
            Self::Terminal => (8 * 1024, 2 * 1024 * 1024),
            Self::Console => (16 * 1024, 8 * 1024 * 1024),
        };
        WebSocketConfig::default()
            .read_buffer_size(buffer)
            .write_buffer_size(buffer)
            .max_frame_size(Some(longest))
            .max_message_size(Some(longest))
    }
}

/// A request that may become a WebSocket.
pub(crate) struct Upgrade {
    accept: HeaderValue,
    upgraded: OnUpgrade,
    within: Duration,
}

impl Upgrade {
    /// Checks that the request is an upgrade as RFC 6455, 4.2.1 wants it. `within` is how long
    /// the client may take afterwards.
    pub(crate) fn of(request: &mut Request<Body>, within: Duration) -> Result<Self, Refusal> {
        let headers = request.headers();
        let has = |name: &str, token: &str| {
            headers
                .get_all(name)
                .into_iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(token)))
        };
        let refuse = |status, sentence: &str| Err(Refusal::new(status, sentence));
        if request.method() != Method::GET {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket begins with GET.");
        }
        if request.version() != Version::HTTP_11
            || !has("connection", "upgrade")
            || !has("upgrade", "websocket")
        {
            let refusal = Refusal::new(
                StatusCode::UPGRADE_REQUIRED,
                "this address speaks WebSocket; ask for an upgrade.",
            );
            return Err(refusal.with(UPGRADE, "websocket"));
        }
        if header(headers, "sec-websocket-version") != Some("13") {
            let refusal =
                Refusal::new(StatusCode::UPGRADE_REQUIRED, "only version 13 of WebSocket is spoken here.");
            return Err(refusal.with(SEC_WEBSOCKET_VERSION, "13"));
        }
        let key = header(headers, "sec-websocket-key").unwrap_or_default();
        if data_encoding::BASE64.decode(key.as_bytes()).map(|key| key.len()) != Ok(16) {
            return refuse(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64.");
        }
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(Refusal::internal)?;
        Ok(Self { accept, upgraded: hyper::upgrade::on(request), within })
    }

    /// Answers 101, and hands the open socket to a task of its own.
    pub(crate) fn then<F>(
        self,
        purpose: Purpose,
        serve: impl FnOnce(Socket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { accept, upgraded, within } = self;
        tokio::spawn(async move {
            match tokio::time::timeout(within, upgraded).await {
                Ok(Ok(upgraded)) => {
                    let io = TokioIo::new(upgraded);
                    let socket =
                        WebSocketStream::from_raw_socket(io, Role::Server, Some(purpose.config())).await;
                    serve(socket).await;
                }
                Ok(Err(error)) => log::debug!("a connection broke while it was upgraded: {error}"),
                Err(_) => log::debug!("a connection was not upgraded in time"),
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        response
    }
}

/// Says goodbye: sends the close frame and waits a moment for the peer's. The connection is
/// closed in any case.
pub(crate) async fn close(mut socket: Socket, frame: Option<CloseFrame>) {
    let goodbye = async {
        if socket.send(Message::Close(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
}

/// What ended a socket, for logs and listings.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::Capacity(_) => "it sent a frame longer than allowed".into(),
        // How Arthas's agent stops.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "it closed the connection without a goodbye".into()
        }
        Error::Protocol(e) => format!("it broke the WebSocket protocol: {e}"),
        Error::Utf8(_) => "it sent text that is not UTF-8".into(),
        other => format!("the connection broke: {other}"),
    }
}
