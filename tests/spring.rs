//! A call of a Spring controller, recorded and made again, in the shop of `tests/spring` that `scripts/spring` compiles.
//! Without it the test says so and does nothing: the shop is three dozen packages.

use std::process::Command;

use harness::client::result;
use harness::{Running, eventually, exec_json, jdk};
use serde_json::Value;

/// The shop on a line of Spring Boot; it gives itself requests all the time.
fn shop(line: &str, version: &str) -> Option<Running> {
    let folder = harness::jdk::cache().join("spring").join(line);
    if !folder.join("classes").exists() {
        println!("skipped: there is no {}; scripts/spring {line} makes it", folder.display());
        return None;
    }
    let mut java = Command::new(jdk(version).tool("java"));
    java.env_remove("JAVA_TOOL_OPTIONS").args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"]);
    java.arg(format!("{0}/classes:{0}/lib/*", folder.display())).arg("shop.Application");
    let mut shop = Running::start(&mut java);
    shop.line("the shop to be ready", |line| line.starts_with("ready "));
    Some(shop)
}

fn fragments(pid: u32, line: &str, field: &str) -> Value {
    result(&exec_json(pid, line), "tt")[field].clone()
}

#[test]
fn a_controllers_call_is_recorded_and_made_again() {
    for (line, version) in [("2", "8"), ("3", "17")] {
        let Some(shop) = shop(line, version) else { continue };
        let pid = shop.pid();
        let recorded = exec_json(pid, "tt -t shop.OrderController ordersOf 'throwExp==null' -n 1");
        let index = result(&recorded, "tt")["timeFragmentList"][0]["index"].as_u64().expect("a number");
        let orders = fragments(pid, &format!("tt -i {index} -w 'returnObj.size()'"), "data");
        assert!(orders.as_u64() > Some(0), "Boot {line}: {orders}");
        // Its service, its transaction and its database answer on our thread, too.
        for number in 1..=3 {
            let again = fragments(pid, &format!("tt -i {index} -p -x 2"), "replayResult");
            assert_eq!(again["return"], true, "Boot {line}, time {number}: {again:#}");
            let view = again["returnObj"].as_str().unwrap_or_default();
            assert_eq!(Some(view.matches("@Order[").count() as u64), orders.as_u64(), "{view}");
        }
        let failed = exec_json(pid, "tt -t shop.OrderController ordersOf 'throwExp!=null' -n 1");
        let index = result(&failed, "tt")["timeFragmentList"][0]["index"].as_u64().expect("a number");
        let again = fragments(pid, &format!("tt -i {index} -p"), "replayResult");
        assert_eq!(again["throw"], true, "{again:#}");
        let thrown = again["throwExp"].as_str().unwrap_or_default();
        assert!(thrown.starts_with("java.util.NoSuchElementException: no orders of customer"), "{thrown}");
        eventually("the shop to go on", || {
            let monitor = exec_json(pid, "monitor shop.OrderController ordersOf -c 1 -n 1");
            result(&monitor, "monitor")["monitorDataList"][0]["success"].as_u64().filter(|count| *count > 0)
        });
        let troubles: Vec<String> =
            shop.output().into_iter().filter(|line| line.starts_with("request failed")).collect();
        assert!(troubles.is_empty(), "{troubles:?}");
    }
}

#[test]
fn a_controller_is_mended_while_it_answers_and_has_its_own_code_back() {
    for (line, version) in [("2", "8"), ("3", "17")] {
        let Some(shop) = shop(line, version) else { continue };
        let pid = shop.pid();
        let source = harness::jdk::root().join("tests/spring/shop/OrderController.java");
        let text = std::fs::read_to_string(source).unwrap();
        let mended = text.replace(
            "return orders.priced(customer);",
            "orders.priced(customer); return java.util.Collections.emptyList();",
        );
        assert_ne!(text, mended);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("OrderController.java");
        std::fs::write(&file, mended).unwrap();
        let answered = || {
            let watched = exec_json(
                pid,
                "watch shop.OrderController ordersOf 'returnObj.size()' 'returnObj!=null' -n 1",
            );
            result(&watched, "watch")["data"].as_u64()
        };
        assert!(answered() > Some(0), "Boot {line}");
        exec_json(pid, &format!("patch --yes {}", file.display()));
        assert_eq!(answered(), Some(0), "Boot {line}");
        exec_json(pid, "patch --undo shop.OrderController");
        assert!(answered() > Some(0), "Boot {line}");
    }
}
