//! Where `jad`'s decompiler runs: beside the client, beside the tunnel server, or in the JVM itself, and what it must leave
//! there: nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::client::result;
use harness::resources::{Holdings, slope, steady_slope};
use harness::{
    Answer, Java, JavaBuilder, Jdk, Running, Tunnel, agent_library, eventually, exec, exec_json, jdk, oxprobe,
};
use serde_json::Value;

/// The folder of the jars beside the agent's library.
fn parts() -> PathBuf {
    let folder = agent_library().parent().unwrap().join("java");
    assert!(folder.join("cfr-0.152.jar").exists(), "no jars in {}: run scripts/parts", folder.display());
    folder
}

/// The client with this as its Java. `none`: the decompiler runs in the JVM.
fn client(program: &str, java: &Java, line: &str) -> Command {
    parts();
    let mut command = oxprobe();
    command.env("OXPROBE_JAVA", program).args(["exec", &java.pid().to_string(), "--json", line]);
    command
}

fn answer(program: &str, java: &Java, line: &str) -> Answer {
    client(program, java, line).output().unwrap().into()
}

fn results(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.code, 0, "{answer:#?}");
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `jad` shows, with this as the client's Java.
fn jad(program: &str, java: &Java, line: &str) -> Value {
    shown(&answer(program, java, &format!("jad {line}")))
}

fn shown(answer: &Answer) -> Value {
    let mut shown = result(&results(answer), "jad").clone();
    shown.as_object_mut().unwrap().remove("jobId");
    shown
}

/// What it shows where the decompiler runs in the JVM.
fn source(java: &Java, line: &str) -> String {
    jad("none", java, &format!("--source-only {line}"))["source"].as_str().unwrap().to_owned()
}

/// What is refused there, in a sentence.
fn refused(java: &Java, line: &str) -> String {
    let answer = answer("none", java, &format!("jad {line}"));
    assert_eq!(answer.code, 1, "{answer:#?}");
    answer.out
}

/// A class of each kind: with classes within it, generic, long, with lambdas, of the boot loader; one method; other style.
const LINES: &[&str] = &[
    "values.Kinds",
    "values.Main",
    "values.Kinds$Color",
    "values.Main main --lineNumber false",
    "values.Main --hideUnicode --source-only",
    "java.util.HashMap",
    "java.lang.Integer",
];

#[test]
fn the_client_makes_what_the_jvm_makes_and_the_jvm_loads_nothing_for_it() {
    for name in ["8", "17", "25"] {
        let mut java = JavaBuilder::new(&jdk(name), "values.Main").start();
        let program = jdk(name).tool("java").display().to_string();
        let first = loaded_ever(&java);
        // First there: which of the JDK's classes within a class are loaded decides on the order of its methods.
        let here: Vec<Value> = LINES.iter().map(|line| jad("none", &java, line)).collect();
        let before = loaded_ever(&java);
        for (line, here) in LINES.iter().zip(&here) {
            assert_eq!(bare(&jad(&program, &java, line)), bare(here), "JDK {name}: {line}");
        }
        let more = loaded_ever(&java) - before;
        assert!(before - first > 800 && more < 100, "JDK {name}: {first}, {before}, and then {more} classes");
        java.assert_undisturbed();
    }
}

/// Without the numbers of lines: of several lines in one CFR tells them in an order that changes from run to run.
fn bare(of: &Value) -> (Value, Vec<String>) {
    let lines = of["source"].as_str().unwrap().lines();
    let code = |line: &str| line.split_once("*/ ").map_or(line, |(_, rest)| rest).trim().to_owned();
    (of["classInfo"].clone(), lines.map(code).collect())
}

/// How many classes the JVM has ever loaded.
fn loaded_ever(java: &Java) -> i64 {
    let results = exec_json(java.pid(), "jvm");
    let loading = result(&results, "jvm")["jvmInfo"]["CLASS-LOADING"].as_array().unwrap();
    let total = loading.iter().find(|one| one["name"] == "TOTAL-LOADED-CLASS-COUNT").expect("a count");
    total["value"].as_i64().unwrap()
}

