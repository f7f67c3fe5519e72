//! The agent's one JVMTI environment. It is made at the first start and used again by every later attach,
//! never disposed: disposing one has crashed JVMs (JDK-8257140) and frees nothing worth having.

use std::sync::{Mutex, OnceLock};

use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::events;
use crate::jvmti::Jvmti;
use crate::sys::EventKind;
use crate::vm::Vm;

static ONLY: OnceLock<Environment> = OnceLock::new();
static MAKING: Mutex<()> = Mutex::new(());

/// The machine and our standing with it.
pub struct Environment {
    /// The machine.
    pub vm: Vm,
    /// Our JVMTI environment in it.
    pub jvmti: Jvmti,
}

impl Environment {
    /// The environment, made if this is the first time. From then on the JVM's death is noticed.
    pub fn get_or_create(vm: Vm) -> Result<&'static Environment> {
        let making = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(found) = ONLY.get() {
            return Ok(found);
        }
        let jvmti = Jvmti::create(vm)?;
        events::install(&jvmti)?;
        jvmti.enable(EventKind::VmDeath)?;
        let made = ONLY.get_or_init(|| Environment { vm, jvmti });
        drop(making);
        Ok(made)
    }

    /// The environment, if it was made.
    pub fn get() -> Option<&'static Environment> {
        ONLY.get()
    }

    /// Makes sure that these capabilities are held, and tells which were not before, so that the caller can
    /// give exactly those back.
    pub fn ensure(&self, wanted: Capabilities) -> Result<Capabilities> {
        let missing = wanted.without(self.jvmti.capabilities()?);
        if !missing.is_empty() {
            self.jvmti.add_capabilities(missing)?;
        }
        Ok(missing)
    }

    /// Switches off every event but the JVM's death and gives every capability back: what an idle or stopped
    /// agent holds is nothing.
    pub fn rest(&self) -> Result<()> {
        let all = [
            EventKind::VmInit,
            EventKind::ClassFileLoadHook,
            EventKind::GarbageCollectionStart,
            EventKind::GarbageCollectionFinish,
        ];
        for kind in all {
            self.jvmti.disable(kind)?;
        }
        self.jvmti.relinquish_capabilities(self.jvmti.capabilities()?)
    }
}
