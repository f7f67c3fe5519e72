//! Annotations as their source has them, read from a class file (JVMS 4.7.16): no class of theirs is asked for.

use values::{HIDDEN, Redaction};
use weave::classfile::{Malformed, Pool, Reader};

use super::needle::{Needle, words};

/// An annotation may hold others; deeper than this nobody writes them.
const DEPTH: u32 = 16;

/// An annotation in words, and whether what is looked for is in one of its names or values.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) fits: bool,
}

/// Reads annotations out of one class file.
pub(super) struct Annotations<'a> {
    pub(super) pool: &'a Pool<'a>,
    pub(super) needle: &'a Needle,
    pub(super) redaction: &'a Redaction,
}

impl Annotations<'_> {
    /// A count and as many annotations.
    pub(super) fn list(&self, reader: &mut Reader<'_>, said: &mut Vec<Said>) -> Result<(), Malformed> {
        for _ in 0..reader.u2()? {
            let mut one = Said { text: String::new(), fits: false };
            self.annotation(reader, &mut one, 0)?;
            said.push(one);
        }
        Ok(())
    }

    /// The lists of all parameters.
    pub(super) fn parameters(&self, reader: &mut Reader<'_>, said: &mut Vec<Said>) -> Result<(), Malformed> {
        for _ in 0..reader.u1()? {
            self.list(reader, said)?;
        }
        Ok(())
    }

    /// What an annotation's method has as its default.
    pub(super) fn default(&self, reader: &mut Reader<'_>) -> Result<Said, Malformed> {
        let mut one = Said { text: "default ".to_owned(), fits: false };
        self.value(reader, &mut one, false, 0)?;
        Ok(one)
    }

    fn annotation(&self, reader: &mut Reader<'_>, said: &mut Said, depth: u32) -> Result<(), Malformed> {
        if depth > DEPTH {
            return Err(reader.malformed("annotations within annotations are too deep"));
        }
        let name = self.type_name(reader.u2()?)?;
        said.fits |= self.needle.find(&name).is_some();
        said.text.push('@');
        said.text.push_str(simple(&name));
        let count = reader.u2()?;
        for number in 0..count {
            said.text.push_str(if number == 0 { "(" } else { ", " });
            let name = words(self.pool.utf8(reader.u2()?)?);
            if count > 1 || name != "value" {
                said.fits |= self.needle.find(&name).is_some();
                said.text.push_str(&name);
                said.text.push_str(" = ");
            }
            self.value(reader, said, self.redaction.hides(&name), depth)?;
        }
        if count > 0 {
            said.text.push(')');
        }
        Ok(())
    }

    fn value(
        &self,
        reader: &mut Reader<'_>,
        said: &mut Said,
        secret: bool,
        depth: u32,
    ) -> Result<(), Malformed> {
        let tag = reader.u1()?;
        match tag {
            b's' => {
                let text = words(self.pool.utf8(reader.u2()?)?);
                let text = if secret { HIDDEN.into() } else { self.redaction.scrub(&text) };
                said.fits |= !secret && self.needle.find(&text).is_some();
                said.text.push_str(&format!("{text:?}"));
            }
            b'e' => {
                let of = self.type_name(reader.u2()?)?;
                let name = words(self.pool.utf8(reader.u2()?)?);
                said.fits |= self.needle.find(&name).is_some() || self.needle.find(&of).is_some();
                said.text.push_str(&format!("{}.{name}", simple(&of)));
            }
            b'c' => {
                let name = self.type_name(reader.u2()?)?;
                said.fits |= self.needle.find(&name).is_some();
                said.text.push_str(&format!("{}.class", simple(&name)));
            }
            b'@' => self.annotation(reader, said, depth + 1)?,
            b'[' => {
                if depth > DEPTH {
                    return Err(reader.malformed("annotation values within values are too deep"));
                }
                let count = reader.u2()?;
                // As people write it: a single element without braces.
                said.text.push_str(if count == 1 { "" } else { "{" });
                for number in 0..count {
                    said.text.push_str(if number == 0 { "" } else { ", " });
                    self.value(reader, said, secret, depth + 1)?;
                }
                said.text.push_str(if count == 1 { "" } else { "}" });
            }
            _ => said.text.push_str(&self.number(tag, reader.u2()?)?),
        }
        Ok(())
    }

    fn number(&self, tag: u8, index: u16) -> Result<String, Malformed> {
        Ok(match tag {
            b'J' => format!("{}L", self.pool.eight(index)?.cast_signed()),
            b'D' => format!("{:?}", f64::from_bits(self.pool.eight(index)?)),
            b'F' => format!("{:?}F", f32::from_bits(self.pool.four(index)?)),
            b'Z' => (self.pool.four(index)? != 0).to_string(),
            b'C' => format!("{:?}", char::from_u32(self.pool.four(index)?).unwrap_or('\u{FFFD}')),
            _ => self.pool.four(index)?.cast_signed().to_string(),
        })
    }

    /// `Lp/Name;` as `p.Name`.
    fn type_name(&self, index: u16) -> Result<String, Malformed> {
        let descriptor = words(self.pool.utf8(index)?);
        let name = descriptor.strip_prefix('L').and_then(|rest| rest.strip_suffix(';'));
        Ok(name.unwrap_or(&descriptor).replace('/', "."))
    }
}

/// A class's name without its package and the class around it.
fn simple(name: &str) -> &str {
    name.rsplit(['.', '$']).next().unwrap_or(name)
}
