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

impl Uses {
    /// Walks an expression.
    pub(super) fn of(node: &Node) -> Result<Uses, Refused> {
        let mut uses = Uses::default();
        uses.walk(node)?;
        Ok(uses)
    }

    fn walk(&mut self, node: &Node) -> Result<(), Refused> {
        let open = || Err(Refused::open(node));
        match &node.what {
            What::Constant(Constant::BigInteger { .. } | Constant::BigDecimal(_)) => {
                return open();
            }
            What::Constant(_) => {}
            What::Property(name) => match NAMES.iter().find(|(known, _)| known == name) {
                Some((_, end)) => self.end |= end,
                None => return open(),
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
                                return open();
                            }
                        },
                        What::Method(_) => child.children.iter().try_for_each(|child| self.walk(child))?,
                        _ => return open(),
                    }
                }
            }
            What::Variable(name) if name == "cost" => self.cost = true,
            What::Variable(_) => return open(),
            What::Assign => {
                return Err(Refused::new(node, "= assigns, which a condition must not do: compare with ==."));
            }
            What::Operator(Operator::In | Operator::NotIn) => return open(),
            What::Operator(_) | What::Test | What::InstanceOf(_) => {
                node.children.iter().try_for_each(|child| self.walk(child))?;
            }
            _ => return open(),
        }
        Ok(())
    }
}

/// Whether an expression speaks of `#cost`.
pub(super) fn names_cost(node: &Node) -> bool {
    matches!(&node.what, What::Variable(name) if name == "cost") || node.children.iter().any(names_cost)
}

/// The index that a constant is.
pub(super) fn index(node: &Node) -> Option<usize> {
    match node.what {
        What::Constant(Constant::Integer(index)) => usize::try_from(index).ok(),
        _ => None,
    }
}
