//! `/ws`: where agents register, bring their consoles, and browsers ask for one.
//!
//! Whatever can be refused is refused before the upgrade, with a status and a sentence; an Arthas
//! server would upgrade and stay silent.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use wire::arthas::Registration;

use crate::agents::NotRegistered;
use crate::answer::Refusal;
use crate::close;
use crate::console;
use crate::control;
use crate::login::Doorkeeper;
use crate::peer::{Peer, header};
use crate::server::Shared;
use crate::socket::{self, Purpose, Upgrade};
use crate::token::{Credential, NoToken};

/// Any request to `/ws`, `/ws/` or below.
pub(crate) async fn entry(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    mut request: Request<Body>,
) -> Result<Response, Refusal> {
    if server.stop.is_asked() {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the tunnel server is stopping."));
    }
    let upgrade = Upgrade::of(&mut request, server.patience.request_within)?;
    let headers = request.headers();
    if Doorkeeper::has_cookie(headers) {
        server.origins.check(headers, true)?;
    }
    let asked = wire::arthas::Request::parse(request.uri().query().unwrap_or_default())
        .map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, format!("{e}.")))?;
    match asked {
        wire::arthas::Request::Register(registration) => {
            register(&server, headers, peer, upgrade, registration)
        }
        wire::arthas::Request::OpenTunnel { connection, id } => {
            open_tunnel(&server, upgrade, &connection, id.as_deref())
        }
        wire::arthas::Request::Connect { id } => {
            // Who shows a password instead of a cookie is no browser, or says which page it shows.
            server.origins.check(headers, false)?;
            let login = Doorkeeper::who(&server, headers, peer).await?;
            let browser = peer.shown(headers, server.trust_proxy);
            let server = Arc::clone(&server);
            Ok(upgrade
                .then(Purpose::Terminal, move |socket| console::serve(server, socket, id, browser, login)))
        }
    }
}

fn register(
    server: &Shared,
    headers: &HeaderMap,
    peer: Peer,
    upgrade: Upgrade,
    registration: Registration,
) -> Result<Response, Refusal> {
    let address = peer.shown(headers, server.trust_proxy);
    let credential = admit(server, headers, &registration).inspect_err(|refusal| {
        log::warn!("an agent from {address} is refused: {}", refusal.sentence());
    })?;
    let server = Arc::clone(server);
    Ok(upgrade.then(Purpose::Control, move |socket| {
        control::serve(server, socket, registration, address, credential)
    }))
}

fn admit(server: &Shared, headers: &HeaderMap, registration: &Registration) -> Result<Credential, Refusal> {
    let bearer = header(headers, "authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let token = registration.token.as_deref().or(bearer);
    let credential = server.tokens.check(token).map_err(|no| {
        if let Some(id) = &registration.id {
            server.agents.refused(id, "it came back, but its token was refused");
        }
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            match no {
                NoToken::Missing => {
                    "an agent needs a token: append ?token=… to its tunnel URL, or start the server with \
                     --allow-anonymous-agents."
                }
                NoToken::Wrong => {
                    "the agent's token is not one of this server's; its data folder has the right one."
                }
            },
        )
    })?;
    match registration.id.as_deref().map(|id| server.agents.may_register(id, credential)) {
        Some(Err(NotRegistered::Taken)) => Err(Refusal::new(
            StatusCode::CONFLICT,
            "an agent that showed a token is connected with this id; show one too, or choose another id.",
        )),
        Some(Err(NotRegistered::Internal(failure))) => Err(Refusal::internal(failure)),
        Some(Ok(())) | None => Ok(credential),
    }
}

/// The connection id is secret and good once: nothing else has to be shown.
fn open_tunnel(
    server: &Shared,
    upgrade: Upgrade,
    connection: &str,
    id: Option<&str>,
) -> Result<Response, Refusal> {
    let arrives = server.agents.claim(connection, id).ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "nobody waits for this console any more; the terminal was closed.",
        )
    })?;
    Ok(upgrade.then(Purpose::Console, move |socket| async move {
        if let Err(socket) = arrives.send(socket) {
            let frame = close::frame(close::PEER_LOST, "the terminal was closed meanwhile");
            socket::close(socket, Some(frame)).await;
        }
    }))
}