#[test]
fn a_heap_without_room_is_no_hindrance_to_the_client() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-Xmx12m").start();
    assert!(refused(&java, "demo.MathGame").contains("MB of heap"));
    let program = jdk("17").tool("java").display().to_string();
    let made = jad(&program, &java, "demo.MathGame run");
    assert!(made["source"].as_str().unwrap().contains("run()"), "{made}");
    java.assert_undisturbed();
}

/// A program in Java's place.
fn program(folder: &Path, name: &str, script: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn where_the_client_cannot_it_is_done_in_the_jvm() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = Java::demo(&jdk("17"));
    let made = jad("none", &java, "demo.MathGame run");
    let real = jdk("17").tool("java").display().to_string();
    for (name, script) in [
        ("fails", "exit 1".to_owned()),
        ("chatters", "exec cat /dev/zero".to_owned()),
        ("says-less", "printf '\\000\\000\\000\\011short'".to_owned()),
        ("says-much", "printf '\\177\\000\\000\\011'; exec cat /dev/zero".to_owned()),
        ("says-nonsense", "printf '\\000\\000\\000\\005nonse'; exec sleep 1000".to_owned()),
        ("dies", format!("{real} \"$@\" & sleep 0.3; kill -9 $!; wait")),
    ] {
        assert_eq!(jad(&program(folder.path(), name, &script), &java, "demo.MathGame run"), made, "{name}");
    }
    // Somebody's options, and an agent, for all of his JVMs.
    let mut with_options = client(&real, &java, "jad demo.MathGame run");
    with_options.env("JAVA_TOOL_OPTIONS", "-agentpath:/none/such.so").env("JDK_JAVA_OPTIONS", "-Xmx1k");
    let answer: Answer = with_options.env("CLASSPATH", "/none").output().unwrap().into();
    assert_eq!(shown(&answer), made);
    java.assert_undisturbed();
    let wrong = answer_of_a_wrong_java(&java);
    assert!(wrong.code == 0 && wrong.err.contains("OXPROBE_JAVA: /none/such is no program"), "{wrong:#?}");
}

fn answer_of_a_wrong_java(java: &Java) -> Answer {
    answer("/none/such", java, "jad demo.MathGame run")
}

/// The processes that this one has started.
fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    tasks
        .flat_map(|task| of(task).split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}

#[test]
fn whoever_ends_the_decompiler_ends_with_him() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = Java::demo(&jdk("17"));
    let hangs = program(folder.path(), "hangs", "exec sleep 1000");
    let start = || {
        let running = Running::start(&mut client(&hangs, &java, "jad demo.MathGame run"));
        let decompiler = eventually("a decompiler to start", || children(running.pid()).first().copied());
        (running, decompiler, Instant::now())
    };
    // Ctrl-C.
    let (mut running, decompiler, since) = start();
    running.signal("INT");
    assert_eq!(running.wait().code(), Some(1));
    assert!(!is_running(decompiler), "it is still there");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    // The client is killed: a real one notices that nobody listens.
    let real = jdk("17").tool("java").display().to_string();
    let slow = program(folder.path(), "slow", &format!("sleep 1; exec {real} \"$@\""));
    let mut running = Running::start(&mut client(&slow, &java, "jad demo.MathGame run"));
    let decompiler = eventually("a decompiler to start", || children(running.pid()).first().copied());
    running.kill();
    eventually("the decompiler to end", || (!is_running(decompiler)).then_some(()));
    // The agent goes.
    let (mut running, decompiler, _) = start();
    assert_eq!(exec(java.pid(), "stop").code, 0);
    running.wait();
    assert!(!is_running(decompiler), "it is still there");
    java.assert_undisturbed();
}

