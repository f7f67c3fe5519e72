//! Who is told of calls in woven code, and what can be asked at such a moment. The natives are called from byte code,
//! where no exception can be pending; those that count make no frame, no allocation and take no lock. Everything that
//! asks the JVM goes through [`Moment::with_env`], which looks for a pending exception first.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{self, AssertUnwindSafe};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::allocation::Allocated;
use crate::clock;
use crate::env::{self, Env, jni};
use crate::environment::Environment;
use crate::error::{Error, Result, room};
use crate::guard;
use crate::inside::Inside;
use crate::jvmti::{Jvmti, jvmti};
use crate::methods::MethodId;
use crate::refs::{Class, Global, Local, Ref};
use crate::sys::{FrameInfo, JNIEnv, jclass, jfieldID, jint, jlong, jobject};
use crate::vm::Vm;

/// Told of calls, on the application's threads: wait for nothing, lock nothing that others hold for long. A panic is
/// caught; after a few, nothing is told any more.
pub trait Probe: Sync {
    /// A call begins whose gate says [`gate::TELL`]; gives the lanes that go on with it.
    fn began(&self, at: &Moment<'_>, id: u32, lanes: u8) -> u8;

    /// A call has returned that began at `since` ticks, for the lanes that went on with it and whose condition held.
    fn ended(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8);

    /// A call has thrown.
    fn failed(&self, at: &Moment<'_>, id: u32, since: u64, lanes: u8, thrown: &Failure<'_>);

    /// A call site is about to be called.
    fn before(&self, at: &Moment<'_>, id: u32, site: u32) {
        let _ = (at, id, site);
    }

    /// It has returned.
    fn after(&self, at: &Moment<'_>, id: u32, site: u32) {
        let _ = (at, id, site);
    }

    /// A handler of the method's own has caught what a call site threw.
    fn caught(&self, at: &Moment<'_>, id: u32) {
        let _ = (at, id);
    }

    /// A line begins.
    fn line(&self, at: &Moment<'_>, id: u32, line: u32) {
        let _ = (at, id, line);
    }

    /// The value of a local at the line that was told last, by its place in the list of locals: `Ok` for a reference (null
    /// is `None`), `Err` for the raw bits of a primitive.
    fn local(&self, at: &Moment<'_>, id: u32, local: u32, value: Result<Option<Handle<'_>>, u64>) {
        let _ = (at, id, local, value);
    }
}

/// The bits of a gate.
pub mod gate {
    /// Lane `n` is open: bit `n` of 0 to 7.
    pub const LANES: i32 = 0xFF;
    /// Lane `n` has a condition at the entry: bit `8 + n`.
    pub const AT_ENTRY: u32 = 8;
    /// Lane `n` has a condition at the exit: bit `16 + n`.
    pub const AT_EXIT: u32 = 16;
    /// [`Probe::began`](super::Probe::began) is told, and then every exit.
    pub const TELL: i32 = 1 << 24;
    /// Call sites are told.
    pub const CALLS: i32 = 1 << 25;
    /// Lines are told.
    pub const LINES: i32 = 1 << 26;
}

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
    raw: NonNull<crate::sys::_jobject>,
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
    /// A moment outside of any JVM, for tests of a [`Probe`]: everything that asks the JVM is refused.
    pub fn outside(inside: &'a Inside, ticks: u64) -> Moment<'a> {
        Moment { raw: None, inside, thread: ptr::null_mut(), ticks: Cell::new(ticks), here: PhantomData }
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
                id: env.get::<i64>(&thread, "tid", "J")?.cast_unsigned(),
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
    fn new(raw: jobject) -> Option<Handle<'a>> {
        NonNull::new(raw).map(|raw| Handle { raw, life: PhantomData })
    }

    /// A reference to the object in this frame.
    pub fn local<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        env.ready()?;
        // SAFETY: a reference that the JVM gave to the native, which still runs.
        let raw = unsafe { jni!(env, NewLocalRef, self.raw.as_ptr()) };
        env.check("NewLocalRef")?;
        // SAFETY: a new local reference in this frame.
        unsafe { Local::from_raw(env, raw) }.ok_or_else(|| Error::Null { call: "NewLocalRef".into() })
    }
}

