//! Observing: from a match and a listener to open lanes, and back when the observation is dropped.
//!
//! What is woven stays woven: the next observation of the same methods only opens gates.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jvm::{Class, Env, Local, Vm, Weak};
use parking_lot::Mutex;
use weave::Parts;

use crate::Host;
use crate::advice::{Listener, Look, Role};
use crate::compiled::{Compile, Conditions, Made, Signature};
use crate::deny::Rules;
use crate::error::{Error, Result};
use crate::lanes::Place;
use crate::lazy::Lazy;
use crate::matcher::{Matched, MatchedClass, MatchedMethod, Refused, Wanted};
use crate::method_facts::MethodFacts;
use crate::registry::{Extent, NewMethod, OfLoader, Outcome, WovenClass, internal};
use crate::retransform::{Change, retransform};
use crate::weaver::{self, Weaver};

/// What is to be told, and to whom.
pub struct Observation {
    /// Who hears of it.
    pub listener: Listener,
    /// Which calls count; all, if there is none.
    pub condition: Option<Arc<dyn Compile>>,
    /// Looks at the calls with their values: asks what no compiled condition can, and copies what is shown.
    pub looks: Option<Arc<dyn Looks>>,
    /// What is told.
    pub parts: Parts,
    /// With [`Parts::LINES`]: which lines; none named means all.
    pub lines: BTreeSet<u16>,
    /// Classes that are loaded later are observed, too, if they are meant by this.
    pub lazy: Option<Wanted>,
    /// Where woven classes are written, if the user wants to see them (option `dump`).
    pub dump: Option<PathBuf>,
}

impl Observation {
    /// A listener of entry and exit.
    pub fn new(listener: Listener) -> Self {
        Self {
            listener,
            condition: None,
            looks: None,
            parts: Parts::ENTRY_EXIT,
            lines: BTreeSet::new(),
            lazy: None,
            dump: None,
        }
    }
}

/// Makes what looks at the calls of a method.
pub trait Looks: Send + Sync {
    /// What must be woven for it.
    fn parts(&self) -> Parts;

    /// Whether the calls are looked at when they begin, and not when they end.
    fn at_entry(&self) -> bool;

    /// For one method of this class, as it is woven; none where nothing has to be looked at. `rest`: part of the condition
    /// could not be compiled.
    ///
    /// # Errors
    /// It cannot be looked at; why.
    fn of(
        &self,
        env: &Env<'_>,
        facts: &MethodFacts,
        class: Option<&Local<'_, Class>>,
        rest: bool,
    ) -> Result<Option<Arc<dyn Look>>>;
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// Classes with an observed method.
    pub classes: usize,
    /// Observed methods.
    pub methods: usize,
    /// Classes that had to be changed for it.
    pub retransformed: usize,
    /// What is not observed, and why.
    pub refused: Vec<Refused>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// How long it took.
    pub millis: u64,
    /// Files with woven classes.
    pub dumped: Vec<String>,
    /// The ids of the observed methods.
    pub ids: Vec<u32>,
}

/// An observation that lasts as long as this. Dropped, its lanes close at once; the classes stay woven.
pub struct Observed {
    vm: Vm,
    opener: Arc<Opener>,
    effect: Effect,
}

impl Observed {
    /// What came of it at the start.
    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    /// The listener's id.
    pub fn listener_id(&self) -> u64 {
        self.opener.listener.id()
    }

    /// Classes and methods that were loaded and observed since.
    pub fn later(&self) -> (usize, usize) {
        self.opener.later()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let closed = with_env(self.vm, |env| {
            self.opener.close(weaver::the(), env);
            Ok::<(), Error>(())
        });
        if let Err(why) = closed {
            log::debug!("lanes are left to the end of the JVM: {why}");
        }
    }
}

/// With this thread's `Env`; attaches it for that long if need be.
pub(crate) fn with_env<R, E: From<jvm::Error>>(
    vm: Vm,
    work: impl for<'f> FnOnce(&Env<'f>) -> Result<R, E>,
) -> Result<R, E> {
    if vm.is_attached() {
        return vm.with_env(work);
    }
    vm.attach("oxprobe-close")?.with_env(work)
}

/// Opens lanes for one listener, also for classes that come later, and closes them all.
pub(crate) struct Opener {
    listener: Listener,
    conditions: Option<Conditions>,
    looks: Option<Arc<dyn Looks>>,
    lines: BTreeSet<u16>,
    parts: Parts,
    dump: Option<PathBuf>,
    places: Mutex<Option<BTreeSet<Place>>>,
    later_classes: AtomicUsize,
    later_methods: AtomicUsize,
}

