//! The line on which a method threw an exception itself, without running Java code: the JVM keeps where an exception was
//! made in `Throwable.backtrace`, an array of arrays: numbers of methods, positions in their byte code (upper 16 bits),
//! and their classes (HotSpot's `BacktraceBuilder`, JDK 8 to 25).

use jvm::probe::{Failure, Moment, RawFrame};
use jvm::{Environment, Error, Local};

const POSITIONS: usize = 1;
const CLASSES: usize = 2;

/// The line, if the innermost frame of the exception is this very call. `None` where that is not certain.
pub(super) fn line(at: &Moment<'_>, failure: &Failure<'_>) -> Option<u32> {
    let stack = at.stack(2).ok()?;
    let found = at.with_env(|env| {
        let Some(jvmti) = Environment::get().map(|environment| &environment.jvmti) else {
            return Err(Error::NotAttached);
        };
        let Some(trace) =
            env.get::<Option<Local<'_>>>(&failure.object(env)?, "backtrace", "Ljava/lang/Object;")?
        else {
            return Ok(None);
        };
        let (Some(positions), Some(classes)) =
            (env.object_at(&trace, POSITIONS)?, env.object_at(&trace, CLASSES)?)
        else {
            return Ok(None);
        };
        let positions: Vec<i32> = env.elements(&positions)?;
        let position = |frame: usize| positions.get(frame).map(|both| i64::from(both.cast_unsigned() >> 16));
        // A callee in the same class, reached through code that is not told (a lambda), looks the same but for its
        // caller.
        for (frame, here) in stack.iter().enumerate() {
            let class = jvmti.method_class(env, here.method)?;
            let same = env.object_at(&classes, frame)?.is_some_and(|found| env.is_same(&found, &class));
            let same_place = frame == 0 || here.location < 0 || position(frame) == Some(here.location);
            if !same || !same_place {
                return Ok(None);
            }
        }
        let (Some(own), Some(location)) = (stack.first(), position(0)) else { return Ok(None) };
        let frames = jvmti.frames(env, &[RawFrame { method: own.method, location }])?;
        Ok(frames.first().and_then(|frame| frame.line))
    });
    found.ok().flatten()
}
