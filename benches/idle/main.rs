//! What an idle agent costs: the same loops in two JVMs that take turns, one with the agent.
//!
//! The two JVMs of a pair are new each time, since a JIT compiler may settle differently in each
//! start and that would be taken for the agent's doing. The result is the 95 % interval of the
//! ratio (with / without) over the pairs; it must hold 1.00 or stay below 1.02. Few pairs on a busy
//! machine are judged with `--limit`.

use benches::interval::interval;
use harness::{Java, JavaBuilder, Jdk, jdk};

/// Turns of the two JVMs within a pair.
const TURNS: usize = 5;

/// An interval wholly above 1 must end below this, unless `--limit` says otherwise.
const LIMIT: f64 = 1.02;

fn main() {
    let mut pairs = 20;
    let mut limit = LIMIT;
    let mut jdks = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().unwrap_or_default();
        match arg.as_str() {
            "--pairs" => pairs = number(&value),
            "--limit" => limit = number(&value),
            "--jdk" => jdks.push(jdk(&value)),
            _ => usage(),
        }
    }
    if pairs < 2 {
        usage();
    }
    if jdks.is_empty() {
        jdks.push(jdk("17"));
    }
    println!("| loop | JDK | pairs | ratio, 95 % interval | met |\n|---|---|---|---|---|");
    let mut missed = false;
    for jdk in &jdks {
        for kind in ["compute", "alloc", "throw"] {
            let ratios: Vec<f64> = (0..pairs).map(|pair| ratio(jdk, kind, pair)).collect();
            let (low, high) = interval(&ratios);
            let met = low <= 1.0 || high < limit;
            missed |= !met;
            let verdict = if met { "yes" } else { "**no**" };
            println!("| {kind} | {} | {pairs} | {low:.4} to {high:.4} | {verdict} |", jdk.major);
        }
    }
    if missed {
        std::process::exit(1);
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: bench-idle [--pairs N, at least 2] [--limit RATIO] [--jdk MAJOR]...");
    std::process::exit(2);
}

fn ratio(jdk: &Jdk, kind: &str, pair: usize) -> f64 {
    let plain = JavaBuilder::new(jdk, "IdleLoops").without_checks().arg(kind).arg("-");
    let with_agent = plain.clone().with_agent("");
    // Who starts first may land on the quieter moment: so they change places.
    let (mut without, mut with) = if pair.is_multiple_of(2) {
        let without = plain.start();
        (without, with_agent.start())
    } else {
        let with = with_agent.start();
        (plain.start(), with)
    };
    let mut turns = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        turns[0].push(turn(&mut without));
        turns[1].push(turn(&mut with));
    }
    let [without, with] = turns.map(|mut turns| {
        turns.sort_by(f64::total_cmp);
        turns[TURNS / 2]
    });
    with / without
}

fn turn(java: &mut Java) -> f64 {
    java.process.say("");
    let line = java.process.line("a round's time", |line| line.parse::<f64>().is_ok());
    line.parse().unwrap_or(f64::NAN)
}