impl Opener {
    /// Opens a lane of each of these methods. What comes back are those that have none.
    pub(crate) fn open(
        &self,
        weaver: &Weaver,
        env: &Env<'_>,
        class: &WovenClass,
        methods: &[Arc<MethodFacts>],
        inner: bool,
        notes: &mut Vec<String>,
    ) -> Vec<Refused> {
        let mut refused = Vec::new();
        let mut opened = Vec::with_capacity(methods.len());
        for facts in methods {
            let made = self.fitting(inner).map_or_else(|| Ok(Made::default()), |made| made.of(env, facts));
            let place = made.and_then(|made| {
                notes.extend(made.notes);
                let mut role = Role { inner, cost: made.cost, look: None, at_entry: false };
                if let Some(looks) = self.looks.as_ref().filter(|_| !inner) {
                    let mirror = class.class.read().clone().and_then(|class| class.get(env).ok()?);
                    role.look =
                        looks.of(env, facts, mirror.as_ref(), made.rest).map_err(|why| why.to_string())?;
                    role.at_entry = looks.at_entry();
                } else if made.rest {
                    return Err(
                        "the condition needs the evaluator, which does not look at these calls".to_owned()
                    );
                }
                weaver.lanes.open(env, facts, &self.listener, role, made.lane)
            });
            match place {
                Ok(place) => opened.push(place),
                Err(why) => refused.push(Refused { what: facts.shown(), why }),
            }
        }
        let kept = match &mut *self.places.lock() {
            Some(places) => {
                places.extend(opened.iter().copied());
                true
            }
            None => false,
        };
        if kept {
            weaver.lanes.switch(env);
        } else {
            // Closed meanwhile.
            weaver.lanes.close(env, &opened);
        }
        refused
    }

    fn close(&self, weaver: &Weaver, env: &Env<'_>) {
        let places = self.places.lock().take();
        weaver.lazies.write().retain(|lazy| !std::ptr::eq(&*lazy.opener, self));
        weaver.openers.lock().retain(|opener| !std::ptr::eq(&**opener, self));
        let places: Vec<Place> = places.into_iter().flatten().collect();
        weaver.lanes.close(env, &places);
    }

    /// The conditions that methods must fit.
    fn fitting(&self, inner: bool) -> Option<&Conditions> {
        // What a root's condition asks for, its callees need not have.
        self.conditions.as_ref().filter(|_| !inner)
    }

    /// Classes and methods that came later.
    pub(crate) fn later(&self) -> (usize, usize) {
        (self.later_classes.load(Ordering::Relaxed), self.later_methods.load(Ordering::Relaxed))
    }

    /// Another class came, with so many methods.
    pub(crate) fn came(&self, methods: usize) {
        self.later_classes.fetch_add(1, Ordering::Relaxed);
        self.later_methods.fetch_add(methods, Ordering::Relaxed);
    }

    fn extent(&self, parts: Parts) -> Extent {
        Extent { parts, lines: self.lines.clone() }
    }
}

impl Host {
    /// Weaves what is not yet woven of the match and opens a lane for the listener on each method. Waits
    /// while somebody else changes classes.
    pub fn observe(&self, matched: &Matched, observation: &Observation) -> Result<Observed> {
        let weaver = weaver::the();
        self.vm.with_env(|env| weaver.make_ready(env, self.environment))?;
        let conditions = match &observation.condition {
            Some(condition) => Some(self.vm.with_env(|env| Conditions::new(env, condition.clone()))?),
            None => None,
        };
        let needs_values = observation.condition.as_ref().is_some_and(|asked| asked.needs_values());
        let needed = if needs_values { Parts::VALUES } else { Parts::ENTRY_EXIT };
        let looked = observation.looks.as_ref().map_or(Parts::ENTRY_EXIT, |looks| looks.parts());
        let opener = Arc::new(Opener {
            listener: observation.listener.clone(),
            conditions,
            looks: observation.looks.clone(),
            lines: observation.lines.clone(),
            parts: observation.parts | needed | looked,
            dump: observation.dump.clone(),
            places: Mutex::new(Some(BTreeSet::new())),
            later_classes: AtomicUsize::new(0),
            later_methods: AtomicUsize::new(0),
        });
        weaver.openers.lock().push(opener.clone());
        // From here on a failure closes what was opened.
        let mut observed = Observed { vm: self.vm, opener: opener.clone(), effect: Effect::default() };
        let matched_again;
        let matched = match &observation.lazy {
            None => matched,
            Some(wanted) => {
                let options = self.options();
                let rules = Rules {
                    unsafe_classes: options.unsafe_classes(),
                    default_methods: options.default_methods(),
                };
                let extent = opener.extent(opener.parts);
                let loaders = self.vm.with_env(|env| self.meant_loaders(env, wanted))?;
                let lazy = Lazy::new(wanted.clone(), loaders, rules, extent, opener.clone());
                weaver.lazies.write().push(Arc::new(lazy));
                // What was loaded since the match, before anybody waited for it.
                matched_again = self.match_methods(wanted)?;
                &matched_again
            }
        };
        observed.effect = self.add(&opener, matched, opener.parts, false)?;
        Ok(observed)
    }

