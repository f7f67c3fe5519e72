//! Nanoseconds and bytes a call, while a command observes it and after that.

use harness::{Java, Jdk};

use crate::meter::{self, Cost};
use crate::side::Side;

/// How long to measure, and how it is judged.
pub struct Effort {
    /// Times that each is measured.
    pub rounds: usize,
    /// Seconds of one measurement; as long again before it, for the JIT compiler.
    pub seconds: f64,
    /// Only by ratios that a busy machine cannot spoil: a twentieth of what Arthas adds, three times a promised share.
    pub slice: bool,
    /// Only probes whose description has this in it.
    pub probe: String,
}

/// What is promised of a row.
#[derive(Clone, Copy)]
enum Target {
    /// Nanoseconds added to a call, in the best window.
    Added(f64),
    /// Share of theirs, a whole call in the best window.
    Share(f64),
    /// Share of theirs, a call in the best window, and of all their calls.
    Shares(f64, f64),
    /// Share of theirs, and no more than this many times what one thread pays with ours.
    ShareAndTimesOne(f64, f64),
}

/// A command and the calls that are measured under it.
struct Probe {
    what: &'static str,
    theirs: &'static str,
    ours: &'static str,
    kind: &'static str,
    threads: usize,
    target: Target,
    /// Whether the calls after its end are measured, too.
    after: Option<&'static str>,
}

const PROBES: [Probe; 13] = [
    Probe {
        what: "`monitor -c 5`",
        theirs: "monitor -c 5 hot.Work work",
        ours: "monitor -c 5 hot.Work work",
        kind: "work",
        threads: 1,
        target: Target::Share(1.0 / 15.0),
        after: Some("after `monitor` ended"),
    },
    Probe {
        what: "the same, two threads, each",
        theirs: "monitor -c 5 hot.Work work",
        ours: "monitor -c 5 hot.Work work",
        kind: "work",
        threads: 2,
        target: Target::ShareAndTimesOne(1.0 / 15.0, 1.25),
        after: None,
    },
    Probe {
        what: "`stack 'params[0]<-1'`, false",
        theirs: "stack hot.Work work 'params[0]<-1'",
        ours: "stack hot.Work work 'params[0]<-1'",
        kind: "work",
        threads: 1,
        target: Target::Added(2.0),
        after: None,
    },
    Probe {
        what: "`monitor -c 5 'params[0]<-1'`, false",
        theirs: "monitor -c 5 hot.Work work 'params[0]<-1'",
        ours: "monitor -c 5 hot.Work work 'params[0]<-1'",
        kind: "work",
        threads: 1,
        target: Target::Added(2.0),
        after: None,
    },
    Probe {
        what: "`stack '#cost>1000'`, false",
        theirs: "stack hot.Work work '#cost>1000'",
        ours: "stack hot.Work work '#cost>1000'",
        kind: "work",
        threads: 1,
        target: Target::Share(1.0 / 300.0),
        after: None,
    },
    Probe {
        what: "`watch '{params,returnObj}' 'params[0]<-1'`, false",
        theirs: "watch hot.Work work '{params,returnObj}' 'params[0]<-1'",
        ours: "watch hot.Work work '{params,returnObj}' 'params[0]<-1'",
        kind: "work",
        threads: 1,
        target: Target::Added(2.0),
        after: None,
    },
    Probe {
        what: "`watch '#cost>1000'`, false",
        theirs: "watch hot.Work work '{params,returnObj}' '#cost>1000'",
        ours: "watch hot.Work work '{params,returnObj}' '#cost>1000'",
        kind: "work",
        threads: 1,
        target: Target::Share(1.0 / 300.0),
        after: None,
    },
    Probe {
        what: "`watch 'params[0].name.length() > 40'`, false: evaluated",
        theirs: "watch hot.Work named '{params,returnObj}' 'params[0].name.length() > 40'",
        ours: "watch hot.Work named '{params,returnObj}' 'params[0].name.length() > 40' --budget off",
        kind: "named",
        threads: 1,
        target: Target::Share(1.0 / 50.0),
        after: None,
    },
    Probe {
        what: "`tt -t 'params[0]<-1'`, false",
        theirs: "tt -t hot.Work work 'params[0]<-1'",
        ours: "tt -t hot.Work work 'params[0]<-1'",
        kind: "work",
        threads: 1,
        target: Target::Added(2.0),
        after: None,
    },
    Probe {
        what: "`tt -t`, every call recorded",
        theirs: "tt -t hot.Work bean -n 100000000",
        ours: "tt -t hot.Work bean -n 100000000 --budget off",
        kind: "bean-paced",
        threads: 1,
        target: Target::Share(1.0 / 60.0),
        after: None,
    },
    Probe {
        what: "`watch params[0] -x 1`, every call shown",
        theirs: "watch hot.Work bean params[0] -x 1 -n 100000000",
        ours: "watch hot.Work bean params[0] -x 1 -n 100000000 --budget off",
        kind: "bean-paced",
        threads: 1,
        target: Target::Shares(1.0 / 15.0, 1.0 / 25.0),
        after: None,
    },
    Probe {
        what: "`trace '#cost>1000'`, 3 inner calls",
        theirs: "trace hot.Work outer '#cost>1000'",
        ours: "trace hot.Work outer '#cost>1000'",
        kind: "outer",
        threads: 1,
        target: Target::Share(1.0 / 80.0),
        after: Some("after `trace` ended"),
    },
    Probe {
        what: "`monitor -c 5` of a getter in a loop",
        theirs: "monitor -c 5 hot.Work get",
        ours: "monitor -c 5 hot.Work get",
        kind: "get",
        threads: 1,
        target: Target::Share(1.0 / 15.0),
        after: Some("the getter after `monitor` ended"),
    },
];

