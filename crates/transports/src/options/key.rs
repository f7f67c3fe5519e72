//! The keys there are: one list that feeds the parser, `options`, and the page for people who come
//! from Arthas.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::listen::Listen;
use super::protocol::Protocol;
use super::secret::Secret;
use super::text::{flag, names};
use super::{Options, time};
use crate::tunnel::Address;

/// One key and the names it has elsewhere.
pub(super) struct Key {
    /// As the option list and the file have it.
    pub(super) name: &'static str,
    /// What it says, in a few words.
    pub(super) about: &'static str,
    /// What holds where no place names it; empty for nothing.
    pub(super) default: &'static str,
    /// The name Arthas users know it by.
    pub(super) arthas: Option<&'static str>,
    /// The variable of the environment Arthas users know it by.
    pub(super) arthas_variable: Option<&'static str>,
    pub(super) kind: Kind,
    pub(super) get: fn(&Options) -> Option<String>,
    /// The error is the end of a sentence that begins with the key's name.
    pub(super) set: fn(&mut Options, &str) -> Result<(), String>,
}

/// What is special about a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// Parts of it may be secret: shown as a tunnel address is.
    Url,
    /// Never shown.
    Secret,
    /// Never shown, and not taken from where others read it: command lines and system properties.
    OutOfSight,
    /// An address to listen on. What Arthas calls its port is joined with its `ip`.
    Listen,
    /// Between the loader and the agent.
    Internal,
}

impl Key {
    /// The value as it may be shown.
    pub(super) fn shown(&self, options: &Options) -> Option<String> {
        let value = (self.get)(options)?;
        Some(match self.kind {
            Kind::Secret | Kind::OutOfSight => "***".to_owned(),
            Kind::Url => {
                Address::parse(&value).map_or_else(|why| why.to_string(), |address| address.to_string())
            }
            Kind::Plain | Kind::Listen | Kind::Internal => value,
        })
    }
}

/// The user that `user` names where nobody does.
pub(super) const USER: &str = "arthas";
/// Where commands put their files unless `output-dir` says otherwise.
pub(super) const OUTPUT_DIR: &str = "arthas-output";
/// How long a session lasts in which nothing happens.
pub(super) const SESSION_TIMEOUT: Duration = Duration::from_secs(3 * 3600);

