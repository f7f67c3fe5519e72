//! The line of a method on which an exception arose, where no call that is told was open: the method's own `throw`, or a
//! call into the JDK. The JVM keeps where an exception was made in `Throwable.backtrace`, an array of arrays: numbers of
//! methods, positions in their byte code (upper 16 bits), and their classes (HotSpot's `BacktraceBuilder`, JDK 8 to
//! 25). No Java code is run.

use jvm::probe::{Failure, Moment, RawFrame};
use jvm::{Class, Env, Environment, Error, Jvmti, Local, Result};

const POSITIONS: usize = 1;
const CLASSES: usize = 2;
/// Frames in the first part of a backtrace.
const FRAMES: usize = 32;

/// The line, if a frame of the exception is this very call. `None` where that is not certain.
pub(super) fn line(at: &Moment<'_>, failure: &Failure<'_>) -> Option<u32> {
    let stack = at.stack(3).ok()?;
    at.with_env(|env| {
        let jvmti = Environment::get().map(|environment| &environment.jvmti).ok_or(Error::NotAttached)?;
        match failure.backtrace(env)? {
            Some(trace) => find(env, jvmti, &stack, &trace),
            None => Ok(None),
        }
    })
    .ok()
    .flatten()
}

fn find(env: &Env<'_>, jvmti: &Jvmti, stack: &[RawFrame], trace: &Local<'_>) -> Result<Option<u32>> {
    let (Some(positions), Some(classes), [own, callers @ ..]) =
        (env.object_at(trace, POSITIONS)?, env.object_at(trace, CLASSES)?, stack)
    else {
        return Ok(None);
    };
    let positions: Vec<i32> = env.elements(&positions)?;
    let position = |frame: usize| positions.get(frame).map(|both| i64::from(both.cast_unsigned() >> 16));
    let class = jvmti.method_class(env, own.method)?;
    let in_class = |frame: usize, class: &Local<'_, Class>| {
        Ok::<_, Error>(env.object_at(&classes, frame)?.is_some_and(|found| env.is_same(&found, class)))
    };
    for frame in 0..FRAMES.min(positions.len()) {
        if !in_class(frame, &class)? {
            continue;
        }
        // Another method of the class, reached through code that is not told (a lambda), has another caller. The
        // first caller on the stack may be one that backtraces leave out: a lambda's own class.
        for caller in callers {
            let same_place = caller.location < 0 || position(frame + 1) == Some(caller.location);
            if same_place && in_class(frame + 1, &jvmti.method_class(env, caller.method)?)? {
                let own = RawFrame { method: own.method, location: position(frame).unwrap_or(0) };
                return Ok(jvmti.frames(env, &[own])?.first().and_then(|frame| frame.line));
            }
        }
    }
    Ok(None)
}
