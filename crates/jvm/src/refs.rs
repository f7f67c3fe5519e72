//! References to Java objects that let go by themselves: [`Local`] ends with its frame, [`Global`] and
//! [`Weak`] live until dropped, on whatever thread that is. Their second parameter says what is known of the
//! object: `Class` objects may be used where JNI would crash on anything else.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::env::{self, Env, jni};
use crate::error::{Error, Result};
use crate::sys::{_jobject, JNIEnv, jobject};
use crate::vm::Vm;

/// Nothing is known of the object but that it is one.
pub enum Object {}
/// The object is a `java.lang.Class`.
pub enum Class {}

mod sealed {
    pub trait Sealed {}
    impl<K> Sealed for super::Local<'_, K> {}
    impl<K> Sealed for super::Global<K> {}
    impl<T: Sealed> Sealed for &T {}
}

/// Any strong reference.
pub trait Ref: sealed::Sealed {
    /// [`Object`] or [`Class`].
    type Kind;
    /// The JNI handle, never null.
    fn raw(&self) -> jobject;
}

impl<T: Ref> Ref for &T {
    type Kind = T::Kind;
    fn raw(&self) -> jobject {
        (*self).raw()
    }
}

/// A reference that ends with its frame, or earlier when dropped.
pub struct Local<'f, K = Object> {
    raw: NonNull<_jobject>,
    /// Where it is deleted; none for one that is the JVM's.
    env: Option<NonNull<JNIEnv>>,
    frame: PhantomData<&'f ()>,
    kind: PhantomData<K>,
}

impl<'f, K> Local<'f, K> {
    /// `None` for null.
    ///
    /// # Safety
    /// `raw` must be null or a local reference in the frame of `env`, to an object of kind `K`.
    pub(crate) unsafe fn from_raw(env: &Env<'f>, raw: jobject) -> Option<Local<'f, K>> {
        let raw = NonNull::new(raw)?;
        let env = Some(NonNull::new(env.raw())?);
        Some(Local { raw, env, frame: PhantomData, kind: PhantomData })
    }

    /// One that is not deleted: an argument of a native belongs to the JVM.
    ///
    /// # Safety
    /// `raw` must be a reference to an object of kind `K` that lives at least as long as `'f` on this thread.
    pub(crate) unsafe fn lent(raw: NonNull<_jobject>) -> Local<'f, K> {
        Local { raw, env: None, frame: PhantomData, kind: PhantomData }
    }

    /// Gives the handle away; the frame's end will delete it.
    pub(crate) fn into_raw(self) -> jobject {
        let raw = self.raw.as_ptr();
        mem::forget(self);
        raw
    }

    /// The same reference, to an object of which more is known.
    ///
    /// # Safety
    /// The object must be of kind `K2`.
    pub(crate) unsafe fn into_kind<K2>(self) -> Local<'f, K2> {
        let kept = Local { raw: self.raw, env: self.env, frame: PhantomData, kind: PhantomData };
        mem::forget(self);
        kept
    }

    /// Leaves the deleting to the frame's end, which is faster for many.
    pub(crate) fn leave(self) {
        mem::forget(self);
    }

    /// Forgets what is known of the object.
    pub fn into_object(self) -> Local<'f> {
        // SAFETY: whatever it is, it is an object.
        unsafe { self.into_kind() }
    }
}

impl<K> Ref for Local<'_, K> {
    type Kind = K;
    fn raw(&self) -> jobject {
        self.raw.as_ptr()
    }
}

impl<K> Drop for Local<'_, K> {
    fn drop(&mut self) {
        let Some(env) = self.env else { return };
        if Vm::is_gone() {
            return;
        }
        let delete = env::table(env).DeleteLocalRef;
        // SAFETY: a live local reference of this thread (it is not `Send`), deleted once; legal with an
        // exception pending.
        unsafe { delete(env.as_ptr(), self.raw.as_ptr()) }
    }
}

/// A reference that keeps its object until dropped. May be sent and shared.
pub struct Global<K = Object> {
    raw: NonNull<_jobject>,
    kind: PhantomData<K>,
}

// SAFETY: global references are valid on every thread (JNI specification, "Global and Local References").
unsafe impl<K> Send for Global<K> {}
// SAFETY: as above.
unsafe impl<K> Sync for Global<K> {}

impl<K> Global<K> {
    /// A local reference to the same object.
    pub fn local<'f>(&self, env: &Env<'f>) -> Result<Local<'f, K>> {
        env.local(self)
    }
}

impl<K> Ref for Global<K> {
    type Kind = K;
    fn raw(&self) -> jobject {
        self.raw.as_ptr()
    }
}

impl<K> Drop for Global<K> {
    fn drop(&mut self) {
        release(Buried::Global(self.raw.as_ptr().expose_provenance()));
    }
}

/// A reference that does not keep its object.
pub struct Weak<K = Object> {
    raw: NonNull<_jobject>,
    kind: PhantomData<K>,
}

// SAFETY: weak global references are valid on every thread.
unsafe impl<K> Send for Weak<K> {}
// SAFETY: as above.
unsafe impl<K> Sync for Weak<K> {}

impl<K> Weak<K> {
    /// The handle, for functions of JNI that take one.
    pub(crate) fn handle(&self) -> jobject {
        self.raw.as_ptr()
    }

