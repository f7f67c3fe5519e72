//! The class file's frame: versions, members and attributes (JVMS 4.1, 4.6, 4.7).

use std::ops::Range;

use super::{Malformed, Pool, Reader};

/// Where the constant pool's count lies: after magic and versions.
const POOL: usize = 8;

/// A class file whose members can be walked.
#[derive(Debug, Clone)]
pub struct ClassFile<'a> {
    /// The whole file.
    pub bytes: &'a [u8],
    /// The minor version.
    pub minor: u16,
    /// The major version: 45 is JDK 1.1, 52 is Java 8.
    pub major: u16,
    /// The constant pool.
    pub pool: Pool<'a>,
    /// Access flags (JVMS table 4.1-B).
    pub flags: u16,
    /// Internal name of the class.
    pub name: &'a [u8],
    /// Internal name of its superclass; none for `java/lang/Object` and for a module.
    pub superclass: Option<&'a [u8]>,
    /// The entries of the interfaces it names.
    pub interfaces: Vec<u16>,
    /// The fields, in the file's order.
    pub fields: Vec<Member<'a>>,
    /// The methods, in the file's order.
    pub methods: Vec<Member<'a>>,
    /// The attributes of the class itself.
    pub attributes: Vec<Attribute<'a>>,
}

/// A field or a method.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Access flags (JVMS tables 4.5-A and 4.6-A).
    pub flags: u16,
    /// Its name, modified UTF-8.
    pub name: &'a [u8],
    /// Its descriptor.
    pub descriptor: &'a [u8],
    /// Its attributes.
    pub attributes: Vec<Attribute<'a>>,
}

/// An attribute.
#[derive(Debug, Clone)]
pub struct Attribute<'a> {
    /// The index of its name.
    pub name_index: u16,
    /// Its name.
    pub name: &'a [u8],
    /// What follows its length.
    pub content: &'a [u8],
    /// Where all of it, name and length too, lies in what it was read from.
    pub range: Range<usize>,
}

/// Reads attributes one after the other.
#[derive(Debug)]
pub struct Attributes;

impl Attributes {
    /// Reads the count and the attributes that follow it.
    pub fn read<'a>(reader: &mut Reader<'a>, pool: &Pool<'a>) -> Result<Vec<Attribute<'a>>, Malformed> {
        let count = reader.u2()?;
        let mut attributes = Vec::new();
        for _ in 0..count {
            let start = reader.position();
            let name_index = reader.u2()?;
            let name = pool.utf8(name_index)?;
            let length = reader.u4()?;
            let content = reader.take(length as usize)?;
            attributes.push(Attribute { name_index, name, content, range: start..reader.position() });
        }
        Ok(attributes)
    }
}

impl<'a> ClassFile<'a> {
    /// Reads all but the insides of attributes.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.u4()? != 0xcafe_babe {
            return Err(Malformed { what: "the magic number is missing", at: 0 });
        }
        let minor = reader.u2()?;
        let major = reader.u2()?;
        let pool = Pool::read(bytes, POOL)?;
        let mut reader = Reader::starting(bytes, pool.end());
        let flags = reader.u2()?;
        let name = pool.class(reader.u2()?)?;
        let superclass = match reader.u2()? {
            0 => None,
            index => Some(pool.class(index)?),
        };
        let count = reader.u2()?;
        let mut interfaces = Vec::new();
        for _ in 0..count {
            interfaces.push(reader.u2()?);
        }
        let fields = Self::members(&mut reader, &pool)?;
        let methods = Self::members(&mut reader, &pool)?;
        let attributes = Attributes::read(&mut reader, &pool)?;
        if !reader.is_empty() {
            return Err(reader.malformed("bytes follow the class"));
        }
        Ok(ClassFile {
            bytes,
            minor,
            major,
            pool,
            flags,
            name,
            superclass,
            interfaces,
            fields,
            methods,
            attributes,
        })
    }

    fn members(reader: &mut Reader<'a>, pool: &Pool<'a>) -> Result<Vec<Member<'a>>, Malformed> {
        let count = reader.u2()?;
        let mut members = Vec::new();
        for _ in 0..count {
            let flags = reader.u2()?;
            let name = pool.utf8(reader.u2()?)?;
            let descriptor = pool.utf8(reader.u2()?)?;
            let attributes = Attributes::read(reader, pool)?;
            members.push(Member { flags, name, descriptor, attributes });
        }
        Ok(members)
    }

    /// Where the constant pool's count lies.
    pub fn pool_start(&self) -> usize {
        POOL
    }
}

impl<'a> Member<'a> {
    /// The `Code` attribute; none where the method is abstract or native.
    pub fn code(&self) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == b"Code")
    }
}
