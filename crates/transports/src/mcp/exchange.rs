//! One HTTP request of a client: which session it is for, and whether it may be what it is.

use mio::Token;
use serde_json::Value;

use super::client::Client;
use super::message::{self, Fault, Message, Request};
use super::method::introduction;
use super::version::Version;
use super::{Asker, CLIENTS, Mcp, Post, SILENT, random};
use crate::core::Core;
use crate::http::{Answer, Head};
use crate::options::Protocol;

/// The header field that names a session.
const SESSION: &str = "mcp-session-id";

/// The kinds of content of an answer.
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

impl Mcp {
    /// Answers a request; `None`: later.
    pub(crate) fn ask(&mut self, asker: Asker, head: &Head, body: &[u8], core: &mut Core) -> Option<Answer> {
        if core.stopping {
            return Some(refusal(503, Fault::BUSY, "The agent is stopping."));
        }
        let has_sessions = core.options.mcp_protocol.unwrap_or_default() == Protocol::Streamable;
        let said = head.field("mcp-protocol-version");
        let version = match said.map(Version::known) {
            Some(None) => {
                let why = format!("The MCP-Protocol-Version is none of {}.", Version::names());
                return Some(refusal(400, Fault::NO_REQUEST, &why));
            }
            Some(known) => known,
            None => None,
        };
        match (head.method.as_str(), has_sessions) {
            ("POST", _) => {
                let missing: Vec<&str> =
                    [JSON, EVENTS].into_iter().filter(|kind| !accepts(head, kind)).collect();
                if !missing.is_empty() {
                    let why = format!("{} required in Accept header", missing.join(" and "));
                    return Some(refusal(400, Fault::NO_REQUEST, &why));
                }
                let message = match message::read(body) {
                    Ok(message) => message,
                    Err(fault) => return Some(answer(400, &fault)),
                };
                if !has_sessions {
                    let version = version.unwrap_or(Version::SILENT);
                    return self.hear(None, version, asker, message, core);
                }
                if let Message::Request(request) = &message
                    && request.method == "initialize"
                {
                    return Some(self.begin(&asker, request, core));
                }
                let home = match self.home(head) {
                    Ok(home) => home,
                    Err(answer) => return Some(answer),
                };
                let client = self.clients.get_mut(&home)?;
                client.last = core.now;
                let version = client.version;
                self.hear(Some(&home), version, asker, message, core)
            }
            ("GET", true) => self.listen(&asker, head, core).err(),
            ("DELETE", true) => match self.home(head) {
                Ok(home) => {
                    self.end_client(&home, core);
                    Some(Answer::new(200, "", Vec::new()))
                }
                Err(answer) => Some(answer),
            },
            (_, true) => {
                Some(Answer::text(405, "Only GET, POST and DELETE").with("allow", "GET, POST, DELETE"))
            }
            (_, false) => {
                Some(Answer::text(405, "Only POST: clients have no sessions here").with("allow", "POST"))
            }
        }
    }

    /// Begins a session.
    fn begin(&mut self, asker: &Asker, request: &Request, core: &mut Core) -> Answer {
        if self.clients.len() >= CLIENTS {
            let old = |client: &Client| {
                client.is_idle() && core.now.saturating_duration_since(client.last) >= SILENT
            };
            let oldest = self.clients.iter().filter(|(_, client)| old(client));
            let oldest = oldest.min_by_key(|(_, client)| client.last).map(|(home, _)| home.clone());
            match oldest {
                Some(home) => {
                    log::info!(
                        "mcp: session {home} is closed: it was used longest ago, and there are too many"
                    );
                    self.end_client(&home, core);
                }
                None => {
                    let why = format!(
                        "{CLIENTS} clients have sessions, which is the limit; end one (DELETE) or try again in a minute."
                    );
                    return refusal(503, Fault::BUSY, &why);
                }
            }
        }
        let home = match random::name() {
            Ok(home) => home,
            Err(why) => return refusal(500, Fault::BUSY, why),
        };
        if let Err(why) = core.open_session() {
            return refusal(503, Fault::BUSY, &why);
        }
        let (version, result) = introduction(&request.params, true, core);
        self.clients.insert(home.clone(), Client::new(version, core.now));
        log::info!("mcp: session {home} begins for {:?} from {}", asker.user, asker.peer);
        Answer::new(200, JSON, message::answer(&request.id, &result)).with(SESSION, home)
    }

    /// A client's connection for what it is told unasked.
    fn listen(&mut self, asker: &Asker, head: &Head, core: &Core) -> Result<(), Answer> {
        if !accepts(head, EVENTS) {
            let why = format!("{EVENTS} required in Accept header");
            return Err(refusal(400, Fault::NO_REQUEST, &why));
        }
        let home = self.home(head)?;
        if head.values("last-event-id").next().is_some() {
            // What was missed is not kept.
            return Err(refusal(404, Fault::NO_REQUEST, "Session not found, please re-initialize"));
        }
        let Some(client) = self.clients.get_mut(&home) else { return Ok(()) };
        client.last = core.now;
        let before: Option<Token> = client.listen(asker.connection, core.now);
        self.posts.extend(before.map(|before| (before, Post::End(None))));
        self.posts.push((asker.connection, Post::Begin));
        Ok(())
    }

    /// The session that a request names.
    fn home(&self, head: &Head) -> Result<String, Answer> {
        match head.field(SESSION).filter(|home| !home.is_empty()) {
            None => Err(refusal(400, Fault::NO_REQUEST, "Session ID required in mcp-session-id header")),
            Some(home) if self.clients.contains_key(home) => Ok(home.to_owned()),
            Some(home) => {
                let shown: String = home.chars().take(80).collect();
                Err(refusal(404, Fault::NO_REQUEST, &format!("Session not found: {shown}")))
            }
        }
    }
}

/// Whether an answer of this kind may come.
fn accepts(head: &Head, kind: &str) -> bool {
    head.values("accept").flat_map(|value| value.split(',')).any(|part| {
        let part = part.split(';').next().unwrap_or_default().trim();
        part.eq_ignore_ascii_case(kind) || part == "*/*"
    })
}

fn refusal(status: u16, code: i32, why: &str) -> Answer {
    answer(status, &Fault::new(code, why))
}

/// An answer to a request that is none, or none of a session.
fn answer(status: u16, fault: &Fault) -> Answer {
    Answer::new(status, JSON, fault.answer(&Value::Null))
}
