//! What agents and browsers ask with the query of their upgrade.
//!
//! `agentRegister` opens an agent's control connection, `openTunnel` brings one console of it,
//! `connectArthas` is a browser that wants such a console. A server must refuse before it
//! upgrades; an Arthas server upgrades and then says nothing.

use super::{ArthasError, MAX_NAME, MAX_QUERY, MAX_TOKEN, OXPROBE_PROTOCOL, Query, is_id};

/// One upgrade's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// An agent opens its control connection.
    Register(Registration),
    /// An agent brings the console it was asked for by [`super::Order::StartTunnel`].
    OpenTunnel {
        /// The id from that order: secret, and good for one connection.
        connection: String,
        /// The agent's id. Arthas agents always send it.
        id: Option<String>,
    },
    /// A browser wants a console of the agent.
    Connect {
        /// The agent's id; may name one that never was.
        id: String,
    },
}

/// How an agent introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// `arthasVersion`: the Arthas version the agent is, or is compatible with.
    pub arthas_version: Option<String>,
    /// `appName`.
    pub application: Option<String>,
    /// `id`: kept when given.
    pub id: Option<String>,
    /// `token`: what a server that wants one checks. An `Authorization` header is as good.
    pub token: Option<String>,
    /// What an oxprobe agent adds.
    pub identity: Option<Identity>,
}

/// What our own agent says about the process it lives in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `oxprobe`: [`OXPROBE_PROTOCOL`] of the agent.
    pub protocol: u32,
    /// `version`: of oxprobe.
    pub version: Option<String>,
    /// `host`: the name of the pod or machine.
    pub host: Option<String>,
    /// `pid`, as the process sees itself.
    pub pid: Option<u32>,
    /// `jvm`: its version.
    pub jvm: Option<String>,
    /// `started`: the JVM's start, milliseconds since 1970.
    pub started: Option<u64>,
}

impl Default for Identity {
    fn default() -> Self {
        Self { protocol: OXPROBE_PROTOCOL, version: None, host: None, pid: None, jvm: None, started: None }
    }
}

impl Request {
    /// Reads the query of an upgrade, without its `?`.
    pub fn parse(query: &str) -> Result<Self, ArthasError> {
        // Arthas 4.1.5 appends `?method=…` even where its URL has a query already (`…/ws?token=T`), so a
        // second `?` starts parameters here; in a value it is always percent-encoded.
        let query = Query::parse(&query.replace('?', "&"), MAX_QUERY)?;
        match query.need("method")? {
            "agentRegister" => Ok(Self::Register(Registration::of(&query)?)),
            "openTunnel" => Ok(Self::OpenTunnel {
                connection: query.need_short("clientConnectionId", MAX_NAME)?,
                id: query.filled("id").map(|_| query.need_short("id", MAX_NAME)).transpose()?,
            }),
            "connectArthas" => Ok(Self::Connect { id: query.need_short("id", MAX_NAME)? }),
            other => Err(ArthasError::Method(other.chars().filter(|c| !c.is_control()).take(40).collect())),
        }
    }

    /// The query for the upgrade, in the order of parameters that Arthas uses.
    pub fn query(&self) -> Query {
        let method = |name: &str| Query::default().with("method", name);
        match self {
            Self::Register(registration) => registration.fill(method("agentRegister")),
            Self::OpenTunnel { connection, id } => {
                method("openTunnel").with("clientConnectionId", connection).with_some("id", id.as_deref())
            }
            Self::Connect { id } => method("connectArthas").with("id", id),
        }
    }
}