/// An agent without a jar, whose server has it.
struct Poor {
    tunnel: Tunnel,
    java: Java,
    id: String,
    /// The agent's, and the server's.
    _folders: [tempfile::TempDir; 2],
}

impl Poor {
    /// With this as the server's Java.
    fn start(program: &str) -> Self {
        let [folder, data] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let library = copied(folder.path(), "liboxprobe.so");
        let alone = copied(folder.path(), "oxprobe");
        let tunnel = Tunnel::start_with(data.path(), &["--java", program]);
        let java = Java::demo(&jdk("17"));
        let options = format!("tunnel-url={}?token={},app-name=poor", tunnel.agent_url(), tunnel.token);
        let mut attach = Command::new(&alone);
        attach.env("OXPROBE_AGENT", &library).args(["attach", &java.pid().to_string(), "-o", &options]);
        assert!(attach.status().unwrap().success());
        let id = tunnel.agent("poor")["id"].as_str().unwrap().to_owned();
        Self { tunnel, java, id, _folders: [folder, data] }
    }
}

#[test]
fn through_a_tunnel_the_server_decompiles() {
    let program = jdk("17").tool("java").display().to_string();
    let Poor { tunnel, mut java, id, _folders } = Poor::start(&program);
    let line = "jad --source-only demo.MathGame run";
    let first = tunnel.exec(&id, line);
    assert!(first.contains("illegalArgumentCount"), "{first}");
    let before = loaded_ever(&java);
    assert_eq!(tunnel.exec(&id, line), first);
    let more = loaded_ever(&java) - before;
    assert!(more < 100, "{more} classes were loaded");
    assert_eq!(first.trim_end(), source(&java, "demo.MathGame run").trim_end());
    // Told in more than one message.
    let long = tunnel.exec(&id, "jad --source-only java.util.concurrent.ConcurrentHashMap putVal");
    assert!(long.contains("putVal(K key, V value, boolean onlyIfAbsent)"), "{long}");
    java.assert_undisturbed();
}

/// What runs at the server for an agent ends with that agent; and one agent takes no more places than there are.
#[test]
fn what_the_server_decompiles_ends_with_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    let hangs = program(folder.path(), "hangs", "exec sleep 1000");
    let data = tempfile::tempdir().unwrap();
    let mut tunnel = Tunnel::start_with(data.path(), &["--java", &hangs]);
    let java = Java::demo(&jdk("17"));
    let options = format!("tunnel-url={}?token={},app-name=ends", tunnel.agent_url(), tunnel.token);
    let attached = Answer::of(&["attach", &java.pid().to_string(), "-o", &options]);
    assert_eq!(attached.code, 0, "{attached:#?}");
    let id = tunnel.agent("ends")["id"].as_str().unwrap().to_owned();
    let server = tunnel.process().pid();
    std::thread::scope(|scope| {
        let tunnel = &tunnel;
        let asked = scope.spawn(move || {
            tunnel.request(
                "POST",
                &format!("/api/agents/{id}/exec"),
                Some(&serde_json::json!({
                    "line": "jad demo.MathGame run", "timeoutMs": 60_000
                })),
            )
        });
        let decompiler = eventually("a decompiler to start", || children(server).first().copied());
        assert_eq!(exec(java.pid(), "stop").code, 0);
        eventually("the decompiler to end", || (!is_running(decompiler)).then_some(()));
        asked.join().unwrap();
    });
    assert!(children(server).is_empty());
}

/// A copy of our binaries in a folder without jars.
fn copied(folder: &Path, name: &str) -> PathBuf {
    let from = agent_library().parent().unwrap().join(name);
    let to = folder.join(name);
    std::fs::copy(from, &to).unwrap();
    to
}

