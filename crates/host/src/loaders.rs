//! Class loaders, and the one that a person means by its hash or by its class.

use jvm::{Env, Local};
use serde::Serialize;

use crate::Host;
use crate::error::{Error, Result};

/// Which loader is meant; without either, the system class loader.
#[derive(Clone, Debug, Default)]
pub struct WantedLoader {
    /// Its identity hash, in hex.
    pub hash: Option<String>,
    /// The name of its class.
    pub class: Option<String>,
}

/// A loader, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoaderFacts {
    /// Its class and hash.
    pub name: String,
    /// Its identity hash, in hex.
    pub hash: String,
}

/// What was found.
pub(crate) enum FoundLoader<'f> {
    One(Local<'f>),
    Several(Vec<LoaderFacts>),
}

impl Host {
    /// Finds a loader.
    pub(crate) fn loader<'f>(&self, env: &Env<'f>, wanted: &WantedLoader) -> Result<FoundLoader<'f>> {
        let missing = |text: String| Err(Error::sentence(text));
        if let Some(hash) = &wanted.hash {
            let meant = u32::from_str_radix(hash.trim_start_matches("0x"), 16).ok().map(u32::cast_signed);
            let loader = self.loaders(env)?.into_iter().find(|(_, known)| Some(*known) == meant);
            return match loader {
                Some((loader, _)) => Ok(FoundLoader::One(loader)),
                None => missing(format!("Can not find classloader with hashCode: {hash}.")),
            };
        }
        let Some(class) = &wanted.class else {
            let of = env.find_class("java/lang/ClassLoader")?;
            let loader: Option<Local<'f>> =
                env.call_static(&of, "getSystemClassLoader", "()Ljava/lang/ClassLoader;", &[])?;
            let none = || Error::sentence("This JVM has no system class loader.");
            return loader.map(FoundLoader::One).ok_or_else(none);
        };
        let jvmti = &self.environment.jvmti;
        let mut found = Vec::new();
        for (loader, hash) in self.loaders(env)? {
            if jvmti.class_name(&env.class_of(&loader)?)? == *class {
                found.push((loader, hash));
            }
        }
        if found.len() > 1 {
            let facts = found.iter().map(|(_, hash)| LoaderFacts {
                name: format!("{class}@{hash:x}"),
                hash: format!("{hash:x}"),
            });
            return Ok(FoundLoader::Several(facts.collect()));
        }
        match found.pop() {
            Some((loader, _)) => Ok(FoundLoader::One(loader)),
            None => missing(format!("Can not find classloader by class name: {class}.")),
        }
    }

    /// All loaders but the boot loader that have loaded a class, with their identity hashes.
    pub(crate) fn loaders<'f>(&self, env: &Env<'f>) -> Result<Vec<(Local<'f>, i32)>> {
        let jvmti = &self.environment.jvmti;
        let mut all: Vec<(Local<'f>, i32)> = Vec::new();
        for class in jvmti.loaded_classes(env)? {
            // A class may be unloaded meanwhile.
            let Ok(Some(loader)) = jvmti.class_loader(env, &class) else { continue };
            let hash = jvmti.identity_hash(&loader)?;
            if !all.iter().any(|(known, other)| *other == hash && env.is_same(known, &loader)) {
                all.push((loader, hash));
            }
        }
        Ok(all)
    }
}
