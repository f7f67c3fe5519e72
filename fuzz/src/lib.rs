//! Every body that reads bytes from outside: what a peer sends, what a person types.
//!
//! A body is a plain function that must neither panic nor run for ever, whatever it is given. The
//! driver of this crate runs them on stable Rust over the corpus and mutations of it; libFuzzer
//! runs the same functions on nightly (`scripts/fuzz`).
#![forbid(unsafe_code)]

mod evaluate;
mod expression;
mod frames;
mod weave;

/// A body and its name, which is also its corpus's folder.
pub struct Body {
    /// The name.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
}

/// All bodies.
pub const BODIES: &[Body] = &[
    Body { name: "expression", run: expression::expression },
    Body { name: "ognl_evaluate", run: evaluate::ognl_evaluate },
    Body { name: "frames", run: frames::frames },
    Body { name: "arthas", run: wire::arthas::fuzz },
    Body { name: "proxied", run: wire::arthas::proxied },
    Body { name: "line", run: shell::fuzz::line },
    Body { name: "options", run: shell::fuzz::options },
    Body { name: "keys", run: shell::fuzz::keys },
    Body { name: "agent-options", run: transports::fuzz::options },
    Body { name: "http", run: transports::fuzz::http },
    Body { name: "websocket", run: transports::fuzz::websocket },
    Body { name: "telnet", run: transports::fuzz::telnet },
    Body { name: "mcp", run: transports::fuzz::mcp },
    Body { name: "weave", run: weave::weave },
    Body { name: "listing", run: weave::listing },
];

/// Runs one body, for a libFuzzer target. Unknown names do nothing.
pub fn run(name: &str, bytes: &[u8]) {
    if let Some(body) = BODIES.iter().find(|body| body.name == name) {
        (body.run)(bytes);
    }
}
