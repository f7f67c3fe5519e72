//! A class file as text, as `javap -c -v` gives it: header, fields, methods, code with its constants resolved, tables of
//! exceptions and lines. For people who want to see what runs where no decompiler is to be had, or who do not believe it.

mod code;
mod constant;
mod declared;
mod escaped;

use std::fmt::Write;

use crate::classfile::{ClassFile, Malformed, Member, Pool};
use constant::constant;
use declared::{method_flags, types};
use escaped::text;

/// The class as text; with `method` only the methods of this name, without fields.
///
/// # Errors
/// The class file is malformed. What is wrong only within one method is said there, and the rest follows.
pub fn listing(bytes: &[u8], method: Option<&str>) -> Result<String, Malformed> {
    let class = ClassFile::read(bytes)?;
    let mut out = String::with_capacity(bytes.len().saturating_mul(4));
    header(&class, &mut out);
    if method.is_none() {
        for field in &class.fields {
            declared::field(&class.pool, field, &mut out);
        }
    }
    for one in &class.methods {
        if method.is_none_or(|wanted| text(one.name) == wanted) {
            self::method(&class, one, &mut out);
        }
    }
    out.push_str("}\n");
    Ok(out)
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($what:tt)*) => {{
        let _ = write!($out, $($what)*);
    }};
}
use put;

fn header(class: &ClassFile<'_>, out: &mut String) {
    let pool = &class.pool;
    if let Some(file) = attribute_index(&class.attributes, b"SourceFile").and_then(|at| pool.utf8(at).ok()) {
        put!(out, "Compiled from \"{}\"\n", text(file));
    }
    out.push_str(&declared::class_flags(class.flags));
    put!(out, "{}", declared::dotted(class.name));
    let interfaces: Vec<String> =
        class.interfaces.iter().map(|at| pool.class(*at).map_or("?".to_owned(), declared::dotted)).collect();
    let is_interface = class.flags & declared::INTERFACE != 0;
    if let Some(above) = class.superclass.filter(|above| !is_interface && *above != b"java/lang/Object") {
        put!(out, " extends {}", declared::dotted(above));
    }
    if !interfaces.is_empty() {
        let word = if is_interface { "extends" } else { "implements" };
        put!(out, " {word} {}", interfaces.join(", "));
    }
    put!(out, "\n  version: {}.{}\n  flags: (0x{:04x})\n", class.major, class.minor, class.flags);
    put!(out, "  constant pool: {} entries\n{{\n", class.pool.count().saturating_sub(1));
}

fn method(class: &ClassFile<'_>, method: &Member<'_>, out: &mut String) {
    let pool = &class.pool;
    let descriptor = text(method.descriptor);
    let (parameters, returned) = types(&descriptor);
    out.push_str("  ");
    out.push_str(&method_flags(method.flags));
    match method.name {
        b"<clinit>" => out.push_str("{}"),
        b"<init>" => call(out, &declared::dotted(class.name), &parameters),
        name => {
            put!(out, "{returned} ");
            call(out, &text(name), &parameters);
        }
    }
    let thrown: Vec<String> = declared::exceptions(pool, &method.attributes);
    if !thrown.is_empty() {
        put!(out, " throws {}", thrown.join(", "));
    }
    put!(out, ";\n    descriptor: {descriptor}\n    flags: (0x{:04x})\n", method.flags);
    if let Some(attribute) = method.code() {
        out.push_str("    Code:\n");
        if let Err(why) = code::listing(class, method, attribute.content, out) {
            put!(out, "      {why}\n");
        }
    }
    out.push('\n');
}

fn call(out: &mut String, name: &str, parameters: &[String]) {
    put!(out, "{name}({})", parameters.join(", "));
}

/// The two bytes of an attribute that is one index.
fn attribute_index(attributes: &[crate::classfile::Attribute<'_>], name: &[u8]) -> Option<u16> {
    let found = attributes.iter().find(|attribute| attribute.name == name)?;
    match found.content {
        [high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

/// An entry as a comment beside what refers to it.
fn shown(class: &ClassFile<'_>, pool: &Pool<'_>, index: u16) -> String {
    constant(pool, class.name, index).unwrap_or_else(|why| why.what.to_owned())
}
