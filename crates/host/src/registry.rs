//! What is woven, and what shall be: the one truth from which every load and redefinition of a class is
//! woven again. Another agent's retransform gives the original bytes to all; what were not put in again
//! would be lost silently.
//!
//! The JVM's class-loading threads read this. No call to the JVM is made while one of its locks is held,
//! so nobody waits here for longer than it takes to copy a few numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jvm::{Class, Weak, mutf8};
use parking_lot::{Mutex, RwLock};
use weave::{Helper, Method, Parts, Plan};

use crate::loaders::BOOT;
use crate::method_facts::{CodeFacts, MethodFacts};

/// All of it.
#[derive(Default)]
pub(crate) struct Registry {
    classes: RwLock<ByName>,
    methods: RwLock<BTreeMap<u32, Arc<MethodFacts>>>,
    /// Whether a woven class's bytes are kept for a dump.
    pub(crate) keeps_bytes: AtomicBool,
}

/// By internal name; one for each loader that has such a class.
type ByName = HashMap<Box<[u8]>, Vec<Arc<WovenClass>>>;

/// A class of which methods are woven, or were: it keeps its ids as long as it lives.
pub(crate) struct WovenClass {
    /// With dots.
    pub(crate) name: Arc<str>,
    /// With slashes, modified UTF-8.
    pub(crate) internal: Box<[u8]>,
    /// `None` for the boot loader.
    pub(crate) loader: Option<Weak>,
    pub(crate) loader_hash: Option<i32>,
    pub(crate) loader_name: Arc<str>,
    /// None while nobody has seen it but the hook, which comes before there is a class.
    pub(crate) class: RwLock<Option<Arc<Weak<Class>>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    methods: Vec<Planned>,
    bytes: Option<Vec<u8>>,
}

/// A method and what is done to it.
struct Planned {
    facts: Arc<MethodFacts>,
    wanted: Option<Extent>,
    /// What the code that the JVM was last given has.
    woven: Option<Extent>,
    /// What the weaver or the JVM did not take, and why. It is not tried again.
    refused: Option<Box<(Extent, String)>>,
    was_woven: bool,
    /// The class file has none such: JDK 8 lists methods that it made up itself, to fill the tables of
    /// interfaces, among the class's own.
    made_up: bool,
}

/// How much of a method is woven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) parts: Parts,
    /// With `Parts::LINES`: which; none named means all.
    pub(crate) lines: BTreeSet<u16>,
}

impl Extent {
    fn contains(&self, other: &Extent) -> bool {
        let has_lines = !other.parts.contains(Parts::LINES)
            || self.lines.is_empty()
            || (!other.lines.is_empty() && other.lines.is_subset(&self.lines));
        self.parts.contains(other.parts) && has_lines
    }

    fn and(&self, other: &Extent) -> Extent {
        let both = [self, other].map(|extent| extent.parts.contains(Parts::LINES));
        let lines = match both {
            [true, true] if self.lines.is_empty() || other.lines.is_empty() => BTreeSet::new(),
            [true, true] => &self.lines | &other.lines,
            [true, false] => self.lines.clone(),
            [false, _] => other.lines.clone(),
        };
        Extent { parts: self.parts | other.parts, lines }
    }
}

/// A method to be woven.
pub(crate) struct NewMethod {
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) modifiers: i32,
}

/// What became of a method.
pub(crate) struct Outcome {
    pub(crate) facts: Arc<MethodFacts>,
    /// Why it does not have what was asked for; `None`: it has.
    pub(crate) refused: Option<String>,
}

/// How a class stood, to go back to.
#[derive(Clone)]
pub(crate) struct Before(HashMap<u32, Extent>);

impl Before {
    fn woven(&self, id: u32) -> Option<Extent> {
        self.0.get(&id).cloned()
    }
}

impl Registry {
    /// Whether there is a class of this name (with slashes), of whatever loader. What every class that is
    /// loaded costs.
    pub(crate) fn knows(&self, internal: &[u8]) -> bool {
        self.classes.read().contains_key(internal)
    }

    /// The classes of this name whose loader has this identity hash: rarely more than one.
    pub(crate) fn named(&self, internal: &[u8], loader: Option<i32>) -> Vec<Arc<WovenClass>> {
        let classes = self.classes.read();
        let same_name = classes.get(internal).into_iter().flatten();
        same_name.filter(|class| class.loader_hash == loader).cloned().collect()
    }

