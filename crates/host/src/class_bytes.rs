//! The class files of loaded classes as they run: what `dump` writes and `jad` decompiles.
//!
//! They come from the JVM, since what a loader would give for a name need not be what runs. Nothing is changed for it and
//! nothing stops (`jvm::Capturing`), so that the JDK's own classes may be asked for too; only classes of which the
//! JVM tells nothing are refused. Not seen is what agents did that came after the first capture.

use std::cell::Cell;
use std::time::Duration;

use jvm::{Capturing, Class, Env, Global, Local};

use crate::deny;
use crate::error::{Error, Result};
use crate::{Host, access_flags, weaver};

/// Whether what we have woven is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probes {
    /// As if nothing was observed.
    LeftOut,
    /// As it runs.
    Kept,
}

/// The class file of a class, or why there is none, without a full stop.
pub(crate) type ClassBytes = Result<Vec<u8>, String>;

/// How many classes are asked for at once.
const BATCH: usize = 64;

/// How long somebody who changes classes is waited for.
const TURN: Duration = Duration::from_secs(20);

thread_local! {
    /// This thread captures, and wants no probes in what it gets.
    static LEAVES_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Whether the hook shall weave nothing on this thread: what it is shown will not be taken.
pub(crate) fn leaves_out() -> bool {
    LEAVES_OUT.get()
}

impl Host {
    /// The class files of these classes, in their order. Links those that nobody has used yet, and initialises none.
    ///
    /// Waits for others who change classes.
    ///
    /// # Errors
    /// Somebody else changes classes for too long, or the JVM lets nobody retransform.
    pub(crate) fn class_bytes(
        &self,
        env: &Env<'_>,
        classes: &[Local<'_, Class>],
        probes: Probes,
    ) -> Result<Vec<ClassBytes>> {
        let mut all: Vec<ClassBytes> = Vec::with_capacity(classes.len());
        let mut pending: Vec<(usize, Global<Class>)> = Vec::new();
        for class in classes {
            match self.no_class_file(class)? {
                Some(why) => all.push(Err(why)),
                None => {
                    pending.push((all.len(), env.global(class)?));
                    all.push(Err("the JVM did not show it".to_owned()));
                }
            }
        }
        if pending.is_empty() {
            return Ok(all);
        }
        let Some(_changing) = weaver::the().changing.try_lock_for(TURN) else {
            return Err(Error::sentence(
                "Another command is changing classes and has not ended for 20 s; `jobs` shows whose it is.",
            ));
        };
        let told = |why: jvm::Error| {
            Error::sentence(format!("This JVM does not show class files of loaded classes ({why})."))
        };
        let capturing = Capturing::begin(self.vm, env).map_err(told)?;
        let leaves_out = probes == Probes::LeftOut && capturing.changes_nothing();
        while !pending.is_empty() {
            let batch: Vec<(usize, Global<Class>)> = pending.drain(..BATCH.min(pending.len())).collect();
            let before = LEAVES_OUT.replace(leaves_out);
            let left = capture_some(env, &capturing, batch, &mut all);
            LEAVES_OUT.set(before);
            pending.splice(0..0, left?);
        }
        Ok(all)
    }

    /// Why a class has no class file to show, if it has none.
    fn no_class_file(&self, class: &Local<'_, Class>) -> Result<Option<String>> {
        let jvmti = &self.environment.jvmti;
        let name = jvmti.class_name(class)?;
        if name.starts_with('[') {
            return Ok(Some("it is an array, which has no class file".to_owned()));
        }
        // Before anybody asks the JVM: JDK 8 lets these be changed, and crashes.
        let is_synthetic = jvmti.class_modifiers(class)?.0 & access_flags::SYNTHETIC != 0;
        if deny::is_lambda(&name, is_synthetic) {
            return Ok(Some(
                "it was made for a lambda or is hidden, and the JVM shows its code to nobody".to_owned(),
            ));
        }
        let known = jvmti.is_modifiable(class)?;
        Ok((!known).then(|| "the JVM shows its code to nobody".to_owned()))
    }
}

/// Gives those back that were not asked for, since one before them was refused.
fn capture_some(
    env: &Env<'_>,
    capturing: &Capturing,
    batch: Vec<(usize, Global<Class>)>,
    all: &mut [ClassBytes],
) -> Result<Vec<(usize, Global<Class>)>> {
    let (places, classes): (Vec<usize>, Vec<Global<Class>>) = batch.into_iter().unzip();
    let (captured, said) = capturing.class_files(env, classes)?;
    let mut left = Vec::new();
    let mut refused = false;
    for (place, one) in places.into_iter().zip(captured) {
        let Some(to) = all.get_mut(place) else { continue };
        match one.bytes {
            Some(bytes) => *to = Ok(bytes),
            None if refused => left.push((place, one.class)),
            None => {
                refused = true;
                if let Some(why) = &said {
                    *to = Err(format!("the JVM did not show it ({why})"));
                }
            }
        }
    }
    Ok(left)
}
