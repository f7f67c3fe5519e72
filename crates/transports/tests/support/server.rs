//! Tunnel servers, good and bad, on loopback: real sockets, blocking, with deadlines.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::{Message, WebSocket, accept_hdr};
use wire::arthas::Query;

pub struct Server {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

/// A connection, with or without TLS.
pub trait Socket: Read + Write + Send {}

impl<T: Read + Write + Send> Socket for T {}

/// An accepted WebSocket and the query it was asked for with.
pub struct Upgraded {
    pub socket: WebSocket<Box<dyn Socket>>,
    pub path: String,
    pub query: Query,
    pub origin: String,
}

impl Server {
    pub fn plain() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), tls: None }
    }

    /// With a certificate for these names; the PEM text of the CA that signed it comes along.
    pub fn tls(names: &[&str]) -> (Self, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(ca, key);
        let own_key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let own = rcgen::CertificateParams::new(names).unwrap().signed_by(&own_key, &issuer).unwrap();
        let private = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)
            .unwrap();
        (Self { tls: Some(Arc::new(config)), ..Self::plain() }, ca_certificate.pem())
    }

    pub fn of(listener: TcpListener) -> Self {
        Self { listener, tls: None }
    }

    /// TLS only, as far as the agent goes along.
    pub fn shake_hands(&self, mut stream: TcpStream) {
        let mut connection = ServerConnection::new(self.tls.clone().unwrap()).unwrap();
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        // What the agent has to say about it.
        drop(stream.read(&mut [0; 1024]));
    }

    pub fn at(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The next connection, or nothing within the limit.
    pub fn accept_within(&self, limit: Duration) -> Option<TcpStream> {
        self.listener.set_nonblocking(true).unwrap();
        let deadline = Instant::now() + limit;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_nodelay(true).unwrap();
                    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
                    return Some(stream);
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(why) => panic!("{why}"),
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn accept(&self) -> TcpStream {
        self.accept_within(Duration::from_secs(15)).expect("the agent connects")
    }

    /// The next connection's upgrade, if it gets so far.
    pub fn try_upgrade(&self) -> Option<Upgraded> {
        let stream = self.accept();
        let socket: Box<dyn Socket> = match &self.tls {
            None => Box::new(stream),
            Some(config) => {
                Box::new(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream))
            }
        };
        let mut asked = None;
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let look = |request: &Request, response: Response| {
            let origin = request.headers().get("origin").map(|value| value.to_str().unwrap().to_owned());
            let uri = request.uri();
            let query = Query::parse(uri.query().unwrap_or_default(), 4096).unwrap();
            asked = Some((uri.path().to_owned(), query, origin.unwrap_or_default()));
            Ok(response)
        };
        let socket = accept_hdr(socket, look).ok()?;
        let (path, query, origin) = asked?;
        Some(Upgraded { socket, path, query, origin })
    }

    pub fn upgrade(&self) -> Upgraded {
        self.try_upgrade().expect("a WebSocket upgrade")
    }

    /// Takes a registration and confirms it under the id it asked for.
    pub fn register(&self) -> Upgraded {
        let mut control = self.upgrade();
        assert_eq!(control.query.get("method"), Some("agentRegister"));
        let id = control.query.get("id").unwrap().to_owned();
        control.send(&format!("response:/?method=agentRegister&id={}", wire::arthas::encode(&id)));
        control
    }

    /// Asks for a console and takes it.
    pub fn console(&self, control: &mut Upgraded) -> Upgraded {
        control.send("response:/?method=startTunnel&id=x&clientConnectionId=VJYXNHAKEVL9EPFPIWAR");
        let console = self.upgrade();
        assert_eq!(console.query.get("method"), Some("openTunnel"));
        assert_eq!(console.query.get("clientConnectionId"), Some("VJYXNHAKEVL9EPFPIWAR"));
        console
    }
}

impl Upgraded {
    pub fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    pub fn keys(&mut self, keys: &str) {
        self.send(&wire::arthas::Keys::Read(keys.to_owned()).to_string());
    }

    /// Text until these words are in it.
    pub fn text_until(&mut self, words: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(words) {
            match self.socket.read() {
                Ok(Message::Text(text)) => seen.push_str(text.as_str()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} instead of {words:?} after {seen:?}"),
            }
        }
        seen
    }

    /// The code and reason the agent closes with.
    pub fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.read() {
                Ok(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Ok(_) => {}
                Err(why) => panic!("no close frame but {why}"),
            }
        }
    }
}