impl<'a> Failure<'a> {
    /// None was thrown; for tests of a [`Probe`].
    pub fn unknown() -> Failure<'a> {
        Failure { thrown: None }
    }

    /// The exception.
    pub fn object<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        match &self.thrown {
            Some(thrown) => thrown.local(env),
            None => Err(Error::Null { call: "thrown".into() }),
        }
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
static PROBE: OnceLock<&'static dyn Probe> = OnceLock::new();

/// What `PROBE` holds, or null: there is no probe, it has panicked too often, or the JVM dies. One load for all three.
static TOLD: AtomicPtr<&'static dyn Probe> = AtomicPtr::new(ptr::null_mut());

/// Panics of the probe so far, and with how many it is told nothing more.
static PANICS: AtomicU32 = AtomicU32::new(0);
const TOO_MANY: u32 = 8;

/// Says who is told; only the first one ever is kept. Returns whether this was it.
pub fn listen(probe: &'static dyn Probe) -> bool {
    let first = PROBE.set(probe).is_ok();
    if first {
        forgive();
    }
    first
}

/// How often the probe has panicked. With eight it is told nothing more until [`forgive`].
pub fn panics() -> u32 {
    PANICS.load(Ordering::Relaxed)
}

/// Counts panics from zero again.
pub fn forgive() {
    PANICS.store(0, Ordering::Relaxed);
    if let Some(probe) = PROBE.get().filter(|_| !Vm::is_gone()) {
        TOLD.store(ptr::from_ref(probe).cast_mut(), Ordering::Release);
    }
}

/// Nothing is told any more: the JVM dies.
pub(crate) fn fall_silent() {
    TOLD.store(ptr::null_mut(), Ordering::Release);
}

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

