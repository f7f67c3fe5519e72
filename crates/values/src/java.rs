//! Objects as expressions see them: the evaluator's door to the JVM, [`ognl::Access`] over JNI. HOT.
//!
//! Fields are read where they lie, getters that do nothing but read a field too, and the JDK's containers by their
//! insides: none of it runs Java code. What does is [`harmless`] or needs the user's permission, and no probe tells
//! of it. What was found in a class is remembered with the class, so that nothing dangles when it unloads.

mod access;
mod big;
mod call;
mod check;
mod container;
mod convert;
mod getter;
mod harmless;
mod known;
mod members;
mod names;
mod property;
mod reflection;
mod site;
mod statics;
mod thing;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use jvm::live::{Instance, Live};
use jvm::{Class, Environment, Jvmti, Local};
use ognl::{ErrorKind, Fault};

use crate::classes::Classes;
use crate::facts::ClassFacts;
use crate::redaction::HIDDEN;
use crate::snapshot::ClassPlace;

pub(crate) use known::Known;
pub(crate) use members::{Members, types};
pub use names::Names;
pub use site::Site;
pub use statics::{DeclaredField, StaticField};
pub use thing::Thing;

/// A value of Java in an expression.
pub type Value<'f> = ognl::Value<Thing<'f>>;

/// What an expression may do beyond looking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Call any method, load and initialise classes.
    pub evaluate: bool,
}

/// A frame of local references with all that an evaluation in it needs.
pub struct Java<'e, 'f> {
    live: Live<'e, 'f>,
    jvmti: &'static Jvmti,
    classes: &'e Arc<Classes>,
    known: &'e Known,
    names: &'e Names,
    may: May,
    /// Units of the string that is being looked at.
    scratch: RefCell<Vec<u16>>,
    /// How many objects were met.
    met: Cell<u32>,
}

impl<'e, 'f> Java<'e, 'f> {
    /// In this frame. `None` where the JVM lacks a class that every JVM has, or is on its way out.
    pub fn new(live: Live<'e, 'f>, classes: &'e Arc<Classes>, names: &'e Names, may: May) -> Option<Self> {
        let jvmti = &Environment::get()?.jvmti;
        let known = classes.known(live)?;
        Some(Self {
            live,
            jvmti,
            classes,
            known,
            names,
            may,
            scratch: RefCell::default(),
            met: Cell::default(),
        })
    }

    /// The frame.
    pub fn live(&self) -> Live<'e, 'f> {
        self.live
    }

    /// The classes that were met.
    pub fn classes(&self) -> &'e Arc<Classes> {
        self.classes
    }

    /// One more object was met: an expression that holds many of them needs room for its references.
    #[inline]
    fn meets(&self) {
        let met = self.met.get().wrapping_add(1);
        self.met.set(met);
        if met.is_power_of_two() && met >= 16 {
            self.live.env().reserve(2 * met as usize);
        }
    }

    /// A class that was met.
    fn facts(&self, class: ClassPlace) -> Result<&'e ClassFacts, Fault> {
        self.classes.get(class).ok_or_else(too_many)
    }

    /// The class of an object, and the object as an instance of it; `last` remembers the class before.
    #[inline]
    fn instance<'a>(
        &'a self,
        of: &'a Thing<'f>,
        last: &AtomicU32,
    ) -> Result<(&'e ClassFacts, Instance<'a>), Fault> {
        let Some(object) = of.as_classed() else {
            let (place, _, instance) = self.classes.of(self.live, of.local(), last).ok_or_else(too_many)?;
            of.remember(place);
            return Ok((self.facts(place)?, instance));
        };
        if let Some(place) = of.class()
            && let facts = self.facts(place)?
            && let Some(instance) = facts.layout.instance_of(self.live, object)
        {
            return Ok((facts, instance));
        }
        let (place, _, instance) = self.classes.of_classed(self.live, object, last).ok_or_else(too_many)?;
        of.remember(place);
        Ok((self.facts(place)?, instance))
    }

    /// The class of an object.
    #[inline]
    fn class_place(&self, of: &Thing<'f>) -> Result<ClassPlace, Fault> {
        match of.class() {
            Some(place) => Ok(place),
            None => {
                let last = AtomicU32::new(0);
                let (place, ..) = self.classes.of(self.live, of.local(), &last).ok_or_else(too_many)?;
                of.remember(place);
                Ok(place)
            }
        }
    }

    /// The loader of a class; `None` for the boot loader.
    pub(crate) fn loader_of(&self, class: &Local<'_, Class>) -> Result<Option<Local<'f>>, Fault> {
        self.jvmti.class_loader(self.live.env(), class).map_err(broken)
    }

    /// What the JVM says as what an expression says.
    #[cold]
    pub(crate) fn broken(error: jvm::Error) -> Fault {
        broken(error)
    }

    /// A value that is kept secret.
    ///
    /// # Errors
    /// The JVM has no room for it.
    #[cold]
    pub fn hidden(&self) -> Result<Value<'f>, Fault> {
        let units: Vec<u16> = HIDDEN.encode_utf16().collect();
        let text = self.live.env().new_units(&units).map_err(broken)?;
        Ok(Value::Object(Thing::text(text)))
    }

    /// Whether the value of what is called so is kept secret.
    fn hides(&self, name: &str) -> bool {
        self.classes.redaction().hides(name)
    }
}

#[cold]
fn too_many() -> Fault {
    Fault::new(ErrorKind::Broken, "The expression meets more classes than are kept for a command.")
}

/// What the JVM says as what an expression says.
#[cold]
fn broken(error: jvm::Error) -> Fault {
    match error {
        jvm::Error::Thrown(thrown) => Fault::thrown(&thrown.class, thrown.message),
        other => Fault::new(ErrorKind::Broken, format!("The JVM would not do it: {other}.")),
    }
}