/// What both took.
pub struct Row {
    what: String,
    jdk: u32,
    base: Cost,
    theirs: Cost,
    ours: Cost,
    /// What ours take on one thread, where that is the measure.
    one: Option<Cost>,
    target: Target,
    slice: bool,
}

impl Row {
    /// Whether the promise is kept: nanoseconds, and not one byte where Arthas makes many.
    pub fn is_met(&self) -> bool {
        let least = self.ours.least;
        let margin = if self.slice { 3.0 } else { 1.0 };
        let is_share = |share: f64| least <= self.theirs.least * share * margin;
        let added = self.ours.above(self.base).least;
        let enough = match self.target {
            Target::Added(_) if self.slice => added <= self.theirs.above(self.base).least / 20.0,
            Target::Added(most) => added <= most,
            Target::Share(share) => is_share(share),
            Target::Shares(share, of_all) => {
                is_share(share) && self.ours.average <= self.theirs.average * of_all * margin
            }
            Target::ShareAndTimesOne(share, times) => {
                is_share(share) && least <= self.one.unwrap_or(self.ours).least * times * margin
            }
        };
        // Half a byte a call: a window's own bookkeeping, never an object a call.
        enough && self.ours.bytes < 0.5
    }

    fn line(&self) -> String {
        let target = match self.target {
            Target::Added(most) => format!("+{most} ns"),
            Target::Share(share) => format!("1/{:.0}", 1.0 / share),
            Target::Shares(share, of_all) => format!(
                "1/{:.0}, 1/{:.0} of all (is 1/{:.0})",
                1.0 / share,
                1.0 / of_all,
                self.theirs.average / self.ours.average
            ),
            Target::ShareAndTimesOne(share, times) => format!("1/{:.0}, {times} x one thread", 1.0 / share),
        };
        let added = self.ours.above(self.base).least;
        format!(
            "| {} | {} | {:.1} | {:.0} / {:.0} | {:.0} | {:.1} / {:.1} | {:+.1} | {:.0} | 1/{:.0} (1/{:.0}) | {target} | {} |",
            self.what,
            self.jdk,
            self.base.least,
            self.theirs.least,
            self.theirs.median,
            self.theirs.bytes,
            self.ours.least,
            self.ours.median,
            added,
            self.ours.bytes,
            self.theirs.least / self.ours.least,
            self.theirs.median / self.ours.median,
            if self.is_met() { "yes" } else { "**no**" },
        )
    }
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let head = "| ns a call: least / median | JDK | alone | Arthas 4.1.5 | bytes | oxprobe | added | bytes | ratio of least (median) | target | met |\n\
                |---|---|---|---|---|---|---|---|---|---|---|";
    std::iter::once(head.to_owned()).chain(rows.iter().map(Row::line)).collect::<Vec<_>>().join("\n")
}

