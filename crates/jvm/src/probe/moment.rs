//! What can be asked while a probe is told of something. The natives are called from byte code, where no exception can be
//! pending; those that count ask nothing of the JVM. Everything else goes through [`Moment::with_env`], which looks for
//! a pending exception first.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::allocation::Allocated;
use crate::clock;
use crate::env::{self, Env, jni};
use crate::environment::Environment;
use crate::error::{Error, Result, room};
use crate::inside::Inside;
use crate::jvmti::{Jvmti, jvmti};
use crate::methods::MethodId;
use crate::refs::{Class, Global, Local, Ref};
use crate::sys::{_jobject, FrameInfo, JNIEnv, jfieldID, jobject};

/// One event in woven code, on the thread it happens on.
pub struct Moment<'a> {
    raw: Option<NonNull<JNIEnv>>,
    inside: &'a Inside,
    /// `Thread.currentThread()` if the event brings it, else null.
    thread: jobject,
    /// 0 until the clock was read.
    ticks: Cell<u64>,
    /// A local reference is of one thread.
    here: PhantomData<*mut ()>,
}

/// An object that the JVM handed in with an event.
#[derive(Clone, Copy)]
pub struct Handle<'a> {
    raw: NonNull<_jobject>,
    life: PhantomData<&'a ()>,
}

/// What a call has thrown.
#[derive(Clone, Copy)]
pub struct Failure<'a> {
    thrown: Option<Handle<'a>>,
}

/// One frame of a stack, not yet in words: see [`Jvmti::frames`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RawFrame {
    /// The method. Not to be kept for long: it dies with its class.
    pub method: MethodId,
    /// The index into its byte code; -1 in a native method.
    pub location: i64,
}

/// What is told of the thread of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThreadFacts {
    /// `Thread.getId()`.
    pub id: u64,
    /// Its Java name; virtual threads often have none.
    pub name: String,
    /// Whether it lets the JVM end.
    pub daemon: bool,
    /// 1 to 10.
    pub priority: i32,
    /// Whether it is a virtual thread.
    pub is_virtual: bool,
    /// Class name and identity hash of its context class loader; `None` for the boot loader.
    pub loader: Option<(String, i32)>,
}

impl<'a> Moment<'a> {
    /// For a native that runs; `thread` may be null, `ticks` 0.
    #[inline]
    pub(crate) fn new(raw: *mut JNIEnv, inside: &'a Inside, thread: jobject, ticks: u64) -> Moment<'a> {
        Moment { raw: NonNull::new(raw), inside, thread, ticks: Cell::new(ticks), here: PhantomData }
    }

    /// A moment outside of any JVM, for tests of a [`Probe`]: everything that asks the JVM is refused.
    pub fn outside(inside: &'a Inside, ticks: u64) -> Moment<'a> {
        Moment::new(ptr::null_mut(), inside, ptr::null_mut(), ticks)
    }

    pub(crate) fn raw(&self) -> Option<NonNull<JNIEnv>> {
        self.raw
    }

    /// This thread's right to read what is published.
    #[inline]
    pub fn inside(&self) -> &'a Inside {
        self.inside
    }

    /// When it happened, in ticks. Where a call begins, the clock is read at the first time this is asked, and at the
    /// latest when the probe is done: what the probe does then does not count as the call's.
    #[inline]
    pub fn now(&self) -> u64 {
        if self.ticks.get() == 0 {
            self.ticks.set(clock::ticks());
        }
        self.ticks.get()
    }

    /// The address of the `JNIEnv`: one OS thread.
    #[inline]
    pub fn carrier(&self) -> usize {
        self.raw.map_or(0, |raw| raw.as_ptr().expose_provenance())
    }

    /// `Thread.getId()`, which tells virtual threads apart too. Two nanoseconds where the event brings its thread, as all but
    /// those do that only count; else some sixty. Outside of a JVM the carrier's address.
    pub fn thread(&self) -> u64 {
        let field = TID.load(Ordering::Acquire);
        let own = || u64::try_from(self.carrier()).unwrap_or(0);
        if field.is_null() {
            return own();
        }
        let Some(raw) = self.raw else { return own() };
        if self.thread.is_null() {
            let found = self.with_env(|env| {
                let thread = self.thread_object(env)?;
                // SAFETY: a Thread, and `tid` is a long of that class.
                Ok(unsafe { jni!(env, GetLongField, thread.raw(), field.cast()) })
            });
            return found.map_or_else(|_| own(), i64::cast_unsigned);
        }
        let get = env::table(raw).GetLongField;
        // SAFETY: `thread` is a live reference to a Thread, and `tid` is a long of that class.
        let id = unsafe { get(raw.as_ptr(), self.thread, field.cast()) };
        id.cast_unsigned()
    }

    /// Whether [`thread`](Moment::thread) is a virtual one.
    pub fn is_virtual(&self) -> bool {
        let Some(class) = VIRTUAL.get() else { return false };
        self.inside.is_virtual(self.thread(), || {
            self.with_env(|env| env.is_instance(&self.thread_object(env)?, class)).unwrap_or(false)
        })
    }

    /// Runs `work` with this thread's [`Env`] in the native's own frame: what references it leaves end when the native
    /// returns, so they should be few. An exception that is pending is the application's: then nothing is run, and the
    /// answer is [`Error::Pending`].
    pub fn with_own_env<R>(&self, work: impl for<'f> FnOnce(&Env<'f>) -> Result<R>) -> Result<R> {
        match self.raw {
            Some(raw) => Env::enter_native(raw, work),
            None => Err(Error::NotAttached),
        }
    }

