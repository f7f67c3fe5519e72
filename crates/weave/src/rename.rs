//! Other names in a class file: two compilers call what they make up for lambdas differently, and a JVM that takes new
//! code for a loaded class takes no new names.

use crate::classfile::{ClassFile, Malformed, tag};

/// The class file with texts of its constant pool replaced, wherever they are used. None of them may be used as anything
/// but the name that is meant.
pub fn rename(class: &[u8], names: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<u8>, Malformed> {
    let read = ClassFile::read(class)?;
    let start = read.pool_start();
    let mut out = class.get(..start + 2).unwrap_or_default().to_vec();
    let mut at = start + 2;
    for index in 1..read.pool.count() {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        if read.pool.tag(index) != Ok(tag::UTF8) {
            continue;
        }
        let text = read.pool.utf8(index)?;
        let Some((_, new)) = names.iter().find(|(old, _)| old == text) else { continue };
        let place = read.pool.place(index);
        out.extend(class.get(at..place).unwrap_or_default());
        out.push(tag::UTF8);
        out.extend(u16::try_from(new.len()).unwrap_or(0).to_be_bytes());
        out.extend(new);
        at = place + 3 + text.len();
    }
    out.extend(class.get(at..).unwrap_or_default());
    Ok(out)
}

/// Gives the methods that a class has for lambdas the names that they have in another file of it, as far as there are as
/// many of one descriptor and of the same flags in both.
pub fn lambdas_as_in(class: &[u8], other: &[u8]) -> Result<Vec<u8>, Malformed> {
    let (new, old) = (ClassFile::read(class)?, ClassFile::read(other)?);
    let mut names = Vec::new();
    let mut seen: Vec<(&[u8], u16)> = Vec::new();
    for method in &new.methods {
        let kind = (method.descriptor, method.flags);
        if !method.name.starts_with(b"lambda$") || seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let of = |class: &ClassFile<'_>| -> Vec<Vec<u8>> {
            let same = class
                .methods
                .iter()
                .filter(|one| one.name.starts_with(b"lambda$") && (one.descriptor, one.flags) == kind);
            let mut names: Vec<Vec<u8>> = same.map(|one| one.name.to_vec()).collect();
            names.sort_by_key(|name| number(name));
            names
        };
        let (made, had) = (of(&new), of(&old));
        if made.len() == had.len() {
            names.extend(made.into_iter().zip(had).filter(|(made, had)| made != had));
        }
    }
    // A name that another method of it has already would make two of one.
    let taken = |had: &Vec<u8>| {
        new.methods.iter().any(|one| one.name == *had) && !names.iter().any(|(made, _)| made == had)
    };
    if names.is_empty() || names.iter().any(|(_, had)| taken(had)) {
        return Ok(class.to_vec());
    }
    rename(class, &names)
}

/// The number at a name's end, by which compilers count.
fn number(name: &[u8]) -> u32 {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = name.get(name.len() - digits..).unwrap_or_default();
    digits.iter().fold(0, |number: u32, digit| number.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')))
}
