//! The expression language of conditions and expressions: OGNL as its release 3.3.5 reads and evaluates it.
//!
//! [`parse`] turns a text into a tree that remembers where each part stood; [`Prepared`] is that tree made ready
//! to be evaluated, [`Prepared::evaluate`] does it. Pure: the crate knows no JVM, only the trait [`Access`], behind
//! which there is one. It runs inside somebody's JVM, so that length, depth, steps and memory are bounded and
//! nothing panics.
#![forbid(unsafe_code)]

mod access;
mod check;
mod error;
mod evaluate;
mod fault;
mod fuel;
mod kind;
mod lexer;
mod literal;
mod lower;
mod member;
mod nearest;
mod number;
mod parser;
mod prepared;
mod reflection;
mod scene;
mod source;
mod term;
mod token;
mod tree;
mod value;

pub use access::{Access, BigOperation, Digits, Indexed, Magnitude};
pub use check::{Below, Declared, check};
pub use error::Error;
pub use fault::{ErrorKind, EvalError, Fault};
pub use fuel::Limits;
pub use kind::Kind;
pub use member::{
    Call, CallOf, IndexedProperty, Property, PropertyOf, argument_classes, convert, find_constructor,
    find_indexed, find_method, find_property, find_static_method, read, read_static, write,
};
pub use number::shown;
pub use parser::{MAX_DEPTH, MAX_LENGTH, parse};
pub use prepared::{Literal, Prepared};
pub use reflection::{Flags, Listed, Primitive, Reflection, Standard, find_class};
pub use scene::Scene;
pub use source::Source;
pub use term::{Content, Lambda, Made, Term, Text};
pub use tree::{Constant, Node, Operator, Picked, Subscript, What};
pub use value::Value;
