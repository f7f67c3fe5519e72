//! Whether a browser was led here by somebody else's page.
//!
//! A name that its owner lets point at 127.0.0.1 (DNS rebinding) makes our port part of his site, so
//! `Host` must be an address, `localhost` or a name that was configured. And a page of another site
//! can post and open WebSockets here, with the user's cookie, but not without telling its `Origin`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::head::{Head, Refused};

/// Whether the request is meant for us and comes from a page of ours, or from no page.
pub(crate) fn check(head: &Head, names: &[String]) -> Result<(), Refused> {
    let host = head.host.as_deref().unwrap_or_default();
    if head.host.is_some() && !is_ours(host, names) {
        return Err(Refused {
            status: 421,
            why: "the Host of the request is neither an address nor localhost nor a name of the option host-names",
        });
    }
    let foreign = Refused { status: 403, why: "the request comes from a page of another site" };
    let mut origins = head.values("origin");
    if let Some(origin) = origins.next() {
        let same = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if origins.next().is_some() || !same.is_some_and(|same| same.eq_ignore_ascii_case(host)) {
            return Err(foreign);
        }
    }
    // A link is followed with GET and changes nothing.
    let follows = matches!(head.method.as_str(), "GET" | "HEAD") && !head.has_word("connection", "upgrade");
    match head.field("sec-fetch-site") {
        Some("cross-site" | "same-site") if !follows => Err(foreign),
        _ => Ok(()),
    }
}

fn is_ours(host: &str, names: &[String]) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address, port),
            None => return false,
        },
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let port_is_fine =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let name_is_ours = match host.starts_with('[') {
        true => name.parse::<Ipv6Addr>().is_ok(),
        false => {
            name.parse::<Ipv4Addr>().is_ok()
                || name.eq_ignore_ascii_case("localhost")
                || names.iter().any(|ours| ours.eq_ignore_ascii_case(name))
        }
    };
    port_is_fine && name_is_ours
}

/// One peer as far as guessing goes: an IPv6 network has more addresses than can be counted.
pub(crate) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, fields: &str) -> u16 {
        let text = format!("{method} / HTTP/1.1\r\n{fields}\r\n");
        let (head, _) = Head::read(text.as_bytes()).unwrap().unwrap();
        check(&head, &["orders.internal".to_owned()]).map_or_else(|refused| refused.status, |()| 200)
    }

    #[test]
    fn only_addresses_localhost_and_configured_names_are_ours() {
        for host in [
            "127.0.0.1:8563",
            "10.1.2.3",
            "[::1]:8563",
            "[fe80::1]",
            "localhost",
            "LOCALHOST:1",
            "orders.internal:8563",
        ] {
            assert_eq!(status("GET", &format!("Host: {host}\r\n")), 200, "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8563",
            "127.0.0.1:8563.evil",
            "[::1",
            "[evil]:1",
            "x@127.0.0.1",
            "127.0.0.1:99999",
            "::1",
            "",
            "localhost:",
        ] {
            assert_eq!(status("GET", &format!("Host: {host}\r\n")), 421, "{host}");
        }
    }

    #[test]
    fn a_page_of_another_site_is_told_by_its_origin() {
        let host = "Host: localhost:8563\r\n";
        for (wanted, fields) in [
            (200, ""),
            (200, "Origin: http://localhost:8563\r\n"),
            (403, "Origin: http://localhost\r\n"),
            (403, "Origin: http://127.0.0.1:8563\r\n"),
            (403, "Origin: http://evil.example\r\n"),
            (403, "Origin: null\r\n"),
            (403, "Origin: http://localhost:8563\r\nOrigin: http://evil.example\r\n"),
            (403, "Sec-Fetch-Site: cross-site\r\n"),
            (403, "Sec-Fetch-Site: same-site\r\n"),
            (200, "Sec-Fetch-Site: same-origin\r\n"),
        ] {
            assert_eq!(status("POST", &format!("{host}{fields}")), wanted, "{fields}");
        }
        assert_eq!(status("GET", &format!("{host}Sec-Fetch-Site: cross-site\r\n")), 200, "a link");
        let upgrade = format!("{host}Sec-Fetch-Site: cross-site\r\nConnection: Upgrade\r\n");
        assert_eq!(status("GET", &upgrade), 403, "a WebSocket");
        assert_eq!(status("GET", &format!("{host}Origin: http://evil.example\r\n")), 403);
    }

    #[test]
    fn a_network_of_addresses_is_one_peer() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
