//! An agent's control connection: it registers, is told when a console is wanted, and is pinged.
//!
//! Ten thousand of these idle side by side, so the task holds little and wakes once in ten
//! seconds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lender::Desk;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use wire::arthas::{Order, Registration};
use wire::{DECOMPILE, Frame, Message as Said, PartWanted};

use crate::agents::{Agent, NotRegistered};
use crate::clock;
use crate::close;
use crate::server::Shared;
use crate::socket::{self, Socket};
use crate::token::Credential;

/// An agent that does not read its orders for so long is lost.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Serves an agent from its registration to its end.
pub(crate) async fn serve(
    server: Shared,
    mut socket: Socket,
    registration: Registration,
    address: SocketAddr,
    credential: Credential,
) {
    let stop = server.stop.clone();
    let is_ours = registration.identity.is_some();
    let lends = favours(&server, is_ours);
    let (say, mut said) = mpsc::unbounded_channel();
    let bench = server.bench.clone().filter(|_| is_ours);
    // That nobody takes it means that the connection is over.
    let mut desk = Desk::new(bench, move |frame| drop(say.send(frame)));
    let (agent, mut orders) = match server.agents.register(registration, address, credential) {
        Ok(registered) => registered,
        Err(NotRegistered::Taken) => {
            let frame = close::frame(close::TAKEN, "the id belongs to an agent that showed a token");
            return socket::close(socket, Some(frame)).await;
        }
        Err(NotRegistered::Internal(failure)) => {
            log::error!("an agent cannot be registered: {failure}");
            return socket::close(socket, Some(close::frame(1011, "the server could not register it"))).await;
        }
    };
    log::info!("agent {:?} registered from {address}", agent.facts.id);
    let (ping_after, silent_after) = (server.patience.ping_after, server.patience.silent_after);
    let mut heard = Instant::now();
    // What is sent makes nobody answer but a ping: an agent that gets many orders must be pinged, too.
    let mut pinged = heard;
    let mut outgoing =
        Some(Message::text(Order::Registered { id: agent.facts.id.clone(), lends }.to_string()));
    let end = loop {
        if let Some(message) = outgoing.take() {
            match timeout(WRITE_WITHIN, socket.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => break End::lost(socket::reason(&error)),
                Err(_) => break End::lost("it does not read what it is sent"),
            }
        }
        let wake = (heard.max(pinged) + ping_after).min(heard + silent_after);
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Close(frame))) => break End::lost(farewell(frame)),
                // Little that an agent says here matters, but that it says something does.
                Some(Ok(message)) => {
                    heard = Instant::now();
                    agent.last_seen.store(clock::now_ms(), Ordering::Relaxed);
                    if let (true, Message::Binary(bytes)) = (is_ours, message)
                        && let Some(frame) = Frame::decode(&bytes)
                    {
                        outgoing = favour(&server, &mut desk, frame).await;
                    }
                }
                Some(Err(error)) => break End::lost(socket::reason(&error)),
                None => break End::lost("it closed the connection"),
            },
            Some(frame) = said.recv() => outgoing = binary(&frame),
            Some(order) = orders.recv() => outgoing = Some(Message::text(order.to_string())),
            () = agent.replaced.notified() => break End::Replaced,
            () = stop.asked() => break End::Stopping,
            () = sleep_until(wake) => {
                if heard.elapsed() >= silent_after {
                    break End::lost(format!("no sign of life for {} s", silent_after.as_secs_f32()));
                }
                pinged = Instant::now();
                outgoing = Some(Message::Ping(Vec::new().into()));
            }
        }
    };
    leave(&server, &agent, socket, end).await;
}

/// What we do for an agent, as it is told.
fn favours(server: &Shared, is_ours: bool) -> Vec<String> {
    let lends = (!server.shelf.is_empty()).then_some(PartWanted::CAPABILITY);
    let works = server.bench.is_some().then_some(DECOMPILE);
    lends.into_iter().chain(works).filter(|_| is_ours).map(str::to_owned).collect()
}

/// Does what an agent asks for. Gives the answer, if there is one already.
async fn favour(server: &Shared, desk: &mut Desk, frame: Frame) -> Option<Message> {
    let Said::PartWanted(wanted) = frame.message else {
        // Whoever is told to end is waited for.
        tokio::task::block_in_place(|| desk.take(frame));
        return None;
    };
    let server = Arc::clone(server);
    let piece = tokio::task::spawn_blocking(move || server.shelf.piece(&wanted)).await.unwrap_or_default();
    binary(&Frame { session: frame.session, message: Said::Part(piece) })
}

fn binary(frame: &Frame) -> Option<Message> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).ok().map(|()| Message::binary(bytes))
}

enum End {
    Lost(String),
    Replaced,
    Stopping,
}

impl End {
    fn lost(reason: impl Into<String>) -> Self {
        Self::Lost(reason.into())
    }
}

async fn leave(server: &Shared, agent: &Arc<Agent>, socket: Socket, end: End) {
    let id = &agent.facts.id;
    let (frame, reason) = match end {
        End::Lost(reason) => (None, reason),
        End::Replaced => (
            Some(close::frame(close::REPLACED, "a newer connection registered with this id")),
            "replaced".to_owned(),
        ),
        End::Stopping => (
            Some(close::frame(close::GOING, "the tunnel server is stopping")),
            "the server stopped".to_owned(),
        ),
    };
    log::info!("agent {id:?} is gone: {reason}");
    server.agents.lost(agent, &reason);
    socket::close(socket, frame).await;
}

fn farewell(frame: Option<CloseFrame>) -> String {
    match frame {
        Some(frame) if !frame.reason.is_empty() => {
            format!("it closed the connection: {} ({})", frame.reason, frame.code)
        }
        Some(frame) => format!("it closed the connection ({})", frame.code),
        None => "it closed the connection".to_owned(),
    }
}
