//! Sentences about what is not there, which say what is.

use std::ops::Range;

use super::Run;
use crate::fault::Failed;
use crate::member::{
    constructors, is_of_kind, method_names, overloads, property_names, short_name, static_names, type_name,
};
use crate::nearest::nearest;
use crate::prepared::Part;
use crate::{Access, ErrorKind, Fault, Kind, Term, find_class};

/// How many names a sentence lists.
const LISTED: usize = 12;

impl<'p, A: Access> Run<'p, A> {
    /// A failure to read a property.
    #[cold]
    #[inline(never)]
    pub(super) fn explained_property(
        &self,
        at: Range<usize>,
        fault: Fault,
        source: &Term<'p, A>,
        name: &str,
    ) -> Failed {
        if let Some(thrown) = fault.exception() {
            let message = format!(
                "{name} of {} cannot be read: it threw {}.",
                self.named_class(source),
                thrown.shown()
            );
            let kind = match self.is_own(source, name) {
                true => fault.kind().clone(),
                false => ErrorKind::PropertyFailed(thrown.class.clone()),
            };
            return Fault::new(kind, message).at(at);
        }
        if *fault.kind() != ErrorKind::NoSuchProperty || !fault.message().is_empty() {
            return fault.at(at);
        }
        Fault::new(ErrorKind::NoSuchProperty, self.no_property(source, name)).at(at)
    }

    /// A failure to read an element: what a list, map or array throws is told as it is.
    #[cold]
    #[inline(never)]
    pub(super) fn explained_element(
        &self,
        at: Range<usize>,
        fault: Fault,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
    ) -> Failed {
        let name = self.key_name(key);
        match fault.exception().filter(|_| self.is_element(source, key)) {
            Some(thrown) => {
                let of = self.named_class(source);
                let message = format!("[{name}] of {of} cannot be read: it threw {}.", thrown.shown());
                Fault::new(fault.kind().clone(), message).at(at)
            }
            None => self.explained_property(at, fault, source, &name),
        }
    }

    /// Whether a property is one that OGNL gives all objects of a kind, as `size` is.
    pub(super) fn is_own(&self, source: &Term<'p, A>, name: &str) -> bool {
        self.sort(source).is_some_and(|kind| is_of_kind(kind, name))
    }

    /// Whether an index means an element rather than a property of this name.
    pub(super) fn is_element(&self, source: &Term<'p, A>, key: &Term<'p, A>) -> bool {
        match self.sort(source) {
            Some(Kind::Map) => true,
            Some(Kind::List | Kind::Array(_)) => matches!(self.number(key), Ok(Some(_))),
            _ => false,
        }
    }

    /// The kind of a value, of one that was made too.
    fn sort(&self, of: &Term<'p, A>) -> Option<Kind> {
        match of {
            Term::Made(_) => self.class(of).ok().map(|class| Kind::of(self.access, &class)),
            of => self.kind(of).ok().flatten(),
        }
    }

    fn no_property(&self, source: &Term<'p, A>, name: &str) -> String {
        if let Term::Source(root) = source {
            let names: Vec<String> = root.names().iter().map(|name| (*name).to_owned()).collect();
            return no_such("The root", "property", name, &names);
        }
        let Ok(class) = self.class(source) else {
            return format!("There is no property {name} here.");
        };
        let of = type_name(self.access, &class);
        if static_names(self.access, &class).iter().any(|known| known == name) {
            let full = self.access.class_name(&class);
            return format!("{name} is a static field of {of}, not a property: write @{full}@{name}.");
        }
        let kind = self
            .access
            .component(&class)
            .map_or_else(|| Kind::of(self.access, &class), |_| Kind::Array(None));
        match kind {
            Kind::Array(_) => format!("An array has no property {name}: there are length and [index]."),
            Kind::List | Kind::Set | Kind::Collection => format!(
                "{of} has no property {name}: there are size and isEmpty; elements have theirs, as in .{{{name}}} for each."
            ),
            _ => no_such(&of, "property", name, &property_names(self.access, &class)),
        }
    }

    /// A failure to call a method of an object.
    #[cold]
    #[inline(never)]
    pub(super) fn explained_method(
        &self,
        part: &Part<A::Cache>,
        fault: Fault,
        source: &Term<'p, A>,
        name: &str,
    ) -> Failed {
        if let Some(thrown) = fault.exception() {
            let message = format!("{name}(..) of {} threw {}.", self.named_class(source), thrown.shown());
            return part.failed(Fault::new(ErrorKind::MethodFailed(thrown.class.clone()), message));
        }
        if *fault.kind() != ErrorKind::NoSuchMethod || !fault.message().is_empty() {
            return part.failed(fault);
        }
        let message = match self.class(source) {
            Ok(class) => {
                let there = overloads(self.access, &class, name, None);
                let names = method_names(self.access, &class, false);
                self.no_method(&type_name(self.access, &class), name, fault.arguments(), &there, &names)
            }
            Err(_) => format!("There is no method {name} here."),
        };
        part.failed(Fault::new(ErrorKind::NoSuchMethod, message))
    }

