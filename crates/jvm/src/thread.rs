//! Threads of our own inside the JVM. They take no signals but the synchronous ones: a signal of the
//! application or of the JVM that landed on one of ours would run a handler where nobody expects it.
//!
//! When such a thread attaches, HotSpot itself opens the signal it suspends threads by (12, or what
//! `_JAVA_SR_SIGNUM` says) and the synchronous ones, and leaves the others blocked.

use std::io;
use std::mem::MaybeUninit;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::thread::{Builder, JoinHandle};

use crate::attach::Attached;
use crate::error::{Error, Result};
use crate::guard;
use crate::vm::Vm;

/// The signals a thread raises by its own instruction; blocking these would kill the process.
const SYNCHRONOUS: [libc::c_int; 5] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// Starts a thread that is not attached to the JVM. The system shows the first 15 bytes of its name. A panic
/// is logged and becomes `None`.
pub fn spawn_native<T, F>(name: &str, body: F) -> Result<JoinHandle<Option<T>>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let before = block_signals()?;
    let started = Builder::new().name(name.to_owned()).spawn(move || {
        panic::catch_unwind(AssertUnwindSafe(body)).map_or_else(
            |payload| {
                log::error!("a thread of the agent failed: {}", guard::message(&*payload));
                std::mem::forget(payload);
                None
            },
            Some,
        )
    });
    set_signals(&before)?;
    started.map_err(|source| Error::Os { call: "starting a thread", source })
}

/// Starts a thread that attaches itself to the JVM as a daemon under the same name, and detaches when `body`
/// returns. `body` runs in any case, and learns why if attaching failed.
pub fn spawn_attached<T, F>(vm: Vm, name: &str, body: F) -> Result<JoinHandle<Option<T>>>
where
    T: Send + 'static,
    F: FnOnce(Result<&Attached>) -> T + Send + 'static,
{
    let shown = name.to_owned();
    spawn_native(name, move || match vm.attach(&shown) {
        Ok(attached) => body(Ok(&attached)),
        Err(error) => body(Err(error)),
    })
}

fn block_signals() -> Result<libc::sigset_t> {
    let mut wanted = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: fills all of the set.
    unsafe { libc::sigfillset(wanted.as_mut_ptr()) };
    for signal in SYNCHRONOUS {
        // SAFETY: the set is filled, the number valid.
        unsafe { libc::sigdelset(wanted.as_mut_ptr(), signal) };
    }
    // SAFETY: filled above.
    let wanted = unsafe { wanted.assume_init() };
    set_signals(&wanted)
}

/// Sets this thread's blocked signals and gives those of before.
fn set_signals(wanted: &libc::sigset_t) -> Result<libc::sigset_t> {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: reads `wanted`, fills `before`.
    let code =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::from_ref(wanted), before.as_mut_ptr()) };
    if code != 0 {
        return Err(Error::Os { call: "pthread_sigmask", source: io::Error::from_raw_os_error(code) });
    }
    // SAFETY: filled by the call.
    Ok(unsafe { before.assume_init() })
}

/// The signals the current thread does not take, by number.
pub fn blocked_signals() -> Result<Vec<i32>> {
    let mut now = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: with no new set this only fills `now`.
    let code = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), now.as_mut_ptr()) };
    if code != 0 {
        return Err(Error::Os { call: "pthread_sigmask", source: io::Error::from_raw_os_error(code) });
    }
    // SAFETY: filled by the call.
    let now = unsafe { now.assume_init() };
    // SAFETY: a valid set and valid numbers.
    Ok((1..=64).filter(|signal| unsafe { libc::sigismember(&now, *signal) } == 1).collect())
}
