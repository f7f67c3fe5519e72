//! Evaluates a prepared expression.
//!
//! A part is evaluated on a *source*: the root at the top, an element within a projection. As in OGNL, an index
//! and the arguments of a call are evaluated on the root, whatever the source is.

mod arithmetic;
mod assign;
mod call;
mod collection;
mod compare;
mod elements;
mod equal;
pub(crate) mod explain;
mod held;
mod index;
mod operand;
mod property;

use std::rc::Rc;

use crate::fault::Failed;
use crate::fuel::Meter;
use crate::prepared::{Op, Part, Prepared};
use crate::term::{Content, Lambda};
use crate::{Access, Digits, ErrorKind, EvalError, Fault, Scene, Term, Text, Value};

use held::{Bound, Held};

type Evaluated<'p, A> = Result<Term<'p, A>, Failed>;

impl<C: Default> Prepared<C> {
    /// The expression's value.
    ///
    /// # Errors
    /// It cannot be evaluated on this root.
    pub fn evaluate<'p, A: Access<Cache = C>>(
        &'p self,
        access: &'p A,
        scene: &'p Scene<'p, A>,
    ) -> Result<Term<'p, A>, EvalError> {
        let mut run = Run {
            access,
            scene,
            root: Bound::Given(scene.root()),
            variables: Vec::new(),
            meter: Meter::new(scene.limits()),
            names: self.names(),
        };
        run.eval(&self.root, scene.root()).map_err(|failed| *failed)
    }
}

/// One evaluation under way.
struct Run<'p, A: Access> {
    access: &'p A,
    scene: &'p Scene<'p, A>,
    root: Bound<'p, A>,
    /// Those that the expression assigned; the scene's are behind them.
    variables: Vec<(&'p str, Rc<Term<'p, A>>)>,
    meter: Meter,
    /// The names that a root has which is no object.
    names: &'static [&'static str],
}

