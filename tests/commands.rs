//! Every command on five JDKs by attach; a smoke list on the other ways in and on smaller images.

use harness::client::result;
use harness::{Answer, Java, JavaBuilder, Jdk, agent_library, exec, exec_json, jdk, jdks};
use serde_json::Value;

/// Each command line and the `type` of the result it must give.
const LINES: &[(&str, &str)] = &[
    ("help", "help"),
    ("help thread", "help"),
    ("version", "version"),
    ("session", "session"),
    ("auth", "message"),
    ("history", "history"),
    ("jobs", "jobs"),
    ("sysprop", "sysprop"),
    ("sysprop java.version", "sysprop"),
    ("sysenv", "sysenv"),
    ("sysenv PATH", "sysenv"),
    ("pwd", "pwd"),
    ("echo hi", "echo"),
    ("cat /proc/self/status", "cat"),
    ("base64 /proc/self/status", "base64"),
    ("perfcounter", "perfcounter"),
    ("perfcounter -d", "perfcounter"),
    ("jvm", "jvm"),
    ("memory", "memory"),
    ("dashboard -n 1", "dashboard"),
    ("dashboard -n 2 -i 100", "dashboard"),
    ("thread", "thread"),
    ("thread --all", "thread"),
    ("thread MAIN", "thread"),
    ("thread -n 3", "thread"),
    ("thread -n 3 -i 100", "thread"),
    ("thread -n -1 -i 50", "thread"),
    ("thread -b", "thread"),
    ("thread --state WAITING", "thread"),
    ("thread --state runnable", "thread"),
    ("thread -n 2 --lockedMonitors --lockedSynchronizers", "thread"),
    ("heap", "heap"),
    ("heap -n 5", "heap"),
    ("gc", "gc"),
    ("vmtool -a heapAnalyze", "heapAnalyze"),
    ("vmtool -a referenceAnalyze --className demo.MathGame", "referenceAnalyze"),
    ("vmtool -a forceGc", "forceGc"),
    ("vmtool -a mallocStats", "mallocStats"),
    ("vmtool -a mallocTrim", "message"),
    ("logger", "message"),
    ("options", "options"),
    ("options", "configuration"),
    ("options verbose", "options"),
    ("options session-timeout", "configuration"),
    ("monitor -c 1 -n 1 demo.MathGame run", "monitor"),
    ("trace demo.MathGame run -n 1", "trace"),
    ("stack demo.MathGame run -n 1", "stack"),
    ("reset", "reset"),
    ("retransform -l", "retransform"),
    ("sc demo.*", "sc"),
    ("sc -d -f demo.MathGame", "sc"),
    ("sm demo.MathGame", "sm"),
    ("sm -d demo.MathGame", "sm"),
    ("jad --bytecode demo.MathGame run", "jad"),
    ("jad demo.MathGame run", "jad"),
    ("dump -d /tmp/oxprobe-dumped-classes demo.MathGame", "dump"),
    ("search primeFactors", "search"),
    ("classloader", "classloader"),
    ("classloader -l", "classloader"),
    ("classloader -t", "classloader"),
    ("classloader -u", "classloader"),
    ("search --jdk --in methods -n 1 getOrDefault", "search"),
];

/// The JDK's own code behind these makes JNI calls on JDK 8 and 11 that the JVM warns of; there, tests/beans.rs and
/// tests/vm_options.rs ask them of JVMs that do not look for such calls.
const MANAGED: &[(&str, &str)] = &[
    ("vmoption", "vmoption"),
    ("vmoption MaxHeapSize", "vmoption"),
    ("classloader-metaspace", "classloader-metaspace"),
    ("mbean", "mbean"),
    ("mbean java.lang:type=Memory", "mbean"),
    ("mbean -m java.lang:type=Memory", "mbean"),
];

/// What must work everywhere.
const SMOKE: &[(&str, &str)] = &[
    ("version", "version"),
    ("sysprop java.version", "sysprop"),
    ("thread -n 1 -i 50", "thread"),
    ("memory", "memory"),
    ("dashboard -n 1", "dashboard"),
    ("pwd", "pwd"),
    ("perfcounter", "perfcounter"),
    ("cat /proc/self/status", "cat"),
];

/// The main thread's id: 1 up to JDK 21 or so, 3 on JDK 25.
fn main_thread(java: &Java) -> String {
    let results = exec_json(java.pid(), "thread --all");
    let threads = result(&results, "thread")["threadStats"].as_array().cloned().unwrap_or_default();
    let main = threads.iter().find(|thread| thread["name"] == "main").expect("a main thread");
    main["id"].to_string()
}

fn run_all(java: &Java, lines: &[(&str, &str)]) {
    for (line, kind) in lines {
        let line = &line.replace("MAIN", &main_thread(java));
        let results = exec_json(java.pid(), line);
        let found = result(&results, kind);
        assert!(found.get("jobId").is_some_and(Value::is_u64), "{line}: {found}");
        let text = exec(java.pid(), line).ok();
        // The history of a session that ran nothing yet may be empty.
        assert!(!text.trim().is_empty() || line == "history", "{line} printed nothing");
        assert!(!text.contains('\x1b'), "{line}: escapes although nobody looks at a terminal");
    }
}

