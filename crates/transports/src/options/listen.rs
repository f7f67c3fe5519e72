//! Where a server of ours listens: `8563`, `0.0.0.0:8563`, `[::1]:8563` or `off`.
//!
//! A port alone means this machine only. There is no short form for all addresses: who wants the
//! network to reach a JVM writes so. Names are not taken, since resolving them may wait.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What `http`, `telnet` and `mcp` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// No server, even if a place that counts less names an address.
    Off,
    /// Listen there. Port 0 is one that the system chooses.
    At(SocketAddr),
}

impl Listen {
    /// Reads a value; the error is the end of a sentence that begins with the option's name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // Arthas switches its servers off with -1.
        if text == "off" || text == "-1" {
            return Ok(Self::Off);
        }
        if let Ok(port) = text.parse() {
            return Ok(Self::At(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        let address = match text.strip_prefix("localhost:") {
            Some(port) => {
                port.parse().map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)).ok()
            }
            None => text.parse().ok(),
        };
        address.map(Self::At).ok_or_else(|| {
            format!(
                "is '{text}', which is neither a port (8563), an IP address with a port (0.0.0.0:8563, \
                 [::1]:8563) nor off"
            )
        })
    }

    /// The address, if there shall be a server.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => out.write_str("off"),
            Self::At(address) => address.fmt(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_on_this_machine_only() {
        for (text, shown) in [
            ("8563", "127.0.0.1:8563"),
            ("localhost:8563", "127.0.0.1:8563"),
            ("0", "127.0.0.1:0"),
            ("0.0.0.0:8563", "0.0.0.0:8563"),
            ("[::1]:8563", "[::1]:8563"),
            ("off", "off"),
            ("-1", "off"),
        ] {
            let listen = Listen::parse(text).unwrap();
            assert_eq!(listen.to_string(), shown);
            assert_eq!(Listen::parse(shown), Ok(listen));
        }
    }

    #[test]
    fn what_might_mean_the_whole_network_is_no_address() {
        for text in [":8563", "*:8563", "0.0.0.0", "example.org:80", "65536", "-2", "localhost:", "on"] {
            assert!(Listen::parse(text).unwrap_err().contains(text), "{text}");
        }
    }
}
