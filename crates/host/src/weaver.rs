//! The standing order to the JVM: every load and redefinition of a class passes here and is woven as the
//! registry says. There is one per process, since the JVM knows one of us.
//!
//! The hook runs on whatever thread loads a class, also on our own while it retransforms. What it waits
//! for is never held across a call that loads classes or runs Java code.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use jvm::spy::{self, Spy};
use jvm::{Capabilities, Capability, Class, ClassFile, Env, Environment, EventKind, Local, Weak};
use parking_lot::{Mutex, RwLock};
use weave::Helper;

use crate::advice;
use crate::class_bytes;
use crate::entries::{Entries, Entry};
use crate::error::{Error, Result};
use crate::lanes::Lanes;
use crate::lazy::Lazy;
use crate::matcher::MatchedMethod;
use crate::method_facts::MethodFacts;
use crate::observe::Opener;
use crate::preview;
use crate::registry::{self, NewMethod, OfLoader, Registry, WovenClass};

/// All that is woven in this JVM.
#[derive(Default)]
pub(crate) struct Weaver {
    pub(crate) registry: Registry,
    pub(crate) lanes: Lanes,
    /// Class files that stand in for those of loaded classes.
    pub(crate) entries: Entries,
    /// Held by whoever changes classes, for as long as it takes. The hook never asks for it.
    pub(crate) changing: Mutex<()>,
    /// Those who want classes that are loaded later.
    pub(crate) lazies: RwLock<Vec<Arc<Lazy>>>,
    /// Who opens lanes for which listener, by the listener's id.
    pub(crate) openers: Mutex<Vec<Arc<Opener>>>,
    /// Whether the hook is on.
    hooked: AtomicBool,
    /// Whether the JVM will not drop all compiled code at our next change any more, or never would.
    settled: AtomicBool,
    helper: OnceLock<Helper>,
    /// Loaders that were asked for Spy: whether they see it.
    loaders: Mutex<Vec<(Arc<Weak>, Option<String>)>>,
}

/// The weaver of this process.
pub(crate) fn the() -> &'static Weaver {
    static THE: OnceLock<Weaver> = OnceLock::new();
    THE.get_or_init(Weaver::default)
}

/// For `Callbacks::class_file`: what the class file shall be instead, if anything of it is woven.
pub fn class_file(env: &Env<'_>, seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
    the().class_file(env, seen)
}

thread_local! {
    /// This thread weaves a class that is being loaded. What it makes the JVM load meanwhile is left alone.
    static LOADING: Cell<bool> = const { Cell::new(false) };
}

impl Weaver {
    fn class_file(&self, env: &Env<'_>, seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
        if let Some(class) = &seen.redefined
            && preview::saw(env, class, seen.bytes)
        {
            return None;
        }
        let internal = seen.name?;
        // An entry is for a class that is loaded.
        let entry = match seen.redefined.is_some() && !self.entries.is_empty() {
            true => self.entries.newest(env, internal, seen.loader.as_ref()),
            false => None,
        };
        let own = |entry: Option<Arc<Entry>>| entry.map(|entry| entry.base.to_vec());
        if seen.redefined.is_some() && class_bytes::leaves_out() {
            return own(entry);
        }
        if let Some(entry) = &entry {
            entry.transforms.fetch_add(1, Ordering::Relaxed);
        }
        let base = entry.as_ref().map_or(seen.bytes, |entry| &*entry.base);
        let known = match self.registry.knows(internal) {
            true => self.of_loader(env, internal, seen.loader.as_ref()),
            false => None,
        };
        let woven = match known {
            Some(class) => self.woven(&class, base),
            None if seen.redefined.is_none() => return self.late(env, internal, seen),
            None => None,
        };
        woven.or_else(|| own(entry))
    }

    /// The class file with what is wanted of it.
    fn woven(&self, class: &WovenClass, file: &[u8]) -> Option<Vec<u8>> {
        let mut moved = Vec::new();
        let bytes = class.weave(&self.registry, self.helper.get()?, file, &mut moved);
        if !moved.is_empty() {
            self.lanes.attach_again(&moved, &self.registry);
        }
        bytes
    }

    /// A class that is being loaded: woven if somebody waits for it.
    fn late(&self, env: &Env<'_>, internal: &[u8], seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
        let lazies: Vec<Arc<Lazy>> = {
            let lazies = self.lazies.read();
            if lazies.is_empty() {
                return None;
            }
            lazies.clone()
        };
        if LOADING.replace(true) {
            return None;
        }
        let bytes = self.late_for(env, internal, seen, &lazies);
        LOADING.set(false);
        bytes
    }

