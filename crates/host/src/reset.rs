//! Classes go back to what they were: some at `reset`, all at `stop`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jvm::{Class, Env, Local, inside};

use crate::Host;
use crate::entries::{Entry, EntryKind};
use crate::error::{Error, Result};
use crate::matcher::Refused;
use crate::names::NamePattern;
use crate::observe::with_env;
use crate::registry::WovenClass;
use crate::retransform::{Change, Target, retransform};
use crate::weaver::{self, Weaver};

/// What a reset did.
#[derive(Clone, Debug, Default)]
pub struct ResetEffect {
    /// Classes that are as they were.
    pub classes: usize,
    /// Methods of these that had been woven.
    pub methods: usize,
    /// What is still woven, with its gates closed, and why.
    pub failed: Vec<Refused>,
    /// How long it took.
    pub millis: u64,
}

/// How long threads get to leave the advice they are in.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long somebody who changes classes is waited for. He may be stuck in a class loader of the application, for
/// whose lock he waits.
const TURN: Duration = Duration::from_secs(20);

impl Host {
    /// Puts the classes with such names back as they were. Listeners lose them.
    pub fn reset(&self, classes: &NamePattern) -> Result<ResetEffect> {
        let weaver = weaver::the();
        let started = Instant::now();
        let _changing = weaver.changing.lock();
        let mut effect = self.put_back(weaver, classes, |entry| {
            entry.kind == EntryKind::Redefine && classes.matches(&entry.name)
        })?;
        weaver.rest(self.environment)?;
        effect.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(effect)
    }

    /// Takes back what is woven into classes with such names, and the entries that are meant.
    fn put_back(
        &self,
        weaver: &Weaver,
        classes: &NamePattern,
        entries: impl Fn(&Entry) -> bool,
    ) -> Result<ResetEffect> {
        let mut effect = ResetEffect::default();
        let changes = self.vm.with_env(|env| {
            weaver.sweep(env);
            let all = weaver.registry.all();
            let meant = |class: &Arc<WovenClass>| !class.is_idle() && classes.matches(&class.name);
            let meant: Vec<Arc<WovenClass>> = all.into_iter().filter(meant).collect();
            self.find_classes(env, &meant)?;
            let mut changes = Vec::with_capacity(meant.len());
            let mut ids = Vec::new();
            for class in meant {
                let before = class.before();
                let own = class.want_nothing();
                effect.methods += own.len();
                ids.extend(own);
                changes.push(Change { class, before });
            }
            weaver.lanes.close_methods(env, &ids);
            Ok::<_, Error>(changes)
        })?;
        let mut targets: Vec<Target> = changes.iter().map(Change::target).collect();
        // A class that is woven, too, goes back once.
        let mut replaced = weaver.entries.take(entries);
        let woven = |entry: &Entry| {
            let same =
                |class: &WovenClass| class.internal == entry.internal && class.loader_hash == entry.hash;
            changes.iter().any(|change| same(&change.class))
        };
        replaced.retain(|entry| !woven(entry));
        targets.extend(crate::replace::targets(&replaced));
        let refused = retransform(self.vm, self.environment, &targets, self.options().batch())?;
        effect.classes = targets.len() - refused.len();
        for one in refused {
            let Some(Change { class, before }) = changes.get(one.place) else {
                effect.failed.push(Refused { what: "a replaced class".to_owned(), why: one.why });
                continue;
            };
            effect.methods = effect.methods.saturating_sub(class.keep_woven(before));
            effect.failed.push(Refused { what: class.name.to_string(), why: one.why });
        }
        for change in &changes {
            change.class.is_as_it_was();
        }
        Ok(effect)
    }

    /// The classes that the hook saw before they were there.
    fn find_classes(&self, env: &Env<'_>, meant: &[Arc<WovenClass>]) -> Result<()> {
        if meant.iter().all(|class| class.class.read().is_some()) {
            return Ok(());
        }
        let jvmti = &self.environment.jvmti;
        env.frame(64, |env| {
            let loaded: Vec<Local<'_, Class>> = jvmti.loaded_classes(env)?;
            for class in &loaded {
                let Ok(name) = jvmti.class_name(class) else { continue };
                if meant.iter().any(|known| *known.name == *name) {
                    let loader = jvmti.class_loader(env, class)?;
                    let internal = crate::registry::internal(&name);
                    drop(weaver::the().find(env, &internal, class, loader.as_ref()));
                }
            }
            Ok(())
        })
    }

    /// Gates off, classes back, nobody inside, hook off: in this order. Gives what did not end so.
    pub(crate) fn leave_classes(&self) -> Vec<String> {
        let weaver = weaver::the();
        if weaver.was_never_ready() {
            return Vec::new();
        }
        let mut left = Vec::new();
        let lazies = std::mem::take(&mut *weaver.lazies.write());
        drop(lazies);
        let Some(_changing) = weaver.changing.try_lock_for(TURN) else {
            let closed = with_env(self.vm, |env| {
                weaver.lanes.close_all(env);
                Ok::<(), Error>(())
            });
            if let Err(why) = closed {
                left.push(format!("the gates could not be closed: {why}"));
            }
            left.push(
                "classes stay woven, with closed gates: a command is still changing classes, and perhaps waits \
                 for a lock of a class loader"
                    .to_owned(),
            );
            return left;
        };
        let closed = with_env(self.vm, |env| {
            weaver.lanes.close_all(env);
            let effect = self.put_back(weaver, &NamePattern::any(), |_| true)?;
            for Refused { what, why } in effect.failed {
                left.push(format!("{what} stays changed, with closed gates: {why}"));
            }
            Ok::<(), Error>(())
        });
        if let Err(why) = closed {
            left.push(format!("classes could not be put back: {why}"));
        }
        if !inside::quiesce(Instant::now() + PATIENCE) {
            left.push(format!("a thread is still in our advice after {} s", PATIENCE.as_secs()));
        }
        if let Err(why) = weaver.rest_for_ever(self.environment) {
            left.push(format!("the class file hook is still on: {why}"));
        }
        let gone = weaver.registry.all();
        let ids: Vec<u32> = gone.iter().flat_map(|class| class.ids()).collect();
        weaver.registry.forget(&gone);
        weaver.lanes.forget(&ids);
        weaver.forget_loaders();
        left
    }
}
