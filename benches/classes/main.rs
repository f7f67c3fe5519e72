//! Commands over all loaded classes, beside Arthas 4.1.5 in one run: 20,000 classes of a usual size, and how long the
//! application stands still for it with 50,000.
//!
//! Both are asked through their HTTP APIs, by the same client. What counts is the ratio of two medians taken in turn. Prints a
//! Markdown table; with `--check` it ends with 1 if a target is missed.

mod stops;

use std::process::Command;

use benches::row::{Row, Target, median, table};
use harness::curl::PASSWORD;
use harness::{Curl, Java, JavaBuilder, Jdk, arthas, jdk};
use serde_json::json;

/// The lines that both are asked, and what answers have in them once for each class or loader.
const LINES: [(&str, &str); 7] = [
    ("sc *", CLASS),
    ("sc -d -n 100000 *", CLASS),
    ("sm -n 0 *", CLASS),
    ("sm -d -n 0 classes.part.*", CLASS),
    ("classloader", "loadedCount"),
    ("classloader -a", CLASS),
    ("classloader -u", "usedUrls"),
];

/// How the names of most classes begin.
const CLASS: &str = "classes.part.C";

/// What only we are asked, and how many milliseconds each may take.
const OURS: [(&str, f64); 3] = [
    ("search 'no such text'", 5_000.0),
    ("search -i -E 'no such .*text'", 5_000.0),
    ("classloader-metaspace", 1_000.0),
];

fn main() {
    let options = Options::parse();
    let mut rows = Vec::new();
    for jdk in &options.jdks {
        eprintln!("JDK {}: {} classes", jdk.major, options.classes);
        rows.extend(beside(jdk, &options));
        eprintln!("JDK {}: stops", jdk.major);
        let lines = LINES.map(|(line, _)| line).into_iter().chain(OURS.map(|(line, _)| line));
        rows.extend(stops::measure(jdk, &lines.collect::<Vec<_>>(), options.classes * 5 / 2));
    }
    println!("{}", table(&rows));
    let missed = rows.iter().filter(|row| !row.is_met()).count();
    println!("{} of {} targets met", rows.len() - missed, rows.len());
    if options.check && missed > 0 {
        std::process::exit(1);
    }
}

/// The program with so many classes more.
fn program(builder: JavaBuilder, classes: usize) -> Java {
    let mut java = builder.without_checks().vm("-Xmx1g").start();
    java.ask(&format!("many {classes}"));
    java
}

fn beside(jdk: &Jdk, options: &Options) -> Vec<Row> {
    let start = || program(JavaBuilder::new(jdk, "classes.Main"), options.classes);
    let (theirs, ours) = (start(), start());
    let agent = arthas::boot(&theirs, &[]);
    let curl = Curl::open(&ours, "");
    let theirs_at = format!("http://127.0.0.1:{}", agent.http);
    let row = |(line, told): (&str, &str)| {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        // The first of each warms up.
        for _ in 0..=options.rounds {
            theirs.push(ask(&theirs_at, line, told));
            ours.push(ask(&curl.base, line, told));
        }
        let [theirs, ours] = [theirs, ours].map(|all| {
            let (told, millis): (Vec<usize>, Vec<f64>) = all.into_iter().skip(1).unzip();
            (told[0], median(&millis))
        });
        eprintln!("  {line}: {} results of theirs, {} of ours", theirs.0, ours.0);
        // Arthas has loaders of its own besides.
        let same = if told == CLASS { ours.0 * 10 > theirs.0 * 8 } else { ours.0 > 0 };
        assert!(theirs.0 > 0 && same, "{line}: both tell of the same classes");
        Row::beside(&format!("`{line}`"), jdk, "ms", theirs.1, ours.1, Target::Share(0.2))
    };
    let mut rows: Vec<Row> = LINES.into_iter().map(row).collect();
    agent.stop();
    rows.extend(OURS.into_iter().map(|(line, most)| {
        let all: Vec<f64> = (0..=options.rounds).map(|_| ask(&curl.base, line, "").1).collect();
        Row::alone(&format!("`{line}`"), jdk, "ms", median(&all), most)
    }));
    rows
}

/// How often an answer has a text in it, and how long it took, until its last byte was there.
fn ask(at: &str, line: &str, told: &str) -> (usize, f64) {
    let request = json!({"action": "exec", "command": line, "execTimeout": 120_000}).to_string();
    let answer = tempfile::NamedTempFile::new().unwrap();
    let out = Command::new("curl")
        .args(["-s", "-S", "-m", "180", "-X", "POST", "-w", "%{time_total}", "-d", &request])
        .args(["-u", &format!("arthas:{PASSWORD}"), "-o"])
        .arg(answer.path())
        .arg(format!("{at}/api"))
        .output()
        .expect("curl is installed: scripts/test tools");
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    let seconds: f64 = String::from_utf8_lossy(&out.stdout).parse().unwrap();
    let text = std::fs::read_to_string(answer.path()).unwrap();
    assert!(text.contains("SUCCEEDED"), "{line}: {text}");
    (text.matches(told).count(), seconds * 1e3)
}

struct Options {
    rounds: usize,
    classes: usize,
    jdks: Vec<Jdk>,
    check: bool,
}

impl Options {
    fn parse() -> Self {
        let mut options = Self { rounds: 3, classes: 20_000, jdks: Vec::new(), check: false };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--check" => options.check = true,
                "--rounds" => options.rounds = number(args.next()),
                "--classes" => options.classes = number(args.next()),
                "--jdk" => options.jdks.push(jdk(&number(args.next()).to_string())),
                _ => usage(),
            }
        }
        if options.jdks.is_empty() {
            options.jdks = ["8", "17"].map(jdk).to_vec();
        }
        options
    }
}

fn number(text: Option<String>) -> usize {
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| usage())
}

fn usage() -> ! {
    eprintln!("usage: bench-classes [--rounds N] [--classes N] [--jdk MAJOR]... [--check]");
    std::process::exit(2);
}
