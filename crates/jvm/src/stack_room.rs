//! How much stack the current thread has left. Native code that runs beyond it kills the JVM, where Java code would
//! get a `StackOverflowError`; so whoever is about to do much on an application's thread asks first.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

/// The JVM protects the end of its threads' stacks with pages of its own (`StackYellowPages` and others, some 100 KiB with
/// the shadow zone): not for us.
const GUARDED: usize = 128 << 10;

thread_local! {
    /// Where the stack ends, or 0 if that was not asked yet. No destructor: see `DEPTH` in `env`.
    static END: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that are left, the JVM's own part taken off. Half a nanosecond; some microseconds at a thread's first time.
#[inline]
pub fn left() -> usize {
    let here = 0_u8;
    let end = match END.get() {
        0 => find(),
        known => known,
    };
    ptr::from_ref(&here).addr().saturating_sub(end).saturating_sub(GUARDED)
}

/// Where the stack ends; as far up as possible where the system does not tell, so that none seems to be left.
#[cold]
fn find() -> usize {
    let end = ask().unwrap_or(usize::MAX);
    END.set(end);
    end
}

fn ask() -> Option<usize> {
    let mut attributes: MaybeUninit<libc::pthread_attr_t> = MaybeUninit::uninit();
    // SAFETY: takes nothing and cannot fail.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: the current thread, and room for its attributes.
    let code = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
    if code != 0 {
        return None;
    }
    let (mut start, mut size) = (ptr::null_mut(), 0);
    // SAFETY: filled just now; both places are ours.
    let code = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &mut start, &mut size) };
    // SAFETY: filled just now, and destroyed once.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (code == 0).then(|| start.addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn deeper(levels: usize) -> usize {
        let room = [1_u8; 1_024];
        std::hint::black_box(&room);
        if levels == 0 { left() } else { deeper(levels - 1) + usize::from(room[0]) - 1 }
    }

    #[test]
    fn what_is_left_shrinks_as_calls_go_down() {
        let measure = || {
            let (shallow, deep) = (deeper(0), deeper(100));
            assert!(shallow > deep + 100 * 1_024, "{shallow} {deep}");
            shallow
        };
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(measure).unwrap();
        let left = thread.join().unwrap();
        // The library may give a larger one that another thread has left.
        assert!((500 << 10..16 << 20).contains(&left), "{left}");
    }
}
