//! Accepting connections, with limits on all that a stranger could make us hold.
//!
//! A connection must finish its TLS handshake and each request's head in time. Only so many are
//! in that phase at once: the next ones wait in the kernel's queue, so that ten thousand agents
//! that come back together are served rather than refused. WebSockets leave that phase, but count
//! against the connections there may be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::failure::Failure;
use crate::held::Held;
use crate::peer::Peer;
use crate::stop::Stop;

/// Connections whose handshake or request is under way.
const MOST_BUSY: usize = 1_024;

/// The longest request head, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// A connection that only speaks HTTP ends after so long; browsers open another one.
const HTTP_LASTS: Duration = Duration::from_secs(10 * 60);

/// A request that is under way then may still take so long.
const LONGEST_REQUEST: Duration = Duration::from_secs(5 * 60);

/// The same, when the server ends.
const LAST_REQUEST: Duration = Duration::from_secs(2);

/// What connections are served with.
#[derive(Clone)]
pub(crate) struct Listener {
    router: Router,
    tls: Option<TlsAcceptor>,
    room: Arc<Semaphore>,
    busy: Arc<Semaphore>,
    within: Duration,
    stop: Stop,
}

/// Binds an address.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restart need not wait for the old connections' last packets.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(4_096)
    };
    listen()
        .map_err(|e| Failure::new(format!("cannot listen on {address}: {e}. Choose another with --listen.")))
}

impl Listener {
    /// Serves these routes to at most `most` connections at a time.
    pub(crate) fn new(
        router: Router,
        tls: Option<TlsAcceptor>,
        most: usize,
        within: Duration,
        stop: Stop,
    ) -> Self {
        let (room, busy) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(MOST_BUSY)));
        Self { router, tls, room, busy, within, stop }
    }

    /// Accepts until the server ends.
    pub(crate) async fn run(self, listener: TcpListener) {
        loop {
            let Ok(busy) = Arc::clone(&self.busy).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.asked() => return,
            };
            match accepted {
                Ok((stream, address)) => {
                    let this = self.clone();
                    tokio::spawn(async move {
                        this.connection(stream, address).await;
                        drop(busy);
                    });
                }
                Err(error) => {
                    // Out of descriptors, mostly: some may be free in a moment.
                    log::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn connection(self, mut stream: TcpStream, address: SocketAddr) {
        // A key must not wait for the next one to share its packet.
        let _ = stream.set_nodelay(true);
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            log::warn!("{address} is refused: there are as many connections as --max-connections allows");
            let full = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 10\r\n\r\n";
            let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(full)).await;
            return;
        };
        match self.tls.clone() {
            None => self.http(Held::new(stream, room), Peer { address, tls: false }).await,
            Some(tls) => match tokio::time::timeout(self.within, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.http(Held::new(stream, room), Peer { address, tls: true }).await,
                Ok(Err(error)) => log::debug!("no TLS with {address}: {error}"),
                Err(_) => log::debug!("no TLS with {address}: it took too long"),
            },
        }
    }

    async fn http<S>(self, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, stop, within, .. } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().call(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(within)
            .max_buf_size(LONGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stop.asked() => None,
            () = tokio::time::sleep(HTTP_LASTS) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                let left = if stop.is_asked() { LAST_REQUEST } else { LONGEST_REQUEST };
                let last = tokio::time::timeout(left, connection).await;
                last.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            log::debug!("a connection of {} ended: {error}", peer.address);
        }
    }
}
