//! Changing classes: the JVM shows every class file before it becomes a class, and shows it again when asked to
//! (`RetransformClasses`). What we give back is copied into memory of the JVM.

use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};

use crate::env::{self, Env};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::events;
use crate::guard::guard;
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local, Ref};
use crate::sys::{JNIEnv, JvmtiEnv, jclass, jint, jobject};
use crate::vm::Vm;

/// A class file that the JVM is about to use.
pub struct ClassFile<'a, 'f> {
    /// The class that gets new content; `None` for a class that is being loaded.
    pub redefined: Option<Local<'f, Class>>,
    /// The loader that defines it; `None` for the boot loader.
    pub loader: Option<Local<'f>>,
    /// Its name with slashes in modified UTF-8, if the JVM knows it: hidden and early classes may have none.
    pub name: Option<&'a [u8]>,
    /// The class file, as agents before us have left it.
    pub bytes: &'a [u8],
}

impl Jvmti {
    /// Has the JVM show these classes again to every agent and use what comes out. Needs
    /// `Capability::RetransformClasses`. One class that cannot be changed (`is_modifiable`) refuses the whole call
    /// (error 79). Threads stop for it; compiled code of the classes is lost.
    pub fn retransform<R: Ref<Kind = Class>>(&self, env: &Env<'_>, classes: &[R]) -> Result<()> {
        env.ready()?;
        if classes.is_empty() {
            return Ok(());
        }
        let raw: Vec<jclass> = classes.iter().map(Ref::raw).collect();
        let count = i32::try_from(raw.len()).unwrap_or(i32::MAX);
        // SAFETY: `count` live references to classes.
        unsafe { jvmti!(self, RetransformClasses, count, raw.as_ptr()) }
    }

    /// Memory of the JVM with these bytes in it.
    pub(crate) fn copy(&self, bytes: &[u8]) -> Result<NonNull<u8>> {
        let mut memory = ptr::null_mut();
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        // SAFETY: `memory` is ours for the call.
        unsafe { jvmti!(self, Allocate, size, &mut memory) }?;
        let memory = NonNull::new(memory).ok_or(Error::NoMemory { wanted: bytes.len() })?;
        // SAFETY: the memory is new and has room for all of them.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), memory.as_ptr(), bytes.len()) };
        Ok(memory)
    }
}

pub(crate) unsafe extern "C" fn class_file(
    _: *mut JvmtiEnv,
    env: *mut JNIEnv,
    redefined: jclass,
    loader: jobject,
    name: *const c_char,
    _: jobject,
    length: jint,
    data: *const u8,
    new_length: *mut jint,
    new_data: *mut *mut u8,
) {
    guard(|| {
        if Vm::is_gone() {
            return;
        }
        // No environment: before VMStart, of which we ask no class.
        let (Some(raw), Some(listener)) = (NonNull::new(env), events::listener()) else { return };
        let Some(environment) = Environment::get() else { return };
        let Ok(length) = usize::try_from(length) else { return };
        if data.is_null() {
            return;
        }
        // SAFETY: the JVM says that this many bytes are there; they stay during the call.
        let bytes = unsafe { std::slice::from_raw_parts(data, length) };
        // SAFETY: null or a C string that stays during the call.
        let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_bytes());
        let aside = Aside::put(raw);
        let changed = Env::enter(raw, 16, |env| {
            let seen =
                ClassFile { redefined: second(env, redefined)?, loader: second(env, loader)?, name, bytes };
            let Some(changed) = listener.class_file(env, &seen) else { return Ok(None) };
            let length =
                i32::try_from(changed.len()).map_err(|_| Error::NoMemory { wanted: changed.len() })?;
            Ok::<_, Error>(Some((length, environment.jvmti.copy(&changed)?)))
        });
        drop(aside);
        match changed {
            Ok(Some((length, memory))) => {
                // SAFETY: the JVM hands in where the answer goes.
                unsafe { new_length.write(length) };
                // SAFETY: as above.
                unsafe { new_data.write(memory.as_ptr()) };
            }
            Ok(None) | Err(Error::VmGone) => {}
            Err(error) => log::warn!("a class file was not looked at: {error}"),
        }
    });
}

/// A reference of our own to an object whose reference is the JVM's.
fn second<'f, K>(env: &Env<'f>, given: jobject) -> Result<Option<Local<'f, K>>> {
    if given.is_null() {
        return Ok(None);
    }
    let new = env.table().NewLocalRef;
    // SAFETY: a live reference that the JVM handed in for the length of the event.
    let raw = unsafe { new(env.raw(), given) };
    env.check("NewLocalRef")?;
    // SAFETY: a new local reference in this frame; what kind of object it is, the event's specification says.
    Ok(unsafe { Local::from_raw(env, raw) })
}

/// The application's exception, put aside while we work and put back when dropped: a class may be loaded while one is
/// pending.
struct Aside {
    env: NonNull<JNIEnv>,
    thrown: jobject,
}

impl Aside {
    fn put(env: NonNull<JNIEnv>) -> Option<Aside> {
        let occurred = env::table(env).ExceptionOccurred;
        // SAFETY: this thread's environment; always legal.
        let thrown = unsafe { occurred(env.as_ptr()) };
        if thrown.is_null() {
            return None;
        }
        let clear = env::table(env).ExceptionClear;
        // SAFETY: as above.
        unsafe { clear(env.as_ptr()) };
        Some(Aside { env, thrown })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let throw = env::table(self.env).Throw;
        // SAFETY: a live local reference to a Throwable, which was pending before.
        unsafe { throw(self.env.as_ptr(), self.thrown) };
        let delete = env::table(self.env).DeleteLocalRef;
        // SAFETY: our own local reference; legal with an exception pending.
        unsafe { delete(self.env.as_ptr(), self.thrown) };
    }
}
