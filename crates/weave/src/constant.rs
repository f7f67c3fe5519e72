//! What constants say, however a class file numbers them: compiled again, the same code has other indexes.

use crate::classfile::{ClassFile, Instruction, Malformed, Reader, opcode, tag};

/// So deep do constants lie within each other; a bootstrap method's arguments may be dynamic themselves.
const DEEPEST: u32 = 12;

/// What a method says is no longer than this, in bytes; real ones are far below. Constants that name each other over and
/// over would have no end.
const LONGEST: usize = 16 << 20;

/// The constants of a class file, to be written out.
pub(crate) struct Constants<'c, 'a> {
    class: &'c ClassFile<'a>,
    /// Each a method's index and those of its arguments.
    bootstraps: Vec<&'a [u8]>,
}

impl<'c, 'a> Constants<'c, 'a> {
    pub(crate) fn of(class: &'c ClassFile<'a>) -> Result<Self, Malformed> {
        let mut bootstraps = Vec::new();
        if let Some(table) = class.attributes.iter().find(|one| one.name == b"BootstrapMethods") {
            let mut reader = Reader::new(table.content);
            for _ in 0..reader.u2()? {
                let start = reader.position();
                reader.u2()?;
                let arguments = usize::from(reader.u2()?);
                reader.take(2 * arguments)?;
                bootstraps.push(table.content.get(start..reader.position()).unwrap_or_default());
            }
        }
        Ok(Self { class, bootstraps })
    }

    /// Appends what an instruction says.
    pub(crate) fn instruction(&self, one: &Instruction<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let index = match one.opcode {
            opcode::LDC => one.bytes.get(1).copied().map(u16::from),
            opcode::LDC_W | opcode::LDC2_W | 178..=187 | 189 | 192 | 193 | 197 => Some(one.index()),
            _ => None,
        };
        let Some(index) = index else {
            out.extend(one.bytes);
            return Ok(());
        };
        // Which of the two an index takes says nothing.
        out.push(if one.opcode == opcode::LDC { opcode::LDC_W } else { one.opcode });
        self.entry(index, DEEPEST, out)?;
        // The count of an `invokeinterface`, the dimensions of a `multianewarray`.
        out.extend(one.bytes.get(3..).unwrap_or_default());
        Ok(())
    }

    fn entry(&self, index: u16, deep: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let pool = &self.class.pool;
        let tag = pool.tag(index)?;
        let mut content = pool.content(index)?;
        let Some(deep) = deep.checked_sub(1) else {
            return Err(content.malformed("constants lie too deep within each other"));
        };
        if out.len() > LONGEST {
            return Err(content.malformed("constants name each other over and over"));
        }
        out.push(tag);
        match tag {
            tag::UTF8 => {
                let text = pool.utf8(index)?;
                out.extend((text.len() as u64).to_be_bytes());
                out.extend(text);
            }
            tag::INTEGER | tag::FLOAT => out.extend(content.take(4)?),
            tag::LONG | tag::DOUBLE => out.extend(content.take(8)?),
            tag::DYNAMIC | tag::INVOKE_DYNAMIC => {
                let bootstrap = self.bootstraps.get(usize::from(content.u2()?));
                let bootstrap = bootstrap.ok_or(content.malformed("there is no such bootstrap method"))?;
                self.entry(content.u2()?, deep, out)?;
                let mut reader = Reader::new(bootstrap);
                self.entry(reader.u2()?, deep, out)?;
                for _ in 0..reader.u2()? {
                    self.entry(reader.u2()?, deep, out)?;
                }
            }
            _ => {
                // A method handle says first of what kind it is.
                if tag == 15 {
                    out.push(content.u1()?);
                }
                let pairs = matches!(tag, tag::FIELD..=tag::NAME_AND_TYPE);
                for _ in 0..1 + usize::from(pairs) {
                    self.entry(content.u2()?, deep, out)?;
                }
            }
        }
        Ok(())
    }
}
