//! The constant pool (JVMS 4.4): where each entry lies, and what is appended to it.
//!
//! Appending never moves an entry, so everything else in the class may be copied as it is.

use std::collections::HashMap;

use super::{Malformed, Reader};

/// Tags of the entries that weaving reads or makes (JVMS table 4.4-A).
pub mod tag {
    /// A string in modified UTF-8.
    pub const UTF8: u8 = 1;
    /// An int.
    pub const INTEGER: u8 = 3;
    /// A float.
    pub const FLOAT: u8 = 4;
    /// A long: takes two places.
    pub const LONG: u8 = 5;
    /// A double: takes two places.
    pub const DOUBLE: u8 = 6;
    /// A class or an array type.
    pub const CLASS: u8 = 7;
    /// A string of the program's.
    pub const STRING: u8 = 8;
    /// A field of a class.
    pub const FIELD: u8 = 9;
    /// A method of a class.
    pub const METHOD: u8 = 10;
    /// A method of an interface.
    pub const INTERFACE_METHOD: u8 = 11;
    /// A name and a descriptor.
    pub const NAME_AND_TYPE: u8 = 12;
    /// A method or a field, and what is done with it.
    pub const METHOD_HANDLE: u8 = 15;
    /// A method's descriptor.
    pub const METHOD_TYPE: u8 = 16;
    /// A constant that a bootstrap method computes.
    pub const DYNAMIC: u8 = 17;
    /// A call site that a bootstrap method links.
    pub const INVOKE_DYNAMIC: u8 = 18;
}

/// Offsets of the entries of a constant pool.
#[derive(Debug, Clone)]
pub struct Pool<'a> {
    bytes: &'a [u8],
    /// Where the tag of an entry lies; 0 for a place that holds none.
    offsets: Vec<u32>,
    end: usize,
}

impl<'a> Pool<'a> {
    /// Reads the pool whose count is at `start`.
    pub fn read(bytes: &'a [u8], start: usize) -> Result<Self, Malformed> {
        let mut reader = Reader::starting(bytes, start);
        let count = usize::from(reader.u2()?);
        if count == 0 {
            return Err(reader.malformed("the constant pool's count is 0"));
        }
        let mut offsets = vec![0];
        while offsets.len() < count {
            offsets.push(u32::try_from(reader.position()).map_err(|_| reader.malformed("it is too large"))?);
            let tag = reader.u1()?;
            let length = match tag {
                tag::UTF8 => usize::from(reader.u2()?),
                3 | 4 | 9..=12 | tag::DYNAMIC | tag::INVOKE_DYNAMIC => 4,
                tag::LONG | tag::DOUBLE => 8,
                tag::CLASS | 8 | 16 | 19 | 20 => 2,
                15 => 3,
                _ => return Err(reader.malformed("a constant has an unknown tag")),
            };
            reader.take(length)?;
            if matches!(tag, tag::LONG | tag::DOUBLE) {
                offsets.push(0);
            }
        }
        if offsets.len() != count {
            return Err(reader.malformed("the last constant needs two places"));
        }
        Ok(Pool { bytes, offsets, end: reader.position() })
    }

    /// The count as the class file has it: one more than the highest index.
    pub fn count(&self) -> usize {
        self.offsets.len()
    }

    /// The first byte after the pool.
    pub fn end(&self) -> usize {
        self.end
    }

    /// A reader behind the tag of entry `index`, which must have one of `tags`.
    pub(crate) fn entry(&self, index: u16, tags: &[u8]) -> Result<Reader<'a>, Malformed> {
        let at = self.offsets.get(usize::from(index)).copied().unwrap_or(0) as usize;
        let wrong = Malformed { what: "a constant is not of the kind that is needed", at };
        let mut reader = Reader::starting(self.bytes, at);
        if at == 0 || !tags.contains(&reader.u1()?) {
            return Err(wrong);
        }
        Ok(reader)
    }

    /// The bytes of a UTF-8 entry.
    pub fn utf8(&self, index: u16) -> Result<&'a [u8], Malformed> {
        let mut reader = self.entry(index, &[tag::UTF8])?;
        let length = reader.u2()?;
        reader.take(usize::from(length))
    }

    /// The internal name of a class entry.
    pub fn class(&self, index: u16) -> Result<&'a [u8], Malformed> {
        let name = self.entry(index, &[tag::CLASS])?.u2()?;
        self.utf8(name)
    }

    /// Where an entry's tag lies; 0 where there is none.
    pub(crate) fn place(&self, index: u16) -> usize {
        self.offsets.get(usize::from(index)).copied().unwrap_or(0) as usize
    }

    /// A reader of the bytes behind an entry's tag.
    pub(crate) fn content(&self, index: u16) -> Result<Reader<'a>, Malformed> {
        let tag = self.tag(index)?;
        self.entry(index, &[tag])
    }

    /// The bytes of a string constant.
    pub fn string(&self, index: u16) -> Result<&'a [u8], Malformed> {
        let text = self.entry(index, &[tag::STRING])?.u2()?;
        self.utf8(text)
    }

    /// The number of a call site's bootstrap method in the attribute `BootstrapMethods`.
    pub fn bootstrap(&self, index: u16) -> Result<u16, Malformed> {
        self.entry(index, &[tag::DYNAMIC, tag::INVOKE_DYNAMIC])?.u2()
    }

    /// The one place in the pool that a class's, a string's or a method type's entry refers to.
    pub fn referred(&self, index: u16) -> Result<u16, Malformed> {
        self.entry(index, &[tag::CLASS, tag::STRING, 16])?.u2()
    }

    /// An `int`, as annotations have numbers and truths, and what else is four bytes.
    pub fn four(&self, index: u16) -> Result<u32, Malformed> {
        self.entry(index, &[tag::INTEGER, tag::FLOAT])?.u4()
    }

    /// A `long` or a `double`.
    pub fn eight(&self, index: u16) -> Result<u64, Malformed> {
        let mut reader = self.entry(index, &[tag::LONG, tag::DOUBLE])?;
        Ok(u64::from(reader.u4()?) << 32 | u64::from(reader.u4()?))
    }

    /// The tag of an entry.
    pub fn tag(&self, index: u16) -> Result<u8, Malformed> {
        let at = self.offsets.get(usize::from(index)).copied().unwrap_or(0) as usize;
        self.bytes
            .get(at)
            .copied()
            .filter(|_| at != 0)
            .ok_or(Malformed { what: "there is no such constant", at })
    }

    /// What a field's or method's entry names, the owner being of a class or of an interface.
    pub fn member(&self, index: u16) -> Result<Reference<'a>, Malformed> {
        let mut reader = self.entry(index, &[tag::FIELD, tag::METHOD, tag::INTERFACE_METHOD])?;
        let owner = self.class(reader.u2()?)?;
        let (name, descriptor) = self.pair(reader.u2()?)?;
        Ok(Reference { owner, name, descriptor })
    }

    /// Name and descriptor of a dynamic constant or call site.
    pub fn dynamic(&self, index: u16) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        let mut reader = self.entry(index, &[tag::DYNAMIC, tag::INVOKE_DYNAMIC])?;
        reader.u2()?;
        self.pair(reader.u2()?)
    }

    pub(crate) fn pair(&self, index: u16) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        let mut pair = self.entry(index, &[tag::NAME_AND_TYPE])?;
        Ok((self.utf8(pair.u2()?)?, self.utf8(pair.u2()?)?))
    }

    /// All class entries: names and indexes. Those whose name is none are left out.
    pub fn classes(&self) -> impl Iterator<Item = (&'a [u8], u16)> {
        let indexes = (1_u16..).take(self.offsets.len().saturating_sub(1));
        indexes.filter_map(|index| {
            (self.tag(index) == Ok(tag::CLASS))
                .then(|| self.class(index).ok())
                .flatten()
                .map(|name| (name, index))
        })
    }
}

