//! Whether a browser's request comes from our own pages.
//!
//! A cookie travels with requests of any page the browser shows; the `Origin` header says which
//! page that was, and no page can forge it.

use axum::http::{HeaderMap, StatusCode};

use crate::answer::Refusal;
use crate::failure::Failure;
use crate::peer::header;

/// The origins besides our own that are accepted.
pub(crate) struct Origins(Vec<String>);

impl Origins {
    /// Checks the origins given on the command line: `scheme://host[:port]`, no path.
    pub(crate) fn new(origins: &[String]) -> Result<Self, Failure> {
        let check = |origin: &String| {
            split(origin).map(|_| origin.to_ascii_lowercase()).ok_or_else(|| {
                Failure::new(format!(
                    "--allow-origin {origin} is no origin; it looks like https://console.example.com, without a path."
                ))
            })
        };
        origins.iter().map(check).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses a request whose `Origin` is neither the host it was sent to nor on the list.
    /// One without an `Origin` is no browser's, and passes unless `needed`.
    pub(crate) fn check(&self, headers: &HeaderMap, needed: bool) -> Result<(), Refusal> {
        let refuse = |why: String| Err(Refusal::new(StatusCode::FORBIDDEN, why));
        let Some(origin) = header(headers, "origin") else {
            return if needed {
                refuse(
                    "the request has a session cookie but no Origin header; only browsers send cookies here."
                        .into(),
                )
            } else {
                Ok(())
            };
        };
        let origin = origin.to_ascii_lowercase();
        let host = header(headers, "host").unwrap_or_default().to_ascii_lowercase();
        let same = split(&origin).is_some_and(|(scheme, authority)| {
            without_default_port(scheme, authority) == without_default_port(scheme, &host)
        });
        if same || self.0.contains(&origin) {
            return Ok(());
        }
        let shown: String = origin.chars().take(100).collect();
        refuse(format!(
            "pages of {shown} may not use this server; --allow-origin {shown} would accept them, for a proxy say."
        ))
    }
}

fn split(origin: &str) -> Option<(&str, &str)> {
    let (scheme, authority) = origin.split_once("://")?;
    let plain = !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ']);
    (plain && matches!(scheme, "http" | "https")).then_some((scheme, authority))
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let default = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_pages_and_the_listed_ones_pass() {
        let origins = Origins::new(&["https://Console.example.com".into()]).unwrap();
        for (host, origin, passes) in [
            ("h:7777", "http://h:7777", true),
            ("H:7777", "http://h:7777", true),
            ("h", "https://h:443", true),
            ("h:443", "https://h", true),
            ("h:80", "http://h", true),
            ("[::1]:7777", "http://[::1]:7777", true),
            ("h:7777", "https://console.example.com", true),
            ("h:7777", "http://console.example.com", false),
            ("h:7777", "http://h:7778", false),
            ("h:7777", "http://h", false),
            ("h:7777", "http://evil.example.com", false),
            ("h:7777", "null", false),
            ("h:7777", "", false),
            ("", "http://", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            headers.insert("origin", origin.parse().unwrap());
            assert_eq!(origins.check(&headers, true).is_ok(), passes, "{host} {origin}");
        }
        assert!(origins.check(&HeaderMap::new(), true).is_err());
        assert!(origins.check(&HeaderMap::new(), false).is_ok());
    }

    #[test]
    fn an_origin_has_a_scheme_and_no_path() {
        for bad in ["console.example.com", "https://a/b", "ftp://a", "https://", "*"] {
            assert!(Origins::new(&[bad.into()]).is_err(), "{bad}");
        }
    }
}
