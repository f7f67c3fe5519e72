//! An agent's control connection: it registers, is told when a console is wanted, and is pinged.
//!
//! Ten thousand of these idle side by side, so the task holds little and wakes once in ten
//! seconds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use wire::arthas::{Order, Registration};

use crate::agents::{Agent, NotRegistered};
use crate::clock;
use crate::close;
use crate::favours::Favours;
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
    let mut favours = Favours::new(&server, registration.identity.is_some());
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
    let mut outgoing = Some(Message::text(
        Order::Registered { id: agent.facts.id.clone(), lends: favours.names() }.to_string(),
    ));
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
                    outgoing = favours.take(message).await;
                }
                Some(Err(error)) => break End::lost(socket::reason(&error)),
                None => break End::lost("it closed the connection"),
            },
            message = favours.said() => outgoing = message,
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
    favours.end();
    leave(&server, &agent, socket, end).await;
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
