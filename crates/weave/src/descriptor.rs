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
