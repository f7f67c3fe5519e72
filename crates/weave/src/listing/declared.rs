//! How classes, fields and methods are declared: flags as Java's words, descriptors as its types.

use std::fmt::Write;

use super::escaped::text;
use super::put;
use crate::classfile::{Attribute, Member, Pool, Reader};

/// `ACC_INTERFACE`.
pub(super) const INTERFACE: u16 = 0x0200;

const CLASS: &[(u16, &str)] = &[(0x0001, "public "), (0x0010, "final "), (0x0400, "abstract ")];
const FIELD: &[(u16, &str)] = &[
    (0x0001, "public "),
    (0x0002, "private "),
    (0x0004, "protected "),
    (0x0008, "static "),
    (0x0010, "final "),
    (0x0040, "volatile "),
    (0x0080, "transient "),
];
const METHOD: &[(u16, &str)] = &[
    (0x0001, "public "),
    (0x0002, "private "),
    (0x0004, "protected "),
    (0x0008, "static "),
    (0x0010, "final "),
    (0x0020, "synchronized "),
    (0x0100, "native "),
    (0x0400, "abstract "),
    (0x0800, "strictfp "),
];

fn words(flags: u16, of: &[(u16, &str)]) -> String {
    of.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, word)| *word).collect()
}

pub(super) fn method_flags(flags: u16) -> String {
    words(flags, METHOD)
}

/// With the kind of class.
pub(super) fn class_flags(flags: u16) -> String {
    match flags {
        _ if flags & INTERFACE != 0 => words(flags & !0x0400, CLASS) + "interface ",
        _ => words(flags, CLASS) + "class ",
    }
}

/// An internal name with dots.
pub(super) fn dotted(name: &[u8]) -> String {
    text(name).replace('/', ".")
}

/// The first type of a descriptor and what follows it; what is none is shown as it stands.
fn first(descriptor: &str) -> (String, &str) {
    let element = descriptor.trim_start_matches('[');
    let dimensions = descriptor.len() - element.len();
    let end = match element.chars().next() {
        Some('L') => element.find(';').map_or(element.len(), |end| end + 1),
        Some(letter) => letter.len_utf8(),
        None => 0,
    };
    let (element, rest) = element.split_at(end);
    let mut shown = match element {
        "B" => "byte".to_owned(),
        "C" => "char".to_owned(),
        "D" => "double".to_owned(),
        "F" => "float".to_owned(),
        "I" => "int".to_owned(),
        "J" => "long".to_owned(),
        "S" => "short".to_owned(),
        "Z" => "boolean".to_owned(),
        "V" => "void".to_owned(),
        other => other.strip_prefix('L').unwrap_or(other).trim_end_matches(';').replace('/', "."),
    };
    // A type has 255 dimensions at most (JVMS 4.3.2).
    for _ in 0..dimensions.min(255) {
        shown.push_str("[]");
    }
    (shown, rest)
}

/// Parameters and result of a method's descriptor.
pub(super) fn types(descriptor: &str) -> (Vec<String>, String) {
    let mut rest = descriptor.strip_prefix('(').unwrap_or(descriptor);
    let mut parameters = Vec::new();
    while !rest.is_empty() && !rest.starts_with(')') {
        let (one, more) = first(rest);
        parameters.push(one);
        rest = more;
    }
    (parameters, first(rest.strip_prefix(')').unwrap_or(rest)).0)
}

/// The classes a method is declared to throw.
pub(super) fn exceptions(pool: &Pool<'_>, attributes: &[Attribute<'_>]) -> Vec<String> {
    let Some(found) = attributes.iter().find(|attribute| attribute.name == b"Exceptions") else {
        return Vec::new();
    };
    let mut reader = Reader::new(found.content);
    let mut all = Vec::new();
    let count = reader.u2().unwrap_or(0);
    for _ in 0..count {
        let Ok(index) = reader.u2() else { break };
        all.push(pool.class(index).map_or("?".to_owned(), dotted));
    }
    all
}

/// A field with its constant, if it has one.
pub(super) fn field(pool: &Pool<'_>, field: &Member<'_>, out: &mut String) {
    let descriptor = text(field.descriptor);
    let (shown, _) = first(&descriptor);
    put!(out, "  {}{shown} {};\n", words(field.flags, FIELD), text(field.name));
    put!(out, "    descriptor: {descriptor}\n    flags: (0x{:04x})\n", field.flags);
    if let Some(index) = super::attribute_index(&field.attributes, b"ConstantValue") {
        let value = super::constant(pool, b"", index).unwrap_or_else(|why| why.what.to_owned());
        put!(out, "    ConstantValue: {value}\n");
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_shown_as_types() {
        let (parameters, returned) = types("(I[[Ljava/lang/String;JD)[B");
        assert_eq!(parameters, ["int", "java.lang.String[][]", "long", "double"]);
        assert_eq!(returned, "byte[]");
    }

    #[test]
    fn what_is_no_descriptor_ends() {
        for broken in ["", "(", "(L", "([", "()", "é(", "(é)", ")", "(Lé"] {
            let _ = types(broken);
        }
    }
}
