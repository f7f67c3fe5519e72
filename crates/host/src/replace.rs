//! Loaded classes get other code, all of them at once or none, once a plan ([`crate::plan`]) says that the JVM takes it.
//!
//! Who observes a method of such a class goes on: its lanes are closed for the moment of the change, the class is
//! woven from the new bytes, and the lanes open again for the code as it is then.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jvm::Env;

use crate::class_query::{ClassQuery, FoundClass};
use crate::deny;
use crate::entries::{Entry, EntryKind};
use crate::error::{Error, Result};
use crate::evaluation::NotOne;
use crate::loaders::{LoaderFacts, WantedLoader};
use crate::names::NamePattern;
use crate::observe::Opener;
use crate::plan::{Planned, PlannedClass};
use crate::registry::{WovenClass, internal};
use crate::retransform::{Target, explained, once, retransform};
use crate::weaver::{self, Weaver};
use crate::{Host, access_flags};

impl Host {
    /// Gives the classes their new code: all of them, or none.
    pub fn replace(&self, planned: Planned, kind: EntryKind) -> Result<Vec<Arc<Entry>>> {
        if !planned.refused.is_empty() {
            return Err(Error::sentence(planned.refused.join("\n")));
        }
        let weaver = weaver::the();
        let _changing = weaver.changing.lock();
        weaver.hook(self.environment)?;
        let entry = |class: PlannedClass| {
            let (loader, hash) = class.loader.unzip();
            Arc::new(Entry {
                id: weaver.entries.next_id(),
                kind,
                internal: internal(&class.name).into(),
                name: class.name,
                loader_hash: class.loader_hash,
                loader_class: class.loader_class,
                bytes: class.bytes,
                base: class.base,
                loader,
                hash,
                class: class.class,
                transforms: AtomicU64::new(0),
            })
        };
        let new: Vec<Arc<Entry>> = planned.classes.into_iter().map(entry).collect();
        weaver.entries.add(&new);
        let paused = self.pause(weaver, &new)?;
        let targets = targets(&new);
        let done = once(self.vm, self.environment, &targets);
        weaver.settle();
        if done.is_err() {
            let ids: Vec<u32> = new.iter().map(|entry| entry.id).collect();
            drop(weaver.entries.take(|entry| ids.contains(&entry.id)));
            // What is known of woven methods was read from the refused files: once more from the ones in force.
            drop(retransform(self.vm, self.environment, &targets, self.options().batch()));
        }
        self.resume(weaver, &paused)?;
        weaver.rest(self.environment)?;
        match done {
            Ok(()) => Ok(new),
            Err(why) => {
                let names: Vec<&str> = new.iter().map(|entry| entry.name.as_str()).collect();
                Err(Error::sentence(format!(
                    "Nothing is changed ({}): {}.",
                    names.join(", "),
                    explained(&why)
                )))
            }
        }
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        weaver::the().entries.all()
    }

    /// Takes entries back: their classes get the code of the entry before, or their own.
    pub fn delete_entries(&self, meant: impl Fn(&Entry) -> bool) -> Result<Vec<Arc<Entry>>> {
        let weaver = weaver::the();
        let _changing = weaver.changing.lock();
        let gone = weaver.entries.take(meant);
        if gone.is_empty() {
            return Ok(gone);
        }
        let paused = self.pause(weaver, &gone)?;
        let targets = targets(&gone);
        let refused = retransform(self.vm, self.environment, &targets, self.options().batch());
        self.resume(weaver, &paused)?;
        weaver.rest(self.environment)?;
        match refused?.first() {
            None => Ok(gone),
            Some(one) => Err(Error::sentence(format!(
                "{} entries are deleted, but not all classes could be put back: {}.",
                gone.len(),
                one.why
            ))),
        }
    }

