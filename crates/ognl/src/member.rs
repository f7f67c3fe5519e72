//! Which member a name of an expression means: OGNL's rules as functions over [`Reflection`](crate::Reflection).

mod call;
mod convert;
mod indexed;
mod listed;
mod property;
mod search;
mod setter;

pub use call::{Call, CallOf, argument_classes, find_constructor, find_method, find_static_method};
pub use convert::convert;
pub(crate) use convert::{
    big_decimal_of, big_integer_of, boolean_of, double_of, is_true, long_of, text_of, trimmed,
};
pub use indexed::{IndexedProperty, find_indexed};
pub(crate) use listed::{
    constructors, method_names, named_methods, overloads, property_names, short_name, static_names, type_name,
};
pub(crate) use property::is_of_kind;
pub use property::{Property, PropertyOf, find_property, read, read_static};
pub use setter::write;