    /// All classes.
    pub(crate) fn all(&self) -> Vec<Arc<WovenClass>> {
        self.classes.read().values().flatten().cloned().collect()
    }

    /// Adds a class.
    pub(crate) fn add(&self, class: Arc<WovenClass>) {
        self.classes.write().entry(class.internal.clone()).or_default().push(class);
    }

    /// Forgets classes. They are given back to be dropped where the JVM may be called.
    pub(crate) fn forget(&self, gone: &[Arc<WovenClass>]) {
        let mut classes = self.classes.write();
        for class in gone {
            if let Some(same_name) = classes.get_mut(&class.internal) {
                same_name.retain(|other| !Arc::ptr_eq(other, class));
                if same_name.is_empty() {
                    classes.remove(&class.internal);
                }
            }
        }
        drop(classes);
        let mut methods = self.methods.write();
        for class in gone {
            class.ids().iter().for_each(|id| drop(methods.remove(id)));
        }
    }

    /// Whether a class is woven or shall be.
    pub(crate) fn is_idle(&self) -> bool {
        self.classes.read().values().flatten().all(|class| class.is_idle())
    }

    /// A method by its id.
    pub(crate) fn method(&self, id: u32) -> Option<Arc<MethodFacts>> {
        self.methods.read().get(&id).cloned()
    }

    fn add_methods(&self, facts: &[Arc<MethodFacts>]) {
        self.methods.write().extend(facts.iter().map(|facts| (facts.id, facts.clone())));
    }
}

/// The loader of a class that is woven.
pub(crate) struct OfLoader {
    pub(crate) loader: Weak,
    pub(crate) identity: i32,
    /// Its hash, as it is shown.
    pub(crate) name: String,
}

impl WovenClass {
    pub(crate) fn new(
        name: &str,
        internal: &[u8],
        loader: Option<OfLoader>,
        class: Option<Weak<Class>>,
    ) -> Self {
        let (loader, loader_hash, loader_name) = match loader {
            Some(OfLoader { loader, identity, name }) => (Some(loader), Some(identity), name),
            None => (None, None, BOOT.to_owned()),
        };
        Self {
            name: name.into(),
            internal: internal.into(),
            loader,
            loader_hash,
            loader_name: loader_name.into(),
            class: RwLock::new(class.map(Arc::new)),
            state: Mutex::default(),
        }
    }

    /// How many of these methods have no id yet.
    pub(crate) fn without_id(&self, methods: &[NewMethod]) -> usize {
        let state = self.state.lock();
        methods.iter().filter(|method| state.find(&method.name, &method.descriptor).is_none()).count()
    }

    /// Wants so much of these methods, and gives the ids of all. `ids` are for the new ones. What was
    /// refused once is not tried again.
    pub(crate) fn want(
        &self,
        registry: &Registry,
        methods: Vec<NewMethod>,
        extent: &Extent,
        ids: &mut impl Iterator<Item = u32>,
    ) -> Vec<u32> {
        let (mut wanted, mut new) = (Vec::with_capacity(methods.len()), Vec::new());
        let mut state = self.state.lock();
        state.methods.reserve_exact(ids.size_hint().0.min(methods.len()));
        for method in methods {
            let place = state.find(&method.name, &method.descriptor).or_else(|| {
                let id = ids.next()?;
                let NewMethod { name, descriptor, modifiers } = method;
                let facts = MethodFacts::new(id, &self.name, &self.loader_name, name, descriptor, modifiers);
                let facts = Arc::new(facts);
                new.push(facts.clone());
                state.methods.push(Planned {
                    facts,
                    wanted: None,
                    woven: None,
                    refused: None,
                    was_woven: false,
                    made_up: false,
                });
                Some(state.methods.len() - 1)
            });
            let Some(planned) = place.and_then(|place| state.methods.get_mut(place)) else { continue };
            let all = planned.wanted.as_ref().map_or_else(|| extent.clone(), |had| had.and(extent));
            if planned.refused.as_ref().is_none_or(|refused| refused.0 != all) {
                planned.wanted = Some(all);
            }
            wanted.push(planned.facts.id);
        }
        drop(state);
        registry.add_methods(&new);
        wanted
    }