    /// Runs `work` with this thread's [`Env`], in a frame of its own (20 ns). An exception that is pending is the
    /// application's: then nothing is run, and the answer is [`Error::Pending`].
    pub fn with_env<R>(&self, work: impl for<'f> FnOnce(&Env<'f>) -> Result<R>) -> Result<R> {
        match self.raw {
            Some(raw) => Env::enter(raw, 16, work),
            None => Err(Error::NotAttached),
        }
    }

    /// Bytes the OS thread has allocated so far; see [`Allocated`](crate::allocation::Allocated). Makes no frame.
    pub fn allocated(&self, by: &Allocated) -> Option<u64> {
        // Called from byte code, where nothing is pending, and our own calls leave nothing.
        by.raw(self.raw?)
    }

    /// The Java thread.
    pub fn thread_object<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        match NonNull::new(self.thread) {
            Some(raw) => Handle { raw, life: PhantomData }.local(env),
            None => environment()?.jvmti.current_thread(env),
        }
    }

    /// What is known of the thread, without running Java code.
    pub fn thread_facts(&self) -> Result<ThreadFacts> {
        // Not by a field of its own class: looking that up waits for the class's initialiser, which may wait for us.
        let id = self.thread();
        self.with_env(|env| {
            let jvmti = &environment()?.jvmti;
            let thread = self.thread_object(env)?;
            let (info, loader) = jvmti.thread_info_and_loader(env, &thread)?;
            let loader = match loader {
                Some(loader) => {
                    Some((jvmti.class_name(&env.class_of(&loader)?)?, jvmti.identity_hash(&loader)?))
                }
                None => None,
            };
            Ok(ThreadFacts {
                id,
                name: info.name,
                daemon: info.daemon,
                priority: info.priority,
                is_virtual: self.is_virtual(),
                loader,
            })
        })
    }

    /// The innermost `max` frames of this thread from the woven method outwards, without running Java code.
    pub fn stack(&self, max: usize) -> Result<Vec<RawFrame>> {
        /// Native, helper of the helper, helper: as many frames are ours at most.
        const OURS: usize = 4;
        if self.raw.is_none() {
            return Err(Error::NotAttached);
        }
        let jvmti = &environment()?.jvmti;
        let depth = max.saturating_add(OURS);
        let mut buffer: Vec<MaybeUninit<FrameInfo>> = room(depth)?;
        buffer.resize(depth, MaybeUninit::uninit());
        let (limit, mut count) = (i32::try_from(depth).unwrap_or(i32::MAX), 0);
        let start = buffer.as_mut_ptr().cast();
        // SAFETY: null is the current thread, and `start` has room for `limit` frames.
        unsafe { jvmti!(jvmti, GetStackTrace, ptr::null_mut(), 0, limit, start, &mut count) }?;
        let filled = buffer.iter().take(usize::try_from(count).unwrap_or(0));
        // SAFETY: the call has filled the first `count` frames.
        let frames = filled.map(|at| unsafe { at.assume_init_ref() });
        let ours = OUR_METHODS.get().map_or(&[][..], |all| all);
        let frames = frames
            .map(|at| RawFrame { method: MethodId::new(at.method), location: at.location })
            .skip_while(|at| ours.binary_search(&at.method).is_ok());
        let mut all = room(max.min(buffer.len()))?;
        all.extend(frames.take(max));
        Ok(all)
    }
}

