//! Sets of capabilities, asked for when a command needs them and given back after it: some slow the whole
//! JVM down while anyone holds them.

use std::fmt;

use crate::error::Result;
use crate::jvmti::{Jvmti, jvmti};
use crate::sys::{Capability, CapabilityBits};

/// A set of [`Capability`].
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    bits: CapabilityBits,
}

impl Capabilities {
    /// The empty set.
    pub const NONE: Capabilities = Capabilities { bits: CapabilityBits([0; 4]) };

    /// Whether it is in the set.
    pub fn contains(&self, one: Capability) -> bool {
        let (word, mask) = place(one);
        self.bits.0.get(word).is_some_and(|bits| bits & mask != 0)
    }

    /// The set with this one in it.
    pub fn with(mut self, one: Capability) -> Capabilities {
        let (word, mask) = place(one);
        if let Some(bits) = self.bits.0.get_mut(word) {
            *bits |= mask;
        }
        self
    }

    /// What is in this set and not in the other.
    pub fn without(self, other: Capabilities) -> Capabilities {
        self.iter().filter(|one| !other.contains(*one)).collect()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        *self == Capabilities::NONE
    }

    /// Everything in it, by bit.
    pub fn iter(&self) -> impl Iterator<Item = Capability> + '_ {
        Capability::ALL.iter().copied().filter(|one| self.contains(*one))
    }
}

fn place(one: Capability) -> (usize, u32) {
    let bit = u32::from(one.bit());
    (usize::try_from(bit / 32).unwrap_or(usize::MAX), 1 << (bit % 32))
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Self {
        all.into_iter().fold(Capabilities::NONE, Capabilities::with)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_set().entries(self.iter().map(Capability::name)).finish()
    }
}

impl Jvmti {
    /// What this environment holds.
    pub fn capabilities(&self) -> Result<Capabilities> {
        let mut bits = CapabilityBits::default();
        // SAFETY: `bits` is ours for the call and of the size of `jvmtiCapabilities`.
        unsafe { jvmti!(self, GetCapabilities, &mut bits) }?;
        Ok(Capabilities { bits })
    }

    /// What it could still be given now. Some can only be had before the JVM is live.
    pub fn potential_capabilities(&self) -> Result<Capabilities> {
        let mut bits = CapabilityBits::default();
        // SAFETY: as above.
        unsafe { jvmti!(self, GetPotentialCapabilities, &mut bits) }?;
        Ok(Capabilities { bits })
    }

    /// Asks for these; those it holds already are fine. All or none are given.
    pub fn add_capabilities(&self, more: Capabilities) -> Result<()> {
        // SAFETY: the set is readable for the call.
        unsafe { jvmti!(self, AddCapabilities, &more.bits) }
    }

    /// Gives these back.
    pub fn relinquish_capabilities(&self, fewer: Capabilities) -> Result<()> {
        // SAFETY: the set is readable for the call.
        unsafe { jvmti!(self, RelinquishCapabilities, &fewer.bits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_what_is_in_it() {
        let set: Capabilities =
            [Capability::GetThreadCpuTime, Capability::SupportVirtualThreads].into_iter().collect();
        assert!(set.contains(Capability::GetThreadCpuTime));
        assert!(!set.contains(Capability::TagObjects));
        assert_eq!(set.bits.0, [1 << 23, 1 << 12, 0, 0]);
        assert_eq!(set.without(set), Capabilities::NONE);
        assert_eq!(format!("{set:?}"), r#"{"can_get_thread_cpu_time", "can_support_virtual_threads"}"#);
    }
}
