//! `watch` beside what the program itself says of its calls.

use harness::client::result;
use harness::spy::assert_nobody_listens;
use harness::{Answer, Java, JavaBuilder, Observation, exec, jdk, jdks};
use serde_json::Value;

fn program(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "calls.Main").start()
}

fn shop(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "demo.Shop").start()
}

/// A watch of so many results, while the program does something.
fn watched(java: &mut Java, line: &str, commands: &[&str]) -> Vec<Value> {
    let mut watch = Observation::start(java, line);
    for command in commands {
        java.ask(command);
    }
    watch.wait()
}

fn records(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["type"] == "watch").collect()
}

/// `class.method@point` of each result.
fn points(lines: &[Value]) -> Vec<String> {
    let text = |record: &Value, field: &str| record[field].as_str().unwrap_or("?").to_owned();
    let point = |record: &&Value| {
        let class = text(record, "className");
        let method = text(record, "methodName");
        format!("{class}.{method}@{}", text(record, "accessPoint"))
    };
    records(lines).iter().map(point).collect()
}

fn data(lines: &[Value]) -> Vec<Value> {
    records(lines).iter().map(|record| record["data"].clone()).collect()
}

#[test]
fn a_call_is_seen_when_it_begins_returns_and_throws_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let [enter, exit, thrown] =
            ["AtEnter", "AtExit", "AtExceptionExit"].map(|point| format!("demo.Shop.order@{point}"));
        // Orders 3 and 4: one is taken, one refused.
        for (options, limit, seen) in [
            ("", 2, vec![&exit, &thrown]),
            ("-f", 2, vec![&exit, &thrown]),
            ("-b", 2, vec![&enter, &enter]),
            ("-s", 1, vec![&exit]),
            ("-e", 1, vec![&thrown]),
            ("-s -e", 2, vec![&exit, &thrown]),
            ("-b -e", 3, vec![&enter, &enter, &thrown]),
            ("-b -f", 4, vec![&enter, &exit, &enter, &thrown]),
            ("-b -s -e", 4, vec![&enter, &exit, &enter, &thrown]),
        ] {
            let line = format!(
                "watch demo.Shop order {{params[0],params[1],returnObj,throwExp.message}} params[0]>2 {options} -n {limit}"
            );
            let line = line.replace("throwExp.message", "throwExp==null?null:throwExp.message");
            let lines = watched(&mut java, &line, &["orders 4"]);
            assert_eq!(points(&lines).iter().collect::<Vec<_>>(), seen, "JDK {} {options}", jdk.major);
            for record in records(&lines) {
                let data = &record["data"];
                let number = data[0].as_u64().unwrap_or(0);
                assert_eq!(data[1], format!("customer-{number}"), "{record}");
                let cost = record["cost"].as_f64().unwrap_or(-1.0);
                match record["accessPoint"].as_str() {
                    Some("AtEnter") => assert!(data[2].is_null() && cost == 0.0, "{record}"),
                    Some("AtExit") => assert!(number == 3 && data[2].is_u64() && cost > 0.0, "{record}"),
                    _ => assert!(data[3] == "customer-4 wants number 4" && cost > 0.0, "{record}"),
                }
            }
        }
        assert_nobody_listens(&mut java);
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn what_is_shown_is_what_the_program_says() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        let mut watch = Observation::start(&java, "watch calls.Main kinds {params,returnObj} -x 3 -n 1");
        let said = java.ask("kinds");
        let record = watch.next("watch");
        let parts = record["data"][0].as_array().expect("parameters");
        let texts: Vec<String> = parts
            .iter()
            .map(|part| part.as_array().map_or(part.to_string(), |array| array.len().to_string()))
            .collect();
        assert_eq!(texts.join("").replace('"', ""), said, "JDK {name}: {record:#}");
        assert_eq!(record["data"][1], said);
        let view = record["value"].as_str().unwrap_or_default();
        for part in ["@Boolean[true]", "@Character[c]", "@Float[5.5]", "@Double[6.25]", "@int[][\n"] {
            assert!(view.contains(part), "JDK {name}: {view}");
        }
        let moment = record["ts"].as_str().unwrap_or_default();
        assert_eq!(moment.len(), "2026-11-22 22:22:04.157382354".len(), "{record}");
        watch.wait();
    }
}

