//! The `native` methods of Spy that bring the values of a call: four for each of the ten shapes.

use std::ptr;

use crate::clock;
use crate::define::Native;
use crate::probe::natives::{low, open, tell, token};
use crate::probe::{Failure, Values};
use crate::sys::{JNIEnv, jclass, jint, jlong, jobject};

#[inline]
fn began(
    env: *mut JNIEnv,
    thread: jobject,
    id: jint,
    lanes: jint,
    objects: &[jobject],
    longs: &[jlong],
) -> jlong {
    let values = Values::new(objects, longs, (0, ptr::null_mut()));
    let told = tell(env, thread, 0, |probe, at| {
        let lanes = probe.began_with(at, id.cast_unsigned(), low(lanes), &values);
        token(at.now(), lanes)
    });
    told.unwrap_or(0)
}

#[inline]
fn ended(
    env: *mut JNIEnv,
    thread: jobject,
    id: jint,
    token: jlong,
    result: (jlong, jobject),
    objects: &[jobject],
    longs: &[jlong],
) {
    let (since, lanes) = open(token);
    let values = Values::new(objects, longs, result);
    tell(env, thread, clock::ticks(), |probe, at| {
        probe.ended_with(at, id.cast_unsigned(), since, lanes, &values);
    });
}

#[inline]
fn failed(
    env: *mut JNIEnv,
    thread: jobject,
    thrown: jobject,
    id: jint,
    token: jlong,
    objects: &[jobject],
    longs: &[jlong],
) {
    let (since, lanes) = open(token);
    let thrown = Failure::new(thrown);
    let values = Values::new(objects, longs, (0, ptr::null_mut()));
    tell(env, thread, clock::ticks(), |probe, at| {
        probe.failed_with(at, id.cast_unsigned(), since, lanes, &thrown, &values);
    });
}

#[inline]
fn line(
    env: *mut JNIEnv,
    thread: jobject,
    token: jlong,
    id: jint,
    place: jint,
    objects: &[jobject],
    longs: &[jlong],
) {
    let (since, _) = open(token);
    let values = Values::new(objects, longs, (0, ptr::null_mut()));
    tell(env, thread, clock::ticks(), |probe, at| {
        probe.line(at, id.cast_unsigned(), since, place.cast_unsigned(), &values);
    });
}

/// The natives of a shape: what each is bound to is named after the references and longs it takes.
macro_rules! shape {
    ($module:ident, ($($a:ident),*), ($($j:ident),*)) => {
        mod $module {
            use super::{JNIEnv, jclass, jint, jlong, jobject};

            pub(super) extern "system" fn began(
                env: *mut JNIEnv,
                _: jclass,
                thread: jobject,
                id: jint,
                lanes: jint,
                $($a: jobject,)*
                $($j: jlong,)*
            ) -> jlong {
                super::began(env, thread, id, lanes, &[$($a),*], &[$($j),*])
            }

            pub(super) extern "system" fn ended(
                env: *mut JNIEnv,
                _: jclass,
                thread: jobject,
                id: jint,
                token: jlong,
                long: jlong,
                object: jobject,
                $($a: jobject,)*
                $($j: jlong,)*
            ) {
                super::ended(env, thread, id, token, (long, object), &[$($a),*], &[$($j),*]);
            }

            pub(super) extern "system" fn failed(
                env: *mut JNIEnv,
                _: jclass,
                thread: jobject,
                thrown: jobject,
                id: jint,
                token: jlong,
                $($a: jobject,)*
                $($j: jlong,)*
            ) {
                super::failed(env, thread, thrown, id, token, &[$($a),*], &[$($j),*]);
            }

            pub(super) extern "system" fn line(
                env: *mut JNIEnv,
                _: jclass,
                thread: jobject,
                token: jlong,
                id: jint,
                place: jint,
                $($a: jobject,)*
                $($j: jlong,)*
            ) {
                super::line(env, thread, token, id, place, &[$($a),*], &[$($j),*]);
            }
        }
    };
}

shape!(a1j0, (a0), ());
shape!(a1j1, (a0), (j0));
shape!(a2j0, (a0, a1), ());
shape!(a2j1, (a0, a1), (j0));
shape!(a1j2, (a0), (j0, j1));
shape!(a3j0, (a0, a1, a2), ());
shape!(a3j2, (a0, a1, a2), (j0, j1));
shape!(a4j4, (a0, a1, a2, a3), (j0, j1, j2, j3));
shape!(a8j8, (a0, a1, a2, a3, a4, a5, a6, a7), (j0, j1, j2, j3, j4, j5, j6, j7));
shape!(
    a16j16,
    (a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15),
    (j0, j1, j2, j3, j4, j5, j6, j7, j8, j9, j10, j11, j12, j13, j14, j15)
);

/// What the natives of every shape are bound to.
pub(crate) fn bindings() -> Vec<Native> {
    type Four = [*const std::ffi::c_void; 4];
    macro_rules! of {
        ($($module:ident),*) => {
            [$([
                $module::began as *const std::ffi::c_void,
                $module::ended as *const std::ffi::c_void,
                $module::failed as *const std::ffi::c_void,
                $module::line as *const std::ffi::c_void,
            ]),*]
        };
    }
    let functions: [Four; crate::spy::SHAPES.len()] =
        of!(a1j0, a1j1, a2j0, a2j1, a1j2, a3j0, a3j2, a4j4, a8j8, a16j16);
    let mut all = Vec::with_capacity(4 * functions.len());
    for ((objects, longs), functions) in crate::spy::SHAPES.into_iter().zip(functions) {
        let suffix = format!("A{objects}J{longs}");
        let values = "Ljava/lang/Object;".repeat(objects.into()) + &"J".repeat(longs.into());
        let descriptors = [
            ("began", format!("(Ljava/lang/Thread;II{values})J")),
            ("ended", format!("(Ljava/lang/Thread;IJJLjava/lang/Object;{values})V")),
            ("failed", format!("(Ljava/lang/Thread;Ljava/lang/Throwable;IJ{values})V")),
            ("lineIn", format!("(Ljava/lang/Thread;JII{values})V")),
        ];
        for ((name, descriptor), function) in descriptors.into_iter().zip(functions) {
            // SAFETY: the function has the parameters of the descriptor, in the order of Spy's source, and catches
            // what its probe panics with.
            all.push(unsafe { Native::new(&format!("{name}{suffix}"), &descriptor, function.cast_mut()) });
        }
    }
    all
}
