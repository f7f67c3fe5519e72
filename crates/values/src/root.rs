//! What an expression about a call begins with: `params`, `target`, `returnObj` and the rest, made only where they are
//! asked for.

use std::rc::Rc;

use jvm::probe::Failure;
use ognl::{Fault, Source, Term};

use crate::java::{Java, Value};
use crate::passed::{Held, Passed};

/// The properties of a call, by Arthas's names.
pub const NAMES: &[&str] = &[
    "params",
    "target",
    "returnObj",
    "throwExp",
    "isBefore",
    "before",
    "isThrow",
    "afterThrowing",
    "isAfterThrowing",
    "isReturn",
    "afterReturning",
    "isAfterReturning",
    "isLine",
    "lineNumber",
    "argNames",
    "localVars",
    "locals",
    "localVarNames",
    "localVarMap",
    "loader",
    "clazz",
    "method",
];

/// At which moment of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It begins.
    Entry,
    /// It returns.
    Return,
    /// It throws.
    Throw,
    /// It reaches this line.
    Line(u32),
}

/// A value that is known on a line.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The variable's name, if the class file tells.
    pub name: Option<Box<str>>,
    /// The first letter of its type.
    pub kind: u8,
    /// Its place among the objects or the longs.
    pub place: usize,
    /// Which parameter it is, `this` left out.
    pub parameter: Option<usize>,
    /// Whether it is `this`.
    pub is_receiver: bool,
    /// Its value is kept secret.
    pub is_secret: bool,
}

/// A call at such a moment.
pub struct Root<'a> {
    /// The method.
    pub passed: &'a Passed,
    /// Which moment.
    pub moment: Moment,
    /// Its values; none where they are not woven.
    pub values: Option<Held<'a>>,
    /// What it throws.
    pub thrown: Option<&'a Failure<'a>>,
    /// On a line: what is known there.
    pub variables: &'a [Variable],
    /// Parameters as they were at the entry, also at the exit.
    pub entered: bool,
}

impl<'e, 'f> Root<'_> {
    fn parameter(&self, java: &Java<'e, 'f>, index: usize) -> Result<Value<'f>, Fault> {
        let Some(parameter) = self.passed.parameters.get(index) else { return Ok(Value::Null) };
        if parameter.is_secret {
            return java.hidden();
        }
        let Some(values) = self.values else { return Ok(Value::Null) };
        let env = java.live().env();
        if let Moment::Line(_) = self.moment {
            let variable = self.variables.iter().find(|variable| variable.parameter == Some(index));
            return match variable {
                Some(variable) => self.variable(java, variable, values),
                None => Ok(Value::Null),
            };
        }
        // What is thrown comes with what was passed anyway.
        let entered = self.entered && self.moment == Moment::Return;
        let item = self.passed.parameter(env, values, index, entered).map_err(Java::broken)?;
        item.map_or(Ok(Value::Null), |item| java.of_item_at(item, &parameter.class))
    }

    fn variable(
        &self,
        java: &Java<'e, 'f>,
        variable: &Variable,
        values: Held<'_>,
    ) -> Result<Value<'f>, Fault> {
        if variable.is_secret {
            return java.hidden();
        }
        java.of_item(values.item(java.live().env(), variable.kind, variable.place).map_err(Java::broken)?)
    }

    fn receiver(&self, java: &Java<'e, 'f>) -> Result<Value<'f>, Fault> {
        let Some(values) = self.values else { return Ok(Value::Null) };
        let receiver = match self.moment {
            Moment::Line(_) => match self.variables.iter().find(|variable| variable.is_receiver) {
                Some(variable) => values.object(java.live().env(), variable.place),
                None => Ok(None),
            },
            _ => self.passed.receiver(java.live().env(), values),
        };
        match receiver.map_err(Java::broken)? {
            Some(object) => java.object_at(object, &self.passed.receiver_class),
            None => Ok(Value::Null),
        }
    }

    fn result(&self, java: &Java<'e, 'f>) -> Result<Value<'f>, Fault> {
        let (Moment::Return, Some(values)) = (self.moment, self.values) else { return Ok(Value::Null) };
        if self.passed.gives_secret() {
            return java.hidden();
        }
        let item = self.passed.result(java.live().env(), values).map_err(Java::broken)?;
        item.map_or(Ok(Value::Null), |item| java.of_item_at(item, &self.passed.result_class))
    }

    fn exception(&self, java: &Java<'e, 'f>) -> Result<Value<'f>, Fault> {
        let env = java.live().env();
        let thrown = match (self.thrown, self.values) {
            (Some(thrown), _) => thrown.object(env).map(Some),
            (None, Some(Held::Kept(kept))) => kept.thrown(env),
            (None, _) => Ok(None),
        };
        match thrown.map_err(Java::broken)? {
            Some(thrown) => java.object(thrown),
            None => Ok(Value::Null),
        }
    }

    /// Local variables that have a name: parameters too, as for the JVM they are variables; `this` left out.
    fn locals(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().filter(|variable| variable.name.is_some() && !variable.is_receiver)
    }

    fn name_terms<'s>(names: impl Iterator<Item = &'s str>) -> Term<'s, Java<'e, 'f>> {
        let text = |name: &str| Term::Text(ognl::Text::Made(units(name)));
        Term::array(names.map(text).collect())
    }

    fn mirror(&self, java: &Java<'e, 'f>) -> Option<jvm::Local<'f, jvm::Class>> {
        self.passed.mirror.as_ref()?.get(java.live().env()).ok()?
    }

    /// The number of a property.
    pub fn slot(name: &str) -> Option<usize> {
        NAMES.iter().position(|known| *known == name)
    }
}

