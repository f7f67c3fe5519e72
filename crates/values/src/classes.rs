//! The classes that a command has met: found by a class's mirror without a lock, and never forgotten before the
//! command ends. A class that is unloaded meanwhile is only never met again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use jvm::live::{Classed, Instance, Layout, Live};
use jvm::{Class, Environment, Local};

use crate::facts::ClassFacts;
use crate::java::Known;
use crate::redaction::Redaction;
use crate::salt::Salt;

/// So many classes are kept; values of others are not looked into.
const PLACES: usize = 4_096;
/// Where a class is looked for, from where its hash says.
const REACH: usize = 64;

/// Classes by their mirrors.
pub struct Classes {
    redaction: Redaction,
    places: Box<[OnceLock<Box<ClassFacts>>]>,
    salt: OnceLock<Option<Salt>>,
    known: OnceLock<Option<Known>>,
    /// How many nodes and units the last copy has taken, if not too many.
    room: AtomicU64,
}

impl Classes {
    /// None so far.
    pub fn new(redaction: Redaction) -> Arc<Self> {
        Arc::new(Self {
            redaction,
            places: (0..PLACES).map(|_| OnceLock::new()).collect(),
            salt: OnceLock::new(),
            known: OnceLock::new(),
            room: AtomicU64::new(0),
        })
    }

    /// How much room the next copy will probably take.
    #[inline]
    pub(crate) fn room(&self) -> (usize, usize) {
        let room = self.room.load(Relaxed);
        ((room >> 32) as usize, room as u32 as usize)
    }

    /// Remembers how much room a copy has taken.
    #[inline]
    pub(crate) fn took(&self, nodes: usize, units: usize) {
        /// A large one says nothing of the next.
        const MOST: usize = 512;
        let room = (nodes.min(MOST) as u64) << 32 | units.min(4 * MOST) as u64;
        if self.room.load(Relaxed) != room {
            self.room.store(room, Relaxed);
        }
    }

    /// Which names are kept secret.
    pub fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// The order of the JDK's immutable sets and maps.
    pub(crate) fn salt(&self, live: Live<'_, '_>) -> Option<Salt> {
        *self.salt.get_or_init(|| Salt::read(live.env()))
    }

    /// Finds the classes that expressions speak of whatever they say, so that no thread of the application has to; false
    /// where one is missing.
    pub fn prepare(&self, live: Live<'_, '_>) -> bool {
        self.salt(live);
        self.known(live).is_some()
    }

    /// The classes that expressions speak of whatever they say; `None` where one is missing.
    pub(crate) fn known(&self, live: Live<'_, '_>) -> Option<&Known> {
        self.known.get_or_init(|| Known::find(self, live)).as_ref()
    }

    /// A class by its place.
    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&ClassFacts> {
        Some(self.places.get(place as usize)?.get()?)
    }

    /// The class of an object, and the object as an instance of it; `last` remembers the place of the class before, and is
    /// looked at first. `None` where there are too many classes, or the JVM does not tell.
    #[inline]
    pub(crate) fn of<'a>(
        &'a self,
        live: Live<'a, '_>,
        object: &'a Local<'_>,
        last: &AtomicU32,
    ) -> Option<(u32, &'a ClassFacts, Instance<'a>)> {
        self.of_which(live, object, last, |layout| layout.instance(live, object))
    }

    /// The same for an object that may be asked again.
    #[inline]
    pub(crate) fn of_classed<'a>(
        &'a self,
        live: Live<'a, '_>,
        object: &'a Classed<'_>,
        last: &AtomicU32,
    ) -> Option<(u32, &'a ClassFacts, Instance<'a>)> {
        self.of_which(live, object.object(), last, |layout| layout.instance_of(live, object))
    }

    #[inline]
    fn of_which<'a>(
        &'a self,
        live: Live<'a, '_>,
        object: &'a Local<'_>,
        last: &AtomicU32,
        instance: impl Fn(&'a Layout) -> Option<Instance<'a>>,
    ) -> Option<(u32, &'a ClassFacts, Instance<'a>)> {
        if let Some(place) = last.load(Relaxed).checked_sub(1)
            && let Some(facts) = self.get(place)
            && let Some(instance) = instance(&facts.layout)
        {
            return Some((place, facts, instance));
        }
        let (place, facts) = self.find(live, &live.env().class_of(object).ok()?)?;
        last.store(place + 1, Relaxed);
        Some((place, facts, instance(&facts.layout)?))
    }

    /// A class by its mirror, met now if it was not before. `None` also where it is not linked yet: it has no objects.
    #[cold]
    pub(crate) fn find(&self, live: Live<'_, '_>, class: &Local<'_, Class>) -> Option<(u32, &ClassFacts)> {
        let environment = Environment::get()?;
        let hash = environment.jvmti.identity_hash(class).ok()?.cast_unsigned();
        let start = hash.wrapping_mul(0x9E37_79B9) as usize % PLACES;
        let mut made = None;
        for place in (start..start + REACH).map(|place| place % PLACES) {
            let slot = self.places.get(place)?;
            if slot.get().is_none() {
                let new = match made.take() {
                    Some(made) => made,
                    None => match ClassFacts::of(live.env(), &environment.jvmti, class, &self.redaction) {
                        Ok(made) => Box::new(made),
                        Err(why) => {
                            log::debug!("a class is not looked into: {why}");
                            return None;
                        }
                    },
                };
                // Another thread may have been faster, with this class or another.
                made = slot.set(new).err();
            }
            if let Some(found) = slot.get().filter(|found| found.layout.is(live, class)) {
                return Some((place as u32, found));
            }
        }
        None
    }
}
