//! Observing what is hardest to observe: each scenario of `hostile.Main` checks itself, and what
//! our commands tell of it is counted by the scenario, not by us.

use std::time::{Duration, Instant};

use harness::resources::thread_names;
use harness::spy::assert_nobody_listens;
use harness::{Java, JavaBuilder, Jdk, Observation, eventually, exec, exec_json, jdks};
use serde_json::Value;

/// The scenarios on a JDK; a small heap, so that it is soon full.
fn hostile(jdk: &Jdk) -> JavaBuilder {
    JavaBuilder::new(jdk, "hostile.Main").vm("-Xmx64m")
}

/// After everything: nobody listens, classes go back, the scenario still works, nothing was printed.
fn leave(mut java: Java, scenarios: &[&str]) {
    assert_nobody_listens(&mut java);
    exec_json(java.pid(), "reset");
    scenarios.iter().for_each(|scenario| java.tell(scenario));
    assert_eq!(exec(java.pid(), "stop").code, 0);
    scenarios.iter().for_each(|scenario| java.tell(scenario));
    java.assert_undisturbed();
}

/// All method nodes of a trace's tree below a node, and the node.
fn nodes(node: &Value) -> Vec<&Value> {
    let children = node["children"].as_array().into_iter().flatten();
    std::iter::once(node).chain(children.flat_map(nodes)).collect()
}

fn times(trace: &Value, method: &str) -> u64 {
    let of_method = |node: &&Value| node["type"] == "method" && node["methodName"] == method;
    nodes(&trace["root"]).into_iter().filter(of_method).map(|node| node["times"].as_u64().unwrap_or(0)).sum()
}

#[test]
fn recursion_is_counted_call_by_call_and_traced_in_one_tree() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Recursion *");
        java.tell("recursion");
        for (method, calls) in [("fib", 1973), ("even", 51), ("odd", 50), ("locked", 501)] {
            assert_eq!(monitor.at_least("hostile.Recursion", method, calls), (calls, 0), "{method}");
        }
        monitor.interrupt();
        let mut trace = Observation::start(&java, "trace hostile.Recursion locked -n 1");
        let mut stack = Observation::start(&java, "stack hostile.Recursion locked -n 1");
        java.tell("recursion");
        let tree = trace.next("trace");
        // The outermost call and those within it, as far down as the tree goes.
        assert!(times(&tree, "locked") >= 25, "{tree}");
        let deepest = stack.next("stack");
        let locked = |frame: &&Value| frame["methodName"] == "locked";
        let frames = deepest["stackTrace"].as_array().into_iter().flatten().filter(locked).count();
        assert!(frames >= 20, "the innermost call returns first: {deepest}");
        trace.wait();
        stack.wait();
        leave(java, &["recursion"]);
    }
}

#[test]
fn each_call_of_many_threads_is_counted_whatever_the_compiler_does() {
    for jdk in jdks() {
        // Compiling all from the start takes half a minute under the checks of later JDKs.
        let compilers: &[&str] = match jdk.major {
            8 => &["-XX:+TieredCompilation", "-Xint", "-Xcomp"],
            _ => &["-XX:+TieredCompilation"],
        };
        for compiler in compilers {
            let mut java = hostile(&jdk).vm(*compiler).start();
            let monitor = Observation::start(&java, "monitor -c 1 hostile.Crowd next");
            for round in 1..=3 {
                let calls: u64 = java.ask("crowd").parse().unwrap();
                let all = round * calls;
                assert_eq!(monitor.at_least("hostile.Crowd", "next", all), (all, 0), "{compiler}");
            }
            monitor.interrupt();
            leave(java, &["recursion"]);
        }
    }
}

