//! A decompiler and a compiler in somebody's JVM that would take minutes: they end when nobody waits for them any more, at
//! their limit, and as often as one likes, and leave nothing.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::resources::{Holdings, thread_names};
use harness::shop::lend_parts;
use harness::{Java, JavaBuilder, Jdk, Observation, eventually, exec, exec_json, jdk};

/// Loops, switches, handlers and conditions, each within the other: it keeps CFR busy for minutes.
fn nested(depth: usize, labels: &mut usize) -> String {
    if depth == 0 {
        return "x = x * 31 + a[x & 7];\n".to_owned();
    }
    let label = *labels;
    *labels += 1;
    let mut inner = || nested(depth - 1, labels);
    let (one, two) = (inner(), inner());
    match depth % 4 {
        0 => format!(
            "l{label}: for (int i{depth} = 0; i{depth} < a.length; i{depth}++) {{\n{one}\
             if ((x & 3) == 1 || x > {depth} && a[1] < x) continue l{label};\n{two}if (x == {depth}) break l{label};\n}}\n"
        ),
        1 => format!(
            "switch (x & 7) {{\ncase 0:\n{one}case 1:\n{two}break;\ncase 2: x++;\ncase 3: x++; break;\ndefault: x--;\n}}\n"
        ),
        2 => format!(
            "try {{\n{one}}} catch (RuntimeException e{depth}) {{\n{two}}} finally {{ x ^= {depth}; }}\n"
        ),
        _ => format!(
            "if ((x & {depth}) != 0 && (a[0] > x || a[2] < x && a[3] != x)) {{\n{one}}} else {{\n{two}}}\n"
        ),
    }
}

/// What takes long: a class to decompile, and a source whose types a compiler infers for minutes.
struct Slow {
    folder: tempfile::TempDir,
}