    fn late_for(
        &self,
        env: &Env<'_>,
        internal: &[u8],
        seen: &ClassFile<'_, '_>,
        lazies: &[Arc<Lazy>],
    ) -> Option<Vec<u8>> {
        let mut class: Option<Arc<WovenClass>> = None;
        let mut wanting = Vec::new();
        for lazy in lazies {
            match lazy.wants(self, env, internal, seen) {
                Ok(Some(methods)) => wanting.push((lazy, methods)),
                Ok(None) => {}
                Err(why) => log::warn!("{} is loaded unobserved: {why}", String::from_utf8_lossy(internal)),
            }
        }
        for (lazy, methods) in wanting {
            let into = match &class {
                Some(class) => Arc::clone(class),
                None => {
                    let made = Arc::new(self.new_class(env, internal, seen)?);
                    self.registry.add(Arc::clone(&made));
                    class.insert(made).clone()
                }
            };
            match self.want(env, &into, methods, lazy.extent()) {
                Ok(ids) => lazy.found(Arc::clone(&into), ids),
                Err(why) => log::warn!("{} is loaded unobserved: {why}", into.name),
            }
        }
        let class = class?;
        let bytes = self.woven(&class, seen.bytes);
        lazies.iter().for_each(|lazy| lazy.open(self, env, &class));
        bytes
    }

    fn new_class(&self, env: &Env<'_>, internal: &[u8], seen: &ClassFile<'_, '_>) -> Option<WovenClass> {
        let name = registry::dotted(internal);
        let loader = match &seen.loader {
            None => None,
            // Not its own `hashCode`: this is the application's thread, in the middle of loading.
            Some(object) => {
                let identity = identity_hash(object)?;
                Some(OfLoader { loader: env.weak(object).ok()?, identity, name: format!("{identity:x}") })
            }
        };
        Some(WovenClass::new(&name, internal, loader, None))
    }

    /// The class of this name that this loader has defined, or is defining.
    fn of_loader(
        &self,
        env: &Env<'_>,
        internal: &[u8],
        loader: Option<&Local<'_>>,
    ) -> Option<Arc<WovenClass>> {
        let hash = match loader {
            None => None,
            Some(loader) => Some(identity_hash(loader)?),
        };
        let known = self.registry.named(internal, hash);
        known.into_iter().find(|class| match (&class.loader, loader) {
            (Some(known), Some(loader)) => known.is(env, loader),
            (known, loader) => known.is_none() && loader.is_none(),
        })
    }

    /// Wants so much of these methods; the new ones get ids.
    pub(crate) fn want(
        &self,
        env: &Env<'_>,
        class: &WovenClass,
        methods: Vec<NewMethod>,
        extent: &registry::Extent,
    ) -> Result<Vec<u32>> {
        let new = u32::try_from(class.without_id(&methods)).unwrap_or(u32::MAX);
        let mut ids = match new {
            0 => 0..0,
            new => Spy::get_or_define(env)?.reserve_ids(env, new)?,
        };
        Ok(class.want(&self.registry, methods, extent, &mut ids))
    }

    /// Makes the JVM ready to have classes changed: capability first, then the hook; the other order is
    /// refused for ever (error 98).
    pub(crate) fn make_ready(&self, env: &Env<'_>, environment: &Environment) -> Result<()> {
        Spy::get_or_define(env)?;
        jvm::probe::listen(advice::hub());
        self.helper.get_or_init(|| Helper::complete(&spy::names().spy));
        self.hook(environment)
    }

    /// The same for changes without probes, which need no class of ours.
    pub(crate) fn hook(&self, environment: &Environment) -> Result<()> {
        self.note_capability(environment);
        environment.ensure(Capabilities::NONE.with(Capability::RetransformClasses)).map_err(|why| {
            Error::sentence(format!(
                "This JVM does not let classes be changed ({why}); another agent may hold that for itself."
            ))
        })?;
        if !self.hooked.swap(true, Ordering::AcqRel) {
            environment.jvmti.enable(EventKind::ClassFileLoadHook).inspect_err(|_| {
                self.hooked.store(false, Ordering::Release);
            })?;
        }
        Ok(())
    }

    /// Switches the hook off when nothing is woven and nobody waits.
    pub(crate) fn rest(&self, environment: &Environment) -> Result<()> {
        let idle = self.registry.is_idle() && self.lazies.read().is_empty() && self.entries.is_empty();
        if idle { self.rest_for_ever(environment) } else { Ok(()) }
    }

