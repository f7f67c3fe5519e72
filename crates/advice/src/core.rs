//! The part of a listener that the application's threads touch. Its state is read at every call and hardly ever
//! written; what is written there is counters of the slow path.

use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU8, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Instant;

use jvm::allocation::Allocated;
use jvm::probe::Moment;
use jvm::{clock, os};

use super::faults::Faults;
use super::flight::Flight;
use super::forest::Forest;
use super::listener::{CostRange, ListenerSpec};
use super::look::Points;
use super::pace::Pace;
use super::record::Raw;
use super::tree::{Limits, Used};
use crate::budget::{Budget, Meter, Over};

/// What a listener observes.
pub enum Kind {
    /// Counts and times of calls.
    Monitor {
        /// Whether also how the times are distributed.
        percentiles: bool,
    },
    /// What a call calls, and how long that takes.
    Trace(TraceOptions),
    /// Who calls.
    Stack {
        /// At most so many frames.
        depth: usize,
    },
    /// Values of calls, at these points.
    Watch(Points),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Monitor { percentiles: false }
    }
}

/// How a trace is made.
pub struct TraceOptions {
    /// CPU time of each node: 0.2 to 0.3 µs an ask, two asks a call. Not on virtual threads.
    pub cpu: bool,
    /// Bytes each node allocates: 0.1 µs an ask, two asks a call. Not on virtual threads.
    pub alloc: bool,
    /// At most so many nodes in one tree.
    pub max_nodes: usize,
    /// At most so many woven methods within each other.
    pub max_depth: usize,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self { cpu: false, alloc: false, max_nodes: 1_000, max_depth: 128 }
    }
}

impl TraceOptions {
    pub(super) fn limits(&self) -> Limits {
        Limits { nodes: self.max_nodes, depth: self.max_depth }
    }
}

/// Whether a listener takes anything in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Paused,
    /// It has its records.
    Limit,
    Over(Over),
    Closed,
}

const RUNNING: u8 = 0;
const PAUSED: u8 = 1;

impl State {
    fn number(self) -> u8 {
        match self {
            State::Running => RUNNING,
            State::Paused => PAUSED,
            State::Limit => 2,
            State::Over(Over::Cpu) => 3,
            State::Over(Over::Records) => 4,
            State::Over(Over::Bytes) => 5,
            State::Closed => 6,
        }
    }
}

/// What the slow path writes, on cache lines of its own.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Written {
    /// Records still wanted.
    left: AtomicU64,
    /// Records that found no room.
    pub(super) full: AtomicU64,
    /// Calls that found no room in a tree.
    pub(super) cut: AtomicU64,
    /// Calls without a tree.
    pub(super) untraced: AtomicU64,
    /// Records handed over.
    pub(super) made: AtomicU64,
    /// Ticks that the slow path took.
    pub(super) spent: AtomicU64,
}

pub(super) struct Core {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) cost: Option<CostRange>,
    pub(super) budget: Budget,
    state: AtomicU8,
    /// Counts what makes trees that have begun worthless.
    pub(super) epoch: AtomicU32,
    pub(super) flight: Option<Flight>,
    pub(super) forest: Option<Forest>,
    allocated: Option<Allocated>,
    out: SyncSender<Box<Raw>>,
    pub(super) written: Written,
    pub(super) faults: Faults,
    pace: Pace,
    meter: Meter,
}

impl Core {
    pub(super) fn new(
        id: u64,
        spec: ListenerSpec,
        allocated: Option<Allocated>,
        out: SyncSender<Box<Raw>>,
    ) -> Self {
        Self {
            id,
            cost: spec.cost,
            budget: spec.budget,
            state: AtomicU8::new(RUNNING),
            epoch: AtomicU32::new(0),
            flight: spec.in_flight.then(Flight::new),
            forest: matches!(spec.kind, Kind::Trace(_)).then(Forest::new),
            kind: spec.kind,
            allocated,
            out,
            written: Written { left: AtomicU64::new(spec.limit.unwrap_or(u64::MAX)), ..Written::default() },
            faults: Faults::default(),
            pace: Pace::new(spec.sample, spec.rate, clock::ticks_per_second()),
            meter: Meter::new(&spec.budget, clock::ticks_per_second()),
        }
    }

