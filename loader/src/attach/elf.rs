//! As much of an ELF file as says whether one can be loaded into the other.

use std::fmt;

/// Class, byte order and machine of an ELF file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    is_64: bool,
    is_little: bool,
    number: u16,
}

impl Machine {
    /// Bytes of a file's head that are needed.
    pub const HEAD: usize = 20;

    /// Reads a head; `None` where it is not ELF.
    pub fn of(head: &[u8]) -> Option<Self> {
        let [0x7f, b'E', b'L', b'F', class, order, ..] = *head else { return None };
        let number = [*head.get(18)?, *head.get(19)?];
        let is_little = order == 1;
        let number = if is_little { u16::from_le_bytes(number) } else { u16::from_be_bytes(number) };
        Some(Self { is_64: class == 2, is_little, number })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // EM_* of the ELF specification.
        match (self.number, self.is_64) {
            (62, true) => write!(out, "x86_64"),
            (62, false) => write!(out, "x32"),
            (3, _) => write!(out, "32-bit x86"),
            (183, _) => write!(out, "aarch64"),
            (40, _) => write!(out, "32-bit ARM"),
            (21, _) if self.is_little => write!(out, "ppc64le"),
            (22, _) => write!(out, "s390x"),
            (243, _) => write!(out, "riscv"),
            (258, _) => write!(out, "loongarch"),
            (other, _) => write!(out, "ELF machine {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_apart_by_name() {
        let mut head = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";
        let intel = Machine::of(&head).unwrap();
        assert_eq!(intel.to_string(), "x86_64");
        head[18] = 183;
        let arm = Machine::of(&head).unwrap();
        assert_eq!(arm.to_string(), "aarch64");
        assert_ne!(intel, arm);
        assert_eq!(Machine::of(b"#!/bin/sh"), None);
        assert_eq!(Machine::of(&head[..19]), None);
    }
}
