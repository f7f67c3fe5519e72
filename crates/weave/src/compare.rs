//! Two files of one class: what the second has otherwise. A JVM takes other bodies of methods and hardly anything
//! else for a class that is loaded; what it would refuse is so known before it is asked, by field and method.
//!
//! What is compared, and how, follows HotSpot's `VM_RedefineClasses::compare_and_normalize_class_versions` (JVMTI,
//! `RedefineClasses`: errors 60 to 72).

use std::fmt::{self, Write as _};

use crate::classfile::{ClassFile, Code, Instructions, Malformed, Member, Reader};
use crate::constant::Constants;

/// In what two class files differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What is more than a body: most of it no loaded class takes.
    pub differences: Vec<Difference>,
    /// The methods that are in both and do something else. Where lines lie does not count.
    pub bodies: Vec<String>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What part of the class it is.
    pub part: Part,
    /// What became of it.
    pub change: Change,
    /// Its name as Java writes it: `total(int)`, `java.util.List`.
    pub name: String,
    /// The member's access flags: the new ones, or the old ones of what is removed.
    pub flags: u16,
}

/// A part of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What it is called: it is another class.
    Name,
    /// The class above it.
    Superclass,
    /// The interfaces that it names, and their order.
    Interfaces,
    /// Its access flags.
    Modifiers,
    /// A field.
    Field,
    /// The order of its fields.
    FieldOrder,
    /// A method or a constructor.
    Method,
    /// An attribute that may not change: `NestHost`, `NestMembers`, `Record`, `PermittedSubclasses`.
    Attribute,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another one.
    Changed,
}

const PRIVATE: u16 = 0x0002;
const STATIC: u16 = 0x0008;
const FINAL: u16 = 0x0010;
const SUPER: u16 = 0x0020;
const NATIVE: u16 = 0x0100;