    /// Adds methods to a listener that lives (`--listenerId`); they end with its observation. `inner`: only
    /// calls below one of its other methods count.
    pub fn extend(&self, listener_id: u64, matched: &Matched, parts: Parts, inner: bool) -> Result<Effect> {
        let openers = weaver::the().openers.lock().clone();
        let Some(opener) = openers.iter().find(|opener| opener.listener.id() == listener_id) else {
            return Err(Error::sentence(format!(
                "No listener has the id {listener_id}. A command shows its id when it starts; it ends with it."
            )));
        };
        self.add(opener, matched, opener.parts | parts, inner)
    }

    fn add(&self, opener: &Arc<Opener>, matched: &Matched, parts: Parts, inner: bool) -> Result<Effect> {
        let weaver = weaver::the();
        let started = Instant::now();
        self.vm.with_env(|env| self.ask_loaders(env, matched))?;
        let _changing = weaver.changing.lock();
        let mut effect = Effect::default();
        let extent = opener.extent(parts);
        let asked = self.vm.with_env(|env| {
            weaver.make_ready(env, self.environment)?;
            weaver.sweep(env);
            self.ask(env, matched, opener.fitting(inner), &extent, &mut effect)
        })?;
        weaver.registry.keeps_bytes.store(opener.dump.is_some(), Ordering::Relaxed);
        let woven = self.change(&asked, &mut effect);
        weaver.registry.keeps_bytes.store(false, Ordering::Relaxed);
        let asked = woven.map(|()| asked)?;
        if let Some(folder) = &opener.dump {
            dump(folder, &asked, &mut effect);
        }
        let mut of_methods = Notes::new();
        self.vm.with_env(|env| {
            for Asked { class, ids, .. } in &asked {
                open(weaver, env, opener, class, ids, &extent, inner, &mut effect, &mut of_methods);
            }
            Ok::<(), Error>(())
        })?;
        effect.notes.sort_unstable();
        effect.notes.dedup();
        effect.notes.extend(of_methods.into_iter().map(|(note, (count, first))| {
            let first = first.map(|facts| facts.shown()).unwrap_or_default();
            if count == 1 {
                format!("{first}: {note}")
            } else {
                format!("{count} methods, such as {first}: {note}")
            }
        }));
        effect.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(effect)
    }

    /// The loaders whose classes are meant, if not all are.
    fn meant_loaders(&self, env: &Env<'_>, wanted: &Wanted) -> Result<Option<Vec<Weak>>> {
        let Some(hash) = &wanted.loader else { return Ok(None) };
        let mut loaders = self.loaders(env)?;
        let mut all = loaders.all()?;
        all.retain(|loader| loaders.has_hash(Some(loader), hash));
        let weak = all.iter().map(|loader| env.weak(&loader.object));
        Ok(Some(weak.collect::<jvm::Result<_>>()?))
    }