#[test]
fn conditions_pick_calls_by_argument_field_result_and_time() {
    for name in ["8", "17", "25"] {
        let mut java = shop(name);
        let number = |condition: &str| format!("watch demo.Shop order params[0] '{condition}' -n 1");
        for (condition, number_of) in [
            ("params[0]==7", 7),
            // Strings, results and exceptions are looked at by evaluation.
            ("params[1].endsWith(\"-9\")", 9),
            ("returnObj!=null && returnObj>params[1].length() && params[0]>9", 10),
            ("throwExp!=null && params[0]>4", 8),
            ("isThrow && throwExp.message.length() > 25", 12),
        ] {
            let lines = watched(&mut java, &number(condition), &["orders 12"]);
            assert_eq!(data(&lines), [number_of], "JDK {name}: {condition}: {lines:#?}");
        }
        let slow = "watch demo.Shop pay target.pause";
        for condition in ["#cost>50", "target.pause>0", "#cost>50 && target.pause>0"] {
            let line = format!("{slow} '{condition}' -n 1");
            let lines = watched(&mut java, &line, &["orders 8", "slow 60"]);
            assert_eq!(data(&lines), [60], "JDK {name}: {condition}");
        }
        let never = Observation::start(&java, "watch demo.Shop order params 'params[0]<0'");
        java.ask("orders 20");
        assert!(records(&never.interrupt()).is_empty());
    }
}

/// Conditions of the usual form are not evaluated part by part; compared with `true` they are.
#[test]
fn a_condition_of_the_usual_form_picks_the_calls_that_its_evaluation_picks() {
    // The last order of a round is always picked, so that the end of the last round is seen.
    let some = [
        "params[1]==\"customer-9\"",
        "params[1]!=\"customer-9\"",
        "params[1].length() > 10",
        "target.pause == 0 && params[1].length() < 11",
        "!(target.pause == 0) || params[1]==\"customer-2\"",
        "target.pause >= 0 && (params[0] <= 3 || params[0] == 11L)",
    ];
    let always = [
        ("calls.Main pass", "params[0].number < 2", "chain 6"),
        ("calls.Main pass", "params[0].next == null || params[0].next.number > 1", "chain 6"),
        ("calls.Main pass", "params[0].next.number==2 && !(params[0].number!=1)", "chain 6"),
        ("calls.Main pass", "target.links == 6 && returnObj == 6", "chain 6"),
        ("calls.Main kinds", "params[0] && params[1]==1 && params[3]>=2", "kinds"),
        ("calls.Main kinds", "params[4] <= 3L && params[5] == 4 && params[8] == \"seven\"", "kinds"),
        ("calls.Main kinds", "!(params[8] != \"seven\") && returnObj.length() > 9", "kinds"),
    ];
    for name in ["8", "17", "25"] {
        let mut java = shop(name);
        for condition in some {
            let mut seen = |condition: &str| {
                let mut watch =
                    Observation::start(&java, &format!("watch demo.Shop order params[0] '{condition}'"));
                // The first round finds what the second one knows.
                (0..3).for_each(|_| drop(java.ask("orders 12")));
                let mut numbers = Vec::new();
                while numbers.iter().filter(|number| **number == 12).count() < 3 {
                    numbers.push(watch.next("watch")["data"].clone());
                }
                watch.interrupt();
                numbers
            };
            let quick = seen(&format!("{condition} || params[0] == 12"));
            let evaluated = seen(&format!("({condition} || params[0] == 12) == true"));
            assert_eq!(quick, evaluated, "JDK {name}: {condition}");
        }
        let mut java = program(name);
        for (method, condition, ask) in always {
            for condition in [condition.to_owned(), format!("({condition}) == true")] {
                let line = format!("watch {method} params[0] '{condition}' -n 3");
                let lines = watched(&mut java, &line, &[ask; 3]);
                assert_eq!(records(&lines).len(), 3, "JDK {name}: {condition}: {lines:#?}");
            }
        }
    }
}

