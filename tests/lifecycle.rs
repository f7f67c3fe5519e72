//! Coming, going and staying: what is left after `stop`, what a JVM's end looks like, and what a
//! JVM that nobody asked to be probed notices.

use std::process::Command;
use std::time::{Duration, Instant};

use harness::client::result;
use harness::resources::{Holdings, slope, steady_slope, thread_names};
use harness::socket::path;
use harness::{
    Answer, Java, JavaBuilder, Jdk, agent_library, eventually, exec, exec_json, jdk, jdks, oxprobe,
};

/// Rounds of attach, use, stop.
const ROUNDS: usize = 300;

/// The first rounds load what the JVM loads once, and use up what its allocator has free; growth is judged
/// after them.
const WARM: usize = 150;

/// How often growth is looked at before it is a leak.
const LOOKS: u32 = 3;

/// Resident memory may grow by so many KiB a round. Measured on JDK 8, 17 and 25: 0.1 to 1.3 as it is, 2.6
/// to 4.4 when each attach leaks 4. What is seen without a leak: 145 bytes that HotSpot keeps for every attach, an entry in
/// its list of agents; and the lines of our log, until its 256 KiB are full. A block that the allocator takes once in the
/// middle of the rounds is no growth that goes on.
const RSS_LIMIT: f64 = 2.0;

fn rounds_leave_nothing(jdk: &Jdk) {
    // What the JVM itself takes meanwhile is kept out, or it would hide what we leave: the Java heap is
    // touched at the start; nothing is compiled, since one large method leaves up to 10 MiB of freed
    // memory with the compiler's thread; and the C library keeps one arena for all threads, not many of
    // which each grows to the most it ever held.
    let mut java = JavaBuilder::new(jdk, "demo.MathGame")
        .env("MALLOC_ARENA_MAX", "1")
        .vm("-Xint")
        .vm("-Xms64m")
        .vm("-Xmx64m")
        .vm("-XX:+AlwaysPreTouch")
        .vm("-Dbusy=1")
        .start();
    let pid = java.pid().to_string();
    let round = |java: &Java| {
        Answer::of(&["attach", &pid]).ok();
        exec_json(java.pid(), "thread -n 1 -i 1");
        exec_json(java.pid(), "memory");
        Answer::of(&["detach", &pid]).ok();
    };
    (0..WARM).for_each(|_| round(&java));
    // A leak goes on: growth over the limit is looked at again.
    for look in 1..=LOOKS {
        let mut rss = Vec::new();
        let mut threads = Vec::new();
        let mut descriptors = Vec::new();
        let mut classes = Vec::new();
        for number in WARM..ROUNDS {
            round(&java);
            our_threads_end(&java);
            let held = Holdings::of(java.pid());
            rss.push(held.rss_kib as f64);
            threads.push(held.threads as f64);
            descriptors.push(held.descriptors as f64);
            if number % 10 == 0 {
                classes.push(loaded_classes(&java));
            }
        }
        let report = format!(
            "JDK {}: per round {:+.2} KiB, {:+.3} threads, {:+.3} descriptors; per ten rounds {:+.3} classes",
            jdk.major,
            steady_slope(&rss),
            slope(&threads),
            slope(&descriptors),
            slope(&classes)
        );
        println!("{report}");
        assert!(slope(&threads).abs() < 0.02, "{report}");
        assert!(slope(&descriptors).abs() < 0.02, "{report}");
        assert!(slope(&classes).abs() < 0.2, "{report}");
        if steady_slope(&rss).abs() < RSS_LIMIT {
            break;
        }
        assert!(look < LOOKS, "{report}");
    }
    nothing_of_ours_is_left(&java);
    java.assert_undisturbed();
}

fn loaded_classes(java: &Java) -> f64 {
    let table = java.jdk_tool("jstat", &["-class"]);
    let loaded = table.lines().nth(1).and_then(|numbers| numbers.split_whitespace().next()?.parse().ok());
    loaded.unwrap_or_else(|| panic!("jstat said {table:?}"))
}

/// The thread that answers the stop ends, and closes what it has open, a moment after its answer.
fn our_threads_end(java: &Java) {
    eventually("our threads to end", || {
        thread_names(java.pid()).iter().all(|name| !name.starts_with("oxprobe")).then_some(())
    });
}

fn nothing_of_ours_is_left(java: &Java) {
    our_threads_end(java);
    let socket = path(java.pid());
    assert!(!socket.exists(), "{} is still there", socket.display());
    assert!(!socket.parent().unwrap().exists(), "the socket's folder is still there");
    if java.jdk.major >= 9 {
        let classes = java.jdk_tool("jcmd", &["GC.class_histogram", "-all"]);
        let ours = classes.lines().filter(|line| line.contains("oxprobe")).count();
        assert!(ours <= 3, "{ours} classes of ours");
    }
}

#[test]
fn three_hundred_rounds_leave_nothing_on_jdk_8() {
    rounds_leave_nothing(&jdk("8"));
}

#[test]
fn three_hundred_rounds_leave_nothing_on_jdk_17() {
    rounds_leave_nothing(&jdk("17"));
}

#[test]
fn three_hundred_rounds_leave_nothing_on_jdk_25() {
    rounds_leave_nothing(&jdk("25"));
}

