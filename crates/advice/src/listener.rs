//! A listener as the one who reads it sees it: what it was registered for, and what it has to say. When the last
//! handle goes, the listener is taken off all its methods and everything it holds is freed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use jvm::clock;
use parking_lot::Mutex;

use super::cell::{Before, Cells};
use super::core::{Core, Kind, State};
use super::faults::Faulty;
use super::flight::ThreadKey;
use super::hub;
use super::look::Look;
use super::monitor::{self, MonitorRow};
use super::record::{Raw, StackRecord, TraceRecord, WatchRecord};
use crate::budget::Budget;

/// How often a waiting reader looks: the application's threads wake nobody, a system call would cost them more than
/// the record.
const LOOK: Duration = Duration::from_millis(5);

/// The words of a woven method.
pub trait Names: Send + Sync {
    /// Its class, with dots.
    fn class(&self) -> &str;
    /// Its name.
    fn method(&self) -> &str;
    /// What the call site of this number calls, and on which line.
    fn site(&self, number: u32) -> Option<Site>;
}

/// A call site in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The class that is named, with dots.
    pub class: String,
    /// The method that is called.
    pub method: String,
    /// The line, if the class tells.
    pub line: Option<u16>,
}

/// What to register.
#[derive(Default)]
pub struct ListenerSpec {
    /// What is observed.
    pub kind: Kind,
    /// Whether to keep which calls have not returned. They are then told to native code at entry too.
    pub in_flight: bool,
    /// Only calls that took so many ticks count (inclusive): the part of a condition that is about `#cost` alone.
    pub cost: Option<CostRange>,
    /// What handing over may cost.
    pub budget: Budget,
    /// The listener ends by itself after so many records.
    pub limit: Option<u64>,
    /// Only one of so many calls is looked at; 0 and 1 mean all. For [`Kind::Watch`].
    pub sample: u32,
    /// At most so many calls a second are looked at. For [`Kind::Watch`].
    pub rate: Option<u32>,
}

/// What a method is to a listener.
#[derive(Clone, Default)]
pub struct Role {
    /// Never begins a trace, only shows within one.
    pub inner: bool,
    /// Instead of the listener's own range.
    pub cost: Option<CostRange>,
    /// What is asked of its calls beyond compiled conditions, and copied of them.
    pub look: Option<Arc<dyn Look>>,
    /// It is asked when they begin, and not when they end. Not for [`Kind::Watch`], whose points say when.
    pub at_entry: bool,
}

/// From so many ticks to so many, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostRange {
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

/// What a gate has to do for a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// `gate::TELL`.
    pub tell: bool,
    /// `gate::CALLS`, where call sites are woven.
    pub calls: bool,
    /// `gate::ENTRY_VALUES`.
    pub entry_values: bool,
    /// `gate::EXIT_VALUES`, if there is a [`Look`].
    pub exit_values: bool,
    /// `gate::LINES`.
    pub lines: bool,
}

/// What a reader gets.
pub enum Next {
    /// A traced call that matched.
    Trace(TraceRecord),
    /// A call that matched, and who called it.
    Stack(StackRecord),
    /// A call that matched, with what was copied of it.
    Watch(WatchRecord),
    /// Nothing so far.
    Nothing,
    /// There will be nothing more.
    Ended(Ended),
}

/// Why a listener has ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As many records as it was registered for.
    Limit,
    /// Its budget; why, in words.
    Budget(String),
    /// It was closed.
    Closed,
}

/// What a listener could not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Records for which there was no room, since the reader was slower than they came.
    pub records: u64,
    /// Calls within traces that were too deep or too many.
    pub cut: u64,
    /// Calls that could not be traced at all (too many threads at once).
    pub untraced: u64,
    /// Calls in flight that could not be kept.
    pub in_flight: u64,
}

impl Drops {
    /// Whether everything was told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a listener has cost the application so far, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Calls that native code was told of.
    pub calls: u64,
    /// Call sites within traced calls.
    pub sites: u64,
    /// Nanoseconds one call costs, and one call site, by the clock measured here.
    pub call_ns: f64,
    /// Nanoseconds a call site costs.
    pub site_ns: f64,
    /// Records that were made.
    pub records: u64,
    /// What making them took, in ns.
    pub records_ns: u64,
}

