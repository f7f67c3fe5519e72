//! The first walk of a search for paths: which objects of a class are the biggest that are reachable, and which classes
//! hold objects of which others. Only the few objects that are wanted are marked; the holders are told by class, so
//! that the second walk marks no more than what may lie on a path, and does not visit what lies on none.

use std::ffi::c_void;

use super::biggest::Biggest;
use super::walk::{Deadline, Marked, place};
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::Jvmti;
use crate::known;
use crate::refs::{Class, Ref};
use crate::sys::{self, HeapReferenceInfo, jint, jlong};

/// `jvmtiHeapReferenceKind`.
pub(super) mod kind {
    use crate::sys::jint;

    pub(crate) const CLASS: jint = 1;
    pub(crate) const FIELD: jint = 2;
    pub(crate) const ARRAY_ELEMENT: jint = 3;
    pub(crate) const CLASS_LOADER: jint = 4;
    pub(crate) const STATIC_FIELD: jint = 8;
    pub(crate) const JNI_GLOBAL: jint = 21;
    pub(crate) const SYSTEM_CLASS: jint = 22;
    pub(crate) const MONITOR: jint = 23;
    pub(crate) const STACK_LOCAL: jint = 24;
    pub(crate) const JNI_LOCAL: jint = 25;
    pub(crate) const THREAD: jint = 26;
}

/// What must be known of a class while the world stands still.
#[derive(Clone, Copy)]
pub(super) struct Nature {
    /// Objects of it are looked for.
    pub(super) is_goal: bool,
    /// The number of its field `referent`; -1 for what is no reference object.
    referent: i32,
    /// Its referent stays as long as there is memory.
    is_soft: bool,
    /// Objects of it are virtual threads, whose stacks the JVM tells of only when it comes to the thread.
    has_stack: bool,
}

/// How an edge counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It keeps its object.
    Strong,
    /// Until memory gets scarce.
    Soft,
    /// Not at all.
    Weak,
}

/// The natures of all classes, by mark.
pub(super) struct Natures {
    all: Vec<Nature>,
    /// Whether the way from an object to its class may be part of a path: it is of none but to loaders and classes,
    /// and there of too many.
    pub(super) by_class: bool,
}

impl Natures {
    pub(super) fn of(
        jvmti: &Jvmti,
        env: &Env<'_>,
        marked: &Marked<'_, '_>,
        goal: &impl Ref<Kind = Class>,
    ) -> Result<Natures> {
        let reference = env.find_class("java/lang/ref/Reference")?;
        let soft = env.find_class("java/lang/ref/SoftReference")?;
        let mut all = room(marked.classes.len() + 1)?;
        all.push(Nature { is_goal: false, referent: -1, is_soft: false, has_stack: false });
        let is_virtual = "Ljava/lang/VirtualThread;";
        for class in &marked.classes {
            let number = if env.is_assignable(class, &reference)? {
                // One that is not yet prepared has no objects.
                jvmti.field_number(env, class, &reference, "referent").ok().flatten()
            } else {
                None
            };
            all.push(Nature {
                is_goal: env.is_assignable(class, goal)?,
                referent: number.unwrap_or(-1),
                is_soft: number.is_some() && env.is_assignable(class, &soft)?,
                has_stack: jvmti.class_signature(class).is_ok_and(|signature| signature == is_virtual),
            });
        }
        let of_loaders = env.is_assignable(goal, known::LOADER.class(env)?)?;
        let of_classes = env.is_assignable(goal, known::CLASS.class(env)?)?;
        Ok(Natures { all, by_class: of_loaders || of_classes })
    }

    #[inline]
    pub(super) fn is_goal(&self, class: usize) -> bool {
        self.all.get(class).is_some_and(|nature| nature.is_goal)
    }

    /// How the field of an object holds what is in it.
    #[inline]
    pub(super) fn hold(&self, holder: usize, field: i32) -> Hold {
        match self.all.get(holder) {
            Some(nature) if nature.referent == field && field >= 0 => {
                if nature.is_soft {
                    Hold::Soft
                } else {
                    Hold::Weak
                }
            }
            _ => Hold::Strong,
        }
    }
}

