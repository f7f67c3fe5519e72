//! The hub as woven code and readers see it, without a JVM.

use std::sync::atomic::{AtomicBool, AtomicU32};
use std::thread;

use jvm::inside::Inside;

use super::*;
use crate::budget::Budget;

/// The hub is one for all tests; each has methods of its own.
fn fresh_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1_000);
    NEXT.fetch_add(3, Relaxed)
}

/// `demo.A.run`, whose site n calls `demo.B.sn` on line 10 + n.
struct Demo;

impl Names for Demo {
    fn class(&self) -> &str {
        "demo.A"
    }

    fn method(&self) -> &str {
        "run"
    }

    fn site(&self, number: u32) -> Option<Site> {
        let line = u16::try_from(10 + number).ok();
        Some(Site { class: "demo.B".to_owned(), method: format!("s{number}"), line })
    }
}

fn listener(spec: ListenerSpec) -> Listener {
    hub().register(ListenerSpec { budget: Budget::OFF, ..spec }, None)
}

fn trace() -> Kind {
    Kind::Trace(TraceOptions::default())
}

fn attach(id: u32, lane: u8, listener: &Listener) {
    hub().attach(id, lane, listener, Arc::new(Demo), Role::default()).unwrap();
}

/// A moment so many ticks after the test began; far behind all attaching.
fn at<R>(ticks: u64, tell: impl FnOnce(&Moment<'_>) -> R) -> R {
    let inside = Inside::of_this_thread();
    tell(&Moment::outside(&inside, ticks))
}

fn later() -> u64 {
    clock::ticks() + 1_000_000
}

fn end(id: u32, since: u64, cost: u64, lanes: u8) {
    at(since + cost, |at| hub().ended(at, id, since, lanes));
}

fn fail(id: u32, since: u64, cost: u64, lanes: u8) {
    at(since + cost, |at| hub().failed(at, id, since, lanes, &Failure::unknown()));
}

fn begin(id: u32, since: u64, lanes: u8) -> u8 {
    at(since, |at| hub().began(at, id, lanes))
}

fn pass(id: u32, site: u32, from: u64, to: u64) {
    at(from, |at| hub().before(at, id, site));
    at(to, |at| hub().after(at, id, site));
}

fn next_trace(listener: &Listener) -> TraceRecord {
    match listener.next(Duration::ZERO) {
        Next::Trace(record) => record,
        _ => unreachable!("there is a trace"),
    }
}

fn has_nothing(listener: &Listener) -> bool {
    matches!(listener.next(Duration::ZERO), Next::Nothing)
}

#[test]
fn a_monitor_counts_its_own_calls_only() {
    let id = fresh_id();
    let range = CostRange { least: 10, most: 1_000 };
    let one = listener(ListenerSpec { kind: Kind::Monitor { percentiles: true }, ..Default::default() });
    let ranged = listener(ListenerSpec { cost: Some(range), ..Default::default() });
    let before = clock::ticks();
    attach(id, 0, &one);
    attach(id, 3, &ranged);
    let now = later();
    end(id, before.wrapping_sub(5), 50, 0b1001); // began before
    end(id, now, 100, 0b1001);
    end(id, now, 5_000, 0b1001);
    fail(id, now, 200, 0b0001); // the other lane's condition did not hold
    end(id, now, 100, 0b0110); // nobody's
    let rows = one.monitor();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].class.as_str(), rows[0].method.as_str()), ("demo.A", "run"));
    assert_eq!((rows[0].total, rows[0].failed), (3, 1));
    assert!(
        rows[0].percentiles.is_some_and(|[p50, p95, p99]| p50 <= p95 && p95 <= p99 && p99 <= rows[0].max_ns)
    );
    assert_eq!(ranged.monitor().first().map(|row| row.total), Some(1));
    assert!(one.monitor().is_empty());
    assert_eq!(one.cost().calls, 3);
}

#[test]
fn a_taken_lane_is_refused_and_a_free_one_is_used_again() {
    let id = fresh_id();
    let (one, two) = (listener(ListenerSpec::default()), listener(ListenerSpec::default()));
    attach(id, 2, &one);
    assert!(hub().attach(id, 2, &two, Arc::new(Demo), Role::default()).is_err());
    assert!(hub().attach(id, LANES, &two, Arc::new(Demo), Role::default()).is_err());
    let old = later();
    end(id, old, 1, 0b100);
    let before = clock::ticks();
    hub().detach(&[(id, 2)]);
    end(id, old, 1, 0b100);
    attach(id, 2, &two);
    // What was counted before it was taken off is read once more, and then nothing.
    assert_eq!((one.monitor().len(), one.monitor().len(), one.methods()), (1, 0, 0));
    end(id, before, 1, 0b100);
    assert!(two.monitor().is_empty(), "a call of the lane's listener before");
    end(id, later(), 1, 0b100);
    assert_eq!(two.monitor().len(), 1);
}

