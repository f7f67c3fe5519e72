//! The classes that expressions speak of whatever they say: found once per command, before anything is woven.

use jvm::live::Live;
use jvm::{Class, Env, Environment, Local};
use ognl::{Primitive, Standard};

use crate::classes::Classes;
use crate::snapshot::ClassPlace;

const STANDARDS: [Standard; 24] = [
    Standard::Object,
    Standard::Class,
    Standard::String,
    Standard::Number,
    Standard::Comparable,
    Standard::Enum,
    Standard::Boolean,
    Standard::Byte,
    Standard::Character,
    Standard::Short,
    Standard::Integer,
    Standard::Long,
    Standard::Float,
    Standard::Double,
    Standard::BigInteger,
    Standard::BigDecimal,
    Standard::Collection,
    Standard::List,
    Standard::Set,
    Standard::Map,
    Standard::Iterator,
    Standard::Enumeration,
    Standard::ArrayList,
    Standard::LinkedHashMap,
];

/// Their places.
pub(crate) struct Known {
    standards: [ClassPlace; 24],
    primitives: [ClassPlace; 8],
}

impl Known {
    pub(crate) fn find(classes: &Classes, live: Live<'_, '_>) -> Option<Self> {
        let mut known = Self { standards: [0; 24], primitives: [0; 8] };
        for (place, standard) in known.standards.iter_mut().zip(STANDARDS) {
            let class = live.env().find_class(&standard.name().replace('.', "/")).ok()?;
            link(live.env(), &class);
            *place = classes.find(live, &class)?.0;
        }
        for (place, primitive) in known.primitives.iter_mut().zip(Primitive::ALL) {
            let class = primitive_class(live.env(), primitive).ok()?;
            *place = classes.find(live, &class)?.0;
        }
        Some(known)
    }

    pub(super) fn standard(&self, which: Standard) -> ClassPlace {
        let at = STANDARDS.iter().position(|known| *known == which);
        at.and_then(|at| self.standards.get(at)).copied().unwrap_or(0)
    }

    pub(super) fn primitive(&self, which: Primitive) -> ClassPlace {
        let at = Primitive::ALL.iter().position(|known| *known == which);
        at.and_then(|at| self.primitives.get(at)).copied().unwrap_or(0)
    }

    pub(super) fn as_primitive(&self, class: ClassPlace) -> Option<Primitive> {
        let at = self.primitives.iter().position(|known| *known == class)?;
        Primitive::ALL.get(at).copied()
    }
}

/// Links a class without initialising it. What goes wrong shows when its members are asked for.
pub(super) fn link(env: &Env<'_>, class: &Local<'_, Class>) {
    let is_linked = Environment::get()
        .and_then(|environment| environment.jvmti.class_status(class).ok())
        .is_some_and(|status| status.is_prepared() || status.is_array() || status.is_primitive());
    if is_linked {
        return;
    }
    let asked: jvm::Result<Option<Local<'_>>> =
        env.call(class, "getDeclaredConstructors", "()[Ljava/lang/reflect/Constructor;", &[]);
    if let Err(why) = asked {
        log::debug!("a class cannot be linked: {why}");
    }
}

fn primitive_class<'f>(env: &Env<'f>, of: Primitive) -> jvm::Result<Local<'f, Class>> {
    let boxed = env.find_class(&of.boxed().name().replace('.', "/"))?;
    let class: Local<'f> = env.get_static(&boxed, "TYPE", "Ljava/lang/Class;")?;
    env.as_class(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_place_of_its_own() {
        for (at, standard) in STANDARDS.iter().enumerate() {
            assert_eq!(STANDARDS.iter().position(|other| other == standard), Some(at));
        }
    }
}
