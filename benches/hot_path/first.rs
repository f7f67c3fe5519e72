//! What the first retransformation costs a warmed-up application: up to JDK 21 a JVM that was not
//! told at its start that classes may change drops all compiled code then.
//!
//! The JVM's own compilation log says how many compiled methods it has dropped. What that costs depends on the
//! application and is lost in the noise of a shared machine; it is measured too, to be read.

use std::fs;
use std::path::Path;

use benches::row::{Row, median};
use harness::compare::number_after;
use harness::{Java, JavaBuilder, Jdk, Observation, exec_json};

/// 200 hot methods.
const CLASSES: &str = "50";
/// Dropped without us, in two seconds of a program that is warm.
const FEW: f64 = 20.0;

/// What happened in two seconds.
#[derive(Clone, Copy)]
struct Lost {
    /// Compiled methods that the JVM has dropped.
    methods: f64,
    /// CPU milliseconds of the application's thread above its usual pace.
    millis: f64,
}

fn dropped(log: &Path) -> usize {
    let log = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&log).matches("<make_not_entrant").count()
}

fn lost(java: &mut Java, log: &Path, act: impl FnOnce(&Java)) -> Lost {
    let before = dropped(log);
    java.process.say("lost 1900");
    java.process.line("the recording", |line| line == "recording");
    act(java);
    let line = java.process.line("what was lost", |line| line.starts_with("lost "));
    Lost { methods: (dropped(log) - before) as f64, millis: number_after(&line, "lost=") }
}

fn weave(java: &Java, method: &str) {
    drop(Observation::start(java, &format!("monitor -c 60 hot.Work {method}")).interrupt());
}

/// Without anything, first, second retransformation.
fn round(jdk: &Jdk, with_agent: bool) -> [Lost; 3] {
    let folder = tempfile::tempdir().expect("a folder for the log");
    let log = folder.path().join("compilations.xml");
    let builder = JavaBuilder::new(jdk, "hot.Many")
        .without_checks()
        .vm("-XX:+UnlockDiagnosticVMOptions")
        .vm("-XX:+LogCompilation")
        .vm(format!("-XX:LogFile={}", log.display()))
        .arg(CLASSES);
    let mut java = if with_agent { builder.with_agent("").start() } else { builder.start() };
    exec_json(java.pid(), "version");
    let without = lost(&mut java, &log, |java| drop(exec_json(java.pid(), "version")));
    let first = lost(&mut java, &log, |java| weave(java, "work"));
    // Another part of the class: woven again.
    let second = lost(&mut java, &log, |java| {
        drop(Observation::start(java, "trace hot.Work outer '#cost>1000'").interrupt());
    });
    assert!(log.exists(), "the JVM wrote no log");
    [without, first, second]
}

/// The rows of a JDK.
pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    eprintln!("JDK {}: the first retransformation", jdk.major);
    let late: Vec<[Lost; 3]> = (0..rounds).map(|_| round(jdk, false)).collect();
    let early: Vec<[Lost; 3]> = (0..rounds).map(|_| round(jdk, true)).collect();
    let pick = |all: &[[Lost; 3]], at: usize, of: fn(&Lost) -> f64| {
        median(&all.iter().map(|round| of(&round[at])).collect::<Vec<_>>())
    };
    let methods = |lost: &Lost| lost.methods;
    let row = |what: &str, all: &[[Lost; 3]], at, most| {
        let name = format!("{what}: compiled methods dropped (without: {:.0})", pick(all, 0, methods));
        Row::alone(&name, jdk, "", pick(all, at, methods), most)
    };
    let millis = |lost: &Lost| lost.millis;
    let cpu =
        format!("attached late, first (to be read): CPU lost (without: {:.0} ms)", pick(&late, 0, millis));
    vec![
        row("attached late, first (to be read)", &late, 1, 1e5),
        Row::alone(&cpu, jdk, "ms", pick(&late, 1, millis), 1e5),
        row("attached late, second", &late, 2, FEW),
        row("`-agentpath`, first", &early, 1, FEW),
    ]
}
