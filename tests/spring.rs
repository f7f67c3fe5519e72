//! A Spring application looked into and mended while it answers: the shop of `tests/spring`, which `scripts/spring` compiles.

use std::process::Command;

use harness::client::result;
use harness::{Running, eventually, exec_json, jdk};
use serde_json::Value;

/// The shop on a line of Spring Boot; it gives itself requests all the time.
fn shop(line: &str, version: &str) -> Running {
    let folder = harness::jdk::cache().join("spring").join(line);
    assert!(folder.join("classes").exists(), "no {}: run scripts/spring {line}", folder.display());
    let mut java = Command::new(jdk(version).tool("java"));
    java.env_remove("JAVA_TOOL_OPTIONS").args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"]);
    java.arg(format!("{0}/classes:{0}/lib/*", folder.display())).arg("shop.Application");
    let mut shop = Running::start(&mut java);
    shop.line("the shop to be ready", |line| line.starts_with("ready "));
    shop
}

fn fragments(pid: u32, line: &str, field: &str) -> Value {
    result(&exec_json(pid, line), "tt")[field].clone()
}

#[test]
fn a_controllers_call_is_recorded_and_made_again() {
    for (line, version) in [("2", "8"), ("3", "17")] {
        let shop = shop(line, version);
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
        let shop = shop(line, version);
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

/// The shop as one jar, with Boot's own class loader, which has jars within that jar.
#[test]
fn in_a_jar_of_jars_the_controller_of_a_path_is_found_and_the_loaders_places_are_told() {
    for (line, version, loader) in [
        ("2", "8", "org.springframework.boot.loader.LaunchedURLClassLoader"),
        ("3", "17", "org.springframework.boot.loader.launch.LaunchedClassLoader"),
    ] {
        let folder = harness::jdk::cache().join("spring").join(line);
        let jar = folder.join("shop.jar");
        assert!(jar.exists(), "no {}: run scripts/spring {line}", jar.display());
        let mut java = Command::new(jdk(version).tool("java"));
        java.env_remove("JAVA_TOOL_OPTIONS").args(["-Xmx256m", "-XX:+UseSerialGC", "-jar"]).arg(&jar);
        let mut shop = Running::start(&mut java);
        shop.line("the shop to be ready", |line| line.starts_with("ready "));
        let pid = shop.pid();
        let search = |line: &str| -> Vec<Value> {
            exec_json(pid, line).into_iter().filter(|result| result["type"] == "search").collect()
        };
        let found = search("search --in annotations /orders/");
        assert_eq!(found.len(), 1, "Boot {line}: {found:#?}");
        assert_eq!(found[0]["className"], "shop.OrderController");
        assert_eq!(found[0]["found"][0]["text"], "@GetMapping(\"/orders/{customer}\")");
        assert_eq!(found[0]["found"][0]["member"], "ordersOf(I)Ljava/util/List;");
        // A class in a jar within the jar.
        let pool = search("search --in strings HikariPool-");
        assert_eq!(pool[0]["className"], "com.zaxxer.hikari.HikariConfig", "{pool:#?}");
        assert_eq!(pool[0]["found"][0]["member"], "generatePoolName()Ljava/lang/String;");
        assert_eq!(pool[0]["classLoaderHash"], found[0]["classLoaderHash"]);
        // Nothing stays open.
        let open = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        let before = open();
        for _ in 0..3 {
            assert!(search("search -n 30 ConditionalOnMissingBean").len() > 3);
        }
        eventually("as few files to be open as before", || (open() <= before).then_some(()));
        let urls = exec_json(pid, &format!("classloader --classLoaderClass {loader}"));
        let urls = result(&urls, "classloader")["urls"].as_array().unwrap().clone();
        let mut named: Vec<String> = urls
            .iter()
            .filter_map(|url| url.as_str()?.trim_end_matches("!/").rsplit_once("lib/")?.1.to_owned().into())
            .collect();
        let jars = std::fs::read_dir(folder.join("lib")).unwrap();
        let mut jars: Vec<String> = jars.map(|jar| jar.unwrap().file_name().into_string().unwrap()).collect();
        jars.retain(|jar| jar.ends_with(".jar") && !jar.starts_with("spring-boot-loader"));
        named.sort_unstable();
        jars.sort_unstable();
        assert_eq!(named, jars, "Boot {line}");
        let rows = exec_json(pid, &format!("classloader-metaspace --classLoaderClass {loader}"));
        let rows = result(&rows, "classloader-metaspace")["rows"].clone();
        assert_eq!(rows[0]["hash"], found[0]["classLoaderHash"], "{rows:#}");
        let whole = exec_json(pid, "search 'no such text'");
        println!("Boot {line}: {}", result(&whole, "search-summary"));
    }
}
