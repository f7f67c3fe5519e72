//! The few calls to the C library that have no safe form in `std`: clocks, names, numbers of the system, and
//! where our own file lies.

use std::ffi::{CStr, OsStr, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Nanoseconds of the monotonic clock, the one `System.nanoTime` reads. Callable anywhere, also in a signal
/// handler or while the JVM is stopped.
pub fn monotonic_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// CPU time of the current thread in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    clock_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU time of the process in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills `now`; an unknown clock would leave it zero.
    unsafe { libc::clock_gettime(clock, &mut now) };
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanos.unwrap_or(0))
}

/// The current thread's number in `/proc/self/task`.
pub fn thread_id() -> i32 {
    // SAFETY: takes nothing and cannot fail. By number, since glibc has `gettid` only from 2.30 on.
    let id = unsafe { libc::syscall(libc::SYS_gettid) };
    i32::try_from(id).unwrap_or(-1)
}

/// Sets the current thread's name as the system shows it; the first 15 bytes count.
pub fn set_thread_name(name: &CStr) {
    // SAFETY: reads a C string. A failure leaves the old name.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// The user this process acts as.
pub fn effective_uid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// The group this process acts as.
pub fn effective_gid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getegid() }
}

/// Clock ticks a second, the unit of the times in `/proc`.
pub fn ticks_per_second() -> u64 {
    configuration(libc::_SC_CLK_TCK, 100)
}

/// Bytes a page, the unit of `/proc/self/statm`.
pub fn page_size() -> u64 {
    configuration(libc::_SC_PAGESIZE, 4096)
}

/// Processors that are online.
pub fn processors() -> u64 {
    configuration(libc::_SC_NPROCESSORS_ONLN, 1)
}

fn configuration(name: libc::c_int, otherwise: u64) -> u64 {
    // SAFETY: takes a number; an unknown one gives -1.
    let value = unsafe { libc::sysconf(name) };
    u64::try_from(value).ok().filter(|value| *value > 0).unwrap_or(otherwise)
}

/// A file that has no name and lies in memory only; gone when it is closed. Linux 3.17; by number, since glibc has
/// `memfd_create` only from 2.27 on.
pub fn memory_file(name: &CStr) -> std::io::Result<OwnedFd> {
    // SAFETY: reads a C string; the flag lets no program that the application starts inherit it.
    let made = unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), libc::MFD_CLOEXEC) };
    match i32::try_from(made) {
        // SAFETY: a new descriptor that nobody else owns.
        Ok(file) if file >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(file) }),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// The file this code was loaded from: `liboxprobe.so`, or a test.
pub fn own_file() -> Option<PathBuf> {
    file_of((own_file as fn() -> Option<PathBuf>) as *const c_void)
}

/// The file that an address was loaded from.
pub(crate) fn file_of(inside: *const c_void) -> Option<PathBuf> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: any address may be asked; `found` is filled if it lies in a loaded file.
    if unsafe { libc::dladdr(inside, found.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: filled, and zeroed before.
    let found = unsafe { found.assume_init() };
    if found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: a C string that lives as long as the file is loaded, which is for ever.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_forward() {
        let (wall, cpu) = (monotonic_ns(), thread_cpu_ns());
        while thread_cpu_ns() == cpu {}
        assert!(monotonic_ns() > wall);
        assert!(process_cpu_ns() >= thread_cpu_ns());
    }

    #[test]
    fn our_own_file_is_this_test() {
        let own = own_file().unwrap().canonicalize().unwrap();
        assert_eq!(own, std::env::current_exe().unwrap().canonicalize().unwrap());
    }

    #[test]
    fn the_thread_is_known_to_the_system_by_number_and_name() {
        set_thread_name(c"named-by-test");
        let name = std::fs::read_to_string(format!("/proc/self/task/{}/comm", thread_id())).unwrap();
        assert_eq!(name.trim(), "named-by-test");
    }

    #[test]
    fn the_numbers_of_the_system_are_plausible() {
        assert!(page_size().is_power_of_two());
        assert!(ticks_per_second() >= 100);
        assert!(processors() >= 1);
    }
}