    /// The object, unless it was collected.
    pub fn get<'f>(&self, env: &Env<'f>) -> Result<Option<Local<'f, K>>> {
        env.ready()?;
        // SAFETY: `raw` is a live weak reference; null comes back when its object is gone.
        let raw = unsafe { jni!(env, NewLocalRef, self.raw.as_ptr()) };
        env.check("NewLocalRef")?;
        // SAFETY: a new local reference in this frame, to an object of the kind the weak one was made of.
        Ok(unsafe { Local::from_raw(env, raw) })
    }

    /// Whether its object is this one. `false` when it was collected, and after the JVM's death.
    pub fn is(&self, env: &Env<'_>, object: &impl Ref) -> bool {
        // SAFETY: both are live references; never throws.
        env.ready().is_ok() && unsafe { jni!(env, IsSameObject, self.raw.as_ptr(), object.raw()) }
    }

    /// Whether its object was collected. `true` after the JVM's death.
    pub fn is_gone(&self, env: &Env<'_>) -> bool {
        // SAFETY: a live weak reference, which is the same as null when its object is gone; never throws.
        env.ready().is_err() || unsafe { jni!(env, IsSameObject, self.raw.as_ptr(), std::ptr::null_mut()) }
    }
}

impl<K> Drop for Weak<K> {
    fn drop(&mut self) {
        release(Buried::Weak(self.raw.as_ptr().expose_provenance()));
    }
}

impl<'f> Env<'f> {
    /// A second local reference to the same object.
    pub fn local<R: Ref>(&self, to: &R) -> Result<Local<'f, R::Kind>> {
        self.ready()?;
        // SAFETY: `to` is a live reference.
        let raw = unsafe { jni!(self, NewLocalRef, to.raw()) };
        self.check("NewLocalRef")?;
        // SAFETY: a new local reference in this frame, to the same object.
        unsafe { Local::from_raw(self, raw) }.ok_or_else(|| null("NewLocalRef"))
    }

    /// A reference that may outlive this frame and go to other threads.
    pub fn global<R: Ref>(&self, to: &R) -> Result<Global<R::Kind>> {
        self.ready()?;
        // SAFETY: `to` is a live reference.
        let raw = unsafe { jni!(self, NewGlobalRef, to.raw()) };
        self.check("NewGlobalRef")?;
        match NonNull::new(raw) {
            Some(raw) => Ok(Global { raw, kind: PhantomData }),
            None => Err(null("NewGlobalRef")),
        }
    }

    /// A reference that does not keep the object alive.
    pub fn weak<R: Ref>(&self, to: &R) -> Result<Weak<R::Kind>> {
        self.ready()?;
        // SAFETY: `to` is a live reference.
        let raw = unsafe { jni!(self, NewWeakGlobalRef, to.raw()) };
        self.check("NewWeakGlobalRef")?;
        match NonNull::new(raw) {
            Some(raw) => Ok(Weak { raw, kind: PhantomData }),
            None => Err(null("NewWeakGlobalRef")),
        }
    }
}

fn null(call: &str) -> Error {
    Error::Null { call: call.into() }
}

/// A reference that was dropped; its address, to be deleted on a thread that may call the JVM.
enum Buried {
    Global(usize),
    Weak(usize),
}

/// References that were dropped on threads that are not attached, until some thread that is comes by.
static GRAVES: Mutex<Vec<Buried>> = Mutex::new(Vec::new());
static ANY_GRAVES: AtomicBool = AtomicBool::new(false);

fn release(dead: Buried) {
    let Some(vm) = Vm::current() else { return };
    match vm.raw_env() {
        Ok(env) => delete(env, &dead),
        Err(Error::NotAttached) => {
            let mut graves = GRAVES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            graves.push(dead);
            ANY_GRAVES.store(true, Ordering::Release);
        }
        Err(_) => {}
    }
}

/// Deletes what unattached threads have dropped. Never waits.
pub(crate) fn bury(env: NonNull<JNIEnv>) {
    if !ANY_GRAVES.load(Ordering::Acquire) {
        return;
    }
    let Ok(mut graves) = GRAVES.try_lock() else { return };
    ANY_GRAVES.store(false, Ordering::Release);
    let dead = mem::take(&mut *graves);
    drop(graves);
    dead.iter().for_each(|one| delete(env, one));
}

fn delete(env: NonNull<JNIEnv>, dead: &Buried) {
    match dead {
        Buried::Global(address) => {
            let delete = env::table(env).DeleteGlobalRef;
            // SAFETY: a global reference whose only owner is gone; legal with an exception pending.
            unsafe { delete(env.as_ptr(), std::ptr::with_exposed_provenance_mut(*address)) }
        }
        Buried::Weak(address) => {
            let delete = env::table(env).DeleteWeakGlobalRef;
            // SAFETY: as above, for a weak one.
            unsafe { delete(env.as_ptr(), std::ptr::with_exposed_provenance_mut(*address)) }
        }
    }
}

impl<K> fmt::Debug for Local<'_, K> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Local({:p})", self.raw)
    }
}

impl<K> fmt::Debug for Global<K> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Global({:p})", self.raw)
    }
}

impl<K> fmt::Debug for Weak<K> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Weak({:p})", self.raw)
    }
}