#[test]
fn values_are_opened_as_deep_as_asked_and_no_longer_than_allowed() {
    let mut java = program("17");
    let links = |text: &str| text.matches("number=@Integer[").count();
    for expand in 0..=5 {
        let line = format!("watch calls.Main pass params[0] -x {expand} -n 1");
        let lines = watched(&mut java, &line, &["chain 6"]);
        let record = records(&lines)[0];
        let view = record["value"].as_str().unwrap_or_default();
        assert_eq!(links(view), expand.min(4), "{view}");
        let plain = if expand == 0 { "calls.Link@" } else { "@Link[" };
        assert!(view.starts_with(plain), "{view}");
        // As data it is as deep.
        let mut data = &record["data"];
        let mut depth = 0;
        while data["number"].is_u64() {
            (data, depth) = (&data["next"], depth + 1);
        }
        assert_eq!(depth, expand.min(4), "{record:#}");
        assert_eq!(data["@class"], "calls.Link", "{record:#}");
    }
    let lines = watched(&mut java, "watch calls.Main pass params[0] -x 4 -M 60 -n 1", &["chain 6"]);
    let record = records(&lines)[0];
    let view = record["value"].as_str().unwrap_or_default();
    let sentence = " Object size exceeds size limit: 60, try to use `options object-size-limit <bytes>` to \
                    increase the limit.";
    let shown = view.strip_suffix(sentence).unwrap_or_else(|| panic!("{view}"));
    assert!(shown.len() <= 60 && shown.starts_with("@Link["), "{view}");
    assert_eq!(record["sizeLimit"], 60);
    let wrong = exec(java.pid(), "watch calls.Main pass params -M 0");
    assert!(wrong.code != 0 && wrong.err.contains("sizeLimit must be greater than 0."), "{wrong:#?}");
}

#[test]
fn statics_constructors_and_implementations_are_methods_too() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        let line = "watch calls.Main add {target,params[0],returnObj} -n 1";
        let mut add = Observation::start(&java, line);
        let sum: u64 = java.ask("add 5").parse().expect("a sum");
        let seen = add.next("watch");
        // At the end the body's own assignment is seen.
        assert_eq!(seen["data"], serde_json::json!([null, 0, sum]), "JDK {name}");
        let lines = watched(&mut java, "watch calls.Main add params[0] -b -n 1", &["add 5"]);
        assert_eq!(data(&lines), [5], "at the entry there is what the caller gave");

        let made = "watch calls.Loud <init> {params[0],target.mark,returnObj} -n 1";
        let lines = watched(&mut java, made, &["greet Bo"]);
        assert_eq!(data(&lines), [serde_json::json!(["!", "!", null])], "JDK {name}");
        let begins = watched(&mut java, "watch calls.Loud <init> target -b -x 2 -n 1", &["greet Bo"]);
        assert_eq!(data(&begins)[0]["mark"], Value::Null, "no field has its value yet: {begins:#?}");

        let mut both = Observation::start(&java, "watch calls.Greeter greet returnObj -n 2");
        let said = java.ask("greet Anna");
        let lines = both.wait();
        assert_eq!(points(&lines), ["calls.Loud.greet@AtExit", "calls.Quiet.greet@AtExit"]);
        let words: Vec<&str> = said.split(' ').collect();
        assert_eq!(data(&lines), words, "JDK {name}");
        assert_nobody_listens(&mut java);
    }
}

#[test]
fn the_limit_ends_it_and_says_so() {
    let mut java = shop("17");
    let lines = watched(&mut java, "watch demo.Shop order params[0] -n 3", &["orders 9"]);
    assert_eq!(data(&lines), [1, 2, 3]);
    assert_eq!(
        result(&lines, "message")["message"],
        "Command execution times exceed limit: 3, so command will exit. You can set it with -n option."
    );
    let end = lines.last().unwrap();
    assert_eq!((&end["type"], &end["statusCode"]), (&"status".into(), &0.into()));
    assert_nobody_listens(&mut java);
}