/// Pairs of classes of which one holds objects of the other: a set in one piece of memory, which grows while the world
/// stands still, or gives up.
pub(super) struct Pairs {
    table: Vec<u64>,
    used: usize,
    last: u64,
    /// There was no more room.
    pub(super) is_cut: bool,
}

impl Pairs {
    /// 32 MiB of them.
    const MOST: usize = 1 << 22;

    fn new() -> Result<Pairs> {
        Ok(Pairs { table: empty(1 << 14)?, used: 0, last: 0, is_cut: false })
    }

    #[inline]
    fn note(&mut self, holder: usize, held: usize) {
        let pair = (holder as u64) << 32 | held as u64;
        // An array's elements and a list's nodes are told in a row.
        if pair != self.last && pair != 0 {
            self.last = pair;
            self.insert(pair);
        }
    }

    fn insert(&mut self, pair: u64) {
        let mask = self.table.len() - 1;
        let mut at = (pair.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        while let Some(slot) = self.table.get_mut(at) {
            if *slot == pair {
                return;
            }
            if *slot == 0 {
                *slot = pair;
                self.used += 1;
                break;
            }
            at = (at + 1) & mask;
        }
        if self.used * 2 > self.table.len() && !self.is_cut {
            self.grow();
        }
        // A full table would be searched for ever.
        if self.used * 8 > self.table.len() * 7 {
            self.table.fill(0);
            self.used = 0;
        }
    }

    fn grow(&mut self) {
        let twice = self.table.len() * 2;
        let Some(bigger) = empty(twice).ok().filter(|_| twice <= Self::MOST) else {
            self.is_cut = true;
            return;
        };
        self.used = 0;
        for pair in std::mem::replace(&mut self.table, bigger) {
            if pair != 0 {
                self.insert(pair);
            }
        }
    }

    /// Which classes lead to a goal, by mark: by an object of theirs a goal may be reached.
    pub(super) fn leads(self, natures: &Natures) -> Result<Vec<bool>> {
        let count = natures.all.len();
        let mut leads = room(count)?;
        leads.resize(count, self.is_cut);
        // What was loaded meanwhile is not known.
        if let Some(first) = leads.first_mut() {
            *first = true;
        }
        let mut pairs = self.table;
        pairs.retain(|pair| *pair != 0);
        pairs.sort_unstable_by_key(|pair| *pair & 0xFFFF_FFFF);
        let mut ahead: Vec<usize> = room(count)?;
        for (class, nature) in natures.all.iter().enumerate() {
            if nature.has_stack
                && let Some(leads) = leads.get_mut(class)
            {
                *leads = true;
            }
            if nature.is_goal || nature.has_stack {
                ahead.push(class);
            }
        }
        while let Some(held) = ahead.pop() {
            let from = pairs.partition_point(|pair| ((*pair & 0xFFFF_FFFF) as usize) < held);
            let of_held = pairs.iter().skip(from).take_while(|pair| (**pair & 0xFFFF_FFFF) as usize == held);
            for pair in of_held {
                let holder = (*pair >> 32) as usize;
                if let Some(leads) = leads.get_mut(holder)
                    && !*leads
                {
                    *leads = true;
                    ahead.push(holder);
                }
            }
        }
        Ok(leads)
    }
}

fn empty(count: usize) -> Result<Vec<u64>> {
    let mut table = room(count)?;
    table.resize(count, 0);
    Ok(table)
}

/// What the first walk works with.
pub(super) struct Reach {
    pub(super) deadline: Deadline,
    pub(super) natures: Natures,
    pub(super) pairs: Pairs,
    /// Sizes; classes and marks ([`wanted`]).
    pub(super) biggest: Biggest,
    /// The next mark that is free.
    pub(super) next: u64,
    highest_given: u64,
    /// Classes and threads that were taken in, where these are looked for.
    taken: Vec<bool>,
}

impl Reach {
    pub(super) fn new(natures: Natures, given: usize, most: usize, deadline: Deadline) -> Result<Reach> {
        let mut taken = room(given + 1)?;
        taken.resize(given + 1, false);
        Ok(Reach {
            deadline,
            natures,
            pairs: Pairs::new()?,
            biggest: Biggest::new(most)?,
            next: given as u64 + 1,
            highest_given: given as u64,
            taken,
        })
    }

