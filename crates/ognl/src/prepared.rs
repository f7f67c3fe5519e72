//! An expression made ready to be evaluated many times by many threads: a tree of parts without anything that has
//! to be looked up in texts again, each with the memory of its place.

use std::ops::Range;

use crate::lower::Lowering;
use crate::{Error, Fault, Node, Operator, Picked, Subscript, parse};

/// An expression, ready to be evaluated.
pub struct Prepared<C> {
    text: Box<str>,
    names: &'static [&'static str],
    pub(crate) root: Part<C>,
}

impl<C: Default> Prepared<C> {
    /// Reads an expression. `names` are the properties of the root where that will be a
    /// [`Source`](crate::Source); none otherwise.
    ///
    /// # Errors
    /// It is no expression of OGNL.
    pub fn new(text: &str, names: &'static [&'static str]) -> Result<Self, Error> {
        Prepared::within(text, names, None)
    }

    /// The same, and the tree it was made of, for who looks into that, too.
    ///
    /// # Errors
    /// It is no expression of OGNL.
    pub fn with_tree(text: &str, names: &'static [&'static str]) -> Result<(Self, Node), Error> {
        let node = parse(text)?;
        Ok((Prepared::of_tree(text, &node, names, None), node))
    }

    /// Reads a text that an expression evaluates at this place: errors are told there.
    pub(crate) fn within(
        text: &str,
        names: &'static [&'static str],
        within: Option<Range<usize>>,
    ) -> Result<Self, Error> {
        Ok(Prepared::of_tree(text, &parse(text)?, names, within))
    }

    fn of_tree(
        text: &str,
        node: &Node,
        names: &'static [&'static str],
        within: Option<Range<usize>>,
    ) -> Self {
        Prepared { root: Lowering { text, names, within }.part(node), text: text.into(), names }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn names(&self) -> &'static [&'static str] {
        self.names
    }
}

/// A part of an expression.
pub(crate) struct Part<C> {
    pub(crate) op: Op<C>,
    /// Where it stands, in bytes.
    start: u32,
    end: u32,
    /// What an [`Access`] remembers of this place.
    pub(crate) site: C,
}

impl<C: Default> Part<C> {
    pub(crate) fn new(op: Op<C>, at: &Range<usize>) -> Self {
        Part { op, start: narrow(at.start), end: narrow(at.end), site: C::default() }
    }

    pub(crate) fn at(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// A failure of this part.
    #[cold]
    pub(crate) fn failed(&self, fault: Fault) -> crate::fault::Failed {
        fault.at(self.at())
    }
}

/// A text that is written in an expression.
pub struct Literal<C> {
    pub(crate) units: Box<[u16]>,
    pub(crate) site: C,
}

/// A property's name.
pub(crate) struct Name {
    pub(crate) text: Box<str>,
    /// Its place among the names of a root that is no object.
    pub(crate) slot: Option<u16>,
    pub(crate) known: Known,
    start: u32,
    end: u32,
}

impl Name {
    pub(crate) fn new(text: &str, slot: Option<u16>, at: &Range<usize>) -> Self {
        Name { text: text.into(), slot, known: Known::of(text), start: narrow(at.start), end: narrow(at.end) }
    }

    pub(crate) fn at(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Expressions are shorter than that.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Names that the evaluator answers itself for some kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    None,
    Length,
    Size,
    IsEmpty,
    Empty,
    Equals,
}

impl Known {
    pub(crate) fn of(name: &str) -> Known {
        match name {
            "length" => Known::Length,
            "size" => Known::Size,
            "isEmpty" => Known::IsEmpty,
            "empty" => Known::Empty,
            "equals" => Known::Equals,
            _ => Known::None,
        }
    }
}

/// A key of a map and its value, which may be left away.
pub(crate) type Pair<C> = (Part<C>, Option<Part<C>>);

/// What a part does. Slices are never longer than the expression.
pub(crate) enum Op<C> {
    Null,
    Boolean(bool),
    Character(u16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Digits and radix.
    BigInteger(Box<[u16]>, u32),
    BigDecimal(Box<[u16]>),
    Text(Literal<C>),
    Property(Name),
    Index(Box<Part<C>>),
    Subscript(Subscript),
    /// A property and the index that follows it, which its class may want to take itself.
    PropertyAt(Name, Box<Part<C>>),
    /// A property and the `length` that follows it.
    PropertyLength(Name, Box<Part<C>>),
    Method(Name, Box<[Part<C>]>),
    StaticMethod {
        class: Box<str>,
        name: Box<str>,
        arguments: Box<[Part<C>]>,
    },
    StaticField {
        class: Box<str>,
        name: Box<str>,
    },
    New(Box<str>, Box<[Part<C>]>),
    /// By its size.
    NewArray(Box<str>, Box<Part<C>>),
    /// By its elements.
    NewArrayOf(Box<str>, Box<[Part<C>]>),
    List(Box<[Part<C>]>),
    /// Its class and its pairs.
    Map(Option<Box<str>>, Box<[Pair<C>]>),
    /// The body, and how the whole is written.
    Lambda(Box<Part<C>>, Box<str>),
    This,
    Root,
    Variable(Box<str>),
    Chain(Box<Part<C>>, Box<[Part<C>]>),
    Sequence(Box<[Part<C>]>),
    Eval(Box<[Part<C>; 2]>),
    Assign(Box<[Part<C>; 2]>),
    Test(Box<[Part<C>; 3]>),
    And(Box<[Part<C>]>),
    Or(Box<[Part<C>]>),
    Not(Box<Part<C>>),
    /// `-` or `~` before an operand.
    Unary(Operator, Box<Part<C>>),
    /// Arithmetic and bits: the first operand and what follows, from the left.
    Arithmetic(Operator, Box<Part<C>>, Box<[Part<C>]>),
    /// `<` and the like.
    Compare(Operator, Box<[Part<C>; 2]>),
    /// `==`, or `!=` where false.
    Equal(bool, Box<[Part<C>; 2]>),
    /// `in`, or `not in` where false.
    In(bool, Box<[Part<C>; 2]>),
    InstanceOf(Box<Part<C>>, Box<str>),
    Project(Box<Part<C>>),
    Select(Picked, Box<Part<C>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_that_of_the_text() {
        for text in ["params[0].name.length() > 2", "#a={1,2}, #a.{#this*2}"] {
            let (prepared, tree) =
                Prepared::<()>::with_tree(text, &["params"]).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!((prepared.text(), Ok(tree)), (text, parse(text)));
        }
        let [why, other] = [Prepared::<()>::with_tree("1 +", &[]).err(), parse("1 +").err()];
        assert!(why.is_some() && why == other);
    }
}