impl<'a> Handle<'a> {
    pub(crate) fn new(raw: jobject) -> Option<Handle<'a>> {
        NonNull::new(raw).map(|raw| Handle { raw, life: PhantomData })
    }

    pub(crate) fn raw(self) -> jobject {
        self.raw.as_ptr()
    }

    /// The object, lent: it costs nothing.
    pub fn local<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        env.ready()?;
        // SAFETY: a reference that the JVM gave to the native, which still runs: whoever has both this handle and an
        // `Env` on this thread got both while it runs, so the frame ends before it.
        Ok(unsafe { Local::lent(self.raw) })
    }
}

impl<'a> Failure<'a> {
    pub(crate) fn new(thrown: jobject) -> Failure<'a> {
        Failure { thrown: Handle::new(thrown) }
    }

    /// None was thrown; for tests of a [`Probe`].
    pub fn unknown() -> Failure<'a> {
        Failure { thrown: None }
    }

    /// The reference; `None` where it is not known.
    pub fn handle(&self) -> Option<Handle<'a>> {
        self.thrown
    }

    /// The exception.
    pub fn object<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        match &self.thrown {
            Some(thrown) => thrown.local(env),
            None => Err(Error::Null { call: "thrown".into() }),
        }
    }

    /// `Throwable.backtrace`: where the JVM keeps the stack it was made on. `None` where it has none.
    pub fn backtrace<'f>(&self, env: &Env<'f>) -> Result<Option<Local<'f>>> {
        Ok(env.throwable_field(&self.object(env)?, c"backtrace", c"Ljava/lang/Object;"))
    }

    /// The exception's class, with dots, and its `detailMessage`, read from the field.
    pub fn words(&self, at: &Moment<'_>) -> Result<(String, Option<String>)> {
        at.with_env(|env| {
            let thrown = env.describe("", &self.object(env)?, 0);
            Ok((thrown.class, thrown.message))
        })
    }
}

fn environment() -> Result<&'static Environment> {
    Environment::get().ok_or(Error::NotAttached)
}

/// `Thread.tid`.
static TID: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// `java.lang.BaseVirtualThread`, where there are virtual threads.
static VIRTUAL: OnceLock<Global<Class>> = OnceLock::new();
/// The methods of Spy, sorted: a stack begins below them.
static OUR_METHODS: OnceLock<Box<[MethodId]>> = OnceLock::new();
/// Looks up what moments need; before the natives are bound.
pub(crate) fn prepare(env: &Env<'_>, jvmti: &Jvmti, spy: &impl Ref<Kind = Class>) -> Result<()> {
    clock::ticks();
    let mut methods: Vec<MethodId> = jvmti.class_method_ids(spy)?;
    methods.sort_unstable();
    let _ = OUR_METHODS.set(methods.into());
    if jvmti.jdk() >= 21 {
        let class = env.find_class("java/lang/BaseVirtualThread")?;
        let _ = VIRTUAL.set(env.global(&class)?);
    }
    let threads = env.find_class("java/lang/Thread")?;
    // SAFETY: `threads` is a class; both names are C strings.
    let id: jfieldID = unsafe { jni!(env, GetFieldID, threads.raw(), c"tid".as_ptr(), c"J".as_ptr()) };
    env.check("Thread.tid")?;
    // The class is the boot loader's and never unloads, so the id holds for ever.
    TID.store(id.cast(), Ordering::Release);
    Ok(())
}
