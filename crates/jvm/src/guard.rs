//! The one door through which the JVM enters Rust. A panic must not cross it: unwinding into the JVM's frames
//! is undefined. What the JVM sees instead is said by the return type, so no entry can forget it.

use std::any::Any;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

/// A return type that can say "it failed" to the JVM.
pub trait Failed {
    /// What it says.
    fn failed() -> Self;
}

impl Failed for () {
    fn failed() -> Self {}
}

/// `JNI_ERR`, for `Agent_OnLoad` and its like.
impl Failed for i32 {
    fn failed() -> Self {
        crate::sys::JNI_ERR
    }
}

impl Failed for i64 {
    fn failed() -> Self {
        0
    }
}

impl Failed for bool {
    fn failed() -> Self {
        false
    }
}

impl<T> Failed for *mut T {
    fn failed() -> Self {
        ptr::null_mut()
    }
}

/// Runs the body of an entry from the JVM. A panic is logged and becomes the type's failure.
pub fn guard<R: Failed>(body: impl FnOnce() -> R) -> R {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result,
        Err(payload) => {
            log::error!("a bug in the agent was caught at its border: {}", message(&*payload));
            // A payload's own drop may panic again, out here.
            mem::forget(payload);
            R::failed()
        }
    }
}

/// What a panic said.
pub fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic without words"
    }
}

/// Sends the words of panics to the log instead of stderr, which belongs to the application. A shared
/// library has its own copy of Rust's panic hook, so no other Rust code of the process is affected.
pub fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        log::error!("panic{place}: {}", message(info.payload()));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_failure_of_the_return_type() {
        assert_eq!(guard(|| -> i32 { panic!("on purpose") }), -1);
        assert!(!guard(|| -> bool { panic!("{}", "on purpose") }));
        assert!(guard(|| -> *mut u8 { panic!("on purpose") }).is_null());
        guard(|| -> () { std::panic::panic_any(17) });
    }

    #[test]
    fn a_result_passes_through() {
        assert_eq!(guard(|| 7), 7);
    }
}
