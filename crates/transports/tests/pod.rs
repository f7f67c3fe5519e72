//! The pod specs that users copy name options that there are.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::path::Path;

use transports::{Options, Sources};

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

#[test]
fn the_environment_of_the_pod_is_what_the_agent_asks_for() {
    let asked = RefCell::new(Vec::new());
    Options::gather(
        "",
        &Sources {
            environment: &|name| {
                asked.borrow_mut().push(name.to_owned());
                None
            },
            property: &|_| None,
            file: &|_| Ok(String::new()),
        },
    );
    let asked = asked.into_inner();
    let pod = text("deploy/pod.yaml");
    let named: Vec<&str> =
        pod.lines().filter_map(|line| line.trim().strip_prefix("- name: OXPROBE_")).collect();
    assert!(named.len() > 2, "{named:?}");
    for name in named {
        assert!(asked.contains(&format!("OXPROBE_{name}")), "{name} is not in {asked:?}");
    }
}

#[test]
fn the_line_of_the_readme_is_understood_whole() {
    let readme = text("README.md");
    let line = readme.lines().find(|line| line.contains("value: -agentpath:")).unwrap();
    let (_, argument) = line.split_once(".so=").unwrap();
    let none = |_: &str| None;
    let sources = Sources { environment: &none, property: &none, file: &|_| Ok(String::new()) };
    let gathered = Options::gather(argument, &sources);
    assert_eq!(gathered.problems, Vec::<String>::new());
    assert!(gathered.options.tunnel_url.is_some_and(|url| url.starts_with("wss://")));
    assert!(gathered.options.app_name.is_some() && gathered.options.token_file.is_some());
}