const fn key(
    name: &'static str,
    about: &'static str,
    get: fn(&Options) -> Option<String>,
    set: fn(&mut Options, &str) -> Result<(), String>,
) -> Key {
    Key { name, about, default: "", arthas: None, arthas_variable: None, kind: Kind::Plain, get, set }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        arthas: Some("arthas.tunnelServer"),
        kind: Kind::Url,
        ..key(
            "tunnel-url",
            "the tunnel server: ws:// or wss://",
            |o| o.tunnel_url.clone(),
            |o, v| put(&mut o.tunnel_url, v),
        )
    },
    Key {
        arthas: Some("arthas.appName"),
        ..key(
            "app-name",
            "the application the agent is listed under",
            |o| o.app_name.clone(),
            |o, v| put(&mut o.app_name, v),
        )
    },
    Key {
        arthas: Some("arthas.agentId"),
        ..key(
            "agent-id",
            "the agent's id at the tunnel server",
            |o| o.agent_id.clone(),
            |o, v| put(&mut o.agent_id, v),
        )
    },
    Key {
        kind: Kind::Secret,
        ..key("token", "what the tunnel server is shown", |o| reveal(&o.token), |o, v| hide(&mut o.token, v))
    },
    key(
        "token-file",
        "a file that holds the token, read at each connect",
        |o| shown(&o.token_file),
        |o, v| path(&mut o.token_file, v),
    ),
    key(
        "ca-file",
        "certificates that a wss tunnel may be signed by, instead of the system's",
        |o| shown(&o.ca_file),
        |o, v| path(&mut o.ca_file, v),
    ),
    Key {
        default: "off",
        arthas: Some("arthas.httpPort"),
        kind: Kind::Listen,
        ..key(
            "http",
            "where the HTTP API listens: a port, an IP address with a port, or off",
            |o| o.http.map(|at| at.to_string()),
            |o, v| listen(&mut o.http, v),
        )
    },
    Key {
        default: "off",
        arthas: Some("arthas.telnetPort"),
        kind: Kind::Listen,
        ..key(
            "telnet",
            "where the telnet server listens",
            |o| o.telnet.map(|at| at.to_string()),
            |o, v| listen(&mut o.telnet, v),
        )
    },
    Key {
        default: "off",
        kind: Kind::Listen,
        ..key(
            "mcp",
            "where the MCP server listens; may be the address of http",
            |o| o.mcp.map(|at| at.to_string()),
            |o, v| listen(&mut o.mcp, v),
        )
    },
    Key {
        default: "streamable",
        arthas: Some("arthas.mcpProtocol"),
        ..key(
            "mcp-protocol",
            "streamable: clients of the MCP server have sessions; stateless: each request stands alone",
            |o| o.mcp_protocol.map(|protocol| protocol.name().to_owned()),
            |o, v| {
                o.mcp_protocol = Some(Protocol::parse(v)?);
                Ok(())
            },
        )
    },
    Key {
        arthas_variable: Some("ARTHAS_MCP_VIEWFILE_ALLOWED_DIRS"),
        ..key(
            "view-dirs",
            "folders whose files the MCP tool viewfile reads, beside output-dir; separated by blanks, ; or |",
            |o| (!o.view_dirs.is_empty()).then(|| o.view_dirs.join(" ")),
            |o, v| {
                o.view_dirs = names(v);
                Ok(())
            },
        )
    },
    key(
        "host-names",
        "names by which people reach http and mcp, beside addresses and localhost; separated by blanks, ; or |",
        |o| (!o.host_names.is_empty()).then(|| o.host_names.join(" ")),
        |o, v| {
            o.host_names = names(v);
            Ok(())
        },
    ),
    Key {
        default: USER,
        arthas: Some("arthas.username"),
        ..key("user", "who may log in over http, telnet and mcp", |o| o.user.clone(), set_user)
    },
    Key {
        arthas: Some("arthas.password"),
        kind: Kind::OutOfSight,
        ..key(
            "password",
            "that user's password; from the environment or the file only",
            |o| reveal(&o.password),
            |o, v| hide(&mut o.password, v),
        )
    },
    key(
        "password-file",
        "a file that holds the password",
        |o| shown(&o.password_file),
        |o, v| path(&mut o.password_file, v),
    ),
    Key {
        default: "false",
        ..key(
            "no-password",
            "true: http, telnet and mcp ask for no password; every process that reaches the address may do all that is allowed",
            |o| o.no_password.map(|on| on.to_string()),
            |o, v| switch(&mut o.no_password, v),
        )
    },
    key(
        "allow",
        "what sessions over http, telnet and mcp may do: view profile observe evaluate mutate dump admin",
        |o| o.allow.clone(),
        |o, v| put(&mut o.allow, v),
    ),
    key(
        "permissions",
        "what all sessions may do",
        |o| o.permissions.clone(),
        |o, v| put(&mut o.permissions, v),
    ),
    Key {
        default: "false",
        ..key(
            "read-only",
            "true: nothing that changes the application or its files, whatever is allowed",
            |o| o.read_only.map(|on| on.to_string()),
            // A slip of the pen must not open what was meant to be shut.
            |o, v| switch(&mut o.read_only, v).inspect_err(|_| o.read_only = Some(true)),
        )
    },
    Key {
        arthas: Some("arthas.disabledCommands"),
        ..key(
            "disabled-commands",
            "commands that are not there, separated by blanks, ; or |",
            |o| (!o.disabled_commands.is_empty()).then(|| o.disabled_commands.join(" ")),
            |o, v| {
                o.disabled_commands = names(v);
                Ok(())
            },
        )
    },
    Key {
        default: "3h",
        arthas: Some("arthas.sessionTimeout"),
        ..key(
            "session-timeout",
            "how long a session lasts in which nothing happens: seconds, or a number with s, m, h or d",
            |o| o.session_timeout.map(time::shown),
            |o, v| {
                o.session_timeout = Some(time::parse(v)?);
                Ok(())
            },
        )
    },
    Key {
        default: OUTPUT_DIR,
        arthas: Some("arthas.outputPath"),
        ..key(
            "output-dir",
            "where commands put their files",
            |o| shown(&o.output_dir),
            |o, v| path(&mut o.output_dir, v),
        )
    },
    key(
        "java-dir",
        "the folder of the jars that jad and mc need; else the one named java beside the agent's library",
        |o| shown(&o.java_dir),
        |o, v| path(&mut o.java_dir, v),
    ),
    key("log", "a file for the log, or a folder for it", |o| shown(&o.log), |o, v| path(&mut o.log, v)),
    Key {
        arthas: Some("arthas.config.location"),
        ..key(
            "config",
            "a file with these keys, one a line",
            |o| shown(&o.config),
            |o, v| path(&mut o.config, v),
        )
    },
    key(
        "socket",
        "the path of the local socket, or @name for an abstract one",
        |o| o.socket.clone(),
        |o, v| put(&mut o.socket, v),
    ),
    Key {
        kind: Kind::Internal,
        ..key(
            "nonce",
            "by which the loader knows its own attach",
            |o| o.nonce.clone(),
            |o, v| put(&mut o.nonce, v),
        )
    },
];