#[test]
fn exceptions_pass_through_as_they_were_and_are_counted_where_they_leave() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Thrown *");
        let trace = Observation::start(&java, "trace -n 50 hostile.Thrown outer");
        let stack = Observation::start(&java, "stack -n 50 hostile.Thrown *");
        java.tell("thrown");
        assert_eq!(monitor.at_least("hostile.Thrown", "outer", 10), (10, 4));
        assert_eq!(monitor.at_least("hostile.Thrown", "middle", 10), (10, 8));
        assert_eq!(monitor.at_least("hostile.Thrown", "inner", 10), (10, 8));
        assert_eq!(monitor.at_least("hostile.Thrown", "pass", 1), (1, 1));
        let trees = eventually("ten trees", || Some(trace.all("trace")).filter(|trees| trees.len() >= 10));
        let failed = |tree: &&Value| nodes(&tree["root"]).iter().any(|node| node["throw"] == true);
        assert_eq!(trees.iter().filter(failed).count(), 8, "{trees:#?}");
        for observation in [monitor, trace, stack] {
            observation.interrupt();
        }
        leave(java, &["thrown"]);
    }
}

#[test]
fn an_overflowing_stack_ends_with_its_error_and_nothing_else() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        java.ask("overflow");
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Overflow *");
        java.ask("overflow");
        let trace = Observation::start(&java, "trace -n 100000 hostile.Overflow *");
        let stack = Observation::start(&java, "stack -n 100000 hostile.Overflow * '#cost>1000000'");
        java.ask("overflow");
        for observation in [monitor, trace, stack] {
            observation.interrupt();
        }
        // The thread's own state of a trace is right again: a calm call has its ten steps.
        let mut calm = Observation::start(&java, "trace hostile.Overflow calm -n 1");
        java.ask("overflow");
        let tree = calm.next("trace");
        assert_eq!(times(&tree, "step"), 10, "{tree}");
        calm.wait();
        assert_nobody_listens(&mut java);
        exec_json(java.pid(), "reset");
        java.ask("overflow");
        // The JVM itself warns of stack overflows in a checked run; so the output is not looked at.
        assert!(java.process.is_alive());
    }
}

#[test]
fn a_full_heap_within_a_method_is_the_applications_own_error() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        java.tell("memory");
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Memory *");
        let trace = Observation::start(&java, "trace -n 100 hostile.Memory fill");
        let stack = Observation::start(&java, "stack -n 3 hostile.Memory fill");
        java.tell("memory");
        assert_eq!(monitor.at_least("hostile.Memory", "fill", 5), (5, 5));
        for observation in [monitor, trace, stack] {
            observation.interrupt();
        }
        leave(java, &["memory"]);
    }
}

#[test]
fn the_jvm_ends_from_within_an_observed_method_with_its_own_code() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let commands = ["monitor -c 1 hostile.Exits *", "trace hostile.Exits *", "stack hostile.Exits *"];
        let mut observations = commands.map(|line| Observation::start(&java, line));
        java.process.say("exit 7");
        let start = Instant::now();
        let status = java.process.wait();
        assert_eq!(status.code(), Some(7), "JDK {}: {:?}", jdk.major, java.process.errors());
        assert!(start.elapsed() < Duration::from_secs(5), "JDK {}: {:?}", jdk.major, start.elapsed());
        java.process.line("the shutdown hook", |line| line == "ok hook 14");
        observations.iter_mut().for_each(|observation| drop(observation.wait()));
        java.assert_undisturbed();
    }
}

#[test]
fn a_class_woven_before_its_first_use_is_initialised_once_late_and_in_order() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        // The outer class is loaded and not initialised, the inner ones are not even loaded.
        let monitor = Observation::start(&java, "monitor -L -c 1 hostile.Initialised* *");
        let trace = Observation::start(&java, "trace -n 100 hostile.Initialised step");
        java.tell("initialiser");
        assert_eq!(monitor.at_least("hostile.Initialised", "step", 6), (6, 0));
        assert_eq!(monitor.at_least("hostile.Initialised$Failing", "fail", 1), (1, 1));
        monitor.interrupt();
        trace.interrupt();
        leave(java, &["initialiser"]);
    }
}

#[test]
fn finalizers_and_reference_handlers_run_through_observed_methods() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        exec_json(java.pid(), "options unsafe true");
        let own = Observation::start(&java, "monitor -c 1 hostile.Finalised *");
        let jdks = Observation::start(&java, "monitor -c 1 java.nio.DirectByteBuffer$Deallocator run");
        let trace = Observation::start(&java, "trace -n 100000 hostile.Finalised finalize");
        let calls: u64 = java.ask("finalizers").parse().unwrap();
        assert_eq!(own.at_least("hostile.Finalised", "finalize", calls), (calls, 0));
        assert_eq!(own.at_least("hostile.Finalised", "clean", calls), (calls, 0));
        // Freed whenever the collector comes round; most have been by now.
        jdks.at_least("java.nio.DirectByteBuffer$Deallocator", "run", calls / 2);
        for observation in [own, jdks, trace] {
            observation.interrupt();
        }
        assert_nobody_listens(&mut java);
        exec_json(java.pid(), "reset");
        java.ask("finalizers");
        java.assert_undisturbed();
    }
}

