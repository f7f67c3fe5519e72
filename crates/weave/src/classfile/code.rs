//! The `Code` attribute (JVMS 4.7.3), split into its parts.

use super::{Attribute, Attributes, Malformed, Pool, Reader};

/// A method's code and what belongs to it.
#[derive(Debug, Clone)]
pub struct Code<'a> {
    /// Slots of the operand stack.
    pub max_stack: u16,
    /// Slots of the local variables.
    pub max_locals: u16,
    /// The instructions.
    pub bytes: &'a [u8],
    /// The exception table, in its order, which is the order of the search.
    pub handlers: Vec<Handler>,
    /// Line numbers, frames and so on.
    pub attributes: Vec<Attribute<'a>>,
}

/// One row of the exception table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handler {
    /// First covered instruction.
    pub start: u16,
    /// First instruction that is not covered any more.
    pub end: u16,
    /// Where control goes.
    pub target: u16,
    /// The class caught; 0 catches all.
    pub catch: u16,
}

impl<'a> Code<'a> {
    /// Reads the content of a `Code` attribute. The instructions are looked at by
    /// [`super::Instructions`].
    pub fn read(content: &'a [u8], pool: &Pool<'a>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        let max_stack = reader.u2()?;
        let max_locals = reader.u2()?;
        let length = reader.u4()?;
        let bytes = reader.take(length as usize)?;
        if bytes.is_empty() || bytes.len() > usize::from(u16::MAX) {
            return Err(reader.malformed("code must have 1 to 65,535 bytes"));
        }
        let count = reader.u2()?;
        let mut handlers = Vec::new();
        for _ in 0..count {
            let [start, end, target, catch] = [reader.u2()?, reader.u2()?, reader.u2()?, reader.u2()?];
            handlers.push(Handler { start, end, target, catch });
        }
        let attributes = Attributes::read(&mut reader, pool)?;
        if !reader.is_empty() {
            return Err(reader.malformed("bytes follow the code's attributes"));
        }
        Ok(Code { max_stack, max_locals, bytes, handlers, attributes })
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &[u8]) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}
