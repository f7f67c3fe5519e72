//! `tt` beside what the program itself says of its calls, and of the objects that were recorded.

use harness::client::result;
use harness::spy::assert_nobody_listens;
use harness::{Java, JavaBuilder, Observation, exec, exec_json, jdk, jdks};
use serde_json::{Value, json};

fn program(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "calls.Main").start()
}

/// Records a call of a method, and gives the record's number and what the program answered.
fn record(java: &mut Java, what: &str, command: &str) -> (u64, String) {
    let mut recording = Observation::start(java, &format!("tt -t {what} -n 1"));
    let said = java.ask(command);
    let seen = recording.next("tt");
    recording.wait();
    (seen["timeFragmentList"][0]["index"].as_u64().expect("a number"), said)
}

fn list(java: &Java) -> Vec<Value> {
    let lines = exec_json(java.pid(), "tt -l");
    result(&lines, "tt")["timeFragmentList"].as_array().cloned().expect("a list")
}

fn fragment(java: &Java, index: u64) -> Value {
    result(&exec_json(java.pid(), &format!("tt -i {index} -x 3")), "tt")["timeFragment"].clone()
}

fn shown(java: &Java, index: u64, express: &str) -> Value {
    let lines = exec_json(java.pid(), &format!("tt -i {index} -w '{express}'"));
    result(&lines, "tt")["data"].clone()
}

fn message(java: &Java, line: &str) -> String {
    let lines = exec_json(java.pid(), line);
    result(&lines, "message")["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn calls_are_recorded_listed_and_looked_at_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let mut recording = Observation::start(&java, "tt -t demo.Shop order params[0]>2 -n 2");
        java.ask("orders 4");
        let lines = recording.wait();
        let told: Vec<&Value> = lines.iter().filter(|line| line["type"] == "tt").collect();
        assert_eq!((&told[0]["first"], &told[1]["first"]), (&true.into(), &false.into()), "one header");
        let all = list(&java);
        let facts = |row: &Value| (row["index"].clone(), row["return"].clone(), row["throw"].clone());
        assert_eq!(
            all.iter().map(facts).collect::<Vec<_>>(),
            [(json!(1000), json!(true), json!(false)), (json!(1001), json!(false), json!(true))],
            "JDK {}",
            jdk.major
        );
        for (row, told) in all.iter().zip(told) {
            let told = &told["timeFragmentList"][0];
            for field in ["index", "timestamp", "cost", "object", "className", "methodName"] {
                assert_eq!(row[field], told[field], "JDK {}", jdk.major);
            }
            assert!(row["cost"].as_f64().unwrap_or(0.0) > 0.0, "{row}");
            assert!(row["object"].as_str().unwrap_or_default().starts_with("0x"), "{row}");
        }
        let refused = fragment(&java, 1001);
        assert_eq!(refused["params"][0]["object"], 4);
        assert_eq!(refused["params"][1]["object"], "customer-4");
        let thrown = refused["throwExp"].as_str().unwrap_or_default();
        let first =
            "java.lang.IllegalArgumentException: customer-4 wants number 4\n\tat demo.Shop.check(Shop.java:";
        assert!(thrown.starts_with(first), "JDK {}: {thrown}", jdk.major);
        assert_eq!(refused["returnObj"], Value::Null);
        assert_eq!(shown(&java, 1001, "params[1].length()"), "customer-4".len());
        assert_eq!(shown(&java, 1001, "throwExp.message"), "customer-4 wants number 4");
        assert_eq!(shown(&java, 1000, "target.pause"), 0);
        assert_nobody_listens(&mut java);
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn arguments_are_those_of_the_entry() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        // `add` counts its argument down to nothing.
        let (index, sum) = record(&mut java, "calls.Main add", "add 5");
        let seen = fragment(&java, index);
        assert_eq!(seen["params"][0]["object"], 5, "JDK {name}");
        assert_eq!(seen["object"], "NULL", "a static method has no object");
        assert_eq!(seen["returnObj"], format!("@Integer[{sum}]"));
    }
}

