//! Puts options together from the places they may come from, and says what is wrong with them.

use std::collections::BTreeMap;
use std::path::Path;

use super::Options;
use super::key::{KEYS, Key, Kind};
use super::source::{Source, Sources};
use super::text::{is_service_link, parse_argument, parse_file};

/// Options and what was wrong with them, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// What is in force.
    pub options: Options,
    /// What was left aside, and why.
    pub problems: Vec<String>,
}

/// The address Arthas binds all its ports to.
pub(super) const ARTHAS_IP: &str = "arthas.ip";

impl Options {
    /// Puts together what the agent's argument and the other places say.
    pub fn gather(argument: &str, sources: &Sources<'_>) -> Gathered {
        let mut all = Gathered::default();
        let mut given = parse_argument(argument, &mut all.problems);
        // The argument of a process can be read by every other.
        for key in KEYS.iter().filter(|key| key.kind == Kind::OutOfSight) {
            if given.remove(key.name).is_some() {
                all.problems.push(in_sight(key, "the option list"));
            }
        }
        Self::gather_given(given, sources, all)
    }

    /// The same for options that came as a map, such as over the local socket.
    pub fn gather_map(given: &BTreeMap<String, String>, sources: &Sources<'_>) -> Gathered {
        Self::gather_given(given.clone(), sources, Gathered::default())
    }

    fn gather_given(given: BTreeMap<String, String>, sources: &Sources<'_>, mut all: Gathered) -> Gathered {
        unknown(given.keys(), "the option list", &mut all.problems);
        all.accept(|key| Some((Source::Option, given.get(key.name).cloned()?)));
        all.accept(|key| {
            let name = environment_name(key.name);
            let value = (sources.environment)(&name)?;
            Some((Source::Environment(name), value))
        });
        all.accept(|key| {
            let name = key.arthas_variable?;
            let value = (sources.environment)(name)?;
            Some((Source::Environment(name.to_owned()), value))
        });
        all.accept(|key| {
            let name = format!("oxprobe.{}", key.name);
            let value = (sources.property)(&name)?;
            Some((Source::Property(name), value))
        });
        all.accept(|key| {
            let (name, value) = named_by_arthas(key, sources.property)?;
            Some((Source::Property(name.to_owned()), value))
        });
        if let Some(path) = all.options.config.clone() {
            match (sources.file)(&path) {
                Ok(text) => all.accept_file(&text, &path),
                Err(why) => all.problems.push(format!(
                    "the config file {} cannot be read ({why}); the options it holds are not in force",
                    path.display()
                )),
            }
        }
        all
    }
}

impl Gathered {
    /// Takes what a place has for the keys that no place before had.
    fn accept(&mut self, find: impl Fn(&Key) -> Option<(Source, String)>) {
        for key in KEYS {
            if self.options.sources.contains_key(key.name) {
                continue;
            }
            let Some((source, value)) = find(key) else { continue };
            let value = value.trim();
            if is_service_link(value) {
                self.problems.push(format!(
                    "{} from {} is '{value}', an address that Kubernetes sets for a service, and is \
                     ignored; set enableServiceLinks: false on the pod to be rid of it",
                    key.name,
                    place(&source)
                ));
                continue;
            }
            if value.is_empty() {
                continue;
            }
            if key.kind == Kind::OutOfSight && matches!(source, Source::Property(_)) {
                self.problems.push(in_sight(key, &place(&source)));
                continue;
            }
            if let Err(why) = (key.set)(&mut self.options, value) {
                self.problems.push(format!("{} from {} {why}", key.name, place(&source)));
                // What holds all the same has a place, too.
                if (key.get)(&self.options).is_none() {
                    continue;
                }
            }
            self.options.sources.insert(key.name, source);
        }
    }

