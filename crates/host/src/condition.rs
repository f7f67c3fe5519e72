//! Conditions that compile: a small class per condition and method, which costs a call that does not
//! match about nothing.
//!
//! A condition may compare the parameters, the target, the result, the exception and `#cost` with
//! constants; types are checked against the method's descriptor, and what is compared follows OGNL
//! 3.3.5. What needs nothing of the end is asked at the entry; a comparison of `#cost` becomes a range of
//! ticks. A compiled condition never throws and never allocates: where OGNL would fail, it is not true.

mod arithmetic;
mod assembler;
mod class;
mod classes;
mod code;
mod compare;
mod cost;
mod kind;
mod lower;
mod pool;
mod subject;
mod survey;
mod value;

use std::ops::Range;

use ognl::{Node, Operator, What};

pub use class::Class;
pub use cost::TickRange;
pub use subject::{Subject, When};

use class::Overridden;
use lower::{Lowering, Scene, all, cost_relation};
use subject::{Place, Signature, THROWN, Type};
use survey::Uses;
use value::{Test, Value, mirrored};

/// Why a condition is not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// A sentence: what is wrong and what to do.
    pub message: String,
    /// Where in the condition, in bytes.
    pub at: Range<usize>,
    /// Nothing is wrong with it, but it must be evaluated.
    is_open: bool,
}

impl Refused {
    /// It can never hold, or not be asked at all.
    fn new(node: &Node, message: impl Into<String>) -> Self {
        Refused { message: message.into(), at: node.at.clone(), is_open: false }
    }

    /// Only the evaluator can say.
    fn open(node: &Node) -> Self {
        let message = "needs the evaluator".to_owned();
        Refused { message, at: node.at.clone(), is_open: true }
    }
}

impl From<ognl::Error> for Refused {
    fn from(error: ognl::Error) -> Self {
        Refused { message: error.message, at: error.at, is_open: false }
    }
}

/// The classes that a compiled condition speaks to, and the clock of `#cost`.
#[derive(Debug, Clone, Copy)]
pub struct Helpers<'a> {
    /// Internal name of the class with `static long ticks()`.
    pub spy: &'a str,
    /// Internal name of the superclass.
    pub advice: &'a str,
    /// How fast the clock of tokens is.
    pub ticks_per_second: u64,
}

/// What a condition needs of the methods it is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The values must be passed: a class is asked.
    pub values: bool,
    /// It speaks of `#cost`.
    pub cost: bool,
}

