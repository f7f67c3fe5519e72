//! The class files of classes as they run, without our probes: the JVM tells them only to a hook while it retransforms.
//! Changes of other agents are in them, and an entry of ours, if the class has one.

use std::cell::RefCell;
use std::sync::Arc;

use jvm::{Class, Env, Local, Weak};

use crate::Host;
use crate::error::Result;
use crate::retransform::{Target, retransform};
use crate::weaver;

/// A class, and its class file once the hook was shown it.
type Wanted = (Arc<Weak<Class>>, Option<Vec<u8>>);

thread_local! {
    /// What this thread wants to know. The JVM calls the hook on the thread that asks for the retransform.
    static WANTED: RefCell<Vec<Wanted>> = const { RefCell::new(Vec::new()) };
}

/// The hook is shown a class that is loaded.
pub(crate) fn saw(env: &Env<'_>, class: &Local<'_, Class>, bytes: &[u8]) {
    WANTED.with_borrow_mut(|wanted| {
        for (known, kept) in wanted.iter_mut().filter(|(_, kept)| kept.is_none()) {
            if known.is(env, class) {
                *kept = Some(bytes.to_vec());
            }
        }
    });
}

impl Host {
    /// The class files of these classes; none of those that the JVM shows nobody. Costs a retransform each.
    pub(crate) fn running_bytes(&self, classes: &[Arc<Weak<Class>>]) -> Result<Vec<Option<Vec<u8>>>> {
        let weaver = weaver::the();
        let _changing = weaver.changing.lock();
        weaver.hook(self.environment)?;
        WANTED.set(classes.iter().map(|class| (class.clone(), None)).collect());
        let targets: Vec<Target> = classes.iter().cloned().map(Some).collect();
        let done = retransform(self.vm, self.environment, &targets, self.options().batch());
        let seen = WANTED.take();
        weaver.settle();
        weaver.rest(self.environment)?;
        done?;
        Ok(seen.into_iter().map(|(_, bytes)| bytes).collect())
    }
}
