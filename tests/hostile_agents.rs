//! Others who change the same classes: a debugger, OpenTelemetry's agent, Arthas; before us, after
//! us, and going again while we stay.

use std::process::Command;

use harness::spy::assert_nobody_listens;
use harness::tunnel::free_port;
use harness::{Java, JavaBuilder, Observation, Running, arthas, eventually, exec, exec_json, jdk, jdks};

const FIB: u64 = 1973;

/// The real `jdb` on a running program.
struct Debugger {
    jdb: Running,
}

impl Debugger {
    fn attach(java: &Java, port: u16) -> Self {
        let mut command = Command::new(java.jdk.tool("jdb"));
        command.env_remove("JAVA_TOOL_OPTIONS");
        command.args(["-connect", &format!("com.sun.jdi.SocketAttach:hostname=127.0.0.1,port={port}")]);
        let mut debugger = Self { jdb: Running::start(&mut command) };
        debugger.jdb.line("jdb to start", |line| line.contains("Initializing jdb"));
        debugger
    }

    fn says(&mut self, line: &str, part: &str) -> String {
        self.jdb.say(line);
        self.jdb.line(&format!("{part} after {line}"), |line| line.contains(part))
    }
}

#[test]
fn a_debugger_stops_steps_and_reads_variables_in_an_observed_method() {
    for jdk in jdks() {
        let port = free_port();
        let jdwp =
            format!("-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=127.0.0.1:{port}");
        // jdwp itself is not clean under -Xcheck:jni.
        let mut java =
            JavaBuilder::new(&jdk, "hostile.Main").without_checks().vm("-Xverify:all").vm(jdwp).start();
        let mut debugger = Debugger::attach(&java, port);
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Thrown *");
        let trace = Observation::start(&java, "trace -n 100 hostile.Thrown outer");
        debugger.says("stop in hostile.Thrown.inner", "Set breakpoint hostile.Thrown.inner");
        java.process.say("thrown");
        for call in 0..3 {
            debugger.jdb.line("the breakpoint", |line| line.contains("Breakpoint hit"));
            debugger.says("where", "hostile.Thrown.inner (Thrown.java:61)");
            debugger.jdb.line("its caller", |line| line.contains("hostile.Thrown.middle (Thrown.java:52)"));
            debugger.says("locals", &format!("n = {call}"));
            // From `switch` to the line of its case, past whatever was woven in.
            debugger.says("step", "Step completed");
            debugger.says("where", &format!("hostile.Thrown.inner (Thrown.java:{})", 63 + 2 * call));
            debugger.jdb.say("cont");
        }
        debugger.jdb.line("the breakpoint", |line| line.contains("Breakpoint hit"));
        debugger.says("clear hostile.Thrown.inner", "Removed");
        debugger.jdb.say("cont");
        java.process.line("the scenario's end", |line| line == "ok thrown");
        assert_eq!(monitor.at_least("hostile.Thrown", "inner", 10), (10, 8));
        monitor.interrupt();
        trace.interrupt();
        assert_nobody_listens(&mut java);
        exec_json(java.pid(), "reset");
        debugger.says("stop in hostile.Thrown.pass", "Set breakpoint hostile.Thrown.pass");
        java.process.say("thrown");
        debugger.jdb.line("the breakpoint after reset", |line| line.contains("Breakpoint hit"));
        debugger.says("locals", "own = ");
        debugger.says("clear hostile.Thrown.pass", "Removed");
        debugger.jdb.say("cont");
        java.process.line("the scenario's end", |line| line == "ok thrown");
        assert_eq!(exec(java.pid(), "stop").code, 0);
        java.tell("thrown");
        // jdb reads on where jdwp has said its own; nothing else may have been printed.
        java.assert_undisturbed();
    }
}

/// Spans of a kind that OpenTelemetry's agent has printed.
fn spans(java: &Java, kind: &str) -> usize {
    java.process
        .errors()
        .iter()
        .filter(|line| line.contains("LoggingSpanExporter") && line.contains(kind))
        .count()
}

fn spans_go_on(java: &mut Java, when: &str) {
    let before = ["SERVER", "CLIENT", "INTERNAL"].map(|kind| spans(java, kind));
    java.ask("handle 5");
    for (kind, before) in ["SERVER", "CLIENT", "INTERNAL"].into_iter().zip(before) {
        eventually(&format!("five more {kind} spans {when}"), || {
            (spans(java, kind) >= before + 5).then_some(())
        });
    }
}

