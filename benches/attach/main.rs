//! Attach, footprint and commands, beside Arthas 4.1.5 on the same JDKs in one run.
//!
//! Machines that run this are noisy, so what counts is the ratio of two medians taken in turn, not
//! a time. Prints a Markdown table; with `--check` it ends with 1 if a target is missed. The
//! targets are what the project promises its users.

mod commands;
mod console;
mod footprint;
mod start;

use benches::row::table;
use harness::{Jdk, jdk};

fn main() {
    let options = Options::parse();
    let mut rows = Vec::new();
    for jdk in &options.jdks {
        eprintln!("JDK {}: attach and footprint", jdk.major);
        rows.extend(footprint::measure(jdk, options.rounds));
        eprintln!("JDK {}: start", jdk.major);
        rows.extend(start::measure(jdk, options.rounds));
        eprintln!("JDK {}: commands", jdk.major);
        rows.extend(commands::measure(jdk, options.rounds));
    }
    println!("{}", table(&rows));
    let missed = rows.iter().filter(|row| !row.is_met()).count();
    println!("{} of {} targets met", rows.len() - missed, rows.len());
    if options.check && missed > 0 {
        std::process::exit(1);
    }
}

struct Options {
    rounds: usize,
    jdks: Vec<Jdk>,
    check: bool,
}

impl Options {
    fn parse() -> Self {
        let mut options = Self { rounds: 5, jdks: Vec::new(), check: false };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--check" => options.check = true,
                "--rounds" => options.rounds = number(args.next()),
                "--jdk" => options.jdks.push(jdk(&number(args.next()).to_string())),
                _ => usage(),
            }
        }
        if options.jdks.is_empty() {
            options.jdks = ["17", "25"].map(jdk).to_vec();
        }
        options
    }
}

fn number(text: Option<String>) -> usize {
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| usage())
}

fn usage() -> ! {
    eprintln!("usage: bench-attach [--rounds N] [--jdk MAJOR]... [--check]");
    std::process::exit(2);
}