#[test]
fn the_last_handle_takes_the_listener_off() {
    let id = fresh_id();
    let one = listener(ListenerSpec::default());
    let number = one.id();
    attach(id, 0, &one);
    assert!(hub().find(number).is_some());
    let core = Arc::downgrade(&one.0.core);
    drop(one);
    assert!(hub().find(number).is_none());
    end(id, later(), 1, 1);
    // Freed at the latest when nobody is inside: other tests may be just now.
    let deadline = Instant::now() + Duration::from_secs(10);
    while core.strong_count() > 0 && Instant::now() < deadline {
        inside::quiesce(deadline);
    }
    assert_eq!(core.strong_count(), 0);
}

#[test]
fn a_trace_is_handed_over_where_it_matches() {
    let id = fresh_id();
    let (outer, inner) = (id, id + 1);
    let range = CostRange { least: 100, most: u64::MAX };
    let tracer = listener(ListenerSpec { kind: trace(), cost: Some(range), ..Default::default() });
    assert_eq!(
        tracer.gate_needs(),
        Needs { tell: true, calls: true, entry_values: false, exit_values: true, lines: false }
    );
    attach(outer, 0, &tracer);
    attach(inner, 1, &tracer);
    let now = later();
    for cost in [50, 500] {
        assert_eq!(begin(outer, now, 0b01), 0b01);
        pass(outer, 0, now + 1, now + 5);
        at(now + 6, |at| hub().before(at, outer, 4));
        // Its own condition does not hold, but within a tree it is recorded.
        assert_eq!(begin(inner, now + 7, 0), 0);
        at(now + 8, |at| hub().before(at, inner, 2));
        fail(inner, now + 7, 3, 0);
        at(now + 11, |at| hub().caught(at, outer));
        end(outer, now, cost, 0b01);
    }
    let record = next_trace(&tracer);
    assert!(has_nothing(&tracer));
    assert_eq!((record.nodes, record.cut), (5, 0));
    let shown: Vec<_> = record
        .root
        .children
        .iter()
        .map(|node| (node.method.as_str(), node.line, node.times, node.throws))
        .collect();
    assert_eq!(shown, [("s0", 10, 1, 0), ("s4", 14, 1, 1)]);
    let below = &record.root.children[1].children[0];
    assert_eq!((below.is_entry, below.throws, below.children.len()), (true, 1, 1));
    assert_eq!(tracer.cost().sites, 6);
}

#[test]
fn a_trace_does_not_begin_where_its_condition_fails() {
    let id = fresh_id();
    let tracer = listener(ListenerSpec { kind: trace(), ..Default::default() });
    attach(id, 0, &tracer);
    let now = later();
    begin(id, now, 0);
    pass(id, 0, now + 1, now + 2);
    end(id, now, 10, 0);
    begin(id, now, 1);
    end(id, now, 10, 0); // the condition at the exit
    assert!(has_nothing(&tracer));
}

#[test]
fn an_inner_method_shows_within_a_trace_only() {
    let id = fresh_id();
    let tracer = listener(ListenerSpec { kind: trace(), ..Default::default() });
    attach(id, 0, &tracer);
    let inner = Role { inner: true, ..Role::default() };
    hub().attach(id + 1, 0, &tracer, Arc::new(Demo), inner).unwrap();
    let now = later();
    begin(id + 1, now, 1);
    end(id + 1, now, 5, 1);
    assert!(has_nothing(&tracer));
    begin(id, now, 1);
    begin(id + 1, now + 1, 1);
    end(id + 1, now + 1, 5, 1);
    end(id, now, 10, 1);
    assert_eq!(next_trace(&tracer).nodes, 2);
}

#[test]
fn two_traces_of_one_method_do_not_see_each_other() {
    let id = fresh_id();
    let (one, two) = (
        listener(ListenerSpec { kind: trace(), ..Default::default() }),
        listener(ListenerSpec { kind: trace(), ..Default::default() }),
    );
    attach(id, 0, &one);
    attach(id, 1, &two);
    attach(id + 1, 0, &two);
    let now = later();
    assert_eq!(begin(id + 1, now - 5, 1), 1);
    assert_eq!(begin(id, now, 0b11), 0b11);
    pass(id, 0, now + 1, now + 2);
    end(id, now, 10, 0b11);
    end(id + 1, now - 5, 20, 1);
    assert_eq!((next_trace(&one).nodes, next_trace(&two).nodes), (2, 3));
    assert!(has_nothing(&one) && has_nothing(&two));
}

#[test]
fn after_so_many_records_it_ends_but_gives_them_all() {
    let id = fresh_id();
    let stacks =
        listener(ListenerSpec { kind: Kind::Stack { depth: 10 }, limit: Some(2), ..Default::default() });
    attach(id, 0, &stacks);
    let now = later();
    (0..5).for_each(|_| end(id, now, 10, 1));
    for _ in 0..2 {
        assert!(matches!(stacks.next(Duration::ZERO), Next::Stack(record) if record.method == "run"));
    }
    assert!(matches!(stacks.next(Duration::ZERO), Next::Ended(Ended::Limit)));
    assert!(stacks.drops().is_empty());
    assert!(hub().find(stacks.id()).is_none());
}

