//! A root that is no Java object: a call that is being watched, whose parts exist only where they are asked for.

use crate::{Access, ErrorKind, Fault, Term};

/// The root of an expression where that is not an object: its properties are the embedding's.
///
/// The names are known when an expression is [prepared](crate::Prepared::new), so that a property is a number
/// (its place among them) when it is evaluated.
pub trait Source<A: Access> {
    /// The names of the properties: those that the expression was prepared with.
    fn names(&self) -> &'static [&'static str];

    /// A property's value.
    ///
    /// # Errors
    /// It cannot be had.
    fn property<'s>(&'s self, access: &A, slot: usize) -> Result<Term<'s, A>, Fault>;

    /// The element of a property that is an array, where that can be had without the array; none where not, also
    /// where there is no such element.
    ///
    /// # Errors
    /// It cannot be had.
    fn item<'s>(&'s self, _access: &A, _slot: usize, _index: usize) -> Result<Option<Term<'s, A>>, Fault> {
        Ok(None)
    }

    /// The length of a property that is an array, where that can be had without the array.
    fn length(&self, _slot: usize) -> Option<usize> {
        None
    }

    /// The root as an object, where it is to be passed to a method.
    ///
    /// # Errors
    /// There is none.
    fn object(&self, _access: &A) -> Result<A::Object, Fault> {
        let message = "The root is no object that could be passed on or called: name one of its properties.";
        Err(Fault::new(ErrorKind::IllegalArgument, message))
    }
}
