//! Two WebSockets as one: what comes in on one side goes out on the other, frame by frame.
//!
//! A side is read only when the other has taken what it was given, so nothing piles up here: a
//! slow browser slows its agent down. Frames that arrive together leave together, and the last of
//! them leaves at once. Pings are each side's own; a side that is silent, or does not read, ends
//! both.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::clock;
use crate::close;
use crate::options::Patience;
use crate::session::Login;
use crate::socket::{self, Socket};
use crate::stop::Stop;

/// What ended a relay.
#[derive(Debug)]
pub(crate) enum End {
    /// A side said goodbye.
    Closed(Side, Option<CloseFrame>),
    /// A side is gone without a goodbye, for this reason.
    Broken(Side, String),
    /// A side's frame was too long.
    TooBig(Side),
    /// A side did not read what it was sent.
    NotReading(Side),
    /// The session of the terminal ended.
    LoggedOut,
    /// The server ends.
    Stopping,
}

/// The two sides of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Where keys come from.
    Terminal,
    /// Where they go.
    Agent,
}

struct Half {
    side: Side,
    sink: Mutex<SplitSink<Socket, Message>>,
    start: Instant,
    heard_ms: AtomicU64,
    // Only who is being read can be called silent.
    listening: AtomicBool,
}

impl Half {
    fn new(side: Side, sink: SplitSink<Socket, Message>) -> Self {
        let (heard_ms, listening) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { side, sink: Mutex::new(sink), start: Instant::now(), heard_ms, listening }
    }

    fn hear(&self) {
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(ms, Ordering::Relaxed);
    }

    fn silent_for(&self) -> Duration {
        if !self.listening.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        self.start.elapsed().saturating_sub(Duration::from_millis(self.heard_ms.load(Ordering::Relaxed)))
    }

    /// Sends within the patience; `flush` says whether it must leave now.
    async fn send(&self, message: Option<Message>, flush: bool, within: Duration) -> Result<(), End> {
        let send = async {
            let mut sink = self.sink.lock().await;
            if let Some(message) = message {
                sink.feed(message).await?;
            }
            if flush { sink.flush().await } else { Ok(()) }
        };
        match timeout(within, send).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(self.side, &error)),
            Err(_) => Err(End::NotReading(self.side)),
        }
    }
}

/// Relays until one side ends, the login does, or the server. Frames of `early` go first.
/// Says goodbye to both sides.
pub(crate) async fn run(
    terminal: Socket,
    agent: Socket,
    early: impl IntoIterator<Item = Message>,
    patience: Patience,
    login: Login,
    stop: &Stop,
) -> End {
    let (terminal_sink, mut terminal_stream) = terminal.split();
    let (agent_sink, mut agent_stream) = agent.split();
    let terminal = Half::new(Side::Terminal, terminal_sink);
    let agent = Half::new(Side::Agent, agent_sink);
    let keys = async {
        for message in early {
            agent.send(Some(message), false, patience.stuck_after).await?;
        }
        pump(&mut terminal_stream, &terminal, &agent, patience).await
    };
    let end = tokio::select! {
        Err(end) = keys => end,
        Err(end) = pump(&mut agent_stream, &agent, &terminal, patience) => end,
        end = keep_alive([&terminal, &agent], patience) => end,
        () = login.ended(clock::now_ms()) => End::LoggedOut,
        () = stop.asked() => End::Stopping,
    };
    let frame = goodbye(&end);
    tokio::join!(
        part(terminal_stream, terminal.sink.into_inner(), frame.clone()),
        part(agent_stream, agent.sink.into_inner(), frame)
    );
    end
}

/// Says goodbye to one side, after what was still on its way to it.
async fn part(stream: SplitStream<Socket>, mut sink: SplitSink<Socket, Message>, frame: Option<CloseFrame>) {
    // A message that is not flushed would be dropped with the sink.
    let _ = timeout(Duration::from_secs(1), sink.flush()).await;
    if let Ok(socket) = stream.reunite(sink) {
        socket::close(socket, frame).await;
    }
}

/// Moves messages one way; only ever ends by an error.
async fn pump(
    stream: &mut SplitStream<Socket>,
    from: &Half,
    to: &Half,
    patience: Patience,
) -> Result<std::convert::Infallible, End> {
    loop {
        let next = match stream.next().now_or_never() {
            Some(next) => next,
            None => {
                to.send(None, true, patience.stuck_after).await?;
                from.hear();
                from.listening.store(true, Ordering::Relaxed);
                let next = stream.next().await;
                from.listening.store(false, Ordering::Relaxed);
                next
            }
        };
        match next {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                to.send(Some(message), false, patience.stuck_after).await?;
            }
            Some(Ok(Message::Close(frame))) => return Err(End::Closed(from.side, frame)),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(broken(from.side, &error)),
            None => return Err(End::Broken(from.side, "it closed the connection".into())),
        }
    }
}

/// Pings whoever is quiet, and gives up on who stays silent.
async fn keep_alive(halves: [&Half; 2], patience: Patience) -> End {
    let mut pinged = [Instant::now(); 2];
    loop {
        sleep(patience.ping_after / 4).await;
        for (half, pinged) in halves.into_iter().zip(&mut pinged) {
            let silent = half.silent_for();
            if silent >= patience.silent_after {
                let why = format!("no sign of life for {} s", patience.silent_after.as_secs_f32());
                return End::Broken(half.side, why);
            }
            // A sink that is being written to needs no ping.
            if silent >= patience.ping_after
                && pinged.elapsed() >= patience.ping_after
                && let Ok(mut sink) = half.sink.try_lock()
            {
                *pinged = Instant::now();
                // What is not sent in a second stays in the socket's buffer and goes out later.
                let _ = timeout(Duration::from_secs(1), sink.send(Message::Ping(Vec::new().into()))).await;
            }
        }
    }
}

fn broken(side: Side, error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::TooBig(side),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            End::Broken(side, "it closed the connection".into())
        }
        other => End::Broken(side, socket::reason(other)),
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Terminal => "the terminal",
            Self::Agent => "the agent's console",
        })
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed(side, _) => write!(f, "{side} closed it"),
            Self::Broken(side, why) => write!(f, "{side} is gone: {why}"),
            Self::TooBig(side) => write!(f, "{side} sent a frame longer than allowed"),
            Self::NotReading(side) => write!(f, "{side} does not read"),
            Self::LoggedOut => f.write_str("the login ended"),
            Self::Stopping => f.write_str("the tunnel server is stopping"),
        }
    }
}

/// The close frame both sides get.
fn goodbye(end: &End) -> Option<CloseFrame> {
    let code = match end {
        End::Closed(_, frame) => return close::pass_on(frame.clone()),
        End::Broken(..) => close::PEER_LOST,
        End::TooBig(_) => close::TOO_BIG,
        End::NotReading(_) => close::NOT_READING,
        End::LoggedOut => close::LOGGED_OUT,
        End::Stopping => close::GOING,
    };
    Some(close::frame(code, &end.to_string()))
}
