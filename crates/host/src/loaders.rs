//! Class loaders, as Arthas names them: by the hash that `ClassLoader.hashCode()` gives and the text that `toString()` does.
//!
//! Where a loader has `Object`'s methods nothing is called: the hash is the identity hash, the text is class and hash. A
//! loader's own methods are the application's code; they run on the command's thread, when their answer is asked for, once
//! for each question, and what they throw is dropped.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use jvm::{Class, Env, Field, Jvmti, Local, inside};
use serde::Serialize;

use crate::Host;
use crate::error::{Error, Result};
use crate::evaluation::{Answer, NotOne};

/// Which loader is meant; without any, the system class loader, or all of them.
#[derive(Clone, Debug, Default)]
pub struct WantedLoader {
    /// Its hash, in hex. With it the others say nothing.
    pub hash: Option<String>,
    /// The name of its class.
    pub class: Option<String>,
    /// What its `toString()` says.
    pub text: Option<String>,
}

impl WantedLoader {
    /// The class and text that are wanted, in words.
    pub fn described(&self) -> String {
        let class = self.class.as_ref().map(|class| format!("class name: {class}"));
        let text = self.text.as_ref().map(|text| format!("ClassLoader#toString(): {text}"));
        class.into_iter().chain(text).collect::<Vec<_>>().join(", ")
    }
}

/// A loader, as lists show it (Arthas's `ClassLoaderVO`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoaderFacts {
    /// What its `toString()` says.
    pub name: String,
    /// Its hash in hex.
    pub hash: String,
    /// What the `toString()` of the one above it says, unless that is the boot loader.
    pub parent: Option<String>,
}

/// What was found.
pub(crate) enum FoundLoader<'f> {
    One(Local<'f>),
    Several(Vec<LoaderFacts>),
}

/// A loader, met in the course of one question.
pub(crate) struct Loader<'f> {
    pub(crate) object: Local<'f>,
    pub(crate) identity: i32,
    /// The name of its class.
    pub(crate) class: String,
    hash: OnceCell<i32>,
    text: OnceCell<String>,
}

/// The loaders that were met, each asked about once. For one question: it keeps them alive.
pub(crate) struct Loaders<'w, 'f> {
    env: &'w Env<'f>,
    jvmti: &'w Jvmti,
    object: Local<'f, Class>,
    parent: Field,
    /// By identity hash.
    known: HashMap<i32, Vec<Rc<Loader<'f>>>>,
    /// The JVM tells classes loader by loader.
    last: Option<Rc<Loader<'f>>>,
}

/// The hash of the boot loader.
pub(crate) const BOOT: &str = "null";

/// So much of a loader's text is kept: Tomcat's is some hundred, in several lines.
const LONGEST: usize = 4_096;

/// A chain of parents that is longer has a ring in it.
const DEEPEST: usize = 256;

impl<'w, 'f> Loaders<'w, 'f> {
    pub(crate) fn new(env: &'w Env<'f>, jvmti: &'w Jvmti) -> Result<Self> {
        let class_loader = env.find_class("java/lang/ClassLoader")?;
        Ok(Self {
            env,
            jvmti,
            object: env.find_class("java/lang/Object")?,
            // Not by the object's class: Tomcat's have a field of that name, too.
            parent: env.field(&class_loader, "parent", "Ljava/lang/ClassLoader;")?,
            known: HashMap::new(),
            last: None,
        })
    }