#[test]
fn the_jar_comes_from_the_option_from_the_client_or_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let library = copied(folder.path(), "liboxprobe.so");
    let alone = copied(folder.path(), "oxprobe");
    let run = |program: &Path, java: &Java, more: &[&str]| -> Answer {
        let mut command = Command::new(program);
        command.env("OXPROBE_AGENT", &library).env("OXPROBE_JAVA", "none");
        command.args(["exec", &java.pid().to_string()]).args(more);
        command.output().unwrap().into()
    };
    let asked = ["jad --source-only demo.MathGame run"];
    let java = Java::demo(&jdk("17"));
    // Neither the agent nor its client has it.
    let nobody = run(&alone, &java, &asked);
    assert!(
        nobody.code == 1 && nobody.err.contains("cfr-0.152.jar") && nobody.err.contains("--bytecode"),
        "{nobody:#?}"
    );
    assert_eq!(run(&alone, &java, &["jad --bytecode demo.MathGame run"]).code, 0);
    // A client with a jar that was changed.
    let java_dir = folder.path().join("java");
    std::fs::create_dir(&java_dir).unwrap();
    std::fs::write(java_dir.join("cfr-0.152.jar"), b"not this one").unwrap();
    let other = run(&alone, &java, &asked);
    assert!(other.err.contains("another version"), "{other:#?}");
    std::fs::remove_dir_all(&java_dir).unwrap();
    // A client that has it: the usual one, beside which it lies.
    let with = agent_library().parent().unwrap().join("oxprobe");
    let lent = run(&with, &java, &asked).ok();
    assert!(lent.contains("illegalArgumentCount"), "{lent}");
    // The option.
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").start();
    let option = format!("java-dir={}", parts().display());
    let mut attach = Command::new(&alone);
    attach.env("OXPROBE_AGENT", &library).args(["attach", &java.pid().to_string(), "-o", &option]);
    assert!(attach.status().unwrap().success());
    assert_eq!(run(&alone, &java, &asked).ok(), lent);
}

#[test]
fn through_a_tunnel_the_server_lends_the_jar() {
    let Poor { mut tunnel, mut java, id, _folders } = Poor::start("none");
    let line = "jad --source-only demo.MathGame run";
    let first = tunnel.exec(&id, line);
    assert!(first.contains("illegalArgumentCount"), "{first}");
    // Again after both were apart.
    tunnel.restart();
    let id = tunnel.agent("poor")["id"].as_str().unwrap().to_owned();
    assert_eq!(tunnel.exec(&id, line), first);
    java.assert_undisturbed();
}

#[test]
fn a_heap_without_room_is_left_alone() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-Xmx12m").start();
    let why = refused(&java, "demo.MathGame");
    assert!(why.contains("MB of heap") && why.contains("--bytecode"), "{why}");
    java.assert_undisturbed();
}

/// A small heap that is mostly live: what earlier jobs have left in it is no reason to refuse the next one.
#[test]
fn a_small_heap_with_garbage_has_room_for_one_job_after_the_other() {
    let small = |live: &str| {
        let live = format!("-Ddo=alloc {live}");
        JavaBuilder::new(&jdk("17"), "demo.MathGame").without_checks().vm("-Xmx96m").vm(live).start()
    };
    let mut java = small("40");
    let mut told = Vec::new();
    for round in 0..12 {
        let results = results(&answer("none", &java, "jad demo.MathGame run"));
        assert!(result(&results, "jad")["source"].as_str().unwrap().contains("run()"), "round {round}");
        told.extend(results.iter().filter(|one| one["type"] == "message").map(|one| one["message"].clone()));
    }
    // The application pays for each collection, so there are few.
    let collected = |told: &Value| told.as_str().unwrap().contains("was collected first, in ");
    assert!(told.len() <= 5 && told.iter().all(collected), "{told:#?}");
    java.assert_undisturbed();
    let mut full = small("74");
    let why = refused(&full, "demo.MathGame");
    assert!(why.contains("are left, even after a collection") && why.contains("--bytecode"), "{why}");
    full.assert_undisturbed();
}