    /// Has the JVM take classes anew, as other agents and our entries have them. The names of those that were, or
    /// how many there would be, if they are more than `limit`.
    pub fn retransform_again(
        &self,
        classes: &NamePattern,
        wanted: &WantedLoader,
        limit: usize,
    ) -> Result<Result<Vec<String>, Again>> {
        let found = self.vm.with_env(|env| self.find_again(env, classes, wanted))?;
        let found = match found {
            Ok(found) if found.len() <= limit => found,
            Ok(found) => return Ok(Err(Again::TooMany(found.len()))),
            Err(loaders) => return Ok(Err(Again::Loaders(loaders))),
        };
        let weaver = weaver::the();
        let _changing = weaver.changing.lock();
        weaver.hook(self.environment)?;
        let (names, targets): (Vec<String>, Vec<Target>) = found.into_iter().unzip();
        let refused = retransform(self.vm, self.environment, &targets, self.options().batch());
        weaver.settle();
        weaver.rest(self.environment)?;
        match refused?.first() {
            None => Ok(Ok(names)),
            Some(one) => Err(Error::sentence(format!("Not all classes were retransformed: {}.", one.why))),
        }
    }

    fn find_again(
        &self,
        env: &Env<'_>,
        pattern: &NamePattern,
        wanted: &WantedLoader,
    ) -> Result<Result<Vec<NamedTarget>, Vec<LoaderFacts>>> {
        let jvmti = &self.environment.jvmti;
        let mut loaders = self.loaders(env)?;
        let query = ClassQuery::new(pattern.clone(), wanted.clone());
        let classes = match self.query_classes(&mut loaders, env, &query)? {
            Ok(found) => found,
            Err(NotOne::Loaders(loaders)) => return Ok(Err(loaders)),
            Err(NotOne::Classes(_)) => Vec::new(),
        };
        let mut found = Vec::new();
        for FoundClass { name, class } in classes {
            let flags = jvmti.class_modifiers(&class)?.0;
            let is_lambda = deny::is_lambda(&name, flags & access_flags::SYNTHETIC != 0);
            if !is_lambda && jvmti.is_modifiable(&class)? {
                found.push((name, Some(Arc::new(env.weak(&class)?))));
            }
        }
        Ok(Ok(found))
    }

    /// Closes the lanes of all who observe these classes.
    fn pause(&self, weaver: &Weaver, entries: &[Arc<Entry>]) -> Result<Vec<Paused>> {
        self.vm.with_env(|env| {
            let mut paused: Vec<Paused> = Vec::new();
            for entry in entries {
                let Some(class) = woven(weaver, env, entry)? else { continue };
                if paused.iter().any(|known| Arc::ptr_eq(&known.class, &class)) {
                    continue;
                }
                let ids = class.ids();
                let openers = weaver.openers.lock().clone();
                for opener in openers {
                    let methods = opener.pause(weaver, env, &ids);
                    if !methods.is_empty() {
                        paused.push(Paused { class: class.clone(), opener, methods });
                    }
                }
            }
            Ok(paused)
        })
    }

    fn resume(&self, weaver: &Weaver, paused: &[Paused]) -> Result<()> {
        self.vm.with_env(|env| {
            for Paused { class, opener, methods } in paused {
                opener.resume(weaver, env, class, methods);
            }
            Ok(())
        })
    }
}

/// A class and its name.
type NamedTarget = (String, Target);

/// Why classes are not retransformed.
pub enum Again {
    /// So many fit.
    TooMany(usize),
    /// Several loaders are of the class that was named.
    Loaders(Vec<LoaderFacts>),
}

/// Lanes that are closed while a class changes.
struct Paused {
    class: Arc<WovenClass>,
    opener: Arc<Opener>,
    methods: Vec<(u32, bool)>,
}

/// Each class once.
pub(crate) fn targets(entries: &[Arc<Entry>]) -> Vec<Target> {
    let first = |(at, entry): &(usize, &Arc<Entry>)| {
        let same = |other: &&Arc<Entry>| other.internal == entry.internal && other.hash == entry.hash;
        !entries.iter().take(*at).any(|other| same(&other))
    };
    entries.iter().enumerate().filter(first).map(|(_, entry)| Some(entry.class.clone())).collect()
}

/// The class in the registry, if anything of it was ever woven.
fn woven(weaver: &Weaver, env: &Env<'_>, entry: &Entry) -> Result<Option<Arc<WovenClass>>> {
    for class in weaver.registry.named(&entry.internal, entry.hash) {
        let same = match (&class.loader, &entry.loader) {
            (Some(one), Some(other)) => one.get(env)?.is_some_and(|loader| other.is(env, &loader)),
            (one, other) => one.is_none() && other.is_none(),
        };
        if same {
            return Ok(Some(class));
        }
    }
    Ok(None)
}
