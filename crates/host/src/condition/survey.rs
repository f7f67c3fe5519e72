//! What a condition speaks of, whatever the method: found, and what no compiled condition has, refused.

use ognl::{Constant, Node, Operator, What};

use super::Refused;

/// What an expression needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// `#cost`
    pub(super) cost: bool,
    /// The result, the exception, or how the call ended.
    pub(super) end: bool,
    /// Indexes of parameters.
    pub(super) parameters: Vec<usize>,
}

/// The properties of the advice, and whether the end of the call decides on them.
pub(super) const NAMES: &[(&str, bool)] = &[
    ("params", false),
    ("target", false),
    ("returnObj", true),
    ("throwExp", true),
    ("isThrow", true),
    ("isReturn", true),
    ("isBefore", true),
    ("afterThrowing", true),
    ("afterReturning", true),
    ("before", true),
];

const ALLOWED: &str = "a condition compares params[i], params.length, target, returnObj, throwExp, isThrow, isReturn, \
                       isBefore and #cost with constants; the rest of the language comes with the evaluator";

impl Uses {
    /// Walks an expression.
    pub(super) fn of(node: &Node) -> Result<Uses, Refused> {
        let mut uses = Uses::default();
        uses.walk(node)?;
        Ok(uses)
    }

    fn walk(&mut self, node: &Node) -> Result<(), Refused> {
        let refused = |what: &str| Err(Refused::new(node, format!("{what}: {ALLOWED}.")));
        match &node.what {
            What::Constant(Constant::BigInteger { .. } | Constant::BigDecimal(_)) => {
                return refused("A number of java.math is not compared here");
            }
            What::Constant(_) => {}
            What::Property(name) => match NAMES.iter().find(|(known, _)| known == name) {
                Some((_, end)) => self.end |= end,
                None => return refused(&format!("{name} is not known here")),
            },
            What::Chain => {
                let start = usize::from(matches!(
                    node.children.first(),
                    Some(Node { what: What::Root | What::This, .. })
                ));
                let mut children = node.children.iter().skip(start);
                if let Some(first) = children.next() {
                    self.walk(first)?;
                }
                for child in children {
                    match &child.what {
                        What::Property(name) if name == "length" => {}
                        What::Index => match child.children.first().and_then(index) {
                            Some(index) => self.parameters.push(index),
                            None => {
                                return refused(
                                    "Only a number can stand in the brackets here, as in params[0]",
                                );
                            }
                        },
                        What::Method(_) => child.children.iter().try_for_each(|child| self.walk(child))?,
                        _ => return refused("Fields and properties are not read here"),
                    }
                }
            }
            What::Variable(name) if name == "cost" => self.cost = true,
            What::Variable(_) => return refused("This variable is not known here"),
            What::Assign => {
                return Err(Refused::new(node, "= assigns, which a condition must not do: compare with ==."));
            }
            What::Operator(Operator::In | Operator::NotIn) => return refused("Lists are not searched here"),
            What::Operator(_) | What::Test | What::InstanceOf(_) => {
                node.children.iter().try_for_each(|child| self.walk(child))?;
            }
            _ => return refused("This needs the evaluator"),
        }
        Ok(())
    }
}

/// The index that a constant is.
pub(super) fn index(node: &Node) -> Option<usize> {
    match node.what {
        What::Constant(Constant::Integer(index)) => usize::try_from(index).ok(),
        _ => None,
    }
}
