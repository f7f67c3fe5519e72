//! Walks over a class, what it extends and what it implements, in the order in which OGNL looks.

use crate::{Flags, Listed, Reflection};

/// A method and what its class lets others see.
pub(super) struct Candidate<R: Reflection + ?Sized> {
    pub(super) listed: Listed<R::Method>,
    /// The flags of the class that declares it.
    pub(super) of: Flags,
}

/// All methods that `take` takes: those of the class, of the classes above with their interfaces, of its own
/// interfaces. What is overridden comes later than what overrides it.
pub(super) fn methods<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    take: &mut dyn FnMut(&Listed<R::Method>, Flags) -> bool,
) -> Vec<Candidate<R>> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    walk(reflection, class, &mut seen, &mut |class| {
        let of = reflection.class_flags(class);
        let methods = reflection.methods(class).into_iter().filter(|listed| take(listed, of));
        found.extend(methods.map(|listed| Candidate { listed, of }));
    });
    found
}

/// Visits a class and its ancestors, each once.
fn walk<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    seen: &mut Vec<R::Class>,
    visit: &mut dyn FnMut(&R::Class),
) {
    // A class above comes before the interfaces below it, so that a list can stand for the recursion.
    let mut above = Some(class.clone());
    let mut interfaces = Vec::new();
    let mut line = Vec::new();
    while let Some(class) = above {
        visit(&class);
        above = reflection.superclass(&class);
        line.push(class);
    }
    for class in line.iter().rev() {
        interfaces.extend(reflection.interfaces(class));
    }
    interfaces.reverse();
    while let Some(interface) = interfaces.pop() {
        if !seen.contains(&interface) {
            visit(&interface);
            interfaces.extend(reflection.interfaces(&interface).into_iter().rev());
            seen.push(interface);
        }
    }
}

/// The field of this name that the class or one above it declares.
pub(super) fn field<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
) -> Option<Listed<R::Field>> {
    let mut above = Some(class.clone());
    while let Some(class) = above {
        if let Some(found) = reflection.fields(&class).into_iter().find(|field| field.name == name) {
            return Some(found);
        }
        above = reflection.superclass(&class);
    }
    None
}

/// Of the methods in the order of [`methods`], the one that OGNL calls as getter or setter: the first public
/// one of a public class, else the first.
pub(super) fn accessor<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    property: &str,
    prefixes: &[&str],
    parameters: usize,
) -> Option<Listed<R::Method>> {
    let base = capitalized(property);
    let named = |listed: &Listed<R::Method>| {
        let rest = prefixes.iter().find_map(|prefix| listed.name.strip_prefix(prefix));
        rest == Some(base.as_str()) && listed.parameters == parameters
    };
    let made = Flags::SYNTHETIC;
    let found = methods(reflection, class, &mut |listed, of| {
        let interface = of.has(Flags::INTERFACE);
        let usable = match interface {
            true => listed.flags.has(Flags::PUBLIC) && !listed.flags.has(Flags::STATIC),
            false => !listed.flags.has(made) && !listed.flags.has(Flags::BRIDGE),
        };
        usable && named(listed)
    });
    let public = |one: &Candidate<R>| one.listed.flags.has(Flags::PUBLIC) && one.of.has(Flags::PUBLIC);
    let best = found.iter().position(public);
    found.into_iter().nth(best.unwrap_or(0)).map(|one| one.listed)
}

/// `name` as it follows `get`: `Name`; but `aName` and `Name` stay as they are.
pub(super) fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else { return String::new() };
    let stays = second.is_some_and(|second| first.is_lowercase() && second.is_uppercase());
    let mut upper = first.to_uppercase();
    match (stays, upper.next(), upper.next()) {
        (false, Some(upper), None) => std::iter::once(upper).chain(name.chars().skip(1)).collect(),
        _ => name.to_owned(),
    }
}
