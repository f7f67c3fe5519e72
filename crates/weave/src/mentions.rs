//! Which classes a compiler may look up when it has read a class file: its parents, the types in the signatures of what
//! others may use, and the classes within it and around it. What only its code names, a compiler never asks for.

use std::collections::BTreeSet;

use crate::classfile::{Attribute, ClassFile, Malformed, Member, Pool, Reader};

const PRIVATE: u16 = 0x0002;
const SYNTHETIC: u16 = 0x1000;

/// Their names with slashes, modified UTF-8, each once.
///
/// # Errors
/// An attribute is malformed.
pub fn mentions<'a>(file: &ClassFile<'a>) -> Result<BTreeSet<&'a [u8]>, Malformed> {
    let mut found: BTreeSet<&'a [u8]> = file.superclass.into_iter().collect();
    for index in &file.interfaces {
        found.insert(file.pool.class(*index)?);
    }
    let members = file.fields.iter().chain(&file.methods);
    let usable = |member: &&Member<'a>| member.flags & (PRIVATE | SYNTHETIC) == 0;
    for member in members.filter(usable) {
        types(member.descriptor, &mut found);
        of_attributes(&member.attributes, file, &mut found)?;
    }
    of_attributes(&file.attributes, file, &mut found)?;
    found.remove(file.name);
    Ok(found)
}

fn of_attributes<'a>(
    attributes: &[Attribute<'a>],
    file: &ClassFile<'a>,
    found: &mut BTreeSet<&'a [u8]>,
) -> Result<(), Malformed> {
    for attribute in attributes {
        let mut reader = Reader::new(attribute.content);
        match attribute.name {
            b"Signature" => types(file.pool.utf8(reader.u2()?)?, found),
            b"Exceptions" | b"PermittedSubclasses" => {
                for _ in 0..reader.u2()? {
                    found.insert(file.pool.class(reader.u2()?)?);
                }
            }
            b"InnerClasses" => {
                for _ in 0..reader.u2()? {
                    let inner = file.pool.class(reader.u2()?)?;
                    let outer = class_or_none(&file.pool, reader.u2()?)?;
                    let _name_and_flags = reader.u4()?;
                    if outer == Some(file.name) {
                        found.insert(inner);
                    } else if inner == file.name {
                        found.extend(outer);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn class_or_none<'a>(pool: &Pool<'a>, index: u16) -> Result<Option<&'a [u8]>, Malformed> {
    if index == 0 { Ok(None) } else { pool.class(index).map(Some) }
}

/// The classes in a descriptor or a generic signature (JVMS 4.7.9.1). No JVM has verified the latter: what is malformed
/// gives fewer names, or odd ones.
fn types<'a>(text: &'a [u8], found: &mut BTreeSet<&'a [u8]>) {
    let mut rest = text;
    if let Some(parameters) = text.strip_prefix(b"<") {
        rest = parameters;
        while let Some(first) = rest.first().filter(|first| **first != b'>') {
            rest = match first {
                // `T:Lp/Bound;:Lp/Other;`, where the first bound may be empty.
                b':' if matches!(rest.get(1), Some(b'L' | b'T' | b'[')) => one(after(rest, 1), found),
                b':' => after(rest, 1),
                _ => from(rest, b":"),
            };
        }
        rest = after(rest, 1);
    }
    while let Some(first) = rest.first() {
        rest = if b"()^".contains(first) { after(rest, 1) } else { one(rest, found) };
    }
}

/// Reads one type and gives what comes after it.
fn one<'a>(text: &'a [u8], found: &mut BTreeSet<&'a [u8]>) -> &'a [u8] {
    const ENDS: &[u8] = b"<;.";
    let mut rest = text;
    let mut depth = 0_usize;
    while let Some(first) = rest.first() {
        match first {
            b'L' => {
                let end = from(after(rest, 1), ENDS);
                found.extend(rest.get(1..rest.len() - end.len()).filter(|name| !name.is_empty()));
                rest = end;
                continue;
            }
            b'T' => {
                rest = from(rest, b";");
                continue;
            }
            // A class within a generic one: the list of inner classes has it.
            b'.' => {
                rest = from(after(rest, 1), ENDS);
                continue;
            }
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b'[' | b'*' | b'+' | b'-' => {}
            _ if depth == 0 => return after(rest, 1),
            _ => {}
        }
        rest = after(rest, 1);
    }
    rest
}

fn after(text: &[u8], count: usize) -> &[u8] {
    text.get(count..).unwrap_or_default()
}

/// From the first of these letters on.
fn from<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    let at = text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len());
    after(text, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        types(text.as_bytes(), &mut found);
        found.into_iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    #[test]
    fn descriptors_and_signatures_name_classes() {
        for (text, expected) in [
            ("(I[Lp/A;JLp/B;)V", &["p/A", "p/B"][..]),
            ("[[I", &[]),
            (
                "<TL:Ljava/lang/Object;L::Lp/I;:Lp/J<TTL;>;>Lp/A<+Lp/B;*[Lp/C<TL;-Lp/D;>;>.Inner<[I>;Lp/E;",
                &["java/lang/Object", "p/A", "p/B", "p/C", "p/D", "p/E", "p/I", "p/J"],
            ),
            ("<T:>(TT;Lp/A;)TT;^Lp/X;^TT;", &["p/A", "p/X"]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_signatures_end() {
        for text in
            ["<", "<T", "<T:", "Lp/A", "Lp/A<", "L", ">>", "<<<>", "T", "Lp/A<Lp/B", "L;", "<:::", "."]
        {
            names(text);
        }
    }
}
