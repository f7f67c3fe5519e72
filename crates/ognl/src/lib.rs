//! The expression language of conditions and expressions: OGNL as its release 3.3.5 reads it.
//!
//! [`parse`] turns a text into a tree that remembers where each part stood. Pure: it knows no JVM,
//! only text and trees. It runs inside somebody's JVM, so that length and depth are bounded and
//! nothing panics.
#![forbid(unsafe_code)]

mod error;
mod lexer;
mod literal;
mod parser;
mod token;
mod tree;

pub use error::Error;
pub use parser::{MAX_DEPTH, MAX_LENGTH, parse};
pub use tree::{Constant, Node, Operator, Picked, Subscript, What};
