//! What happens when woven code tells of a call: listeners, by method and lane, count it, let a tree grow, or hand a
//! record over. HOT: the [`Probe`] below runs on the application's threads; it takes no lock that another
//! thread could hold, waits for nothing, and allocates only for records and at the first call of a thread.
//!
//! A crate of its own because it is built for speed, and the host for size.
//!
//! A listener is registered, attached to the lanes of methods while their gates are closed, and read by its
//! [`Listener`] handle. Everything it holds dies with its last handle.
#![forbid(unsafe_code)]

pub mod budget;
mod cell;
mod core;
mod faults;
mod flight;
mod forest;
mod histogram;
mod hooks;
mod listener;
mod look;
mod monitor;
mod origin;
mod pace;
mod record;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed},
};
use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use jvm::allocation::Allocated;
use jvm::inside;
use jvm::probe::{Failure, Moment, Probe, Values};
use jvm::{clock, spy};
use parking_lot::Mutex;

use cell::Cells;
use core::Core;
use flight::ThreadKey as Key;
use forest::Forest;
use hooks::{Hook, Table, What};
use listener::{Attached, Inner};
use record::{Raw, RawStack, RawTrace, RawWatch};
use tree::{Call, Throw};

pub use self::core::{Kind, TraceOptions};
pub use faults::Faulty;
pub use flight::ThreadKey;
pub use jvm::probe::ThreadFacts;
pub use listener::{
    Cost, CostRange, Drops, Ended, Listener, ListenerSpec, Names, Needs, Next, OpenCall, Role, Site,
};
pub use look::{Look, Looked, Point, Points, Seen};
pub use monitor::MonitorRow;
pub use record::{StackRecord, Thrown, TraceNode, TraceRecord, WatchRecord};

/// Lanes a method has: listeners at the same time.
pub const LANES: u8 = 8;

/// Records that wait for their reader.
const RING: u64 = 1_024;

/// How long the threads that are inside of a probe are waited for before what they may read is freed. Who is still
/// there is waited for the next time.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why a listener cannot be put on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No method has such a number, or no method has so many lanes.
    #[error("There is no lane {lane} of method {id}.")]
    NoLane {
        /// The method.
        id: u32,
        /// The lane.
        lane: u8,
    },
    /// It is in use.
    #[error("Lane {lane} of method {id} is another listener's.")]
    Taken {
        /// The method.
        id: u32,
        /// The lane.
        lane: u8,
    },
}

/// All listeners of this agent, and which methods they are on.
pub struct Advice {
    table: Table,
    last: AtomicU64,
    /// Also taken while hooks change, so that they change one at a time.
    listeners: Mutex<BTreeMap<u64, Weak<Inner>>>,
}

static HUB: Advice =
    Advice { table: Table::new(), last: AtomicU64::new(0), listeners: Mutex::new(BTreeMap::new()) };

/// The one hub: what `jvm::probe::listen` is given.
pub fn hub() -> &'static Advice {
    &HUB
}

impl Advice {
    /// Makes a listener, on no method yet. `allocated` is needed where it is to tell bytes.
    pub fn register(&self, spec: ListenerSpec, allocated: Option<Allocated>) -> Listener {
        let room = spec.limit.unwrap_or(RING).clamp(1, RING) as usize;
        let (out, records) = mpsc::sync_channel(room);
        let id = self.last.fetch_add(1, Relaxed) + 1;
        let core = Core::new(id, spec, allocated, out);
        let inner = Arc::new(Inner::new(Arc::new(core), records));
        self.listeners.lock().insert(id, Arc::downgrade(&inner));
        Listener(inner)
    }

    /// A living listener by its number.
    pub fn find(&self, id: u64) -> Option<Listener> {
        // Let go of outside of the lock, which the end of a last handle takes.
        let found = self.listeners.lock().get(&id)?.upgrade();
        found.map(Listener).filter(|found| found.ended().is_none())
    }

