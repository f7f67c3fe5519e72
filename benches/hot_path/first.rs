//! What the first retransformation costs a warmed-up application: up to JDK 21 a JVM that was not
//! told at its start that classes may change drops all compiled code then.

use benches::row::{Row, median};
use harness::compare::number_after;
use harness::{Java, JavaBuilder, Jdk, Observation, exec_json};

/// 200 hot methods.
const CLASSES: &str = "50";

/// CPU milliseconds that the application's thread lost in two seconds while `act` was done.
fn lost(java: &mut Java, act: impl FnOnce(&Java)) -> f64 {
    java.process.say("lost 1900");
    java.process.line("the recording", |line| line == "recording");
    act(java);
    let line = java.process.line("what was lost", |line| line.starts_with("lost "));
    number_after(&line, "lost=")
}

fn weave(java: &Java, method: &str) {
    drop(Observation::start(java, &format!("monitor -c 60 hot.Work {method}")).interrupt());
}

/// Without anything, first, second retransformation.
fn round(jdk: &Jdk, with_agent: bool) -> [f64; 3] {
    let builder = JavaBuilder::new(jdk, "hot.Many").without_checks().arg(CLASSES);
    let mut java = if with_agent { builder.with_agent("").start() } else { builder.start() };
    exec_json(java.pid(), "version");
    let without = lost(&mut java, |java| drop(exec_json(java.pid(), "version")));
    let first = lost(&mut java, |java| weave(java, "work"));
    // Another part of the class: woven again.
    let second = lost(&mut java, |java| {
        drop(Observation::start(java, "trace hot.Work outer '#cost>1000'").interrupt());
    });
    [without, first, second]
}

/// Each row also says what is lost without a retransformation in the same JVM: what the machine makes of nothing.
pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    eprintln!("JDK {}: the first retransformation", jdk.major);
    let late: Vec<[f64; 3]> = (0..rounds).map(|_| round(jdk, false)).collect();
    let early: Vec<[f64; 3]> = (0..rounds).map(|_| round(jdk, true)).collect();
    let pick = |all: &[[f64; 3]], at: usize| median(&all.iter().map(|round| round[at]).collect::<Vec<_>>());
    let row = |what: &str, all: &[[f64; 3]], at, most| {
        let name = format!("{what}: CPU lost (without: {:.0} ms)", pick(all, 0));
        Row::alone(&name, jdk, "ms", pick(all, at), most)
    };
    // What a busy machine makes of nothing.
    let noise = pick(&late, 0).max(pick(&early, 0)).max(30.0) * 2.0 + 50.0;
    vec![
        row("attached late, first (to be read)", &late, 1, 1e5),
        row("attached late, second", &late, 2, noise + 100.0),
        row("`-agentpath`, first", &early, 1, noise),
    ]
}