fn every_command(jdk: &Jdk) {
    let mut java = Java::demo(jdk);
    java.tell("block");
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    run_all(&java, LINES);
    if jdk.major >= 17 {
        run_all(&java, MANAGED);
    }
    java.assert_undisturbed();
    let folder = tempfile::tempdir().unwrap();
    for option in ["", "--live"] {
        let file = folder.path().join(format!("dump{option}.hprof"));
        exec_json(java.pid(), &format!("heapdump {option} {}", file.display()));
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.starts_with(b"JAVA PROFILE 1.0."), "JDK {}", jdk.major);
    }
    java.tell("gc");
    exec_json(java.pid(), "sysprop oxprobe.test.value 42");
    let value = exec_json(java.pid(), "sysprop oxprobe.test.value");
    assert_eq!(result(&value, "sysprop")["props"]["oxprobe.test.value"], "42");
    let stop = exec(java.pid(), "stop");
    assert_eq!(stop.code, 0, "{stop:#?}");
    java.assert_undisturbed();
}

#[test]
fn every_command_answers_on_jdk_8() {
    every_command(&jdk("8"));
}

#[test]
fn every_command_answers_on_jdk_11() {
    every_command(&jdk("11"));
}

#[test]
fn every_command_answers_on_jdk_17() {
    every_command(&jdk("17"));
}

#[test]
fn every_command_answers_on_jdk_21() {
    every_command(&jdk("21"));
}

#[test]
fn every_command_answers_on_jdk_25() {
    every_command(&jdk("25"));
}

#[test]
fn the_smoke_list_works_from_the_start_of_the_jvm() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame").with_agent("").start();
        run_all(&java, SMOKE);
        java.assert_undisturbed();
    }
}

#[test]
fn the_smoke_list_works_in_a_library_the_application_loads() {
    for jdk in jdks() {
        // JDK 8 warns of itself when a program loads a library, whichever that is.
        let theirs = ["jre/lib/amd64/libnpt.so", "lib/libprefs.so"].map(|path| jdk.home.join(path));
        let theirs = theirs.iter().find(|path| path.exists()).expect("the JDK has a small library");
        let mut program = JavaBuilder::new(&jdk, "LoadLibrary");
        if jdk.major >= 24 {
            // Since 24 the JVM warns of any library that a program not allowed to loads.
            program = program.vm("--enable-native-access=ALL-UNNAMED");
        }
        let control = program.clone().arg(&theirs.display().to_string()).start();
        let library = agent_library().display().to_string();
        let mut java = program.arg(&library).start();
        run_all(&java, SMOKE);
        java.assert_undisturbed_but(&control.process.output());
    }
}

#[test]
fn the_smoke_list_works_on_a_jre_without_the_attach_module() {
    for name in ["jre8", "jre17", "jre21", "jre25"] {
        let mut java = Java::demo(&jdk(name));
        run_all(&java, SMOKE);
        java.assert_undisturbed();
    }
}

/// An image with `java.base` only: each command answers, or fails naming the module it lacks.
#[test]
fn on_an_image_without_management_each_command_answers_or_names_the_module() {
    for name in ["base17", "base25"] {
        let mut java = Java::demo(&jdk(name));
        for (line, kind) in LINES {
            let line = &line.replace("MAIN", &main_thread(&java));
            let answer = Answer::of(&["exec", &java.pid().to_string(), "--json", line]);
            let last: Value = serde_json::from_str(answer.out.lines().last().unwrap_or_default()).unwrap();
            assert_eq!(last["type"], "status", "{line}: {answer:#?}");
            if last["statusCode"] == 0 {
                assert!(answer.out.contains(&format!("\"type\":\"{kind}\"")), "{line}: {answer:#?}");
            } else {
                let message = last["message"].as_str().unwrap_or_default();
                let modules = ["java.management", "jdk.management", "java.logging"];
                let names = modules.iter().any(|module| message.contains(module));
                assert!(names, "{name}: {line}: {message}");
            }
        }
        java.assert_undisturbed();
    }
}

#[test]
fn virtual_threads_are_listed_where_the_jvm_has_them() {
    for name in ["21", "25"] {
        let mut java = Java::demo(&jdk(name));
        java.tell("virtual 500");
        let results = exec_json(java.pid(), "thread --virtual --all");
        let stats = result(&results, "thread")["threadStats"].as_array().cloned().unwrap_or_default();
        let of_ours = stats.iter().filter(|thread| thread["virtual"] == true).count();
        assert!(of_ours >= 500, "JDK {name}: {of_ours} virtual threads of 500");
        let took = result(&results, "thread")["tookMs"].as_f64().unwrap_or(0.0);
        assert!(took > 0.0, "JDK {name}: it does not say how long that took");
        java.assert_undisturbed();
    }
}

#[test]
fn sessions_run_at_the_same_time_and_do_not_wait_for_each_other() {
    let java = Java::demo(&jdk("17"));
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    let mut slow = harness::LocalSocket::connect(java.pid());
    let mode = wire::Mode::Exec { line: "thread -n 1 -i 20000".to_owned(), json: true };
    let session = slow.open(mode, 1 << 20);
    let mut quick = harness::LocalSocket::connect(java.pid());
    let run = quick.exec("version");
    assert_eq!(run.done.status, 0, "{run:?}");
    assert!(run.total < std::time::Duration::from_secs(5), "{:?}", run.total);
    slow.send(session, wire::Message::Interrupt);
    loop {
        let frame = slow.receive().expect("the connection stays");
        if let wire::Message::Done(done) = frame.message {
            assert_ne!(done.status, 0);
            break;
        }
    }
}

#[test]
fn a_result_longer_than_a_frame_arrives_whole() {
    let java = JavaBuilder::new(&jdk("17"), "ManyThreads").vm("-Xss256k").arg("10000").start();
    let results = exec_json(java.pid(), "thread --all");
    let stats = result(&results, "thread")["threadStats"].as_array().cloned().unwrap_or_default();
    assert!(stats.len() >= 10_000, "{} threads", stats.len());
    assert!(
        result(&results, "thread").to_string().len() > wire::MAX_PAYLOAD,
        "the result is not longer than a frame"
    );
}