impl Slow {
    fn new() -> Self {
        lend_parts();
        let folder = tempfile::tempdir().unwrap();
        let mut labels = 0;
        let (one, two) = (nested(9, &mut labels), nested(9, &mut labels));
        let class =
            format!("public class Slow {{ static int slow(int x, int[] a) {{\n{one}{two}return x; }} }}\n");
        std::fs::write(folder.path().join("Slow.java"), class).unwrap();
        let mut pairs = String::new();
        for number in 0..400 {
            let comma = if number == 0 { "" } else { ", " };
            write!(pairs, "{comma}e(\"k{number}\", Arrays.asList({number}, \"x\"))").unwrap();
        }
        let source = format!(
            "import java.util.*;\npublic class Inferred {{\n\
             static <A, B> Map.Entry<A, B> e(A a, B b) {{ return null; }}\n\
             @SafeVarargs static <K, V> Map<K, V> of(Map.Entry<? extends K, ? extends V>... all) {{ return null; }}\n\
             Object go() {{ return of({pairs}); }}\n}}\n"
        );
        std::fs::write(folder.path().join("Inferred.java"), source).unwrap();
        std::fs::write(folder.path().join("Small.java"), "public class Small { int two() { return 2; } }")
            .unwrap();
        let mut javac = Command::new(jdk("17").tool("javac"));
        javac
            .args(["--release", "8", "-nowarn", "-d"])
            .arg(folder.path())
            .arg(folder.path().join("Slow.java"));
        assert!(javac.output().expect("javac starts").status.success());
        Slow { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program that has the class.
    fn start(&self, jdk: &Jdk) -> Java {
        self.start_with(jdk, "-Xmx512m")
    }

    fn start_with(&self, jdk: &Jdk, heap: &str) -> Java {
        let path = format!("{}:{}", harness::java::classes().display(), self.folder.path().display());
        let java = JavaBuilder::new(jdk, "demo.MathGame").class_path(path).vm(heap).start();
        let loader = if jdk.major == 8 { "sun.misc.Launcher$AppClassLoader" } else { APP };
        exec(java.pid(), &format!("classloader --classLoaderClass {loader} --load Slow")).ok();
        java
    }

    /// A decompiler's line and a compiler's.
    fn lines(&self) -> [String; 2] {
        ["jad Slow".to_owned(), self.mc("Inferred.java")]
    }

    fn mc(&self, file: &str) -> String {
        format!("mc {} -d {}", self.path(file).display(), self.path("out").display())
    }
}

/// Most end in a tenth of a second; a collection may come between, and other tests.
const SOON: Duration = Duration::from_secs(5);

const APP: &str = "jdk.internal.loader.ClassLoaders$AppClassLoader";

/// Whether a job's thread is there.
fn works(java: &Java) -> bool {
    thread_names(java.pid()).iter().any(|name| name.starts_with("oxprobe-job"))
}

/// How long the job goes on from now.
fn until_over(java: &Java) -> Duration {
    let began = Instant::now();
    eventually("the job to be over", || (!works(java)).then_some(()));
    began.elapsed()
}

/// It is in the middle of what takes long: its classes are there, and it has worked on them for a while.
fn busy(java: &Java) {
    eventually("the part to begin", || {
        exec(java.pid(), "sc oxprobe.Ended").out.contains("oxprobe.Ended").then_some(())
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(works(java), "it was over before it was interrupted");
}

/// Afterwards both work, and the program does.
fn assert_works(slow: &Slow, java: &mut Java) {
    let source = exec(java.pid(), "jad --source-only demo.MathGame run").ok();
    assert!(source.contains("run()"), "{source}");
    let compiled = exec(java.pid(), &slow.mc("Small.java")).ok();
    assert!(compiled.contains("Small.class"), "{compiled}");
    java.tell("gc");
    java.assert_undisturbed();
}

/// Ctrl-C, a client that is gone without a word, and a time that is up, in turns with both.
fn ends_soon(name: &str) {
    let slow = Slow::new();
    let mut java = slow.start(&jdk(name));
    let mut took = Vec::new();
    for line in slow.lines() {
        let observation = Observation::start_unready(&java, &line);
        busy(&java);
        let began = Instant::now();
        let said = observation.interrupt();
        until_over(&java);
        took.push(began.elapsed());
        assert!(said.iter().all(|one| one["type"] != "jad" && one["type"] != "mc"), "{line}: {said:#?}");

        let mut observation = Observation::start_unready(&java, &line);
        busy(&java);
        observation.kill();
        took.push(until_over(&java));

        let pid = java.pid().to_string();
        let late = harness::Answer::of(&["exec", "--timeout", "3", &pid, &line]);
        took.push(until_over(&java));
        assert!(late.code != 0 && late.err.contains("its time was up"), "{line}: {late:#?}");
    }
    println!("{name}: over after {took:?}");
    let most = took.iter().max().unwrap();
    assert!(*most < SOON, "{name}: over after {took:?}");
    assert_works(&slow, &mut java);
}

#[test]
fn what_nobody_waits_for_ends_soon_on_jdk_8() {
    ends_soon("8");
}

#[test]
fn what_nobody_waits_for_ends_soon_on_jdk_17() {
    ends_soon("17");
}

#[test]
fn what_nobody_waits_for_ends_soon_on_jdk_25() {
    ends_soon("25");
}

#[test]
fn what_nobody_waits_for_ends_soon_on_jre_8() {
    ends_soon("jre8");
}

#[test]
fn what_nobody_waits_for_ends_soon_on_jre_17() {
    ends_soon("jre17");
}

/// The limits themselves.
#[test]
#[ignore = "three minutes"]
fn what_takes_too_long_is_given_up() {
    let slow = Slow::new();
    for name in ["8", "17"] {
        // What it makes in a minute is more than a small heap takes.
        let mut java = slow.start_with(&jdk(name), "-Xmx700m");
        for (line, limit) in slow.lines().iter().zip([60, 120]) {
            let began = Instant::now();
            let late = exec(java.pid(), line);
            assert!(late.err.contains(&format!("took longer than {limit} s and was given up.")), "{late:#?}");
            let took = began.elapsed().as_secs();
            assert!((limit..limit + 5).contains(&took), "JDK {name}: {line} took {took} s");
        }
        assert_works(&slow, &mut java);
    }
}

/// Loaders of parts after a collection.
fn rooms(java: &mut Java) -> usize {
    java.tell("gc");
    let results = exec_json(java.pid(), "sc oxprobe.*");
    let names = results.iter().filter_map(|result| result["classNames"].as_array()).flatten();
    names.filter(|name| name.as_str() == Some("oxprobe.Room")).count()
}

/// Interrupted again and again, each time at another moment: while it is loaded, at work, at its end.
fn rounds(name: &str, rounds: u64) {
    let slow = Slow::new();
    let mut java = slow.start(&jdk(name));
    assert_works(&slow, &mut java);
    let lines = slow.lines();
    let (mut held, mut longest) = (Vec::new(), Duration::ZERO);
    let mut seed = 88_172_645_463_325_252_u64;
    for round in 0..rounds {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let line = &lines[usize::from(seed & 1 << 20 != 0)];
        let observation = Observation::start_unready(&java, line);
        std::thread::sleep(Duration::from_millis(seed % 2_000));
        let began = Instant::now();
        observation.interrupt();
        until_over(&java);
        longest = longest.max(began.elapsed());
        if round >= rounds / 4 {
            held.push(Holdings::of(java.pid()));
        }
        if round % 10 == 9 {
            // A method handle of JDK 25's own (`ObjectMethods`) remembers, softly, the last record that it was made fit for,
            // and its compiler has records.
            let most = usize::from(java.jdk.major >= 25);
            eventually("the loaders to be collected", || (rooms(&mut java) <= most).then_some(()));
        }
    }
    let (first, second) = held.split_at(held.len() / 2);
    let least =
        |part: &[Holdings], of: fn(&Holdings) -> u64| part.iter().map(of).min().unwrap().cast_signed();
    let grown = |of: fn(&Holdings) -> u64| least(second, of) - least(first, of);
    let (files, threads) = (grown(|held| held.descriptors), grown(|held| held.threads));
    let report =
        format!("{name}: {files:+} descriptors, {threads:+} threads, the longest went on for {longest:?}");
    println!("{report}");
    assert!(files < 2 && threads < 2 && longest < SOON, "{report}");
    assert_works(&slow, &mut java);
}

#[test]
fn rounds_at_any_moment_leave_nothing() {
    rounds("17", 24);
}

#[test]
#[ignore = "minutes; the one above is its slice"]
fn two_hundred_rounds_leave_nothing_on_jdk_8() {
    rounds("8", 200);
}

#[test]
#[ignore = "minutes; the one above is its slice"]
fn two_hundred_rounds_leave_nothing_on_jdk_17() {
    rounds("17", 200);
}

#[test]
#[ignore = "minutes; the one above is its slice"]
fn two_hundred_rounds_leave_nothing_on_jdk_25() {
    rounds("25", 200);
}

#[test]
#[ignore = "minutes; the one above is its slice"]
fn two_hundred_rounds_leave_nothing_on_jre_8() {
    rounds("jre8", 200);
}

#[test]
#[ignore = "minutes; the one above is its slice"]
fn two_hundred_rounds_leave_nothing_on_jre_17() {
    rounds("jre17", 200);
}
