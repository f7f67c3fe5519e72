//! Leaves Rust's backtraces out of the released agent: 205 KB of code that reads debug information, which it is
//! stripped of. `std`'s own panic hook refers to that code; ours (`jvm::guard::log_panics`) takes its place and
//! logs the place of a panic, not the way there.
//!
//! Where `_Unwind_Backtrace` is seen to call nobody, the optimiser drops what it would have called. The three other
//! functions live in the same object of the unwinder's archive, which must not be linked a second time. They
//! do here what they do there (LLVM's libunwind, `UnwindLevel1-gcc-ext.c`); `exports.ld` keeps all four inside.
#![expect(unsafe_code, reason = "symbols of the unwinder, with C's calling convention")]

use std::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK` of the Itanium C++ ABI.
const END_OF_STACK: c_int = 5;

// SAFETY: a function of the Itanium C++ ABI, declared as there.
unsafe extern "C" {
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

/// Tells of no frame.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_each: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

/// The return address of a frame. It comes after the call: only frames of signal handlers are otherwise, and
/// nothing of ours runs in one.
///
/// # Safety
/// Called by Rust's personality routine, with a context of the unwinder and a place for the answer.
#[unsafe(no_mangle)]
unsafe extern "C" fn _Unwind_GetIPInfo(context: *mut c_void, before_instruction: *mut c_int) -> usize {
    // SAFETY: as above.
    unsafe { before_instruction.write(0) };
    // SAFETY: as above.
    unsafe { _Unwind_GetIP(context) }
}

/// No table for unwinding is relative to data on the processors we build for.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetDataRelBase(_context: *mut c_void) -> usize {
    0
}

/// Nor to text.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetTextRelBase(_context: *mut c_void) -> usize {
    0
}

#[cfg(test)]
mod tests {
    use std::backtrace::{Backtrace, BacktraceStatus};
    use std::panic;
    use std::sync::atomic::{AtomicU32, Ordering};

    static DROPPED: AtomicU32 = AtomicU32::new(0);

    struct Counted;

    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn dive(depth: u32) {
        let _counted = Counted;
        match depth {
            0 => panic!("on purpose"),
            _ => dive(depth - 1),
        }
    }

    #[test]
    fn a_panic_still_unwinds_through_every_frame() {
        assert!(panic::catch_unwind(|| dive(9)).is_err());
        assert_eq!(DROPPED.load(Ordering::Relaxed), 10);
    }

    #[test]
    fn a_backtrace_has_no_frames() {
        assert_eq!(Backtrace::force_capture().status(), BacktraceStatus::Unsupported);
    }
}