impl Difference {
    /// Whether a JVM that lets private methods come and go takes it: HotSpot before 13, and with
    /// `-XX:+AllowRedefinitionToAddDeleteMethods` (JDK-8192936). They must be static or final.
    pub fn is_taken_by_lenient(&self) -> bool {
        self.part == Part::Method
            && self.change != Change::Changed
            && self.flags & PRIVATE != 0
            && self.flags & (STATIC | FINAL) != 0
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.change {
            Change::Added => "adds",
            Change::Removed => "removes",
            Change::Changed => "changes",
        };
        let name = &self.name;
        match self.part {
            Part::Name => write!(out, "is another class, {name}"),
            Part::Superclass => write!(out, "extends {name} now"),
            Part::Interfaces => write!(out, "changes the interfaces to {name}"),
            Part::Modifiers => write!(out, "changes the class's modifiers to `{name}`"),
            Part::FieldOrder => write!(out, "puts the fields into another order"),
            Part::Attribute => write!(out, "{verb} {name}"),
            Part::Field if self.change == Change::Changed => write!(out, "changes the field {name}"),
            Part::Field => write!(out, "{verb} the field {name}"),
            Part::Method if self.change == Change::Changed => {
                write!(out, "changes the modifiers of {name} to `{}`", Modifiers(self.flags))
            }
            Part::Method => {
                write!(out, "{verb} the method {name}")?;
                match name {
                    name if name.starts_with("lambda$") => out.write_str(", made for a lambda expression"),
                    name if name.starts_with("access$") => out.write_str(
                        ", made for nested classes by compilers before Java 11: compile for the same Java as before",
                    ),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Compares the files of a class: as it is, and as it shall be.
pub fn compare(old: &[u8], new: &[u8]) -> Result<Comparison, Malformed> {
    let (old, new) = (ClassFile::read(old)?, ClassFile::read(new)?);
    let mut found = Comparison::default();
    let mut differs = |part, change, name, flags| {
        found.differences.push(Difference { part, change, name, flags });
    };
    if old.name != new.name {
        differs(Part::Name, Change::Changed, dotted(new.name), 0);
    }
    if old.superclass != new.superclass {
        differs(Part::Superclass, Change::Changed, dotted(new.superclass.unwrap_or_default()), 0);
    }
    let (had, has) = (interfaces(&old)?, interfaces(&new)?);
    if had != has {
        let names: Vec<String> = has.iter().map(|name| dotted(name)).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        differs(Part::Interfaces, Change::Changed, names, 0);
    }
    // Compilers set ACC_SUPER as they like; no JVM heeds it any more.
    if (old.flags ^ new.flags) & !SUPER != 0 {
        differs(Part::Modifiers, Change::Changed, Modifiers(new.flags & !SUPER).to_string(), new.flags);
    }
    for field in without(&new.fields, &old.fields) {
        differs(Part::Field, Change::Added, text(field.name), field.flags);
    }
    for field in &old.fields {
        match same(field, &new.fields) {
            None => differs(Part::Field, Change::Removed, text(field.name), field.flags),
            Some(now) if now.flags != field.flags => {
                differs(Part::Field, Change::Changed, text(field.name), now.flags);
            }
            Some(_) => {}
        }
    }
    let order = |class: &ClassFile<'_>, other: &ClassFile<'_>| -> Vec<Vec<u8>> {
        let both = class.fields.iter().filter(|field| same(field, &other.fields).is_some());
        both.map(|field| [field.name, field.descriptor].concat()).collect()
    };
    if order(&old, &new) != order(&new, &old) {
        differs(Part::FieldOrder, Change::Changed, String::new(), 0);
    }
    for method in without(&new.methods, &old.methods) {
        differs(Part::Method, Change::Added, signature(method), method.flags);
    }
    let mut both = Vec::new();
    for method in &old.methods {
        match same(method, &new.methods) {
            None => differs(Part::Method, Change::Removed, signature(method), method.flags),
            Some(now) => {
                if (now.flags ^ method.flags) & !NATIVE != 0 {
                    differs(Part::Method, Change::Changed, signature(method), now.flags);
                }
                both.push((method, now));
            }
        }
    }
    for name in ["NestHost", "NestMembers", "Record", "PermittedSubclasses"] {
        let (before, now) = (names(&old, name)?, names(&new, name)?);
        let change = match (before.is_some(), now.is_some()) {
            (false, true) => Change::Added,
            (true, false) => Change::Removed,
            _ if before != now => Change::Changed,
            _ => continue,
        };
        let words = match name {
            "NestHost" => "the class in which it is nested",
            "NestMembers" => "the list of classes nested in it",
            "Record" => "the components of the record",
            _ => "the list of permitted subclasses",
        };
        differs(Part::Attribute, change, words.to_owned(), 0);
    }
    let (constants, constants_now) = (Constants::of(&old)?, Constants::of(&new)?);
    for (method, now) in both {
        if body(&old, &constants, method)? != body(&new, &constants_now, now)? {
            found.bodies.push(signature(method));
        }
    }
    Ok(found)
}

fn same<'m, 'a>(member: &Member<'_>, among: &'m [Member<'a>]) -> Option<&'m Member<'a>> {
    among.iter().find(|other| other.name == member.name && other.descriptor == member.descriptor)
}

fn without<'m, 'a>(of: &'m [Member<'a>], known: &[Member<'_>]) -> Vec<&'m Member<'a>> {
    of.iter().filter(|member| same(member, known).is_none()).collect()
}

/// The names of the interfaces, in the file's order.
fn interfaces<'a>(class: &ClassFile<'a>) -> Result<Vec<&'a [u8]>, Malformed> {
    class.interfaces.iter().map(|index| class.pool.class(*index)).collect()
}

/// The classes, or the components, that an attribute lists.
fn names(class: &ClassFile<'_>, attribute: &str) -> Result<Option<Vec<Vec<u8>>>, Malformed> {
    let Some(found) = class.attributes.iter().find(|one| one.name == attribute.as_bytes()) else {
        return Ok(None);
    };
    let mut reader = Reader::new(found.content);
    let count = if attribute == "NestHost" { 1 } else { reader.u2()? };
    let mut names = Vec::new();
    for _ in 0..count {
        let name = reader.u2()?;
        names.push(match attribute {
            "Record" => {
                let descriptor = class.pool.utf8(reader.u2()?)?;
                crate::classfile::Attributes::read(&mut reader, &class.pool)?;
                [class.pool.utf8(name)?, b":", descriptor].concat()
            }
            _ => class.pool.class(name)?.to_vec(),
        });
    }
    Ok(Some(names))
}

/// What a method does, however its constants are numbered.
fn body(
    class: &ClassFile<'_>,
    constants: &Constants<'_, '_>,
    method: &Member<'_>,
) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    let Some(attribute) = method.code() else { return Ok(out) };
    let code = Code::read(attribute.content, &class.pool)?;
    for instruction in Instructions::new(code.bytes) {
        constants.instruction(&instruction?, &mut out)?;
    }
    for handler in &code.handlers {
        for number in [handler.start, handler.end, handler.target] {
            out.extend(number.to_be_bytes());
        }
        if handler.catch != 0 {
            out.extend(class.pool.class(handler.catch)?);
        }
    }
    Ok(out)
}

/// Access flags in words.
struct Modifiers(u16);

impl fmt::Display for Modifiers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WORDS: [(u16, &str); 8] = [
            (0x0001, "public"),
            (PRIVATE, "private"),
            (0x0004, "protected"),
            (STATIC, "static"),
            (FINAL, "final"),
            (NATIVE, "native"),
            (0x0400, "abstract"),
            (0x1000, "synthetic"),
        ];
        let mut separator = "";
        for (_, word) in WORDS.iter().filter(|(flag, _)| self.0 & flag != 0) {
            write!(out, "{separator}{word}")?;
            separator = " ";
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn dotted(internal: &[u8]) -> String {
    text(internal).replace('/', ".")
}

/// `name(int, java.lang.String[])`.
fn signature(method: &Member<'_>) -> String {
    let mut out = text(method.name);
    out.push('(');
    let descriptor = text(method.descriptor);
    let mut rest = descriptor.trim_start_matches('(');
    let mut separator = "";
    while !rest.is_empty() && !rest.starts_with(')') {
        let array = rest.len() - rest.trim_start_matches('[').len();
        rest = rest.get(array..).unwrap_or_default();
        let word = match rest.bytes().next() {
            Some(b'Z') => "boolean",
            Some(b'B') => "byte",
            Some(b'C') => "char",
            Some(b'S') => "short",
            Some(b'I') => "int",
            Some(b'J') => "long",
            Some(b'F') => "float",
            Some(b'D') => "double",
            _ => rest.split_once(';').and_then(|(class, _)| class.get(1..)).unwrap_or_default(),
        };
        let length = if rest.starts_with('L') { word.len() + 2 } else { 1 };
        let _ = write!(out, "{separator}{}{}", word.replace('/', "."), "[]".repeat(array));
        separator = ", ";
        rest = rest.get(length..).unwrap_or_default();
    }
    out.push(')');
    out
}