    #[inline]
    fn offer(&mut self, size: u64, class: usize, tag: &mut jlong) {
        if *tag == 0 {
            if self.biggest.wants(size) {
                *tag = self.next.cast_signed();
                self.next += 1;
                self.biggest.take(size, wanted(class, *tag));
            }
        } else if tag.cast_unsigned() <= self.highest_given
            && let Some(taken) = self.taken.get_mut(place(*tag))
            && !*taken
        {
            *taken = true;
            if self.biggest.wants(size) {
                self.biggest.take(size, wanted(class, *tag));
            }
        }
    }
}

/// An object's class and its own mark in one number.
fn wanted(class: usize, tag: jlong) -> u64 {
    (class as u64) << 32 | tag.cast_unsigned() & 0xFFFF_FFFF
}

/// Looks at a reference. The world stands still; nothing may be asked of the JVM here.
pub(super) unsafe extern "C" fn reach(
    kind: jint,
    info: *const HeapReferenceInfo,
    class: jlong,
    holder_class: jlong,
    size: jlong,
    tag: *mut jlong,
    _holder: *mut jlong,
    _length: jint,
    reach: *mut c_void,
) -> jint {
    // SAFETY: what the walk handed over, which waits for its end.
    let reach = unsafe { &mut *reach.cast::<Reach>() };
    if !reach.deadline.allows() {
        return sys::VISIT_ABORT;
    }
    let (class, holder) = (place(class), place(holder_class));
    match kind {
        kind::FIELD => {
            // SAFETY: the JVM's for the time of this call; it tells one with a field.
            let info = unsafe { &*info };
            // SAFETY: a field's is its number.
            let field = unsafe { info.index };
            if reach.natures.hold(holder, field) == Hold::Weak {
                return 0;
            }
            reach.pairs.note(holder, class);
        }
        kind::ARRAY_ELEMENT => reach.pairs.note(holder, class),
        kind::CLASS if !reach.natures.by_class => {}
        // Static fields are roots.
        kind::STATIC_FIELD => {}
        _ if holder != 0 => reach.pairs.note(holder, class),
        _ => {}
    }
    if reach.natures.is_goal(class) {
        // SAFETY: a place of the JVM's for the time of this call.
        let tag = unsafe { &mut *tag };
        reach.offer(size.cast_unsigned(), class, tag);
    }
    sys::VISIT_OBJECTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn natures(goals: &[bool]) -> Natures {
        let nature =
            |is_goal: &bool| Nature { is_goal: *is_goal, referent: -1, is_soft: false, has_stack: false };
        Natures { all: goals.iter().map(nature).collect(), by_class: false }
    }

    #[test]
    fn classes_lead_to_a_goal_over_others() {
        let mut pairs = Pairs::new().unwrap();
        for (holder, held) in [(1, 2), (2, 3), (4, 1), (5, 6), (3, 2), (1, 2)] {
            pairs.note(holder, held);
        }
        let leads = pairs.leads(&natures(&[false, false, false, true, false, false, false])).unwrap();
        assert_eq!(leads, [true, true, true, true, true, false, false], "3 leads to 2, and so to itself");
    }

    #[test]
    fn many_pairs_are_all_kept() {
        let mut pairs = Pairs::new().unwrap();
        for class in 1..100_000 {
            pairs.note(class, class + 1);
        }
        assert_eq!((pairs.used, pairs.is_cut), (99_999, false));
        let mut goals = vec![false; 100_001];
        goals[100_000] = true;
        let leads = pairs.leads(&natures(&goals)).unwrap();
        assert!(leads[..100_000].iter().all(|leads| *leads) && !leads[100_000]);
    }
}
