//! What the agent shall be: one list of keys, four places they may come from.
//!
//! An option of the agent's argument counts more than the environment (`OXPROBE_` and the key in
//! upper case), that more than a system property (`oxprobe.` and the key, then the name Arthas
//! uses), and that more than the file that `config` names. Nothing here fails: what is wrong
//! becomes a sentence and is left aside, because a bad option must never stop an application.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// One key and the names it has elsewhere.
struct Key {
    name: &'static str,
    get: fn(&Options) -> Option<String>,
    /// The system property Arthas users know it by.
    arthas: Option<&'static str>,
    set: fn(&mut Options, String),
}

const KEYS: &[Key] = &[
    Key {
        name: "tunnel-url",
        get: |o| o.tunnel_url.clone(),
        arthas: Some("arthas.tunnelServer"),
        set: |o, v| o.tunnel_url = Some(v),
    },
    Key {
        name: "app-name",
        get: |o| o.app_name.clone(),
        arthas: Some("arthas.appName"),
        set: |o, v| o.app_name = Some(v),
    },
    Key {
        name: "agent-id",
        get: |o| o.agent_id.clone(),
        arthas: Some("arthas.agentId"),
        set: |o, v| o.agent_id = Some(v),
    },
    Key {
        name: "token",
        get: |o| o.token.as_ref().map(|token| token.0.clone()),
        arthas: None,
        set: |o, v| o.token = Some(Secret(v)),
    },
    Key {
        name: "token-file",
        get: |o| text(&o.token_file),
        arthas: None,
        set: |o, v| o.token_file = Some(v.into()),
    },
    Key { name: "ca-file", get: |o| text(&o.ca_file), arthas: None, set: |o, v| o.ca_file = Some(v.into()) },
    Key { name: "log", get: |o| text(&o.log), arthas: None, set: |o, v| o.log = Some(v.into()) },
    Key {
        name: "output-dir",
        get: |o| text(&o.output_dir),
        arthas: Some("arthas.outputPath"),
        set: |o, v| o.output_dir = Some(v.into()),
    },
    Key {
        name: "disabled-commands",
        get: |o| (!o.disabled_commands.is_empty()).then(|| o.disabled_commands.join(" ")),
        arthas: Some("arthas.disabledCommands"),
        set: |o, v| o.disabled_commands = names(&v),
    },
    Key {
        name: "permissions",
        get: |o| o.permissions.clone(),
        arthas: None,
        set: |o, v| o.permissions = Some(v),
    },
    Key { name: "config", get: |o| text(&o.config), arthas: None, set: |o, v| o.config = Some(v.into()) },
    Key { name: "socket", get: |o| o.socket.clone(), arthas: None, set: |o, v| o.socket = Some(v) },
    Key { name: "nonce", get: |o| o.nonce.clone(), arthas: None, set: |o, v| o.nonce = Some(v) },
];

fn text(path: &Option<PathBuf>) -> Option<String> {
    path.as_ref().map(|path| path.to_string_lossy().into_owned())
}

/// The options in force. A key that nobody gave is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `tunnel-url`: `ws://` or `wss://` address of the tunnel server.
    pub tunnel_url: Option<String>,
    /// `app-name`: the application the agent is listed under.
    pub app_name: Option<String>,
    /// `agent-id`: the agent's id at the tunnel server.
    pub agent_id: Option<String>,
    /// `token`: what a tunnel server that wants one is shown.
    pub token: Option<Secret>,
    /// `token-file`: a file that holds the token. Read at each connect, so that it can be rotated.
    pub token_file: Option<PathBuf>,
    /// `ca-file`: PEM certificates that a `wss` tunnel may be signed by, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `log`: a file for the log, or a folder for it. The pid becomes part of its name.
    pub log: Option<PathBuf>,
    /// `output-dir`: where commands put their files.
    pub output_dir: Option<PathBuf>,
    /// `disabled-commands`: names that are refused. The value separates them by blanks, `;` or `|`.
    pub disabled_commands: Vec<String>,
    /// `permissions`: what sessions may do (`view observe …`), separated as in `disabled_commands`; without it everything.
    pub permissions: Option<String>,
    /// `config`: a file with the same keys, one a line.
    pub config: Option<PathBuf>,
    /// `socket`: the path of the local socket, or `@name` for an abstract one.
    pub socket: Option<String>,
    /// `nonce`: what the agent says in its first frame, so that the loader knows its own attach.
    pub nonce: Option<String>,
}

/// A text that no log and no debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(secret)")
    }
}

/// Where options come from, apart from the agent's argument. Functions, so that tests need neither
/// an environment nor a JVM.
pub struct Sources<'a> {
    /// An environment variable.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// A Java system property.
    pub property: &'a dyn Fn(&str) -> Option<String>,
    /// The text of the file that `config` names.
    pub file: &'a dyn Fn(&std::path::Path) -> std::io::Result<String>,
}

