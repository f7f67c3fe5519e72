//! A position in bytes, and the one error of everything that reads them.

/// The class file is not what the JVMS says it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the class file is malformed: {what} (at byte {at} of the part read)")]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// Where, counted from the start of the structure that was being read.
    pub at: usize,
}

/// Reads big-endian numbers and slices, one after the other.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// Starts at `at`; beyond the end, the first read fails.
    pub fn starting(bytes: &'a [u8], at: usize) -> Self {
        Reader { bytes, at }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// An error at this place.
    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or_else(|| self.malformed("a length overflows"))?;
        let part = self.bytes.get(self.at..end).ok_or_else(|| self.malformed("it ends too early"))?;
        self.at = end;
        Ok(part)
    }

    /// The next byte.
    pub fn u1(&mut self) -> Result<u8, Malformed> {
        let part = self.take(1)?;
        Ok(part.first().copied().unwrap_or_default())
    }

    /// The next two bytes, a number.
    pub fn u2(&mut self) -> Result<u16, Malformed> {
        let part = self.take(2)?;
        Ok(part.iter().fold(0, |number, byte| number << 8 | u16::from(*byte)))
    }

    /// The next four bytes, a number.
    pub fn u4(&mut self) -> Result<u32, Malformed> {
        let part = self.take(4)?;
        Ok(part.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// The next two bytes, with a sign.
    pub fn i2(&mut self) -> Result<i16, Malformed> {
        Ok(self.u2()?.cast_signed())
    }

    /// The next four bytes, with a sign.
    pub fn i4(&mut self) -> Result<i32, Malformed> {
        Ok(self.u4()?.cast_signed())
    }
}
