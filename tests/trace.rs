//! `trace` beside what the program itself did.

use harness::client::result;
use harness::spy::assert_nobody_listens;
use harness::{Answer, Java, JavaBuilder, Observation, exec, jdk, jdks};
use serde_json::Value;

fn shop(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "demo.Shop").start()
}

fn children(node: &Value) -> Vec<&Value> {
    node["children"].as_array().into_iter().flatten().collect()
}

fn names(node: &Value) -> Vec<String> {
    let name = |node: &&Value| {
        format!(
            "{}.{}x{}",
            node["className"].as_str().unwrap_or("?"),
            node["methodName"].as_str().unwrap_or("?"),
            node["times"]
        )
    };
    children(node).iter().filter(|node| node["type"] == "method").map(name).collect()
}

fn child<'a>(node: &'a Value, method: &str) -> &'a Value {
    children(node)
        .into_iter()
        .find(|child| child["methodName"] == method)
        .unwrap_or_else(|| panic!("no {method} below {node:#}"))
}

/// The outermost call of a trace.
fn root(trace: &Value) -> &Value {
    &trace["root"]["children"][0]
}

#[test]
fn calls_are_shown_in_order_and_repeats_are_merged_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let mut trace = Observation::start(&java, "trace demo.Shop order -n 1");
        java.ask("slow 20");
        let tree = trace.next("trace");
        let order = root(&tree);
        assert_eq!((&order["methodName"], &order["lineNumber"]), (&"order".into(), &(-1).into()), "{tree:#}");
        assert_eq!(
            names(order),
            [
                "demo.Shop.checkx1",
                "demo.Shop.pricex3",
                "demo.Shop.payx1",
                "demo.Shop$Parcel.<init>x1",
                "demo.Shop$Parcel.weighx1"
            ],
            "JDK {}",
            jdk.major
        );
        // The call itself and what it calls: 1 + 7.
        assert_eq!(tree["nodeCount"], 8, "{tree:#}");
        let price = child(order, "price");
        let number = |node: &Value, field: &str| {
            node[field].as_u64().unwrap_or_else(|| panic!("no {field} in {node}"))
        };
        assert!(number(price, "minCost") <= number(price, "maxCost"), "{price}");
        assert!(number(price, "maxCost") <= number(price, "totalCost"), "{price}");
        let pay = child(order, "pay");
        assert!((18_000_000..2_000_000_000).contains(&number(pay, "cost")), "{pay}");
        assert!(number(order, "cost") >= number(pay, "cost"), "{tree:#}");
        let below: u64 = children(order).iter().map(|node| number(node, "totalCost")).sum();
        assert!(below <= number(order, "totalCost"), "the parts are not more than the whole: {tree:#}");
        assert!(
            children(order).iter().all(|node| number(node, "lineNumber") > 80),
            "lines of the calls: {tree:#}"
        );
        trace.wait();
        assert_nobody_listens(&mut java);
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn the_thread_is_told() {
    let mut java = shop("17");
    let mut trace = Observation::start(&java, "trace demo.Shop order -n 1");
    java.ask("orders 1");
    let tree = trace.next("trace");
    let thread = &tree["root"];
    assert_eq!(thread["type"], "thread");
    assert_eq!((&thread["threadName"], &thread["daemon"]), (&"main".into(), &false.into()), "{thread}");
    assert_eq!((&thread["threadId"], &thread["priority"]), (&1.into(), &5.into()), "{thread}");
    let loader = thread["classloader"].as_str().unwrap_or_default();
    assert!(loader.starts_with("jdk.internal.loader.ClassLoaders$AppClassLoader@"), "{thread}");
    let moment = thread["timestamp"].as_str().unwrap_or_default();
    assert_eq!(moment.len(), "2026-11-22 22:22:04.157382354".len(), "{thread}");
    trace.wait();
}

