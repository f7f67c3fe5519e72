//! Lanes and gates: which listener hears which woven method. Opening and closing one stores a few numbers
//! and never touches a class.
//!
//! The lock here is held across calls to the JVM, but only such as neither load a class nor run Java code,
//! so the hook may take it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jvm::probe::gate;
use jvm::spy::Spy;
use jvm::{Class, Env, Global, Local};
use parking_lot::Mutex;

use crate::advice::{self, Listener, Role};
use crate::error::Result;
use crate::method_facts::{MethodFacts, Named};
use crate::registry::Registry;

/// Lanes of a method: what `Spy` has bits for.
const LANES: u8 = 8;

/// All open lanes.
#[derive(Default)]
pub(crate) struct Lanes {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    methods: BTreeMap<u32, Method>,
    /// How many lanes are open, of all methods.
    count: usize,
}

#[derive(Default)]
struct Method {
    /// Those that are open or closing. A wide pattern has many methods with one lane, so there is no room for all.
    lanes: Vec<Lane>,
    /// Where to look for a free lane. A thread that has read the gate and not yet the conditions could
    /// miss the one of a lane that is used again at once.
    next: u8,
}

struct Lane {
    number: u8,
    listener: Listener,
    role: Role,
    condition: Option<LaneCondition>,
    /// The gate is closed; it is free once the advice has let go.
    closing: bool,
}

/// A condition that is hung on a lane.
#[derive(Clone)]
pub(crate) struct LaneCondition {
    pub(crate) class: Arc<Global<Class>>,
    /// Evaluated at the entry.
    pub(crate) entry: bool,
    /// Evaluated at the exit.
    pub(crate) exit: bool,
}

/// A lane of a method: the method's id and the lane's number.
pub(crate) type Place = (u32, u8);

impl Lanes {
    /// Opens a lane of a method for a listener, or says why it cannot. Woven code hears of it only after
    /// [`switch`](Lanes::switch).
    pub(crate) fn open(
        &self,
        env: &Env<'_>,
        facts: &Arc<MethodFacts>,
        listener: &Listener,
        role: Role,
        condition: Option<LaneCondition>,
    ) -> Result<Place, String> {
        let mut open = self.open.lock();
        let method = open.methods.entry(facts.id).or_default();
        let same = |lane: &Lane| !lane.closing && lane.listener.id() == listener.id();
        if let Some(lane) = method.lanes.iter().find(|lane| same(lane)) {
            return Ok((facts.id, lane.number));
        }
        let mut free = (0..LANES).map(|step| (method.next + step) % LANES);
        let Some(number) = free.find(|number| method.lane(*number).is_none()) else {
            return Err(format!("{LANES} listeners are on it already; end one of them"));
        };
        method.next = number + 1;
        advice::hub()
            .attach(facts.id, number, listener, Named::now(facts), role.clone())
            .map_err(|why| why.to_string())?;
        method.lanes.reserve_exact(1);
        method.lanes.push(Lane { number, listener: listener.clone(), role, condition, closing: false });
        let set = method.set(env, facts.id);
        open.count += 1;
        match set {
            Ok(()) => Ok((facts.id, number)),
            Err(why) => {
                drop(open);
                self.close(env, &[(facts.id, number)]);
                Err(why.to_string())
            }
        }
    }

    /// Switches all gates on if a lane is open, else off. The store is volatile: what was opened or closed
    /// before is seen by compiled loops from now on.
    pub(crate) fn switch(&self, env: &Env<'_>) {
        let open = self.open.lock();
        let on = open.count > 0;
        if let Err(why) = Spy::get_or_define(env).and_then(|spy| spy.set_on(env, on)) {
            log::warn!("the gates cannot be switched: {why}");
        }
    }

    /// Closes lanes: woven code stops telling at once. Comes back when nobody is in the advice of them.
    pub(crate) fn close(&self, env: &Env<'_>, places: &[Place]) {
        let mut closed = Vec::with_capacity(places.len());
        let mut open = self.open.lock();
        for (id, lane) in places {
            let Some(method) = open.methods.get_mut(id) else { continue };
            let open = method.lanes.iter_mut().find(|open| open.number == *lane && !open.closing);
            let Some(open) = open else { continue };
            open.closing = true;
            if let Err(why) = method.set(env, *id) {
                log::warn!("a gate stays open: {why}");
            }
            closed.push((*id, *lane));
        }
        open.count = open.count.saturating_sub(closed.len());
        drop(open);
        if closed.is_empty() {
            return;
        }
        self.switch(env);
        advice::hub().detach(&closed);
        let mut open = self.open.lock();
        let mut free = Vec::with_capacity(closed.len());
        for (id, lane) in closed {
            let Some(method) = open.methods.get_mut(&id) else { continue };
            free.extend(method.lanes.extract_if(.., |closed| closed.number == lane));
        }
        drop(open);
    }

