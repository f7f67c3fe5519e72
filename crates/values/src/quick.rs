//! Conditions of the usual form, such as `params[0].name.length() > 40 && params[1] == 3`, asked without making values of
//! their parts: a third of what the evaluator takes. HOT.
//!
//! It knows fields, getters that only read one, whole numbers, texts and truth; whatever else it meets (null, a class
//! that was not met before, what is kept secret) it leaves to the evaluator, which knows what to say of it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use jvm::live::{Live, LiveString};
use jvm::probe::Values;
use ognl::{Constant, Node, Operator, What};

use crate::classes::Classes;
use crate::item::Item;
use crate::passed::{Held, Passed};

/// Fields on a way are no more than that.
const LONGEST: usize = 8;

/// A condition, or a part of one.
pub(crate) enum Quick {
    All(Box<[Quick]>),
    Any(Box<[Quick]>),
    Not(Box<Quick>),
    /// A truth value.
    Is(Path),
    /// A whole number, compared with one that is written there.
    Compares(Path, Operator, i64),
    /// A text, compared with one that is written there; for `!=` the other way round.
    Equals(Path, bool, Box<[u16]>),
}

/// A value of the call, and what is asked of it.
pub(crate) struct Path {
    start: Start,
    steps: Box<[Step]>,
    /// Not the text itself, but its length.
    is_length: bool,
    /// The class of the start that was met last, as of a step.
    class: AtomicU32,
}

#[derive(Clone, Copy)]
enum Start {
    Receiver,
    Parameter(usize),
    Result,
}

/// `.name` or `.name()`
struct Step {
    name: Box<str>,
    is_call: bool,
    /// The class that was met here last: its place plus one, or 0.
    class: AtomicU32,
    /// The same with the place of the field in it behind.
    field: AtomicU64,
}

/// The calls of a method, for one look.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) passed: &'a Passed,
    pub(crate) values: &'a Values<'a>,
    /// They are at their normal end.
    pub(crate) returns: bool,
    /// Parameters as they were at the entry.
    pub(crate) entered: bool,
}

impl Quick {
    /// A condition over the calls of a method, if it is of that form.
    pub(crate) fn of(node: &Node, passed: &Passed) -> Option<Self> {
        let all = || node.children.iter().map(|child| Self::of(child, passed)).collect::<Option<Box<_>>>();
        Some(match (&node.what, &*node.children) {
            (What::Operator(Operator::And), _) => Self::All(all()?),
            (What::Operator(Operator::Or), _) => Self::Any(all()?),
            (What::Operator(Operator::Not), [one]) => Self::Not(Box::new(Self::of(one, passed)?)),
            (What::Operator(operator), [one, two]) => {
                let What::Constant(constant) = &two.what else { return None };
                let path = Path::of(one, passed)?;
                match (operator, constant) {
                    (Operator::Equal | Operator::NotEqual, Constant::Text(text)) if !path.is_length => {
                        Self::Equals(path, *operator == Operator::Equal, text.encode_utf16().collect())
                    }
                    (
                        Operator::Equal
                        | Operator::NotEqual
                        | Operator::Less
                        | Operator::LessOrEqual
                        | Operator::Greater
                        | Operator::GreaterOrEqual,
                        Constant::Integer(_) | Constant::Long(_),
                    ) => Self::Compares(path, *operator, whole(constant)?),
                    _ => return None,
                }
            }
            _ => Self::Is(Path::of(node, passed).filter(|path| !path.is_length)?),
        })
    }

    /// Whether it holds; `None` where the evaluator must be asked.
    pub(crate) fn holds(&self, live: Live<'_, '_>, classes: &Classes, asked: Asked<'_>) -> Option<bool> {
        Some(match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(live, classes, asked)? {
                        return Some(false);
                    }
                }
                true
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(live, classes, asked)? {
                        return Some(true);
                    }
                }
                false
            }
            Self::Not(part) => !part.holds(live, classes, asked)?,
            Self::Is(path) => match path.end(live, classes, asked)? {
                Item::Bool(value) => value,
                _ => return None,
            },
            Self::Compares(path, operator, with) => {
                let value = path.number(live, classes, asked)?;
                match operator {
                    Operator::Equal => value == *with,
                    Operator::NotEqual => value != *with,
                    Operator::Less => value < *with,
                    Operator::LessOrEqual => value <= *with,
                    Operator::Greater => value > *with,
                    _ => value >= *with,
                }
            }
            Self::Equals(path, wanted, with) => {
                let text = path.text(live, classes, asked)?;
                let same = text.length(live) == with.len() && {
                    let mut units = Vec::new();
                    text.units(live, 0, with.len(), &mut units) == with.len() && *units == **with
                };
                same == *wanted
            }
        })
    }
}

