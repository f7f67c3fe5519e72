//! What the JVM tells us by itself. All callbacks are set once, each runs inside [`guard`](crate::guard), and
//! which of them are called is switched per event. Without an event switched on, this costs nothing.

use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::gc;
use crate::guard::guard;
use crate::jvmti::{Jvmti, jvmti};
use crate::probe;
use crate::redefine::{self, ClassFile};
use crate::sys::{self, EventCallbacks, EventKind, JNIEnv, JvmtiEnv, jthread};
use crate::vm::Vm;

/// Who is told. The methods run on the JVM's own threads: be quick, wait for nothing.
pub trait Callbacks: Sync {
    /// The JVM is ready for Java calls. Only for agents that were there from the start, and only where
    /// [`EventKind::VmInit`] is enabled.
    fn vm_init(&self, env: &Env<'_>) {
        let _ = env;
    }

    /// A class file is about to be made a class, or to become another class's new content; gives what it shall be
    /// instead. Only where [`EventKind::ClassFileLoadHook`] is enabled, which must not be before
    /// `Capability::RetransformClasses` is held: later it would be refused (error 98). Loading classes from here would
    /// come back to here.
    fn class_file(&self, env: &Env<'_>, seen: &ClassFile<'_, '_>) -> Option<Vec<u8>> {
        let _ = (env, seen);
        None
    }

    /// The JVM is about to end; from now on every call to it is refused.
    fn vm_death(&self) {}
}

static LISTENER: OnceLock<&'static dyn Callbacks> = OnceLock::new();

/// Says who is told; once for the life of the process. Returns whether this was the first.
pub(crate) fn listen(listener: &'static dyn Callbacks) -> bool {
    LISTENER.set(listener).is_ok()
}

/// Who is told, if anybody is.
pub(crate) fn listener() -> Option<&'static dyn Callbacks> {
    LISTENER.get().copied()
}

/// Hands the callbacks to the JVM.
pub(crate) fn install(jvmti: &Jvmti) -> Result<()> {
    let callbacks = EventCallbacks {
        VMInit: Some(vm_init),
        VMDeath: Some(vm_death),
        ClassFileLoadHook: Some(redefine::class_file),
        GarbageCollectionStart: Some(gc_start),
        GarbageCollectionFinish: Some(gc_finish),
        ..EventCallbacks::default()
    };
    let size = i32::try_from(size_of::<EventCallbacks>()).unwrap_or(0);
    // SAFETY: the JVM copies `size` bytes of the table during the call.
    unsafe { jvmti!(jvmti, SetEventCallbacks, &callbacks, size) }
}

impl Jvmti {
    /// Says who is told of events; only the first one ever is kept. Returns whether this was it.
    pub fn listen(&self, listener: &'static dyn Callbacks) -> bool {
        listen(listener)
    }

    /// Switches an event on, for all threads. Some need a capability first.
    pub fn enable(&self, kind: EventKind) -> Result<()> {
        self.notify(kind, sys::ENABLE)
    }

    /// Switches an event off.
    pub fn disable(&self, kind: EventKind) -> Result<()> {
        self.notify(kind, sys::DISABLE)
    }

    fn notify(&self, kind: EventKind, mode: i32) -> Result<()> {
        let every_thread: jthread = ptr::null_mut();
        // SAFETY: plain numbers, and null stands for all threads.
        unsafe { jvmti!(self, SetEventNotificationMode, mode, kind.number(), every_thread) }
    }
}

unsafe extern "C" fn vm_init(_: *mut JvmtiEnv, env: *mut JNIEnv, _: jthread) {
    guard(|| {
        let (Some(listener), Some(env)) = (LISTENER.get(), NonNull::new(env)) else { return };
        let told = Env::enter(env, 16, |env| {
            listener.vm_init(env);
            Ok::<(), Error>(())
        });
        if let Err(error) = told {
            log::error!("the start of the JVM was not noticed: {error}");
        }
    });
}

unsafe extern "C" fn vm_death(_: *mut JvmtiEnv, _: *mut JNIEnv) {
    guard(|| {
        Vm::mark_gone();
        probe::fall_silent();
        if let Some(listener) = LISTENER.get() {
            listener.vm_death();
        }
    });
}

unsafe extern "C" fn gc_start(_: *mut JvmtiEnv) {
    guard(gc::started);
}

unsafe extern "C" fn gc_finish(_: *mut JvmtiEnv) {
    guard(gc::finished);
}