    /// Lets every loader resolve Spy. That is the application's code and may wait for whatever it likes, so
    /// it happens before others are kept from changing classes; what came of it is remembered.
    fn ask_loaders(&self, env: &Env<'_>, matched: &Matched) -> Result<()> {
        for class in &matched.classes {
            env.frame(16, |env| -> Result<()> {
                if let Some(class) = class.class.get(env)? {
                    let loader = self.environment.jvmti.class_loader(env, &class)?;
                    drop(weaver::the().resolve_spy(env, loader.as_ref()));
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Writes down in the registry what is wanted.
    fn ask(
        &self,
        env: &Env<'_>,
        matched: &Matched,
        conditions: Option<&Conditions>,
        extent: &Extent,
        effect: &mut Effect,
    ) -> Result<Vec<Asked>> {
        let mut asked = Vec::with_capacity(matched.classes.len());
        for class in &matched.classes {
            let methods = fitting(class, conditions, &mut effect.refused);
            if methods.is_empty() {
                continue;
            }
            let one = env.frame(16, |env| self.ask_one(env, class, methods, extent))?;
            match one {
                Ok(one) => asked.push(one),
                Err(why) => effect.refused.push(Refused { what: class.name.clone(), why }),
            }
        }
        Ok(asked)
    }

    fn ask_one(
        &self,
        env: &Env<'_>,
        class: &MatchedClass,
        methods: Vec<NewMethod>,
        extent: &Extent,
    ) -> Result<Result<Asked, String>> {
        let weaver = weaver::the();
        let Some(local) = class.class.get(env)? else {
            return Ok(Err("it was unloaded meanwhile".to_owned()));
        };
        let loader = self.environment.jvmti.class_loader(env, &local)?;
        if let Err(why) = weaver.resolve_spy(env, loader.as_ref()) {
            return Ok(Err(why));
        }
        let internal = internal(&class.name);
        let woven = match weaver.find(env, &internal, &local, loader.as_ref()) {
            Some(found) => found,
            None => {
                let of = |loader: &Local<'_>| -> jvm::Result<_> {
                    let identity = self.environment.jvmti.identity_hash(loader)?;
                    Ok(OfLoader { loader: env.weak(loader)?, identity, name: class.loader.clone() })
                };
                let loader = loader.as_ref().map(of).transpose()?;
                let new = WovenClass::new(&class.name, &internal, loader, Some(env.weak(&local)?));
                let new = Arc::new(new);
                weaver.registry.add(new.clone());
                new
            }
        };
        let before = woven.before();
        let ids = weaver.want(env, &woven, methods, extent)?;
        Ok(Ok(Asked { class: woven, ids, change: Some(before) }))
    }

    /// Has the JVM take the classes that lack something.
    fn change(&self, asked: &[Asked], effect: &mut Effect) -> Result<()> {
        let weaver = weaver::the();
        let behind = asked.iter().filter(|one| one.class.is_behind());
        let changes: Vec<Change> = behind
            .filter_map(|one| Some(Change { class: one.class.clone(), before: one.change.clone()? }))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let refused = retransform(self.vm, self.environment, &changes, self.options().batch());
        weaver.settle();
        let refused = match refused {
            Ok(refused) => refused,
            Err(why) => {
                let words = why.to_string();
                changes.iter().for_each(|change| change.class.go_back(&change.before, &words));
                return Err(why);
            }
        };
        effect.retransformed = changes.len() - refused.len();
        for one in &refused {
            if let Some(change) = changes.get(one.place) {
                change.class.go_back(&change.before, &one.why);
            }
        }
        Ok(())
    }
}

/// What is to be said of methods: how many, and the first.
type Notes = BTreeMap<&'static str, (usize, Option<Arc<MethodFacts>>)>;

/// The methods of a class about which the condition can be asked.
fn fitting(
    class: &MatchedClass,
    conditions: Option<&Conditions>,
    refused: &mut Vec<Refused>,
) -> Vec<NewMethod> {
    let mut methods = Vec::with_capacity(class.methods.len());
    for method in &class.methods {
        let signature = Signature::matched(class, method);
        let MatchedMethod { name, descriptor, modifiers, .. } = method;
        match conditions.map_or(Ok(()), |conditions| conditions.fits(&signature)) {
            Ok(()) => methods.push(NewMethod {
                name: name.clone(),
                descriptor: descriptor.clone(),
                modifiers: *modifiers,
            }),
            Err(why) => refused.push(Refused { what: format!("{}#{name}{descriptor}", class.name), why }),
        }
    }
    methods
}

/// A class of which something is wanted.
struct Asked {
    class: Arc<WovenClass>,
    ids: Vec<u32>,
    change: Option<crate::registry::Before>,
}

#[expect(clippy::too_many_arguments, reason = "one step of `add`, for each class")]
fn open(
    weaver: &Weaver,
    env: &Env<'_>,
    opener: &Opener,
    class: &WovenClass,
    ids: &[u32],
    extent: &Extent,
    inner: bool,
    effect: &mut Effect,
    of_methods: &mut Notes,
) {
    let mut woven: Vec<Arc<MethodFacts>> = Vec::new();
    for Outcome { facts, refused } in class.outcomes(ids, extent) {
        match refused {
            None => woven.push(facts),
            Some(why) => effect.refused.push(Refused { what: facts.shown(), why }),
        }
    }
    let refused = opener.open(weaver, env, class, &woven, inner, &mut effect.notes);
    woven.retain(|facts| !refused.iter().any(|refused| refused.what == facts.shown()));
    effect.refused.extend(refused);
    effect.classes += usize::from(!woven.is_empty());
    effect.methods += woven.len();
    for facts in woven {
        for note in facts.code().notes.iter().copied() {
            let (count, first) = of_methods.entry(note).or_insert((0, None));
            *count += 1;
            first.get_or_insert_with(|| facts.clone());
        }
        effect.ids.push(facts.id);
    }
}

/// Writes the classes that were woven now, by loader and package.
fn dump(folder: &Path, asked: &[Asked], effect: &mut Effect) {
    for Asked { class, .. } in asked {
        let Some(bytes) = class.take_bytes() else { continue };
        // A class's name may hold anything but these; `..` between slashes cannot occur in one.
        let file = format!("{}.class", class.name.replace('.', "/"));
        let path = folder.join(&*class.loader_name).join(file);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        match written {
            Ok(()) => effect.dumped.push(path.display().to_string()),
            Err(why) => effect.notes.push(format!("{} cannot be written: {why}", path.display())),
        }
    }
}