#[test]
fn calls_are_searched_for_and_expressions_shown_of_those_found() {
    let mut java = program("17");
    let (add, _) = record(&mut java, "calls.Main add", "add 5");
    let (kinds, _) = record(&mut java, "calls.Main kinds", "kinds");
    let (fail, _) = record(&mut java, "calls.Main fail", "fail oops");
    let found = |search: &str| -> Vec<u64> {
        let lines = exec_json(java.pid(), &format!("tt -s '{search}'"));
        let rows = result(&lines, "tt")["timeFragmentList"].as_array().cloned().unwrap_or_default();
        rows.iter().filter_map(|row| row["index"].as_u64()).collect()
    };
    assert_eq!(found("method.name==\"add\""), [add]);
    assert_eq!(found("throwExp!=null"), [fail]);
    assert_eq!(found("isReturn"), [add, kinds]);
    assert_eq!(found("params.length>1"), [kinds]);
    assert_eq!(found("#cost<0"), [0; 0]);
    let lines = exec_json(java.pid(), "tt -s 'params.length==1' -w 'params[0]'");
    let watched = &result(&lines, "tt")["watchResults"];
    let expected = json!({ add.to_string(): "@Integer[5]", fail.to_string(): "@String[oops]" });
    assert_eq!(*watched, expected);
    for (line, at) in [("tt -s 'params['", "params["), ("tt -i 1000 -w 'params[0].nope'", "nope")] {
        let answer = exec(java.pid(), line);
        assert_ne!(answer.code, 0, "{answer:#?}");
        let caret = answer.err.lines().find(|line| line.trim_start().starts_with('^'));
        let caret = caret.unwrap_or_else(|| panic!("{answer:#?}")).find('^').unwrap();
        let shown = answer.err.lines().find(|shown| shown.contains(line)).unwrap();
        let start = shown.find(at).unwrap();
        assert!((start..=start + at.len()).contains(&caret), "{answer:#?}");
    }
}

#[test]
fn a_call_is_made_again() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        let again = |java: &Java, index: u64, more: &str| -> Vec<Value> {
            let lines = exec_json(java.pid(), &format!("tt -i {index} -p {more}"));
            lines.iter().filter(|line| line["type"] == "tt").cloned().collect()
        };
        let (greet, _) = record(&mut java, "calls.Loud greet", "greet Anna");
        let before: u64 = java.ask("greeted").parse().unwrap();
        let replays = again(&java, greet, "--replay-times 3 --replay-interval 1");
        let numbers: Vec<&Value> = replays.iter().map(|replay| &replay["replayNo"]).collect();
        assert_eq!(numbers, [1, 2, 3]);
        for replay in &replays {
            assert_eq!(replay["replayResult"]["returnObj"], "@String[ANNA!]", "{replay:#}");
            assert_eq!(replay["replayResult"]["return"], true);
        }
        assert_eq!(java.ask("greeted"), (before + 3).to_string(), "JDK {name}");

        let (kinds, said) = record(&mut java, "calls.Main kinds", "kinds");
        let replay = &again(&java, kinds, "")[0]["replayResult"];
        assert_eq!(replay["returnObj"], format!("@String[{said}]"), "JDK {name}: static, one of each type");

        let (fail, _) = record(&mut java, "calls.Main fail", "fail oops");
        let replay = &again(&java, fail, "")[0]["replayResult"];
        assert_eq!((&replay["return"], &replay["throw"]), (&false.into(), &true.into()));
        let thrown = replay["throwExp"].as_str().unwrap_or_default();
        assert!(thrown.starts_with("java.lang.IllegalStateException: oops\n"), "JDK {name}: {thrown}");
        assert!(thrown.contains("Caused by: java.lang.IllegalArgumentException: the cause of oops"));

        let (void, _) = record(&mut java, "calls.Main keep", "keep 1");
        assert_eq!(again(&java, void, "")[0]["replayResult"]["returnObj"], "null", "JDK {name}");
        let (made, _) = record(&mut java, "calls.Loud <init>", "greet Bo");
        let answer = exec(java.pid(), &format!("tt -i {made} -p"));
        println!("{answer:#?}");
        let words = message(&java, &format!("tt -i {greet} -p --replay-times 2 --replay-interval 1"));
        assert_eq!(words, format!("Time fragment[{greet}] successfully replayed 2 times."));
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn records_are_forgotten_one_by_one_and_all_at_once_in_every_session() {
    let mut java = program("17");
    let (first, _) = record(&mut java, "calls.Main add", "add 1");
    let (second, _) = record(&mut java, "calls.Main add", "add 2");
    let indexes = |java: &Java| list(java).iter().filter_map(|row| row["index"].as_u64()).collect::<Vec<_>>();
    // Each `exec` is a session of its own.
    assert_eq!(indexes(&java), [first, second]);
    let words = message(&java, &format!("tt -i {first} -d"));
    assert_eq!(words, format!("Time fragment[{first}] successfully deleted."));
    assert_eq!(indexes(&java), [second]);
    assert_eq!(message(&java, "tt --delete-all"), "Time fragments are cleaned.");
    assert_eq!(indexes(&java), [0; 0]);
    let (third, _) = record(&mut java, "calls.Main add", "add 3");
    assert_eq!(third, second + 1, "numbers are not used again");
}

