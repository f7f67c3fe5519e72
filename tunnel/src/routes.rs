//! Which address is served by what, and the headers every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{any, get, post};

use crate::answer::Refusal;
use crate::server::Shared;
use crate::{api, arthas_api, assets, entry, exec, login};

/// What pages may do: load and connect to this server only, and be shown in no other page.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// All routes.
pub(crate) fn routes(server: &Shared) -> Router {
    Router::new()
        .route("/ws", any(entry::entry))
        .route("/ws/", any(entry::entry))
        .route("/ws/{*rest}", any(entry::entry))
        .route("/api/login", post(login::login))
        .route("/api/logout", post(login::logout))
        .route("/api/me", get(login::me))
        .route("/api/agents", get(api::agents))
        .route("/api/agents/{id}/exec", post(exec::exec))
        .route("/api/tunnelApps", get(arthas_api::apps))
        .route("/api/tunnelAgentInfo", get(arthas_api::agent_info))
        .route("/api/tunnelAgents", get(arthas_api::agent_exists))
        .route("/actuator/arthas", get(arthas_api::actuator))
        .route("/proxy/{*rest}", any(arthas_api::proxy))
        .route("/healthz", get(api::health))
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not answer that method.")
        })
        .layer(from_fn(harden))
        .with_state(Arc::clone(server))
}

async fn harden(request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().extend(HEADERS);
    }
    response
}
