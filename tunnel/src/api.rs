//! The console's own API: who is here, and is the server alive.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;

use crate::agents::Facts;
use crate::answer::{Refusal, json};
use crate::login::Doorkeeper;
use crate::peer::Peer;
use crate::server::{Server, Shared};

#[derive(Serialize)]
struct Listing<'a> {
    applications: Vec<Application<'a>>,
}

#[derive(Serialize)]
struct Application<'a> {
    name: &'a str,
    agents: Vec<Entry<'a>>,
}

/// An agent as the console sees it. Times are milliseconds since 1970.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    id: &'a str,
    app: &'a str,
    state: &'static str,
    /// Why it is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    version: Option<&'a str>,
    kind: &'static str,
    host: String,
    address: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jvm: Option<&'a str>,
    /// The JVM's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<u64>,
    since: u64,
    last_seen: u64,
    sessions: u32,
}

impl<'a> Entry<'a> {
    fn connected(facts: &'a Facts, since: u64, last_seen: u64, sessions: u32) -> Self {
        let identity = facts.identity.as_ref();
        Self {
            id: &facts.id,
            app: &facts.application,
            state: "connected",
            reason: None,
            version: match identity {
                Some(identity) => identity.version.as_deref(),
                None => facts.arthas_version.as_deref(),
            },
            kind: if identity.is_some() { "oxprobe" } else { "arthas" },
            host: identity.and_then(|i| i.host.clone()).unwrap_or_else(|| facts.address.ip().to_string()),
            address: facts.address,
            pid: identity.and_then(|i| i.pid),
            jvm: identity.and_then(|i| i.jvm.as_deref()),
            started: identity.and_then(|i| i.started),
            since,
            last_seen,
            sessions,
        }
    }
}

/// `GET /api/agents`: the agents by application, both in the order of their names.
pub(crate) async fn agents(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Doorkeeper::who(&server, &headers, peer).await?;
    let (connected, lost) = (server.agents.connected(), server.agents.lost_ones());
    let mut applications: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
    for agent in &connected {
        let (last_seen, sessions) =
            (agent.last_seen.load(Ordering::Relaxed), agent.sessions.load(Ordering::Relaxed));
        let entry = Entry::connected(&agent.facts, agent.since, last_seen, sessions);
        applications.entry(&agent.facts.application).or_default().push(entry);
    }
    for lost in &lost {
        let entry = Entry::connected(&lost.facts, lost.since, lost.last_seen, 0);
        let entry = Entry { state: "lost", reason: Some(&lost.reason), ..entry };
        applications.entry(&lost.facts.application).or_default().push(entry);
    }
    let applications = applications
        .into_iter()
        .map(|(name, mut agents)| {
            agents.sort_unstable_by(|a, b| a.id.cmp(b.id));
            Application { name, agents }
        })
        .collect();
    Ok(json(&Listing { applications }))
}

/// `GET /healthz`: alive, for whoever asks.
pub(crate) async fn health() -> Response {
    json(&serde_json::json!({ "status": "ok", "version": Server::VERSION }))
}
