//! What a condition is made of once the types are known: values, and tests that compile to jumps.

use ognl::Operator;

use super::kind::Kind;

/// A value at run time. A local is one of the compiled method.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    /// OGNL would fail here; the condition is not true then.
    Fails,
    /// A number, a boolean or a character; never null.
    Number(Number),
    /// A constant text.
    Text(String),
    /// A box of this kind, or null.
    Boxed(Kind, u16),
    /// A `String`, or null.
    String(u16),
    /// Declared so that it may be a box, a `String`, null or anything else.
    Anything(u16),
    /// A reference that is neither box nor `String`; without local, it is never null.
    Reference(Option<u16>),
    /// `#cost`, in milliseconds.
    Cost,
    /// A boolean; never null.
    Truth(Test),
}

/// A number as code: pushes a long, or a double where its kind is a real one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Whole(Kind, i64),
    Real(Kind, f64),
    /// The raw bits in a long local.
    Raw(Kind, u16),
    /// What is in the box in a local, which is one.
    Unboxed(Kind, u16),
    /// 1 or 0.
    Truth(Box<Test>),
    /// An operation whose result has this kind. The operands have it, or a smaller one.
    Binary(Operator, Kind, Box<(Number, Number)>),
    Unary(Operator, Kind, Box<Number>),
    /// `intValue()` and the like.
    Converted(Kind, Box<Number>),
    /// `String.length()` of a local that is not null.
    Length(u16),
    /// `String.compareTo` of a local that is not null.
    CompareTo(u16, Text),
    /// Ticks since the call began.
    Elapsed,
    /// The number, where a local is not null; else OGNL would fail.
    Guarded(u16, Box<Number>),
}

/// The other text of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Constant(String),
    /// A `String` that is not null.
    Local(u16),
}

/// A question that is asked by jumping.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Always(bool),
    Fails,
    Not(Box<Test>),
    All(Vec<Test>),
    Any(Vec<Test>),
    /// If the first, the second, else the third.
    Choose(Box<(Test, Test, Test)>),
    /// In doubles where `real` says so, else in longs.
    Compare {
        relation: Operator,
        real: bool,
        sides: Box<(Number, Number)>,
    },
    IsNull(u16),
    Same(u16, u16),
    IsA(u16, &'static str),
    /// A method of `String` that takes a text and answers a boolean, on a local that is not null; only
    /// `equals` takes null, too.
    Asks(TextMethod, u16, Text),
}

/// Methods of `java.lang.String` that neither throw nor allocate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextMethod {
    Equals,
    EqualsIgnoreCase,
    StartsWith,
    EndsWith,
    Contains,
}

impl TextMethod {
    /// By its name.
    pub(super) fn named(name: &str) -> Option<TextMethod> {
        use TextMethod::{Contains, EndsWith, Equals, EqualsIgnoreCase, StartsWith};
        let methods = [Equals, EqualsIgnoreCase, StartsWith, EndsWith, Contains];
        methods.into_iter().find(|method| method.signature().0 == name)
    }

    /// Whether null may be its argument.
    pub(super) fn takes_null(self) -> bool {
        matches!(self, TextMethod::Equals | TextMethod::EqualsIgnoreCase)
    }

    /// Its name and descriptor.
    pub(super) fn signature(self) -> (&'static str, &'static str) {
        match self {
            TextMethod::Equals => ("equals", "(Ljava/lang/Object;)Z"),
            TextMethod::EqualsIgnoreCase => ("equalsIgnoreCase", "(Ljava/lang/String;)Z"),
            TextMethod::StartsWith => ("startsWith", "(Ljava/lang/String;)Z"),
            TextMethod::EndsWith => ("endsWith", "(Ljava/lang/String;)Z"),
            TextMethod::Contains => ("contains", "(Ljava/lang/CharSequence;)Z"),
        }
    }
}