impl Registration {
    fn of(query: &Query) -> Result<Self, ArthasError> {
        let name = |key: &'static str| match query.filled(key) {
            Some(text) if is_id(text) => Ok(Some(text.to_owned())),
            Some(text) if text.len() > MAX_NAME => {
                Err(ArthasError::TooLong { what: key, length: text.len(), limit: MAX_NAME })
            }
            Some(_) => Err(ArthasError::Bad { name: key, wanted: "text without control characters" }),
            None => Ok(None),
        };
        // Facts that are only shown never cost the agent its registration.
        let shown = |key: &str| query.filled(key).filter(|text| is_id(text)).map(str::to_owned);
        let identity = match query.get("oxprobe") {
            None => None,
            Some(protocol) => Some(Identity {
                protocol: protocol
                    .parse()
                    .map_err(|_| ArthasError::Bad { name: "oxprobe", wanted: "a protocol number" })?,
                version: shown("version"),
                host: shown("host"),
                pid: query.get("pid").and_then(|text| text.parse().ok()),
                jvm: shown("jvm"),
                started: query.get("started").and_then(|text| text.parse().ok()),
            }),
        };
        Ok(Self {
            arthas_version: shown("arthasVersion"),
            application: name("appName")?,
            id: name("id")?,
            token: query.filled("token").map(|_| query.need_short("token", MAX_TOKEN)).transpose()?,
            identity,
        })
    }

    fn fill(&self, query: Query) -> Query {
        let query = query
            .with_some("arthasVersion", self.arthas_version.as_deref())
            .with_some("appName", self.application.as_deref())
            .with_some("id", self.id.as_deref())
            .with_some("token", self.token.as_deref());
        let Some(identity) = &self.identity else { return query };
        query
            .with("oxprobe", identity.protocol.to_string())
            .with_some("version", identity.version.as_deref())
            .with_some("host", identity.host.as_deref())
            .with_some("pid", identity.pid.map(|pid| pid.to_string()))
            .with_some("jvm", identity.jvm.as_deref())
            .with_some("started", identity.started.map(|at| at.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_captured_registration() {
        let query = "method=agentRegister&arthasVersion=4.1.5&appName=live&id=live_AGENT1";
        let request = Request::parse(query).unwrap();
        let Request::Register(registration) = &request else { panic!("{request:?}") };
        assert_eq!(registration.arthas_version.as_deref(), Some("4.1.5"));
        assert_eq!(registration.application.as_deref(), Some("live"));
        assert_eq!(registration.id.as_deref(), Some("live_AGENT1"));
        assert_eq!(registration.identity, None);
        assert_eq!(request.query().to_string(), query);
    }

    #[test]
    fn a_url_with_a_token_keeps_it_although_arthas_appends_a_second_question_mark() {
        let query = "token=5LHJ?method=agentRegister&arthasVersion=4.1.5&appName=peer";
        let Request::Register(registration) = Request::parse(query).unwrap() else { panic!() };
        assert_eq!(registration.token.as_deref(), Some("5LHJ"));
        assert_eq!(registration.application.as_deref(), Some("peer"));
    }

    #[test]
    fn reads_the_captured_tunnel_and_browser_requests() {
        let query = "method=openTunnel&clientConnectionId=VJYXNHAKEVL9EPFPIWAR&id=live_AGENT1";
        let request = Request::parse(query).unwrap();
        let (connection, id) = ("VJYXNHAKEVL9EPFPIWAR".to_owned(), Some("live_AGENT1".to_owned()));
        assert_eq!(request, Request::OpenTunnel { connection, id });
        assert_eq!(request.query().to_string(), query);
        let request = Request::parse("method=connectArthas&id=a%20b&targetServer=x").unwrap();
        assert_eq!(request, Request::Connect { id: "a b".into() });
    }

    #[test]
    fn our_own_identity_comes_back_as_it_went() {
        let request = Request::Register(Registration {
            arthas_version: Some("4.1.5".into()),
            application: Some("orders \u{4e2d}".into()),
            id: Some("orders_pod-1".into()),
            token: Some("se+cret".into()),
            identity: Some(Identity {
                version: Some("0.1.0".into()),
                host: Some("pod-1".into()),
                pid: Some(7),
                jvm: Some("17.0.15+6".into()),
                started: Some(1_700_000_000_123),
                ..Identity::default()
            }),
        });
        assert_eq!(Request::parse(&request.query().to_string()).unwrap(), request);
    }

    #[test]
    fn what_is_only_shown_may_be_nonsense() {
        let query = "method=agentRegister&oxprobe=1&pid=x&started=-1&host=%1b%5b&jvm=";
        let Request::Register(registration) = Request::parse(query).unwrap() else { panic!() };
        assert_eq!(registration.identity, Some(Identity::default()));
    }

    #[test]
    fn refuses_what_it_cannot_serve() {
        let long = format!("method=agentRegister&id={}", "x".repeat(MAX_NAME + 1));
        for (query, wanted) in [
            ("", ArthasError::Missing("method")),
            ("method=", ArthasError::Missing("method")),
            ("method=nope", ArthasError::Method("nope".into())),
            ("method=connectArthas", ArthasError::Missing("id")),
            ("method=openTunnel&id=x", ArthasError::Missing("clientConnectionId")),
            (
                "method=agentRegister&oxprobe=x",
                ArthasError::Bad { name: "oxprobe", wanted: "a protocol number" },
            ),
            (
                "method=agentRegister&id=%1b",
                ArthasError::Bad { name: "id", wanted: "text without control characters" },
            ),
            (&long, ArthasError::TooLong { what: "id", length: MAX_NAME + 1, limit: MAX_NAME }),
        ] {
            assert_eq!(Request::parse(query), Err(wanted), "{query}");
        }
    }
}