impl<'p, A: Access> Run<'p, A> {
    /// A part's value.
    fn eval(&mut self, part: &'p Part<A::Cache>, source: &Term<'p, A>) -> Evaluated<'p, A> {
        self.meter.step().map_err(|fault| part.failed(fault))?;
        let Some(levels) = self.meter.levels.checked_sub(1) else {
            return Err(part.failed(self.meter.too_deep()));
        };
        self.meter.levels = levels;
        let value = self.dispatch(part, source);
        self.meter.levels = levels + 1;
        value
    }

    fn dispatch(&mut self, part: &'p Part<A::Cache>, source: &Term<'p, A>) -> Evaluated<'p, A> {
        let value = match &part.op {
            Op::Null => Value::Null,
            Op::Boolean(value) => Value::Boolean(*value),
            Op::Character(unit) => Value::Character(*unit),
            Op::Int(value) => Value::Int(*value),
            Op::Long(value) => Value::Long(*value),
            Op::Float(value) => Value::Float(*value),
            Op::Double(value) => Value::Double(*value),
            Op::Text(literal) => return Ok(Term::Text(Text::Literal(literal))),
            Op::Property(name) => return self.property(part, name, source),
            Op::PropertyAt(name, index) => return self.property_at(part, name, index, source),
            Op::PropertyLength(name, length) => return self.property_length(part, name, length, source),
            Op::Method(name, arguments) => return self.method(part, name, arguments, source),
            Op::Chain(first, rest) => return self.chain(first, rest, source),
            Op::And(parts) => return self.logic(parts, source, false),
            Op::Or(parts) => return self.logic(parts, source, true),
            Op::Equal(wanted, operands) => Value::Boolean(self.equality(part, operands, source)? == *wanted),
            Op::Compare(operator, operands) => {
                Value::Boolean(self.comparison(part, *operator, operands, source)?)
            }
            Op::Not(operand) => Value::Boolean(!self.condition(operand, source)?),
            Op::Arithmetic(operator, first, rest) => {
                return self.arithmetic(part, *operator, first, rest, source);
            }
            Op::Unary(operator, operand) => return self.unary(part, *operator, operand, source),
            Op::In(wanted, operands) => Value::Boolean(self.is_in(part, operands, source)? == *wanted),
            Op::Test(parts) => {
                let [test, yes, no] = &**parts;
                let chosen = if self.condition(test, source)? { yes } else { no };
                return self.eval(chosen, source);
            }
            Op::This => return source.copy(self.access).map_err(|fault| part.failed(fault)),
            Op::Root => {
                return self.root.clone().term().copy(self.access).map_err(|fault| part.failed(fault));
            }
            Op::Variable(name) => {
                let held = self.variable(name);
                return held.term().copy(self.access).map_err(|fault| part.failed(fault));
            }
            _ => return self.rare(part, source),
        };
        Ok(Term::Value(value))
    }

    /// What no hot condition does: kept out of the way of what they do.
    #[inline(never)]
    fn rare(&mut self, part: &'p Part<A::Cache>, source: &Term<'p, A>) -> Evaluated<'p, A> {
        match &part.op {
            Op::BigInteger(digits, radix) => {
                let number = self
                    .digits(digits.len())
                    .and_then(|()| self.access.big_integer(Digits::Text(digits, *radix)));
                number.map(|number| Term::Value(Value::Object(number))).map_err(|fault| part.failed(fault))
            }
            Op::BigDecimal(digits) => {
                let number = self
                    .digits(digits.len())
                    .and_then(|()| self.access.big_decimal(Digits::Text(digits, 10)));
                number.map(|number| Term::Value(Value::Object(number))).map_err(|fault| part.failed(fault))
            }
            Op::Index(index) => self.index(part, index, source),
            Op::Subscript(subscript) => self.subscript(part, *subscript, source),
            Op::StaticMethod { class, name, arguments } => self.static_method(part, class, name, arguments),
            Op::StaticField { class, name } => self.static_field(part, class, name),
            Op::New(class, arguments) => self.new_object(part, class, arguments),
            Op::NewArray(class, size) => self.new_array(part, class, size),
            Op::NewArrayOf(class, elements) => self.new_array_of(part, class, elements),
            Op::List(elements) => self.list(part, elements, source),
            Op::Map(class, pairs) => self.map(part, class.as_deref(), pairs, source),
            Op::Lambda(body, text) => Ok(Term::Lambda(Lambda { body, text })),
            Op::Sequence(parts) => {
                let mut value = Term::NULL;
                for part in parts {
                    value = self.eval(part, source)?;
                }
                Ok(value)
            }
            Op::Eval(parts) => self.call_lambda(part, parts, source),
            Op::Assign(parts) => self.assignment(parts, source),
            Op::InstanceOf(operand, class) => {
                let value = self.eval(operand, source)?;
                let is =
                    self.is_instance(part, &value, class).map_err(|fault| self.explained(part, fault, class));
                is.map(|is| Term::Value(Value::Boolean(is)))
            }
            Op::Project(body) => self.project(part, body, source),
            Op::Select(picked, body) => self.select(part, *picked, body, source),
            _ => Ok(Term::NULL),
        }
    }

    /// The parts of a chain, each on the value of the one before.
    fn chain(
        &mut self,
        first: &'p Part<A::Cache>,
        rest: &'p [Part<A::Cache>],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let held = self.held(first, source)?;
        let Some((second, rest)) = rest.split_first() else {
            return held.into_term(self.access).map_err(|fault| first.failed(fault));
        };
        let mut value = self.eval(second, held.term())?;
        for part in rest {
            value = self.eval(part, &value)?;
        }
        Ok(value)
    }

    /// The value of the first part that decides: `&&` is decided by what is false, `||` by what is true.
    fn logic(
        &mut self,
        parts: &'p [Part<A::Cache>],
        source: &Term<'p, A>,
        decides: bool,
    ) -> Evaluated<'p, A> {
        let Some((last, before)) = parts.split_last() else { return Ok(Term::NULL) };
        for part in before {
            let value = self.eval(part, source)?;
            if self.is_true(part, &value)? == decides {
                return Ok(value);
            }
        }
        self.eval(last, source)
    }

    /// Whether a part's value counts as true.
    fn condition(&mut self, part: &'p Part<A::Cache>, source: &Term<'p, A>) -> Result<bool, Failed> {
        let value = self.eval(part, source)?;
        self.is_true(part, &value)
    }

    /// `(a)(b)`: evaluates a lambda, or the text of `a` as an expression, with `b` as the root.
    fn call_lambda(
        &mut self,
        part: &'p Part<A::Cache>,
        parts: &'p [Part<A::Cache>; 2],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let [what, on] = parts;
        let what = self.eval(what, source)?;
        let on = Rc::new(self.eval(on, source)?);
        let body = self.body(part, &what)?;
        let before = std::mem::replace(&mut self.root, Bound::Set(Rc::clone(&on)));
        let value = self.eval(body, &on);
        self.root = before;
        value
    }

    /// What `(a)(b)` evaluates: the lambda that `a` is, or its text as an expression.
    fn body(&mut self, part: &'p Part<A::Cache>, what: &Term<'p, A>) -> Result<&'p Part<A::Cache>, Failed> {
        if let Term::Lambda(lambda) = what {
            return Ok(lambda.body);
        }
        if matches!(what, Term::Value(Value::Null)) {
            let message = "What is to be evaluated is null: a lambda :[..] or the text of an expression is \
                           needed.";
            return Err(part.failed(Fault::new(ErrorKind::NullPointer, message)));
        }
        let mut text = String::new();
        self.with_text(what, &mut |units| text = String::from_utf16_lossy(units))
            .map_err(|fault| part.failed(fault))?;
        let trees = self.scene.trees();
        if let Some(known) = trees.find(&text) {
            return Ok(&known.root);
        }
        // To read and keep a text costs what a hundred parts do, and more when it is long.
        let paid = self.meter.steps(100 + text.len());
        paid.and_then(|()| self.meter.bytes(64 * text.len())).map_err(|fault| part.failed(fault))?;
        match Prepared::within(&text, self.names, Some(part.at())) {
            Ok(prepared) => Ok(&trees.keep(prepared).root),
            Err(error) => {
                let shown: String = text.chars().take(80).collect();
                let message =
                    format!("The text \"{shown}\" is to be evaluated and is no expression: {error}");
                Err(part.failed(Fault::new(ErrorKind::Syntax, message)))
            }
        }
    }

    /// A part as an operand: what is somewhere already is not copied.
    fn held<'t>(
        &mut self,
        part: &'p Part<A::Cache>,
        source: &'t Term<'p, A>,
    ) -> Result<Held<'t, 'p, A>, Failed> {
        Ok(match &part.op {
            Op::This => Held::Lent(source),
            Op::Root => match self.root.clone() {
                Bound::Given(term) => Held::Given(term),
                Bound::Set(term) => Held::Shared(term),
            },
            Op::Variable(name) => self.variable(name),
            _ => Held::Own(self.eval(part, source)?),
        })
    }

    /// A variable; null where it was never set.
    fn variable<'t>(&self, name: &str) -> Held<'t, 'p, A> {
        if let Some((_, term)) = self.variables.iter().find(|(known, _)| *known == name) {
            return Held::Shared(Rc::clone(term));
        }
        self.scene.variable(name).map_or(Held::Own(Term::NULL), Held::Given)
    }

    /// A list or map that the expression makes. Java walks it with its own recursion (`equals`, `toString`), and walks
    /// twice what is in it twice, so that neither may grow without bound.
    fn made(&mut self, content: Content<'p, A>) -> Result<Term<'p, A>, Fault> {
        const DEEPEST: u16 = 32;
        const HEAVIEST: u32 = 1 << 16;
        let count = match &content {
            Content::List(terms) | Content::Array(terms) => terms.len(),
            Content::Map(pairs) => 2 * pairs.len(),
        };
        self.meter.bytes(64 + 32 * count)?;
        let term = Term::made(content);
        if term.depth() > DEEPEST {
            let message =
                format!("Lists and maps are nested more than {DEEPEST} levels deep here: make less.");
            return Err(Fault::new(ErrorKind::TooDeep, message));
        }
        if term.weight() > HEAVIEST {
            let message = format!("Lists and maps have more than {HEAVIEST} parts here: make less of them.");
            return Err(Fault::new(ErrorKind::OutOfFuel, message));
        }
        Ok(term)
    }

    /// Pays for a number with so many digits.
    fn digits(&mut self, count: usize) -> Result<(), Fault> {
        self.meter.steps(count / 16)?;
        self.meter.bytes(16 + count)
    }
}