/// Options and what was wrong with them, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// What is in force.
    pub options: Options,
    /// What was left aside, and why.
    pub problems: Vec<String>,
}

impl Options {
    /// Puts together what the agent's argument and the other places say.
    pub fn gather(argument: &str, sources: &Sources<'_>) -> Gathered {
        let mut all = Gathered::default();
        let given = parse_argument(argument, &mut all.problems);
        Self::gather_given(given, sources, all)
    }

    /// The same for options that came as a map, such as over the local socket.
    pub fn gather_map(given: &BTreeMap<String, String>, sources: &Sources<'_>) -> Gathered {
        Self::gather_given(given.clone(), sources, Gathered::default())
    }

    fn gather_given(given: BTreeMap<String, String>, sources: &Sources<'_>, mut all: Gathered) -> Gathered {
        let mut values: BTreeMap<&'static str, String> = BTreeMap::new();
        let mut accept = |place: &str, found: &dyn Fn(&Key) -> Option<String>, problems: &mut Vec<String>| {
            for key in KEYS {
                if values.contains_key(key.name) {
                    continue;
                }
                let Some(value) = found(key).map(|value| value.trim().to_owned()) else { continue };
                if is_service_link(&value) {
                    problems.push(format!(
                        "{} from {place} is '{value}', an address that Kubernetes sets for a service, and is \
                         ignored; set enableServiceLinks: false on the pod to be rid of it",
                        key.name
                    ));
                } else if !value.is_empty() {
                    values.insert(key.name, value);
                }
            }
        };
        unknown(given.keys(), "the option list", &mut all.problems);
        accept("the option list", &|key| given.get(key.name).cloned(), &mut all.problems);
        accept(
            "the environment",
            &|key| (sources.environment)(&environment_name(key.name)),
            &mut all.problems,
        );
        accept(
            "a system property",
            &|key| (sources.property)(&format!("oxprobe.{}", key.name)),
            &mut all.problems,
        );
        accept("a system property", &|key| (sources.property)(key.arthas?), &mut all.problems);
        if let Some(path) = values.get("config").map(PathBuf::from) {
            match (sources.file)(&path) {
                Ok(text) => {
                    let file = parse_file(&text, &mut all.problems);
                    unknown(file.keys(), "the config file", &mut all.problems);
                    let mut accept_file = |key: &Key| {
                        if let (false, Some(value)) = (values.contains_key(key.name), file.get(key.name)) {
                            values.insert(key.name, value.clone());
                        }
                    };
                    KEYS.iter().for_each(&mut accept_file);
                }
                Err(why) => all.problems.push(format!(
                    "the config file {} cannot be read ({why}); the options it holds are not in force",
                    path.display()
                )),
            }
        }
        for key in KEYS {
            if let Some(value) = values.remove(key.name) {
                (key.set)(&mut all.options, value);
            }
        }
        all
    }

    /// The system properties that [`Options::gather`] may ask for.
    pub fn property_names() -> Vec<String> {
        let own = KEYS.iter().map(|key| format!("oxprobe.{}", key.name));
        own.chain(KEYS.iter().filter_map(|key| key.arthas.map(str::to_owned))).collect()
    }

    /// Keys and values, as they are given.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut given = BTreeMap::new();
        for key in KEYS {
            if let Some(value) = (key.get)(self) {
                given.insert(key.name.to_owned(), value);
            }
        }
        given
    }

    /// Lays newer options over these: what the newer ones give counts, the rest stays.
    pub fn overlay(&mut self, newer: Self) {
        for key in KEYS {
            if let Some(value) = (key.get)(&newer) {
                (key.set)(self, value);
            }
        }
    }
}

/// `OXPROBE_TUNNEL_URL` for `tunnel-url`.
fn environment_name(key: &str) -> String {
    format!("OXPROBE_{}", key.replace('-', "_").to_uppercase())
}

/// Whether a value is what kubelet puts into the environment for a service: `tcp://10.0.0.1:7777`.
fn is_service_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

fn names(value: &str) -> Vec<String> {
    value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn unknown<'a>(keys: impl Iterator<Item = &'a String>, place: &str, problems: &mut Vec<String>) {
    for key in keys {
        if !KEYS.iter().any(|known| known.name == key) {
            problems.push(format!("{place} has the unknown key '{key}', which is ignored"));
        }
    }
}

