//! Our numbers beside a second source that was asked in the same run: `jcmd`, `jstat`, `/proc`.
//!
//! What moves is asked before and after ours; the tolerance of each field says how far ours may lie
//! outside what the second source said.

use std::time::Instant;

use harness::client::result;
use harness::compare::{between, number_after};
use harness::{Java, JavaBuilder, Jdk, exec_json, jdks};
use serde_json::Value;

/// A program whose heap nothing changes but what we ask.
fn quiet(jdk: &Jdk) -> Java {
    let mut java = JavaBuilder::new(jdk, "demo.MathGame").vm("-Dbusy=20").start();
    // Both ways of asking load classes the first time.
    java.jdk_tool("jcmd", &["Thread.print"]);
    for line in ["jvm", "memory", "dashboard -n 1"] {
        exec_json(java.pid(), line);
    }
    // What jstat says of metaspace is as of the last collection.
    java.tell("gc");
    java
}

fn jstat(java: &Java, option: &str) -> impl Fn(&str) -> f64 + use<> {
    let text = java.jdk_tool("jstat", &[option]);
    let mut lines = text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let titles = lines.next().unwrap_or_default();
    let values = lines.next().unwrap_or_default();
    move |title| {
        let at = titles.iter().position(|known| known == title).unwrap_or_else(|| panic!("no {title}"));
        values[at].parse().unwrap_or(0.0)
    }
}

