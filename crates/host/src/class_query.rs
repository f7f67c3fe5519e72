//! Which loaded classes a pattern means: one pass over all of them, in which a class that is not meant is asked for its
//! signature and let go. With 100,000 classes that is what counts.
//!
//! `GetLoadedClasses` holds a lock of the JVM and stops nobody; no class is linked or initialised.

use jvm::{Class, Env, Local};

use crate::class_facts::type_name;
use crate::error::Result;
use crate::evaluation::Answer;
use crate::loaders::{Loaders, WantedLoader};
use crate::names::NamePattern;
use crate::subtypes::Subtypes;
use crate::{Host, access_flags};

/// Which classes are meant.
#[derive(Clone, Debug)]
pub struct ClassQuery {
    /// By their names with dots, arrays as `[Ljava.lang.String;`.
    pub pattern: NamePattern,
    /// Of this loader, if one is named.
    pub loader: WantedLoader,
    /// Whether subtypes are meant; `None`: as the option `disable-sub-class` says.
    pub subclasses: Option<bool>,
}

impl ClassQuery {
    /// The classes with such names, and those below them as the option says, of a loader if one is named.
    pub fn new(pattern: NamePattern, loader: WantedLoader) -> Self {
        Self { pattern, loader, subclasses: None }
    }

    /// Only the classes with such names.
    pub fn by_name_only(pattern: NamePattern, loader: WantedLoader) -> Self {
        Self { pattern, loader, subclasses: Some(false) }
    }
}

/// A class that is meant.
pub(crate) struct FoundClass<'f> {
    /// As `Class.getName` gives it.
    pub(crate) name: String,
    pub(crate) class: Local<'f, Class>,
}

impl Host {
    /// The classes that are meant, by name.
    pub(crate) fn query_classes<'f>(
        &self,
        loaders: &mut Loaders<'_, 'f>,
        env: &Env<'f>,
        query: &ClassQuery,
    ) -> Result<Answer<Vec<FoundClass<'f>>>> {
        let hash = match loaders.meant(&query.loader)? {
            Ok(hash) => hash,
            Err(several) => return Ok(Err(several)),
        };
        let subclasses = query.subclasses.unwrap_or(!self.options().no_subclasses());
        let mut found = self.named_classes(env, &query.pattern, subclasses, true)?;
        if let Some(hash) = &hash {
            found.retain(|one| {
                let loader = loaders.of(&one.class).ok().flatten();
                loaders.has_hash(loader.as_deref(), hash)
            });
        }
        found.sort_by_cached_key(|one| type_name(&one.name));
        Ok(Ok(found))
    }

    /// The classes that a pattern names, and their subtypes if wanted, in no order.
    pub(crate) fn named_classes<'f>(
        &self,
        env: &Env<'f>,
        pattern: &NamePattern,
        subclasses: bool,
        arrays: bool,
    ) -> Result<Vec<FoundClass<'f>>> {
        let jvmti = &self.environment.jvmti;
        let (mut named, mut others) = (Vec::new(), Vec::new());
        for class in jvmti.loaded_classes(env)? {
            // A class may be unloaded meanwhile.
            let Ok(name) = jvmti.class_name(&class) else { continue };
            if !arrays && name.starts_with('[') {
                continue;
            }
            if pattern.matches(&name) {
                named.push(FoundClass { name, class });
            } else if subclasses {
                others.push(class);
            }
        }
        if others.is_empty() || named.is_empty() {
            return Ok(named);
        }
        // What is final has none below it; arrays are, and have.
        let is_open = |one: &&FoundClass<'f>| {
            let flags = jvmti.class_modifiers(&one.class);
            one.name.starts_with('[') || flags.is_ok_and(|flags| flags.0 & access_flags::FINAL == 0)
        };
        let roots = named.iter().filter(is_open).map(|one| &one.class).collect();
        let mut below = Vec::new();
        let mut subtypes = Subtypes::of(env, jvmti, roots)?;
        for class in others {
            if subtypes.contain(&class)? {
                let Ok(name) = jvmti.class_name(&class) else { continue };
                below.push(FoundClass { name, class });
            }
        }
        drop(subtypes);
        named.extend(below);
        Ok(named)
    }
}
