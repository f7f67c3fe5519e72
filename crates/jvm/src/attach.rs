//! Being a thread of the JVM. [`Attached`] makes the current thread one, as a daemon, and undoes it when
//! dropped, so that no thread of ours keeps the application from ending.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use crate::env::{self, Env};
use crate::error::{Error, Result};
use crate::mutf8;
use crate::sys::{JNI_OK, JNI_VERSION_1_6, JavaVMAttachArgs};
use crate::vm::Vm;

/// The current thread is attached to the JVM as long as this lives.
pub struct Attached {
    vm: Vm,
    /// Whether it was we who attached it.
    ours: bool,
    /// Bound to its thread.
    here: PhantomData<*mut ()>,
}

impl Vm {
    /// Attaches the current thread as a daemon; `name` is what thread lists of Java show. A thread that is
    /// attached already keeps its name, and stays attached afterwards.
    pub fn attach(self, name: &str) -> Result<Attached> {
        match self.raw_env() {
            Ok(_) => return Ok(Attached { vm: self, ours: false, here: PhantomData }),
            Err(Error::NotAttached) => {}
            Err(other) => return Err(other),
        }
        let name = mutf8::encode(name);
        let mut arguments = JavaVMAttachArgs {
            version: JNI_VERSION_1_6,
            name: name.as_ptr().cast_mut(),
            group: ptr::null_mut(),
        };
        let mut out: *mut c_void = ptr::null_mut();
        let attach = self.table().AttachCurrentThreadAsDaemon;
        // SAFETY: the JVM lives (`raw_env` looked), and all three pointers are good for the call.
        let code = unsafe { attach(self.raw(), &mut out, ptr::from_mut(&mut arguments).cast()) };
        if code == JNI_OK {
            Ok(Attached { vm: self, ours: true, here: PhantomData })
        } else {
            Err(Error::Jni { function: "AttachCurrentThreadAsDaemon", code })
        }
    }
}

impl Attached {
    /// The machine.
    pub fn vm(&self) -> Vm {
        self.vm
    }

    /// As [`Vm::with_env`].
    pub fn with_env<R, E, F>(&self, work: F) -> Result<R, E>
    where
        E: From<Error>,
        F: for<'f> FnOnce(&Env<'f>) -> Result<R, E>,
    {
        self.vm.with_env(work)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if !self.ours || Vm::is_gone() {
            return;
        }
        if env::open_frames() > 0 {
            log::error!("a thread was to be detached inside a frame of its own; it stays attached");
            return;
        }
        let detach = self.vm.table().DetachCurrentThread;
        // SAFETY: this thread was attached by us, and no frame of ours is open on it.
        let code = unsafe { detach(self.vm.raw()) };
        if code != JNI_OK {
            log::warn!("DetachCurrentThread failed: JNI error {code}");
        }
    }
}
