//! Who is told of calls in woven code, and when it is told no more. What can be asked at such a moment is in
//! [`Moment`].

mod moment;
pub(crate) mod natives;
pub(crate) mod shaped;
mod values;

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::guard;
use crate::vm::Vm;

pub(crate) use moment::prepare;
pub use moment::{Failure, Handle, Moment, RawFrame, ThreadFacts};
pub use values::Values;

/// Told of calls, on the application's threads: wait for nothing, lock nothing that others hold for long. A panic is
/// caught; after a few, nothing is told any more.
pub trait Probe: Sync {
    /// A call begins whose gate says [`gate::TELL`]; gives the lanes that go on with it.
    fn began(&self, at: &Moment<'_>, id: u32, lanes: u8) -> u8;

    /// A call has returned that began at `since` ticks, for the lanes that went on with it and whose condition held.
    fn ended(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8);

    /// A call has thrown.
    fn failed(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8, thrown: &Failure<'_>);

    /// As [`began`](Probe::began), with the values, for the lanes whose gate asks for them.
    fn began_with(&self, at: &Moment<'_>, id: u32, lanes: u8, values: &Values<'_>) -> u8 {
        let _ = values;
        self.began(at, id, lanes)
    }

    /// As [`ended`](Probe::ended), with the values.
    fn ended_with(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8, values: &Values<'_>) {
        let _ = values;
        self.ended(at, id, since, lanes);
    }

    /// As [`failed`](Probe::failed), with the values.
    fn failed_with(
        &self,
        at: &Moment<'_>,
        id: u32,
        since: u64,
        lanes: u8,
        thrown: &Failure<'_>,
        values: &Values<'_>,
    ) {
        let _ = values;
        self.failed(at, id, since, lanes, thrown);
    }

    /// A call site is about to be called.
    fn before(&self, at: &Moment<'_>, id: u32, site: u32) {
        let _ = (at, id, site);
    }

    /// It has returned.
    fn after(&self, at: &Moment<'_>, id: u32, site: u32) {
        let _ = (at, id, site);
    }

    /// It has returned, and the next one is about to be called.
    fn next(&self, at: &Moment<'_>, id: u32, left: u32, site: u32) {
        self.after(at, id, left);
        self.before(at, id, site);
    }

    /// A handler of the method's own has caught what a call site threw.
    fn caught(&self, at: &Moment<'_>, id: u32) {
        let _ = (at, id);
    }

    /// A told line of the method begins, by its pc before weaving, in a call that began at `since` ticks; with what is known there.
    fn line(&self, at: &Moment<'_>, id: u32, since: u64, place: u32, values: &Values<'_>) {
        let _ = (at, id, since, place, values);
    }
}

/// The bits of a gate.
pub mod gate {
    /// Lane `n` is open: bit `n` of 0 to 7.
    pub const LANES: i32 = 0xFF;
    /// Lane `n` has a condition at the entry: bit `8 + n`.
    pub const AT_ENTRY: u32 = 8;
    /// Lane `n` has a condition at the exit: bit `16 + n`.
    pub const AT_EXIT: u32 = 16;
    /// [`Probe::began`](super::Probe::began) is told, and then every exit.
    pub const TELL: i32 = 1 << 24;
    /// Call sites are told.
    pub const CALLS: i32 = 1 << 25;
    /// Lines are told.
    pub const LINES: i32 = 1 << 26;
    /// The entry is told with its values, by [`Probe::began_with`](super::Probe::began_with), if a lane goes on.
    pub const ENTRY_VALUES: i32 = 1 << 27;
    /// The exit is told with its values, if a lane goes on.
    pub const EXIT_VALUES: i32 = 1 << 28;
}

static PROBE: OnceLock<&'static dyn Probe> = OnceLock::new();

/// What `PROBE` holds, or null: there is no probe, it has panicked too often, or the JVM dies. One load for all three.
static TOLD: AtomicPtr<&'static dyn Probe> = AtomicPtr::new(ptr::null_mut());

/// Panics of the probe so far, and with how many it is told nothing more.
static PANICS: AtomicU32 = AtomicU32::new(0);
const TOO_MANY: u32 = 8;

/// Says who is told; only the first one ever is kept. Returns whether this was it.
pub fn listen(probe: &'static dyn Probe) -> bool {
    let first = PROBE.set(probe).is_ok();
    if first {
        forgive();
    }
    first
}

/// How often the probe has panicked. With eight it is told nothing more until [`forgive`].
pub fn panics() -> u32 {
    PANICS.load(Ordering::Relaxed)
}

/// Counts panics from zero again.
pub fn forgive() {
    PANICS.store(0, Ordering::Relaxed);
    if let Some(probe) = PROBE.get().filter(|_| !Vm::is_gone()) {
        TOLD.store(ptr::from_ref(probe).cast_mut(), Ordering::Release);
    }
}

/// Nothing is told any more: the JVM dies.
pub(crate) fn fall_silent() {
    TOLD.store(ptr::null_mut(), Ordering::Release);
}

/// The probe that is to be told, if any.
#[inline]
fn told() -> Option<&'static dyn Probe> {
    let probe = TOLD.load(Ordering::Acquire);
    // SAFETY: null, or the place inside of `PROBE`, which is written once, before.
    unsafe { probe.as_ref() }.copied()
}

/// After a panic of the probe.
#[cold]
fn broke(payload: Box<dyn Any + Send>) {
    if PANICS.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= TOO_MANY {
        fall_silent();
    }
    let said = guard::message(&*payload);
    // The log itself may be what panicked.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| log::error!("a bug in a probe was caught: {said}")));
    // A payload's own drop may panic again, out here.
    std::mem::forget(payload);
}