/// What rounds of decompiling leave in a JVM: after each one the JVM has as many classes as before, once it has collected
/// and its compilers have let go of methods that they had in their queues.
fn rounds(jdk: &Jdk, rounds: usize, warm: usize) {
    let mut java = JavaBuilder::new(jdk, "demo.MathGame").without_checks().start();
    let live = |java: &mut Java| {
        java.tell("gc");
        loaded(java)
    };
    // The bean's classes come with the first question.
    metaspace_used(&java);
    let mut before = None;
    let (mut metaspace, mut descriptors) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        assert!(!source(&java, "demo.MathGame run").is_empty());
        match before {
            // The first rounds load classes of the JDK.
            _ if round < warm => {}
            None => before = Some(settled(&mut java, live)),
            Some(before) => {
                // The JDK loads one more of its own now and then; the decompiler has 900.
                eventually("the decompiler's classes to go", || {
                    (live(&mut java) <= before + 20).then_some(())
                });
            }
        }
        if round > warm {
            metaspace.push(metaspace_used(&java));
            descriptors.push(Holdings::of(java.pid()).descriptors as f64);
        }
    }
    let report = format!(
        "JDK {}: per round {:+.2} KiB of metaspace, {:+.3} descriptors",
        jdk.major,
        steady_slope(&metaspace),
        slope(&descriptors)
    );
    println!("{report}");
    // What the JVM learns of its own methods while they are new lies there, too; one decompiler is 5,000 KiB.
    let limit = if rounds > 100 { 2.0 } else { 32.0 };
    assert!(steady_slope(&metaspace) < limit, "{report}");
    // A leak is one a round; a connection that is not yet closed is one now and then.
    let limit = if rounds > 100 { 0.05 } else { 0.5 };
    assert!(slope(&descriptors).abs() < limit, "{report}");
}

/// All classes that the JVM has. Its own counters count each class file that was shown, too.
fn loaded(java: &Java) -> usize {
    let results = exec_json(java.pid(), "sc *");
    let names = results.iter().filter_map(|one| one["classNames"].as_array());
    names.map(Vec::len).sum()
}

/// The number of classes once it no longer falls.
fn settled(java: &mut Java, live: impl Fn(&mut Java) -> usize) -> usize {
    let mut last = live(java);
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_millis(200));
        last = last.min(live(java));
    }
    last
}

/// In KiB, as the JVM's bean says. jstat needs a file in /tmp, which the start of another JVM may take away on JDK 8.
fn metaspace_used(java: &Java) -> f64 {
    let results = exec_json(java.pid(), "memory");
    let pools = result(&results, "memory")["memoryInfo"]["nonheap"].as_array().unwrap();
    let pool = pools.iter().find(|pool| pool["name"] == "metaspace").expect("a pool metaspace");
    pool["used"].as_f64().unwrap() / 1024.0
}

/// A named logger is given to the next decompiler, too: what it holds would stay for as long as one works at each
/// collection.
#[test]
fn the_decompiler_takes_no_loggers_of_the_application() {
    for name in ["8", "17"] {
        let java = Java::demo(&jdk(name));
        assert!(!source(&java, "demo.MathGame").is_empty());
        let names =
            "@java.util.Collections@list(@java.util.logging.LogManager@getLogManager().getLoggerNames())";
        let shown = exec(java.pid(), &format!("ognl {names}")).ok();
        assert!(shown.contains("global") && !shown.contains("benf"), "JDK {name}: {shown}");
    }
}

#[test]
fn the_decompiler_is_gone_after_each_job_on_jdk_8() {
    rounds(&jdk("8"), 12, 3);
}

#[test]
fn the_decompiler_is_gone_after_each_job_on_jdk_17() {
    rounds(&jdk("17"), 12, 3);
}

/// For the desk: minutes.
#[test]
#[ignore = "minutes; the two above are its slices"]
fn five_hundred_rounds_leave_nothing() {
    for name in ["8", "17", "25"] {
        rounds(&jdk(name), 500, 50);
    }
}