impl Cost {
    /// All of it, in ns.
    pub fn total_ns(&self) -> u64 {
        let counting = self.calls as f64 * self.call_ns + self.sites as f64 * self.site_ns;
        (counting as u64).saturating_add(self.records_ns)
    }
}

/// A call that has not returned.
#[derive(Clone)]
pub struct OpenCall {
    /// The method's id.
    pub method: u32,
    /// Its words; `None` if it was taken off meanwhile.
    pub names: Option<Arc<dyn Names>>,
    /// Who is in it.
    pub thread: ThreadKey,
    /// How long, in ns.
    pub age_ns: u64,
    /// The moment of entry, which tells calls of one thread apart.
    pub since: u64,
}

/// A listener. Clones are handles to the same.
#[derive(Clone)]
pub struct Listener(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) core: Arc<Core>,
    pub(super) attached: Mutex<BTreeMap<u32, Attached>>,
    pub(super) names: Mutex<Vec<Arc<dyn Names>>>,
    records: Mutex<Receiver<Box<Raw>>>,
}

/// A method of a listener.
pub(super) struct Attached {
    /// `None` once it was taken off; its counts are still read once.
    pub(super) lane: Option<u8>,
    pub(super) names: u32,
    pub(super) cells: Arc<Cells>,
    /// Most methods of a wide pattern are never called.
    before: Option<Box<Before>>,
}

impl Attached {
    pub(super) fn new(cells: Arc<Cells>) -> Self {
        Self { lane: None, names: 0, cells, before: None }
    }
}

impl Inner {
    pub(super) fn new(core: Arc<Core>, records: Receiver<Box<Raw>>) -> Self {
        Self { core, attached: Mutex::default(), names: Mutex::default(), records: Mutex::new(records) }
    }

    pub(super) fn lanes(&self) -> Vec<(u32, u8)> {
        self.attached.lock().iter().filter_map(|(id, at)| Some((*id, at.lane?))).collect()
    }

    fn names_of(&self, number: u32) -> Option<Arc<dyn Names>> {
        self.names.lock().get(number as usize).cloned()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.core.end(State::Closed);
        hub().take_off(&self.core, &self.lanes());
    }
}

impl Listener {
    /// Its number, from 1: `--listenerId`.
    pub fn id(&self) -> u64 {
        self.0.core.id
    }

    /// What the gates of its methods have to do.
    pub fn gate_needs(&self) -> Needs {
        let core = &self.0.core;
        let calls = core.forest.is_some();
        let (entry_values, exit_values) = match core.kind {
            Kind::Watch(points) => (points.entry, points.success || points.exception),
            Kind::Monitor { .. } | Kind::Stack { .. } | Kind::Trace(_) => (false, true),
        };
        let lines = matches!(core.kind, Kind::Watch(points) if points.lines);
        Needs { tell: calls || core.flight.is_some(), calls, entry_values, exit_values, lines }
    }

    /// How many methods it is on.
    pub fn methods(&self) -> usize {
        self.0.attached.lock().values().filter(|at| at.lane.is_some()).count()
    }

    /// The next record, waited for at most so long.
    pub fn next(&self, wait: Duration) -> Next {
        let deadline = Instant::now() + wait;
        loop {
            // Asked first: what was handed over before the end is still read.
            let ended = self.ended();
            let found = self.0.records.lock().try_recv();
            match (found, ended) {
                (Ok(raw), _) => return self.in_words(*raw),
                (Err(_), Some(ended)) => return Next::Ended(ended),
                (Err(_), None) => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Next::Nothing;
            }
            thread::sleep(left.min(LOOK));
        }
    }

    fn in_words(&self, raw: Raw) -> Next {
        let rate = clock::ticks_per_second();
        match raw {
            Raw::Trace(raw) => Next::Trace(raw.in_words(&self.0.names.lock(), &self.0.core.kind, rate)),
            Raw::Stack(raw) => {
                let names = self.0.names_of(raw.names);
                Next::Stack(raw.in_words(names.as_deref(), rate))
            }
            Raw::Watch(raw) => {
                let names = self.0.names_of(raw.names);
                Next::Watch(raw.in_words(names.as_deref(), rate))
            }
        }
    }

