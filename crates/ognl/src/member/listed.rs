//! What members a class has, for sentences that say what is there.

use super::search::methods;
use crate::{Flags, Listed, Reflection};

/// The names by which properties of a class can be asked for: of getters and fields, its own first.
pub(crate) fn property_names<R: Reflection + ?Sized>(reflection: &R, class: &R::Class) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: String| {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    let mut above = Some(class.clone());
    while let Some(class) = above {
        let fields = reflection.fields(&class).into_iter();
        let hidden = Flags::STATIC.0 | Flags::SYNTHETIC.0;
        fields.filter(|field| field.flags.0 & hidden == 0).for_each(|field| add(field.name));
        above = reflection.superclass(&class);
    }
    let getters = methods(reflection, class, &mut |listed, _| {
        listed.parameters == 0 && !listed.flags.has(Flags::SYNTHETIC) && !listed.flags.has(Flags::STATIC)
    });
    for getter in getters {
        let name = &getter.listed.name;
        let property = ["get", "is", "has"].iter().find_map(|prefix| name.strip_prefix(prefix));
        if let Some(property) = property.filter(|rest| rest.starts_with(char::is_uppercase)) {
            add(decapitalized(property));
        }
    }
    names
}

/// The names of its methods.
pub(crate) fn method_names<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    of_class: bool,
) -> Vec<String> {
    let found = methods(reflection, class, &mut |listed, _| {
        !listed.flags.has(Flags::SYNTHETIC) && listed.flags.has(Flags::STATIC) == of_class
    });
    let mut names: Vec<String> = Vec::new();
    for one in found {
        if !names.contains(&one.listed.name) {
            names.push(one.listed.name);
        }
    }
    names
}

/// The methods of a name, inherited ones too, but those that the compiler made.
pub(crate) fn named_methods<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
) -> Vec<Listed<R::Method>> {
    let found = methods(reflection, class, &mut |listed, _| {
        listed.name == name && !listed.flags.has(Flags::SYNTHETIC)
    });
    found.into_iter().map(|one| one.listed).collect()
}

/// The names of its static fields.
pub(crate) fn static_names<R: Reflection + ?Sized>(reflection: &R, class: &R::Class) -> Vec<String> {
    let mut names = Vec::new();
    let mut above = Some(class.clone());
    while let Some(class) = above {
        let fields = reflection.fields(&class).into_iter();
        let shown = |flags: Flags| flags.has(Flags::STATIC) && !flags.has(Flags::SYNTHETIC);
        names.extend(fields.filter(|field| shown(field.flags)).map(|field| field.name));
        above = reflection.superclass(&class);
    }
    names
}

/// The methods of a name as one would call them: `total()`, `total(int)`.
pub(crate) fn overloads<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
    of_class: Option<bool>,
) -> Vec<String> {
    let found = methods(reflection, class, &mut |listed, _| {
        listed.name == name
            && !listed.flags.has(Flags::SYNTHETIC)
            && of_class.is_none_or(|of_class| listed.flags.has(Flags::STATIC) == of_class)
    });
    shown(reflection, name, found.into_iter().map(|one| one.listed.member))
}

/// The public constructors of a class as one would call them.
pub(crate) fn constructors<R: Reflection + ?Sized>(reflection: &R, class: &R::Class) -> Vec<String> {
    let found = reflection.constructors(class).into_iter().filter(|one| one.flags.has(Flags::PUBLIC));
    shown(reflection, &short_name(&reflection.class_name(class)), found.map(|one| one.member))
}

fn shown<R: Reflection + ?Sized>(
    reflection: &R,
    name: &str,
    found: impl Iterator<Item = R::Method>,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for method in found {
        let Ok(parameters) = reflection.parameters(&method) else { continue };
        let types: Vec<String> = parameters.iter().map(|class| type_name(reflection, class)).collect();
        let call = format!("{name}({})", types.join(", "));
        if !all.contains(&call) {
            all.push(call);
        }
    }
    all
}

/// A class as one would write it, without its package: `int[]`, `Map.Entry`.
pub(crate) fn type_name<R: Reflection + ?Sized>(reflection: &R, class: &R::Class) -> String {
    match reflection.component(class) {
        Some(component) => format!("{}[]", type_name(reflection, &component)),
        None => short_name(&reflection.class_name(class)),
    }
}

/// A class's name without its package.
pub(crate) fn short_name(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).replace('$', ".")
}

/// `Name` as a property's name: `name`, but `URL` stays.
pub(super) fn decapitalized(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_uppercase() => name.to_owned(),
        (Some(first), _) => first.to_lowercase().chain(name.chars().skip(1)).collect(),
        (None, _) => String::new(),
    }
}