    /// Switches the hook off in any case.
    pub(crate) fn rest_for_ever(&self, environment: &Environment) -> Result<()> {
        if self.hooked.swap(false, Ordering::AcqRel) {
            environment.jvmti.disable(EventKind::ClassFileLoadHook)?;
        }
        Ok(())
    }

    /// Whether no class was ever to be changed.
    pub(crate) fn was_never_ready(&self) -> bool {
        self.helper.get().is_none() && !self.hooked.load(Ordering::Acquire)
    }

    pub(crate) fn forget_loaders(&self) {
        let loaders = std::mem::take(&mut *self.loaders.lock());
        drop(loaders);
    }

    /// Whether our next change of a class makes the JVM drop all compiled code: JDK 8 to 21 do at the first
    /// one, unless the capability was held from the start.
    pub(crate) fn drops_compiled_code(&self, environment: &Environment) -> bool {
        self.note_capability(environment);
        environment.jvmti.jdk() <= 21 && !self.settled.load(Ordering::Acquire)
    }

    fn note_capability(&self, environment: &Environment) {
        let held = environment.jvmti.capabilities();
        // Who held it before we ever asked has it since the start.
        if held.is_ok_and(|held| held.contains(Capability::RetransformClasses)) {
            self.settle();
        }
    }

    pub(crate) fn settle(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// Makes sure that a loader resolves Spy. The error says why it does not.
    pub(crate) fn resolve_spy(&self, env: &Env<'_>, loader: Option<&Local<'_>>) -> Result<(), String> {
        let Some(loader) = loader else { return Ok(()) };
        let known = self.loaders.lock().clone();
        if let Some((_, why)) = known.iter().find(|(weak, _)| weak.is(env, loader)) {
            return why.clone().map_or(Ok(()), Err);
        }
        let told = |why: jvm::Error| format!("its class loader does not see our helper class ({why})");
        let seen = Spy::get_or_define(env).and_then(|spy| spy.resolve_in(env, Some(loader))).map_err(told);
        if let Ok(weak) = env.weak(loader) {
            self.loaders.lock().push((Arc::new(weak), seen.clone().err()));
        }
        seen
    }

    /// The class in the registry, if it is there.
    pub(crate) fn find(
        &self,
        env: &Env<'_>,
        internal: &[u8],
        class: &Local<'_, Class>,
        loader: Option<&Local<'_>>,
    ) -> Option<Arc<WovenClass>> {
        let found = self.of_loader(env, internal, loader)?;
        let known = found.class.read().clone();
        if known.is_none() {
            // The hook has seen it before there was a class.
            let weak = env.weak(class).ok().map(Arc::new);
            *found.class.write() = weak;
        }
        Some(found)
    }

    /// Marks the methods that are woven.
    pub(crate) fn mark_woven(
        &self,
        env: &Env<'_>,
        name: &str,
        class: &Local<'_, Class>,
        loader: Option<&Local<'_>>,
        methods: &mut [MatchedMethod],
    ) {
        let internal = registry::internal(name);
        if !self.registry.knows(&internal) {
            return;
        }
        if let Some(found) = self.find(env, &internal, class, loader) {
            for method in methods {
                method.woven = found.has_woven(&method.name, &method.descriptor);
            }
        }
    }

    /// Forgets the classes that were unloaded, and their loaders.
    pub(crate) fn sweep(&self, env: &Env<'_>) {
        self.entries.sweep(env);
        let mut gone = Vec::new();
        for class in self.registry.all() {
            let weak = class.class.read().clone();
            let loader_is_gone = class.loader.as_ref().is_some_and(|loader| loader.is_gone(env));
            if loader_is_gone || weak.is_some_and(|weak| weak.is_gone(env)) {
                gone.push(class);
            }
        }
        if !gone.is_empty() {
            let ids: Vec<u32> = gone.iter().flat_map(|class| class.ids()).collect();
            self.lanes.close_methods(env, &ids);
            self.lanes.forget(&ids);
            self.registry.forget(&gone);
        }
        let known = self.loaders.lock().clone();
        let dead: Vec<Arc<Weak>> =
            known.iter().map(|(weak, _)| weak.clone()).filter(|weak| weak.is_gone(env)).collect();
        self.loaders.lock().retain(|(weak, _)| !dead.iter().any(|dead| Arc::ptr_eq(dead, weak)));
    }

    /// A woven method by its id.
    pub(crate) fn method(&self, id: u32) -> Option<Arc<MethodFacts>> {
        self.registry.method(id)
    }
}

fn identity_hash(loader: &Local<'_>) -> Option<i32> {
    Environment::get()?.jvmti.identity_hash(loader).ok()
}