/// What a field's or a method's entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Internal name of the class, or the descriptor of an array type.
    pub owner: &'a [u8],
    /// The member's name.
    pub name: &'a [u8],
    /// Its descriptor.
    pub descriptor: &'a [u8],
}

/// Entries to append to a pool; the same entry is made once.
#[derive(Debug, Clone)]
pub struct Additions {
    first: usize,
    entries: Vec<Vec<u8>>,
    places: HashMap<Vec<u8>, usize>,
}

impl Additions {
    /// Nothing yet, to follow `pool`.
    pub fn after(pool: &Pool<'_>) -> Self {
        Additions { first: pool.count(), entries: Vec::new(), places: HashMap::new() }
    }

    /// The index that the next new entry gets, to go back to with [`Additions::truncate`].
    pub fn next(&self) -> usize {
        self.first + self.entries.len()
    }

    /// Forgets the entries from index `next` on.
    pub fn truncate(&mut self, next: usize) {
        let keep = next.saturating_sub(self.first);
        if keep < self.entries.len() {
            self.entries.truncate(keep);
            self.places.retain(|_, place| *place < keep);
        }
    }

    /// The index of `entry`, tag and all; `None` when the pool is full (JVMS 4.1: 65,534 entries).
    fn add(&mut self, entry: Vec<u8>) -> Option<u16> {
        match self.places.get(&entry) {
            Some(place) => u16::try_from(self.first + *place).ok(),
            None => {
                // The count is one more than the index and must fit too.
                let index = u16::try_from(self.next()).ok().filter(|index| *index < u16::MAX)?;
                self.places.insert(entry.clone(), self.entries.len());
                self.entries.push(entry);
                Some(index)
            }
        }
    }

    /// A UTF-8 entry; `None` also when the text is too long for one.
    pub fn utf8(&mut self, text: &[u8]) -> Option<u16> {
        let mut entry = vec![tag::UTF8];
        entry.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
        entry.extend(text);
        self.add(entry)
    }

    /// An int entry.
    pub fn integer(&mut self, value: i32) -> Option<u16> {
        let mut entry = vec![tag::INTEGER];
        entry.extend(value.to_be_bytes());
        self.add(entry)
    }

    /// A class entry.
    pub fn class(&mut self, name: &[u8]) -> Option<u16> {
        let name = self.utf8(name)?;
        self.pair(tag::CLASS, name, None)
    }

    /// A method of a class.
    pub fn method(&mut self, owner: &[u8], name: &[u8], descriptor: &[u8]) -> Option<u16> {
        let owner = self.class(owner)?;
        let name = self.utf8(name)?;
        let descriptor = self.utf8(descriptor)?;
        let pair = self.pair(tag::NAME_AND_TYPE, name, Some(descriptor))?;
        self.pair(tag::METHOD, owner, Some(pair))
    }

    fn pair(&mut self, tag: u8, first: u16, second: Option<u16>) -> Option<u16> {
        let mut entry = vec![tag];
        entry.extend(first.to_be_bytes());
        entry.extend(second.into_iter().flat_map(u16::to_be_bytes));
        self.add(entry)
    }

    /// Writes the pool with the additions: count, old entries, new ones.
    pub fn write(&self, pool: &Pool<'_>, start: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let full = Malformed { what: "the constant pool is full", at: start };
        let count = u16::try_from(self.next()).map_err(|_| full)?;
        out.extend(count.to_be_bytes());
        out.extend(pool.bytes.get(start + 2..pool.end).ok_or(full)?);
        for entry in &self.entries {
            out.extend(entry);
        }
        Ok(())
    }
}