/// One program with one agent.
struct Subject {
    java: Java,
    side: Side,
}

/// What a probe costs on one side.
#[derive(Default)]
struct Measured {
    base: Vec<Cost>,
    open: Vec<Cost>,
    after: Vec<Cost>,
    /// Results that were not told, though they should have been.
    left_out: u64,
}

impl Subject {
    fn cost(&mut self, probe: &Probe, seconds: f64) -> Cost {
        // The compiler's turn: what is measured is the steady state.
        meter::measure(&mut self.java, probe.kind, probe.threads, seconds);
        meter::measure(&mut self.java, probe.kind, probe.threads, seconds)
    }

    fn round(&mut self, probe: &Probe, seconds: f64, measured: &mut Measured) {
        let line = match self.side {
            Side::Arthas(_) => probe.theirs,
            Side::Oxprobe => probe.ours,
        };
        measured.base.push(self.cost(probe, seconds));
        let running = match probe.kind.ends_with("-paced") {
            true => self.side.begin_showing(&self.java, line),
            false => self.side.begin(&self.java, line),
        };
        measured.open.push(self.cost(probe, seconds));
        measured.left_out += running.end();
        if probe.after.is_some() {
            measured.after.push(self.cost(probe, seconds));
        }
        self.side.reset(&self.java);
    }
}

/// Measures all probes on a JDK.
pub fn measure(jdk: &Jdk, effort: &Effort) -> Vec<Row> {
    let (java, peer) = (meter::start(jdk), meter::start(jdk));
    let mut subjects =
        [Subject { side: Side::arthas(&peer), java: peer }, Subject { side: Side::oxprobe(&java), java }];
    let mut rows: Vec<Row> = Vec::new();
    let mut one = None;
    for probe in PROBES.iter().filter(|probe| probe.what.contains(&effort.probe)) {
        let mut measured = [Measured::default(), Measured::default()];
        for _ in 0..effort.rounds {
            for (subject, measured) in subjects.iter_mut().zip(&mut measured) {
                subject.round(probe, effort.seconds, measured);
            }
        }
        let [theirs, ours] = measured;
        // A machine that others use, too, may stall the reader: then the slice still compares what calls cost.
        if ours.left_out > 0 {
            eprintln!("ATTENTION: {}: {} results were left out", probe.what, ours.left_out);
            assert!(effort.slice, "calls were left out, so this measures something else");
        }
        let open = Cost::middle(&ours.open);
        let row = |what: &str, theirs: &[Cost], ours_now: &[Cost], target| Row {
            what: what.to_owned(),
            jdk: jdk.major,
            base: Cost::middle(&ours.base),
            theirs: Cost::middle(theirs),
            ours: Cost::middle(ours_now),
            one,
            target,
            slice: effort.slice,
        };
        rows.push(row(probe.what, &theirs.open, &ours.open, probe.target));
        if let Some(what) = probe.after {
            rows.push(row(what, &theirs.after, &ours.after, Target::Added(1.0)));
        }
        if one.is_none() {
            one = Some(open);
        }
        eprintln!(
            "{}",
            rows.iter()
                .rev()
                .take(1 + usize::from(probe.after.is_some()))
                .map(Row::line)
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
    rows
}