    /// Puts a listener on a lane of a method, whose gate must still be closed for the lane. Once more for the same
    /// method: calls that began before are no longer its. Fails if the lane belongs to another listener.
    pub fn attach(
        &self,
        id: u32,
        lane: u8,
        listener: &Listener,
        names: Arc<dyn Names>,
        role: Role,
    ) -> Result<(), Refused> {
        if lane >= LANES || id >= spy::IDS {
            return Err(Refused::NoLane { id, lane });
        }
        let inner = &listener.0;
        let core = &inner.core;
        let what = match core.kind {
            Kind::Monitor { .. } => What::Monitor,
            Kind::Stack { .. } => What::Stack,
            Kind::Trace(_) => What::Trace,
            Kind::Watch(_) => What::Watch,
        };
        let range = role.cost.or(core.cost).unwrap_or(CostRange { least: 0, most: u64::MAX });
        let _one_at_a_time = self.listeners.lock();
        let mut attached = inner.attached.lock();
        let percentiles = matches!(core.kind, Kind::Monitor { percentiles: true });
        let cells =
            attached.get(&id).map_or_else(|| Arc::new(Cells::new(percentiles)), |at| at.cells.clone());
        let number = {
            let mut all = inner.names.lock();
            all.push(names);
            (all.len() - 1) as u32
        };
        let hook = Hook {
            bit: 1 << lane,
            what,
            in_flight: core.flight.is_some(),
            names: number,
            since: clock::ticks(),
            inner: role.inner,
            least: range.least,
            most: range.most,
            look: role.look,
            at_entry: role.at_entry && what != What::Watch,
            cells: cells.clone(),
            core: core.clone(),
        };
        let mut taken = false;
        let retired = self.table.change(id, |hooks| {
            hooks.retain(|old| old.core.id != core.id);
            taken = hooks.iter().any(|old| old.bit == hook.bit);
            if !taken {
                hooks.push(hook);
            }
        });
        // Freed when somebody next waits for the readers.
        drop(retired);
        if taken {
            return Err(Refused::Taken { id, lane });
        }
        let at = attached.entry(id).or_insert_with(|| Attached::new(cells));
        (at.lane, at.names) = (Some(lane), number);
        Ok(())
    }

    /// Takes whoever has these lanes of these methods off them, after their gates were closed for the lanes. Waits
    /// until no thread is inside of a probe, half a second at most, and frees what is no longer read.
    pub fn detach(&self, lanes: &[(u32, u8)]) {
        if lanes.is_empty() {
            return;
        }
        let listeners = self.listeners.lock();
        // Let go of outside of the lock, which the end of a last handle takes.
        let mut found = Vec::new();
        for (id, lane) in lanes {
            let bit = 1_u8.checked_shl(u32::from(*lane)).unwrap_or(0);
            let mut gone = None;
            let retired = self.table.change(*id, |hooks| {
                gone = hooks.iter().find(|hook| hook.bit == bit).map(|hook| hook.core.clone());
                hooks.retain(|hook| hook.bit != bit);
            });
            drop(retired);
            let Some(core) = gone else { continue };
            if let Some(inner) = listeners.get(&core.id).and_then(Weak::upgrade) {
                if let Some(at) = inner.attached.lock().get_mut(id) {
                    at.lane = None;
                }
                core.drop_begun();
                found.push(inner);
            }
        }
        drop(listeners);
        drop(found);
        inside::quiesce(Instant::now() + PATIENCE);
    }

    /// The end of a listener's last handle.
    fn take_off(&self, core: &Core, lanes: &[(u32, u8)]) {
        let mut listeners = self.listeners.lock();
        listeners.remove(&core.id);
        for (id, _) in lanes {
            drop(self.table.change(*id, |hooks| hooks.retain(|hook| hook.core.id != core.id)));
        }
        drop(listeners);
        inside::quiesce(Instant::now() + PATIENCE);
    }

    /// Ends every listener: `stop`. The gates must be closed.
    pub fn shutdown(&self) {
        let all: Vec<_> = self.listeners.lock().values().filter_map(Weak::upgrade).map(Listener).collect();
        all.iter().for_each(Listener::close);
    }

    #[inline]
    fn left(
        &self,
        at: &Moment<'_>,
        call: Call,
        lanes: u8,
        failure: Option<&Failure<'_>>,
        values: Option<&Values<'_>>,
    ) {
        let Some(hooks) = self.table.get(at.inside(), call.id) else { return };
        let cost = clock::between(call.ticks, at.now());
        let point = if failure.is_some() { Point::Throw } else { Point::Return };
        let seen = Seen { point, cost, values, thrown: failure };
        for hook in hooks.all() {
            if let Some(flight) = hook.core.flight.as_ref().filter(|_| hook.in_flight) {
                flight.leave(key(at), call);
            }
            match hook.what {
                What::Monitor => {
                    if hook.wants(lanes, call.ticks, cost) && hook.holds(at, &seen) {
                        hook.cells.count(at.inside(), cost, failure.is_some());
                    }
                }
                What::Trace => {
                    if let (Some(forest), Kind::Trace(options)) = (&hook.core.forest, &hook.core.kind) {
                        left_tree(hook, forest, options, at, (call, cost, lanes), &seen);
                    }
                }
                What::Stack => {
                    hook.cells.count(at.inside(), cost, failure.is_some());
                    if hook.wants(lanes, call.ticks, cost) && hook.holds(at, &seen) {
                        stack(hook, at, cost, failure.is_some());
                    }
                }
                What::Watch => {
                    hook.cells.count(at.inside(), cost, failure.is_some());
                    if hook.wants(lanes, call.ticks, cost) {
                        watch(hook, at, &seen);
                    }
                }
            }
        }
    }
}

