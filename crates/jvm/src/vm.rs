//! The Java machine of this process. There is one; it is remembered here, with the flag that says it has
//! died, because references must be able to let go of their object from any thread at any time.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::env::Env;
use crate::error::{Error, Result};
use crate::refs;
use crate::sys::{self, JNIInvokeInterface__1_4, JavaVM};

/// After this nothing of the JVM is touched any more; set by the VM death event.
static GONE: AtomicBool = AtomicBool::new(false);
static VM: AtomicPtr<JavaVM> = AtomicPtr::new(ptr::null_mut());

/// Local references a new frame has room for without asking again (JNI grants 16 at least).
const FRAME: i32 = 16;

/// The JVM this agent lives in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Vm {
    raw: NonNull<JavaVM>,
}

// SAFETY: the invocation interface may be called from any thread (JNI specification, "The Invocation API").
unsafe impl Send for Vm {}
// SAFETY: as above; `Vm` holds no state of its own.
unsafe impl Sync for Vm {}

impl Vm {
    /// Takes what `Agent_OnLoad`, `Agent_OnAttach` or `JNI_OnLoad` were given. `None` for null.
    ///
    /// # Safety
    /// `raw` must be null or this process's JVM.
    pub unsafe fn from_raw(raw: *mut JavaVM) -> Option<Vm> {
        let vm = Vm { raw: NonNull::new(raw)? };
        VM.store(raw, Ordering::Release);
        Some(vm)
    }

    /// The JVM that [`from_raw`](Vm::from_raw) was told of.
    pub fn current() -> Option<Vm> {
        NonNull::new(VM.load(Ordering::Acquire)).map(|raw| Vm { raw })
    }

    /// Whether the JVM has announced its death. From then on every call here answers [`Error::VmGone`].
    pub fn is_gone() -> bool {
        GONE.load(Ordering::Acquire)
    }

    pub(crate) fn mark_gone() {
        GONE.store(true, Ordering::Release);
    }

    pub(crate) fn alive() -> Result<()> {
        if Vm::is_gone() { Err(Error::VmGone) } else { Ok(()) }
    }

    /// Runs `work` with this thread's [`Env`] in a frame of local references of its own. The thread must be
    /// attached, and no exception of the application may be pending on it.
    pub fn with_env<R, E, F>(self, work: F) -> Result<R, E>
    where
        E: From<Error>,
        F: for<'f> FnOnce(&Env<'f>) -> Result<R, E>,
    {
        let raw = self.raw_env()?;
        refs::bury(raw);
        Env::enter(raw, FRAME, work)
    }

    /// Whether this thread is attached to the JVM.
    pub fn is_attached(self) -> bool {
        self.raw_env().is_ok()
    }

    /// This thread's JNI environment (`GetEnv`).
    pub(crate) fn raw_env(self) -> Result<NonNull<sys::JNIEnv>> {
        match self.interface(sys::JNI_VERSION_1_6) {
            Ok(raw) => Ok(raw.cast()),
            Err(Error::Jni { code: sys::JNI_EDETACHED, .. }) => Err(Error::NotAttached),
            Err(other) => Err(other),
        }
    }

    /// A new JVMTI environment, or this thread's JNI environment, by version (`GetEnv`).
    pub(crate) fn interface(self, version: i32) -> Result<NonNull<c_void>> {
        Vm::alive()?;
        let get = self.table().GetEnv;
        let mut out: *mut c_void = ptr::null_mut();
        // SAFETY: the machine lives (checked above) and `out` is ours for the call.
        let code = unsafe { get(self.raw(), &mut out, version) };
        match NonNull::new(out) {
            Some(found) if code == sys::JNI_OK => Ok(found),
            _ => Err(Error::Jni { function: "GetEnv", code }),
        }
    }

    pub(crate) fn raw(self) -> *mut JavaVM {
        self.raw.as_ptr()
    }

    pub(crate) fn table(self) -> &'static JNIInvokeInterface__1_4 {
        // SAFETY: `raw` is the JVM of this process, which is never unloaded.
        let union = unsafe { *self.raw.as_ptr() };
        // SAFETY: every JVM since 1.4 has this table, and it is never freed.
        unsafe { &*union.cast() }
    }
}