#[test]
fn an_exception_stands_at_the_call_and_at_the_method_it_ended() {
    let mut java = shop("17");
    let mut trace = Observation::start(&java, "trace -E demo.Shop 'order|check' 'throwExp!=null' -n 1");
    java.ask("orders 4");
    let tree = trace.next("trace");
    let order = root(&tree);
    assert_eq!((&order["throw"], &order["mark"]), (&true.into(), &"throws Exception".into()), "{tree:#}");
    let call = child(order, "check");
    assert_eq!((&call["throw"], &call["invoking"]), (&true.into(), &true.into()), "{call:#}");
    let check = child(call, "check");
    let thrown = children(check)
        .into_iter()
        .find(|node| node["type"] == "throw")
        .unwrap_or_else(|| panic!("{check:#}"));
    assert_eq!(thrown["exception"], "java.lang.IllegalArgumentException");
    assert_eq!(thrown["message"], "customer-4 wants number 4");
    assert!(thrown["lineNumber"].as_i64().unwrap_or(-1) > 0, "{thrown}");
    trace.wait();
}

#[test]
fn deeper_levels_come_by_depth_and_by_pattern_alike() {
    let mut java = shop("17");
    for line in ["trace demo.Shop order --depth 3 -n 1", "trace -E demo.Shop 'order|price|tax' -n 1"] {
        let mut trace = Observation::start(&java, line);
        java.ask("orders 1");
        let tree = trace.next("trace");
        assert_eq!(root(&tree)["methodName"], "order", "{line}");
        let price = child(child(root(&tree), "price"), "price");
        assert_eq!(names(price), ["demo.Shop.taxx3"], "{line}: {tree:#}");
        let tax = child(child(price, "tax"), "tax");
        assert_eq!(names(tax), ["demo.Shop.pricex3"], "{line}: {tree:#}");
        trace.wait();
    }
    // With --depth only the outermost method gives trees.
    let trace = Observation::start(&java, "trace demo.Shop order --depth 2 -n 5");
    java.ask("orders 5");
    harness::eventually("five trees", || Some(trace.all("trace")).filter(|trees| trees.len() == 5))
        .iter()
        .for_each(|tree| assert_eq!(root(tree)["methodName"], "order"));
}

#[test]
fn methods_join_a_listener_that_is_there() {
    let mut java = shop("17");
    let mut first = Observation::start(&java, "trace demo.Shop order -n 2");
    let id = first.enhanced["effect"]["listenerId"].as_u64().expect("a listener id");
    java.ask("orders 1");
    assert_eq!(names(child(root(&first.next("trace")), "price")), [""; 0]);
    harness::exec_json(java.pid(), &format!("trace demo.Shop price --listenerId {id}"));
    java.ask("orders 1");
    let tree = first.next("trace");
    assert_eq!(names(child(root(&tree), "price")), ["demo.Shop.pricex3"], "{tree:#}");
    first.wait();
    let stranger = exec(java.pid(), "trace demo.Shop order --listenerId 9999");
    assert_ne!(stranger.code, 0, "there is no such listener");
}

#[test]
fn recursion_is_one_tree() {
    let mut java = shop("17");
    let mut trace = Observation::start(&java, "trace demo.Shop down -n 1");
    java.ask("down 20");
    let tree = trace.next("trace");
    let mut node = root(&tree);
    let mut depth = 0;
    while let Some(below) = children(node).into_iter().find(|node| node["methodName"] == "down") {
        (node, depth) = (below, depth + 1);
    }
    // Each call is seen from its caller and from within.
    assert_eq!(depth, 40, "{tree:#}");
    assert_eq!(trace.wait().iter().filter(|line| line["type"] == "trace").count(), 1);

    // Deeper than readers of JSON go: the tree is cut, and its line can be read.
    let mut trace = Observation::start(&java, "trace demo.Shop down -n 1");
    java.ask("down 1000");
    assert_eq!(trace.next("trace")["cut"], true);
    let lines = trace.wait();
    assert!(result(&lines, "observed")["dropped"]["cut"].as_u64().unwrap_or(0) > 900, "{lines:?}");
}

