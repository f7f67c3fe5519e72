//! Starting a JVM with the agent: time to the first line of `main`, and whether the class archive
//! (CDS) is still used.

use std::collections::BTreeSet;
use std::time::Instant;

use harness::{JavaBuilder, Jdk, arthas};

use benches::row::{Row, Target, median};

pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    let plain = JavaBuilder::new(jdk, "demo.MathGame").without_checks();
    let ours = plain.clone().with_agent("");
    let javaagent = format!("-javaagent:{}", arthas::home().join("arthas-agent.jar").display());
    let theirs = plain.clone().vm(javaagent).vm("-Darthas.telnetPort=-1").vm("-Darthas.httpPort=-1");
    // Not counted: the first starts read the JDK and the agents from disk.
    for builder in [&plain, &ours, &theirs] {
        time(builder);
    }
    let [mut without, mut with, mut peer] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds.max(5) * 4 {
        let base = time(&plain);
        without.push(base);
        // Within a round, since the machine's speed drifts.
        with.push(time(&ours) - base);
        peer.push(time(&theirs) - base);
    }
    let mut sorted = without;
    sorted.sort_by(f64::total_cmp);
    let noise = sorted[sorted.len() * 3 / 4] - sorted[sorted.len() / 4];
    let archive = shared_classes(&plain);
    let lost = |builder: &JavaBuilder| archive.difference(&shared_classes(builder)).count() as f64;
    vec![
        Row::beside(
            "added to JVM start (limit: spread of starts without)",
            jdk,
            "ms",
            median(&peer),
            median(&with),
            Target::AtMost(noise.max(5.0)),
        ),
        Row::beside(
            "classes no longer from the archive",
            jdk,
            "",
            lost(&theirs),
            lost(&ours),
            Target::AtMost(0.0),
        ),
    ]
}

/// Milliseconds from starting the process to the first line of `main`.
fn time(builder: &JavaBuilder) -> f64 {
    let start = Instant::now();
    let _java = builder.start();
    start.elapsed().as_secs_f64() * 1e3
}

/// The classes of a start that came from the archive.
fn shared_classes(builder: &JavaBuilder) -> BTreeSet<String> {
    let mut java = builder.clone().vm("-Xlog:class+load:file=/dev/stderr").start();
    java.process.close_input();
    java.process.wait();
    let errors = java.process.errors();
    let shared = errors.iter().filter(|line| line.contains("shared objects file"));
    // `[0.010s][info][class,load] java.lang.Object source: shared objects file`
    let name = |line: &String| line.split_once(" source:")?.0.rsplit(' ').next().map(str::to_owned);
    shared.filter_map(name).collect()
}
