//! Classes that get other code while their program runs: by class files, and back.

use std::path::Path;

use harness::client::result;
use harness::shop::Shop;
use harness::{Answer, Java, Jdk, Observation, exec, exec_json, jdk};
use serde_json::Value;

/// What a customer is told.
const OLD: &str = "shop: 20 a piece";

fn price(java: &mut Java) -> String {
    java.ask("price 2")
}

/// A command with a file's path at its end.
fn with(command: &str, file: &Path) -> String {
    format!("{command} {}", file.display())
}

/// The sentence with which a command fails.
fn refusal(java: &Java, line: &str) -> String {
    let answer = exec(java.pid(), line);
    assert_ne!(answer.code, 0, "{line}: {answer:#?}");
    answer.out + &answer.err
}

/// Calls of `price` that a `watch` has shown, as it shows them.
fn seen(watch: &Observation) -> Vec<String> {
    watch.all("watch").iter().map(|call| call["value"].to_string()).collect()
}

fn a_body_is_replaced_while_it_is_watched(jdk: &Jdk) {
    let shop = Shop::compiled(8);
    let mut java = shop.start(jdk);
    // Other constants, one more local variable, a parameter that is stored into: all that a watcher knows is new.
    let new = shop.changed(
        "new",
        &[(
            "int each = 10;",
            "long ago = 7L; int each = (int) ago * 2; count = count + 1; unit = unit + \"!\";",
        )],
    );
    assert_eq!(price(&mut java), OLD);
    let mut watch =
        Observation::start(&java, "watch shop.Prices price '{params[0], params[1], returnObj}' -x 2 -n 100");
    assert_eq!(price(&mut java), OLD);
    watch.next("watch");

    let results = exec_json(java.pid(), &with("retransform", &new));
    let done = result(&results, "retransform");
    assert_eq!(
        (&done["retransformCount"], &done["retransformClasses"][0]),
        (&1.into(), &"shop.Prices".into())
    );
    assert_eq!(price(&mut java), "shop: 42 a piece!");
    watch.next("watch");
    let calls = seen(&watch);
    assert!(calls[1].contains("shop: 42 a piece!"), "{calls:?}");

    // Our own observers change the class again, and another one comes: it stays.
    let mut trace = Observation::start(&java, "trace shop.Prices price -n 1");
    assert_eq!(price(&mut java), "shop: 42 a piece!");
    trace.wait();
    exec(java.pid(), "reset shop.Prices").ok();
    assert_eq!(price(&mut java), "shop: 42 a piece!");
    watch.kill();
    let mut watch = Observation::start(&java, "watch shop.Prices price returnObj -n 100");

    let entries = exec_json(java.pid(), "retransform -l");
    let entries = result(&entries, "retransform")["retransformEntries"].clone();
    assert_eq!((&entries[0]["id"], &entries[0]["className"]), (&1.into(), &"shop.Prices".into()));
    assert!(entries[0]["transformCount"].as_u64().unwrap() >= 1, "{}", entries[0]["transformCount"]);
    exec_json(java.pid(), "retransform -d 1");
    assert_eq!(price(&mut java), OLD);
    watch.next("watch");
    assert!(seen(&watch)[0].contains(OLD), "{:?}", seen(&watch));
    watch.kill();
    assert!(refusal(&java, "retransform -d 1").contains("no entry 1"));
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed();
}

#[test]
fn a_body_is_replaced_while_it_is_watched_on_jdk_8() {
    a_body_is_replaced_while_it_is_watched(&jdk("8"));
}

#[test]
fn a_body_is_replaced_while_it_is_watched_on_jdk_17() {
    a_body_is_replaced_while_it_is_watched(&jdk("17"));
}

#[test]
fn a_body_is_replaced_while_it_is_watched_on_jdk_25() {
    a_body_is_replaced_while_it_is_watched(&jdk("25"));
}

#[test]
fn the_newest_entry_counts_and_stop_takes_all_back() {
    let shop = Shop::compiled(8);
    let mut java = shop.start(&jdk("17"));
    let [one, two] = ["11", "12"].map(|each| shop.changed(each, &[("each = 10", &format!("each = {each}"))]));
    exec_json(java.pid(), &with("retransform", &one));
    exec_json(java.pid(), &with("retransform", &two));
    assert_eq!(price(&mut java), "shop: 24 a piece");
    // What is below is what comes back.
    exec_json(java.pid(), "retransform -d 2");
    assert_eq!(price(&mut java), "shop: 22 a piece");
    exec_json(java.pid(), &with("redefine", &two));
    assert_eq!(price(&mut java), "shop: 24 a piece");
    exec(java.pid(), "reset").ok();
    assert_eq!(price(&mut java), "shop: 22 a piece", "reset takes back what redefine did, and nothing else");
    exec_json(java.pid(), "retransform --classPattern shop.Pri*");
    assert_eq!(price(&mut java), "shop: 22 a piece");
    exec_json(java.pid(), &with("redefine", &two));
    exec(java.pid(), "stop").ok();
    assert_eq!(price(&mut java), OLD);
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    let entries = exec_json(java.pid(), "retransform -l");
    assert_eq!(result(&entries, "retransform")["retransformEntries"], Value::Array(Vec::new()));
    exec_json(java.pid(), &with("retransform", &one));
    exec_json(java.pid(), "retransform --deleteAll");
    assert_eq!(price(&mut java), OLD);
    Answer::of(&["detach", &java.pid().to_string()]).ok();
    java.assert_undisturbed();
}
