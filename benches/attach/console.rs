//! A terminal through the tunnel server, as the web console has one.

use std::net::TcpStream;
use std::time::Instant;

use harness::{Answer, Java, PATIENCE, Tunnel};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use crate::row::median;

/// An open terminal that stands at its prompt.
pub struct Console {
    socket: WebSocket<TcpStream>,
    prompt: String,
}

impl Console {
    /// Brings the agent in a JVM to the tunnel and opens a terminal of it.
    pub fn open(tunnel: &Tunnel, java: &Java) -> Self {
        let options = format!("tunnel-url={},token={},app-name=bench", tunnel.agent_url(), tunnel.token);
        Answer::of(&["attach", &java.pid().to_string(), "-o", &options]).ok();
        let agent = tunnel.agent("bench");
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
        let mut console = Self { socket, prompt: format!("[arthas@{}]$ ", java.pid()) };
        console.until(|text, prompt| text.contains(prompt));
        console
    }

    /// Milliseconds from Enter to the next prompt, the middle of many rounds after one that is not counted.
    pub fn median_ms(&mut self, line: &str, rounds: usize) -> f64 {
        self.run(line);
        median(&(0..rounds).map(|_| self.run(line)).collect::<Vec<_>>())
    }

    fn run(&mut self, line: &str) -> f64 {
        let keys = serde_json::json!({"action": "read", "data": format!("{line}\r")});
        let start = Instant::now();
        self.socket.send(Message::text(keys.to_string())).expect("the tunnel reads");
        // The first line is the echo; what the line editor draws there does not count.
        let ends =
            |text: &str, prompt: &str| text.split_once('\n').is_some_and(|(_, rest)| rest.contains(prompt));
        let text = self.until(ends);
        let took = start.elapsed().as_secs_f64() * 1e3;
        assert!(text.lines().count() > 2, "{line} printed nothing: {text:?}");
        took
    }

    fn until(&mut self, done: impl Fn(&str, &str) -> bool) -> String {
        let mut text = String::new();
        while !done(&text, &self.prompt) {
            if let Message::Text(piece) = self.socket.read().expect("the terminal goes on") {
                text.push_str(&piece);
            }
        }
        text
    }
}
