//! From the tree as it was read to the parts that are evaluated.

use std::ops::Range;

use crate::prepared::{Literal, Name, Op, Pair, Part};
use crate::{Constant, Node, Operator, What};

/// Makes parts of nodes.
pub(crate) struct Lowering<'a> {
    pub(crate) text: &'a str,
    pub(crate) names: &'static [&'static str],
    /// Of a text that an expression evaluates: where that stands in the expression, which is all that can be shown.
    pub(crate) within: Option<Range<usize>>,
}

impl Lowering<'_> {
    pub(crate) fn part<C: Default>(&self, node: &Node) -> Part<C> {
        Part::new(self.op(node), self.place(&node.at))
    }

    fn place<'r>(&'r self, at: &'r Range<usize>) -> &'r Range<usize> {
        self.within.as_ref().unwrap_or(at)
    }

    fn boxed<C: Default>(&self, node: Option<&Node>) -> Box<Part<C>> {
        // The parser gives each node the children it needs.
        let part = node.map_or_else(|| Part::new(Op::Null, &(0..0)), |node| self.part(node));
        Box::new(part)
    }

    fn all<C: Default>(&self, nodes: &[Node]) -> Box<[Part<C>]> {
        nodes.iter().map(|node| self.part(node)).collect()
    }

    fn two<C: Default>(&self, nodes: &[Node]) -> Box<[Part<C>; 2]> {
        let part = |index| *self.boxed(nodes.get(index));
        Box::new([part(0), part(1)])
    }

    fn name(&self, name: &str, node: &Node) -> Name {
        let slot = self.names.iter().position(|known| *known == name);
        Name::new(name, slot.and_then(|slot| u16::try_from(slot).ok()), self.place(&node.at))
    }

    fn op<C: Default>(&self, node: &Node) -> Op<C> {
        let children = &node.children[..];
        match &node.what {
            What::Constant(constant) => constant_op(constant),
            What::Property(name) => Op::Property(self.name(name, node)),
            What::Index => Op::Index(self.boxed(children.first())),
            What::Subscript(subscript) => Op::Subscript(*subscript),
            What::Method(name) => Op::Method(self.name(name, node), self.all(children)),
            What::StaticMethod { class, name } => Op::StaticMethod {
                class: class.as_str().into(),
                name: name.as_str().into(),
                arguments: self.all(children),
            },
            What::StaticField { class, name } => {
                Op::StaticField { class: class.as_str().into(), name: name.as_str().into() }
            }
            What::New(class) => Op::New(class.as_str().into(), self.all(children)),
            What::NewArray(class) => Op::NewArray(class.as_str().into(), self.boxed(children.first())),
            What::NewArrayOf(class) => Op::NewArrayOf(class.as_str().into(), self.all(children)),
            What::List => Op::List(self.all(children)),
            What::Map(class) => Op::Map(class.as_deref().map(Into::into), self.pairs(children)),
            What::Pair => Op::Null,
            What::Lambda => {
                let text = self.text.get(node.at.clone()).unwrap_or_default();
                Op::Lambda(self.boxed(children.first()), text.into())
            }
            What::This => Op::This,
            What::Root => Op::Root,
            What::Variable(name) => Op::Variable(name.as_str().into()),
            What::Chain => self.chain(children),
            What::Sequence => Op::Sequence(self.all(children)),
            What::Eval => Op::Eval(self.two(children)),
            What::Assign => Op::Assign(self.two(children)),
            What::Test => {
                let part = |index| *self.boxed(children.get(index));
                Op::Test(Box::new([part(0), part(1), part(2)]))
            }
            What::Operator(operator) => self.operator(*operator, children),
            What::InstanceOf(class) => Op::InstanceOf(self.boxed(children.first()), class.as_str().into()),
            What::Project => Op::Project(self.boxed(children.first())),
            What::Select(picked) => Op::Select(*picked, self.boxed(children.first())),
        }
    }

    fn pairs<C: Default>(&self, nodes: &[Node]) -> Box<[Pair<C>]> {
        let pair = |node: &Node| {
            let key = *self.boxed(node.children.first());
            (key, node.children.get(1).map(|value| self.part(value)))
        };
        nodes.iter().map(pair).collect()
    }

    /// A property is put together with the index or `length` that follows it.
    fn chain<C: Default>(&self, nodes: &[Node]) -> Op<C> {
        let mut parts = Vec::with_capacity(nodes.len());
        let mut nodes = nodes.iter().peekable();
        while let Some(node) = nodes.next() {
            let What::Property(name) = &node.what else {
                parts.push(self.part(node));
                continue;
            };
            let follows = |next: &&Node| match &next.what {
                What::Index | What::Subscript(_) => true,
                What::Property(next) => next == "length",
                _ => false,
            };
            let Some(next) = nodes.next_if(follows) else {
                parts.push(self.part(node));
                continue;
            };
            let (name, second) = (self.name(name, node), Box::new(self.part(next)));
            let op = match next.what {
                What::Property(_) => Op::PropertyLength(name, second),
                _ => Op::PropertyAt(name, second),
            };
            parts.push(Part::new(op, self.place(&(node.at.start..next.at.end))));
        }
        let mut parts = parts.into_iter();
        match (parts.next(), parts.collect::<Box<[_]>>()) {
            (Some(first), rest) => Op::Chain(Box::new(first), rest),
            (None, _) => Op::Null,
        }
    }

    fn operator<C: Default>(&self, operator: Operator, children: &[Node]) -> Op<C> {
        match operator {
            Operator::Or => Op::Or(self.all(children)),
            Operator::And => Op::And(self.all(children)),
            Operator::Not => Op::Not(self.boxed(children.first())),
            Operator::Negate | Operator::BitNegate => Op::Unary(operator, self.boxed(children.first())),
            Operator::Equal | Operator::NotEqual => {
                Op::Equal(operator == Operator::Equal, self.two(children))
            }
            Operator::In | Operator::NotIn => Op::In(operator == Operator::In, self.two(children)),
            Operator::Less | Operator::Greater | Operator::LessOrEqual | Operator::GreaterOrEqual => {
                Op::Compare(operator, self.two(children))
            }
            _ => Op::Arithmetic(
                operator,
                self.boxed(children.first()),
                self.all(children.get(1..).unwrap_or_default()),
            ),
        }
    }
}

fn constant_op<C: Default>(constant: &Constant) -> Op<C> {
    let units = |text: &str| text.encode_utf16().collect::<Box<[u16]>>();
    match constant {
        Constant::Null => Op::Null,
        Constant::Boolean(value) => Op::Boolean(*value),
        Constant::Character(unit) => Op::Character(*unit),
        Constant::Integer(value) => Op::Int(*value),
        Constant::Long(value) => Op::Long(*value),
        Constant::Float(value) => Op::Float(*value),
        Constant::Double(value) => Op::Double(*value),
        Constant::BigInteger { digits, radix } => Op::BigInteger(units(digits), *radix),
        Constant::BigDecimal(text) => Op::BigDecimal(units(text)),
        Constant::Text(text) => Op::Text(Literal { units: units(text), site: C::default() }),
    }
}
