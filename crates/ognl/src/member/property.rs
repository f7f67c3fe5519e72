//! What a property's name means to an object of some class, and how it is read.

use super::search::{accessor, field, methods};
use crate::{Access, ErrorKind, Fault, Flags, Kind, Reflection, Value};

/// What a property's name means: `M` and `F` are handles of methods and fields.
#[derive(Debug, Clone)]
pub enum Property<M, F> {
    /// A method without parameters: a getter, or one of just this name.
    Getter(M, Flags),
    /// A field of the object.
    Field(F),
    /// A field of the class, which is no property: it is written `@class@name`.
    StaticField,
    /// `length` of a text.
    TextLength,
    /// `isEmpty` of a text.
    TextIsEmpty,
    /// `length` of an array.
    Length,
    /// `size` of a collection or map.
    Size,
    /// `isEmpty` of a collection or map.
    IsEmpty,
    /// `iterator` of a collection.
    Iterator,
    /// `keys` or `keySet` of a map.
    Keys,
    /// `values` of a map.
    Values,
    /// Any other name of a map: the value that belongs to it.
    Entry,
    /// `next` or `nextElement`.
    Next,
    /// `hasNext` or `hasMoreElements`.
    HasNext,
    /// There is no such property.
    Missing,
}

/// What a property's name means, in an implementation's own handles.
pub type PropertyOf<R> = Property<<R as Reflection>::Method, <R as Reflection>::Field>;

/// What the name means to objects of a class: first what OGNL gives collections, maps, iterators and arrays;
/// then a getter `getName` or `isName`, private ones too; then a public method without parameters whose name is
/// `name`, `getname`, `hasname` or `isname`, whatever the case, where the shortest wins; then a field.
pub fn find_property<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    kind: Kind,
    name: &str,
) -> PropertyOf<R> {
    if let Some(found) = of_kind(kind, name) {
        return found;
    }
    if let Some(getter) = accessor(reflection, class, name, &["get", "is"], 0) {
        return Property::Getter(getter.member, getter.flags);
    }
    if let Some(getter) = by_any_case(reflection, class, name) {
        return getter;
    }
    match field(reflection, class, name) {
        Some(field) if field.flags.has(Flags::STATIC) => Property::StaticField,
        Some(field) => Property::Field(field.member),
        None => Property::Missing,
    }
}

/// What a kind gives by itself.
fn of_kind<M, F>(kind: Kind, name: &str) -> Option<Property<M, F>> {
    Some(match (kind, name) {
        (Kind::Text, "length") => Property::TextLength,
        (Kind::Text, "isEmpty" | "empty") => Property::TextIsEmpty,
        (Kind::Array(_), "length") => Property::Length,
        (Kind::List | Kind::Set | Kind::Collection | Kind::Map, "size") => Property::Size,
        (Kind::List | Kind::Set | Kind::Collection, "isEmpty" | "empty") => Property::IsEmpty,
        (Kind::List | Kind::Set | Kind::Collection, "iterator") => Property::Iterator,
        (Kind::Map, "isEmpty") => Property::IsEmpty,
        (Kind::Map, "keys" | "keySet") => Property::Keys,
        (Kind::Map, "values") => Property::Values,
        (Kind::Map, _) => Property::Entry,
        (Kind::Iterator, "next") | (Kind::Enumeration, "next" | "nextElement") => Property::Next,
        (Kind::Iterator, "hasNext") | (Kind::Enumeration, "hasNext" | "hasMoreElements") => Property::HasNext,
        _ => return None,
    })
}

/// Whether a kind gives this property by itself.
pub(crate) fn is_of_kind(kind: Kind, name: &str) -> bool {
    of_kind::<(), ()>(kind, name).is_some()
}

/// A public method that is called like the property, with or without a prefix.
fn by_any_case<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
) -> Option<PropertyOf<R>> {
    let name = name.replace('"', "").to_lowercase();
    let rank = |method: &str| {
        let lower = method.to_lowercase();
        let prefixed = ["get", "has", "is"].iter().any(|prefix| lower.strip_prefix(prefix) == Some(&name));
        match () {
            () if method.starts_with("set") => None,
            () if *method == name => Some(0),
            () if lower == name => Some(1),
            () => prefixed.then_some(2),
        }
    };
    let found = methods(reflection, class, &mut |listed, _| {
        let made = listed.flags.has(Flags::SYNTHETIC) && !listed.flags.has(Flags::BRIDGE);
        listed.parameters == 0 && listed.flags.has(Flags::PUBLIC) && !made && rank(&listed.name).is_some()
    });
    let best = found.into_iter().min_by_key(|one| rank(&one.listed.name));
    best.map(|one| Property::Getter(one.listed.member, one.listed.flags))
}

/// Reads what was found.
///
/// # Errors
/// There is nothing ([`ErrorKind::NoSuchProperty`]), or what is called threw or may not be called.
pub fn read<A: Access>(
    access: &A,
    of: &A::Object,
    name: &str,
    property: &PropertyOf<A>,
) -> Result<Value<A::Object>, Fault> {
    match property {
        Property::Getter(method, flags) => {
            access.call(method, if flags.has(Flags::STATIC) { None } else { Some(of) }, Vec::new())
        }
        Property::Field(field) => access.get(field, Some(of)),
        Property::TextLength => Ok(Value::Int(access.text_length(of)?.try_into().unwrap_or(i32::MAX))),
        Property::TextIsEmpty => Ok(Value::Boolean(access.text_length(of)? == 0)),
        Property::Length => access.length(of).map(Value::Int),
        Property::Size => access.size(of).map(Value::Int),
        Property::IsEmpty => access.is_empty(of).map(Value::Boolean),
        Property::Iterator => access.iterator(of),
        Property::Keys => access.keys(of),
        Property::Values => access.values(of),
        Property::Entry => {
            let units: Vec<u16> = name.encode_utf16().collect();
            access.map_get(of, &Value::Object(access.new_text(&units)?))
        }
        Property::Next => access.next(of),
        Property::HasNext => access.has_next(of).map(Value::Boolean),
        Property::StaticField | Property::Missing => Err(Fault::missing(ErrorKind::NoSuchProperty)),
    }
}

/// The value of `@class@name`: the class itself for `class`, an enum's constant, or a static field, of a class
/// above too.
///
/// # Errors
/// There is no such field ([`ErrorKind::NoSuchField`]), or its class could not be initialised.
pub fn read_static<A: Access>(access: &A, class: &A::Class, name: &str) -> Result<Value<A::Object>, Fault> {
    if name == "class" {
        return access.class_object(class).map(Value::Object);
    }
    match field(access, class, name) {
        Some(field) if field.flags.has(Flags::STATIC) => access.get(&field.member, None),
        _ => Err(Fault::missing(ErrorKind::NoSuchField)),
    }
}
