//! The time tunnel: calls that were recorded, with their objects alive, for all sessions. It holds so many at most, the
//! oldest go first; each can be looked at, searched for and made again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use jvm::{Env, Jvmti};
use ognl::Term;
use values::{
    Classes, Copier, Expression, Held, Java, KeptCall, Limits, May, Mistake, Moment, Names, Place, Root,
    Snapshot,
};

use crate::Host;
use crate::advice::WatchRecord;
use crate::error::{Error, Result};

/// Arthas's.
const FIRST: u32 = 1_000;
/// So many calls are kept unless somebody says otherwise: each may hold a request with all that hangs on it.
pub const KEPT: usize = 1_000;

/// A call that was recorded: a time fragment, as Arthas calls it.
pub struct Fragment {
    /// Its number, from 1000.
    pub index: u32,
    /// When it ended.
    pub at: SystemTime,
    /// How long it took, in ns.
    pub cost_ns: u64,
    /// The class, with dots.
    pub class: String,
    /// The method.
    pub method: String,
    call: KeptCall,
}

impl Fragment {
    /// Whether it ended by an exception.
    pub fn is_throw(&self) -> bool {
        self.call.kept.moment == Moment::Throw
    }
}

/// All that can be seen of a call, opened down to a level.
pub struct Details {
    /// The identity hash of the object it was called on.
    pub object: Option<i32>,
    /// The parameters.
    pub parameters: Vec<Snapshot>,
    /// What it returned; the snapshot of null for `void`.
    pub returned: Option<Snapshot>,
    /// What it threw.
    pub thrown: Option<Snapshot>,
}

/// A call that was made again.
pub struct Replay {
    /// How long it took, in ns.
    pub cost_ns: u64,
    /// What it returned, or else threw.
    pub outcome: std::result::Result<Snapshot, Snapshot>,
}

/// The recorded calls.
pub(crate) struct Tunnel {
    next: u32,
    most: usize,
    fragments: BTreeMap<u32, Arc<Fragment>>,
}

impl Default for Tunnel {
    fn default() -> Self {
        Self { next: FIRST, most: KEPT, fragments: BTreeMap::new() }
    }
}

impl Tunnel {
    /// Takes a call in; what has to go for it comes back, to be dropped outside of the lock.
    fn add(&mut self, fragment: impl FnOnce(u32) -> Fragment) -> (Arc<Fragment>, Vec<Arc<Fragment>>) {
        let index = self.next;
        self.next = self.next.checked_add(1).unwrap_or(FIRST);
        let fragment = Arc::new(fragment(index));
        self.fragments.insert(index, fragment.clone());
        let mut gone = Vec::new();
        while self.fragments.len() > self.most {
            gone.extend(self.fragments.pop_first().map(|(_, oldest)| oldest));
        }
        (fragment, gone)
    }
}

impl Host {
    /// Records a call that was kept; `None` if the record is of something else. At most `most` calls stay.
    pub fn record(&self, record: WatchRecord, most: usize) -> Option<Arc<Fragment>> {
        let call = *record.what.downcast::<KeptCall>().ok()?;
        let (fragment, _gone) = {
            let mut tunnel = self.tunnel.lock();
            tunnel.most = most.max(1);
            tunnel.add(|index| Fragment {
                index,
                at: record.at,
                cost_ns: record.cost_ns,
                class: record.class,
                method: record.method,
                call,
            })
        };
        Some(fragment)
    }

    /// All recorded calls, the oldest first.
    pub fn fragments(&self) -> Vec<Arc<Fragment>> {
        self.tunnel.lock().fragments.values().cloned().collect()
    }

    /// A recorded call.
    pub fn fragment(&self, index: u32) -> Option<Arc<Fragment>> {
        self.tunnel.lock().fragments.get(&index).cloned()
    }

    /// Forgets a recorded call, and lets go of its objects.
    pub fn forget(&self, index: u32) -> bool {
        // Bound to a name: what is dropped lets go of objects, which takes longer than a lock should be held.
        let gone = self.tunnel.lock().fragments.remove(&index);
        gone.is_some()
    }

    /// Forgets all recorded calls; says how many there were.
    pub fn forget_all(&self) -> usize {
        let gone = std::mem::take(&mut self.tunnel.lock().fragments);
        gone.len()
    }

    /// Whether a condition holds for a recorded call; `met` are the classes that the command has met.
    pub fn fragment_fits(
        &self,
        met: &Arc<Classes>,
        fragment: &Fragment,
        condition: &Expression,
        may: May,
    ) -> Result<Result<bool, Mistake>> {
        self.in_fragment(met, fragment, &[condition], may, |place| {
            condition.evaluate(place, |_, term| matches!(term, Term::Value(values::Value::Boolean(true))))
        })
    }

