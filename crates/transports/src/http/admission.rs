//! Who a request is from: by its cookie, else by `Authorization: Basic` (for an assistant's tools also `Bearer`), else
//! by its query.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use wire::base64;

use super::answer::Answer;
use super::head::Head;
use super::origin;
use super::visits::Visits;
use crate::credentials::{Credentials, Verdict};
use crate::mcp;

/// It was let in, as this visit.
pub(super) struct Pass {
    pub(super) visit: String,
}

/// Lets a request in; the error turns it away.
pub(super) fn admit(
    credentials: &Credentials,
    visits: &mut Visits,
    head: &Head,
    peer: SocketAddr,
    visit: Option<String>,
    limit: Option<Duration>,
    now: Instant,
) -> Result<Pass, Answer> {
    if let Some(visit) = visits.known(head, now, limit) {
        return Ok(Pass { visit });
    }
    let is_tools = head.path == mcp::ROUTE;
    let bearer = || {
        let password = bearer(head).filter(|_| is_tools)?;
        Some((credentials.user().unwrap_or_default().to_owned(), password.to_owned()))
    };
    let given = basic(head).or_else(bearer).or_else(|| {
        let password = head.parameter("password")?;
        Some((head.parameter("username").unwrap_or_else(|| "arthas".to_owned()), password))
    });
    let verdict = match (&given, credentials.user()) {
        (_, None) => Verdict::Right,
        (None, Some(_)) => Verdict::Wrong,
        (Some((user, password)), Some(_)) => {
            credentials.check(origin::network(peer.ip()), user, password, now)
        }
    };
    match verdict {
        Verdict::Right => {}
        Verdict::Wrong => {
            let answer = Answer::refusal(401, "Say user and password");
            return Err(match is_tools {
                true => answer
                    .with("www-authenticate", "Bearer realm=\"arthas mcp\"")
                    .with("www-authenticate", "Basic realm=\"arthas mcp\""),
                false => answer.with("www-authenticate", "Basic realm=\"arthas webconsole\""),
            });
        }
        Verdict::Wait(wait) => {
            let answer = Answer::refusal(429, "Too many passwords were wrong; wait");
            return Err(answer.with("retry-after", wait.as_secs_f64().ceil().to_string()));
        }
    }
    let visit = match visit.filter(|visit| visits.touch(visit, now)) {
        Some(visit) => visit,
        None => visits.begin(now).map_err(|why| Answer::refusal(500, why))?,
    };
    Ok(Pass { visit })
}

/// The token of a request, which is the password.
fn bearer(head: &Head) -> Option<&str> {
    let (scheme, token) = head.field("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// User and password of a request.
pub(super) fn basic(head: &Head) -> Option<(String, String)> {
    let (scheme, text) = head.field("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64::decode(text.trim())?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
