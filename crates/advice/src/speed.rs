//! What the probe's own part of a call costs, in ns. Run alone and optimised:
//! `cargo test --release -p host --lib speed -- --ignored --nocapture --test-threads=1`.

use std::hint::black_box;
use std::thread;

use jvm::inside::Inside;

use super::*;
use crate::budget::Budget;

struct Nameless;

impl Names for Nameless {
    fn class(&self) -> &str {
        "A"
    }

    fn method(&self) -> &str {
        "a"
    }

    fn site(&self, _: u32) -> Option<Site> {
        None
    }
}

const CALLS: u32 = 2_048;

/// The best and the middle of many short windows, in ns per call; of the slower thread.
fn measure(threads: usize, call: impl Fn() + Sync) -> (f64, f64) {
    let windows = || {
        let mut all: Vec<f64> = (0..2_000)
            .map(|_| {
                let started = Instant::now();
                (0..CALLS).for_each(|_| call());
                started.elapsed().as_nanos() as f64 / f64::from(CALLS)
            })
            .collect();
        all.sort_by(f64::total_cmp);
        (all.first().copied().unwrap_or(0.0), all.get(all.len() / 2).copied().unwrap_or(0.0))
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(windows)).collect();
        let found = all.into_iter().filter_map(|one| one.join().ok());
        found.fold((0.0, 0.0), |(min, median), one| (f64::max(min, one.0), f64::max(median, one.1)))
    })
}

/// As the native side tells: the clock, the guard, the event.
fn tell<R>(ticks: u64, event: impl FnOnce(&Moment<'_>) -> R) -> (R, u64) {
    let inside = Inside::of_this_thread();
    let at = Moment::outside(&inside, ticks);
    let result = event(&at);
    (result, at.now())
}

#[test]
#[ignore = "a measurement"]
fn speed_of_the_probe() {
    let on = |id: u32, kind: Kind, in_flight: bool, cost: Option<CostRange>| {
        let listener = hub().register(
            ListenerSpec { kind, in_flight, cost, budget: Budget::OFF, ..ListenerSpec::default() },
            None,
        );
        hub().attach(id, 0, &listener, Arc::new(Nameless), Role::default()).ok();
        listener
    };
    let never = Some(CostRange { least: u64::MAX, most: u64::MAX });
    let _listeners = [
        on(500_001, Kind::Monitor { percentiles: false }, false, None),
        on(500_002, Kind::Monitor { percentiles: true }, false, None),
        on(500_003, Kind::Monitor { percentiles: false }, true, None),
        on(500_004, Kind::Trace(TraceOptions::default()), false, never),
        on(500_005, Kind::Stack { depth: 100 }, false, never),
    ];
    let monitored = |id: u32| {
        let since = black_box(clock::ticks());
        tell(clock::ticks(), |at| hub().ended(at, id, since, 1));
    };
    let told = |id: u32, sites: u32| {
        let (lanes, since) = tell(0, |at| hub().began(at, id, 1));
        for site in 0..sites {
            tell(clock::ticks(), |at| hub().before(at, id, site));
            tell(clock::ticks(), |at| hub().after(at, id, site));
        }
        tell(clock::ticks(), |at| hub().ended(at, id, since, lanes));
    };
    for threads in [1, 2] {
        let row = |what: &str, (min, median): (f64, f64)| {
            println!("{threads} threads  {min:6.1} / {median:6.1} ns  {what}");
        };
        row("clock, once", measure(threads, || _ = black_box(clock::ticks())));
        row("guard", measure(threads, || drop(black_box(Inside::of_this_thread()))));
        row("monitor", measure(threads, || monitored(500_001)));
        row("monitor with percentiles", measure(threads, || monitored(500_002)));
        row("monitor with calls in flight", measure(threads, || told(500_003, 0)));
        row("trace, no site, no match", measure(threads, || told(500_004, 0)));
        row("trace, 3 sites, no match", measure(threads, || told(500_004, 3)));
        row("stack, no match", measure(threads, || monitored(500_005)));
    }
}
