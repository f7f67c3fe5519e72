//! Operands that need not be copied: a reference costs the JVM a place to keep it.

use std::rc::Rc;

use crate::{Access, Fault, Term};

/// The root of the moment.
pub(super) enum Bound<'p, A: Access> {
    /// The scene's.
    Given(&'p Term<'p, A>),
    /// That of a lambda, or one that was assigned.
    Set(Rc<Term<'p, A>>),
}

impl<'p, A: Access> Bound<'p, A> {
    pub(super) fn term(&self) -> &Term<'p, A> {
        match self {
            Bound::Given(term) => term,
            Bound::Set(term) => term,
        }
    }
}

impl<A: Access> Clone for Bound<'_, A> {
    fn clone(&self) -> Self {
        match self {
            Bound::Given(term) => Bound::Given(term),
            Bound::Set(term) => Bound::Set(Rc::clone(term)),
        }
    }
}

/// A value that may be somebody else's.
pub(super) enum Held<'t, 'p, A: Access> {
    /// The source's.
    Lent(&'t Term<'p, A>),
    /// The scene's.
    Given(&'p Term<'p, A>),
    /// A variable's.
    Shared(Rc<Term<'p, A>>),
    Own(Term<'p, A>),
}

impl<'p, A: Access> Held<'_, 'p, A> {
    pub(super) fn term(&self) -> &Term<'p, A> {
        match self {
            Held::Lent(term) => term,
            Held::Given(term) => term,
            Held::Shared(term) => term,
            Held::Own(term) => term,
        }
    }

    pub(super) fn into_term(self, access: &A) -> Result<Term<'p, A>, Fault> {
        match self {
            Held::Own(term) => Ok(term),
            other => other.term().copy(access),
        }
    }
}