fn put(place: &mut Option<String>, value: &str) -> Result<(), String> {
    *place = Some(value.to_owned());
    Ok(())
}

fn path(place: &mut Option<PathBuf>, value: &str) -> Result<(), String> {
    *place = Some(Path::new(value).to_owned());
    Ok(())
}

fn shown(path: &Option<PathBuf>) -> Option<String> {
    path.as_ref().map(|path| path.to_string_lossy().into_owned())
}

fn hide(place: &mut Option<Secret>, value: &str) -> Result<(), String> {
    *place = Some(Secret::new(value));
    Ok(())
}

fn reveal(secret: &Option<Secret>) -> Option<String> {
    secret.as_ref().map(|secret| secret.reveal().to_owned())
}

fn listen(place: &mut Option<Listen>, value: &str) -> Result<(), String> {
    *place = Some(Listen::parse(value)?);
    Ok(())
}

fn switch(place: &mut Option<bool>, value: &str) -> Result<(), String> {
    let on = flag(value).ok_or_else(|| format!("is '{value}', which is neither true nor false"))?;
    *place = Some(on);
    Ok(())
}

/// HTTP's Basic authentication cannot carry a colon in a user's name.
fn set_user(options: &mut Options, value: &str) -> Result<(), String> {
    if value.contains(|c: char| c == ':' || c.is_control()) {
        return Err("has a colon or a control character in it, which no user's name may have".to_owned());
    }
    put(&mut options.user, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_what_its_key_would_take() {
        assert_eq!(time::parse(by_name("session-timeout").default), Ok(SESSION_TIMEOUT));
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            let mut options = Options::default();
            (key.set)(&mut options, key.default).unwrap();
            assert_eq!((key.get)(&options).as_deref(), Some(key.default), "{}", key.name);
        }
    }

    #[test]
    fn no_name_ends_in_what_kubernetes_makes_of_a_services_name() {
        for key in KEYS {
            assert!(
                !["port", "host", "service"].iter().any(|end| key.name.ends_with(end)),
                "{} clashes with the variables of service links",
                key.name
            );
        }
    }

    fn by_name(name: &str) -> &'static Key {
        KEYS.iter().find(|key| key.name == name).unwrap()
    }
}