    /// A failure to call a static method.
    #[cold]
    #[inline(never)]
    pub(super) fn explained_static(
        &self,
        part: &Part<A::Cache>,
        fault: Fault,
        class: &str,
        name: &str,
    ) -> Failed {
        if let Some(thrown) = fault.exception() {
            let message = format!("@{class}@{name}(..) threw {}.", thrown.shown());
            return part.failed(Fault::new(ErrorKind::MethodFailed(thrown.class.clone()), message));
        }
        if *fault.kind() != ErrorKind::NoSuchMethod || !fault.message().is_empty() {
            return self.explained(part, fault, class);
        }
        let message = match find_class(self.access, class) {
            Ok(Some(found)) => {
                let there = overloads(self.access, &found, name, Some(true));
                if there.is_empty() && !overloads(self.access, &found, name, Some(false)).is_empty() {
                    let of = short_name(class);
                    format!(
                        "{name} of {of} is not static: it is called on an object, as in target.{name}(..)."
                    )
                } else {
                    let names = method_names(self.access, &found, true);
                    self.no_method(&short_name(class), name, fault.arguments(), &there, &names)
                }
            }
            _ => format!("There is no static method {name} in {class}."),
        };
        part.failed(Fault::new(ErrorKind::NoSuchMethod, message))
    }

    /// A failure to read a static field.
    #[cold]
    #[inline(never)]
    pub(super) fn explained_field(
        &self,
        part: &Part<A::Cache>,
        fault: Fault,
        class: &str,
        name: &str,
    ) -> Failed {
        if *fault.kind() != ErrorKind::NoSuchField || !fault.message().is_empty() {
            return self.explained(part, fault, class);
        }
        let message = match find_class(self.access, class) {
            Ok(Some(found)) => {
                let names = static_names(self.access, &found);
                match property_names(self.access, &found).iter().any(|known| known == name) {
                    true if !names.iter().any(|known| known == name) => {
                        let of = short_name(class);
                        format!("{name} of {of} is not static: it is read of an object, as in target.{name}.")
                    }
                    _ => no_such(&short_name(class), "static field", name, &names),
                }
            }
            _ => format!("There is no static field {name} in {class}."),
        };
        part.failed(Fault::new(ErrorKind::NoSuchField, message))
    }

    /// A failure to make an object.
    #[cold]
    #[inline(never)]
    pub(super) fn explained_new(&self, part: &Part<A::Cache>, fault: Fault, class: &str) -> Failed {
        if let Some(thrown) = fault.exception() {
            let message = format!("new {class}(..) threw {}.", thrown.shown());
            return part.failed(Fault::new(ErrorKind::MethodFailed(thrown.class.clone()), message));
        }
        if *fault.kind() != ErrorKind::NoSuchMethod || !fault.message().is_empty() {
            return self.explained(part, fault, class);
        }
        let there = match find_class(self.access, class) {
            Ok(Some(found)) => constructors(self.access, &found),
            _ => Vec::new(),
        };
        let of = short_name(class);
        let taken = fault.arguments().join(", ");
        let message = match there.is_empty() {
            true => format!("{of} has no public constructor."),
            false => {
                format!("{of} has no public constructor that takes ({taken}); there are {}.", some_of(&there))
            }
        };
        part.failed(Fault::new(ErrorKind::NoSuchMethod, message))
    }

    /// A failure that may be about a class.
    #[cold]
    #[inline(never)]
    pub(super) fn explained(&self, part: &Part<A::Cache>, fault: Fault, class: &str) -> Failed {
        if let Some(thrown) = fault.exception() {
            let message = format!("The class {class} cannot be used: it threw {}.", thrown.shown());
            return part.failed(Fault::new(fault.kind().clone(), message));
        }
        if *fault.kind() != ErrorKind::NoSuchClass || !fault.message().is_empty() {
            return part.failed(fault);
        }
        let advice = match class.contains('.') {
            true => {
                "a class within a class is written with $, as in java.util.Map$Entry, and the class must be \
                     known to the class loader that is asked"
            }
            false => "write its package too, but for java.lang",
        };
        part.failed(Fault::new(ErrorKind::NoSuchClass, format!("There is no class {class}: {advice}.")))
    }

    fn no_method(
        &self,
        of: &str,
        name: &str,
        arguments: &[String],
        there: &[String],
        names: &[String],
    ) -> String {
        if there.is_empty() {
            return no_such(of, "method", name, names);
        }
        format!(
            "{of} has no method {name} that takes ({}); there {} {}.",
            arguments.join(", "),
            if there.len() == 1 { "is" } else { "are" },
            some_of(there)
        )
    }

    fn named_class(&self, source: &Term<'p, A>) -> String {
        match source {
            Term::Source(_) => "the root".to_owned(),
            other => {
                self.class(other).map_or_else(|_| "this".to_owned(), |class| type_name(self.access, &class))
            }
        }
    }
}

/// `Order has no property itmes; did you mean items?`
pub(crate) fn no_such(of: &str, what: &str, name: &str, names: &[String]) -> String {
    let there = match (nearest(name, names), names.len()) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, 0) => return format!("{of} has no {what} {name}, nor any other."),
        (None, 1) => format!("there is {}.", some_of(names)),
        (None, _) => format!("there are {}.", some_of(names)),
    };
    format!("{of} has no {what} {name}; {there}")
}

/// The first of some names.
pub(crate) fn some_of(names: &[String]) -> String {
    let shown = names.get(..LISTED).unwrap_or(names).join(", ");
    match names.len().checked_sub(LISTED) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
