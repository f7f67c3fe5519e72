//! What sort of thing an object is to OGNL, which treats lists, maps, arrays and the like in ways of their own.

use crate::{Primitive, Reflection, Standard};

/// The sort of an object. Boxes have none: they arrive as values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `java.lang.String`.
    Text,
    /// A `java.util.List`.
    List,
    /// A `java.util.Set`.
    Set,
    /// A `java.util.Collection` of another kind.
    Collection,
    /// A `java.util.Map`.
    Map,
    /// A `java.util.Iterator`.
    Iterator,
    /// A `java.util.Enumeration`.
    Enumeration,
    /// An array, and of what primitive type.
    Array(Option<Primitive>),
    /// A `java.lang.Class`.
    Class,
    /// A constant of an enum.
    Enum,
    /// A `java.math.BigInteger`, not of a subclass.
    BigInteger,
    /// A `java.math.BigDecimal`, not of a subclass.
    BigDecimal,
    /// A `java.lang.Number` of another class.
    Number,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind of a class's objects. For a cache: it asks a dozen questions.
    pub fn of<R: Reflection + ?Sized>(reflection: &R, class: &R::Class) -> Kind {
        if let Some(component) = reflection.component(class) {
            return Kind::Array(reflection.as_primitive(&component));
        }
        const EXACT: [(Standard, Kind); 4] = [
            (Standard::String, Kind::Text),
            (Standard::Class, Kind::Class),
            (Standard::BigInteger, Kind::BigInteger),
            (Standard::BigDecimal, Kind::BigDecimal),
        ];
        const ANCESTORS: [(Standard, Kind); 8] = [
            (Standard::List, Kind::List),
            (Standard::Set, Kind::Set),
            (Standard::Collection, Kind::Collection),
            (Standard::Map, Kind::Map),
            (Standard::Iterator, Kind::Iterator),
            (Standard::Enumeration, Kind::Enumeration),
            (Standard::Enum, Kind::Enum),
            (Standard::Number, Kind::Number),
        ];
        let exact = EXACT.into_iter().find(|(standard, _)| reflection.standard(*standard) == *class);
        let found = exact.or_else(|| {
            let is = |standard| reflection.is_assignable(&reflection.standard(standard), class);
            ANCESTORS.into_iter().find(|(standard, _)| is(*standard))
        });
        found.map_or(Kind::Other, |(_, kind)| kind)
    }

    /// Whether it has elements that [`Access::each`](crate::Access::each) walks.
    pub(crate) fn is_walked(self) -> bool {
        matches!(
            self,
            Kind::List | Kind::Set | Kind::Collection | Kind::Map | Kind::Iterator | Kind::Enumeration
        )
    }
}