#[test]
fn opentelemetry_goes_on_with_its_spans_while_its_methods_are_observed() {
    for jdk in ["8", "17", "25"].map(jdk) {
        let jar = harness::jdk::cache().join("opentelemetry-2.20.1/opentelemetry-javaagent-2.20.1.jar");
        assert!(jar.exists(), "no {}: run scripts/opentelemetry", jar.display());
        let mut java = JavaBuilder::new(&jdk, "hostile.Main")
            .without_checks()
            .vm("-Xverify:all")
            .vm(format!("-javaagent:{}", jar.display()))
            .vm("-Dotel.traces.exporter=console")
            .vm("-Dotel.metrics.exporter=none")
            .vm("-Dotel.logs.exporter=none")
            .vm("-Dotel.bsp.schedule.delay=100")
            .vm("-Dotel.instrumentation.methods.include=hostile.Web[answer]")
            .start();
        spans_go_on(&mut java, "without us");
        exec_json(java.pid(), "options unsafe true");
        // The method of the application that it changes, and the JDK's own that it hooks.
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Web *");
        let server = Observation::start(&java, "monitor -m 1000 -c 1 sun.net.httpserver.* *");
        let client = Observation::start(
            &java,
            "trace -m 1000 -n 5 sun.net.www.protocol.http.HttpURLConnection getInputStream",
        );
        spans_go_on(&mut java, "beside monitor and trace");
        assert_eq!(monitor.at_least("hostile.Web", "answer", 5), (5, 0));
        for observation in [monitor, server, client] {
            observation.interrupt();
        }
        assert_nobody_listens(&mut java);
        spans_go_on(&mut java, "with disabled probes");
        exec_json(java.pid(), "reset");
        spans_go_on(&mut java, "after reset");
        // Nothing of that agent's own is woven, whatever the pattern; but classes of others implement its interfaces.
        exec_json(java.pid(), "options disable-sub-class true");
        let refused = exec(java.pid(), "monitor -n 1 -m 100000 io.opentelemetry.* *");
        assert_ne!(refused.code, 0, "{refused:#?}");
        assert_eq!(exec(java.pid(), "stop").code, 0);
        spans_go_on(&mut java, "after stop");
        let said = java.process.errors();
        let wrong = |line: &&String| {
            line.contains("otel.javaagent") && (line.contains(" ERROR ") || line.contains(" WARN "))
        };
        let wrong: Vec<&String> = said.iter().filter(wrong).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn arthas_and_we_count_the_same_calls_whoever_comes_first_and_whoever_resets() {
    for jdk in ["8", "17", "25"].map(jdk) {
        for arthas_first in [true, false] {
            let mut java = JavaBuilder::new(&jdk, "hostile.Main").without_checks().vm("-Xverify:all").start();
            exec_json(java.pid(), "version");
            let agent = arthas::boot(&java, &[]);
            let line = "monitor -c 1 hostile.Recursion fib";
            let (ours, mut theirs) = if arthas_first {
                let theirs = agent.observe(line);
                (Observation::start(&java, line), theirs)
            } else {
                let ours = Observation::start(&java, line);
                (ours, agent.observe(line))
            };
            let both = |java: &mut Java, ours: &Observation, theirs: &mut arthas::Job, rounds: u64| {
                java.tell("recursion");
                assert_eq!(ours.at_least("hostile.Recursion", "fib", FIB * rounds), (FIB * rounds, 0));
                let seen = eventually("Arthas to count", || {
                    Some(theirs.calls("hostile.Recursion", "fib")).filter(|calls| *calls >= FIB * rounds)
                });
                assert_eq!(seen, FIB * rounds, "Arthas, first {arthas_first}, JDK {}", jdk.major);
            };
            both(&mut java, &ours, &mut theirs, 1);
            // More methods of the class, so that each transforms what the other has transformed.
            let more = Observation::start(&java, "trace -n 1 hostile.Recursion even");
            let theirs_more = agent.observe("trace -n 1 hostile.Recursion even");
            both(&mut java, &ours, &mut theirs, 2);
            drop((more, theirs_more));
            if arthas_first {
                // Ours goes, theirs stays.
                ours.interrupt();
                exec_json(java.pid(), "reset hostile.Recursion");
                java.tell("recursion");
                eventually("Arthas to count without us", || {
                    (theirs.calls("hostile.Recursion", "fib") >= FIB * 3).then_some(())
                });
                let again = Observation::start(&java, line);
                java.tell("recursion");
                assert_eq!(again.at_least("hostile.Recursion", "fib", FIB), (FIB, 0));
                again.interrupt();
                theirs.interrupt();
                assert_eq!(exec(java.pid(), "stop").code, 0);
                agent.stop();
            } else {
                // Theirs goes, ours stays.
                theirs.interrupt();
                agent.exec("reset");
                java.tell("recursion");
                assert_eq!(ours.at_least("hostile.Recursion", "fib", FIB * 3), (FIB * 3, 0));
                agent.stop();
                java.tell("recursion");
                assert_eq!(ours.at_least("hostile.Recursion", "fib", FIB * 4), (FIB * 4, 0));
                ours.interrupt();
                assert_nobody_listens(&mut java);
                assert_eq!(exec(java.pid(), "stop").code, 0);
            }
            java.tell("recursion");
            java.tell("thrown");
        }
    }
}
