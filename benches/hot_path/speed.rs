//! After `reset` a method is as fast as before: the same JVM before and after, many JVMs.

use benches::interval::interval;
use benches::row::Row;
use harness::{Jdk, exec_json};

use crate::meter;
use crate::side::Side;

fn ratio(jdk: &Jdk, kind: &str) -> f64 {
    let mut java = meter::start(jdk);
    let settled = |java: &mut harness::Java| {
        meter::measure(java, kind, 1, 1.0);
        meter::measure(java, kind, 1, 1.5).least
    };
    let before = settled(&mut java);
    let side = Side::oxprobe(&java);
    for line in ["monitor -c 60 hot.Work *", "trace hot.Work * '#cost>1000'"] {
        let running = side.begin(&java, line);
        meter::measure(&mut java, kind, 1, 0.5);
        running.end();
    }
    exec_json(java.pid(), "reset");
    settled(&mut java) / before
}

/// The 95 % interval of the ratio must hold 1 or end below 1.02.
pub fn measure(jdk: &Jdk, pairs: usize) -> Vec<Row> {
    ["work", "outer", "get"]
        .iter()
        .map(|kind| {
            eprintln!("JDK {}: speed of {kind} after reset", jdk.major);
            let ratios: Vec<f64> = (0..pairs).map(|_| ratio(jdk, kind)).collect();
            let (low, high) = interval(&ratios);
            let name = format!("speed of `{kind}` after `reset`, share of before: {low:.3} to {high:.3}");
            Row::alone(&name, jdk, "", if high < 1.02 { low.min(1.0) } else { low }, 1.0)
        })
        .collect()
}