#[test]
fn a_call_that_does_not_return_is_seen_in_flight_and_outlives_every_command() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Never *");
        let trace = Observation::start(&java, "trace hostile.Never stay");
        let flight = Observation::start(&java, "monitor --in-flight -c 1 hostile.Never stay");
        java.tell("enter");
        monitor.at_least("hostile.Never", "before", 1);
        eventually("the call in flight", || {
            let told = format!("{:?}", flight.all("in-flight"));
            (told.contains("never") && told.contains("stay")).then_some(())
        });
        assert_eq!(monitor.calls("hostile.Never", "stay"), (0, 0), "it has not returned");
        for observation in [monitor, trace, flight] {
            observation.interrupt();
        }
        assert_nobody_listens(&mut java);
        java.tell("release");
        // Once more: the classes go back, and the agent goes, while the call is inside.
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Never *");
        java.tell("enter");
        exec_json(java.pid(), "reset");
        drop(monitor);
        java.tell("release");
        let monitor = Observation::start(&java, "monitor -c 1 hostile.Never *");
        java.tell("enter");
        let start = Instant::now();
        assert_eq!(exec(java.pid(), "stop").code, 0);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        drop(monitor);
        java.tell("release");
        // It has answered before it is gone, and refuses whoever comes meanwhile.
        eventually("the agent is there again", || (exec(java.pid(), "version").code == 0).then_some(()));
        let again = Observation::start(&java, "monitor -c 1 hostile.Never *");
        java.tell("enter");
        java.tell("release");
        assert_eq!(again.at_least("hostile.Never", "stay", 1), (1, 0));
        again.interrupt();
        java.assert_undisturbed();
    }
}

#[test]
fn a_class_that_is_observed_can_be_unloaded_and_its_next_copies_are_observed_too() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        java.ask("load 3");
        let monitor = Observation::start(&java, "monitor -L -c 1 hostile.Loaded *");
        let trace = Observation::start(&java, "trace -L -n 100000 hostile.Loaded run");
        let mut steps = 0;
        for copies in [0, 5, 2] {
            let living: u64 = java.ask(&format!("load {copies}")).parse().unwrap();
            steps += living * 100;
            assert_eq!(monitor.at_least("hostile.Loaded", "step", steps), (steps, 0));
            java.tell("unload");
        }
        // Many more than are kept at once, so that what is not freed would show.
        for _ in 0..20 {
            java.ask("load 20");
            java.tell("unload");
        }
        monitor.interrupt();
        trace.interrupt();
        assert_nobody_listens(&mut java);
        java.assert_undisturbed();
    }
}

#[test]
fn stop_while_threads_are_inside_leaves_them_running() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        java.tell("busy 6");
        for round in 0..5 {
            let commands = [
                "monitor -c 1 hostile.Busy$Step *",
                "trace -n 100000 hostile.Busy$Step outer '#cost>0.5'",
                "stack -n 100000 hostile.Busy$Step failing",
            ];
            let mut observations = commands.map(|line| Observation::start(&java, line));
            observations[0].next("monitor");
            java.ask("report");
            // Also in the middle of putting classes back.
            if round % 2 == 1 {
                exec_json(java.pid(), "reset hostile.Busy*");
                java.ask("report");
            }
            let start = Instant::now();
            assert_eq!(exec(java.pid(), "stop").code, 0);
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
            java.ask("report");
            observations.iter_mut().for_each(|observation| drop(observation.wait()));
        }
        assert_nobody_listens(&mut java);
        eventually("our threads to end", || {
            thread_names(java.pid()).iter().all(|name| !name.starts_with("oxprobe")).then_some(())
        });
        java.assert_undisturbed();
    }
}
