//! `monitor` beside what the program itself counted.

use std::time::{Duration, Instant};

use harness::client::result;
use harness::spy::{assert_nobody_listens, assert_somebody_listens};
use harness::{Answer, Java, JavaBuilder, LocalSocket, Observation, exec, exec_json, jdk, jdks};
use serde_json::Value;

fn shop(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "demo.Shop").start()
}

/// Rows of all cycles, by method.
fn row<'a>(cycle: &'a Value, method: &str) -> &'a Value {
    let rows = cycle["monitorDataList"].as_array().unwrap_or_else(|| panic!("no rows in {cycle}"));
    rows.iter().find(|row| row["methodName"] == method).unwrap_or_else(|| panic!("no {method} in {cycle}"))
}

#[test]
fn counts_are_those_of_the_program_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let monitor = Observation::start(&java, "monitor -c 1 demo.Shop *");
        assert_eq!(java.ask("orders 1000"), "taken=750 refused=250");
        for (method, calls, failed) in [
            ("order", 1000, 250),
            ("check", 1000, 250),
            ("pay", 750, 0),
            ("tax", 2250, 0),
            ("price", 4500, 0),
        ] {
            assert_eq!(
                monitor.at_least("demo.Shop", method, calls),
                (calls, failed),
                "JDK {} {method}",
                jdk.major
            );
        }
        let lines = monitor.interrupt();
        let observed = result(&lines, "observed");
        assert!(observed["calls"].as_u64().unwrap_or(0) >= 9_500, "{observed}");
        assert!(observed["nanosPerCall"].as_f64().unwrap_or(0.0) > 0.0, "{observed}");
        assert_nobody_listens(&mut java);
        exec_json(java.pid(), "stop");
        assert_eq!(java.ask("orders 4"), "taken=3 refused=1");
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn times_and_percentiles_are_those_of_the_calls() {
    let mut java = shop("17");
    let mut monitor = Observation::start(&java, "monitor -c 2 -n 1 demo.Shop pay");
    for _ in 0..3 {
        java.ask("slow 40");
    }
    let cycle = monitor.next("monitor");
    let pay = row(&cycle, "pay");
    assert_eq!(pay["total"], 3, "{pay}");
    let number = |field: &str| pay[field].as_f64().unwrap_or_else(|| panic!("no {field} in {pay}"));
    assert!(number("cost") >= 120.0 && number("cost") < 1_000.0, "{pay}");
    assert!(number("p50") >= 38.0 && number("p50") <= number("max") * 1.03, "{pay}");
    assert!(number("p50") <= number("p95") && number("p95") <= number("p99"), "{pay}");
    monitor.wait();
}

#[test]
fn the_limit_ends_it_and_says_so() {
    let mut java = shop("17");
    let mut monitor = Observation::start(&java, "monitor -c 1 -n 1 demo.Shop order");
    java.ask("orders 8");
    let lines = monitor.wait();
    assert_eq!(lines.iter().filter(|line| line["type"] == "monitor").count(), 1);
    let limit = lines.iter().find(|line| line["type"] == "message").expect("a sentence");
    assert_eq!(
        limit["message"],
        "Command execution times exceed limit: 1, so command will exit. You can set it with -n option."
    );
    assert_eq!(lines.last().unwrap()["statusCode"], 0);
    assert_nobody_listens(&mut java);
}

#[test]
fn a_condition_counts_only_the_calls_that_fulfil_it() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let condition = |condition: &str| format!("monitor -c 1 demo.Shop order {condition}");
        let big = Observation::start(&java, &condition("'params[0]>10'"));
        let failed = Observation::start(&java, &condition("'throwExp!=null'"));
        let before = Observation::start(&java, &format!("{} -b", condition("'params[0]<=3'")));
        let slow = Observation::start(&java, &condition("'#cost>200'"));
        java.ask("orders 20");
        java.ask("slow 300");
        assert_eq!(big.at_least("demo.Shop", "order", 10), (10, 3), "JDK {}", jdk.major);
        assert_eq!(failed.at_least("demo.Shop", "order", 5), (5, 5), "JDK {}", jdk.major);
        // The slow order is number 1, too.
        assert_eq!(before.at_least("demo.Shop", "order", 4), (4, 0), "JDK {}", jdk.major);
        assert_eq!(slow.at_least("demo.Shop", "order", 1), (1, 0), "JDK {}", jdk.major);
        for observation in [big, failed, before, slow] {
            observation.interrupt();
        }
        assert_nobody_listens(&mut java);
    }
}

