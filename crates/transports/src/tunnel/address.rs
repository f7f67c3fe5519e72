//! The tunnel server's address: what `tunnel-url` says, and what is made of it.

use std::net::Ipv6Addr;

use thiserror::Error;
use wire::arthas::{Query, join};

/// A parsed `tunnel-url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Whether the connection is encrypted: `wss`.
    pub(crate) tls: bool,
    /// Name or IP address, an IPv6 address without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// Path and query, starting with `/`. A query may hold a token: never shown.
    target: String,
}

/// Why a text is no tunnel address.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum BadAddress {
    #[error("tunnel-url has no scheme; it looks like wss://host:port/ws")]
    NoScheme,
    #[error("tunnel-url has the scheme '{0}'; ws and wss are known")]
    Scheme(String),
    #[error("tunnel-url names no host; it looks like wss://host:port/ws")]
    NoHost,
    #[error(
        "tunnel-url has the host '{0}'; a host is a name, an IPv4 address, or an IPv6 address in brackets"
    )]
    Host(String),
    #[error("tunnel-url has the port '{0}'; a port is a number from 1 to 65535")]
    Port(String),
    #[error("tunnel-url has a user name in it; use the option token or token-file instead")]
    User,
    #[error("tunnel-url has blanks or control characters in it")]
    Characters,
}

impl Address {
    /// Reads `ws://host[:port][/path][?query]`. `http` and `https` are taken for `ws` and `wss`,
    /// an empty path for `/ws`.
    pub(crate) fn parse(text: &str) -> Result<Self, BadAddress> {
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(BadAddress::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(BadAddress::NoScheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(BadAddress::Scheme(scheme.to_owned())),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(BadAddress::User);
        }
        let (host, port) = match authority.rfind(']') {
            Some(end) => {
                let (host, port) = authority.split_at(end + 1);
                let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or_default();
                if bare.parse::<Ipv6Addr>().is_err() {
                    return Err(BadAddress::Host(host.to_owned()));
                }
                (bare, if port.is_empty() { None } else { Some(port.strip_prefix(':').unwrap_or(port)) })
            }
            None => {
                let (host, port) =
                    authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
                if host.is_empty() {
                    return Err(BadAddress::NoHost);
                }
                if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
                    return Err(BadAddress::Host(host.to_owned()));
                }
                (host, port)
            }
        };
        let port = match port {
            Some(port) => {
                port.parse().ok().filter(|port| *port > 0).ok_or_else(|| BadAddress::Port(port.to_owned()))?
            }
            None if tls => 443,
            None => 80,
        };
        let target = match target {
            "" | "/" => "/ws".to_owned(),
            query if query.starts_with('?') => format!("/ws{query}"),
            target => target.to_owned(),
        };
        Ok(Self { tls, host: host.to_owned(), port, target })
    }

    /// The URL to ask for, with a query added.
    pub(crate) fn url(&self, query: &Query) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        join(&format!("{scheme}://{}{}", self.authority(), self.target), query)
    }

    /// `http://host:port`, as Arthas agents send it.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }

    fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// For the log and for `session`: without the query.
impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        write!(out, "{}://{}{path}", if self.tls { "wss" } else { "ws" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_defaults() {
        for (text, shown) in [
            ("ws://127.0.0.1:7777/ws", "ws://127.0.0.1:7777/ws"),
            ("wss://tunnel.example", "wss://tunnel.example:443/ws"),
            ("WS://h/", "ws://h:80/ws"),
            ("https://h/prefix/ws?token=T", "wss://h:443/prefix/ws"),
            ("ws://[::1]:7777?a=b", "ws://[::1]:7777/ws"),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_query_of_the_address_is_kept_and_never_shown() {
        let address = Address::parse("wss://h/ws?token=hush").unwrap();
        let query = Query::default().with("method", "agentRegister");
        assert_eq!(address.url(&query), "wss://h:443/ws?token=hush&method=agentRegister");
        assert!(!address.to_string().contains("hush"));
        assert_eq!(address.origin(), "https://h:443");
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for (text, why) in [
            ("host:7777", BadAddress::NoScheme),
            ("ftp://h", BadAddress::Scheme("ftp".into())),
            ("ws://", BadAddress::NoHost),
            ("ws://:1/ws", BadAddress::NoHost),
            ("ws://h:0/ws", BadAddress::Port("0".into())),
            ("ws://h:x/ws", BadAddress::Port("x".into())),
            ("ws://h:99999", BadAddress::Port("99999".into())),
            ("ws://u:p@h/ws", BadAddress::User),
            ("ws://h/a b", BadAddress::Characters),
            ("ws://[::1/ws", BadAddress::Host("[:".into())),
            ("ws://[h]:1/ws", BadAddress::Host("[h]".into())),
            ("ws://::1:7777/ws", BadAddress::Host("::1".into())),
            ("ws://h$/ws", BadAddress::Host("h$".into())),
            ("ws://h:/ws", BadAddress::Port(String::new())),
        ] {
            assert_eq!(Address::parse(text), Err(why), "{text}");
        }
    }
}
