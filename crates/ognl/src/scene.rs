//! Where an expression is evaluated: its root, its variables, and what it may do.

use std::cell::OnceCell;

use crate::prepared::Prepared;
use crate::{Access, Limits, Term};

/// One evaluation's surroundings. Making one costs nothing.
pub struct Scene<'s, A: Access> {
    root: Term<'s, A>,
    variables: &'s [(&'s str, Term<'s, A>)],
    strict: bool,
    limits: Limits,
    trees: Trees<A::Cache>,
}

impl<'s, A: Access> Scene<'s, A> {
    /// A scene with this root, without variables, where nothing can be assigned but variables.
    pub fn new(root: Term<'s, A>) -> Self {
        Scene { root, variables: &[], strict: true, limits: Limits::default(), trees: Trees::new() }
    }

    /// With variables, such as `#cost`. An expression that assigns to one hides it from then on.
    #[must_use]
    pub fn with_variables(mut self, variables: &'s [(&'s str, Term<'s, A>)]) -> Self {
        self.variables = variables;
        self
    }

    /// Whether the expression may assign to properties and elements: not while `strict`.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn root(&self) -> &Term<'s, A> {
        &self.root
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Term<'s, A>> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, term)| term)
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn trees(&self) -> &Trees<A::Cache> {
        &self.trees
    }
}

/// Expressions that were read while one was evaluated, as in `("a + b")(x)`. They live as long as the scene,
/// since what they gave may refer to them.
pub(crate) struct Trees<C>(OnceCell<Box<Tree<C>>>);

struct Tree<C> {
    prepared: Prepared<C>,
    next: Trees<C>,
}

impl<C: Default> Trees<C> {
    fn new() -> Self {
        Trees(OnceCell::new())
    }

    /// The expression of this text, if it was read before.
    pub(crate) fn find(&self, text: &str) -> Option<&Prepared<C>> {
        let mut link = self;
        while let Some(tree) = link.0.get() {
            if tree.prepared.text() == text {
                return Some(&tree.prepared);
            }
            link = &tree.next;
        }
        None
    }

    /// Keeps an expression.
    pub(crate) fn keep(&self, prepared: Prepared<C>) -> &Prepared<C> {
        let mut link = self;
        while let Some(tree) = link.0.get() {
            link = &tree.next;
        }
        &link.0.get_or_init(|| Box::new(Tree { prepared, next: Trees::new() })).prepared
    }
}

impl<C> Drop for Trees<C> {
    /// One after the other: there may be many, and each holds the next.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut tree) = next {
            next = tree.next.0.take();
        }
    }
}
