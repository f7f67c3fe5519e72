//! Commands over all loaded classes, beside Arthas 4.1.5 in one run: 20,000 classes of a usual size, and how long the
//! application stands still for it with 50,000.
//!
//! Arthas is asked in its telnet console, we by `oxprobe exec`, whose start counts, too. What counts is the ratio of two medians
//! taken in turn. Prints a Markdown table; with `--check` it ends with 1 if a target is missed.

mod stops;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use benches::row::{Row, Target, median, table};
use harness::{Answer, Java, JavaBuilder, Jdk, arthas, jdk};

/// The lines that are asked. To add one, name what it tells of.
const LINES: [&str; 7] = [
    "sc *",
    "sc -d -n 100000 *",
    "sm -n 0 *",
    "sm -d -n 0 classes.part.C*",
    "classloader",
    "classloader -a",
    "classloader -u",
];

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
        let lines: Vec<&str> = LINES.into_iter().chain(OURS.map(|(line, _)| line)).collect();
        rows.extend(stops::measure(jdk, &lines, options.classes * 5 / 2));
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
    let mut java = builder.without_checks().vm("-Xmx1g").arg("whole").start();
    java.ask(&format!("many {classes}"));
    java
}

fn beside(jdk: &Jdk, options: &Options) -> Vec<Row> {
    let start = || program(JavaBuilder::new(jdk, "classes.Main"), options.classes);
    let (theirs_in, ours_in) = (start(), start());
    let agent = arthas::boot(&theirs_in, &[]);
    Answer::of(&["attach", &ours_in.pid().to_string()]).ok();
    let row = |line: &str| {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        // The first of each warms up.
        for _ in 0..=options.rounds {
            theirs.push(ask_arthas(&agent, line));
            ours.push(ask_us(&ours_in, line));
        }
        let [theirs, ours] = [theirs, ours].map(|all| {
            let (told, millis): (Vec<usize>, Vec<f64>) = all.into_iter().skip(1).unzip();
            (told[0], median(&millis))
        });
        let of = |(told, millis): (usize, f64)| format!("{told} names in {millis:.0} ms");
        eprintln!("  {line}: Arthas {}, we {}", of(theirs), of(ours));
        Row::beside(&format!("`{line}`"), jdk, "ms", theirs.1, ours.1, Target::Share(0.2))
    };
    let mut rows: Vec<Row> = LINES.iter().map(|line| row(line)).collect();
    agent.stop();
    rows.extend(OURS.into_iter().map(|(line, most)| {
        let all: Vec<f64> = (0..=options.rounds).map(|_| ask_us(&ours_in, line).1).collect();
        Row::alone(&format!("`{line}`"), jdk, "ms", median(&all), most)
    }));
    rows
}

/// How many classes of the many a text names, and how long it took until its last byte was there.
type Asked = (usize, f64);

/// What an answer names, as a check that both have told of everything.
const NAMED: &str = "classes.part.C";

fn ask_us(java: &Java, line: &str) -> Asked {
    let start = Instant::now();
    let answer = Answer::of(&["exec", &java.pid().to_string(), line]);
    (answer.out.matches(NAMED).count(), start.elapsed().as_secs_f64() * 1e3)
}

/// By its telnet console: its HTTP API keeps the first 500 results of a line, as ours does.
fn ask_arthas(agent: &arthas::Arthas, line: &str) -> Asked {
    let stream = TcpStream::connect(("127.0.0.1", agent.telnet)).expect("arthas listens");
    stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
    let until = |wanted: &str| {
        let mut stream = &stream;
        let (mut said, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            let count = stream.read(&mut buffer).expect("arthas answers");
            assert!(count > 0, "{line}: Arthas has hung up");
            said.extend(&buffer[..count]);
            let tail = said.len().saturating_sub(count + 200);
            if String::from_utf8_lossy(&said[tail..]).contains(wanted) {
                return String::from_utf8_lossy(&said).into_owned();
            }
        }
    };
    until("arthas@");
    let start = Instant::now();
    writeln!(&stream, "{line}\r").unwrap();
    // A prompt follows the answer, and none stands in it.
    let said = until("arthas@");
    (said.matches(NAMED).count(), start.elapsed().as_secs_f64() * 1e3)
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
