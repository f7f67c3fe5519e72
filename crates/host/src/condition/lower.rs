//! From the tree of an expression to values and tests of one method.

use ognl::{Constant, Node, Operator, What};

use super::arithmetic;
use super::classes;
use super::compare::{Why, is_true, relation, truth};
use super::kind::Kind;
use super::subject::{Place, Signature, Subject, THROWN, Type, When};
use super::survey::index;
use super::value::{Number, Test, Text, TextMethod, Value};
use super::{Refused, survey};

/// What is known of how a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    Before,
    Returned,
    Thrown,
}

/// Lowers for one method, place and scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lowering<'a> {
    pub(super) text: &'a str,
    pub(super) subject: &'a Subject<'a>,
    pub(super) signature: &'a Signature,
    pub(super) place: Place,
    pub(super) scene: Scene,
    pub(super) ticks_per_second: u64,
}

impl Lowering<'_> {
    fn refused(&self, node: &Node, why: &str) -> Refused {
        let part = self.text.get(node.at.clone()).unwrap_or_default();
        match part.chars().count() {
            0..=40 => Refused::new(node, format!("{part} {why}.")),
            _ => Refused::new(node, format!("This {why}.")),
        }
    }

    fn why(&self, node: &Node, why: Why) -> Refused {
        match why {
            Why::Wrong(sentence) => self.refused(node, &sentence),
            Why::Open => Refused::open(node),
        }
    }

    fn tested(&self, node: &Node, test: Result<Test, Why>) -> Result<Test, Refused> {
        test.map_err(|why| self.why(node, why))
    }

    /// Whether the expression is `true`, which makes the condition hold.
    pub(super) fn is_true(&self, node: &Node) -> Result<Test, Refused> {
        match (&node.what, node.children.as_slice()) {
            (What::Operator(Operator::And), [first @ .., last]) => {
                let mut tests = Vec::new();
                for child in first {
                    let test = self.truth(child)?;
                    let decided = test == Test::Always(false);
                    tests.push(test);
                    if decided {
                        return Ok(all(tests));
                    }
                }
                tests.push(self.is_true(last)?);
                Ok(all(tests))
            }
            (What::Operator(Operator::Or), [first @ .., last]) => {
                let mut tests = Vec::new();
                for child in first {
                    match self.truth(child)? {
                        Test::Always(true) => return Ok(either(tests, self.is_true(child)?)),
                        Test::Always(false) => {}
                        test => tests.push((test, self.is_true(child)?)),
                    }
                }
                Ok(either(tests, self.is_true(last)?))
            }
            (What::Test, [test, yes, no]) => {
                self.choose(test, |lowering| lowering.is_true(yes), |lowering| lowering.is_true(no))
            }
            _ => {
                let value = self.value(node)?;
                self.tested(node, is_true(value))
            }
        }
    }

    /// Whether the expression counts as true for an operator.
    pub(super) fn truth(&self, node: &Node) -> Result<Test, Refused> {
        match (&node.what, node.children.as_slice()) {
            (What::Operator(operator @ (Operator::And | Operator::Or)), children) => {
                let decides = *operator == Operator::Or;
                let mut tests = Vec::new();
                for child in children {
                    let test = self.truth(child)?;
                    let decided = test == Test::Always(decides);
                    tests.push(test);
                    if decided {
                        break;
                    }
                }
                Ok(if decides { any(tests) } else { all(tests) })
            }
            (What::Test, [test, yes, no]) => {
                self.choose(test, |lowering| lowering.truth(yes), |lowering| lowering.truth(no))
            }
            _ => {
                let value = self.value(node)?;
                self.tested(node, truth(value))
            }
        }
    }

    fn choose(
        &self,
        test: &Node,
        yes: impl Fn(&Self) -> Result<Test, Refused>,
        no: impl Fn(&Self) -> Result<Test, Refused>,
    ) -> Result<Test, Refused> {
        match self.truth(test)? {
            Test::Always(true) => yes(self),
            Test::Always(false) => no(self),
            test => Ok(Test::choose(test, yes(self)?, no(self)?)),
        }
    }

    pub(super) fn value(&self, node: &Node) -> Result<Value, Refused> {
        let why = |why: Why| self.why(node, why);
        Ok(match (&node.what, node.children.as_slice()) {
            (What::Constant(constant), _) => match constant {
                Constant::Null => Value::Null,
                Constant::Boolean(value) => Value::Number(Number::Whole(Kind::Boolean, i64::from(*value))),
                Constant::Character(unit) => Value::Number(Number::Whole(Kind::Char, i64::from(*unit))),
                Constant::Integer(value) => Value::Number(Number::Whole(Kind::Int, i64::from(*value))),
                Constant::Long(value) => Value::Number(Number::Whole(Kind::Long, *value)),
                Constant::Float(value) => Value::Number(Number::Real(Kind::Float, f64::from(*value))),
                Constant::Double(value) => Value::Number(Number::Real(Kind::Double, *value)),
                Constant::Text(text) => Value::Text(text.clone()),
                Constant::BigInteger { .. } | Constant::BigDecimal(_) => {
                    return Err(Refused::open(node));
                }
            },
            (What::Variable(_), _) => Value::Cost,
            (What::Property(name), _) => self.property(node, name)?,
            (What::Chain, children) => self.chain(node, children)?,
            (What::InstanceOf(class), [of]) => {
                Value::Truth(self.instance_of(node, self.value(of)?, class)?)
            }
            (What::Operator(Operator::Not), [of]) => Value::Truth(self.truth(of)?.negated()),
            (What::Operator(operator @ (Operator::Negate | Operator::BitNegate)), [of]) => {
                arithmetic::unary(*operator, self.operand(of)?).map_err(why)?
            }
            (What::Operator(Operator::And | Operator::Or), children) => {
                // OGNL hands on the operand that decides, whatever it is.
                for child in children {
                    if !is_boolean(&self.value(child)?) {
                        return Err(Refused::open(child));
                    }
                }
                Value::Truth(self.truth(node)?)
            }
            (What::Operator(operator), [first, rest @ ..]) => {
                let compares = matches!(
                    operator,
                    Operator::Equal
                        | Operator::NotEqual
                        | Operator::Less
                        | Operator::Greater
                        | Operator::LessOrEqual
                        | Operator::GreaterOrEqual
                );
                let operand = |node| if compares { self.value(node) } else { self.operand(node) };
                let mut value = operand(first)?;
                for child in rest {
                    let other = operand(child)?;
                    value = match compares {
                        true => Value::Truth(
                            relation(*operator, value, other, self.ticks_per_second).map_err(why)?,
                        ),
                        false => arithmetic::binary(*operator, value, other).map_err(why)?,
                    };
                }
                value
            }
            (What::Test, [test, yes, no]) => match self.truth(test)? {
                Test::Always(true) => self.value(yes)?,
                Test::Always(false) => self.value(no)?,
                _ => match is_boolean(&self.value(yes)?) && is_boolean(&self.value(no)?) {
                    true => Value::Truth(self.truth(node)?),
                    false => {
                        return Err(Refused::open(node));
                    }
                },
            },
            _ => return Err(Refused::open(node)),
        })
    }

    /// A value to work on. Null is one only as the result of a call that ended otherwise.
    fn operand(&self, node: &Node) -> Result<Value, Refused> {
        let value = self.value(node)?;
        let is_result = matches!(&node.what, What::Property(name) if name == "returnObj");
        if value == Value::Null && !(is_result && self.signature.result.of != Type::Void) {
            return Err(self.refused(node, "is null here, which is no number"));
        }
        Ok(value)
    }

    fn property(&self, node: &Node, name: &str) -> Result<Value, Refused> {
        let boolean = |value: bool| Value::Number(Number::Whole(Kind::Boolean, i64::from(value)));
        Ok(match name {
            "params" => Value::Reference(None),
            "target" => {
                let before_super = self.subject.when == When::Entry && self.subject.name == b"<init>";
                if self.subject.is_static || before_super {
                    Value::Null
                } else {
                    Value::Reference(Some(self.place.first()))
                }
            }
            "returnObj" if self.scene == Scene::Returned => self.signature.result.result(),
            "returnObj" => Value::Null,
            "throwExp" if self.scene == Scene::Thrown => Value::Reference(Some(THROWN)),
            "throwExp" => Value::Null,
            "isThrow" | "afterThrowing" => boolean(self.scene == Scene::Thrown),
            "isReturn" | "afterReturning" => boolean(self.scene == Scene::Returned),
            "isBefore" | "before" => boolean(self.scene == Scene::Before),
            _ => return Err(Refused::open(node)),
        })
    }

    fn chain(&self, node: &Node, children: &[Node]) -> Result<Value, Refused> {
        let mut children = children;
        if let [Node { what: What::Root | What::This, .. }, rest @ ..] = children {
            children = rest;
        }
        let (mut value, rest) = match children {
            [Node { what: What::Property(params), .. }, second, rest @ ..] if params == "params" => {
                let value = match &second.what {
                    What::Index => self.parameter(second)?,
                    What::Property(_) => Value::Number(Number::Whole(
                        Kind::Int,
                        i64::try_from(self.signature.parameters.len()).unwrap_or(i64::MAX),
                    )),
                    _ => return Err(Refused::open(node)),
                };
                (value, rest)
            }
            [first, rest @ ..] => (self.value(first)?, rest),
            [] => return Err(Refused::open(node)),
        };
        for child in rest {
            value = match &child.what {
                What::Method(name) => self.call(child, value, name, &child.children)?,
                _ => {
                    return Err(Refused::open(node));
                }
            };
        }
        Ok(value)
    }

    fn parameter(&self, node: &Node) -> Result<Value, Refused> {
        let count = self.signature.parameters.len();
        let index = node.children.first().and_then(index).unwrap_or(usize::MAX);
        match self.signature.parameters.get(index) {
            None => Err(Refused::new(
                node,
                match count {
                    0 => format!("{} has no parameters.", self.subject),
                    1 => format!("{} has one parameter, params[0].", self.subject),
                    _ => {
                        format!(
                            "{} has {count} parameters; the last one is params[{}].",
                            self.subject,
                            count - 1
                        )
                    }
                },
            )),
            Some(parameter) => parameter.value(self.place, self.subject.shape).ok_or_else(|| {
                Refused::new(
                    node,
                    format!("params[{index}] is not passed: a method's first 16 objects and 16 numbers are."),
                )
            }),
        }
    }

    /// A method of a box or a `String`.
    fn call(&self, node: &Node, of: Value, name: &str, arguments: &[Node]) -> Result<Value, Refused> {
        let unknown = || Refused::open(node);
        let getter = Kind::ALL.into_iter().find(|kind| kind.getter().0 == name && arguments.is_empty());
        let gets = |of: Kind| getter.filter(|to| *to == of || of.is_number() && to.is_number());
        Ok(match of {
            Value::Null | Value::Fails => Value::Fails,
            Value::Truth(test) if getter == Some(Kind::Boolean) => Value::Truth(test),
            Value::Number(number) => {
                Value::Number(arithmetic::converted(gets(number.kind()).ok_or_else(unknown)?, number))
            }
            Value::Boxed(kind, local) => {
                let to = gets(kind).ok_or_else(unknown)?;
                let number = arithmetic::converted(to, Number::Unboxed(kind, local));
                Value::Number(Number::Guarded(local, Box::new(number)))
            }
            Value::String(local) => match (name, arguments) {
                ("length", []) => Value::Number(Number::Guarded(local, Box::new(Number::Length(local)))),
                ("isEmpty", []) => {
                    let sides = Box::new((Number::Length(local), Number::Whole(Kind::Int, 0)));
                    let test = Test::Compare { relation: Operator::Equal, real: false, sides };
                    Value::Truth(Test::choose(Test::IsNull(local), Test::Fails, test))
                }
                ("compareTo", [argument]) => {
                    let (text, null) = self.text(argument)?;
                    let order = Number::Guarded(local, Box::new(Number::CompareTo(local, text)));
                    Value::Number(match null {
                        Some(null) => Number::Guarded(null, Box::new(order)),
                        None => order,
                    })
                }
                (_, [argument]) => {
                    let method = TextMethod::named(name).ok_or_else(unknown)?;
                    let (text, null) = self.text(argument)?;
                    let test = Test::Asks(method, local, text);
                    let test = match null {
                        Some(null) if !method.takes_null() => {
                            Test::choose(Test::IsNull(null), Test::Fails, test)
                        }
                        _ => test,
                    };
                    Value::Truth(Test::choose(Test::IsNull(local), Test::Fails, test))
                }
                _ => return Err(unknown()),
            },
            Value::Text(text) => match (name, arguments) {
                ("equals", [argument]) => match self.value(argument)? {
                    Value::String(local) | Value::Anything(local) => {
                        Value::Truth(Test::Asks(TextMethod::Equals, local, Text::Constant(text)))
                    }
                    Value::Null => Value::Truth(Test::Always(false)),
                    _ => return Err(Refused::open(argument)),
                },
                _ => return Err(unknown()),
            },
            _ => return Err(unknown()),
        })
    }

    /// A text as an argument, and the local that may be null.
    fn text(&self, node: &Node) -> Result<(Text, Option<u16>), Refused> {
        match self.value(node)? {
            Value::Text(text) => Ok((Text::Constant(text), None)),
            Value::String(local) => Ok((Text::Local(local), Some(local))),
            _ => Err(Refused::open(node)),
        }
    }

    fn instance_of(&self, node: &Node, value: Value, class: &str) -> Result<Test, Refused> {
        let Some(class) = classes::known(class) else {
            return Err(Refused::open(node));
        };
        Ok(match value {
            Value::Fails => Test::Fails,
            Value::Null => Test::Always(false),
            Value::Number(number) => number.then(Test::Always(classes::box_is(number.kind(), class))),
            Value::Truth(test) => {
                let answer = Test::Always(classes::box_is(Kind::Boolean, class));
                Test::choose(test, answer.clone(), answer)
            }
            Value::Cost => Test::Always(classes::box_is(Kind::Double, class)),
            Value::Text(_) => Test::Always(classes::string_is(class)),
            Value::Boxed(_, local)
            | Value::String(local)
            | Value::Anything(local)
            | Value::Reference(Some(local)) => Test::IsA(local, class),
            Value::Reference(None) => return Err(Refused::open(node)),
        })
    }
}

