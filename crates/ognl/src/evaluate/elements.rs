//! What a projection, a selection and `in` walk over.
//!
//! Collections, iterators and arrays have elements, maps their values, a number counts up from zero, and anything
//! else is its own single element.

use super::{Run, arithmetic::Type};
use crate::fault::Failed;
use crate::prepared::Part;
use crate::term::Content;
use crate::{Access, ErrorKind, Fault, Kind, Term, Value};

/// What is done with an element; false ends the walk.
pub(super) type Visit<'v, 'p, A> = dyn FnMut(&mut Run<'p, A>, Term<'p, A>) -> Result<bool, Failed> + 'v;

impl<'p, A: Access> Run<'p, A> {
    /// Visits the elements of a value.
    pub(super) fn each(
        &mut self,
        part: &'p Part<A::Cache>,
        of: &Term<'p, A>,
        visit: &mut Visit<'_, 'p, A>,
    ) -> Result<(), Failed> {
        match of {
            Term::Value(Value::Null) => {
                let message = "What stands before this is null and has no elements: test for null before.";
                Err(part.failed(Fault::new(ErrorKind::NullPointer, message)))
            }
            Term::Value(Value::Object(object)) => self.each_of(part, object, of, visit),
            Term::Value(Value::Boolean(_) | Value::Character(_)) => self.alone(part, of, visit),
            Term::Value(_) => self.count(part, of, visit),
            Term::Made(made) => match made.content() {
                Ok(Content::List(terms) | Content::Array(terms)) => {
                    self.each_term(part, &mut terms.iter(), visit)
                }
                Ok(Content::Map(pairs)) => {
                    self.each_term(part, &mut pairs.iter().map(|(_, value)| value), visit)
                }
                Err(object) => self.each_of(part, object, of, visit),
            },
            Term::Text(_) | Term::Lambda(_) | Term::Source(_) => self.alone(part, of, visit),
        }
    }

    fn alone(
        &mut self,
        part: &'p Part<A::Cache>,
        of: &Term<'p, A>,
        visit: &mut Visit<'_, 'p, A>,
    ) -> Result<(), Failed> {
        let element = of.copy(self.access).map_err(|fault| part.failed(fault))?;
        visit(self, element).map(drop)
    }

    fn each_term<'t>(
        &mut self,
        part: &'p Part<A::Cache>,
        terms: &mut dyn Iterator<Item = &'t Term<'p, A>>,
        visit: &mut Visit<'_, 'p, A>,
    ) -> Result<(), Failed>
    where
        'p: 't,
    {
        for term in terms {
            self.meter.step().map_err(|fault| part.failed(fault))?;
            let term = term.copy(self.access).map_err(|fault| part.failed(fault))?;
            if !visit(self, term)? {
                break;
            }
        }
        Ok(())
    }

    /// A number's: those from zero below it, of its own type.
    fn count(
        &mut self,
        part: &'p Part<A::Cache>,
        of: &Term<'p, A>,
        visit: &mut Visit<'_, 'p, A>,
    ) -> Result<(), Failed> {
        let failed = |fault| part.failed(fault);
        let (kind, end) = (self.type_of(of).map_err(failed)?, self.long(of).map_err(failed)?);
        for next in 0..end.max(0) {
            self.meter.step().map_err(failed)?;
            let element = self.whole(kind, next).map_err(failed)?;
            if matches!(kind, Type::BigInteger | Type::BigDecimal | Type::Other) {
                self.meter.bytes(32).map_err(failed)?;
            }
            if !visit(self, element)? {
                break;
            }
        }
        Ok(())
    }

    fn each_of(
        &mut self,
        part: &'p Part<A::Cache>,
        object: &A::Object,
        of: &Term<'p, A>,
        visit: &mut Visit<'_, 'p, A>,
    ) -> Result<(), Failed> {
        let access = self.access;
        let failed = |fault| part.failed(fault);
        match access.kind(object).map_err(failed)? {
            Kind::Array(_) => {
                for index in 0..access.length(object).map_err(failed)? {
                    self.meter.step().map_err(failed)?;
                    let element = access.element(object, index).map_err(failed)?;
                    if !visit(self, Term::Value(element))? {
                        break;
                    }
                }
                Ok(())
            }
            Kind::Number | Kind::BigInteger | Kind::BigDecimal => self.count(part, of, visit),
            kind if kind.is_walked() => {
                let mut stopped = Ok(());
                let walked = access.each(object, &mut |element| {
                    let seen = self.meter.step().map_err(|fault| part.failed(fault));
                    match seen.and_then(|()| visit(self, Term::Value(element))) {
                        Ok(more) => more,
                        Err(why) => {
                            stopped = Err(why);
                            false
                        }
                    }
                });
                stopped?;
                walked.map_err(failed)
            }
            _ => self.alone(part, of, visit),
        }
    }

    /// `a in b`: whether an element of `b` equals `a`. Null has none.
    pub(super) fn is_in(
        &mut self,
        part: &'p Part<A::Cache>,
        operands: &'p [Part<A::Cache>; 2],
        source: &Term<'p, A>,
    ) -> Result<bool, Failed> {
        let [one, two] = operands;
        let one = self.held(one, source)?;
        if let crate::prepared::Op::List(elements) = &two.op
            && elements.iter().all(is_literal)
        {
            // Literals are compared one by one: no list need be made.
            for element in elements {
                let element = self.eval(element, source)?;
                if self.equal(one.term(), &element).map_err(|fault| part.failed(fault))? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let two = self.held(two, source)?;
        if matches!(two.term(), Term::Value(Value::Null)) {
            return Ok(false);
        }
        let mut found = false;
        self.each(part, two.term(), &mut |run, element| {
            found = run.equal(one.term(), &element).map_err(|fault| part.failed(fault))?;
            Ok(!found)
        })?;
        Ok(found)
    }
}

/// Whether a part is a literal that costs nothing.
fn is_literal<C>(part: &Part<C>) -> bool {
    use crate::prepared::Op;
    matches!(
        part.op,
        Op::Null
            | Op::Boolean(_)
            | Op::Character(_)
            | Op::Int(_)
            | Op::Long(_)
            | Op::Float(_)
            | Op::Double(_)
            | Op::Text(_)
    )
}