#[test]
fn a_mistake_in_a_condition_is_pointed_at_and_weaves_nothing() {
    let java = shop("17");
    let answer = exec(java.pid(), "monitor demo.Shop order 'params[0]>>'");
    assert_ne!(answer.code, 0);
    let said = answer.out + &answer.err;
    let caret =
        said.lines().find(|line| line.trim_start().starts_with('^')).unwrap_or_else(|| panic!("{said}"));
    let line = said.lines().find(|line| line.contains("params[0]>>")).unwrap();
    let at = line.find("params[0]>>").unwrap();
    assert!((at..=at + "params[0]>>'".len()).contains(&caret.find('^').unwrap()), "{said}");
    let nothing = exec(java.pid(), "reset");
    assert!(nothing.ok().contains("class count: 0"), "something was woven");
}

#[test]
fn what_matches_nothing_or_too_much_says_so() {
    let java = shop("17");
    let run = |line: &str| {
        let answer = Answer::of(&["exec", &java.pid().to_string(), "--json", line]);
        let lines = answer.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.collect::<Vec<_>>()
    };
    let nothing = run("monitor no.such.Class *");
    assert_eq!(result(&nothing, "enhancer")["success"], false);
    assert_eq!(result(&nothing, "enhancer")["message"], "No class or method is affected");
    assert_eq!(nothing.last().unwrap()["statusCode"], -1);
    let much = run("monitor -m 1 demo.* *");
    let message = result(&much, "enhancer")["effect"]["overLimitMsg"].as_str().unwrap_or_default();
    assert!(message.starts_with("The number of matched classes is "), "{message}");
    assert!(
        message
            .ends_with(", greater than the limit value 1. Try to change the limit with option '-m <arg>'.")
    );
    assert_eq!(much.last().unwrap()["statusCode"], -1);
}

#[test]
fn the_line_before_weaving_knows_what_is_woven_already() {
    let mut java = shop("17");
    let mut first = Observation::start(&java, "monitor -c 1 -n 1 demo.Shop order");
    java.ask("orders 1");
    let lines = first.wait();
    let weaving = result(&lines, "weaving");
    assert_eq!((&weaving["classCount"], &weaving["methodCount"]), (&1.into(), &1.into()), "{weaving}");
    assert_eq!((&weaving["already"], &weaving["new"]), (&0.into(), &1.into()), "{weaving}");
    let mut again = Observation::start(&java, "monitor -c 1 -n 1 -E demo.Shop 'order|pay'");
    java.ask("orders 1");
    let lines = again.wait();
    let weaving = result(&lines, "weaving");
    assert_eq!((&weaving["already"], &weaving["new"]), (&1.into(), &1.into()), "{weaving}");
}

#[test]
fn a_time_out_ends_it_and_says_so() {
    let java = shop("17");
    let start = Instant::now();
    let lines = exec_json(java.pid(), "monitor demo.Shop order --timeout 1");
    assert!(start.elapsed() >= Duration::from_secs(1));
    let sentence = result(&lines, "message")["message"].as_str().unwrap_or_default();
    assert_eq!(sentence, "Command execution timeout after 1 seconds.");
}

#[test]
fn calls_in_flight_are_shown_with_their_age_and_stack() {
    let mut java = shop("17");
    let mut monitor = Observation::start(&java, "monitor -c 1 demo.Shop hold --in-flight");
    java.ask("enter");
    let seen = monitor.next("in-flight");
    let call = &seen["calls"][0];
    assert_eq!((&call["methodName"], &call["threadName"]), (&"hold".into(), &"clerk".into()), "{seen}");
    let age = call["ageMillis"].as_f64().unwrap_or(-1.0);
    assert!((0.0..30_000.0).contains(&age), "{seen}");
    let frames = call["stackTrace"].as_array().cloned().unwrap_or_default();
    assert!(frames.iter().any(|frame| frame["methodName"] == "hold"), "{seen}");
    java.ask("return");
    assert_eq!(monitor.at_least("demo.Shop", "hold", 1), (1, 0));
    monitor.interrupt();
    assert_nobody_listens(&mut java);
}

/// Each way in which a command may end.
#[test]
fn however_it_ends_no_listener_stays() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let line = "monitor -c 1 demo.Shop *";
        let monitor = Observation::start(&java, line);
        assert_somebody_listens(&mut java);
        monitor.interrupt();
        assert_nobody_listens(&mut java);

        let mut killed = Observation::start(&java, line);
        assert_somebody_listens(&mut java);
        killed.kill();
        assert_nobody_listens(&mut java);

        let mut socket = LocalSocket::connect(java.pid());
        socket.open(wire::Mode::Exec { line: line.to_owned(), json: true }, 1 << 20);
        while !matches!(socket.receive().expect("the agent goes on").message, wire::Message::Result(_)) {}
        drop(socket);
        assert_nobody_listens(&mut java);

        let _stopped = Observation::start(&java, line);
        assert_somebody_listens(&mut java);
        assert_eq!(exec(java.pid(), "stop").code, 0);
        assert_nobody_listens(&mut java);
        assert_eq!(java.ask("orders 4"), "taken=3 refused=1");
    }
}

