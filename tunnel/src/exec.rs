//! One command through the tunnel, for scripts: `POST /api/agents/{id}/exec`.
//!
//! The server opens a console as a browser would, waits for the prompt, types the line, and
//! answers with what stood on the screen when the prompt came back.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use wire::arthas::Keys;

use crate::agents::NoConsole;
use crate::answer::{Refusal, json, read_json};
use crate::close;
use crate::console::explain;
use crate::logger::printable;
use crate::login::Doorkeeper;
use crate::peer::Peer;
use crate::server::Shared;
use crate::socket::{self, Socket};
use crate::transcript::Transcript;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest line, in bytes.
const LONGEST_LINE: usize = 32 * 1024;

/// Columns unless asked for others, so that tables have room.
const COLUMNS: u16 = 200;

/// The most output that is kept with its escape sequences, in bytes.
const MOST_RAW: usize = 4 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ask {
    /// What to type.
    line: String,
    /// How long it may take, in milliseconds, the opening of the console included.
    timeout_ms: Option<u64>,
    /// Whether to leave escape sequences in the output.
    #[serde(default)]
    ansi: bool,
    /// The terminal's width.
    cols: Option<u16>,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    /// Whether there was more output than is kept (4 MiB).
    truncated: bool,
    /// Whether the agent closed the console instead of showing its prompt again.
    closed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `POST /api/agents/{id}/exec`
pub(crate) async fn exec(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    id: Result<Path<String>, PathRejection>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    server.origins.check(request.headers(), false)?;
    let login = Doorkeeper::who(&server, request.headers(), peer).await?;
    let browser = peer.shown(request.headers(), server.trust_proxy);
    let bad = |sentence: String| Refusal::new(StatusCode::BAD_REQUEST, sentence);
    let Path(id) = id.map_err(|_| bad("the agent's id in the address is not UTF-8.".into()))?;
    let ask: Ask = read_json(request, server.patience.request_within).await?;
    if ask.line.len() > LONGEST_LINE {
        return Err(bad(format!("the line may have at most {LONGEST_LINE} bytes.")));
    }
    if ask.line.trim().is_empty() || ask.line.chars().any(char::is_control) {
        return Err(bad("'line' must be one line with a command in it, and no control characters.".into()));
    }
    let within = ask.timeout_ms.map_or(DEFAULT_TIMEOUT, Duration::from_millis);
    if within.is_zero() || within > LONGEST_TIMEOUT {
        return Err(bad(format!("'timeoutMs' must be 1 to {}.", LONGEST_TIMEOUT.as_millis())));
    }
    let shown = printable(&id);
    let start: String = ask.line.chars().take(200).collect();
    log::info!("{} at {browser} runs {start:?} on {id:?}", login.user);
    let deadline = Instant::now() + within;
    let mut opening = server.agents.open(&id, browser).map_err(|none| refuse(&shown, &none))?;
    let stop = server.stop.clone();
    let wait = deadline.min(Instant::now() + server.patience.console_wait);
    let agent = tokio::select! {
        () = stop.asked() => return Err(stopping()),
        arrived = timeout_at(wait, opening.arrived()) => arrived,
    };
    let socket = match agent {
        Ok(Some(socket)) => socket,
        Ok(None) if stop.is_asked() => return Err(stopping()),
        Ok(None) => {
            return Err(refuse(&shown, &NoConsole::Lost("it was lost while its console was opening".into())));
        }
        Err(_) => {
            let sentence =
                format!("agent '{shown}' did not open a console in time; its process may be stopped.");
            return Err(Refusal::new(StatusCode::GATEWAY_TIMEOUT, sentence));
        }
    };
    let mut run = Run { socket, screen: Transcript::default(), raw: String::new(), typed_at: None };
    let end = tokio::select! {
        end = timeout_at(deadline, run.type_and_read(&ask)) => end.unwrap_or(Ended::TimedOut),
        () = stop.asked() => Ended::Stopping,
    };
    Ok(run.answer(end, &ask, within).await)
}

fn refuse(shown: &str, none: &NoConsole) -> Refusal {
    let (sentence, code) = explain(shown, none);
    let status = match code {
        close::NO_AGENT => StatusCode::NOT_FOUND,
        close::NO_ANSWER => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::new(status, sentence)
}

fn stopping() -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the tunnel server is stopping.")
}

enum Ended {
    Prompt,
    Closed,
    TimedOut,
    Stopping,
}

struct Run {
    socket: Socket,
    screen: Transcript,
    raw: String,
    /// The line on the screen on which the command was typed.
    typed_at: Option<usize>,
}

impl Run {
    async fn type_and_read(&mut self, ask: &Ask) -> Ended {
        // Wide enough that the line editor does not wrap what it echoes.
        let needed = u16::try_from(ask.line.len() + 40).unwrap_or(u16::MAX);
        let cols = ask.cols.unwrap_or(COLUMNS).max(needed);
        if !self.send(&Keys::Resize { cols, rows: 50 }).await {
            return Ended::Closed;
        }
        while let Some(Ok(message)) = self.socket.next().await {
            match message {
                Message::Text(text) => self.show(text.as_str()),
                Message::Close(_) => break,
                _ => continue,
            }
            match self.typed_at {
                None if self.screen.at_prompt() => {
                    self.typed_at = Some(self.screen.finished());
                    if !self.send(&Keys::Read(format!("{}\r", ask.line))).await {
                        break;
                    }
                }
                // The line that was typed is finished, and a prompt stands below it.
                Some(line) if self.screen.finished() > line && self.screen.at_prompt() => {
                    return Ended::Prompt;
                }
                _ => {}
            }
        }
        Ended::Closed
    }

    fn show(&mut self, text: &str) {
        if self.typed_at.is_some() && self.raw.len() + text.len() <= MOST_RAW {
            self.raw.push_str(text);
        }
        self.screen.feed(text);
    }

    async fn send(&mut self, keys: &Keys) -> bool {
        self.socket.send(Message::text(keys.to_string())).await.is_ok()
    }

    async fn answer(mut self, end: Ended, ask: &Ask, within: Duration) -> Response {
        let first = self.typed_at.map_or(usize::MAX, |line| line + 1);
        let output = if ask.ansi {
            // Without the echo before and the prompt behind.
            let body = self.raw.split_once('\n').map_or("", |(_, body)| body);
            body.rfind('\n').and_then(|end| body.get(..=end)).unwrap_or_default().to_owned()
        } else {
            let mut text = self.screen.from(first).join("\n");
            if !text.is_empty() {
                text.push('\n');
            }
            text
        };
        let truncated = self.screen.is_truncated();
        let (status, error) = match end {
            Ended::Prompt => (StatusCode::OK, None),
            Ended::Closed if self.typed_at.is_some() => (StatusCode::OK, None),
            Ended::Closed => {
                (StatusCode::BAD_GATEWAY, Some("the agent closed the console before its prompt.".into()))
            }
            Ended::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, Some("the tunnel server is stopping.".into()))
            }
            Ended::TimedOut => {
                let seconds = within.as_secs_f32();
                let sentence = match self.typed_at {
                    Some(_) => format!(
                        "the command did not end within {seconds} s and was interrupted; what it printed so far is in 'output'."
                    ),
                    None => format!("the agent showed no prompt within {seconds} s."),
                };
                let _ = tokio::time::timeout(Duration::from_secs(1), self.send(&Keys::Read("\u{3}".into())))
                    .await;
                (StatusCode::GATEWAY_TIMEOUT, Some(sentence))
            }
        };
        let closed = matches!(end, Ended::Closed);
        // Goodbye may take a second; the answer need not wait for it.
        tokio::spawn(socket::close(self.socket, Some(close::frame(1000, "done"))));
        let mut response = json(&Answer { output, truncated, closed, error });
        *response.status_mut() = status;
        response
    }
}