    /// Whether something is wanted that the code does not have.
    pub(crate) fn is_behind(&self) -> bool {
        let behind = |planned: &Planned| match (&planned.wanted, &planned.woven) {
            (Some(wanted), Some(woven)) => !woven.contains(wanted),
            (wanted, woven) => wanted.is_some() != woven.is_some(),
        };
        self.state.lock().methods.iter().any(behind)
    }

    /// Whether nothing of it is woven, nor shall be.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().methods.iter().all(|planned| planned.wanted.is_none() && planned.woven.is_none())
    }

    /// How it stands.
    pub(crate) fn before(&self) -> Before {
        let state = self.state.lock();
        let woven = |planned: &Planned| Some((planned.facts.id, planned.woven.clone()?));
        Before(state.methods.iter().filter_map(woven).collect())
    }

    /// The JVM has refused what was woven: it goes on with the code it had, and what was new is not wanted
    /// any more.
    pub(crate) fn go_back(&self, before: &Before, why: &str) {
        let mut state = self.state.lock();
        for planned in &mut state.methods {
            let woven = before.woven(planned.facts.id);
            let refused = planned.wanted.take().filter(|asked| Some(asked) != woven.as_ref());
            if let Some(refused) = refused {
                planned.refused = Some(Box::new((refused, why.to_owned())));
            }
            (planned.wanted, planned.woven) = (woven.clone(), woven);
        }
    }

    /// Wants nothing any more. The ids that are woven or were wanted.
    pub(crate) fn want_nothing(&self) -> Vec<u32> {
        let mut state = self.state.lock();
        let mut ids = Vec::new();
        for planned in &mut state.methods {
            planned.refused = None;
            if planned.wanted.take().is_some() || planned.woven.is_some() {
                ids.push(planned.facts.id);
            }
        }
        ids
    }

    /// Wants again what is still woven, since it could not be put back. How many methods that is.
    pub(crate) fn keep_woven(&self, before: &Before) -> usize {
        let mut state = self.state.lock();
        for planned in &mut state.methods {
            let woven = before.woven(planned.facts.id);
            (planned.wanted, planned.woven) = (woven.clone(), woven);
        }
        before.0.len()
    }

    /// What is not wanted is not woven any more, also where the class was gone before the hook saw it.
    pub(crate) fn is_as_it_was(&self) {
        let mut state = self.state.lock();
        for planned in state.methods.iter_mut().filter(|planned| planned.wanted.is_none()) {
            planned.woven = None;
        }
    }

    /// All ids it ever had.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.state.lock().methods.iter().map(|planned| planned.facts.id).collect()
    }

    /// What became of these methods, of which so much was asked for.
    pub(crate) fn outcomes(&self, ids: &[u32], extent: &Extent) -> Vec<Outcome> {
        let ids: HashSet<u32> = ids.iter().copied().collect();
        let state = self.state.lock();
        let outcome = |planned: &Planned| {
            let has = planned.woven.as_ref().is_some_and(|woven| woven.contains(extent));
            let why = || match &planned.refused {
                Some(refused) => refused.1.clone(),
                None => "the JVM did not offer its class for changing".to_owned(),
            };
            Outcome { facts: planned.facts.clone(), refused: (!has).then(why) }
        };
        let asked =
            state.methods.iter().filter(|planned| ids.contains(&planned.facts.id) && !planned.made_up);
        asked.map(outcome).collect()
    }

    /// Whether this method is woven.
    pub(crate) fn has_woven(&self, name: &str, descriptor: &str) -> bool {
        let state = self.state.lock();
        let planned = state.find(name, descriptor).and_then(|place| state.methods.get(place));
        planned.is_some_and(|planned| planned.woven.is_some())
    }

    /// The bytes that were kept for a dump.
    pub(crate) fn take_bytes(&self) -> Option<Vec<u8>> {
        self.state.lock().bytes.take()
    }

    /// Weaves what is wanted into a class file, or `None` where nothing is: the file stays as it is. The ids
    /// whose code has other sites than before are added to `moved`.
    pub(crate) fn weave(
        &self,
        registry: &Registry,
        helper: &Helper,
        file: &[u8],
        moved: &mut Vec<u32>,
    ) -> Option<Vec<u8>> {
        let mut jobs = self.jobs();
        let mut refused = Vec::new();
        let woven = loop {
            // The long part: no lock is held.
            let methods = jobs.iter().map(|job| job.method.clone()).collect();
            let woven = weave::weave(file, &Plan { helper: helper.clone(), methods });
            let Ok(done) = &woven else { break woven };
            // What had less before keeps it: a refusal takes nothing away from others who watch.
            let had = refused.len();
            for refusal in &done.refused {
                let same = |job: &&mut Job| {
                    job.method.name == refusal.name && job.method.descriptor == refusal.descriptor
                };
                let Some(job) = jobs.iter_mut().find(same) else { continue };
                refused.push((job.place, job.extent.clone(), refusal.reason.clone()));
                if let Some(before) = job.before.take() {
                    job.set(before);
                }
            }
            let again = refused.iter().skip(had).any(|(place, extent, _)| {
                jobs.iter().any(|job| job.place == *place && job.extent != *extent)
            });
            if !again {
                break woven;
            }
        };
        let mut state = self.state.lock();
        state.methods.iter_mut().for_each(|planned| planned.woven = None);
        for (place, extent, why) in refused {
            if let Some(planned) = state.methods.get_mut(place) {
                planned.made_up = why == weave::Refused::NotFound && !planned.was_woven;
                planned.refused = Some(Box::new((extent, why.to_string())));
                planned.wanted = None;
            }
        }
        let woven = match woven {
            Ok(woven) => woven,
            Err(why) => {
                for job in jobs {
                    if let Some(planned) = state.methods.get_mut(job.place) {
                        planned.refused = Some(Box::new((job.extent, why.to_string())));
                        planned.wanted = None;
                    }
                }
                return None;
            }
        };
        for method in &woven.methods {
            let job = jobs.get(method.planned);
            let Some((job, planned)) = job.and_then(|job| Some((job, state.methods.get_mut(job.place)?)))
            else {
                continue;
            };
            let (code, had) = (CodeFacts::of(method), planned.facts.code());
            if had.sites != code.sites && !had.sites.is_empty() {
                moved.push(planned.facts.id);
            }
            planned.facts.set_code(code);
            planned.was_woven = true;
            planned.woven = Some(job.extent.clone());
            // What was wanted meanwhile is for the next time.
            planned.wanted.get_or_insert_with(|| job.extent.clone());
        }
        if woven.methods.is_empty() {
            return None;
        }
        let bytes = woven.bytes.into_owned();
        if registry.keeps_bytes.load(Ordering::Relaxed) {
            state.bytes = Some(bytes.clone());
        }
        Some(bytes)
    }

    fn jobs(&self) -> Vec<Job> {
        let state = self.state.lock();
        let job = |(place, planned): (usize, &Planned)| {
            let extent = planned.wanted.clone()?;
            let method = Method {
                name: mutf8::bytes(&planned.facts.name),
                descriptor: mutf8::bytes(&planned.facts.descriptor),
                id: planned.facts.id.cast_signed(),
                parts: extent.parts,
                lines: extent.lines.clone(),
            };
            let before = planned.woven.clone().filter(|before| *before != extent);
            Some(Job { place, method, extent, before })
        };
        state.methods.iter().enumerate().filter_map(job).collect()
    }
}

/// A method while its class is being woven.
struct Job {
    place: usize,
    method: Method,
    extent: Extent,
    /// What it has now, if that is less.
    before: Option<Extent>,
}

impl Job {
    fn set(&mut self, extent: Extent) {
        self.method.parts = extent.parts;
        self.method.lines = extent.lines.clone();
        self.extent = extent;
    }
}

impl State {
    fn find(&self, name: &str, descriptor: &str) -> Option<usize> {
        let same =
            |planned: &Planned| *planned.facts.name == *name && *planned.facts.descriptor == *descriptor;
        self.methods.iter().position(same)
    }
}

/// The internal name, as class files write it, of a class that is named with dots.
pub(crate) fn internal(dotted: &str) -> Vec<u8> {
    mutf8::bytes(&dotted.replace('.', "/"))
}

/// The internal name of a class as words with dots.
pub(crate) fn dotted(internal: &[u8]) -> String {
    mutf8::text(internal).replace('/', ".")
}
