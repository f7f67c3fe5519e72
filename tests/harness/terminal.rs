//! A terminal through the tunnel server, as the web console has one.

use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use crate::{Answer, Java, PATIENCE, Tunnel};

/// An open terminal that stands at its prompt.
pub struct Terminal {
    socket: WebSocket<TcpStream>,
    /// What the agent writes when it waits for a line.
    pub prompt: String,
}

impl Terminal {
    /// Brings the agent in a JVM to the tunnel under a name and opens a terminal of it.
    pub fn open(tunnel: &Tunnel, java: &Java, app: &str) -> Self {
        let options = format!("tunnel-url={},token={},app-name={app}", tunnel.agent_url(), tunnel.token);
        Answer::of(&["attach", &java.pid().to_string(), "-o", &options]).ok();
        let agent = tunnel.agent(app);
        let id = agent["id"].as_str().expect("an agent has an id");
        let stream = TcpStream::connect(tunnel.address()).expect("the tunnel listens");
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a TCP socket");
        let url = format!("{}?method=connectArthas&id={id}", tunnel.agent_url());
        let mut request = url.into_client_request().expect("a URL");
        let (host, port) = tunnel.address();
        let origin = format!("http://{host}:{port}").parse().expect("a header");
        request.headers_mut().insert("origin", origin);
        let credentials = tunnel.credentials().parse().expect("a header");
        request.headers_mut().insert("authorization", credentials);
        let (socket, _) = tungstenite::client(request, stream).expect("the tunnel opens a terminal");
        let mut terminal = Self { socket, prompt: format!("[arthas@{}]$ ", java.pid()) };
        let prompt = terminal.prompt.clone();
        terminal.until(|text| text.contains(&prompt));
        terminal
    }

    /// Types keys.
    pub fn keys(&mut self, keys: &str) {
        let keys = serde_json::json!({"action": "read", "data": keys});
        self.socket.send(Message::text(keys.to_string())).expect("the tunnel reads");
    }

    /// Reads on until the text since the last such wait is as wanted, and gives it.
    pub fn until(&mut self, done: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        while !done(&text) {
            match self.socket.read() {
                Ok(Message::Text(piece)) => text.push_str(&piece),
                Ok(_) => {}
                Err(why) => panic!("the terminal has ended: {why}; {text}"),
            }
        }
        text
    }

    /// Closes it as a browser's tab does.
    pub fn close(mut self) {
        self.socket.close(None).expect("the tunnel reads");
        let stream = self.socket.get_ref();
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a TCP socket");
        while self.socket.read().is_ok() {}
    }

    /// Cuts the connection, as a browser that has crashed does.
    pub fn cut(self) {
        // Gone already is as good.
        drop(self.socket.get_ref().shutdown(Shutdown::Both));
    }
}