    /// The value of an expression about a recorded call.
    pub fn watch_fragment(
        &self,
        met: &Arc<Classes>,
        fragment: &Fragment,
        express: &Expression,
        depth: u32,
        may: May,
    ) -> Result<Result<Snapshot, Mistake>> {
        let limits = self.copy_limits(depth);
        self.in_fragment(met, fragment, &[express], may, |place| express.value(place, limits))
    }

    /// All that can be seen of a recorded call.
    pub fn details(&self, met: &Arc<Classes>, fragment: &Fragment, depth: u32) -> Result<Details> {
        let limits = self.copy_limits(depth);
        let jvmti = &self.environment.jvmti;
        self.in_fragment(met, fragment, &[], May::default(), |place| {
            seen(jvmti, place, limits, fragment.is_throw())
        })?
    }

    /// Makes a recorded call again, on this thread.
    pub fn replay(&self, met: &Arc<Classes>, fragment: &Fragment, depth: u32) -> Result<Replay> {
        let limits = self.copy_limits(depth);
        self.vm.with_env(|env| {
            let replayed = fragment.call.replay(env).map_err(Error::sentence)?;
            let names = Names::default();
            let java = Java::new(env.live()?, met, &names, May::default()).ok_or_else(Error::gone)?;
            let copy = |value| Copier::of_term(&java, &Term::Value(value), limits);
            let told = |fault: ognl::Fault| Error::sentence(fault.message());
            let outcome = match replayed.outcome {
                Ok(_) if fragment.call.passed.gives_secret() => Ok(copy(java.hidden().map_err(told)?)),
                Ok(got) => Ok(copy(java.got(got).map_err(told)?)),
                Err(thrown) => Err(copy(java.object(thrown).map_err(told)?)),
            };
            Ok(Replay { cost_ns: replayed.cost_ns, outcome })
        })
    }

    fn in_fragment<R>(
        &self,
        classes: &Arc<Classes>,
        fragment: &Fragment,
        expressions: &[&Expression],
        may: May,
        work: impl FnOnce(Place<'_, '_, '_>) -> R,
    ) -> Result<R> {
        let KeptCall { passed, kept } = &fragment.call;
        self.vm.with_env(|env: &Env<'_>| {
            let mirror = passed.mirror.as_ref().and_then(|mirror| mirror.get(env).ok().flatten());
            let loader = match &mirror {
                Some(mirror) => self.environment.jvmti.class_loader(env, mirror)?,
                None => None,
            };
            let nodes: Vec<_> = expressions.iter().map(|expression| expression.node()).collect();
            let names = Names::resolve(env.live()?, classes, loader.as_ref(), &nodes);
            let java = Java::new(env.live()?, classes, &names, may).ok_or_else(Error::gone)?;
            let root = Root {
                passed,
                moment: kept.moment,
                values: Some(Held::Kept(kept)),
                thrown: None,
                variables: &[],
                entered: true,
            };
            let cost = Some(fragment.cost_ns as f64 / 1e6);
            let root = Term::Source(&root);
            Ok(work(Place { java: &java, root, cost, strict: self.options().strict() }))
        })
    }
}

/// All that can be seen of a call.
fn seen<'e, 'f>(jvmti: &Jvmti, place: Place<'_, 'e, 'f>, limits: Limits, is_throw: bool) -> Result<Details> {
    let java = place.java;
    let Term::Source(root) = &place.root else { return Err(Error::gone()) };
    let told = |fault: ognl::Fault| Error::sentence(fault.message());
    let named = |name: &str| root.property(java, Root::slot(name).unwrap_or_default()).map_err(told);
    let mut parameters = Vec::new();
    for index in 0..root.length(0).unwrap_or(0) {
        let item = root.item(java, 0, index).map_err(told)?;
        parameters.push(Copier::of_term(java, &item.unwrap_or(Term::NULL), limits));
    }
    let object = match named("target")? {
        Term::Value(values::Value::Object(target)) => Some(jvmti.identity_hash(target.local())?),
        _ => None,
    };
    let end = Copier::of_term(java, &named(if is_throw { "throwExp" } else { "returnObj" })?, limits);
    let (returned, thrown) = if is_throw { (None, Some(end)) } else { (Some(end), None) };
    Ok(Details { object, parameters, returned, thrown })
}
