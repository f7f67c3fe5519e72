//! Which listeners are on a method, by its id. HOT: read at every event, without a lock; replaced as a whole when a
//! listener comes or goes.

use std::iter;
use std::sync::{Arc, OnceLock};

use jvm::inside::{Inside, Published, Retired};
use jvm::probe::Moment;
use jvm::{clock, spy};

use super::cell::Cells;
use super::core::Core;
use super::look::{Look, Seen};

const PAGE: usize = 1_024;
const PAGES: usize = spy::IDS as usize / PAGE;

/// One listener on one method.
#[derive(Clone)]
pub(super) struct Hook {
    /// Its lane, as a bit.
    pub(super) bit: u8,
    pub(super) what: What,
    /// Whether the listener keeps calls in flight.
    pub(super) in_flight: bool,
    /// Recorded within a trace only.
    pub(super) inner: bool,
    /// Which of the listener's names are this method's.
    pub(super) names: u32,
    /// Calls that began before are not its.
    pub(super) since: u64,
    pub(super) least: u64,
    pub(super) most: u64,
    /// Asks what no compiled condition can.
    pub(super) look: Option<Arc<dyn Look>>,
    /// It was asked at the entry already.
    pub(super) at_entry: bool,
    pub(super) cells: Arc<Cells>,
    pub(super) core: Arc<Core>,
}

/// What a hook does, beside a look at the listener.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Monitor,
    Stack,
    Trace,
    Watch,
}

impl Hook {
    /// Whether a call of this length, that began at `since`, is wanted.
    #[inline]
    pub(super) fn wants(&self, lanes: u8, since: u64, cost: u64) -> bool {
        lanes & self.bit != 0
            && (self.least..=self.most).contains(&cost)
            && !clock::is_before(since, self.since)
            && self.core.is_running()
    }

    /// Whether what is evaluated of the condition holds.
    #[inline]
    pub(super) fn holds(&self, at: &Moment<'_>, seen: &Seen<'_>) -> bool {
        self.at_entry || self.look.as_ref().is_none_or(|look| self.asks(&**look, at, seen))
    }

    /// The same at an entry, for those that ask there.
    #[inline]
    pub(super) fn holds_at_entry(&self, at: &Moment<'_>, seen: &Seen<'_>) -> bool {
        let asked = self.look.as_ref().filter(|_| self.at_entry);
        asked.is_none_or(|look| self.asks(&**look, at, seen))
    }

    #[inline(never)]
    fn asks(&self, look: &dyn Look, at: &Moment<'_>, seen: &Seen<'_>) -> bool {
        // Reading the clock again would cost as much as asking: one of so many is timed, and counts for all.
        const TIMED: u64 = 16;
        let is_timed = at.now().is_multiple_of(TIMED);
        let started = if is_timed { clock::ticks() } else { 0 };
        let holds = look.holds(at, seen);
        if is_timed {
            self.core.book_many(started, TIMED);
        }
        match holds {
            Ok(holds) => {
                // Of a call that is meant something is still to be shown, which may fail.
                if !(holds && self.what == What::Watch) {
                    self.core.faults.fine();
                }
                holds
            }
            Err(why) => {
                self.core.faults.add(why);
                false
            }
        }
    }
}

/// All listeners on one method.
#[derive(Clone)]
pub(super) struct Hooks {
    first: Hook,
    more: Vec<Hook>,
}

impl Hooks {
    fn of(all: Vec<Hook>) -> Option<Self> {
        let mut all = all.into_iter();
        Some(Self { first: all.next()?, more: all.collect() })
    }

    #[inline]
    pub(super) fn all(&self) -> impl Iterator<Item = &Hook> {
        iter::once(&self.first).chain(&self.more)
    }
}

type Page = [Published<Hooks>; PAGE];

/// The hooks of all methods.
pub(super) struct Table([OnceLock<Box<Page>>; PAGES]);

impl Table {
    pub(super) const fn new() -> Self {
        Self([const { OnceLock::new() }; PAGES])
    }

    #[inline]
    pub(super) fn get<'a>(&'a self, inside: &'a Inside, id: u32) -> Option<&'a Hooks> {
        let id = id as usize;
        self.0.get(id / PAGE)?.get()?.get(id % PAGE)?.read(inside)
    }

    /// Changes the hooks of an id; gives back what was there, to be freed when nobody reads it. One at a time.
    pub(super) fn change(&self, id: u32, change: impl FnOnce(&mut Vec<Hook>)) -> Option<Retired<Hooks>> {
        let place = self.0.get(id as usize / PAGE)?;
        let page = place.get_or_init(|| Box::new([const { Published::empty() }; PAGE]));
        let place = page.get(id as usize % PAGE)?;
        let inside = Inside::of_this_thread();
        let mut hooks: Vec<Hook> =
            place.read(&inside).map_or(Vec::new(), |hooks| hooks.all().cloned().collect());
        drop(inside);
        change(&mut hooks);
        place.replace(Hooks::of(hooks))
    }
}
