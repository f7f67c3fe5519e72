//! What an observed method costs, beside Arthas 4.1.5 on the same program in one run.
//!
//! Both agents come late, each to a JVM of its own; the two take turns. What counts is a ratio
//! between the two or nanoseconds added to a call, the lowest of many windows; machines that run
//! this are noisy. Prints Markdown tables; with `--check` it ends with 1 if a target is missed.
//! `--slice` is the short form for every build, with targets a busy machine cannot miss by itself.

mod calls;
mod first;
mod meter;
mod rounds;
mod side;
mod speed;
mod stops;
mod weaving;

use benches::row::table;
use harness::{Jdk, jdk};

/// The measurements, by the names that `--only` takes.
const PARTS: [&str; 5] = ["calls", "weaving", "first", "rounds", "speed"];

fn main() {
    let options = Options::parse();
    let mut missed = 0;
    let mut all = 0;
    let mut count = |met: usize, of: usize| {
        missed += of - met;
        all += of;
    };
    if options.wants("calls") {
        let rows: Vec<calls::Row> =
            options.jdks(&["8", "17", "25"]).iter().flat_map(|jdk| options.calls(jdk)).collect();
        println!("{}\n", calls::table(&rows));
        count(rows.iter().filter(|row| row.is_met()).count(), rows.len());
    }
    for (name, jdks, measure) in TABLES {
        if options.wants(name) {
            let rows: Vec<_> = options.jdks(jdks).iter().flat_map(|jdk| measure(jdk, &options)).collect();
            println!("{}\n", table(&rows));
            count(rows.iter().filter(|row| row.is_met()).count(), rows.len());
        }
    }
    println!("{} of {all} targets met", all - missed);
    if options.check && missed > 0 {
        std::process::exit(1);
    }
}

type Measure = fn(&Jdk, &Options) -> Vec<benches::row::Row>;

const TABLES: [(&str, &[&str], Measure); 4] = [
    ("weaving", &["8", "11", "17", "25"], |jdk, options| weaving::measure(jdk, options.rounds.min(3))),
    ("first", &["8", "11", "17", "21", "25"], |jdk, options| first::measure(jdk, options.rounds)),
    ("rounds", &["8", "17", "25"], |jdk, options| {
        rounds::measure(jdk, if options.slice { 300 } else { 10_000 })
    }),
    ("speed", &["8", "17", "25"], |jdk, options| speed::measure(jdk, options.rounds.max(3) * 2)),
];

/// What to measure, and how long.
struct Options {
    rounds: usize,
    seconds: f64,
    jdks: Vec<Jdk>,
    only: Vec<String>,
    check: bool,
    slice: bool,
    /// Of the calls, only the probes with this in their description.
    probe: String,
}

impl Options {
    fn parse() -> Self {
        let mut options = Self {
            rounds: 3,
            seconds: 2.0,
            jdks: Vec::new(),
            only: Vec::new(),
            check: false,
            slice: false,
            probe: String::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--check" => options.check = true,
                "--slice" => options.slice = true,
                "--rounds" => options.rounds = number(args.next()),
                "--seconds" => options.seconds = number(args.next()),
                "--probe" => options.probe = args.next().unwrap_or_else(|| usage()),
                "--jdk" => options.jdks.push(jdk(&number::<u32>(args.next()).to_string())),
                "--only" => options.only.push(
                    args.next().filter(|part| PARTS.contains(&part.as_str())).unwrap_or_else(|| usage()),
                ),
                _ => usage(),
            }
        }
        if options.slice {
            options.rounds = 1;
            options.seconds = 1.0;
        }
        options
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }

    fn jdks(&self, usual: &[&str]) -> Vec<Jdk> {
        if self.jdks.is_empty() { usual.iter().map(|name| jdk(name)).collect() } else { self.jdks.clone() }
    }

    fn calls(&self, jdk: &Jdk) -> Vec<calls::Row> {
        eprintln!("JDK {}: calls", jdk.major);
        let Self { rounds, seconds, slice, ref probe, .. } = *self;
        calls::measure(jdk, &calls::Effort { rounds, seconds, slice, probe: probe.clone() })
    }
}

fn number<T: std::str::FromStr>(text: Option<String>) -> T {
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| usage())
}

fn usage() -> ! {
    eprintln!(
        "usage: bench-hot-path [--rounds N] [--seconds S] [--jdk MAJOR]... [--only {}]... [--probe TEXT] [--check] [--slice]",
        PARTS.join("|")
    );
    std::process::exit(2);
}
