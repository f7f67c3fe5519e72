//! `vmoption` and `perfcounter`, held against `jcmd`; on images and JVMs that lack what they read.

use std::collections::BTreeMap;

use harness::client::result;
use harness::{Java, JavaBuilder, exec, exec_json, jdk, jdks};
use serde_json::Value;

fn option(java: &Java, name: &str) -> Value {
    result(&exec_json(java.pid(), &format!("vmoption {name}")), "vmoption")["vmOptions"][0].clone()
}

#[test]
fn options_of_the_jvm_are_those_that_jcmd_tells() {
    for jdk in jdks() {
        let program = JavaBuilder::new(&jdk, "demo.MathGame");
        // The management code of JDK 8 and 11 itself makes JNI calls that the JVM warns of.
        let mut java = if jdk.major < 17 { program.without_checks().start() } else { program.start() };
        let all = exec_json(java.pid(), "vmoption");
        let all = result(&all, "vmoption")["vmOptions"].as_array().unwrap().clone();
        assert!(all.len() > 5 && all.iter().all(|option| option["writeable"] == true), "{all:#?}");
        let flags = java.jdk_tool("jcmd", &["VM.flags", "-all"]);
        let flag = |name: &str| {
            let line = flags.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
            let line = line.unwrap_or_else(|| panic!("no {name} in {flags}"));
            line.split_whitespace().skip_while(|word| !word.ends_with('=')).nth(1).unwrap_or("").to_owned()
        };
        for name in ["MaxHeapSize", "UseSerialGC", "MinHeapFreeRatio"] {
            assert_eq!(option(&java, name)["value"], flag(name), "JDK {}", jdk.major);
        }
        assert_eq!(option(&java, "UseSerialGC")["origin"], "VM_CREATION");
        let changed = exec_json(java.pid(), "vmoption MinHeapFreeRatio 33");
        let changed = &result(&changed, "vmoption")["changeResult"];
        assert_eq!(
            (&changed["beforeValue"], &changed["afterValue"]),
            (&flag("MinHeapFreeRatio").into(), &"33".into())
        );
        assert!(java.jdk_tool("jcmd", &["VM.flags", "-all"]).contains("33"));
        for (line, says) in [
            ("vmoption NoSuchOption", "NoSuchOption"),
            ("vmoption NoSuchOption 1", "NoSuchOption"),
            ("vmoption MaxHeapSize 1", "cannot be changed while"),
            ("vmoption MinHeapFreeRatio many", "MinHeapFreeRatio was not changed"),
        ] {
            let answer = exec(java.pid(), line);
            assert!(answer.code == 1 && answer.err.contains(says), "JDK {}: {line}: {answer:#?}", jdk.major);
        }
        java.assert_undisturbed();
    }
}

/// Counters by name.
fn counters(java: &Java) -> BTreeMap<String, Value> {
    let results = exec_json(java.pid(), "perfcounter -d");
    let all = result(&results, "perfcounter")["perfCounters"].as_array().unwrap().clone();
    all.into_iter().map(|counter| (counter["name"].as_str().unwrap().to_owned(), counter)).collect()
}

/// What does not change is compared with `jcmd`, which prints `name=value`.
fn constants_are_those_of_jcmd(java: &Java) {
    let ours = counters(java);
    let printed = java.jdk_tool("jcmd", &["PerfCounter.print"]);
    let theirs: BTreeMap<&str, &str> = printed.lines().filter_map(|line| line.split_once('=')).collect();
    assert!(theirs.len() > 100, "{printed}");
    // What jcmd adds is about the memory itself.
    let is_counter = |name: &&&str| !name.starts_with("sun.perfdata.");
    let missing: Vec<_> =
        theirs.keys().filter(is_counter).filter(|name| !ours.contains_key(**name)).collect();
    assert!(missing.is_empty(), "JDK {}: {missing:?}", java.jdk.major);
    let constants = ours.values().filter(|counter| counter["variability"] == "Constant");
    let mut compared = 0;
    for counter in constants {
        let Some(theirs) = theirs.get(counter["name"].as_str().unwrap()) else { continue };
        let ours = counter["value"].as_str().map_or_else(|| counter["value"].to_string(), str::to_owned);
        assert_eq!(&ours, theirs.trim_matches('"'), "JDK {}: {counter}", java.jdk.major);
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn performance_counters_are_those_that_jcmd_prints() {
    for jdk in jdks() {
        let mut java = Java::demo(&jdk);
        constants_are_those_of_jcmd(&java);
        let plain = exec_json(java.pid(), "perfcounter");
        assert!(result(&plain, "perfcounter")["perfCounters"][0].get("units").is_none());
        java.assert_undisturbed();
    }
}

#[test]
fn counters_that_no_file_shares_are_read_from_the_jvms_memory() {
    for jdk in jdks() {
        let shared = Java::demo(&jdk);
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame").vm("-XX:+PerfDisableSharedMem").start();
        // jcmd tells nothing of such a JVM; another one of the same kind has the same counters.
        let (ours, others) = (counters(&java), counters(&shared));
        assert!(ours.keys().eq(others.keys()), "JDK {}", jdk.major);
        let properties = exec_json(java.pid(), "sysprop java.vm.name");
        let name = &result(&properties, "sysprop")["props"]["java.vm.name"];
        assert_eq!(&ours["java.property.java.vm.name"]["value"], name);
        java.assert_undisturbed();
    }
}

#[test]
fn a_jvm_without_counters_says_so() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame").vm("-XX:-UsePerfData").start();
        let answer = exec(java.pid(), "perfcounter");
        assert!(
            answer.code == 1 && answer.err.contains("-XX:-UsePerfData"),
            "JDK {}: {answer:#?}",
            jdk.major
        );
        java.assert_undisturbed();
    }
}

#[test]
fn an_image_without_the_modules_names_them() {
    for (base, full) in [("base17", "17"), ("base25", "25")] {
        let mut java = Java::demo(&jdk(base));
        for (line, module) in [("vmoption", "jdk.management"), ("mbean", "java.management")] {
            let answer = exec(java.pid(), line);
            assert!(answer.code == 1 && answer.err.contains(module), "{full}: {answer:#?}");
        }
        assert!(counters(&java).contains_key("java.threads.live"));
        java.assert_undisturbed();
    }
}
