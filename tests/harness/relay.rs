//! A relay between an agent and the tunnel: what leaves the process, byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A relay on the way from the agent to the tunnel that keeps what the agent sends.
pub struct Relay {
    /// Where it listens.
    pub port: u16,
    /// Of each connection.
    sent: Arc<Mutex<Vec<Sent>>>,
}

type Sent = Arc<Mutex<Vec<u8>>>;

impl Relay {
    /// Starts one to a port of this machine.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let all = sent.clone();
        std::thread::spawn(move || {
            for agent in listener.incoming().flatten() {
                let Ok(tunnel) = TcpStream::connect(("127.0.0.1", port)) else { return };
                let (from_agent, to_tunnel) = (agent.try_clone().unwrap(), tunnel.try_clone().unwrap());
                let keeper = Sent::default();
                all.lock().unwrap().push(keeper.clone());
                std::thread::spawn(move || pass(from_agent, to_tunnel, Some(&keeper)));
                std::thread::spawn(move || pass(tunnel, agent, None));
            }
        });
        Self { port: own, sent }
    }

    /// What was sent so far, the masks of the frames taken off.
    pub fn sent(&self) -> Vec<u8> {
        self.sent.lock().unwrap().iter().flat_map(|sent| unmasked(&sent.lock().unwrap())).collect()
    }

    /// How much was sent so far.
    pub fn count(&self) -> usize {
        self.sent.lock().unwrap().iter().map(|sent| sent.lock().unwrap().len()).sum()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, keeper: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if let Some(keeper) = keeper {
            keeper.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}

/// What a client of a WebSocket has said (RFC 6455, 5.2): its request, then the payloads of its frames.
fn unmasked(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let (mut said, mut rest) = (bytes[..end].to_vec(), &bytes[end..]);
    while let [_, length, more @ ..] = rest {
        assert!(length & 0x80 != 0, "a client masks what it sends");
        let wide = match length & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if more.len() < wide + 4 {
            break;
        }
        let count = match wide {
            0 => usize::from(length & 0x7F),
            _ => more[..wide].iter().fold(0, |count, byte| count << 8 | usize::from(*byte)),
        };
        let (mask, payload) = (&more[wide..wide + 4], &more[wide + 4..]);
        let payload = &payload[..count.min(payload.len())];
        said.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        rest = more.get(wide + 4 + count..).unwrap_or_default();
    }
    said
}
