//! A browser's terminal: from its request to the relay.
//!
//! Between the two lies the time in which the agent opens its console. What is typed meanwhile is
//! kept, up to a bound, and goes to the agent first.

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use crate::agents::{NoConsole, Opening};
use crate::clock;
use crate::close;
use crate::logger::printable;
use crate::relay;
use crate::server::Shared;
use crate::session::Login;
use crate::socket::{self, Socket};

/// Keys kept while the agent opens its console, in bytes; beyond it the browser has to wait.
const EARLY: usize = 64 * 1024;

/// Serves a terminal that wants a console of the agent.
pub(crate) async fn serve(server: Shared, socket: Socket, id: String, browser: SocketAddr, login: Login) {
    let stop = server.stop.clone();
    let shown = printable(&id);
    let mut opening = match server.agents.open(&id, browser) {
        Ok(opening) => opening,
        Err(none) => {
            let (sentence, code) = explain(&shown, &none);
            return tell(socket, &sentence, code).await;
        }
    };
    log::info!("{} at {browser} opens a console of {id:?}", login.user);
    let mut terminal = socket;
    let end = tokio::select! {
        () = stop.asked() => Waited::Gone,
        () = login.clone().ended(clock::now_ms()) => Waited::LoggedOut,
        waited = wait(&mut terminal, &mut opening, &server) => waited,
    };
    match end {
        Waited::Open(agent, early) => {
            let end = relay::run(terminal, *agent, early, server.patience, login, &stop).await;
            log::info!("a console of {id:?} ended: {end}");
        }
        // A server that stops loses its agents too; that is not what the user should read.
        Waited::Lost | Waited::Gone if stop.is_asked() => {
            socket::close(terminal, Some(close::frame(close::GOING, "the tunnel server is stopping"))).await;
        }
        Waited::Gone => socket::close(terminal, None).await,
        Waited::Lost => {
            let sentence =
                format!("Agent '{shown}' was lost while its console was opening. Try again when it is back.");
            tell(terminal, &sentence, close::NO_AGENT).await;
        }
        Waited::Silent => {
            let seconds = server.patience.console_wait.as_secs_f32();
            let sentence = format!(
                "Agent '{shown}' is connected, but did not open a console within {seconds} s. Its process may be \
                 stopped, or so busy that no thread of it runs."
            );
            tell(terminal, &sentence, close::NO_ANSWER).await;
        }
        Waited::LoggedOut => tell(terminal, "The login ended. Log in again.", close::LOGGED_OUT).await,
    }
}

enum Waited {
    Open(Box<Socket>, VecDeque<Message>),
    Gone,
    Lost,
    Silent,
    LoggedOut,
}

/// Keeps what is typed until the agent's console arrives.
async fn wait(terminal: &mut Socket, opening: &mut Opening, server: &Shared) -> Waited {
    let patience = server.patience;
    let (deadline, mut ping) = (Instant::now() + patience.console_wait, Instant::now() + patience.ping_after);
    let (mut early, mut bytes) = (VecDeque::new(), 0);
    loop {
        tokio::select! {
            agent = opening.arrived() => return match agent {
                Some(agent) => Waited::Open(Box::new(agent), early),
                None => Waited::Lost,
            },
            message = terminal.next(), if bytes < EARLY => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    // An empty frame takes room too.
                    bytes += message.len() + 64;
                    early.push_back(message);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Waited::Gone,
                Some(Ok(_)) => {}
            },
            () = sleep_until(ping.min(deadline)) => {
                if Instant::now() >= deadline {
                    return Waited::Silent;
                }
                ping = Instant::now() + patience.ping_after;
                if terminal.send(Message::Ping(Vec::new().into())).await.is_err() {
                    return Waited::Gone;
                }
            }
        }
    }
}

/// Why there is no console, as a sentence for the user and a code for the page.
pub(crate) fn explain(shown: &str, none: &NoConsole) -> (String, u16) {
    match none {
        NoConsole::Unknown => (
            format!(
                "No agent '{shown}' is connected. The list of agents shows which ones are; it may have come back under another id."
            ),
            close::NO_AGENT,
        ),
        NoConsole::Lost(reason) => (
            format!(
                "Agent '{shown}' is not connected: {}. It comes back by itself if its process lives.",
                printable(reason)
            ),
            close::NO_AGENT,
        ),
        NoConsole::Busy => (
            format!(
                "Agent '{shown}' has not yet opened the consoles it was asked for. Try again in a few seconds."
            ),
            close::NO_ANSWER,
        ),
        NoConsole::Internal(failure) => {
            log::error!("no console of {shown}: {failure}");
            ("The tunnel server could not open a console; its log says why.".to_owned(), 1011)
        }
    }
}

/// Shows a sentence in the terminal and closes it with the sentence as the reason.
async fn tell(mut socket: Socket, sentence: &str, code: u16) {
    let line = Message::text(format!("{sentence}\r\n"));
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), socket.send(line)).await;
    socket::close(socket, Some(close::frame(code, sentence))).await;
}
