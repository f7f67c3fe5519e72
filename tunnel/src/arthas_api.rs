//! The listings of an Arthas tunnel server, for tools that read them. Unlike there, all of them
//! need a login, and ids without an application in them are listed too where the agent named one.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};
use wire::arthas::{MAX_QUERY, Query, application_of};

use crate::agents::Agent;
use crate::answer::{self, Refusal};
use crate::login::Doorkeeper;
use crate::peer::Peer;
use crate::server::{Server, Shared};

/// `GET /api/tunnelApps`: the applications' names.
pub(crate) async fn apps(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Doorkeeper::who(&server, &headers, peer).await?;
    let agents = server.agents.connected();
    let names: BTreeSet<_> = agents.iter().map(|agent| application(agent)).collect();
    Ok(answer::json(&names))
}

/// `GET /api/tunnelAgentInfo?app=A`: the agents of one application.
pub(crate) async fn agent_info(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Doorkeeper::who(&server, &headers, peer).await?;
    let app = parameter(&uri, "app")?;
    let ours = server.listens.first().copied();
    let entry = |agent: &Arc<Agent>| {
        let mut info = info(agent);
        info.insert("clientConnectHost".into(), json!(ours.map(|ours| connect_host(ours).to_string())));
        info.insert("clientConnectTunnelPort".into(), json!(ours.map(|ours| ours.port())));
        (agent.facts.id.clone(), Value::Object(info))
    };
    let agents = server.agents.connected();
    let found: Map<_, _> = agents.iter().filter(|agent| application(agent) == app).map(entry).collect();
    Ok(answer::json(&found))
}

/// `GET /api/tunnelAgents?agentId=I`: whether it is connected.
pub(crate) async fn agent_exists(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Doorkeeper::who(&server, &headers, peer).await?;
    let id = parameter(&uri, "agentId")?;
    Ok(answer::json(&json!({ "success": server.agents.find(&id).is_some() })))
}

/// `GET /actuator/arthas`: everything at once.
pub(crate) async fn actuator(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Doorkeeper::who(&server, &headers, peer).await?;
    let ours = server.listens.first().copied();
    let agents: Map<_, _> = server
        .agents
        .connected()
        .iter()
        .map(|agent| (agent.facts.id.clone(), Value::Object(info(agent))))
        .collect();
    let client = |(connection, browser): (String, SocketAddr)| {
        (connection, json!({ "host": browser.ip(), "port": browser.port() }))
    };
    let clients: Map<_, _> = server.agents.waiting().into_iter().map(client).collect();
    Ok(answer::json(&json!({
        "version": Server::VERSION,
        "properties": {
            "server": {
                "host": ours.map(|ours| ours.ip()),
                "port": ours.map(|ours| ours.port()),
                "ssl": server.tls,
                "path": "/ws",
                "clientConnectHost": ours.map(connect_host),
            },
            "embeddedRedis": null,
            "enableDetailPages": true,
            "enableIframeSupport": false,
        },
        "agents": agents,
        "clientConnections": clients,
    })))
}

/// `/proxy/…`: pages of an agent's own web server are not served yet.
pub(crate) async fn proxy() -> Refusal {
    Refusal::new(StatusCode::NOT_IMPLEMENTED, "pages of an agent cannot be fetched through this server yet.")
}

fn info(agent: &Agent) -> Map<String, Value> {
    let facts = &agent.facts;
    let mut info = Map::new();
    info.insert("host".into(), json!(facts.address.ip()));
    info.insert("port".into(), json!(facts.address.port()));
    info.insert("arthasVersion".into(), json!(facts.arthas_version));
    info
}

/// The application by Arthas's rule, the text before the id's first `_`, else as the agent said.
fn application(agent: &Agent) -> &str {
    application_of(&agent.facts.id).unwrap_or(&agent.facts.application)
}

fn parameter(uri: &Uri, name: &'static str) -> Result<String, Refusal> {
    let query = Query::parse(uri.query().unwrap_or_default(), MAX_QUERY);
    let value = query.and_then(|query| query.need(name).map(str::to_owned));
    value.map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, format!("{e}.")))
}

/// An address browsers could use; of "any address" only the loopback is certain.
fn connect_host(listens: SocketAddr) -> IpAddr {
    match listens.ip() {
        ip if ip.is_unspecified() && ip.is_ipv4() => IpAddr::from([127, 0, 0, 1]),
        ip if ip.is_unspecified() => IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    }
}
