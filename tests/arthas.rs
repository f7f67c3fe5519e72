//! The real Arthas Java agent on our tunnel: it registers with its token and is driven from our
//! side of the relay, as its own console would.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Curl, Java, JavaBuilder, Tunnel, arthas, jdk};
use serde_json::{Value, json};

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

/// What both say of the JVM, of files and of beans.
#[test]
fn results_of_basic_commands_have_the_fields_and_types_of_arthas() {
    let folder = tempfile::tempdir().unwrap();
    let (text, coded) = (folder.path().join("text"), folder.path().join("SIDE"));
    std::fs::write(&text, "hello\n").unwrap();
    let (text, coded) = (text.display(), coded.display());
    let files = [
        (format!("cat {text}"), "cat"),
        (format!("cat --encoding UTF-8 -M 100 {text}"), "cat"),
        (format!("base64 {text}"), "base64"),
        (format!("base64 -i {text} -o {coded}"), "base64"),
    ];
    let fixed = [
        ("echo hi", "echo"),
        ("version", "version"),
        ("session", "session"),
        ("help", "help"),
        ("help echo", "help"),
        ("help mbean", "help"),
        ("pwd", "pwd"),
        ("sysprop", "sysprop"),
        ("sysprop java.version", "sysprop"),
        ("sysprop demo.level debug", "message"),
        ("sysprop demo.level info", "sysprop"),
        ("sysenv", "sysenv"),
        ("sysenv PATH", "sysenv"),
        ("sysenv NO_SUCH", "sysenv"),
        ("vmoption", "vmoption"),
        ("vmoption MaxHeapSize", "vmoption"),
        ("vmoption HeapDumpOnOutOfMemoryError false", "vmoption"),
        ("vmoption HeapDumpOnOutOfMemoryError true", "message"),
        ("options unsafe false", "options"),
        ("options dump false", "options"),
        ("options batch-re-transform true", "options"),
        ("options json-format false", "options"),
        ("options disable-sub-class false", "options"),
        ("options support-default-method true", "options"),
        ("options save-result false", "options"),
        ("options job-timeout 1d", "options"),
        ("options print-parent-fields true", "options"),
        ("options strict true", "options"),
        ("options job-timeout", "options"),
        ("mbean", "mbean"),
        ("mbean java.lang:*", "mbean"),
        ("mbean -E java.lang:type=Threading .*Count", "mbean"),
        ("mbean java.lang:type=Nothing", "mbean"),
        ("mbean -m java.lang:*", "mbean"),
        ("mbean -m com.sun.management:*", "mbean"),
        ("mbean demo:type=Depot", "mbean"),
        ("mbean demo:type=Stock,*", "mbean"),
        ("mbean -m demo:*", "mbean"),
    ];
    let fixed = fixed.map(|(line, kind)| (line.to_owned(), kind));
    let lines: Vec<(String, &str)> = files.into_iter().chain(fixed).collect();
    let lines: Vec<(&str, &str)> = lines.iter().map(|(line, kind)| (line.as_str(), *kind)).collect();
    let counters = [("perfcounter", "perfcounter"), ("perfcounter -d", "perfcounter")];
    // On later JDKs Arthas needs --add-opens for these.
    beside_arthas_in("8", "demo.Beans", "count", &[&lines[..], &counters].concat());
    for side in ["theirs", "ours"] {
        std::fs::remove_file(folder.path().join(side)).unwrap();
    }
    beside_arthas_in("17", "demo.Beans", "count", &lines);
}