#[test]
fn a_sample_looks_at_one_call_of_so_many() {
    let mut java = shop("17");
    let watch = Observation::start(&java, "watch demo.Shop check params[0] --sample 1/100 -n 10000");
    java.ask("orders 20000");
    let lines = watch.interrupt();
    let observed = result(&lines, "observed");
    assert_eq!(observed["calls"], 20_000, "{observed}");
    // Drawn by lot: 200, and four times out of a million not within five standard deviations, 14 each.
    let seen = observed["results"].as_u64().unwrap_or(0);
    assert!((130..=270).contains(&seen), "{observed}");
    assert!(records(&lines).len() as u64 <= seen);
    let wrong = exec(java.pid(), "watch demo.Shop check --sample 2/3");
    assert!(wrong.code != 0 && wrong.err.contains("no share such as 1/100"), "{wrong:#?}");
}

#[test]
fn a_rate_looks_at_so_many_calls_a_second() {
    let mut java = shop("17");
    let start = std::time::Instant::now();
    let watch = Observation::start(&java, "watch demo.Shop check params[0] --rate 5/s -n 1000");
    while start.elapsed().as_millis() < 1_500 {
        java.ask("orders 200");
    }
    let seconds = start.elapsed().as_secs_f64();
    let lines = watch.interrupt();
    let seen = records(&lines).len();
    // A second's share may be had at its beginning and at its end.
    assert!((5..=(5.0 * (seconds + 1.0)) as usize + 1).contains(&seen), "{seen} in {seconds} s");
    let wrong = exec(java.pid(), "watch demo.Shop check --rate fast");
    assert!(wrong.code != 0 && wrong.err.contains("no rate such as 5/s"), "{wrong:#?}");
}

#[test]
fn calls_in_flight_are_shown_while_nothing_ends() {
    let mut java = shop("17");
    let mut watch = Observation::start(&java, "watch demo.Shop hold --in-flight");
    java.ask("enter");
    let seen = watch.next("in-flight");
    let call = &seen["calls"][0];
    assert_eq!((&call["methodName"], &call["threadName"]), (&"hold".into(), &"clerk".into()), "{seen}");
    java.ask("return");
    assert_eq!(watch.next("watch")["accessPoint"], "AtExit");
    watch.interrupt();
    assert_nobody_listens(&mut java);
}

#[test]
fn classes_that_are_loaded_later_are_watched_with_lazy() {
    for name in ["8", "17"] {
        let mut java = JavaBuilder::new(&jdk(name), "hostile.Main").start();
        let line = "watch -L hostile.Loaded step {params[0],returnObj,target} params[0]==7 -n 3";
        let mut watch = Observation::start_unready(&java, line);
        harness::eventually("the command to wait", || {
            let waits = watch.all("message");
            let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
            waits.iter().any(|line| text(line).starts_with("Lazy mode is enabled")).then_some(())
        });
        java.ask("load 3");
        let lines = watch.wait();
        for record in records(&lines) {
            let data = &record["data"];
            assert_eq!((&data[0], &data[1]), (&7.into(), &7.into()), "JDK {name}: {record}");
            assert_eq!(data[2]["@class"], "hostile.Loaded", "JDK {name}: {record}");
        }
        assert_eq!(records(&lines).len(), 3, "JDK {name}");
        assert_nobody_listens(&mut java);
    }
}

#[test]
fn mistakes_are_pointed_at_and_nothing_is_woven() {
    let java = shop("17");
    for (line, mistake) in [
        ("watch demo.Shop order 'params[0'", "params[0"),
        ("watch demo.Shop order params 'params[0]>>'", "params[0]>>"),
        ("watch demo.Shop order 'params['", "params["),
        ("watch demo.Shop order '{params,returnObj'", "{params,returnObj"),
        ("watch demo.Shop order params '#cost >'", "#cost >"),
    ] {
        let answer = exec(java.pid(), line);
        assert_ne!(answer.code, 0, "{line}");
        let said = answer.out + &answer.err;
        let caret = said.lines().find(|line| line.trim_start().starts_with('^'));
        let caret = caret.unwrap_or_else(|| panic!("{line}: {said}")).find('^').unwrap();
        let at = said.lines().find_map(|shown| shown.find(mistake)).unwrap_or_else(|| panic!("{said}"));
        assert!((at..=at + mistake.len()).contains(&caret), "{said}");
    }
    let nothing = exec(java.pid(), "reset");
    assert!(nothing.ok().contains("class count: 0"), "something was woven");
}

