//! The constant pool of a class file that is made from nothing (JVMS 4.4).

use weave::classfile::tag;

/// The pool grew beyond 65,534 entries.
#[derive(Debug)]
pub(super) struct Full;

/// Entries in their order; the same entry is made once.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// Each with its tag; empty for the second place of a long or double.
    entries: Vec<Vec<u8>>,
}

const STRING: u8 = 8;
const FIELD: u8 = 9;

impl Pool {
    fn add(&mut self, tag: u8, content: &[u8]) -> Result<u16, Full> {
        let mut entry = vec![tag];
        entry.extend(content);
        let place = match self.entries.iter().position(|known| *known == entry) {
            Some(place) => place,
            None => {
                self.entries.push(entry);
                let place = self.entries.len() - 1;
                if matches!(tag, tag::LONG | tag::DOUBLE) {
                    self.entries.push(Vec::new());
                }
                place
            }
        };
        // Indexes start at 1, and the count, one more than the last index, must fit too.
        u16::try_from(place + 2).map(|after| after - 1).map_err(|_| Full)
    }

    /// A name or descriptor, in modified UTF-8.
    pub(super) fn utf8(&mut self, text: &[u8]) -> Result<u16, Full> {
        let length = u16::try_from(text.len()).map_err(|_| Full)?;
        self.add(tag::UTF8, &[&length.to_be_bytes(), text].concat())
    }

    pub(super) fn long(&mut self, value: i64) -> Result<u16, Full> {
        self.add(tag::LONG, &value.to_be_bytes())
    }

    pub(super) fn double(&mut self, value: f64) -> Result<u16, Full> {
        self.add(tag::DOUBLE, &value.to_bits().to_be_bytes())
    }

    /// A class by its internal name.
    pub(super) fn class(&mut self, name: &str) -> Result<u16, Full> {
        let name = self.utf8(name.as_bytes())?;
        self.add(tag::CLASS, &name.to_be_bytes())
    }

    /// A string constant.
    pub(super) fn string(&mut self, text: &str) -> Result<u16, Full> {
        let mut bytes = Vec::with_capacity(text.len());
        for unit in text.encode_utf16() {
            // JVMS 4.4.7: three bytes for each half of a pair, two for NUL.
            let [low, middle, high] = [unit & 0x3f, unit >> 6 & 0x3f, unit >> 12].map(|bits| bits as u8);
            match unit {
                1..0x80 => bytes.push(unit as u8),
                0 | 0x80..0x800 => bytes.extend([0xc0 | middle, 0x80 | low]),
                _ => bytes.extend([0xe0 | high, 0x80 | middle, 0x80 | low]),
            }
        }
        let text = self.utf8(&bytes)?;
        self.add(STRING, &text.to_be_bytes())
    }

    pub(super) fn field(&mut self, owner: &str, name: &str, descriptor: &str) -> Result<u16, Full> {
        self.member(FIELD, owner, name, descriptor)
    }

    pub(super) fn method(&mut self, owner: &str, name: &str, descriptor: &str) -> Result<u16, Full> {
        self.member(tag::METHOD, owner, name, descriptor)
    }

    fn member(&mut self, tag: u8, owner: &str, name: &str, descriptor: &str) -> Result<u16, Full> {
        let owner = self.class(owner)?;
        let name = self.utf8(name.as_bytes())?;
        let descriptor = self.utf8(descriptor.as_bytes())?;
        let pair = self.add(tag::NAME_AND_TYPE, &[name.to_be_bytes(), descriptor.to_be_bytes()].concat())?;
        self.add(tag, &[owner.to_be_bytes(), pair.to_be_bytes()].concat())
    }

    /// Writes the count and the entries.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), Full> {
        let count = u16::try_from(self.entries.len() + 1).map_err(|_| Full)?;
        out.extend(count.to_be_bytes());
        out.extend(self.entries.iter().flatten());
        Ok(())
    }
}