    /// What the thread has used up so far, if that is wanted and known.
    #[inline]
    pub(super) fn used(&self, options: &TraceOptions, at: &Moment<'_>) -> Option<Used> {
        if options.cpu || self.allocated.is_some() { self.ask(options, at) } else { None }
    }

    #[cold]
    fn ask(&self, options: &TraceOptions, at: &Moment<'_>) -> Option<Used> {
        if at.is_virtual() {
            return None;
        }
        let bytes = self.allocated.as_ref().and_then(|by| at.allocated(by)).unwrap_or(0);
        Some(Used { cpu_ns: if options.cpu { os::thread_cpu_ns() } else { 0 }, bytes })
    }

    #[inline]
    pub(super) fn is_running(&self) -> bool {
        self.state.load(Acquire) == RUNNING
    }

    pub(super) fn state(&self) -> State {
        let number = self.state.load(Acquire);
        let all = [
            State::Running,
            State::Paused,
            State::Limit,
            State::Over(Over::Cpu),
            State::Over(Over::Records),
            State::Over(Over::Bytes),
        ];
        all.into_iter().find(|state| state.number() == number).unwrap_or(State::Closed)
    }

    /// Ends it. Only the first reason is kept.
    pub(super) fn end(&self, state: State) {
        for from in [RUNNING, PAUSED] {
            let _ = self.state.compare_exchange(from, state.number(), AcqRel, Relaxed);
        }
    }

    pub(super) fn pause(&self) {
        if self.state.compare_exchange(RUNNING, PAUSED, AcqRel, Relaxed).is_ok() {
            self.drop_begun();
        }
    }

    pub(super) fn resume(&self) {
        // Once more: what began before the pause was seen everywhere has missed something.
        self.drop_begun();
        let _ = self.state.compare_exchange(PAUSED, RUNNING, AcqRel, Relaxed);
    }

    /// What has begun will not be told of its end.
    pub(super) fn drop_begun(&self) {
        self.epoch.fetch_add(1, AcqRel);
        if let Some(flight) = &self.flight {
            flight.clear();
        }
    }

    /// Makes a record and hands it over, unless there is no room or it was the last. The slow path: what it takes is
    /// measured against the budget.
    #[cold]
    #[inline(never)]
    pub(super) fn hand_over(&self, make: impl FnOnce() -> Option<(Raw, usize)>) {
        let written = &self.written;
        let taken = written.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        let Ok(left) = taken else { return };
        let started = clock::ticks();
        let mut bytes = 0;
        let sent = make().is_some_and(|(raw, size)| {
            bytes = size;
            match self.out.try_send(Box::new(raw)) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                    written.full.fetch_add(1, Relaxed);
                    false
                }
            }
        });
        if !sent {
            written.left.fetch_add(1, Relaxed);
        } else if left == 1 {
            self.end(State::Limit);
        }
        self.book(started, u32::from(sent), bytes);
    }

    /// Whether a call of this moment is one of those that are to be looked at.
    #[inline]
    pub(super) fn gives_way(&self, now: u64) -> bool {
        self.pace.gives_way(now)
    }

    /// Books a step that began at `started` as often as `times`.
    #[cold]
    pub(super) fn book_many(&self, started: u64, times: u64) {
        let now = clock::ticks();
        let spent = clock::between(started, now).saturating_mul(times);
        self.written.spent.fetch_add(spent, Relaxed);
        if let Some(over) = self.meter.spend(now, spent, 0, 0) {
            self.end(State::Over(over));
        }
    }

    /// Books a step of the slow path that began at `started`.
    pub(super) fn book(&self, started: u64, records: u32, bytes: usize) {
        let now = clock::ticks();
        let spent = clock::between(started, now);
        self.written.spent.fetch_add(spent, Relaxed);
        self.written.made.fetch_add(records.into(), Relaxed);
        if let Some(over) = self.meter.spend(now, spent, records, bytes) {
            self.end(State::Over(over));
        }
    }
}

/// What reading the clock takes, in ns; measured once.
pub(super) fn clock_ns() -> f64 {
    static MEASURED: OnceLock<f64> = OnceLock::new();
    const ROUNDS: u32 = 64;
    *MEASURED.get_or_init(|| {
        let rounds = (0..16).map(|_| {
            let started = Instant::now();
            (0..ROUNDS).for_each(|_| {
                std::hint::black_box(clock::ticks());
            });
            started.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        });
        rounds.fold(f64::MAX, f64::min)
    })
}
