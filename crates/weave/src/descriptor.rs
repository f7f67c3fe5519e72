//! Method descriptors (JVMS 4.3.3) and their erasure to what helpers take.

use crate::classfile::{Malformed, Reader};

/// A value as a helper takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Erased<'a> {
    Int,
    Long,
    Float,
    Double,
    /// The class as a class entry of the pool names it: an internal name, or an array's descriptor.
    Object(&'a [u8]),
}

impl Erased<'_> {
    /// How many slots it takes.
    pub(crate) fn slots(self) -> usize {
        if matches!(self, Erased::Long | Erased::Double) { 2 } else { 1 }
    }

    /// 0 to 4: the place of its opcodes among `iload`, `lload`, `fload`, `dload`, `aload` and the
    /// like.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Erased::Int => 0,
            Erased::Long => 1,
            Erased::Float => 2,
            Erased::Double => 3,
            Erased::Object(_) => 4,
        }
    }
}

/// The kind of a field's type, or of a method's result; `None` for `void`.
pub(crate) fn kind(descriptor: &[u8]) -> Result<Option<Erased<'static>>, Malformed> {
    Ok(Some(match descriptor.first() {
        Some(b'V') => return Ok(None),
        Some(b'B' | b'C' | b'I' | b'S' | b'Z') => Erased::Int,
        Some(b'J') => Erased::Long,
        Some(b'F') => Erased::Float,
        Some(b'D') => Erased::Double,
        Some(b'L' | b'[') => Erased::Object(b""),
        _ => return Err(Malformed { what: "a descriptor makes no sense", at: 0 }),
    }))
}

/// How many slots a method's arguments take, the receiver left out, and the kind of its result.
pub(crate) fn call(descriptor: &[u8]) -> Result<(usize, Option<Erased<'static>>), Malformed> {
    let wrong = Malformed { what: "a method's descriptor makes no sense", at: 0 };
    let mut rest = descriptor.strip_prefix(b"(").ok_or(wrong)?;
    let mut slots = 0;
    loop {
        let dimensions = rest.iter().take_while(|byte| **byte == b'[').count();
        let (_, element) = rest.split_at_checked(dimensions).ok_or(wrong)?;
        let (first, after) = element.split_first().ok_or(wrong)?;
        rest = match first {
            b')' if dimensions == 0 => return Ok((slots, kind(after)?)),
            b'L' => {
                let end = after.iter().position(|byte| *byte == b';').ok_or(wrong)?;
                after.get(end + 1..).ok_or(wrong)?
            }
            _ => after,
        };
        slots += if dimensions == 0 && matches!(first, b'J' | b'D') { 2 } else { 1 };
    }
}

/// The parameters of a method; the result is told by the return opcodes.
pub(crate) fn parameters(descriptor: &[u8]) -> Result<Vec<Erased<'_>>, Malformed> {
    let mut reader = Reader::new(descriptor);
    let wrong = |reader: &Reader<'_>| reader.malformed("a method's descriptor makes no sense");
    if reader.u1()? != b'(' {
        return Err(wrong(&reader));
    }
    let mut found = Vec::new();
    loop {
        let start = reader.position();
        let mut first = reader.u1()?;
        let array = first == b'[';
        while first == b'[' {
            first = reader.u1()?;
        }
        let mut end = reader.position();
        if first == b'L' {
            while reader.u1()? != b';' {
                end = reader.position();
            }
        }
        let name = match (array, first) {
            (true, _) => descriptor.get(start..reader.position()),
            (false, _) => descriptor.get(start + 1..end),
        };
        found.push(match first {
            b')' if !array => return Ok(found),
            b'L' => Erased::Object(name.unwrap_or_default()),
            b'B' | b'C' | b'D' | b'F' | b'I' | b'J' | b'S' | b'Z' if array => {
                Erased::Object(name.unwrap_or_default())
            }
            b'B' | b'C' | b'I' | b'S' | b'Z' => Erased::Int,
            b'J' => Erased::Long,
            b'F' => Erased::Float,
            b'D' => Erased::Double,
            _ => return Err(wrong(&reader)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_erased_and_keep_the_names_that_frames_need() {
        let found = parameters(b"(ZJ[[ILa/B;[La/C;D)V").unwrap();
        let expected = [
            Erased::Int,
            Erased::Long,
            Erased::Object(b"[[I"),
            Erased::Object(b"a/B"),
            Erased::Object(b"[La/C;"),
            Erased::Double,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_descriptor_that_makes_no_sense_is_an_error() {
        for text in ["", "(", "I", "(V)V", "([)V", "(La/B)V", "(["] {
            assert!(parameters(text.as_bytes()).is_err(), "{text}");
        }
    }
}
