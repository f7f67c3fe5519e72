//! What attaching takes and what it leaves: time, memory, classes, threads, before, during, after.

use std::time::Instant;

use harness::resources::Holdings;
use harness::{Answer, Java, JavaBuilder, Jdk, arthas};

use benches::row::{Row, Target, median};

/// A JVM's size at a moment, by the kernel and by the JDK's own tools.
#[derive(Clone, Copy, Debug)]
struct Size {
    rss_mb: f64,
    heap_mb: f64,
    metaspace_mb: f64,
    classes: f64,
    threads: f64,
}

impl Size {
    fn of(java: &Java) -> Self {
        // The histogram collects first and counts what lives; eden's fill would count what was just made.
        let live = java.jdk_tool("jcmd", &["GC.class_histogram"]);
        let total =
            live.lines().rev().find(|line| line.trim_start().starts_with("Total")).unwrap_or_default();
        let live_bytes: f64 =
            total.split_whitespace().nth(2).and_then(|bytes| bytes.parse().ok()).unwrap_or(0.0);
        let gc = column_values(&java.jdk_tool("jstat", &["-gc"]));
        let class = column_values(&java.jdk_tool("jstat", &["-class"]));
        let kib = |name: &str| gc.iter().find(|(title, _)| title == name).map_or(0.0, |(_, value)| *value);
        let holdings = Holdings::of(java.pid());
        Self {
            rss_mb: holdings.rss_kib as f64 / 1024.0,
            heap_mb: live_bytes / 1e6,
            metaspace_mb: kib("MU") / 1024.0,
            classes: class.first().map_or(0.0, |(_, value)| *value),
            threads: holdings.threads as f64,
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            rss_mb: self.rss_mb - before.rss_mb,
            heap_mb: self.heap_mb - before.heap_mb,
            metaspace_mb: self.metaspace_mb - before.metaspace_mb,
            classes: self.classes - before.classes,
            threads: self.threads - before.threads,
        }
    }
}

/// Titles and numbers of `jstat`'s two lines.
fn column_values(text: &str) -> Vec<(String, f64)> {
    let mut lines = text.lines();
    let titles = lines.next().unwrap_or_default().split_whitespace();
    let values = lines.next().unwrap_or_default().split_whitespace();
    titles.zip(values).map(|(title, value)| (title.to_owned(), value.parse().unwrap_or(0.0))).collect()
}

/// What one tool took on one JVM.
struct Round {
    attach_ms: f64,
    again_ms: f64,
    attached: Size,
    stopped: Size,
}

pub fn measure(jdk: &Jdk, rounds: usize) -> Vec<Row> {
    let theirs: Vec<Round> = (0..rounds.min(3)).map(|_| arthas_round(jdk)).collect();
    let ours: Vec<Round> = (0..rounds).map(|_| our_round(jdk)).collect();
    let pick =
        |rounds: &[Round], of: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
    let row = |what: &str, unit: &'static str, of: &dyn Fn(&Round) -> f64, target: Target| {
        Row::beside(what, jdk, unit, pick(&theirs, of), pick(&ours, of), target)
    };
    let mut rows = vec![
        row("attach command to agent ready", "ms", &|round| round.attach_ms, Target::Share(0.01)),
        row("attach again after stop", "ms", &|round| round.again_ms, Target::Share(0.01)),
        row("resident memory", "MB", &|round| round.attached.rss_mb, Target::AtMost(3.0)),
        row("heap after a collection", "MB", &|round| round.attached.heap_mb, Target::AtMost(0.05)),
        row("metaspace", "MB", &|round| round.attached.metaspace_mb, Target::AtMost(0.1)),
        row("loaded classes", "", &|round| round.attached.classes, Target::AtMost(3.0)),
        row("threads", "", &|round| round.attached.threads, Target::AtMost(1.0)),
        row("classes left after stop", "", &|round| round.stopped.classes, Target::AtMost(3.0)),
        row("threads left after stop", "", &|round| round.stopped.threads, Target::AtMost(0.0)),
    ];
    let file_mb = |path: std::path::PathBuf| path.metadata().map_or(0.0, |file| file.len() as f64 / 1e6);
    let jars =
        ["arthas-core.jar", "arthas-agent.jar", "arthas-boot.jar", "arthas-client.jar", "arthas-spy.jar"];
    let theirs_mb = jars.iter().map(|jar| file_mb(arthas::home().join(jar))).sum();
    let ours_mb = file_mb(harness::agent_library());
    rows.push(Row::beside("on disk", jdk, "MB", theirs_mb, ours_mb, Target::AtMost(2.5)));
    rows
}

/// A demo application with its attach machinery warm: what the JDK's own tools load is not ours.
fn target(jdk: &Jdk) -> (Java, Size) {
    let java = JavaBuilder::new(jdk, "demo.MathGame").without_checks().start();
    Size::of(&java);
    let before = Size::of(&java);
    (java, before)
}

fn arthas_round(jdk: &Jdk) -> Round {
    let (java, before) = target(jdk);
    let agent = arthas::boot(&java, &[]);
    let attach_ms = agent.attach.as_secs_f64() * 1e3;
    let attached = Size::of(&java).since(before);
    agent.stop();
    // Its threads end when they end.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let stopped = Size::of(&java).since(before);
    let again_ms = arthas::boot(&java, &[]).attach.as_secs_f64() * 1e3;
    Round { attach_ms, again_ms, attached, stopped }
}

fn our_round(jdk: &Jdk) -> Round {
    let (java, before) = target(jdk);
    let pid = java.pid().to_string();
    let timed_attach = || {
        let start = Instant::now();
        Answer::of(&["attach", &pid]).ok();
        start.elapsed().as_secs_f64() * 1e3
    };
    let attach_ms = timed_attach();
    let attached = Size::of(&java).since(before);
    Answer::of(&["detach", &pid]).ok();
    let stopped = Size::of(&java).since(before);
    let again_ms = timed_attach();
    Round { attach_ms, again_ms, attached, stopped }
}