    /// Whether only calls below another method of its listener count.
    pub(crate) fn is_inner(&self, (id, number): Place) -> bool {
        let open = self.open.lock();
        open.methods.get(&id).and_then(|method| method.lane(number)).is_some_and(|lane| lane.role.inner)
    }

    /// Closes every lane of these methods.
    pub(crate) fn close_methods(&self, env: &Env<'_>, ids: &[u32]) {
        let ids: HashSet<u32> = ids.iter().copied().collect();
        let places = self.places(|id| ids.contains(&id));
        self.close(env, &places);
    }

    /// Closes all lanes.
    pub(crate) fn close_all(&self, env: &Env<'_>) {
        let places = self.places(|_| true);
        self.close(env, &places);
    }

    fn places(&self, wanted: impl Fn(u32) -> bool) -> Vec<Place> {
        let open = self.open.lock();
        let mut places = Vec::new();
        for (id, method) in open.methods.iter().filter(|(id, _)| wanted(**id)) {
            places.extend(method.lanes.iter().map(|lane| (*id, lane.number)));
        }
        places
    }

    /// The sites of these methods have other numbers now: their listeners get the new names.
    pub(crate) fn attach_again(&self, ids: &[u32], registry: &Registry) {
        let open = self.open.lock();
        for id in ids {
            let (Some(method), Some(facts)) = (open.methods.get(id), registry.method(*id)) else { continue };
            for lane in method.open() {
                let names = Named::now(&facts);
                if let Err(why) =
                    advice::hub().attach(*id, lane.number, &lane.listener, names, lane.role.clone())
                {
                    log::warn!("calls in {} are named wrongly: {why}", facts.shown());
                }
            }
        }
    }

    /// Forgets methods that will never be called again.
    pub(crate) fn forget(&self, ids: &[u32]) {
        let mut open = self.open.lock();
        let gone: Vec<Method> = ids.iter().filter_map(|id| open.methods.remove(id)).collect();
        drop(open);
        drop(gone);
    }
}

impl Method {
    fn lane(&self, number: u8) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.number == number)
    }

    fn open(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter().filter(|lane| !lane.closing)
    }

    /// Hangs the conditions and sets the gate. Conditions first when some come, last when some go.
    fn set(&self, env: &Env<'_>, id: u32) -> jvm::Result<()> {
        let spy = Spy::get_or_define(env)?;
        let bits = self.gate();
        let conditions = gate::LANES << gate::AT_ENTRY | gate::LANES << gate::AT_EXIT;
        if bits & conditions != 0 {
            // A lane that goes, goes before its condition: without that all its calls would match.
            let before = spy.gate(env, id)?;
            if before & !bits & conditions != 0 {
                spy.set_gate(env, id, before & bits)?;
            }
            env.frame(2 * usize::from(LANES), |env| {
                let first = self.chain(env, spy)?;
                spy.set_advice(env, id, first.as_ref())
            })?;
            spy.set_gate(env, id, bits)
        } else {
            let had = spy.gate(env, id)? & conditions != 0;
            spy.set_gate(env, id, bits)?;
            if had { spy.set_advice(env, id, None) } else { Ok(()) }
        }
    }

    fn chain<'f>(&self, env: &Env<'f>, spy: &Spy) -> jvm::Result<Option<Local<'f>>> {
        let mut first = None;
        for lane in self.open() {
            let Some(condition) = &lane.condition else { continue };
            first = Some(spy.new_advice(env, &*condition.class, 1 << lane.number, first.as_ref())?);
        }
        Ok(first)
    }

    fn gate(&self) -> i32 {
        let mut bits = 0;
        for lane in self.open() {
            let number = u32::from(lane.number);
            let needs = lane.listener.gate_needs();
            bits |= 1 << number;
            if let Some(condition) = &lane.condition {
                bits |= i32::from(condition.entry) << (gate::AT_ENTRY + number);
                bits |= i32::from(condition.exit) << (gate::AT_EXIT + number);
            }
            bits |= if needs.tell { gate::TELL } else { 0 };
            bits |= if needs.calls { gate::CALLS } else { 0 };
            bits |= if needs.lines { gate::LINES } else { 0 };
            match &lane.role {
                Role { look: Some(_), at_entry: true, .. } => bits |= gate::ENTRY_VALUES,
                Role { look: Some(_), .. } => {
                    bits |= if needs.entry_values { gate::ENTRY_VALUES } else { 0 };
                    bits |= if needs.exit_values { gate::EXIT_VALUES } else { 0 };
                }
                _ => {}
            }
        }
        bits
    }
}
