//! What members the classes have that a declared class stands for, as the evaluator would find them.

use crate::member::named_methods;
use crate::{Flags, Kind, Primitive, Property, Reflection, Standard, find_property};

/// Whether no class can be below it.
pub(super) fn is_final<R: Reflection>(reflection: &R, class: &R::Class) -> bool {
    match reflection.component(class) {
        // Members of an array are those of every array.
        Some(_) => true,
        None => reflection.as_primitive(class).is_some() || reflection.class_flags(class).has(Flags::FINAL),
    }
}

/// A primitive type's box; another class itself.
pub(super) fn boxed<R: Reflection>(reflection: &R, class: &R::Class) -> R::Class {
    let primitive = reflection.as_primitive(class);
    primitive.map_or_else(|| class.clone(), |primitive| reflection.standard(primitive.boxed()))
}

pub(super) fn has_property<R: Reflection>(reflection: &R, class: &R::Class, name: &str) -> bool {
    let class = boxed(reflection, class);
    let has = |class: &R::Class| {
        let found = find_property(reflection, class, Kind::of(reflection, class), name);
        !matches!(found, Property::Missing | Property::StaticField)
    };
    // What implements an interface is an object.
    has(&class) || (is_interface(reflection, &class) && has(&reflection.standard(Standard::Object)))
}

fn is_interface<R: Reflection>(reflection: &R, class: &R::Class) -> bool {
    reflection.class_flags(class).has(Flags::INTERFACE)
}

/// The methods of this name that take so many arguments.
pub(super) fn takers<R: Reflection>(
    reflection: &R,
    class: &R::Class,
    name: &str,
    count: usize,
) -> Vec<R::Method> {
    let class = boxed(reflection, class);
    let mut found = named_methods(reflection, &class, name);
    if is_interface(reflection, &class) {
        found.extend(named_methods(reflection, &reflection.standard(Standard::Object), name));
    }
    found.retain(|listed| {
        let varargs = listed.flags.has(Flags::VARARGS) && listed.parameters <= count + 1;
        listed.parameters == count || varargs
    });
    found.into_iter().map(|listed| listed.member).collect()
}

/// The declared class of a property's value.
pub(super) fn type_of_property<R: Reflection>(
    reflection: &R,
    class: &R::Class,
    name: &str,
) -> Option<R::Class> {
    let class = boxed(reflection, class);
    match find_property(reflection, &class, Kind::of(reflection, &class), name) {
        Property::Getter(method, _) => reflection.returned(&method).ok().flatten(),
        Property::Field(field) => reflection.field_type(&field).ok(),
        Property::TextLength | Property::Length | Property::Size => {
            Some(reflection.primitive(Primitive::Int))
        }
        _ => None,
    }
}

/// What the methods return that take so many arguments, if it is one class.
pub(super) fn type_of_call<R: Reflection>(
    reflection: &R,
    class: &R::Class,
    name: &str,
    count: usize,
) -> Option<R::Class> {
    let takers = takers(reflection, class, name, count);
    let mut returned = takers.iter().map(|method| reflection.returned(method).ok().flatten());
    let first = returned.next()??;
    returned.all(|other| other.as_ref() == Some(&first)).then_some(first)
}