#[test]
fn a_slow_reader_loses_records_and_is_told() {
    let id = fresh_id();
    let stacks = listener(ListenerSpec { kind: Kind::Stack { depth: 10 }, ..Default::default() });
    attach(id, 0, &stacks);
    let now = later();
    (0..RING + 7).for_each(|_| end(id, now, 10, 1));
    assert_eq!(stacks.drops(), Drops { records: 7, ..Drops::default() });
    assert_eq!(stacks.ended(), None);
}

#[test]
fn over_its_budget_it_switches_itself_off_and_says_why() {
    let id = fresh_id();
    let budget = Budget { records: Some(1), ..Budget::OFF };
    let spec = ListenerSpec { kind: Kind::Stack { depth: 1 }, budget, ..Default::default() };
    let stacks = hub().register(spec, None);
    attach(id, 0, &stacks);
    let now = later();
    (0..50).for_each(|_| end(id, now, 10, 1));
    let mut got = 0;
    let ended = loop {
        match stacks.next(Duration::ZERO) {
            Next::Stack(_) => got += 1,
            Next::Ended(ended) => break ended,
            Next::Trace(_) | Next::Watch(_) | Next::Nothing => unreachable!("it has ended"),
        }
    };
    assert!((5..=7).contains(&got), "{got}");
    assert!(
        matches!(ended, Ended::Budget(why) if why.contains("1 records a second") && why.contains("--budget"))
    );
}

#[test]
fn paused_it_takes_nothing_in_and_forgets_what_had_begun() {
    let id = fresh_id();
    let tracer = listener(ListenerSpec { kind: trace(), in_flight: true, ..Default::default() });
    attach(id, 0, &tracer);
    let now = later();
    begin(id, now, 1);
    assert_eq!(tracer.in_flight().len(), 1);
    tracer.pause();
    assert!(tracer.in_flight().is_empty());
    assert_eq!(begin(id, now + 5, 1), 0);
    end(id, now, 10, 1);
    assert!(has_nothing(&tracer));
    tracer.resume();
    begin(id, now + 20, 1);
    end(id, now + 20, 10, 1);
    assert_eq!(next_trace(&tracer).nodes, 1);
}

#[test]
fn calls_in_flight_are_seen_until_they_return_or_throw() {
    let id = fresh_id();
    let monitor = listener(ListenerSpec { in_flight: true, ..Default::default() });
    assert_eq!(
        monitor.gate_needs(),
        Needs { tell: true, calls: false, entry_values: false, exit_values: true, lines: false }
    );
    attach(id, 0, &monitor);
    let now = later();
    assert_eq!((begin(id, now, 1), begin(id, now + 1, 1), begin(id, now + 2, 0)), (1, 1, 0));
    let calls = monitor.in_flight();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.method == id && monitor.is_in_flight(call)));
    fail(id, now + 1, 1, 1);
    end(id, now, 10, 0); // the condition at the exit: not counted, but over
    assert!(monitor.in_flight().is_empty());
    assert_eq!(monitor.monitor().first().map(|row| row.total), Some(1));
}

#[test]
fn a_call_that_lost_its_methods_is_harmless() {
    let id = fresh_id();
    let tracer = listener(ListenerSpec { kind: trace(), ..Default::default() });
    attach(id, 0, &tracer);
    attach(id + 1, 0, &tracer);
    let now = later();
    begin(id, now, 1);
    hub().detach(&[(id, 0)]);
    pass(id, 0, now + 1, now + 2);
    at(now + 3, |at| hub().caught(at, id));
    end(id, now, 10, 1);
    // The thread still can trace: nothing hangs below the call that was lost.
    begin(id + 1, now + 20, 1);
    end(id + 1, now + 20, 5, 1);
    assert_eq!(next_trace(&tracer).nodes, 1);
    assert_eq!(begin(spy::IDS + 5, now, 1), 0);
}

#[test]
fn listeners_come_and_go_while_threads_call() {
    let (id, done) = (fresh_id(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    let inside = Inside::of_this_thread();
                    let entry = Moment::outside(&inside, 0);
                    let lanes = hub().began(&entry, id, 0b11);
                    let since = entry.now();
                    drop(inside);
                    let now = clock::ticks();
                    pass(id, 0, now, now);
                    end(id, since, 10, lanes);
                }
            });
        }
        for round in 0..100 {
            let counting =
                listener(ListenerSpec { kind: Kind::Monitor { percentiles: true }, ..Default::default() });
            let tracer = listener(ListenerSpec {
                kind: trace(),
                in_flight: true,
                limit: Some(3),
                ..Default::default()
            });
            attach(id, 0, &counting);
            attach(id, 1, &tracer);
            let deadline = Instant::now() + Duration::from_secs(20);
            while tracer.ended().is_none() {
                assert!(Instant::now() < deadline, "round {round}: no trace came");
                thread::yield_now();
            }
            while let Next::Trace(record) = tracer.next(Duration::ZERO) {
                assert_eq!(record.root.method, "run");
            }
            if round % 2 == 0 {
                hub().detach(&[(id, 0), (id, 1)]);
            }
        }
        done.store(true, Relaxed);
    });
}
