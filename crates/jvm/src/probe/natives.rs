//! The `native` methods of Spy, in the order of its source: every one is called by the JVM with its own environment and
//! live references. Those that count make no frame of references, no allocation, and take no lock.

use std::panic::{self, AssertUnwindSafe};
use std::ptr;

use crate::clock;
use crate::inside::Inside;
use crate::probe::{Failure, Moment, Probe, broke, told};
use crate::sys::{JNIEnv, jclass, jint, jlong, jobject};

/// Tells the probe, if there is one that works and the JVM lives. Each closure makes a copy of it in any case, so it may
/// as well lie where it is called.
#[inline(always)]
pub(super) fn tell<R>(
    raw: *mut JNIEnv,
    thread: jobject,
    ticks: u64,
    work: impl FnOnce(&dyn Probe, &Moment<'_>) -> R,
) -> Option<R> {
    let probe = told()?;
    // Outside of the catch, so that what must be kept over it stays in registers; neither can panic.
    let inside = Inside::new(raw.expose_provenance());
    if inside.is_muted() {
        return None;
    }
    let at = Moment::new(raw, &inside, thread, ticks);
    let told = panic::catch_unwind(AssertUnwindSafe(|| work(probe, &at)));
    match told {
        Ok(result) => Some(result),
        Err(payload) => {
            broke(payload);
            None
        }
    }
}

/// What a token says: ticks and lanes.
#[inline]
pub(super) fn open(token: jlong) -> (u64, u8) {
    let [lanes, ..] = token.to_le_bytes();
    (token.cast_unsigned() >> 8, lanes)
}

#[inline]
pub(super) fn token(ticks: u64, lanes: u8) -> jlong {
    (ticks << 8 | u64::from(lanes)).cast_signed()
}

#[inline]
pub(super) fn low(lanes: jint) -> u8 {
    let [lanes, ..] = lanes.to_le_bytes();
    lanes
}

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
pub(crate) extern "system" fn ended_in(env: *mut JNIEnv, _: jclass, thread: jobject, id: jint, token: jlong) {
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
    let thrown = Failure::new(thrown);
    tell(env, thread, clock::ticks(), move |probe, at| {
        probe.failed(at, id.cast_unsigned(), since, lanes, &thrown);
    });
}

pub(crate) extern "system" fn before(env: *mut JNIEnv, _: jclass, thread: jobject, id: jint, site: jint) {
    tell(env, thread, clock::ticks(), move |probe, at| {
        probe.before(at, id.cast_unsigned(), site.cast_unsigned());
    });
}

pub(crate) extern "system" fn first(
    env: *mut JNIEnv,
    _: jclass,
    thread: jobject,
    token: jlong,
    id: jint,
    site: jint,
) {
    let (since, _) = open(token);
    tell(env, thread, since, move |probe, at| probe.before(at, id.cast_unsigned(), site.cast_unsigned()));
}

pub(crate) extern "system" fn next(
    env: *mut JNIEnv,
    _: jclass,
    thread: jobject,
    id: jint,
    left: jint,
    site: jint,
) {
    tell(env, thread, clock::ticks(), move |probe, at| {
        probe.next(at, id.cast_unsigned(), left.cast_unsigned(), site.cast_unsigned());
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

pub(crate) extern "system" fn ticks(_: *mut JNIEnv, _: jclass) -> jlong {
    clock::ticks().cast_signed()
}
