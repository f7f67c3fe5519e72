//! The web console's files, built into the program by `build.rs`.
//!
//! Without a built console there is a plain terminal page: enough to log in and type.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};

use crate::answer::Refusal;
use crate::peer::header;
use axum::response::IntoResponse;

struct Asset {
    path: &'static str,
    /// A quoted hash of its bytes.
    tag: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Any path that is no route: a file of the console, or 404.
pub(crate) async fn serve(request: Request<Body>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address only answers GET.")
            .into_response();
    }
    let path = match request.uri().path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    match ASSETS.iter().find(|asset| asset.path == path) {
        Some(asset) => asset.response(request.method(), request.headers()),
        None => {
            let sentence = "there is nothing at this address; the console is at /, agents register at /ws.";
            Refusal::new(StatusCode::NOT_FOUND, sentence).into_response()
        }
    }
}

impl Asset {
    fn response(&self, method: &Method, headers: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        // The names under assets/ carry a hash of what is in them.
        let cache =
            if self.path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let fields = response.headers_mut();
        fields.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        fields.insert(ETAG, HeaderValue::from_static(self.tag));
        let known = header(headers, IF_NONE_MATCH.as_str()).unwrap_or_default();
        if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind()));
        fields.insert(CONTENT_LENGTH, HeaderValue::from(self.bytes.len()));
        if *method == Method::GET {
            *response.body_mut() = Body::from(self.bytes);
        }
        response
    }

    fn kind(&self) -> &'static str {
        match self.path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("js" | "mjs") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("json" | "map") => "application/json",
            Some("webmanifest") => "application/manifest+json",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("ico") => "image/x-icon",
            Some("woff2") => "font/woff2",
            Some("wasm") => "application/wasm",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}
