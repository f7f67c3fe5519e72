//! The types of numbers, in OGNL's order: booleans and characters are numbers to it.

/// A primitive type, or its box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Boolean,
    Byte,
    Char,
    Short,
    Int,
    Long,
    Float,
    Double,
}

use Kind::{Boolean, Byte, Char, Double, Float, Int, Long, Short};

impl Kind {
    pub(super) const ALL: [Kind; 8] = [Int, Long, Boolean, Double, Char, Float, Short, Byte];

    /// By the letter of a descriptor (JVMS table 4.3-A).
    pub(super) fn of_letter(letter: u8) -> Option<Kind> {
        Some(match letter {
            b'Z' => Boolean,
            b'B' => Byte,
            b'C' => Char,
            b'S' => Short,
            b'I' => Int,
            b'J' => Long,
            b'F' => Float,
            b'D' => Double,
            _ => return None,
        })
    }

    /// By the internal name of the box.
    pub(super) fn of_box(name: &[u8]) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.box_name().as_bytes() == name)
    }

    pub(super) fn box_name(self) -> &'static str {
        match self {
            Boolean => "java/lang/Boolean",
            Byte => "java/lang/Byte",
            Char => "java/lang/Character",
            Short => "java/lang/Short",
            Int => "java/lang/Integer",
            Long => "java/lang/Long",
            Float => "java/lang/Float",
            Double => "java/lang/Double",
        }
    }

    /// As Java writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Boolean => "boolean",
            Byte => "byte",
            Char => "char",
            Short => "short",
            Int => "int",
            Long => "long",
            Float => "float",
            Double => "double",
        }
    }

    /// The getter of a box, and its descriptor.
    pub(super) fn getter(self) -> (&'static str, &'static str) {
        match self {
            Boolean => ("booleanValue", "()Z"),
            Byte => ("byteValue", "()B"),
            Char => ("charValue", "()C"),
            Short => ("shortValue", "()S"),
            Int => ("intValue", "()I"),
            Long => ("longValue", "()J"),
            Float => ("floatValue", "()F"),
            Double => ("doubleValue", "()D"),
        }
    }

    /// Whether its values are kept as a double here, else as a long.
    pub(super) fn is_real(self) -> bool {
        self >= Float
    }

    /// Whether it is a `java.lang.Number` when boxed.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Boolean | Char)
    }

    /// The type in which OGNL works on two numbers. With `textual`, for `+` and comparisons, none
    /// where a character meets another type: those are not compared, or added, as whole numbers.
    pub(super) fn widest(self, other: Kind, textual: bool) -> Option<Kind> {
        if self == other {
            return Some(self);
        }
        if textual && (self == Char || other == Char) {
            return None;
        }
        let (low, high) = (self.min(other), self.max(other));
        Some(match (high.is_real(), low.is_real()) {
            (true, false) if low >= Int => Double,
            _ => high,
        })
    }
}
