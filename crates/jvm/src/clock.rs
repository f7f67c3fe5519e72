//! The clock of probes: the processor's counter where it counts time evenly on all cores, since reading it takes a
//! third of what asking the system takes; else the system's monotonic clock. The choice is made once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::os;

/// Tokens hold 56 bits of ticks: they wrap after some nine months, so only differences count.
pub const BITS: u32 = 56;
const MASK: u64 = (1 << BITS) - 1;

/// Nothing to add, no counter read: the clock was not looked at yet.
const UNKNOWN: u64 = 0;
const SYSTEM: u64 = 1;

/// `UNKNOWN`, `SYSTEM`, or the counter's value at the origin, which is never that small.
static ORIGIN: AtomicU64 = AtomicU64::new(UNKNOWN);
static START: OnceLock<Start> = OnceLock::new();

/// The same moment on both clocks.
struct Start {
    counter: Option<u64>,
    nanos: u64,
}

/// Ticks since this agent first looked, modulo 2^56 and never 0. Not ordered with the instructions around it, so off by
/// some ten nanoseconds.
#[inline]
pub fn ticks() -> u64 {
    let origin = ORIGIN.load(Ordering::Relaxed);
    let ticks = if origin > SYSTEM { counter().wrapping_sub(origin) } else { slow() };
    (ticks & MASK).max(1)
}

/// From one reading to a later one, in ticks. 0 if `later` is the earlier one.
#[inline]
pub fn between(earlier: u64, later: u64) -> u64 {
    let ticks = later.wrapping_sub(earlier) & MASK;
    if ticks >> (BITS - 1) == 0 { ticks } else { 0 }
}

/// Whether the first reading was taken before the second.
#[inline]
pub fn is_before(one: u64, other: u64) -> bool {
    let ticks = other.wrapping_sub(one) & MASK;
    ticks != 0 && ticks >> (BITS - 1) == 0
}

/// How many ticks a second has. The counter's rate is measured against the system's clock since the first look, so it gets
/// better with time; an early caller waits until 20 ms have gone by.
pub fn ticks_per_second() -> u64 {
    const AT_LEAST: u64 = 20_000_000;
    let start = start();
    let Some(first) = start.counter else { return 1_000_000_000 };
    if let Some(exact) = frequency() {
        return exact;
    }
    let gone = os::monotonic_ns().saturating_sub(start.nanos);
    if gone < AT_LEAST {
        std::thread::sleep(Duration::from_nanos(AT_LEAST.saturating_sub(gone)));
    }
    let (counter, nanos) = pair();
    let ticks = u128::from(counter.wrapping_sub(first)).saturating_mul(1_000_000_000);
    let rate = ticks.checked_div(u128::from(nanos.saturating_sub(start.nanos))).unwrap_or(0);
    u64::try_from(rate).unwrap_or(u64::MAX).max(1)
}

/// These ticks as nanoseconds, at a rate that [`ticks_per_second`] gave.
pub fn nanos(ticks: u64, per_second: u64) -> u64 {
    let nanos = u128::from(ticks).saturating_mul(1_000_000_000).checked_div(u128::from(per_second));
    u64::try_from(nanos.unwrap_or(0)).unwrap_or(u64::MAX)
}

/// When a reading was taken, by the calendar: told from how long ago that is, so that whoever reads the ticks need not ask
/// for the calendar, too, which takes twice as long.
pub fn moment(ticks: u64, per_second: u64) -> SystemTime {
    let (now, later) = (SystemTime::now(), self::ticks());
    let ago = Duration::from_nanos(nanos(between(ticks, later), per_second));
    now.checked_sub(ago).unwrap_or(now)
}

/// Whether the processor's own counter is read.
pub fn is_counter() -> bool {
    start().counter.is_some()
}

#[cold]
fn slow() -> u64 {
    let start = start();
    match start.counter {
        Some(origin) => counter().wrapping_sub(origin),
        None => os::monotonic_ns().wrapping_sub(start.nanos),
    }
}

fn start() -> &'static Start {
    START.get_or_init(|| {
        let (found, nanos) = pair();
        let counter = (is_even() && found > SYSTEM).then_some(found);
        ORIGIN.store(counter.unwrap_or(SYSTEM), Ordering::Relaxed);
        Start { counter, nanos }
    })
}

/// Both clocks as near to each other as a few tries get.
fn pair() -> (u64, u64) {
    let mut best = (u64::MAX, 0, 0);
    for _ in 0..8 {
        let before = counter();
        let nanos = os::monotonic_ns();
        let width = counter().wrapping_sub(before);
        if width < best.0 {
            best = (width, before.wrapping_add(width / 2), nanos);
        }
    }
    (best.1, best.2)
}

#[cfg(target_arch = "x86_64")]
fn counter() -> u64 {
    // SAFETY: every x86-64 processor has it; a system that forbids it to programs kills them all, the JVM first.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Invariant by `cpuid` 0x8000_0007, and trusted by the kernel, which has watched it on all cores.
#[cfg(target_arch = "x86_64")]
fn is_even() -> bool {
    use core::arch::x86_64::__cpuid;
    const LAST: u32 = 0x8000_0000;
    const POWER: u32 = 0x8000_0007;
    let invariant = __cpuid(LAST).eax >= POWER && __cpuid(POWER).edx & 1 << 8 != 0;
    let kernel = std::fs::read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    invariant && kernel.is_ok_and(|name| name.trim_ascii() == b"tsc")
}

#[cfg(target_arch = "x86_64")]
fn frequency() -> Option<u64> {
    None
}

#[cfg(target_arch = "aarch64")]
fn counter() -> u64 {
    let value: u64;
    // SAFETY: reads the virtual counter, which Linux opens to programs for its own `clock_gettime`.
    unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) value, options(nomem, nostack)) };
    value
}

/// The generic timer counts evenly by its definition.
#[cfg(target_arch = "aarch64")]
fn is_even() -> bool {
    true
}

#[cfg(target_arch = "aarch64")]
fn frequency() -> Option<u64> {
    let value: u64;
    // SAFETY: reads the timer's rate, open to programs as the counter is.
    unsafe { core::arch::asm!("mrs {}, cntfrq_el0", out(reg) value, options(nomem, nostack)) };
    Some(value).filter(|rate| *rate > 0)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn counter() -> u64 {
    0
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn is_even() -> bool {
    false
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn frequency() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_agree_with_the_system_clock() {
        let rate = ticks_per_second();
        let (nanos_before, before) = (os::monotonic_ns(), ticks());
        while os::monotonic_ns() < nanos_before + 50_000_000 {}
        let (nanos_after, after) = (os::monotonic_ns(), ticks());
        let (told, real) = (nanos(between(before, after), rate), nanos_after - nanos_before);
        assert!(told.abs_diff(real) < real / 100 + 100_000, "{told} ns for {real} ns");
    }

    #[test]
    fn a_reading_is_told_by_the_calendar() {
        let (before, reading, after) = (SystemTime::now(), ticks(), SystemTime::now());
        while SystemTime::now() < after + Duration::from_millis(50) {}
        let told = moment(reading, ticks_per_second());
        let off = Duration::from_micros(500);
        assert!(before - off < told && told < after + off, "{before:?} {told:?} {after:?}");
    }

    #[test]
    fn differences_hold_over_the_wrap() {
        assert_eq!(between(MASK - 9, 10), 20);
        assert!(is_before(MASK - 9, 10));
        assert!(!is_before(10, MASK - 9));
        assert!(!is_before(10, 10));
        assert_eq!(between(10, 4), 0);
        assert_ne!(ticks(), 0);
    }
}