#[test]
fn only_the_last_calls_are_kept_and_the_bound_is_told() {
    let mut java = program("17");
    let recording = Observation::start(&java, "tt -t calls.Main keep --keep 10 -n 1000");
    java.ask("keep 100");
    harness::eventually("a hundred records", || (recording.all("tt").len() == 100).then_some(()));
    let lines = recording.interrupt();
    let bound = result(&lines, "message")["message"].as_str().unwrap_or_default();
    assert!(bound.starts_with("At most 10 calls are kept"), "{bound}");
    let kept: Vec<Value> = list(&java).iter().map(|row| row["params"][1]["object"].clone()).collect();
    assert_eq!(kept, (90..100).map(Value::from).collect::<Vec<_>>());
    assert_eq!(java.ask("alive"), "10", "what is kept lives, and nothing else");
    assert_eq!(message(&java, "tt --delete-all"), "Time fragments are cleaned.");
    assert_eq!(java.ask("alive"), "0");
}

#[test]
fn a_flood_of_calls_stays_within_the_bound_and_can_be_collected() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        let recording = Observation::start(&java, "tt -t calls.Main keep -n 1000000 --budget off");
        java.ask("keep 100000");
        let alive: u64 = java.ask("alive").parse().unwrap();
        // A thousand are kept; some are still on their way there.
        assert!((1_000..=2_200).contains(&alive), "JDK {name}: {alive}");
        let lines = recording.interrupt();
        assert_eq!(result(&lines, "observed")["calls"], 100_000);
        let kept = list(&java);
        assert_eq!(kept.len(), 1_000, "JDK {name}");
        exec_json(java.pid(), "tt --delete-all");
        assert_eq!(java.ask("alive"), "0", "JDK {name}");
        assert_nobody_listens(&mut java);
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn whoever_asks_for_too_little_is_told() {
    let java = program("17");
    for (line, text) in [
        ("tt", "Argument(s) is/are expected, type 'help tt' to read usage"),
        ("tt -t", "Class-pattern is expected, please type the wildcard expression to match"),
        ("tt -t calls.Main", "Method-pattern is expected, please type the wildcard expression to match"),
        ("tt -d", "Time fragment index is expected, please type -i to specify"),
        ("tt -p", "Time fragment index is expected, please type -i to specify"),
        ("tt -i 7", "Time fragment[7] does not exist."),
        ("tt -i 7 -p", "Time fragment[7] does not exist."),
        ("tt -i 7 -d", "Time fragment[7] does not exist."),
        ("tt -l -M 0", "sizeLimit must be greater than 0."),
    ] {
        let answer = exec(java.pid(), line);
        assert!(answer.code != 0 && answer.err.contains(text), "{line}: {answer:#?}");
    }
}