/// Rows of the `jvm` command's groups by name.
fn jvm_row<'a>(jvm: &'a Value, group: &str, name: &str) -> &'a Value {
    let rows = jvm["jvmInfo"][group].as_array().unwrap_or_else(|| panic!("no group {group} in {jvm}"));
    &rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {rows:#?}"))["value"]
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

/// The name of a thread in a thread dump, and the rest of its line, unless it is a thread that Java
/// programs do not see or that comes and goes with the asking.
fn java_thread(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix('"')?.split_once('"')?;
    let hidden =
        ["Attach", "Compiler", "oxprobe", "Service Thread", "Monitor Deflation", "Sweeper", "Notification"];
    (rest.contains(" #") && !hidden.iter().any(|hidden| name.contains(hidden))).then_some((name, rest))
}

#[test]
fn jvm_agrees_with_jcmd_jstat_and_proc() {
    for jdk in jdks() {
        let java = quiet(&jdk);
        let classes_before = jstat(&java, "-class")("Loaded");
        let fds_before = harness::resources::Holdings::of(java.pid()).descriptors as f64;
        let results = exec_json(java.pid(), "jvm");
        let fds_after = harness::resources::Holdings::of(java.pid()).descriptors as f64;
        let classes_after = jstat(&java, "-class")("Loaded");
        let jvm = result(&results, "jvm");

        let version = java.jdk_tool("jcmd", &["VM.version"]);
        let vm_version = jvm_row(jvm, "RUNTIME", "VM-VERSION").as_str().unwrap().to_owned();
        assert!(version.contains(&vm_version), "{version} has not {vm_version}");
        // jstat counts a class in each loader, the bean too; what is loaded in between may differ.
        between(
            "loaded classes",
            number(jvm_row(jvm, "CLASS-LOADING", "LOADED-CLASS-COUNT")),
            classes_before,
            classes_after,
            0.02,
        );
        // Our session's own socket comes and goes.
        let fds = number(jvm_row(jvm, "FILE-DESCRIPTOR", "OPEN-FILE-DESCRIPTOR-COUNT"));
        assert!(fds >= fds_before - 2.0 && fds <= fds_after + 4.0, "{fds} not in {fds_before}..{fds_after}");
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", java.pid())).unwrap();
        let hard = number_after(&limits, "Max open files");
        assert_eq!(number(jvm_row(jvm, "FILE-DESCRIPTOR", "MAX-FILE-DESCRIPTOR-COUNT")), hard);
        let processors = std::thread::available_parallelism().unwrap().get() as f64;
        assert_eq!(number(jvm_row(jvm, "OPERATING-SYSTEM", "PROCESSORS-COUNT")), processors);
        let print = java.jdk_tool("jcmd", &["Thread.print"]);
        let known = print.lines().filter_map(java_thread).count() as f64;
        // The few that are left out of the count may be there: our own job thread is one of them.
        let count = number(jvm_row(jvm, "THREAD", "COUNT"));
        between(&format!("JDK {} threads", jdk.major), count, known, known + 4.0, 0.0);
        let arguments = jvm_row(jvm, "RUNTIME", "INPUT-ARGUMENTS").to_string();
        assert!(arguments.contains("-Dbusy=20"), "{arguments}");
    }
}

#[test]
fn memory_agrees_with_jstat() {
    for jdk in jdks() {
        let java = quiet(&jdk);
        // On JDK 25 jstat shows eden as of the last collection, so there jcmd is asked.
        let used = |java: &Java| {
            if java.jdk.major == 8 {
                let gc = jstat(java, "-gc");
                return (gc("S0U") + gc("S1U") + gc("EU") + gc("OU")) * 1024.0;
            }
            let info = java.jdk_tool("jcmd", &["GC.heap_info"]);
            let generations = info.lines().filter(|line| line.contains(" total ") && line.contains(" used "));
            generations.map(|line| number_after(line, " used ") * 1024.0).sum()
        };
        let before = used(&java);
        let results = exec_json(java.pid(), "memory");
        let after = used(&java);
        let memory = &result(&results, "memory")["memoryInfo"];
        let entry = |list: &str, name: &str| -> Value {
            let entries = memory[list].as_array().unwrap();
            entries.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
        };
        // A thread that begins to allocate takes a piece of eden at once.
        between(
            &format!("JDK {} heap used", jdk.major),
            number(&entry("heap", "heap")["used"]),
            before,
            after,
            0.25,
        );
        let capacity = jstat(&java, "-gc");
        let metaspace = number(&entry("nonheap", "metaspace")["used"]);
        between("metaspace used", metaspace, capacity("MU") * 1024.0, capacity("MU") * 1024.0, 0.1);
        let max = number(&entry("heap", "heap")["max"]);
        between("heap max", max, 256.0 * 1024.0 * 1024.0, 256.0 * 1024.0 * 1024.0, 0.05);
    }
}

#[test]
fn gc_totals_agree_with_jstat() {
    for jdk in jdks() {
        let mut java = quiet(&jdk);
        for _ in 0..3 {
            java.tell("gc");
        }
        let before = jstat(&java, "-gc");
        let results = exec_json(java.pid(), "dashboard -n 1");
        let after = jstat(&java, "-gc");
        let collectors = result(&results, "dashboard")["gcInfos"].as_array().unwrap().clone();
        let count: f64 = collectors.iter().map(|collector| number(&collector["collectionCount"])).sum();
        let total = |gc: &dyn Fn(&str) -> f64| gc("YGC") + gc("FGC");
        between("collections", count, total(&before), total(&after), 0.0);
    }
}

#[test]
fn threads_agree_with_jcmd_and_proc() {
    for jdk in jdks() {
        let mut java = quiet(&jdk);
        java.tell("threads 20");
        let print = java.jdk_tool("jcmd", &["Thread.print"]);
        let cpu_before = harness::resources::thread_cpu_seconds(java.pid(), "busy-1");
        let results = exec_json(java.pid(), "thread --all");
        let cpu_after = harness::resources::thread_cpu_seconds(java.pid(), "busy-1");
        let stats = result(&results, "thread")["threadStats"].as_array().unwrap().clone();
        let find = |name: &str| {
            stats
                .iter()
                .find(|thread| thread["name"] == name)
                .unwrap_or_else(|| panic!("no thread {name}"))
                .clone()
        };
        // Names, ids and states as the JVM's own dump has them.
        for (name, rest) in print.lines().filter_map(java_thread) {
            let id = number_after(rest, "#");
            assert_eq!(number(&find(name)["id"]), id, "JDK {}: {name}", jdk.major);
            assert_eq!(find(name)["daemon"] == true, rest.contains(" daemon "), "{name}");
        }
        assert_eq!(find("waiter")["state"], "WAITING");
        assert_eq!(find("sleeper")["state"], "TIMED_WAITING");
        // /proc counts in hundredths of a second, and the thread goes on while it is asked.
        let time = number(&find("busy-1")["time"]) / 1e3;
        assert!(
            time >= cpu_before - 0.02 && time <= cpu_after + 0.02,
            "{time} not in {cpu_before}..{cpu_after}"
        );
        // The share is of one second; a busy machine gives the thread less than the 20 % it asks for.
        let start = Instant::now();
        let cpu_before = harness::resources::thread_cpu_seconds(java.pid(), "busy-1");
        let busiest = exec_json(java.pid(), "thread -n 1 -i 1000");
        let cpu = harness::resources::thread_cpu_seconds(java.pid(), "busy-1") - cpu_before;
        let share = cpu / start.elapsed().as_secs_f64() * 100.0;
        let busiest = result(&busiest, "thread")["busyThreads"][0].clone();
        assert_eq!(busiest["name"], "busy-1", "{busiest}");
        between("cpu share", number(&busiest["cpu"]), share - 2.0, share + 2.0, 0.5);
        assert!(busiest["stackTrace"].as_array().is_some_and(|frames| !frames.is_empty()), "{busiest}");
    }
}

#[test]
fn a_blocking_thread_is_the_one_jcmd_names() {
    for jdk in jdks() {
        let mut java = quiet(&jdk);
        java.tell("block");
        let results = exec_json(java.pid(), "thread -b");
        let info = &result(&results, "thread")["blockingLockInfo"];
        let name =
            info["threadInfo"]["threadName"].as_str().unwrap_or_else(|| panic!("{results:#?}")).to_owned();
        let print = java.jdk_tool("jcmd", &["Thread.print"]);
        let hash = info["lockIdentityHashCode"].as_i64().unwrap_or(0);
        assert_ne!(hash, 0, "{info}");
        // The dump shows the owner's stack with the monitor that another thread waits to lock.
        let of = |thread: &str| {
            print
                .split("\n\n")
                .find(|block| block.contains(&format!("\"{thread}\"")))
                .unwrap_or("")
                .to_owned()
        };
        let waiting = print.lines().find(|line| line.contains("waiting to lock <")).unwrap_or_default();
        let monitor = waiting.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap_or("none");
        assert!(
            of(&name).contains(&format!("locked <{monitor}>")),
            "JDK {}: {name} does not own {monitor}",
            jdk.major
        );
    }
}

#[test]
fn deadlocked_threads_are_those_jcmd_finds() {
    for jdk in jdks() {
        let mut java = quiet(&jdk);
        let none = exec_json(java.pid(), "jvm");
        assert_eq!(number(jvm_row(result(&none, "jvm"), "THREAD", "DEADLOCK-COUNT")), 0.0);
        java.tell("deadlock");
        let print = java.jdk_tool("jcmd", &["Thread.print"]);
        let (dump, found) = print.split_once("Found one Java-level deadlock").expect("jcmd finds it, too");
        let threads: Vec<(&str, &str)> = dump.lines().filter_map(java_thread).collect();
        let mut theirs: Vec<f64> = found
            .lines()
            .filter_map(|line| line.strip_prefix('"')?.strip_suffix("\":"))
            .map(|name| {
                let (_, rest) =
                    threads.iter().find(|(known, _)| *known == name).expect("a thread of the dump");
                number_after(rest, "#")
            })
            .collect();
        theirs.sort_by(f64::total_cmp);
        theirs.dedup();
        assert_eq!(theirs.len(), 2, "{found}");
        let results = exec_json(java.pid(), "thread -b");
        let ids = result(&results, "thread")["deadlockedThreads"].as_array().cloned().unwrap_or_default();
        let mut ours: Vec<f64> = ids.iter().map(number).collect();
        ours.sort_by(f64::total_cmp);
        assert_eq!(ours, theirs, "JDK {}", jdk.major);
        let jvm = exec_json(java.pid(), "jvm");
        assert_eq!(number(jvm_row(result(&jvm, "jvm"), "THREAD", "DEADLOCK-COUNT")), 2.0);
    }
}

#[test]
fn properties_environment_and_folder_agree_with_jcmd_and_proc() {
    for jdk in jdks() {
        let java = quiet(&jdk);
        // Whoever runs this may have secrets in the environment, which the other source shows.
        exec_json(java.pid(), "options redact ''");
        let results = exec_json(java.pid(), "sysprop");
        let props = result(&results, "sysprop")["props"].as_object().unwrap().clone();
        let theirs = java.jdk_tool("jcmd", &["VM.system_properties"]);
        for line in theirs.lines().filter(|line| line.starts_with("java.") || line.starts_with("os.")) {
            let Some((key, value)) = line.split_once('=') else { continue };
            if !value.contains('\\') {
                assert_eq!(props[key], value, "{key}");
            }
        }
        let environ = std::fs::read_to_string(format!("/proc/{}/environ", java.pid())).unwrap();
        let results = exec_json(java.pid(), "sysenv");
        let env = result(&results, "sysenv")["env"].as_object().unwrap().clone();
        for (key, value) in environ.split('\0').filter_map(|pair| pair.split_once('=')) {
            assert_eq!(env[key], value, "{key}");
        }
        let results = exec_json(java.pid(), "pwd");
        let cwd = std::fs::read_link(format!("/proc/{}/cwd", java.pid())).unwrap();
        assert_eq!(result(&results, "pwd")["workingDir"], *cwd.to_string_lossy());
    }
}

#[test]
fn the_class_histogram_agrees_with_jcmd() {
    for jdk in jdks() {
        let java = quiet(&jdk);
        // Both after a full collection: what is garbage changes all the time.
        let ask = || {
            let table = java.jdk_tool("jcmd", &["GC.class_histogram"]);
            let row = |class: &str| -> (f64, f64) {
                let line = table.lines().find(|line| line.split_whitespace().nth(3) == Some(class)).unwrap();
                let fields: Vec<f64> =
                    line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
                (fields[0], fields[1])
            };
            (row("java.lang.Class"), row("java.lang.String"))
        };
        let before = ask();
        let results = exec_json(java.pid(), "heap --live -n 0");
        let after = ask();
        let classes = result(&results, "heap")["classes"].as_array().unwrap().clone();
        let ours = |name: &str| {
            let class =
                classes.iter().find(|class| class["name"] == name).unwrap_or_else(|| panic!("no {name}"));
            (number(&class["instances"]), number(&class["bytes"]))
        };
        let (class, string) = (ours("java.lang.Class"), ours("java.lang.String"));
        // Classes are loaded by the asking; strings are made by every thread.
        between("instances of Class", class.0, before.0.0, after.0.0, 0.02);
        between("bytes of Class", class.1, before.0.1, after.0.1, 0.02);
        between("instances of String", string.0, before.1.0, after.1.0, 0.05);
    }
}
