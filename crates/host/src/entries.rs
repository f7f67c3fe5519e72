//! Class files that stand in for those of loaded classes: what `retransform`, `redefine` and `patch` leave behind.
//! The hook takes the newest that fits as a class's own bytes, and what is woven is woven into them; so a change
//! outlives the retransforms of other agents and of our own observers, until it is deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use jvm::{Class, Env, Local, Weak};
use parking_lot::RwLock;

/// All of them, oldest first.
#[derive(Default)]
pub(crate) struct Entries {
    all: RwLock<Vec<Arc<Entry>>>,
    last: AtomicU32,
}

/// Who made an entry, which says what takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// `retransform`: stays until it is deleted.
    Retransform,
    /// `redefine`: `reset` takes it back, too.
    Redefine,
    /// `patch`: `patch --undo` takes it back.
    Patch,
}

impl EntryKind {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retransform => "retransform",
            Self::Redefine => "redefine",
            Self::Patch => "patch",
        }
    }
}

/// A class file for one loaded class.
pub struct Entry {
    /// Numbers entries from 1; never used again.
    pub id: u32,
    /// Who made it.
    pub kind: EntryKind,
    /// The class, with dots.
    pub name: String,
    /// The identity hash of its loader in hex; none for the boot loader.
    pub loader_hash: Option<String>,
    /// The loader's class.
    pub loader_class: Option<String>,
    /// The class file.
    pub bytes: Arc<[u8]>,
    /// What the JVM is given of it: the class file as agents before us have left it.
    pub(crate) base: Arc<[u8]>,
    pub(crate) internal: Box<[u8]>,
    pub(crate) loader: Option<Weak>,
    pub(crate) hash: Option<i32>,
    pub(crate) class: Arc<Weak<Class>>,
    pub(crate) transforms: AtomicU64,
}

impl Entry {
    /// How many times the JVM was given it.
    pub fn transforms(&self) -> u64 {
        self.transforms.load(Ordering::Relaxed)
    }

    fn is_of(&self, env: &Env<'_>, loader: Option<&Local<'_>>) -> bool {
        match (&self.loader, loader) {
            (Some(known), Some(loader)) => known.is(env, loader),
            (known, loader) => known.is_none() && loader.is_none(),
        }
    }
}

impl Entries {
    pub(crate) fn next_id(&self) -> u32 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.read().is_empty()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.all.read().clone()
    }

    pub(crate) fn add(&self, new: &[Arc<Entry>]) {
        self.all.write().extend(new.iter().cloned());
    }

    /// Takes out those that are meant. They are given back to be dropped where the JVM may be called.
    pub(crate) fn take(&self, meant: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        self.all.write().extract_if(.., |entry| meant(entry)).collect()
    }

    /// The class file that this class shall have; none if its own.
    pub(crate) fn newest(
        &self,
        env: &Env<'_>,
        internal: &[u8],
        loader: Option<&Local<'_>>,
    ) -> Option<Arc<Entry>> {
        let named: Vec<Arc<Entry>> =
            self.all.read().iter().rev().filter(|entry| *entry.internal == *internal).cloned().collect();
        named.into_iter().find(|entry| entry.is_of(env, loader))
    }

    /// Forgets those whose classes were unloaded.
    pub(crate) fn sweep(&self, env: &Env<'_>) {
        let gone: Vec<u32> =
            self.all().iter().filter(|entry| entry.class.is_gone(env)).map(|entry| entry.id).collect();
        if !gone.is_empty() {
            drop(self.take(|entry| gone.contains(&entry.id)));
        }
    }
}
