//! HTTP answers: JSON, and refusals as `{"error": sentence}` with a fitting status.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::peer::header;

/// The longest request body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A request that is not served, and why.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    sentence: String,
    retry_after: Option<Duration>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal with this status and sentence.
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into(), retry_after: None, header: None }
    }

    /// 401, for who must log in.
    pub(crate) fn login() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "log in first: POST /api/login with user and password.")
    }

    /// 500, with the sentence in the log rather than in the answer.
    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        log::error!("{why}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server could not do it; its log says why.")
    }

    /// What the client is told.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The same, with the time after which to try again.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same, with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(&serde_json::json!({ "error": self.sentence }));
        *response.status_mut() = self.status;
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_millis().div_ceil(1_000);
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(1)));
        }
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An answer in JSON that nobody may cache.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => (
            [
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ],
            text,
        )
            .into_response(),
        // Only a map with keys that are no text cannot be written, and we have none.
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Reads a body as JSON: of the right type, in time, and not too long.
///
/// The type is part of the protection against forged requests: a page of another origin cannot
/// send it without asking first.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request<Body>,
    within: Duration,
) -> Result<T, Refusal> {
    let kind = header(request.headers(), "content-type").unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send JSON, as content-type: application/json.",
        ));
    }
    let bytes = read(request, within).await?;
    serde_json::from_slice(&bytes).map_err(|e| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the body is not the JSON expected here: {e}."))
    })
}

async fn read(request: Request<Body>, within: Duration) -> Result<Bytes, Refusal> {
    let too_long = || {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body may have at most {MAX_BODY} bytes."))
    };
    let length = header(request.headers(), "content-length").and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_long());
    }
    match tokio::time::timeout(within, axum::body::to_bytes(request.into_body(), MAX_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error))
            if std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("limit")) =>
        {
            Err(too_long())
        }
        Ok(Err(error)) => Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the body broke off: {error}."))),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive.")),
    }
}