/// A condition, compiled for one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The class to define, with a constructor `(ILAdvice;)V`; none where nothing is left to ask.
    pub class: Option<Class>,
    /// Whether the class decides at the entry.
    pub entry: bool,
    /// Whether the class decides at the exit.
    pub exit: bool,
    /// The cost in ticks that must also hold.
    pub range: Option<TickRange>,
    /// Part of it could not be compiled: the whole must be evaluated where all this holds.
    pub rest: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A condition as a person wrote it.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    /// Expressions of which all must hold; the last one must be `true` itself. What a part uses, unless it is never
    /// compiled.
    parts: Vec<(Node, Option<Uses>)>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// It is no expression, or one that no condition can be.
    pub fn parse(text: &str) -> Result<Condition, Refused> {
        let node = ognl::parse(text)?;
        let nodes = match node.what {
            What::Operator(Operator::And) => node.children,
            _ => vec![node],
        };
        let mut parts = Vec::with_capacity(nodes.len());
        for node in nodes {
            let uses = match Uses::of(&node) {
                Ok(uses) => Some(uses),
                Err(refused) if refused.is_open => None,
                Err(refused) => return Err(refused),
            };
            parts.push((node, uses));
        }
        Ok(Condition { text: text.to_owned(), parts })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it needs of every method.
    pub fn needs(&self) -> Needs {
        Needs {
            values: self.parts.iter().any(|(node, _)| cost_relation(node).is_none()),
            cost: self.parts.iter().any(|(node, _)| survey::names_cost(node)),
        }
    }

    /// Compiles it for a method, as class `oxprobe/condition/C<number>`.
    ///
    /// # Errors
    /// The types do not fit, or the condition could never hold.
    pub fn compile(
        &self,
        subject: &Subject<'_>,
        helpers: &Helpers<'_>,
        number: u32,
    ) -> Result<Compiled, Refused> {
        let whole =
            |message: &str| Refused { message: message.to_owned(), at: 0..self.text.len(), is_open: false };
        let signature =
            Signature::read(subject).ok_or_else(|| whole("The method's descriptor makes no sense."))?;
        let lowering = |place, scene| Lowering {
            text: &self.text,
            subject,
            signature: &signature,
            place,
            scene,
            ticks_per_second: helpers.ticks_per_second,
        };
        let mut range = TickRange::ALL;
        let mut has_range = false;
        let (mut entry, mut exit, mut with_cost) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = false;
        for (index, (node, uses)) in self.parts.iter().enumerate() {
            if subject.when == When::Entry && survey::names_cost(node) {
                return Err(Refused::new(node, "#cost is known at the end of a call only: leave -b away."));
            }
            let Some(uses) = uses else {
                rest = true;
                continue;
            };
            if let Some((operator, constant, mirror)) = cost_relation(node) {
                let operator = if mirror { mirrored(operator) } else { operator };
                let constant = match lowering(Place::Exit, Scene::Returned).value(constant) {
                    Err(refused) if refused.is_open => {
                        rest = true;
                        continue;
                    }
                    constant => constant?,
                };
                range = self
                    .cost(operator, &constant, helpers)
                    .and_then(|found| found.and(range))
                    .ok_or_else(|| {
                        Refused::new(node, "No call takes so long, so that the condition could never hold.")
                    })?;
                has_range = true;
                continue;
            }
            let ask = |lowering: Lowering<'_>| match index + 1 == self.parts.len() {
                true => lowering.is_true(node),
                false => lowering.truth(node),
            };
            let stored = |parameter: &usize| subject.stored.get(*parameter).copied().unwrap_or(true);
            let is_early = !uses.cost && !uses.end && !uses.parameters.iter().any(stored);
            let test = match subject.when {
                When::Entry => ask(lowering(Place::Entry, Scene::Before)),
                When::Exit if is_early => ask(lowering(Place::Entry, Scene::Returned)),
                When::Exit => ask(lowering(Place::Exit, Scene::Returned)).and_then(|test| match uses.end {
                    true => {
                        let thrown = ask(lowering(Place::Exit, Scene::Thrown))?;
                        Ok(Test::choose(Test::IsNull(THROWN), test, thrown))
                    }
                    false => Ok(test),
                }),
            };
            let test = match test {
                Err(refused) if refused.is_open => {
                    rest = true;
                    continue;
                }
                test => test?,
            };
            if subject.when == When::Entry || is_early {
                entry.push(test.clone());
            } else if uses.cost {
                with_cost.push(test.clone());
            } else {
                exit.push(test.clone());
            }
            if test == Test::Always(false) {
                // params.length == 2 && params[1] > 0: what follows need not fit.
                rest = false;
                break;
            }
        }
        let cost = !with_cost.is_empty();
        exit.extend(with_cost);
        let (entry, exit) = (all(entry), all(exit));
        let notes = self.notes(&signature, entry.tells_apart() || exit.tells_apart());
        let methods: Vec<Overridden> = [(Place::Entry, entry, false), (Place::Exit, exit, cost)]
            .into_iter()
            .filter(|(_, test, _)| *test != Test::Always(true))
            .map(|(place, test, cost)| Overridden { place, test, cost })
            .collect();
        let overrides = |place| methods.iter().any(|method| method.place == place);
        let class = match methods.is_empty() {
            true => None,
            false => {
                let name = format!("oxprobe/condition/C{number}");
                let class = class::write(name, helpers, subject.shape, &methods)
                    .map_err(|_| whole("The condition is too long to be compiled."))?;
                Some(class)
            }
        };
        Ok(Compiled {
            class,
            entry: overrides(Place::Entry),
            exit: overrides(Place::Exit),
            range: has_range.then_some(range),
            rest,
            notes,
        })
    }

    fn cost(&self, operator: Operator, constant: &Value, helpers: &Helpers<'_>) -> Option<TickRange> {
        match constant {
            Value::Number(number) => cost::ticks(operator, number.constant()?, helpers.ticks_per_second),
            _ => None,
        }
    }

    /// What is said of parameters whose declared type leaves open what they are.
    fn notes(&self, signature: &Signature, tells_apart: bool) -> Vec<String> {
        let mut used: Vec<usize> = self
            .parts
            .iter()
            .filter_map(|(_, uses)| uses.as_ref())
            .flat_map(|uses| uses.parameters.iter().copied())
            .collect();
        used.sort_unstable();
        used.dedup();
        used.retain(|_| tells_apart);
        let parameters = used.into_iter().filter_map(|index| Some((index, signature.parameters.get(index)?)));
        parameters
            .filter(|(_, parameter)| parameter.of == Type::Anything)
            .map(|(index, parameter)| {
                format!(
                    "params[{index}] is declared {}: strings and the boxes of java.lang in it are compared; anything \
                     else, numbers of java.math too, does not match.",
                    parameter.name
                )
            })
            .collect()
    }
}
