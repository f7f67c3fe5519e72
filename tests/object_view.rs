//! Values look as the real Arthas shows them: the same program, the same values, the same levels, in one run.

use std::collections::{BTreeMap, BTreeSet};

use harness::{Java, JavaBuilder, Observation, arthas, jdk};
use serde_json::Value;

/// What each value of `values.Main` looks like, by its name.
type Views = BTreeMap<String, String>;

/// The names of all values, in their order.
fn names(java: &mut Java) -> Vec<String> {
    java.process.say("names");
    let line = java.process.line("the names", |line| !line.starts_with("ok"));
    java.process.line("the end of the names", |line| line == "ok names");
    line.split(' ').map(str::to_owned).collect()
}

/// Arthas interrupts a command of its HTTP interface whose results are not fetched when there are fifty.
const AT_ONCE: usize = 40;

fn watched(mut results: Vec<Value>) -> Vec<Value> {
    results.retain(|result| result["type"] == "watch");
    results
}

fn by_name(names: &[String], results: &[Value]) -> Views {
    assert_eq!(names.len(), results.len());
    names
        .iter()
        .cloned()
        .zip(results.iter().map(|result| result["value"].as_str().unwrap_or("?").to_owned()))
        .collect()
}

/// Both tools watch the same calls.
fn views(version: &str, expand: u32) -> (Views, Views) {
    let mut java = JavaBuilder::new(&jdk(version), "values.Main").vm("-Duser.timezone=UTC").start();
    let names = names(&mut java);
    let line = format!("watch values.Main show params[0] -x {expand} -n {}", names.len() + 1);
    let arthas = arthas::boot(&java, &[]);
    let mut theirs = arthas.observe(&line);
    let ours = Observation::start(&java, &line);
    let mut shown = 0;
    for some in names.chunks(AT_ONCE) {
        for name in some {
            java.tell(&format!("show {name}"));
        }
        shown += some.len();
        harness::eventually("Arthas to show them", || {
            (watched(theirs.pull().to_vec()).len() == shown).then_some(())
        });
    }
    let theirs = watched(theirs.pull().to_vec());
    let ours = harness::eventually("all values to be shown", || {
        let all = ours.all("watch");
        (all.len() == names.len()).then_some(all)
    });
    (by_name(&names, &theirs), by_name(&names, &ours))
}

/// What we show otherwise, and why. The same rows stand in `docs/differences.md`.
const DIFFERENCES: &[(&str, &[&str])] = &[
    (
        "a class without a name of its own is shown by its binary name (`@Pattern$4[…]`), a constant of an enum by the \
         enum's; Arthas shows `@[…]`",
        &["colors", "enum-map", "enum-set", "big-decimal", "pattern", "duration"],
    ),
    (
        "a `java.lang.Class` is shown by its name; Arthas opens it",
        &["class", "class-array", "class-interface", "class-primitive", "bean", "below"],
    ),
    (
        "`toString` is called on classes of the JDK that are known to be harmless, of all others the first fields are \
         shown; Arthas calls it on all",
        &["locale", "big-integer", "bit-set"],
    ),
];

/// With what Arthas begins where reflection may not look into a class.
const CLOSED: &str = "ERROR DATA!!!";

#[test]
fn values_look_as_arthas_shows_them() {
    let (mut wrong, mut different, mut same, mut closed) =
        (Vec::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (version, expand) in [("8", 1), ("8", 2), ("17", 1), ("17", 3)] {
        let (theirs, ours) = views(version, expand);
        for (name, theirs) in theirs {
            let ours = &ours[&name];
            if *ours == theirs {
                same.insert(name);
            } else if theirs.starts_with(CLOSED) {
                assert!(ours.starts_with('@') && !ours.contains(CLOSED), "{name}: {ours}");
                closed.insert(name);
            } else if DIFFERENCES.iter().any(|(_, names)| names.contains(&name.as_str())) {
                different.insert(name);
            } else {
                wrong.push(format!(
                    "== {name} on {version} with -x {expand}\n-- Arthas\n{theirs}\n-- ours\n{ours}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    for (why, names) in DIFFERENCES {
        for name in *names {
            assert!(different.contains(*name), "{name} is shown as Arthas does, though {why}");
        }
    }
    let everywhere = same.difference(&different).count();
    println!(
        "{everywhere} values look the same, {} otherwise, {} that Arthas cannot open",
        different.len(),
        closed.len()
    );
    assert!(everywhere >= 120, "only {everywhere} are the same");
    assert!(!closed.is_empty());
}

#[test]
fn differences_of_the_object_view_are_documented() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/differences.md");
    let text = std::fs::read_to_string(path).unwrap();
    for (why, names) in DIFFERENCES {
        let row = format!("| {why} | {} |", names.join(", "));
        assert!(text.contains(&row), "docs/differences.md lacks\n{row}");
    }
}