#[test]
fn reset_puts_classes_back_and_silences_those_who_observe_them() {
    let mut java = shop("17");
    let monitor = Observation::start(&java, "monitor -c 1 demo.Shop order");
    java.ask("orders 4");
    monitor.at_least("demo.Shop", "order", 4);
    let lines = exec_json(java.pid(), "reset demo.*");
    assert_eq!(result(&lines, "reset")["affect"]["classCount"], 1, "{lines:?}");
    java.ask("orders 4");
    let lines = exec_json(java.pid(), "reset");
    assert_eq!(result(&lines, "reset")["affect"]["classCount"], 0, "{lines:?}");
    assert_eq!(monitor.calls("demo.Shop", "order"), (4, 1));
    assert_nobody_listens(&mut java);
    monitor.interrupt();
}

#[test]
fn a_class_that_is_loaded_later_is_observed_with_lazy() {
    let mut java = JavaBuilder::new(&jdk("17"), "hostile.Main").start();
    let monitor = Observation::start_unready(&java, "monitor -L -c 1 hostile.Loaded *");
    harness::eventually("the command to wait", || {
        let waits = monitor.all("message");
        let lazy =
            |line: &Value| line["message"].as_str().unwrap_or_default().starts_with("Lazy mode is enabled");
        waits.iter().any(lazy).then_some(())
    });
    java.ask("load 3");
    harness::eventually("calls of the class", || (!monitor.all("monitor").is_empty()).then_some(()));
    monitor.interrupt();
    assert_nobody_listens(&mut java);
}

/// Classes and methods that a line says it will weave, or that none match.
fn matched(java: &Java, line: &str) -> Option<(u64, u64)> {
    let answer = Answer::of(&["exec", &java.pid().to_string(), "--json", &format!("{line} --timeout 1")]);
    let lines: Vec<Value> = answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let weaving = lines.iter().find(|line| line["type"] == "weaving")?;
    Some((weaving["classCount"].as_u64()?, weaving["methodCount"].as_u64()?))
}

#[test]
fn options_say_which_classes_are_meant() {
    let mut java = shop("17");
    assert_eq!(matched(&java, "monitor demo.Shop* order"), Some((1, 1)));
    let all = matched(&java, "monitor demo.Shop* *").expect("classes");
    let without =
        matched(&java, "monitor demo.Shop* * --exclude-class-pattern demo.Shop$*").expect("classes");
    assert_eq!((all.0, without.0), (2, 1));
    assert_eq!(all.1 - without.1, 2, "the parcel has a constructor and a method");
    assert_eq!(matched(&java, "monitor -E demo\\.Shop 'order|pay'"), Some((1, 2)));
    assert_eq!(matched(&java, "monitor demo/Shop pay"), Some((1, 1)), "slashes are dots");

    let mut stack = Observation::start(&java, "stack demo.Shop pay -n 1");
    java.ask("orders 1");
    let seen = stack.next("stack");
    stack.wait();
    let loader = seen["classloader"].as_str().unwrap_or_default();
    let hash = loader.split('@').nth(1).expect("the loader's hash").to_uppercase();
    assert_eq!(matched(&java, &format!("monitor demo.Shop pay --classloader {hash}")), Some((1, 1)));
    assert_eq!(matched(&java, "monitor demo.Shop pay --classloader 1234abcd"), None);

    let monitor = Observation::start(&java, "monitor -c 1 demo.Shop$Parcel <init>");
    java.ask("orders 4");
    assert_eq!(monitor.at_least("demo.Shop$Parcel", "<init>", 3), (3, 0));
    monitor.interrupt();
}

#[test]
fn the_jdks_classes_are_observed_only_if_the_option_says_so() {
    let mut java = shop("17");
    // The class is loaded at its first use.
    java.ask("enter");
    java.ask("return");
    let line = "monitor -c 1 java.util.concurrent.CountDownLatch await";
    assert_eq!(matched(&java, line), None);
    let changed = exec_json(java.pid(), "options unsafe true");
    let result = &result(&changed, "options")["changeResult"];
    assert_eq!((&result["beforeValue"], &result["afterValue"]), (&false.into(), &true.into()), "{result}");
    let monitor = Observation::start(&java, line);
    java.ask("enter");
    java.ask("return");
    assert_eq!(monitor.at_least("java.util.concurrent.CountDownLatch", "await", 1), (1, 0));
    monitor.interrupt();
    let wrong = exec(java.pid(), "options unsafe maybe");
    assert_ne!(wrong.code, 0);
    assert!(wrong.err.contains("Cannot cast option value[maybe] to type[boolean]."), "{wrong:#?}");
    let unknown = exec(java.pid(), "options nothing");
    assert!(unknown.err.contains("options[nothing] not found."), "{unknown:#?}");
}