#[test]
fn stop_ends_the_jobs_of_other_sessions_and_the_next_attach_works() {
    let mut java = Java::demo(&jdk("17"));
    let pid = java.pid().to_string();
    Answer::of(&["attach", &pid]).ok();
    let mut dashboard = harness::Running::start(oxprobe().args(["exec", &pid, "dashboard"]));
    dashboard.line("the first frame", |line| line.contains("busy-1"));
    let start = Instant::now();
    let stopped = exec(java.pid(), "stop");
    assert_eq!(stopped.code, 0, "{stopped:#?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_ne!(dashboard.wait().code(), Some(0), "an interrupted dashboard has not succeeded");
    nothing_of_ours_is_left(&java);
    let again = exec_json(java.pid(), "version");
    assert_eq!(result(&again, "version")["version"], env!("CARGO_PKG_VERSION"));
    java.assert_undisturbed();
}

#[test]
fn the_jvm_ends_as_quickly_and_with_the_same_code_while_a_job_runs() {
    for jdk in jdks() {
        let ends = |java: &mut harness::Java| {
            let start = Instant::now();
            java.process.close_input();
            let status = java.process.wait();
            assert_eq!(status.code(), Some(0), "JDK {}: {:?}", jdk.major, java.process.errors());
            start.elapsed()
        };
        let alone = ends(&mut harness::Java::demo(&jdk));
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame").with_agent("").start();
        let pid = java.pid().to_string();
        let mut dashboard = harness::Running::start(oxprobe().args(["exec", &pid, "dashboard -i 100"]));
        dashboard.line("the first frame", |line| line.contains("busy-1"));
        // What waited for the job would take its two seconds and more.
        let took = ends(&mut java);
        let limit = alone * 3 + Duration::from_secs(3);
        assert!(took < limit, "JDK {}: {took:?} rather than {alone:?}", jdk.major);
        assert_eq!(dashboard.wait().code(), Some(3), "the target is not reachable any more");
        java.assert_undisturbed();
    }
}

#[test]
fn who_comes_while_the_agent_stops_waits_for_its_end() {
    let mut java = harness::Java::demo(&jdk("17"));
    let pid = java.pid().to_string();
    for _ in 0..5 {
        // It ends with its own answer, before the agent is gone.
        harness::exec(java.pid(), "stop").ok();
        let attached = harness::Answer::of(&["attach", &pid]);
        assert!(attached.code == 0 && attached.err.contains(" attached to JVM "), "{attached:#?}");
    }
    java.assert_undisturbed();
}

#[test]
fn no_port_is_opened() {
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent("").start();
    exec_json(java.pid(), "version");
    let fds = std::fs::read_dir(format!("/proc/{}/fd", java.pid())).unwrap();
    let sockets: Vec<String> = fds
        .flatten()
        .filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .filter_map(|target| target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned))
        .collect();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let rows = std::fs::read_to_string(format!("/proc/{}/net/{table}", java.pid())).unwrap();
        for row in rows.lines().skip(1) {
            let inode = row.split_whitespace().nth(9).unwrap_or_default();
            assert!(!sockets.iter().any(|socket| socket == inode), "{table}: {row}");
        }
    }
}

#[test]
fn the_jdks_own_tools_start_and_print_as_without_the_agent() {
    let jdk = jdk("17");
    let option = format!("-agentpath:{}", agent_library().display());
    for (tool, args) in
        [("javac", &["-version"][..]), ("keytool", &["-help"]), ("jcmd", &["-l"]), ("jar", &["--version"])]
    {
        let run = |tool_options: Option<&str>| {
            let mut command = Command::new(jdk.tool(tool));
            command.args(args).env_remove("JAVA_TOOL_OPTIONS");
            if let Some(options) = tool_options {
                command.env("JAVA_TOOL_OPTIONS", options);
            }
            let out = command.output().unwrap();
            let text = |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes).into_owned();
                // The JVM itself says that it picked the options up; `jcmd -l` lists pids.
                let own =
                    text.lines().filter(|line| !line.starts_with("Picked up") && !line.contains("jdk.jcmd"));
                own.map(str::to_owned).collect::<Vec<_>>()
            };
            (out.status.code(), text(&out.stdout), text(&out.stderr))
        };
        // `jcmd -l` lists JVMs, and others may come and go between the two: then both are asked again.
        let mut pair = (run(Some(&option)), run(None));
        for _ in 0..10 {
            if pair.0 != pair.1 && tool == "jcmd" {
                pair = (run(Some(&option)), run(None));
            }
        }
        assert_eq!(pair.0, pair.1, "{tool}");
    }
}

#[test]
fn a_bad_option_or_an_unreachable_tunnel_never_stops_the_application() {
    let port = harness::tunnel::free_port();
    let options = format!("nonsense=1,tunnel-url=ws://127.0.0.1:{port}/ws,app-name,=,,log=/proc/nowhere/x");
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent(&options).start();
    let pid = java.pid().to_string();
    let session = exec(java.pid(), "session").ok();
    assert!(session.contains(&port.to_string()), "{session}");
    let log = Answer::of(&["log", &pid]).ok();
    assert!(log.contains("nonsense"), "{log}");
    java.assert_undisturbed();
}

#[test]
fn a_refused_tunnel_costs_less_than_a_hundredth_of_a_core() {
    let port = harness::tunnel::free_port();
    let options = format!("tunnel-url=ws://127.0.0.1:{port}/ws");
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-Dbusy=1").with_agent(&options).start();
    exec_json(java.pid(), "version");
    let used = || {
        ["oxprobe-io", "oxprobe-dial"]
            .map(|name| harness::resources::thread_cpu_seconds(java.pid(), name))
            .iter()
            .sum::<f64>()
    };
    let before = used();
    // The promise is about time that passes, so here time must pass.
    std::thread::sleep(Duration::from_secs(30));
    let share = (used() - before) / 30.0;
    println!("{:.3} % of a core", share * 100.0);
    assert!(share < 0.01, "{share}");
}