/// Tells the probe, if there is one that works and the JVM lives. Each closure makes a copy of it in any case, so it may
/// as well lie where it is called.
#[inline(always)]
fn tell<R>(
    raw: *mut JNIEnv,
    thread: jobject,
    ticks: u64,
    work: impl FnOnce(&dyn Probe, &Moment<'_>) -> R,
) -> Option<R> {
    let probe = TOLD.load(Ordering::Acquire);
    // SAFETY: null, or the place inside of `PROBE`, which is written once, before.
    let probe = unsafe { probe.as_ref() }?;
    // Outside of the catch, so that what must be kept over it stays in registers; neither can panic.
    let inside = Inside::new(raw.expose_provenance());
    if inside.is_muted() {
        return None;
    }
    let at = Moment {
        raw: NonNull::new(raw),
        inside: &inside,
        thread,
        ticks: Cell::new(ticks),
        here: PhantomData,
    };
    let told = panic::catch_unwind(AssertUnwindSafe(|| work(*probe, &at)));
    match told {
        Ok(result) => Some(result),
        Err(payload) => {
            broke(payload);
            None
        }
    }
}

#[cold]
fn broke(payload: Box<dyn std::any::Any + Send>) {
    if PANICS.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= TOO_MANY {
        fall_silent();
    }
    let said = guard::message(&*payload);
    // The log itself may be what panicked.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| log::error!("a bug in a probe was caught: {said}")));
    // A payload's own drop may panic again, out here.
    std::mem::forget(payload);
}

/// What a token says: ticks and lanes.
#[inline]
fn open(token: jlong) -> (u64, u8) {
    let [lanes, ..] = token.to_le_bytes();
    (token.cast_unsigned() >> 8, lanes)
}

#[inline]
fn token(ticks: u64, lanes: u8) -> jlong {
    (ticks << 8 | u64::from(lanes)).cast_signed()
}

#[inline]
fn low(lanes: jint) -> u8 {
    let [lanes, ..] = lanes.to_le_bytes();
    lanes
}

/// The `native` methods of Spy, in the order of its source. Every one is called by the JVM with its own environment and
/// live references.
pub(crate) mod natives {
    use super::*;

    pub(crate) extern "system" fn stamp(_: *mut JNIEnv, _: jclass, lanes: jint) -> jlong {
        token(clock::ticks(), low(lanes))
    }

    pub(crate) extern "system" fn began(
        env: *mut JNIEnv,
        _: jclass,
        thread: jobject,
        id: jint,
        lanes: jint,
    ) -> jlong {
        let told = tell(env, thread, 0, move |probe, at| {
            let lanes = probe.began(at, id.cast_unsigned(), low(lanes));
            token(at.now(), lanes)
        });
        told.unwrap_or(0)
    }

    pub(crate) extern "system" fn ended(env: *mut JNIEnv, class: jclass, id: jint, token: jlong) {
        ended_in(env, class, ptr::null_mut(), id, token);
    }

    #[inline]
    pub(crate) extern "system" fn ended_in(
        env: *mut JNIEnv,
        _: jclass,
        thread: jobject,
        id: jint,
        token: jlong,
    ) {
        let (since, lanes) = open(token);
        tell(env, thread, clock::ticks(), move |probe, at| probe.ended(at, id.cast_unsigned(), since, lanes));
    }

    pub(crate) extern "system" fn failed(
        env: *mut JNIEnv,
        class: jclass,
        thrown: jobject,
        id: jint,
        token: jlong,
    ) {
        failed_in(env, class, ptr::null_mut(), thrown, id, token);
    }

    pub(crate) extern "system" fn failed_in(
        env: *mut JNIEnv,
        _: jclass,
        thread: jobject,
        thrown: jobject,
        id: jint,
        token: jlong,
    ) {
        let (since, lanes) = open(token);
        let thrown = Failure { thrown: Handle::new(thrown) };
        tell(env, thread, clock::ticks(), move |probe, at| {
            probe.failed(at, id.cast_unsigned(), since, lanes, &thrown);
        });
    }

    pub(crate) extern "system" fn before(env: *mut JNIEnv, _: jclass, thread: jobject, id: jint, site: jint) {
        tell(env, thread, clock::ticks(), move |probe, at| {
            probe.before(at, id.cast_unsigned(), site.cast_unsigned());
        });
    }

    pub(crate) extern "system" fn after(env: *mut JNIEnv, _: jclass, thread: jobject, id: jint, site: jint) {
        tell(env, thread, clock::ticks(), move |probe, at| {
            probe.after(at, id.cast_unsigned(), site.cast_unsigned());
        });
    }

    pub(crate) extern "system" fn caught(env: *mut JNIEnv, _: jclass, thread: jobject, id: jint) {
        tell(env, thread, clock::ticks(), move |probe, at| probe.caught(at, id.cast_unsigned()));
    }

    pub(crate) extern "system" fn line(env: *mut JNIEnv, _: jclass, thread: jobject, id: jint, line: jint) {
        tell(env, thread, clock::ticks(), move |probe, at| {
            probe.line(at, id.cast_unsigned(), line.cast_unsigned());
        });
    }

    pub(crate) extern "system" fn local_object(
        env: *mut JNIEnv,
        _: jclass,
        thread: jobject,
        value: jobject,
        id: jint,
        local: jint,
    ) {
        let value = Ok(Handle::new(value));
        tell(env, thread, 0, move |probe, at| {
            probe.local(at, id.cast_unsigned(), local.cast_unsigned(), value);
        });
    }

    pub(crate) extern "system" fn local_bits(
        env: *mut JNIEnv,
        _: jclass,
        thread: jobject,
        value: jlong,
        id: jint,
        local: jint,
    ) {
        let value = Err(value.cast_unsigned());
        tell(env, thread, 0, move |probe, at| {
            probe.local(at, id.cast_unsigned(), local.cast_unsigned(), value);
        });
    }

    pub(crate) extern "system" fn ticks(_: *mut JNIEnv, _: jclass) -> jlong {
        clock::ticks().cast_signed()
    }
}