    /// Takes what the config file has: our names or Arthas's.
    fn accept_file(&mut self, text: &str, path: &Path) {
        let file = parse_file(text, &mut self.problems);
        let known = |name: &&String| !KEYS.iter().any(|key| key.arthas == Some(name)) && *name != ARTHAS_IP;
        unknown(file.keys().filter(known), "the config file", &mut self.problems);
        let source = || Source::File(path.to_owned());
        self.accept(|key| Some((source(), file.get(key.name).cloned()?)));
        let find = |name: &str| file.get(name).cloned();
        self.accept(|key| Some((source(), named_by_arthas(key, &find)?.1)));
    }
}

/// What a place has under Arthas's name for a key.
fn named_by_arthas(key: &Key, find: &dyn Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let name = key.arthas?;
    let value = find(name)?;
    let port = value.trim().parse::<u16>().ok().filter(|_| key.kind == Kind::Listen);
    let ip = find(ARTHAS_IP).filter(|ip| !ip.trim().is_empty());
    let value = match (port, ip) {
        (Some(port), Some(ip)) if ip.contains(':') => format!("[{}]:{port}", ip.trim()),
        (Some(port), Some(ip)) => format!("{}:{port}", ip.trim()),
        _ => value,
    };
    Some((name, value))
}

fn in_sight(key: &Key, place: &str) -> String {
    format!(
        "{} from {place} is ignored, because other users of the machine could read it there; use password-file or {}",
        key.name,
        environment_name(key.name)
    )
}

/// A source in a sentence.
fn place(source: &Source) -> String {
    match source {
        Source::Option => "the option list".to_owned(),
        Source::Environment(name) => format!("the environment ({name})"),
        Source::Property(name) => format!("the system property {name}"),
        Source::File(path) => format!("the config file {}", path.display()),
    }
}

/// `OXPROBE_TUNNEL_URL` for `tunnel-url`.
fn environment_name(key: &str) -> String {
    format!("OXPROBE_{}", key.replace('-', "_").to_uppercase())
}

