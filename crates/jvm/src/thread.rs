//! Threads of our own inside the JVM. They take no signals but the synchronous ones: a signal of the
//! application or of the JVM that landed on one of ours would run a handler where nobody expects it.
//!
//! When such a thread attaches, HotSpot opens the signal it suspends threads by (12, or what
//! `_JAVA_SR_SIGNUM` says), which must stay open, but also those that end the JVM, which we close again.
//! Detaching puts the mask of before back.

use std::io;
use std::mem::MaybeUninit;
use std::panic::{self, AssertUnwindSafe};
use std::thread::{Builder, JoinHandle};

use crate::attach::Attached;
use crate::error::{Error, Result};
use crate::guard;
use crate::vm::Vm;

/// The signals a thread raises by its own instruction; blocking these would kill the process.
const SYNCHRONOUS: [libc::c_int; 5] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// The signals that end a JVM in good order, and the one that prints its threads.
const ENDING: [libc::c_int; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// Starts a thread that is not attached to the JVM. The system shows the first 15 bytes of its name. A panic
/// is logged and becomes `None`.
pub fn spawn_native<T, F>(name: &str, body: F) -> Result<JoinHandle<Option<T>>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let before = change_signals(libc::SIG_SETMASK, |set| {
        // SAFETY: a set to fill; cannot fail.
        unsafe { libc::sigfillset(set) };
        for signal in SYNCHRONOUS {
            // SAFETY: a filled set and a valid number.
            unsafe { libc::sigdelset(set, signal) };
        }
    })?;
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
    change_signals(libc::SIG_SETMASK, |set| *set = before)?;
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
        Ok(attached) => {
            if let Err(error) = close_ending_signals() {
                log::warn!("{error}");
            }
            body(Ok(&attached))
        }
        Err(error) => body(Err(error)),
    })
}

fn close_ending_signals() -> Result<()> {
    change_signals(libc::SIG_BLOCK, |set| {
        for signal in ENDING {
            // SAFETY: an empty set and a valid number.
            unsafe { libc::sigaddset(set, signal) };
        }
    })
    .map(drop)
}

/// Changes which signals this thread does not take and gives those of before. `fill` gets an empty set.
fn change_signals(how: libc::c_int, fill: impl FnOnce(&mut libc::sigset_t)) -> Result<libc::sigset_t> {
    let mut wanted = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: initialises all of the set.
    unsafe { libc::sigemptyset(wanted.as_mut_ptr()) };
    // SAFETY: initialised above.
    let mut wanted = unsafe { wanted.assume_init() };
    fill(&mut wanted);
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: reads `wanted`, initialises `before`.
    let code = unsafe { libc::pthread_sigmask(how, &wanted, before.as_mut_ptr()) };
    if code != 0 {
        return Err(Error::Os { call: "pthread_sigmask", source: io::Error::from_raw_os_error(code) });
    }
    // SAFETY: initialised by the call.
    Ok(unsafe { before.assume_init() })
}

/// The signals the current thread does not take, by number.
pub fn blocked_signals() -> Result<Vec<i32>> {
    let now = change_signals(libc::SIG_BLOCK, |_| ())?;
    // SAFETY: a valid set and valid numbers.
    Ok((1..=64).filter(|signal| unsafe { libc::sigismember(&now, *signal) } == 1).collect())
}