#[inline]
fn key(at: &Moment<'_>) -> Key {
    Key { key: at.thread(), is_virtual: at.is_virtual() }
}

impl Probe for Advice {
    fn began(&self, at: &Moment<'_>, id: u32, lanes: u8) -> u8 {
        let Some(hooks) = self.table.get(at.inside(), id) else { return 0 };
        let mut go = lanes;
        for hook in hooks.all() {
            if !hook.core.is_running() {
                go &= !hook.bit;
                continue;
            }
            if let (Some(forest), Kind::Trace(options)) = (&hook.core.forest, &hook.core.kind) {
                // Where the stack is says which calls can still be open; a virtual thread's moves.
                let marker = 0_u8;
                let stack = if at.is_virtual() { 0 } else { std::ptr::from_ref(&marker).addr() };
                let wanted = lanes & hook.bit != 0 && !hook.inner;
                let epoch = hook.core.epoch.load(Acquire);
                let entered = forest.enter(at, |tree| {
                    if tree.epoch != epoch {
                        tree.clear();
                        tree.epoch = epoch;
                    }
                    let used = hook.core.used(options, at);
                    tree.enter((id, hook.names), wanted, stack, used, options.limits(), || at.now())
                });
                if entered != Some(true) {
                    go &= !hook.bit;
                    if entered.is_none() {
                        hook.core.written.untraced.fetch_add(1, Relaxed);
                    }
                }
            }
            if let Kind::Watch(points) = &hook.core.kind
                && !points.success
                && !points.exception
            {
                // Its end is nobody's business.
                hook.cells.count(at.inside(), 0, false);
                go &= !hook.bit;
            }
            if let Some(flight) = hook.core.flight.as_ref().filter(|_| go & hook.bit != 0) {
                flight.enter(key(at), Call { id, ticks: at.now() });
            }
        }
        go
    }

    fn began_with(&self, at: &Moment<'_>, id: u32, lanes: u8, values: &Values<'_>) -> u8 {
        let Some(hooks) = self.table.get(at.inside(), id) else { return 0 };
        let seen = Seen { point: Point::Entry, cost: 0, values: Some(values), thrown: None };
        let mut go = lanes;
        for hook in hooks.all().filter(|hook| lanes & hook.bit != 0 && hook.core.is_running()) {
            if hook.what == What::Watch {
                watch(hook, at, &seen);
            } else if !hook.holds_at_entry(at, &seen) {
                go &= !hook.bit;
            }
        }
        // Last: what looking takes is not the call's.
        self.began(at, id, go)
    }

    fn line(&self, at: &Moment<'_>, id: u32, since: u64, place: u32, values: &Values<'_>) {
        let Some(hooks) = self.table.get(at.inside(), id) else { return };
        let cost = clock::between(since, at.now());
        let seen = Seen { point: Point::Line(place), cost, values: Some(values), thrown: None };
        for hook in hooks.all().filter(|hook| hook.what == What::Watch) {
            if hook.core.is_running() && !clock::is_before(since, hook.since) {
                watch(hook, at, &seen);
            }
        }
    }

    fn ended(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8) {
        self.left(at, Call { id, ticks: since }, lanes, None, None);
    }

    fn ended_with(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8, values: &Values<'_>) {
        self.left(at, Call { id, ticks: since }, lanes, None, Some(values));
    }

    fn failed(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8, thrown: &Failure<'_>) {
        self.left(at, Call { id, ticks: since }, lanes, Some(thrown), None);
    }

    fn failed_with(
        &self,
        at: &Moment<'_>,
        id: u32,
        since: u64,
        lanes: u8,
        thrown: &Failure<'_>,
        values: &Values<'_>,
    ) {
        self.left(at, Call { id, ticks: since }, lanes, Some(thrown), Some(values));
    }

    fn before(&self, at: &Moment<'_>, id: u32, site: u32) {
        let Some(hooks) = self.table.get(at.inside(), id) else { return };
        for hook in hooks.all() {
            if let (Some(forest), Kind::Trace(options)) = (&hook.core.forest, &hook.core.kind) {
                forest.find(at, |tree| {
                    let used = hook.core.used(options, at);
                    // What asking takes is not the call's.
                    let now = if used.is_some() { clock::ticks() } else { at.now() };
                    tree.before(id, site, now, used, options.limits());
                });
            }
        }
    }