/// Whether a value is `true` or `false` and nothing else.
fn is_boolean(value: &Value) -> bool {
    match value {
        Value::Truth(_) => true,
        Value::Number(number) => number.kind() == Kind::Boolean,
        _ => false,
    }
}

/// All of them, without those that always hold.
pub(super) fn all(mut tests: Vec<Test>) -> Test {
    tests.retain(|test| *test != Test::Always(true));
    match tests.len() {
        0 => Test::Always(true),
        1 => tests.pop().unwrap_or(Test::Always(true)),
        _ => Test::All(tests),
    }
}

fn any(mut tests: Vec<Test>) -> Test {
    tests.retain(|test| *test != Test::Always(false));
    match tests.len() {
        0 => Test::Always(false),
        1 => tests.pop().unwrap_or(Test::Always(false)),
        _ => Test::Any(tests),
    }
}

/// `a || b`: the first that counts as true decides, by whether it is true.
fn either(tests: Vec<(Test, Test)>, last: Test) -> Test {
    tests.into_iter().rev().fold(last, |rest, (test, is_true)| {
        if test == is_true { any(vec![test, rest]) } else { Test::choose(test, is_true, rest) }
    })
}

/// The ticks of a comparison of `#cost` with a constant; none where the node is something else.
pub(super) fn cost_relation(node: &Node) -> Option<(Operator, &Node, bool)> {
    let What::Operator(operator) = node.what else { return None };
    let is_relation = matches!(
        operator,
        Operator::Equal
            | Operator::Less
            | Operator::Greater
            | Operator::LessOrEqual
            | Operator::GreaterOrEqual
    );
    let is_cost = |node: &Node| matches!(&node.what, What::Variable(name) if name == "cost");
    let is_constant = |node: &Node| {
        survey::Uses::of(node).is_ok_and(|uses| !uses.cost && !uses.end && uses.parameters.is_empty())
            && !names_something(node)
    };
    match node.children.as_slice() {
        [left, right] if is_relation && is_cost(left) && is_constant(right) => Some((operator, right, false)),
        [left, right] if is_relation && is_cost(right) && is_constant(left) => Some((operator, left, true)),
        _ => None,
    }
}

/// Whether a part of the expression is no constant.
fn names_something(node: &Node) -> bool {
    matches!(node.what, What::Property(_) | What::Variable(_)) || node.children.iter().any(names_something)
}