impl Number {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Number::Whole(kind, _)
            | Number::Real(kind, _)
            | Number::Raw(kind, _)
            | Number::Unboxed(kind, _)
            | Number::Binary(_, kind, _)
            | Number::Unary(_, kind, _)
            | Number::Converted(kind, _) => *kind,
            Number::Truth(_) => Kind::Boolean,
            Number::Length(_) | Number::CompareTo(..) => Kind::Int,
            Number::Elapsed => Kind::Long,
            Number::Guarded(_, number) => number.kind(),
        }
    }

    /// Whether OGNL might fail when it works this out.
    fn can_fail(&self) -> bool {
        match self {
            Number::Guarded(..) => true,
            Number::Truth(test) => test.can_fail(),
            Number::Binary(operator, kind, sides) => {
                let divides = matches!(operator, Operator::Divide | Operator::Remainder) && !kind.is_real();
                divides && sides.1.constant().is_none() || sides.0.can_fail() || sides.1.can_fail()
            }
            Number::Unary(_, _, number) | Number::Converted(_, number) => number.can_fail(),
            _ => false,
        }
    }

    /// This answer, once the number has been worked out, which may fail.
    pub(super) fn then(&self, answer: Test) -> Test {
        let zero = Number::Whole(Kind::Int, 0);
        let sides = Box::new((self.clone(), zero));
        let worked_out = Test::Compare { relation: Operator::Equal, real: self.kind().is_real(), sides };
        Test::choose(worked_out, answer.clone(), answer)
    }

    /// A constant as OGNL's doubleValue gives it.
    pub(super) fn constant(&self) -> Option<f64> {
        match self {
            Number::Whole(_, value) => Some(*value as f64),
            Number::Real(_, value) => Some(*value),
            _ => None,
        }
    }
}

impl Test {
    pub(super) fn negated(self) -> Test {
        match self {
            Test::Always(answer) => Test::Always(!answer),
            Test::Fails => Test::Fails,
            Test::Not(test) => *test,
            test => Test::Not(Box::new(test)),
        }
    }

    pub(super) fn choose(test: Test, yes: Test, no: Test) -> Test {
        match test {
            Test::Always(true) => yes,
            Test::Always(false) => no,
            Test::Fails => Test::Fails,
            test if yes == no && !test.can_fail() => yes,
            test => Test::Choose(Box::new((test, yes, no))),
        }
    }

    /// Whether OGNL might fail when it answers this.
    fn can_fail(&self) -> bool {
        match self {
            Test::Fails => true,
            Test::Not(test) => test.can_fail(),
            Test::All(tests) | Test::Any(tests) => tests.iter().any(Test::can_fail),
            Test::Choose(choice) => [&choice.0, &choice.1, &choice.2].into_iter().any(Test::can_fail),
            Test::Compare { sides, .. } => sides.0.can_fail() || sides.1.can_fail(),
            _ => false,
        }
    }

    /// Whether it looks at run time for what a value is.
    pub(super) fn tells_apart(&self) -> bool {
        match self {
            Test::IsA(_, class) => *class == Kind::Int.box_name(),
            Test::Not(test) => test.tells_apart(),
            Test::All(tests) | Test::Any(tests) => tests.iter().any(Test::tells_apart),
            Test::Choose(choice) => [&choice.0, &choice.1, &choice.2].into_iter().any(Test::tells_apart),
            _ => false,
        }
    }

    /// `expected ==` this test.
    pub(super) fn is(self, expected: bool) -> Test {
        if expected { self } else { self.negated() }
    }
}

/// Whether `order`, of two values that were compared, is what a relation asks for.
pub(super) fn holds(relation: Operator, order: std::cmp::Ordering) -> bool {
    match relation {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::Greater => order.is_gt(),
        Operator::LessOrEqual => order.is_le(),
        _ => order.is_ge(),
    }
}

/// The relation that says the same with its sides changed.
pub(super) fn mirrored(relation: Operator) -> Operator {
    match relation {
        Operator::Less => Operator::Greater,
        Operator::Greater => Operator::Less,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        relation => relation,
    }
}