#[test]
fn an_expression_that_fails_at_every_call_ends_the_command_and_says_why() {
    let mut java = program("17");
    for line in [
        "watch calls.Main maybe params[0].length()",
        "watch calls.Main maybe 1 'params[0].substring(1).length()>1'",
    ] {
        let answer = std::thread::scope(|scope| {
            let pid = java.pid().to_string();
            let client = scope.spawn(move || Answer::of(&["exec", &pid, line]));
            // Each time it is null.
            harness::eventually("its end", || {
                java.ask("nothing");
                client.is_finished().then_some(())
            });
            client.join().unwrap()
        });
        assert_ne!(answer.code, 0, "{answer:#?}");
        assert!(answer.err.contains("could not be evaluated: "), "{answer:#?}");
        assert!(answer.err.contains("is null"), "{answer:#?}");
    }
    assert_nobody_listens(&mut java);
}

#[test]
fn failures_at_some_calls_are_counted_in_the_last_words() {
    let mut java = program("17");
    let watch = Observation::start(&java, "watch calls.Main maybe params[0].length()");
    let given: usize = java.ask("maybe 40").parse().expect("a number");
    harness::eventually("the results", || (watch.all("watch").len() == given).then_some(()));
    let lines = watch.interrupt();
    let observed = result(&lines, "observed");
    assert_eq!((&observed["faults"], &observed["calls"]), (&(40 - given).into(), &40.into()), "{observed}");
    assert!(observed["fault"].as_str().unwrap_or_default().contains("is null"), "{observed}");

    let mut java = program("17");
    let mut client = harness::Running::start(harness::oxprobe().args([
        "exec",
        &java.pid().to_string(),
        "watch calls.Main maybe params[0].length() -n 2",
    ]));
    client.line("the probe", |line| line.starts_with("Affect("));
    java.ask("maybe 4");
    client.line("the last words", |line| line.contains("calls observed") && line.contains("2 results"));
    client.line("the failures", |line| line.contains("could not be evaluated") && line.contains("is null"));
    client.wait();
}

#[test]
fn a_condition_that_reaches_through_a_null_does_not_hold() {
    let mut java = program("17");
    // The first one is compiled, and has no words for it; the second one is evaluated.
    for (condition, faults) in [("params[0].length()>3", 0), ("params[0].trim().length()>3", 1)] {
        let line = format!("watch calls.Main maybe params[0] '{condition}' -n 1");
        let lines = watched(&mut java, &line, &["nothing", "maybe 1"]);
        assert_eq!(data(&lines), ["text-0"]);
        let observed = result(&lines, "observed");
        assert_eq!(observed["faults"].as_u64().unwrap_or(0), faults, "{observed}");
    }
    java.assert_undisturbed_but(&java.process.output());
}

#[test]
fn the_picture_is_that_of_arthas() {
    let mut java = shop("17");
    let pid = java.pid().to_string();
    let line = "watch demo.Shop order '{params[0],returnObj}' -n 1";
    let mut client = harness::Running::start(harness::oxprobe().args(["exec", &pid, line]));
    client.line("the probe", |line| line.starts_with("Affect(class count: 1 , method count: 1) cost in "));
    java.ask("orders 1");
    let head = client.line("the method", |line| line.starts_with("method="));
    assert_eq!(head, "method=demo.Shop.order location=AtExit");
    let first = client.line("the call", |line| line.starts_with("ts="));
    let (moment, rest) = first.split_once("; [cost=").unwrap_or_else(|| panic!("{first}"));
    assert_eq!(moment.len(), "ts=2026-11-22 23:21:57.616".len(), "{first}");
    assert!(rest.ends_with("ms] result=@ArrayList["), "{first}");
    client.wait();
    let out = client.output();
    let at = out.iter().position(|line| *line == first).unwrap();
    assert_eq!(out[at + 1], "    @Integer[1],");
    assert_eq!(out[at + 3], "]");
}
