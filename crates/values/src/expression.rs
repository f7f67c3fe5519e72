//! An expression of the user's, read once and evaluated at many calls: for whether it holds, or for a copy of its value.
//! HOT.

use std::ops::Range;

use jvm::stack_room;
use ognl::{ErrorKind, EvalError, Node, Prepared, Scene, Term};

use crate::copier::{Copier, Limits};
use crate::java::{Java, Site, Value};
use crate::root::NAMES;
use crate::snapshot::Snapshot;

/// So much of the stack is left alone: for what an evaluation calls, and for the application itself.
pub(crate) const STACK: usize = 96 << 10;
/// The variable with the time that a call took.
const COST: &str = "cost";
/// Levels of an expression that must be possible at least.
const LEVELS: usize = 16;
/// An unoptimised build takes more of the stack.
const PER_LEVEL: usize = if cfg!(debug_assertions) { 16 } else { 1 } * ognl::Limits::STACK_PER_LEVEL;

/// Why an expression could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Of what sort it is.
    pub kind: ErrorKind,
    /// A sentence.
    pub message: String,
    /// In which part of the text, in bytes; empty where it is about the whole.
    pub at: Range<usize>,
}

/// An expression.
pub struct Expression {
    node: Node,
    /// It speaks of `#cost`.
    names_cost: bool,
    prepared: Prepared<Site>,
}

/// Where it is evaluated.
pub struct Place<'p, 'e, 'f> {
    /// The frame.
    pub java: &'p Java<'e, 'f>,
    /// What it begins with.
    pub root: Term<'p, Java<'e, 'f>>,
    /// `#cost`, in milliseconds; none where nothing was measured.
    pub cost: Option<f64>,
    /// Nothing but variables can be assigned.
    pub strict: bool,
}

impl Expression {
    /// Reads an expression whose root is a call.
    ///
    /// # Errors
    /// It is no expression.
    pub fn of_call(text: &str) -> Result<Self, ognl::Error> {
        Self::with_names(text, NAMES)
    }

    /// Reads an expression whose root has these properties.
    ///
    /// # Errors
    /// It is no expression.
    pub fn with_names(text: &str, names: &'static [&'static str]) -> Result<Self, ognl::Error> {
        let (prepared, node) = Prepared::with_tree(text, names)?;
        // A text within may be an expression of its own, which is read when it is evaluated.
        let names_cost = text.contains(COST);
        Ok(Self { node, names_cost, prepared })
    }

    /// Whether it may speak of `#cost`: else nobody has to know that.
    pub fn names_cost(&self) -> bool {
        self.names_cost
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.prepared.text()
    }

    /// Its tree.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Whether it is `true` itself: nothing else counts as that in a condition.
    ///
    /// # Errors
    /// It cannot be evaluated; why, in a sentence.
    pub fn holds(&self, place: Place<'_, '_, '_>) -> Result<bool, String> {
        let held = self.evaluate(place, |_, term| matches!(term, Term::Value(Value::Boolean(true))));
        held.map_err(|why| self.sentence(why))
    }

    /// A copy of its value.
    ///
    /// # Errors
    /// It cannot be evaluated; why, in a sentence.
    pub fn copy(&self, place: Place<'_, '_, '_>, limits: Limits) -> Result<Snapshot, String> {
        self.value(place, limits).map_err(|why| self.sentence(why))
    }

    /// A copy of its value.
    ///
    /// # Errors
    /// It cannot be evaluated; where and why.
    pub fn value(&self, place: Place<'_, '_, '_>, limits: Limits) -> Result<Snapshot, Mistake> {
        self.evaluate(place, |java, term| Copier::of_term(java, term, limits))
    }

    /// Evaluates it and hands its value to `take`.
    ///
    /// # Errors
    /// It cannot be evaluated; where and why.
    pub fn evaluate<'e, 'f, R>(
        &self,
        place: Place<'_, 'e, 'f>,
        take: impl FnOnce(&Java<'e, 'f>, &Term<'_, Java<'e, 'f>>) -> R,
    ) -> Result<R, Mistake> {
        let levels = stack_room::left().saturating_sub(STACK) / PER_LEVEL;
        if levels < LEVELS {
            let message = "The thread has so little stack left that nothing was evaluated.".to_owned();
            return Err(Mistake { kind: ErrorKind::TooDeep, message, at: 0..0 });
        }
        let most = ognl::Limits::default();
        let limits = ognl::Limits {
            depth: u16::try_from(levels).map_or(most.depth, |levels| levels.min(most.depth)),
            ..most
        };
        let cost = place.cost.map(|cost| [(COST, Term::Value(Value::Double(cost)))]);
        let variables = cost.as_ref().map_or(&[][..], |cost| cost);
        let scene =
            Scene::new(place.root).with_variables(variables).with_strict(place.strict).with_limits(limits);
        match self.prepared.evaluate(place.java, &scene) {
            Ok(term) => Ok(take(place.java, &term)),
            Err(EvalError { kind, message, at }) => Err(Mistake { kind, message, at }),
        }
    }

    /// What went wrong, and in which part.
    #[cold]
    fn sentence(&self, why: Mistake) -> String {
        match self.text().get(why.at.clone()) {
            Some(part) if !part.is_empty() && part.len() < self.text().len() => {
                format!("{} (in {part})", why.message)
            }
            _ => why.message,
        }
    }
}