#[test]
fn the_jdks_methods_are_shown_on_demand() {
    let mut java = shop("17");
    let mut trace = Observation::start(&java, "trace -E demo.Shop 'pay|check' --skipJDKMethod false -n 1");
    java.ask("slow 5");
    let mut tree = trace.next("trace");
    trace.wait();
    if root(&tree)["methodName"] == "check" {
        let mut trace = Observation::start(&java, "trace demo.Shop pay --skipJDKMethod false -n 1");
        java.ask("slow 5");
        tree = trace.next("trace");
        trace.wait();
    }
    assert_eq!(names(root(&tree)), ["java.lang.Thread.sleepx1"], "{tree:#}");
}

#[test]
fn a_path_shows_the_methods_of_other_classes_without_their_calls() {
    let mut java = shop("17");
    let mut trace = Observation::start(&java, "trace demo.Shop order -p demo.Shop$Parcel -n 1");
    java.ask("orders 1");
    let tree = trace.next("trace");
    assert_eq!(names(root(&tree)), ["demo.Shop$Parcel.<init>x1", "demo.Shop$Parcel.weighx1"], "{tree:#}");
    trace.wait();
}

#[test]
fn processor_time_and_bytes_are_shown_on_demand() {
    for name in ["8", "17"] {
        let mut java = shop(name);
        let mut trace = Observation::start(&java, "trace demo.Shop order --cpu --alloc -n 1");
        java.ask("slow 30");
        let tree = trace.next("trace");
        let number = |node: &Value, field: &str| {
            node[field].as_u64().unwrap_or_else(|| panic!("JDK {name}: no {field} in {node:#}"))
        };
        let pay = child(root(&tree), "pay");
        assert!(
            number(pay, "cpuCost") < number(pay, "cost") / 2,
            "a sleeping method uses no processor: {tree:#}"
        );
        let parcel = child(root(&tree), "<init>");
        assert!(number(root(&tree), "allocated") >= number(parcel, "allocated"), "{tree:#}");
        assert!(number(root(&tree), "allocated") >= 16, "the parcel itself is allocated: {tree:#}");
        trace.wait();
    }
}

#[test]
fn a_condition_on_time_leaves_the_short_calls_out() {
    let mut java = shop("17");
    let mut trace = Observation::start(&java, "trace demo.Shop order '#cost>200' -n 1");
    java.ask("orders 40");
    java.ask("slow 250");
    let tree = trace.next("trace");
    assert!(root(&tree)["cost"].as_u64().unwrap_or(0) > 200_000_000, "{tree:#}");
    let lines = trace.wait();
    assert_eq!(lines.iter().filter(|line| line["type"] == "trace").count(), 1);
    assert_eq!(result(&lines, "observed")["dropped"]["results"], 0);
}

#[test]
fn many_classes_are_not_woven_by_depth_without_being_asked_twice() {
    let java = shop("17");
    let answer = Answer::of(&["exec", &java.pid().to_string(), "trace demo.Shop order --depth 3 -m 1 -n 1"]);
    assert_ne!(answer.code, 0, "{answer:#?}");
    assert!((answer.out.clone() + &answer.err).contains("--yes"), "{answer:#?}");
}

#[test]
fn the_picture_is_that_of_arthas() {
    let mut java = shop("17");
    let pid = java.pid().to_string();
    let client =
        harness::Running::start(harness::oxprobe().args(["exec", &pid, "trace demo.Shop order -n 1"]));
    let mut client = client;
    client.line("the probe", |line| line.starts_with("Affect(class count: 1 , method count: 1) cost in "));
    java.ask("orders 1");
    client.line("the last words", |line| line.contains("of the application's time"));
    client.wait();
    let out = client.output();
    let at = out.iter().position(|line| line.starts_with("`---ts=")).unwrap_or_else(|| panic!("{out:#?}"));
    assert!(out[at].contains(";thread_name=main;id=1;is_daemon=false;priority=5;TCCL="), "{out:#?}");
    assert!(
        out[at + 1].starts_with("    `---[") && out[at + 1].ends_with("ms] demo.Shop:order()"),
        "{out:#?}"
    );
    let price = &out[at + 3];
    assert!(
        price.starts_with("        +---[")
            && price.contains("% min=")
            && price.contains(",count=3] demo.Shop:price() #"),
        "{out:#?}"
    );
    assert!(out[at + 6].starts_with("        `---["), "{out:#?}");
}
