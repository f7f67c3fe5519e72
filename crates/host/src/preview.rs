//! What agents before us make of a new class file, with nothing changed: the JVM is asked to redefine the class by it
//! together with another one that it must refuse, so it shows the file to all agents and takes neither.
//!
//! An agent that adds a field or a method to every class it sees has added them to the loaded class, too: without them the
//! JVM would refuse the new file, and without its calls the agent would lose the class.

use std::cell::Cell;

use jvm::sys::ErrorCode;
use jvm::{Capabilities, Capability, Capturing, Class, Env, Global, Local};

use parking_lot::Mutex;

use crate::Host;
use crate::error::Result;
use crate::weaver;

thread_local! {
    /// This thread previews. No destructor: the hook looks at it on threads of the application, too.
    static PREVIEWS: Cell<bool> = const { Cell::new(false) };
}

/// A class, and its new file as agents before us leave it.
type Previewed = (Global<Class>, Option<Vec<u8>>);

/// The class that is previewed, and what has come of it: there is one at a time, of whoever holds the lock for changing
/// classes.
static PREVIEWED: Mutex<Option<Previewed>> = Mutex::new(None);

/// The hook is shown a class that is loaded. Whether it is only a preview, so that nothing shall be woven.
pub(crate) fn saw(env: &Env<'_>, class: &Local<'_, Class>, bytes: &[u8]) -> bool {
    if !PREVIEWS.get() {
        return false;
    }
    if let Some((wanted, seen)) = &mut *PREVIEWED.lock()
        && env.is_same(wanted, class)
    {
        *seen = Some(bytes.to_vec());
    }
    true
}

/// What came of it.
pub(crate) struct Preview {
    /// The class file as agents before us leave it; none where they leave it as it is.
    pub(crate) changed: Option<Vec<u8>>,
    /// The JVM's verifier does not take its code.
    pub(crate) is_unverifiable: bool,
}

impl Host {
    /// Shows a new class file of a class to all agents. Transformers of other agents run on this thread.
    pub(crate) fn preview(&self, env: &Env<'_>, class: &Local<'_, Class>, file: &[u8]) -> Result<Preview> {
        let mut preview = Preview { changed: None, is_unverifiable: false };
        let weaver = weaver::the();
        let _changing = weaver.changing.lock();
        let capturing = Capturing::begin(self.vm, env)?;
        if !capturing.changes_nothing() {
            return Ok(preview);
        }
        self.environment.ensure(Capabilities::NONE.with(Capability::RedefineClasses))?;
        weaver.hook(self.environment)?;
        *PREVIEWED.lock() = Some((env.global(class)?, None));
        PREVIEWS.set(true);
        let said = capturing.show(env, &self.environment.jvmti, class, file);
        PREVIEWS.set(false);
        let previewed = PREVIEWED.lock().take();
        let seen = previewed.and_then(|(_, seen)| seen);
        weaver.rest(self.environment)?;
        preview.changed = seen.filter(|seen| seen != file);
        preview.is_unverifiable =
            matches!(&said, Err(jvm::Error::Jvmti(error)) if error.code == ErrorCode::FAILS_VERIFICATION);
        Ok(preview)
    }
}