    /// The loader that defined a class; `None` for the boot loader.
    pub(crate) fn of(&mut self, class: &Local<'f, Class>) -> Result<Option<Rc<Loader<'f>>>> {
        match self.jvmti.class_loader(self.env, class)? {
            Some(object) => self.met(object).map(Some),
            None => Ok(None),
        }
    }

    /// This loader.
    pub(crate) fn met(&mut self, object: Local<'f>) -> Result<Rc<Loader<'f>>> {
        if let Some(last) = &self.last
            && self.env.is_same(&last.object, &object)
        {
            return Ok(last.clone());
        }
        let identity = self.jvmti.identity_hash(&object)?;
        let known = self.known.entry(identity).or_default();
        let found = known.iter().find(|loader| self.env.is_same(&loader.object, &object)).cloned();
        let loader = match found {
            Some(loader) => loader,
            None => {
                let class = self.jvmti.class_name(&self.env.class_of(&object)?)?;
                let (hash, text) = Default::default();
                let loader = Rc::new(Loader { object, identity, class, hash, text });
                known.push(loader.clone());
                loader
            }
        };
        self.last = Some(loader.clone());
        Ok(loader)
    }

    /// All but the boot loader that have loaded a class, in no order.
    pub(crate) fn all(&mut self) -> Result<Vec<Rc<Loader<'f>>>> {
        for class in self.jvmti.loaded_classes(self.env)? {
            // A class may be unloaded meanwhile.
            drop(self.of(&class));
        }
        let mut all: Vec<Rc<Loader<'f>>> = self.known.values().flatten().cloned().collect();
        all.sort_by(|one, other| (&one.class, one.identity).cmp(&(&other.class, other.identity)));
        Ok(all)
    }

    /// The one above it; `None` for the boot loader.
    pub(crate) fn parent(&mut self, of: &Loader<'f>) -> Result<Option<Rc<Loader<'f>>>> {
        let parent: Option<Local<'f>> = self.parent.get(self.env, &of.object)?;
        parent.map(|parent| self.met(parent)).transpose()
    }

    /// The hash of a loader in hex; `null` for the boot loader.
    pub(crate) fn hash(&self, of: Option<&Loader<'f>>) -> String {
        of.map_or_else(|| BOOT.to_owned(), |loader| format!("{:x}", self.hash_code(loader)))
    }

    /// What `hashCode()` gives.
    fn hash_code(&self, loader: &Loader<'f>) -> i32 {
        *loader.hash.get_or_init(|| {
            let is_own = !self.has_objects(loader, "hashCode", "()I");
            let own = is_own.then(|| {
                let _muted = inside::mute(self.env);
                self.env.call(&loader.object, "hashCode", "()I", &[]).ok()
            });
            own.flatten().unwrap_or(loader.identity)
        })
    }

    /// What `toString()` gives, as far as it is kept.
    pub(crate) fn text(&self, loader: &Loader<'f>) -> String {
        let text = loader.text.get_or_init(|| {
            const DESCRIPTOR: &str = "()Ljava/lang/String;";
            let own = || -> Option<String> {
                let _muted = inside::mute(self.env);
                let text: Option<Local<'f>> =
                    self.env.call(&loader.object, "toString", DESCRIPTOR, &[]).ok()?;
                let Some(text) = text else { return Some(BOOT.to_owned()) };
                let (mut text, length) = self.env.string_prefix(&text, LONGEST).ok()?;
                if length > LONGEST {
                    text.push('…');
                }
                Some(text)
            };
            let own = if self.has_objects(loader, "toString", DESCRIPTOR) { None } else { own() };
            own.unwrap_or_else(|| format!("{}@{:x}", loader.class, self.hash_code(loader)))
        });
        text.clone()
    }

    /// Whether it has `Object`'s method of this name.
    fn has_objects(&self, loader: &Loader<'f>, name: &str, descriptor: &str) -> bool {
        let class = self.env.class_of(&loader.object);
        class.and_then(|class| self.env.inherits(&class, &self.object, name, descriptor)).unwrap_or(false)
    }

    /// The texts of a loader and those above it; none for the boot loader.
    pub(crate) fn chain(&mut self, of: Option<&Rc<Loader<'f>>>) -> Result<Vec<String>> {
        let mut chain = Vec::new();
        let mut at = of.cloned();
        while let Some(loader) = at.filter(|_| chain.len() < DEEPEST) {
            chain.push(self.text(&loader));
            at = self.parent(&loader)?;
        }
        Ok(chain)
    }

    /// As lists show it.
    pub(crate) fn facts(&mut self, of: &Loader<'f>) -> Result<LoaderFacts> {
        let parent = self.parent(of)?;
        Ok(LoaderFacts {
            name: self.text(of),
            hash: self.hash(Some(of)),
            parent: parent.map(|parent| self.text(&parent)),
        })
    }

    /// Whether a loader has the hash that somebody has written.
    pub(crate) fn has_hash(&self, loader: Option<&Loader<'f>>, wanted: &str) -> bool {
        let wanted = wanted.trim_start_matches("0x");
        loader.is_some_and(|loader| self.hash(Some(loader)).eq_ignore_ascii_case(wanted))
    }

    /// Whether a loader is of the class and has the text that are wanted.
    fn is_described(&self, loader: &Loader<'f>, wanted: &WantedLoader) -> bool {
        wanted.class.as_ref().is_none_or(|class| *class == loader.class)
            && wanted.text.as_ref().is_none_or(|text| *text == self.text(loader))
    }

    /// The hash of the one loader that is meant, if one is named. An error where there is none of that class or text; a hash
    /// that no loader has is found out later, by no class being of it.
    pub(crate) fn meant(&mut self, wanted: &WantedLoader) -> Result<Answer<Option<String>>> {
        if wanted.hash.is_some() || (wanted.class.is_none() && wanted.text.is_none()) {
            return Ok(Ok(wanted.hash.clone()));
        }
        Ok(self.described(wanted)?.map(|loader| Some(self.hash(Some(&loader)))).map_err(NotOne::Loaders))
    }

    /// The one loader of a class, or with a text.
    fn described(&mut self, wanted: &WantedLoader) -> Result<Result<Rc<Loader<'f>>, Vec<LoaderFacts>>> {
        let mut found = self.all()?;
        found.retain(|loader| self.is_described(loader, wanted));
        if found.len() > 1 {
            return found.iter().map(|loader| self.facts(loader)).collect::<Result<_>>().map(Err);
        }
        let none = || Error::sentence(format!("Can not find classloader by {}.", wanted.described()));
        found.pop().map(Ok).ok_or_else(none)
    }
}

impl Host {
    /// Loaders, for one question.
    pub(crate) fn loaders<'w, 'f>(&'w self, env: &'w Env<'f>) -> Result<Loaders<'w, 'f>> {
        Loaders::new(env, &self.environment.jvmti)
    }

    /// Finds the one loader that is meant; the system class loader if none is named.
    pub(crate) fn loader<'f>(&self, env: &Env<'f>, wanted: &WantedLoader) -> Result<FoundLoader<'f>> {
        let mut loaders = self.loaders(env)?;
        let loader = if let Some(hash) = &wanted.hash {
            let found = loaders.all()?.into_iter().find(|loader| loaders.has_hash(Some(loader), hash));
            found
                .ok_or_else(|| Error::sentence(format!("Can not find classloader with hashCode: {hash}.")))?
        } else if wanted.class.is_some() || wanted.text.is_some() {
            match loaders.described(wanted)? {
                Ok(loader) => loader,
                Err(several) => return Ok(FoundLoader::Several(several)),
            }
        } else {
            let of = env.find_class("java/lang/ClassLoader")?;
            let system: Option<Local<'f>> =
                env.call_static(&of, "getSystemClassLoader", "()Ljava/lang/ClassLoader;", &[])?;
            let none = || Error::sentence("This JVM has no system class loader.");
            return system.map(FoundLoader::One).ok_or_else(none);
        };
        Ok(FoundLoader::One(env.local(&loader.object)?))
    }
}
