//! `membarrier(2)`: a barrier on all running threads of this process, Linux 4.14.

const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

/// Whether the kernel will do it.
pub(super) fn register() -> bool {
    call(REGISTER_PRIVATE_EXPEDITED)
}

pub(super) fn all() -> bool {
    call(PRIVATE_EXPEDITED)
}

fn call(command: libc::c_int) -> bool {
    // SAFETY: plain numbers; the kernel refuses what it does not know.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