fn unknown<'a>(keys: impl Iterator<Item = &'a String>, place: &str, problems: &mut Vec<String>) {
    for key in keys {
        if !KEYS.iter().any(|known| known.name == key) {
            problems.push(format!("{place} has the unknown key '{key}', which is ignored"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::options::{Listen, Secret};

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
        assert_eq!(all.options.to_map(), BTreeMap::from([("config".to_owned(), "/nowhere".to_owned())]));
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
        options.overlay(gather("app-name=b", &[("OXPROBE_NONCE", "7")], &[], "").options);
        assert_eq!(options.tunnel_url.as_deref(), Some("ws://a/ws"));
        assert_eq!(options.app_name.as_deref(), Some("b"));
        assert_eq!(options.nonce.as_deref(), Some("7"));
        assert!(options.token.is_some());
        assert_eq!(options.sources["token"], Source::Option);
        assert_eq!(options.sources["nonce"], Source::Environment("OXPROBE_NONCE".to_owned()));
    }

    #[test]
    fn every_value_remembers_its_place_and_secrets_are_not_shown() {
        let file = "session-timeout=90m\nlog=file\npassword=hush\n";
        let all = gather(
            "tunnel-url=ws://h/ws?token=hush,config=/etc/ox.conf,token=hush",
            &[("OXPROBE_APP_NAME", "env")],
            &[("oxprobe.agent-id", "prop"), ("arthas.outputPath", "arthas")],
            file,
        );
        assert_eq!(all.problems, Vec::<String>::new());
        let rows = all.options.configuration();
        assert!(!format!("{rows:?}").contains("hush"), "{rows:?}");
        let row = |key: &str| {
            let row = rows.iter().find(|row| row.key == key).unwrap();
            (row.value.as_deref(), row.source.as_str())
        };
        assert_eq!(row("tunnel-url").1, "option");
        assert_eq!(row("app-name"), (Some("env"), "environment OXPROBE_APP_NAME"));
        assert_eq!(row("agent-id"), (Some("prop"), "property oxprobe.agent-id"));
        assert_eq!(row("output-dir"), (Some("arthas"), "property arthas.outputPath"));
        assert_eq!(row("session-timeout"), (Some("90m"), "file /etc/ox.conf"));
        assert_eq!(row("password"), (Some("***"), "file /etc/ox.conf"));
        assert_eq!(row("http"), (Some("off"), "default"));
        assert_eq!(row("ca-file"), (None, "default"));
    }

    #[test]
    fn a_password_is_not_taken_from_where_others_can_read_it() {
        let all =
            gather("password=hush", &[], &[("oxprobe.password", "hush"), ("arthas.password", "hush")], "");
        assert_eq!(all.options.password, None);
        assert_eq!(all.problems.len(), 3, "{:?}", all.problems);
        assert!(all.problems.iter().all(|why| why.contains("password-file") && !why.contains("hush")));
        let all = gather("", &[("OXPROBE_PASSWORD", "hush")], &[], "");
        assert_eq!(all.options.password, Some(Secret::new("hush")));
    }

    #[test]
    fn what_arthas_calls_a_port_is_joined_with_its_address() {
        let http = |properties: &[(&str, &str)]| {
            let all = gather("", &[], properties, "");
            assert_eq!(all.problems, Vec::<String>::new());
            all.options.http.map(|at| at.to_string())
        };
        assert_eq!(http(&[]), None);
        assert_eq!(http(&[("arthas.ip", "0.0.0.0")]), None);
        assert_eq!(http(&[("arthas.httpPort", "8563")]).as_deref(), Some("127.0.0.1:8563"));
        let both = |ip| http(&[("arthas.httpPort", "8563"), ("arthas.ip", ip)]);
        assert_eq!(both("0.0.0.0").as_deref(), Some("0.0.0.0:8563"));
        assert_eq!(both("::").as_deref(), Some("[::]:8563"));
        assert_eq!(http(&[("arthas.httpPort", "-1")]).as_deref(), Some("off"));
        assert_eq!(http(&[("arthas.httpPort", "1"), ("oxprobe.http", "2")]).as_deref(), Some("127.0.0.1:2"));
    }

    #[test]
    fn the_properties_file_of_arthas_is_understood() {
        let file = "arthas.telnetPort=3658\narthas.httpPort=8563\narthas.ip=127.0.0.1\narthas.sessionTimeout=1800\narthas.statUrl=x";
        let all = gather("config=/etc/ox.conf,telnet=off", &[], &[], file);
        assert_eq!(all.options.telnet, Some(Listen::Off));
        assert_eq!(all.options.http.map(|at| at.to_string()).as_deref(), Some("127.0.0.1:8563"));
        assert_eq!(all.options.session_timeout_or_default(), Some(Duration::from_secs(1800)));
        assert_eq!(all.problems.len(), 1);
        assert!(all.problems[0].contains("arthas.statUrl"), "{:?}", all.problems);
    }

    #[test]
    fn a_value_that_is_not_understood_leaves_the_next_place_its_turn() {
        let all =
            gather("http=:80,session-timeout=soon,no-password=maybe", &[("OXPROBE_HTTP", "81")], &[], "");
        assert_eq!(all.options.http.map(|at| at.to_string()).as_deref(), Some("127.0.0.1:81"));
        assert_eq!(all.options.no_password, None);
        assert_eq!(all.options.session_timeout_or_default(), Some(Duration::from_secs(10_800)));
        assert_eq!(all.problems.len(), 3, "{:?}", all.problems);
        assert_eq!(gather("session-timeout=0", &[], &[], "").options.session_timeout_or_default(), None);
    }

    #[test]
    fn a_slip_in_read_only_shuts_rather_than_opens() {
        let all = gather("read-only=ture", &[("OXPROBE_READ_ONLY", "false")], &[], "");
        assert_eq!(all.options.read_only, Some(true));
        assert_eq!(all.problems.len(), 1);
        assert_eq!(gather("read-only=no", &[], &[], "").options.read_only, Some(false));
    }
}
