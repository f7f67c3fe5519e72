//! What the server tells an agent on its control connection: `response:/?method=…`.
//!
//! Also the one text an agent answers there, `?method=httpProxy&…`.

use super::query::encode_but;
use super::{ArthasError, MAX_NAME, MAX_QUERY, Query, encode};

/// How an order begins.
const PREFIX: &str = "response:/?";

/// The longest path to fetch, in bytes.
const MAX_TARGET: usize = 1024;

/// The longest proxy answer, in bytes of text: 10 MiB of body as base64, percent-encoded.
const MAX_ANSWER: usize = 14 * 1024 * 1024;

/// One text frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The registration is accepted; the agent uses this id from now on, also when it reconnects.
    Registered {
        /// The id.
        id: String,
        /// What our own server does for our own agents, by the names of capabilities: see [`crate::Message`].
        lends: Vec<String>,
    },
    /// Open a second connection and serve a console on it.
    StartTunnel {
        /// The agent's id.
        id: String,
        /// What the agent hands back in [`super::Request::OpenTunnel`].
        connection: String,
    },
    /// Fetch a page from the agent's own web server.
    HttpProxy {
        /// The agent's id.
        id: String,
        /// The path, without a query.
        target: String,
        /// What the agent hands back in its [`ProxyAnswer`].
        request: String,
    },
}

impl Order {
    /// Reads a text frame.
    pub fn parse(text: &str) -> Result<Self, ArthasError> {
        let query = text.strip_prefix(PREFIX).ok_or(ArthasError::NotAnOrder)?;
        let query = Query::parse(query, MAX_QUERY)?;
        let need = |key| query.need_short(key, MAX_NAME);
        match query.need("method")? {
            "agentRegister" => {
                let lends = query.get("lends").unwrap_or_default().split(',').filter(|name| !name.is_empty());
                let lends = lends.map(str::to_owned).collect();
                Ok(Self::Registered { id: need("id")?, lends })
            }
            "startTunnel" => {
                Ok(Self::StartTunnel { id: need("id")?, connection: need("clientConnectionId")? })
            }
            "httpProxy" => Ok(Self::HttpProxy {
                id: need("id")?,
                target: query.need_short("targetUrl", MAX_TARGET)?,
                request: need("requestId")?,
            }),
            other => Err(ArthasError::Method(other.chars().filter(|c| !c.is_control()).take(40).collect())),
        }
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Registered { id, lends } => {
                write!(f, "{PREFIX}method=agentRegister&id={}", encode(id))?;
                if !lends.is_empty() {
                    write!(
                        f,
                        "&lends={}",
                        encode_but(&lends.join(","), |b| b.is_ascii_alphanumeric() || b == b',')
                    )?;
                }
                Ok(())
            }
            Self::StartTunnel { id, connection } => {
                write!(
                    f,
                    "{PREFIX}method=startTunnel&id={}&clientConnectionId={}",
                    encode(id),
                    encode(connection)
                )
            }
            Self::HttpProxy { id, target, request } => {
                // Slashes stay, as an Arthas server leaves them.
                let target = encode_but(target, |b| b.is_ascii_alphanumeric() || b"-_.*~/".contains(&b));
                let (id, request) = (encode(id), encode(request));
                write!(f, "{PREFIX}method=httpProxy&id={id}&targetUrl={target}&requestId={request}")
            }
        }
    }
}

/// An agent's answer to [`Order::HttpProxy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAnswer {
    /// The order's request id.
    pub request: String,
    /// The answer: base64 of a serialised Java object, line breaks allowed.
    pub data: String,
}

impl ProxyAnswer {
    /// Reads a text frame from an agent.
    pub fn parse(text: &str) -> Result<Self, ArthasError> {
        let query = text.split_once('?').map(|(_, query)| query).ok_or(ArthasError::NotAnOrder)?;
        let query = Query::parse(query, MAX_ANSWER)?;
        if query.get("method") != Some("httpProxy") {
            return Err(ArthasError::NotAnOrder);
        }
        Ok(Self {
            request: query.need("requestId")?.to_owned(),
            data: query.need("responseData")?.to_owned(),
        })
    }
}

impl std::fmt::Display for ProxyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "?method=httpProxy&requestId={}&responseData={}", encode(&self.request), encode(&self.data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_captured_frames() {
        let id = || "live_AGENT1".to_owned();
        for (order, text) in [
            (
                Order::Registered { id: id(), lends: Vec::new() },
                "response:/?method=agentRegister&id=live_AGENT1",
            ),
            (
                Order::Registered { id: id(), lends: vec!["parts".to_owned(), "decompile".to_owned()] },
                "response:/?method=agentRegister&id=live_AGENT1&lends=parts,decompile",
            ),
            (
                Order::StartTunnel { id: id(), connection: "VJYXNHAKEVL9EPFPIWAR".into() },
                "response:/?method=startTunnel&id=live_AGENT1&clientConnectionId=VJYXNHAKEVL9EPFPIWAR",
            ),
            (
                Order::HttpProxy {
                    id: "ID".into(),
                    target: "/arthas-output/".into(),
                    request: "LTU8GQRUZTBUIGVPDMTL".into(),
                },
                "response:/?method=httpProxy&id=ID&targetUrl=/arthas-output/&requestId=LTU8GQRUZTBUIGVPDMTL",
            ),
        ] {
            assert_eq!(order.to_string(), text);
            assert_eq!(Order::parse(text).unwrap(), order);
        }
        let blank = Order::Registered { id: "a b&c".into(), lends: Vec::new() };
        assert_eq!(blank.to_string(), "response:/?method=agentRegister&id=a%20b%26c");
    }

    #[test]
    fn other_texts_are_no_orders() {
        assert_eq!(Order::parse("hello"), Err(ArthasError::NotAnOrder));
        assert_eq!(Order::parse("response:/?method=x"), Err(ArthasError::Method("x".into())));
        assert_eq!(
            Order::parse("response:/?method=startTunnel&id=x"),
            Err(ArthasError::Missing("clientConnectionId"))
        );
    }

    #[test]
    fn a_proxy_answer_keeps_its_base64() {
        let answer = ProxyAnswer { request: "LTU8".into(), data: "rO0AB+/=\nABC".into() };
        let text = answer.to_string();
        assert_eq!(text, "?method=httpProxy&requestId=LTU8&responseData=rO0AB%2B%2F%3D%0AABC");
        assert_eq!(ProxyAnswer::parse(&text).unwrap(), answer);
        assert!(ProxyAnswer::parse("?method=other").is_err());
    }
}
