//! JVMTI as Rust calls it: [`Jvmti`] holds the environment and looks every function up in its table by
//! version, so that one a later JDK brought is an error on an older JVM and never a jump through null.

use std::mem::offset_of;
use std::ptr::NonNull;

use crate::error::{Error, JvmtiError, Result};
use crate::sys::{self, ErrorCode, Functions, JvmtiEnv, Slot};
use crate::vm::Vm;

/// A JVMTI environment. The one of this agent is made once and lives as long as the JVM (see
/// [`Environment`](crate::Environment)), so this may be copied, kept and used on any thread that is attached;
/// on others every function answers [`Error::NotAttached`].
#[derive(Clone, Copy)]
pub struct Jvmti {
    raw: NonNull<JvmtiEnv>,
    jdk: u16,
}

// SAFETY: a JVMTI environment may be used on every thread (JVMTI specification, "Environments").
unsafe impl Send for Jvmti {}
// SAFETY: as above.
unsafe impl Sync for Jvmti {}

/// Calls a JVMTI function and gives a `Result<()>` that names it; to be used in an `unsafe` block that says
/// why the arguments hold.
macro_rules! jvmti {
    ($jvmti:expr, $function:ident $(, $argument:expr)* $(,)?) => {{
        const SLOT: $crate::sys::Slot =
            $crate::sys::Slot::at(std::mem::offset_of!($crate::sys::Functions, $function));
        match $jvmti.function(SLOT, $jvmti.table().$function) {
            Ok(function) => $crate::jvmti::checked(SLOT, function($jvmti.raw() $(, $argument)*)),
            Err(error) => Err(error),
        }
    }};
}
pub(crate) use jvmti;

/// Where the JVM is in its life (`GetPhase`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// In `Agent_OnLoad`.
    OnLoad,
    /// Between the agents and the first class.
    Primordial,
    /// Classes load, but Java code must not yet be called.
    Start,
    /// Everything may be called.
    Live,
    /// Nothing may.
    Dead,
}

impl Jvmti {
    /// A new environment of this JVM.
    pub(crate) fn create(vm: Vm) -> Result<Jvmti> {
        let raw = vm.interface(sys::VERSION_1_2)?.cast();
        let mut jvmti = Jvmti { raw, jdk: 0 };
        let mut version = 0;
        // SAFETY: `version` is ours for the call.
        unsafe { jvmti!(jvmti, GetVersionNumber, &mut version) }?;
        jvmti.jdk = release(version);
        Ok(jvmti)
    }

    /// The JDK this JVM is of: 8, 11, 17 and so on. Before 9 the interface tells only that it is at most 8.
    pub fn jdk(&self) -> u16 {
        self.jdk
    }

    /// Where the JVM is in its life.
    pub fn phase(&self) -> Result<Phase> {
        let mut phase = 0;
        // SAFETY: `phase` is ours for the call.
        unsafe { jvmti!(self, GetPhase, &mut phase) }?;
        Ok(match phase {
            sys::PHASE_ONLOAD => Phase::OnLoad,
            sys::PHASE_PRIMORDIAL => Phase::Primordial,
            sys::PHASE_START => Phase::Start,
            sys::PHASE_LIVE => Phase::Live,
            _ => Phase::Dead,
        })
    }

    pub(crate) fn raw(&self) -> *mut JvmtiEnv {
        self.raw.as_ptr()
    }

    pub(crate) fn table(&self) -> &Functions {
        // SAFETY: the environment is never disposed, so this is readable.
        let table = unsafe { *self.raw.as_ptr() };
        // SAFETY: every JVMTI environment points to a table of all 156 slots, which is never freed.
        unsafe { &*table }
    }

    /// The function in a slot, if this JVM has it and lives.
    pub(crate) fn function<F>(&self, slot: Slot, entry: Option<F>) -> Result<F> {
        Vm::alive()?;
        let too_new = Error::TooNew { function: slot.name, since: slot.since, running: self.jdk };
        if slot.since > self.jdk {
            return Err(too_new);
        }
        entry.ok_or(too_new)
    }

    /// Gives memory back that a function allocated. Legal at any time, but not after the JVM's death.
    pub(crate) fn deallocate(&self, memory: *mut u8) {
        const SLOT: Slot = Slot::at(offset_of!(Functions, Deallocate));
        if let Ok(deallocate) = self.function(SLOT, self.table().Deallocate) {
            // SAFETY: `memory` came from this environment and is given back once (`Buf` owns it).
            let code = unsafe { deallocate(self.raw(), memory) };
            if code != ErrorCode::NONE {
                log::warn!("{}", JvmtiError { function: SLOT.name, code });
            }
        }
    }
}

pub(crate) fn checked(slot: Slot, code: ErrorCode) -> Result<()> {
    match code {
        ErrorCode::NONE => Ok(()),
        ErrorCode::UNATTACHED_THREAD => Err(Error::NotAttached),
        code => Err(JvmtiError { function: slot.name, code }.into()),
    }
}

/// The JDK of a JVMTI version number: `0x300B0000` is 11; `0x3001xxxx` is what 8 and older say.
fn release(version: i32) -> u16 {
    match u16::try_from(version >> 16 & 0x0FFF).unwrap_or(0) {
        0 | 1 => 8,
        major => major,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_a_later_jdk_is_refused() {
        const SLOT: Slot = Slot::at(offset_of!(Functions, SuspendAllVirtualThreads));
        assert_eq!((SLOT.name, SLOT.since), ("SuspendAllVirtualThreads", 21));
        let on = |jdk| Jvmti { raw: NonNull::dangling(), jdk };
        let refused = on(17).function(SLOT, Some(())).unwrap_err();
        assert_eq!(refused.to_string(), "SuspendAllVirtualThreads needs JDK 21 or later; this JVM is JDK 17");
        assert!(on(21).function(SLOT, Some(())).is_ok());
        assert!(on(25).function(SLOT, None::<()>).is_err());
    }

    #[test]
    fn a_version_number_tells_the_jdk() {
        assert_eq!(release(0x3001_0203), 8);
        assert_eq!(release(0x300B_0000), 11);
        assert_eq!(release(0x3019_0000), 25);
    }
}
