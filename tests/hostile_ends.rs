//! Every way a command can end leaves nobody listening: the application itself looks.

use harness::spy::{assert_nobody_listens, assert_somebody_listens};
use harness::{
    Answer, Java, JavaBuilder, LocalSocket, Observation, Terminal, Tunnel, eventually, exec, exec_json, jdk,
    jdks,
};
use wire::{Message, TakeOver};

const COMMANDS: [&str; 3] = [
    "monitor -c 1 hostile.Busy$Step * 'params[0]>0'",
    "trace -n 100000 hostile.Busy$Step outer '#cost>0.001'",
    "stack -n 100000 hostile.Busy$Step failing 'params[0]==8'",
];

fn busy(version: &str) -> Java {
    let mut java = JavaBuilder::new(&jdk(version), "hostile.Main").start();
    java.tell("busy 2");
    java
}

/// Begins each command, sees that it listens, ends it so, and sees that nobody does.
fn each_ends(java: &mut Java, mut end: impl FnMut(&mut Java, Observation)) {
    for line in COMMANDS {
        let mut observation = Observation::start(java, line);
        observation.next(line.split(' ').next().unwrap());
        assert_somebody_listens(java);
        end(java, observation);
        assert_nobody_listens(java);
        java.ask("report");
    }
}

#[test]
fn a_limit_that_is_reached_leaves_nobody_listening() {
    for jdk in jdks() {
        let mut java = busy(&jdk.name);
        for line in COMMANDS {
            let line = line.replace("-n 100000", "").replace(" hostile", " -n 2 hostile");
            let kind = line.split(' ').next().unwrap().to_owned();
            let mut observation = Observation::start(&java, &line);
            let results = observation.wait();
            assert_eq!(
                results.iter().filter(|result| result["type"] == kind.as_str()).count(),
                2,
                "{results:#?}"
            );
            assert_nobody_listens(&mut java);
        }
        java.ask("report");
        java.assert_undisturbed();
    }
}

#[test]
fn a_time_out_leaves_nobody_listening() {
    let mut java = busy("17");
    for line in COMMANDS {
        let mut observation = Observation::start(&java, &line.replace(" hostile", " --timeout 1 hostile"));
        observation.wait();
        assert_nobody_listens(&mut java);
    }
    java.assert_undisturbed();
}

#[test]
fn ctrl_c_leaves_nobody_listening() {
    let mut java = busy("17");
    each_ends(&mut java, |_, observation| drop(observation.interrupt()));
    java.assert_undisturbed();
}

#[test]
fn a_killed_client_leaves_nobody_listening() {
    let mut java = busy("17");
    each_ends(&mut java, |_, mut observation| observation.kill());
    java.assert_undisturbed();
}

#[test]
fn stop_leaves_nobody_listening() {
    let mut java = busy("17");
    each_ends(&mut java, |java, mut observation| {
        assert_eq!(exec(java.pid(), "stop").code, 0);
        observation.wait();
    });
    java.assert_undisturbed();
}

#[test]
fn reset_leaves_nobody_listening() {
    let mut java = busy("17");
    each_ends(&mut java, |java, mut observation| {
        exec_json(java.pid(), "reset");
        observation.kill();
    });
    java.assert_undisturbed();
}

#[test]
fn a_newer_agent_that_takes_over_finds_nobody_listening() {
    let mut java = busy("17");
    each_ends(&mut java, |java, mut observation| {
        let mut newer = LocalSocket::connect(java.pid());
        newer.send(0, Message::TakeOver(TakeOver { product: "999.0.0".to_owned() }));
        // Closed by the old one at its end.
        while newer.receive().is_some() {}
        observation.wait();
    });
    java.assert_undisturbed();
}

/// What ends a terminal that a browser has open.
fn in_a_terminal(end: impl Fn(Terminal, &mut Tunnel)) {
    let mut java = busy("17");
    for line in COMMANDS {
        let data = tempfile::tempdir().unwrap();
        let mut tunnel = Tunnel::start(data.path());
        let mut terminal = Terminal::open(&tunnel, &java, "ends");
        terminal.keys(&format!("{line}\r"));
        terminal.until(|text| text.contains("Affect") || text.contains("hostile.Busy$Step:"));
        eventually("the gate to open", || {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| assert_somebody_listens(&mut java))).ok()
        });
        end(terminal, &mut tunnel);
        assert_nobody_listens(&mut java);
        java.ask("report");
        Answer::of(&["detach", &java.pid().to_string()]).ok();
    }
    java.assert_undisturbed();
}

#[test]
fn a_closed_tab_leaves_nobody_listening() {
    in_a_terminal(|terminal, _| terminal.close());
}

#[test]
fn a_browser_that_crashes_leaves_nobody_listening() {
    in_a_terminal(|terminal, _| terminal.cut());
}

#[test]
fn ctrl_c_in_a_terminal_leaves_nobody_listening() {
    in_a_terminal(|mut terminal, _| {
        terminal.keys("\x03");
        let prompt = terminal.prompt.clone();
        terminal.until(|text| text.contains(&prompt));
    });
}

#[test]
fn a_killed_tunnel_leaves_nobody_listening() {
    in_a_terminal(|_terminal, tunnel| tunnel.kill());
}
