//! Where a request comes from: its socket, and what a trusted proxy says about it.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its address, as the socket has it.
    pub(crate) address: SocketAddr,
    /// Whether the connection is encrypted by us.
    pub(crate) tls: bool,
}

impl Peer {
    /// The address to show: behind a trusted proxy the first that was forwarded for.
    pub(crate) fn shown(&self, headers: &HeaderMap, trust_proxy: bool) -> SocketAddr {
        let forwarded = || {
            let address = forwarded_for(headers).next()?.parse::<IpAddr>().ok()?;
            let port = header(headers, "x-real-port").and_then(|port| port.parse().ok());
            Some(SocketAddr::new(address, port.unwrap_or_else(|| self.address.port())))
        };
        trust_proxy.then(forwarded).flatten().unwrap_or(self.address)
    }

    /// The address that is held responsible: behind a trusted proxy the one the proxy itself saw,
    /// which is the last one; those before it are the client's own claims.
    pub(crate) fn responsible(&self, headers: &HeaderMap, trust_proxy: bool) -> IpAddr {
        let forwarded = || forwarded_for(headers).last()?.parse().ok();
        trust_proxy.then(forwarded).flatten().unwrap_or_else(|| self.address.ip())
    }

    /// Whether the browser sees https.
    pub(crate) fn is_https(&self, headers: &HeaderMap, trust_proxy: bool) -> bool {
        self.tls || (trust_proxy && header(headers, "x-forwarded-proto") == Some("https"))
    }
}

/// A header's text, where it is text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let peer = Peer { address: "10.0.0.1:5000".parse().unwrap(), tls: false };
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.2.3.4, 5.6.7.8".parse().unwrap());
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        assert_eq!(peer.shown(&headers, false), peer.address);
        assert_eq!(peer.responsible(&headers, false), peer.address.ip());
        assert!(!peer.is_https(&headers, false));
        assert_eq!(peer.shown(&headers, true).to_string(), "1.2.3.4:5000");
        assert_eq!(peer.responsible(&headers, true).to_string(), "5.6.7.8");
        assert!(peer.is_https(&headers, true));
        headers.insert("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(peer.shown(&headers, true), peer.address);
        assert_eq!(peer.responsible(&headers, true), peer.address.ip());
    }
}