/// What both say of threads, memory and the JVM, and of commands themselves.
#[test]
fn results_about_the_jvm_and_about_commands_have_the_fields_and_types_of_arthas() {
    let fixed = [
        ("thread", "thread"),
        ("thread 1", "thread"),
        ("thread -n 2", "thread"),
        ("thread -n 2 -i 100", "thread"),
        ("thread --all", "thread"),
        ("thread --state WAITING", "thread"),
        ("thread --state RUNNABLE --all", "thread"),
        ("thread -i 100", "thread"),
        ("jvm", "jvm"),
        ("memory", "memory"),
        ("dashboard -n 1", "dashboard"),
        ("dashboard -n 2 -i 100", "dashboard"),
        ("sysprop os.name", "sysprop"),
        ("sysprop user.dir", "sysprop"),
        ("sysenv HOME", "sysenv"),
        ("options unsafe", "options"),
        ("options strict", "options"),
        ("history", "history"),
    ];
    let named = [
        "watch",
        "trace",
        "stack",
        "monitor",
        "tt",
        "getstatic",
        "ognl",
        "vmtool",
        "dashboard",
        "memory",
        "jvm",
        "thread",
        "sysenv",
        "sysprop",
        "vmoption",
        "perfcounter",
        "cat",
        "base64",
        "session",
        "version",
        "reset",
        "stop",
        "options",
        "heapdump",
        "history",
        "pwd",
        "help",
        "auth",
        "cls",
        "grep",
        "tee",
        "keymap",
    ];
    let named: Vec<String> = named.iter().map(|name| format!("help {name}")).collect();
    let lines: Vec<(&str, &str)> =
        fixed.into_iter().chain(named.iter().map(|line| (line.as_str(), "help"))).collect();
    beside_arthas(&lines);
}

/// What both say of the same calls: ours has every field of Arthas's, with its type.
#[test]
fn results_of_monitor_trace_stack_reset_and_options_have_the_fields_and_types_of_arthas() {
    beside_arthas(&[
        ("monitor -c 1 -n 1 demo.Shop order", "monitor"),
        // One order of four fails: both see the same one.
        ("trace demo.Shop order params[0]==2 -n 1", "trace"),
        ("trace -E demo.Shop order|check throwExp!=null -n 1", "trace"),
        ("monitor -c 1 -n 2 demo.Shop check", "monitor"),
        ("monitor -b -c 1 -n 1 demo.Shop order params[0]>0", "monitor"),
        ("trace demo.Shop order params[0]==4&&#cost>=0 -n 2", "trace"),
        ("trace --skipJDKMethod false demo.Shop order params[0]==4 -n 1", "trace"),
        ("stack demo.Shop check -n 1", "stack"),
        ("stack demo.Shop check params[0]>0 -n 2", "stack"),
        ("stack -E demo.Shop check|price -n 1", "stack"),
        ("reset demo.Shop", "reset"),
        ("reset -E demo.*", "reset"),
        ("reset", "reset"),
        ("options", "options"),
        ("options verbose false", "options"),
    ]);
}

/// The same of what shows values.
#[test]
fn results_of_watch_tt_and_expressions_have_the_fields_and_types_of_arthas() {
    beside_arthas(&[
        ("watch demo.Shop order -n 1", "watch"),
        ("watch demo.Shop order {params,throwExp} -e -x 2 -n 1", "watch"),
        ("watch demo.Shop order params[0] params[0]==2 -b -n 1", "watch"),
        ("watch demo.Shop order params -s -n 2", "watch"),
        ("watch demo.Shop order returnObj -f -x 3 -n 1", "watch"),
        ("watch -E demo.Shop order|check target -n 1", "watch"),
        ("watch demo.Shop order {params,target,returnObj} #cost>=0 -n 1", "watch"),
        ("watch demo.Shop order params[1].length() -M 100 -n 1", "watch"),
        ("tt -t demo.Shop order params[0]==4 -n 1", "tt"),
        ("tt -t demo.Shop price -n 1", "tt"),
        ("tt -l", "tt"),
        ("tt -i 1000", "tt"),
        ("tt -i 1001 -x 2", "tt"),
        ("tt -i 1000 -w params[1]", "tt"),
        ("tt -s throwExp!=null", "tt"),
        ("tt -s params.length==2 -w params[1]", "tt"),
        ("tt -i 1000 -p", "tt"),
        ("tt -i 1001 -p", "tt"),
        ("tt -i 1000 -d", "message"),
        ("tt --delete-all", "message"),
        ("getstatic demo.Shop SHOP", "getstatic"),
        ("getstatic demo.Shop SHOP pause -x 2", "getstatic"),
        ("ognl @demo.Shop@SHOP.price(2)", "ognl"),
        ("ognl {1,2} -x 2", "ognl"),
        ("ognl @java.lang.Math@max(1,2)", "ognl"),
        ("ognl #a=1,#b=2,{#a,#b}", "ognl"),
        ("ognl @demo.Shop@SHOP -x 2", "ognl"),
        ("vmtool --action getInstances --className demo.Shop --limit 1 -x 2", "vmtool"),
        ("vmtool --action getInstances --className demo.Shop", "vmtool"),
        ("vmtool --action getInstances --className demo.Shop --express instances[0].pause", "vmtool"),
    ]);
}

