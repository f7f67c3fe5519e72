//! Weaving 1,500 classes: how long, how much memory, how long everything stands still.

use std::time::{Duration, Instant};

use benches::row::{Row, Target, median};
use harness::resources::Holdings;
use harness::{Java, JavaBuilder, Jdk};

use crate::side::Side;
use crate::stops;

const CLASSES: u32 = 1_500;

/// What weaving took.
#[derive(Clone, Copy)]
struct Taken {
    seconds: f64,
    rss_mb: f64,
    reset_seconds: f64,
    longest_stop: f64,
}

fn rss_mb(java: &Java) -> f64 {
    Holdings::of(java.pid()).rss_kib as f64 / 1024.0
}

/// Lets the JIT compile again what the agent's first change of a class has thrown away, which takes megabytes and is no
/// part of weaving: the program runs for two seconds, then its memory stays as it is for half a second.
fn settle(java: &mut Java) -> f64 {
    java.process.say("lost 2000");
    java.process.line("the program to have run", |line| line.starts_with("lost "));
    let mut last = rss_mb(java);
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(500));
        let now = rss_mb(java);
        if (now - last).abs() < 0.1 {
            break;
        }
        last = now;
    }
    last
}

fn sum(java: &mut Java) -> String {
    java.process.say("cycle");
    java.process.line("a cycle", |line| line.starts_with("cycle "))
}

fn round(jdk: &Jdk, methods: &str, side: fn(&Java) -> Side) -> Taken {
    let log = tempfile::NamedTempFile::new().expect("a file for the log");
    let builder =
        JavaBuilder::new(jdk, "hot.Many").without_checks().vm("-Dwarm=500").arg(&CLASSES.to_string());
    let mut java = stops::logged(builder, jdk, log.path()).start();
    let expected = sum(&mut java);
    let agent = side(&java);
    // The agent's own start is no part of it.
    agent.begin(&java, "monitor -c 60 hot.Work work").end();
    let stops_before = stops::millis(log.path()).len();
    let before = settle(&mut java);
    let start = Instant::now();
    let running = agent.begin(&java, &format!("monitor -c 60 -m 2000 many.P* {methods}"));
    let seconds = start.elapsed().as_secs_f64();
    let rss = rss_mb(&java) - before;
    assert_eq!(sum(&mut java), expected, "woven classes work");
    running.end();
    let start = Instant::now();
    agent.reset(&java);
    let reset_seconds = start.elapsed().as_secs_f64();
    assert_eq!(sum(&mut java), expected, "classes that were put back work");
    let longest_stop = stops::millis(log.path()).into_iter().skip(stops_before).fold(0.0, f64::max);
    Taken { seconds, rss_mb: rss, reset_seconds, longest_stop }
}

/// The rows of a JDK. On 8 and 11 one class costs the JVM itself so much that the promise there is another: no long stop.
pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (methods, count) in [("first", 1_500), ("*", 6_000)] {
        eprintln!("JDK {}: weaving {count} methods", jdk.major);
        let [mut theirs, mut ours] = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            theirs.push(round(jdk, methods, Side::arthas));
            ours.push(round(jdk, methods, Side::oxprobe));
        }
        let row = |what: &str, unit, of: fn(&Taken) -> f64, target| {
            let pick = |all: &[Taken]| median(&all.iter().map(of).collect::<Vec<_>>());
            Row::beside(
                &format!("{CLASSES} classes, {count} methods: {what}"),
                jdk,
                unit,
                pick(&theirs),
                pick(&ours),
                target,
            )
        };
        if jdk.major >= 17 {
            rows.push(row("woven in", "s", |taken| taken.seconds, Target::Share(0.2)));
            rows.push(row("resident memory", "MB", |taken| taken.rss_mb, Target::AtMost(10.0)));
            rows.push(row("reset in", "s", |taken| taken.reset_seconds, Target::Share(1.0)));
            rows.push(row("longest stop", "ms", |taken| taken.longest_stop, Target::AtMost(100.0)));
        } else {
            rows.push(row("woven in (to be read)", "s", |taken| taken.seconds, Target::Share(1e3)));
            rows.push(row("resident memory (to be read)", "MB", |taken| taken.rss_mb, Target::AtMost(1e4)));
            rows.push(row("longest stop", "ms", |taken| taken.longest_stop, Target::AtMost(100.0)));
        }
    }
    rows
}