    /// Counts and times since this was last asked: one row for each class and method name that was called. Overloads,
    /// and classes of one name in several loaders, are one row.
    pub fn monitor(&self) -> Vec<MonitorRow> {
        let mut rows = monitor::Rows::default();
        let mut attached = self.0.attached.lock();
        let names = self.0.names.lock();
        for at in attached.values_mut() {
            if at.cells.is_unused() {
                continue;
            }
            let counts = at.cells.since(at.before.get_or_insert_default());
            if let (Some(counts), Some(names)) = (counts, names.get(at.names as usize)) {
                rows.add(names.class(), names.method(), counts);
            }
        }
        attached.retain(|_, at| at.lane.is_some());
        drop((names, attached));
        rows.finish(clock::ticks_per_second())
    }

    /// Which of its calls have not returned, the oldest first. Empty unless registered for it.
    pub fn in_flight(&self) -> Vec<OpenCall> {
        let Some(flight) = &self.0.core.flight else { return Vec::new() };
        let (now, rate) = (clock::ticks(), clock::ticks_per_second());
        let attached = self.0.attached.lock();
        let mut calls: Vec<OpenCall> = flight
            .open()
            .into_iter()
            .map(|open| OpenCall {
                method: open.call.id,
                names: attached.get(&open.call.id).and_then(|at| self.0.names_of(at.names)),
                thread: open.thread,
                age_ns: clock::nanos(clock::between(open.call.ticks, now), rate),
                since: open.call.ticks,
            })
            .collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.age_ns));
        calls
    }

    /// Whether this call still has not returned.
    pub fn is_in_flight(&self, call: &OpenCall) -> bool {
        let call = super::flight::Open {
            call: super::tree::Call { id: call.method, ticks: call.since },
            thread: call.thread,
        };
        self.0.core.flight.as_ref().is_some_and(|flight| flight.is_open(&call))
    }

    /// Forgets the calls of threads that have died in them.
    pub fn forget_calls(&self, is_dead: impl Fn(ThreadKey) -> bool) -> usize {
        self.0.core.flight.as_ref().map_or(0, |flight| flight.forget(is_dead))
    }

    /// What it could not tell so far.
    pub fn drops(&self) -> Drops {
        let core = &self.0.core;
        Drops {
            records: core.written.full.load(Relaxed),
            cut: core.written.cut.load(Relaxed),
            untraced: core.written.untraced.load(Relaxed),
            in_flight: core.flight.as_ref().map_or(0, super::flight::Flight::missed),
        }
    }

    /// Calls at which something could not be evaluated.
    pub fn faults(&self) -> Option<Faulty> {
        self.0.core.faults.seen()
    }

    /// What it has cost so far.
    pub fn cost(&self) -> Cost {
        let core = &self.0.core;
        let (calls, amounts) = self.0.attached.lock().values().fold((0, 0), |(calls, amounts), at| {
            (at.cells.total().wrapping_add(calls), at.cells.sum().wrapping_add(amounts))
        });
        let sites = if core.forest.is_some() { amounts } else { 0 };
        let clock_ns = super::core::clock_ns();
        // A call down is 3 ns; counting some more. A call that is told at entry too goes through the hooks twice.
        let call_ns = 2.0 * (clock_ns + 3.0) + if self.gate_needs().tell { 20.0 } else { 3.0 };
        Cost {
            calls,
            sites,
            call_ns,
            site_ns: 2.0 * (clock_ns + 8.0),
            records: core.written.made.load(Relaxed),
            records_ns: clock::nanos(core.written.spent.load(Relaxed), clock::ticks_per_second()),
        }
    }

    /// Why it has ended by itself, if it has.
    pub fn ended(&self) -> Option<Ended> {
        let core = &self.0.core;
        Some(match core.state() {
            State::Running | State::Paused => return None,
            State::Limit => Ended::Limit,
            State::Over(over) => Ended::Budget(over.reason(&core.budget)),
            State::Closed => Ended::Closed,
        })
    }

    /// Takes nothing in until [`resume`](Self::resume): Ctrl-Z. Traces that have begun are dropped.
    pub fn pause(&self) {
        self.0.core.pause();
    }

    /// Goes on.
    pub fn resume(&self) {
        self.0.core.resume();
    }

    /// Ends it for all handles and takes it off its methods. The gates should be closed before.
    pub fn close(&self) {
        self.0.core.end(State::Closed);
        hub().detach(&self.0.lanes());
    }
}