/// The fields that we leave out on purpose, from the page that says why.
fn left_out() -> BTreeSet<String> {
    let page = include_str!("../docs/differences.md");
    let (_, table) = page.split_once("<!-- fields: checked by tests/arthas.rs -->").expect("the table");
    let (table, _) = table.split_once("<!-- end of fields -->").expect("its end");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let field = |row: &str| row.split('|').nth(1).map(|cell| cell.trim().replace('`', ""));
    rows.filter_map(field).collect()
}

fn beside_arthas(lines: &[(&str, &str)]) {
    for major in ["8", "17"] {
        beside_arthas_in(major, "demo.Shop", "orders 4", lines);
    }
}

/// The program is kept busy with an order. `SIDE` in a line becomes `theirs` or `ours`.
fn beside_arthas_in(major: &str, program: &str, order: &str, lines: &[(&str, &str)]) {
    let mut java = JavaBuilder::new(&jdk(major), program).start();
    let arthas = arthas::boot(&java, &[]);
    let curl = std::sync::Arc::new(Curl::open(&java, ""));
    let left_out = left_out();
    let mut wrong = Vec::new();
    for &(line, kind) in lines {
        let curl = curl.clone();
        let [for_arthas, for_us] = ["theirs", "ours"].map(|side| line.replace("SIDE", side));
        let asked = std::thread::spawn(move || {
            let theirs = arthas.exec(&for_arthas)["body"]["results"].clone();
            let ours = curl.api(&json!({"action": "exec", "command": for_us}))["body"]["results"].clone();
            (theirs, ours)
        });
        while !asked.is_finished() {
            java.ask(order);
            std::thread::sleep(Duration::from_millis(20));
        }
        let (theirs, ours) = asked.join().expect("both answer");
        let [theirs, ours] = [theirs, ours].map(|results| results.as_array().cloned().unwrap_or_default());
        assert!(theirs.iter().any(|result| result["type"] == kind), "{line}: Arthas answers {theirs:#?}");
        for kind in ["enhancer", kind, "status"] {
            let Some(theirs) = theirs.iter().find(|result| result["type"] == kind) else { continue };
            let ours = ours.iter().find(|result| result["type"] == kind);
            let ours = ours.unwrap_or_else(|| panic!("{line}: we have no {kind}"));
            let [mut known, mut has] = [BTreeSet::new(), BTreeSet::new()];
            places(theirs, kind, &mut known);
            places(ours, kind, &mut has);
            let missing: Vec<&String> =
                known.difference(&has).filter(|place| !left_out.contains(place.as_str())).collect();
            // A row of the page that is not true any more has to go.
            let there =
                left_out.iter().filter(|place| has.contains(place.as_str()) && !line.contains(" -M "));
            wrong.extend(there.map(|place| format!("{line}: docs/differences.md says that we lack {place}")));
            if !missing.is_empty() {
                wrong.push(format!("{line}: ours lacks {missing:#?}\nours {ours:#}\ntheirs {theirs:#}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    arthas.stop();
}