impl Path {
    fn of(node: &Node, passed: &Passed) -> Option<Self> {
        let one = std::slice::from_ref(node);
        let parts = if node.what == What::Chain { &*node.children } else { one };
        let (first, rest) = parts.split_first()?;
        let What::Property(name) = &first.what else { return None };
        let (start, rest) = match (&**name, rest) {
            ("target", rest) => (Start::Receiver, rest),
            ("returnObj", rest) if !passed.gives_secret() => (Start::Result, rest),
            ("params", [index, rest @ ..]) if index.what == What::Index => {
                let What::Constant(constant) = &index.children.first()?.what else { return None };
                let index = usize::try_from(whole(constant)?).ok()?;
                if passed.parameters.get(index)?.is_secret {
                    return None;
                }
                (Start::Parameter(index), rest)
            }
            _ => return None,
        };
        let is_length_of =
            |node: &Node| node.what == What::Method("length".into()) && node.children.is_empty();
        let (rest, is_length) = match rest {
            [rest @ .., last] if is_length_of(last) => (rest, true),
            _ => (rest, false),
        };
        let steps = rest.iter().map(Step::of).collect::<Option<Box<[_]>>>()?;
        (steps.len() <= LONGEST).then_some(Self { start, steps, is_length, class: AtomicU32::new(0) })
    }

    /// What it leads to.
    fn end<'f>(&self, live: Live<'_, 'f>, classes: &Classes, asked: Asked<'_>) -> Option<Item<'f>> {
        let (env, values) = (live.env(), Held::Passed(asked.values));
        let mut item = match self.start {
            Start::Receiver => asked.passed.receiver(env, values).ok()?.into(),
            Start::Parameter(index) => {
                asked.passed.parameter(env, values, index, asked.entered && asked.returns).ok()??
            }
            Start::Result if asked.returns => asked.passed.result(env, values).ok()??,
            Start::Result => return None,
        };
        for step in &self.steps {
            let Item::Object(object) = &item else { return None };
            let (class, facts, instance) = classes.of(live, object, &step.class)?;
            // The value of a pair may be secret for what its key says.
            if facts.pair_key.is_some() {
                return None;
            }
            let known = step.field.load(Relaxed);
            let field = if (known >> 32) as u32 == class + 1 {
                known as u32 as usize
            } else {
                let field = facts.members.field(&step.name, step.is_call)?;
                step.field.store(u64::from(class + 1) << 32 | field as u64, Relaxed);
                field
            };
            let next = instance.get(live, field)?.into();
            item = next;
        }
        Some(item)
    }

    fn text<'f>(&self, live: Live<'_, 'f>, classes: &Classes, asked: Asked<'_>) -> Option<LiveString<'f>> {
        match self.end(live, classes, asked)? {
            Item::String(text) => Some(text),
            Item::Object(object) if self.steps.is_empty() => {
                classes.of(live, &object, &self.class)?.2.as_string(live)
            }
            _ => None,
        }
    }

    fn number(&self, live: Live<'_, '_>, classes: &Classes, asked: Asked<'_>) -> Option<i64> {
        if self.is_length {
            return i64::try_from(self.text(live, classes, asked)?.length(live)).ok();
        }
        Some(match self.end(live, classes, asked)? {
            Item::Byte(value) => value.into(),
            Item::Short(value) => value.into(),
            Item::Int(value) => value.into(),
            Item::Long(value) => value,
            _ => return None,
        })
    }
}

impl Step {
    fn of(node: &Node) -> Option<Self> {
        let (name, is_call) = match &node.what {
            What::Property(name) => (name, false),
            What::Method(name) if node.children.is_empty() => (name, true),
            _ => return None,
        };
        let (class, field) = (AtomicU32::new(0), AtomicU64::new(0));
        Some(Self { name: name.as_str().into(), is_call, class, field })
    }
}

fn whole(constant: &Constant) -> Option<i64> {
    match constant {
        Constant::Integer(value) => Some((*value).into()),
        Constant::Long(value) => Some(*value),
        _ => None,
    }
}