    fn after(&self, at: &Moment<'_>, id: u32, site: u32) {
        let Some(hooks) = self.table.get(at.inside(), id) else { return };
        for hook in hooks.all() {
            if let (Some(forest), Kind::Trace(options)) = (&hook.core.forest, &hook.core.kind) {
                forest.find(at, |tree| tree.after(id, site, at.now(), hook.core.used(options, at)));
            }
        }
    }

    fn next(&self, at: &Moment<'_>, id: u32, left: u32, site: u32) {
        let Some(hooks) = self.table.get(at.inside(), id) else { return };
        for hook in hooks.all() {
            if let (Some(forest), Kind::Trace(options)) = (&hook.core.forest, &hook.core.kind) {
                forest.find(at, |tree| {
                    let used = hook.core.used(options, at);
                    tree.after(id, left, at.now(), used);
                    let now = if used.is_some() { clock::ticks() } else { at.now() };
                    tree.before(id, site, now, used, options.limits());
                });
            }
        }
    }

    fn caught(&self, at: &Moment<'_>, id: u32) {
        let Some(hooks) = self.table.get(at.inside(), id) else { return };
        for hook in hooks.all() {
            if let (Some(forest), Kind::Trace(options)) = (&hook.core.forest, &hook.core.kind) {
                forest.find(at, |tree| tree.caught(id, at.now(), hook.core.used(options, at)));
            }
        }
    }
}

/// A traced method has ended.
fn left_tree(
    hook: &Hook,
    forest: &Forest,
    options: &TraceOptions,
    at: &Moment<'_>,
    (call, cost, lanes): (Call, u64, u8),
    seen: &Seen<'_>,
) {
    let (core, failure) = (&hook.core, seen.thrown);
    let grown = forest.find(at, |tree| {
        let closed = tree.leave(call, at.now(), failure.is_some(), hook.core.used(options, at))?;
        if let Some(failure) = failure.filter(|_| tree.wants_throw(closed.node) && core.is_running()) {
            let started = clock::ticks();
            if let Ok((class, message)) = failure.words(at) {
                // What came from a call has the call's line.
                let line = if closed.site.is_none() { origin::line(at, failure) } else { None };
                tree.add_throw(Throw { node: closed.node, class, message, site: closed.site, line });
            }
            core.book(started, 0, 0);
        }
        if !closed.outermost {
            return None;
        }
        hook.cells.count(at.inside(), u64::from(tree.sites()), failure.is_some());
        if hook.wants(lanes, call.ticks, cost) && hook.holds(at, seen) {
            return Some(tree.take());
        }
        tree.forget();
        None
    });
    let Some(grown) = grown.flatten() else { return };
    core.hand_over(|| {
        core.written.cut.fetch_add(grown.cut.into(), Relaxed);
        let raw = RawTrace { at: at.now(), thread: at.thread_facts().ok(), grown };
        let bytes = raw.bytes();
        Some((Raw::Trace(raw), bytes))
    });
}

/// A call is to be shown with its values, if it is wanted.
fn watch(hook: &Hook, at: &Moment<'_>, seen: &Seen<'_>) {
    let (Kind::Watch(points), Some(look)) = (&hook.core.kind, &hook.look) else { return };
    let is_meant = match seen.point {
        Point::Entry => points.entry,
        Point::Return => points.success,
        Point::Throw => points.exception,
        Point::Line(_) => points.lines,
    };
    if !is_meant || !hook.core.gives_way(at.now()) || !hook.holds(at, seen) {
        return;
    }
    hook.core.hand_over(|| match look.look(at, seen) {
        Looked::Copy(what, bytes) => {
            hook.core.faults.fine();
            let (point, cost, names) = (seen.point, seen.cost, hook.names);
            let raw = RawWatch { at: at.now(), names, point, cost, what };
            Some((Raw::Watch(raw), bytes + size_of::<RawWatch>()))
        }
        Looked::Failed(why) => {
            hook.core.faults.add(why);
            None
        }
        Looked::Full => {
            hook.core.written.full.fetch_add(1, Relaxed);
            None
        }
    });
}

/// A call is to be shown with its stack.
fn stack(hook: &Hook, at: &Moment<'_>, cost: u64, failed: bool) {
    let Kind::Stack { depth } = hook.core.kind else { return };
    hook.core.hand_over(|| {
        let frames = at.stack(depth).unwrap_or_default();
        let bytes = size_of::<RawStack>() + size_of_val(frames.as_slice());
        let thread = at.thread_facts().ok();
        let raw = RawStack { at: at.now(), thread, names: hook.names, cost, failed, frames };
        Some((Raw::Stack(raw), bytes))
    });
}
