//! The program whose calls are measured (`hot.Path`), and what it answers.

use harness::compare::number_after;
use harness::{Java, JavaBuilder, Jdk};

/// What calls took: nanoseconds in the best window of 2,048, in the middle one, and bytes a call.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The best window.
    pub least: f64,
    /// The middle window.
    pub median: f64,
    /// All of them.
    pub average: f64,
    /// Bytes of the Java heap.
    pub bytes: f64,
}

impl Cost {
    /// The middle of several, each value for itself; bytes are the highest seen.
    pub fn middle(costs: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| benches::row::median(&costs.iter().map(value).collect::<Vec<_>>());
        let bytes = costs.iter().map(|cost| cost.bytes).fold(0.0, f64::max);
        Self {
            least: of(|cost| cost.least),
            median: of(|cost| cost.median),
            average: of(|cost| cost.average),
            bytes,
        }
    }

    /// What it is above a base.
    pub fn above(self, base: Self) -> Self {
        Self {
            least: self.least - base.least,
            median: self.median - base.median,
            average: self.average - base.average,
            bytes: self.bytes - base.bytes,
        }
    }
}

/// Starts the program.
pub fn start(jdk: &Jdk) -> Java {
    JavaBuilder::new(jdk, "hot.Path").without_checks().start()
}

/// Measures calls of a kind on so many threads; the worst of the threads.
pub fn measure(java: &mut Java, kind: &str, threads: usize, seconds: f64) -> Cost {
    java.process.say(&format!("measure {kind} {threads} {}", (seconds * 1e3) as u64));
    let costs: Vec<Cost> = (0..threads)
        .map(|_| {
            let line = java.process.line("the cost of calls", |line| line.contains(" min="));
            assert!(line.starts_with(kind), "a call gave another result: {line}");
            let number = |label: &str| number_after(&line, label);
            Cost {
                least: number("min="),
                median: number("median="),
                average: number("average="),
                bytes: number("bytes="),
            }
        })
        .collect();
    let worst = |value: fn(&Cost) -> f64| costs.iter().map(value).fold(0.0, f64::max);
    Cost {
        least: worst(|cost| cost.least),
        median: worst(|cost| cost.median),
        average: worst(|cost| cost.average),
        bytes: worst(|cost| cost.bytes),
    }
}