fn units(text: &str) -> Rc<[u16]> {
    text.encode_utf16().collect()
}

impl<'e, 'f> Source<Java<'e, 'f>> for Root<'_> {
    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn property<'s>(&'s self, java: &Java<'e, 'f>, slot: usize) -> Result<Term<'s, Java<'e, 'f>>, Fault> {
        let is = |moment: Moment| Ok(Term::Value(Value::Boolean(self.moment == moment)));
        match NAMES.get(slot).copied().unwrap_or_default() {
            "params" => {
                let terms =
                    (0..self.passed.count()).map(|index| self.parameter(java, index).map(Term::Value));
                terms.collect::<Result<Vec<_>, _>>().map(Term::array)
            }
            "target" => self.receiver(java).map(Term::Value),
            "returnObj" => self.result(java).map(Term::Value),
            "throwExp" => self.exception(java).map(Term::Value),
            "isBefore" | "before" => is(Moment::Entry),
            "isThrow" | "afterThrowing" | "isAfterThrowing" => is(Moment::Throw),
            "isReturn" | "afterReturning" | "isAfterReturning" => is(Moment::Return),
            "isLine" => Ok(Term::Value(Value::Boolean(matches!(self.moment, Moment::Line(_))))),
            "lineNumber" => Ok(Term::Value(Value::Int(match self.moment {
                Moment::Line(line) => i32::try_from(line).unwrap_or(-1),
                _ => -1,
            }))),
            "argNames" => {
                let names = self.passed.parameters.iter().map(|one| one.name.as_deref());
                Ok(match names.clone().all(|name| name.is_some()) {
                    true => Self::name_terms(names.flatten()),
                    false => Term::NULL,
                })
            }
            "localVarNames" if matches!(self.moment, Moment::Line(_)) => {
                Ok(Self::name_terms(self.locals().filter_map(|variable| variable.name.as_deref())))
            }
            "localVars" | "locals" if matches!(self.moment, Moment::Line(_)) => {
                let Some(values) = self.values else { return Ok(Term::NULL) };
                let terms = self.locals().map(|one| self.variable(java, one, values).map(Term::Value));
                terms.collect::<Result<Vec<_>, _>>().map(Term::array)
            }
            "localVarMap" => {
                let mut pairs = Vec::new();
                if let Some(values) = self.values {
                    for variable in self.locals() {
                        let value = Term::Value(self.variable(java, variable, values)?);
                        pairs.push((units(variable.name.as_deref().unwrap_or_default()), value));
                    }
                }
                Ok(Term::map(pairs))
            }
            "loader" => {
                let Some(mirror) = self.mirror(java) else { return Ok(Term::NULL) };
                match java.loader_of(&mirror)? {
                    Some(loader) => java.object(loader).map(Term::Value),
                    None => Ok(Term::NULL),
                }
            }
            "clazz" => match self.mirror(java) {
                Some(mirror) => java.object(mirror.into_object()).map(Term::Value),
                None => Ok(Term::NULL),
            },
            "method" => {
                let text = |text: &str| Term::Text(ognl::Text::Made(units(text)));
                let pairs = [("name", &*self.passed.method), ("descriptor", &*self.passed.descriptor)];
                Ok(Term::map(pairs.map(|(name, value)| (units(name), text(value)))))
            }
            _ => Ok(Term::NULL),
        }
    }

    #[inline]
    fn item<'s>(
        &'s self,
        java: &Java<'e, 'f>,
        slot: usize,
        index: usize,
    ) -> Result<Option<Term<'s, Java<'e, 'f>>>, Fault> {
        if slot != 0 || index >= self.passed.count() {
            return Ok(None);
        }
        self.parameter(java, index).map(|value| Some(Term::Value(value)))
    }

    fn length(&self, slot: usize) -> Option<usize> {
        (slot == 0).then(|| self.passed.count())
    }
}