/// `key=value,key=value`; `%2C` is a comma in a value.
fn parse_argument(argument: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for item in argument.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match item.split_once('=') {
            Some((key, value)) => {
                let value = value.replace("%2C", ",").replace("%2c", ",");
                values.insert(key.trim().to_owned(), value);
            }
            // Not shown whole: it may be half of a secret that had a comma in it.
            None => problems.push(format!(
                "an option of {} characters has no '=' and is ignored; options are key=value joined by commas, \
                 with %2C for a comma in a value",
                item.chars().count()
            )),
        }
    }
    values
}

/// `key=value` a line; `#` starts a comment.
fn parse_file(text: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=') {
            Some((key, value)) => {
                values.insert(key.trim().to_owned(), value.trim().to_owned());
            }
            None => problems.push(format!("line {} of the config file has no '=' and is ignored", at + 1)),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(
        argument: &str,
        environment: &[(&str, &str)],
        properties: &[(&str, &str)],
        file: &str,
    ) -> Gathered {
        let find = |list: &[(&str, &str)], name: &str| {
            list.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Options::gather(
            argument,
            &Sources {
                environment: &|name| find(environment, name),
                property: &|name| find(properties, name),
                file: &|path| match path.to_str() {
                    Some("/etc/ox.conf") => Ok(file.to_owned()),
                    _ => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
                },
            },
        )
    }

    #[test]
    fn an_option_beats_the_environment_beats_a_property_beats_the_file() {
        let file = "tunnel-url=file\napp-name = file\nagent-id=file\nlog=file\n# x\n\noutput-dir=file\n";
        let all = gather(
            "tunnel-url=option,config=/etc/ox.conf",
            &[("OXPROBE_TUNNEL_URL", "env"), ("OXPROBE_APP_NAME", "env")],
            &[
                ("oxprobe.app-name", "prop"),
                ("oxprobe.agent-id", "prop"),
                ("arthas.agentId", "arthas"),
                ("arthas.outputPath", "arthas"),
            ],
            file,
        );
        assert_eq!(all.problems, Vec::<String>::new());
        assert_eq!(all.options.tunnel_url.as_deref(), Some("option"));
        assert_eq!(all.options.app_name.as_deref(), Some("env"));
        assert_eq!(all.options.agent_id.as_deref(), Some("prop"));
        assert_eq!(all.options.output_dir, Some("arthas".into()));
        assert_eq!(all.options.log, Some("file".into()));
    }

    #[test]
    fn a_comma_and_an_equals_sign_survive_in_values() {
        let all = gather("tunnel-url=ws://h/ws?a=b%2Cc=d,app-name=x%2cy", &[], &[], "");
        assert_eq!(all.options.tunnel_url.as_deref(), Some("ws://h/ws?a=b,c=d"));
        assert_eq!(all.options.app_name.as_deref(), Some("x,y"));
    }

    #[test]
    fn a_service_link_is_ignored_and_the_next_place_counts() {
        let all = gather(
            "",
            &[("OXPROBE_TUNNEL_URL", "tcp://10.0.0.1:7777")],
            &[("oxprobe.tunnel-url", "ws://real/ws")],
            "",
        );
        assert_eq!(all.options.tunnel_url.as_deref(), Some("ws://real/ws"));
        assert_eq!(all.problems.len(), 1);
        assert!(all.problems[0].contains("enableServiceLinks"), "{:?}", all.problems);
    }

    #[test]
    fn what_is_wrong_is_said_and_left_aside() {
        let all = gather("tunnel-ulr=x,half of a secret,,config=/nowhere,app-name=", &[], &[], "");
        assert_eq!(all.options, Options { config: Some("/nowhere".into()), ..Options::default() });
        let text = all.problems.join("\n");
        assert!(text.contains("'tunnel-ulr'"), "{text}");
        assert!(text.contains("has no '='") && !text.contains("half of"), "{text}");
        assert!(text.contains("/nowhere"), "{text}");
        assert_eq!(all.problems.len(), 3);
    }

    #[test]
    fn a_token_is_never_in_debug_output() {
        let all = gather("token=hush,disabled-commands=stop heapdump;cls", &[], &[], "");
        assert_eq!(all.options.token.as_ref().map(Secret::reveal), Some("hush"));
        assert!(!format!("{:?}", all.options).contains("hush"));
        assert_eq!(all.options.disabled_commands, ["stop", "heapdump", "cls"]);
    }

    #[test]
    fn newer_options_leave_what_they_do_not_name() {
        let mut options = gather("tunnel-url=ws://a/ws,app-name=a,token=1", &[], &[], "").options;
        options.overlay(gather("app-name=b,nonce=7", &[], &[], "").options);
        assert_eq!(options.tunnel_url.as_deref(), Some("ws://a/ws"));
        assert_eq!(options.app_name.as_deref(), Some("b"));
        assert_eq!(options.nonce.as_deref(), Some("7"));
        assert!(options.token.is_some());
    }
}
