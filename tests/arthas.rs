//! The real Arthas Java agent on our tunnel: it registers with its token and is driven from our
//! side of the relay, as its own console would.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Java, JavaBuilder, Tunnel, arthas, exec_json, jdk};
use serde_json::Value;

#[test]
fn the_arthas_agent_registers_with_the_token_and_answers_in_our_terminal() {
    let data = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(data.path());
    let java = Java::demo(&jdk("17"));
    arthas::attach(&java, &format!("{}?token={}", tunnel.agent_url(), tunnel.token), "peer");

    let agent = tunnel.agent("peer");
    assert_eq!(agent["kind"], "arthas");
    assert_eq!(agent["version"], "4.1.5");
    let id = agent["id"].as_str().unwrap();
    assert!(id.starts_with("peer_"), "{id}");

    assert_eq!(tunnel.exec(id, "version").trim(), "4.1.5");
    let session = tunnel.exec(id, "session");
    assert!(session.contains(&java.pid().to_string()), "{session}");
    // A long answer in many small frames arrives whole and in order.
    let properties = tunnel.exec(id, "sysprop");
    assert!(properties.contains("java.specification.version"), "{properties}");
}

#[test]
fn the_arthas_agent_is_refused_without_the_token() {
    let data = tempfile::tempdir().unwrap();
    let mut tunnel = Tunnel::start(data.path());
    let java = Java::demo(&jdk("17"));
    arthas::attach(&java, &tunnel.agent_url(), "stranger");
    // Arthas carries on without a tunnel, so it is the server that must say it refused one.
    harness::eventually("the server's log to name the refusal", || {
        let errors = tunnel.process().errors().join("\n");
        errors.contains("token").then_some(())
    });
    assert_eq!(tunnel.agents().iter().filter(|agent| agent["app"] == "stranger").count(), 0);
}

/// Every place of a value with its type: `root.children[].times number`.
fn places(value: &Value, place: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{place}.{name}"), all);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| places(value, &format!("{place}[]"), all)),
        Value::Null => {}
        Value::Bool(_) => drop(all.insert(format!("{place} boolean"))),
        Value::Number(_) => drop(all.insert(format!("{place} number"))),
        Value::String(_) => drop(all.insert(format!("{place} string"))),
    }
}

/// What both say of the same calls: ours has every field of Arthas's, with its type.
#[test]
fn results_of_monitor_trace_stack_reset_and_options_have_the_fields_and_types_of_arthas() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.Shop").start();
    let arthas = arthas::boot(&java, &[]);
    for (line, kind) in [
        ("monitor -c 1 -n 1 demo.Shop order", "monitor"),
        ("trace demo.Shop order -n 1", "trace"),
        ("trace -E demo.Shop order|check throwExp!=null -n 1", "trace"),
        ("stack demo.Shop check -n 1", "stack"),
        ("reset", "reset"),
        ("options", "options"),
        ("options verbose false", "options"),
    ] {
        let pid = java.pid();
        let asked = std::thread::spawn(move || {
            let theirs = arthas.exec(line)["body"]["results"].clone();
            (theirs, exec_json(pid, line))
        });
        while !asked.is_finished() {
            java.ask("orders 4");
            std::thread::sleep(Duration::from_millis(20));
        }
        let (theirs, ours) = asked.join().expect("both answer");
        let theirs = theirs.as_array().cloned().unwrap_or_default();
        assert!(theirs.iter().any(|result| result["type"] == kind), "{line}: Arthas answers {theirs:#?}");
        for kind in ["enhancer", kind, "status"] {
            let Some(theirs) = theirs.iter().find(|result| result["type"] == kind) else { continue };
            let ours = ours.iter().find(|result| result["type"] == kind);
            let ours = ours.unwrap_or_else(|| panic!("{line}: we have no {kind}"));
            let [mut known, mut has] = [BTreeSet::new(), BTreeSet::new()];
            places(theirs, kind, &mut known);
            places(ours, kind, &mut has);
            let missing: Vec<&String> = known.difference(&has).collect();
            assert!(missing.is_empty(), "{line}: ours lacks {missing:#?}\nours {ours:#}\ntheirs {theirs:#}");
        }
    }
    arthas.stop();
}
