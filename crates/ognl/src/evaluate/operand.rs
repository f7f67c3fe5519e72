//! Operands as truths, numbers and texts.

use super::Run;
use crate::fault::Failed;
use crate::member::{boolean_of, double_of, is_true, long_of, text_of, trimmed};
use crate::number::{parse_double, parse_long};
use crate::prepared::Part;
use crate::{Access, Fault, Kind, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    /// Whether a value counts as true.
    pub(super) fn is_true(&self, part: &Part<A::Cache>, term: &Term<'p, A>) -> Result<bool, Failed> {
        match term {
            Term::Value(Value::Boolean(value)) => Ok(*value),
            Term::Value(value) => boolean_of(self.access, value).map_err(|fault| part.failed(fault)),
            Term::Text(text) => Ok(is_true(text.units())),
            Term::Made(_) | Term::Lambda(_) | Term::Source(_) => Ok(true),
        }
    }

    /// A value as a `long`.
    pub(super) fn long(&self, term: &Term<'p, A>) -> Result<i64, Fault> {
        match term {
            Term::Value(value) => long_of(self.access, value),
            Term::Text(text) => parse_long(trimmed(text.units())),
            other => long_of(self.access, &other.value(self.access)?),
        }
    }

    /// A value as a `double`.
    pub(super) fn double(&self, term: &Term<'p, A>) -> Result<f64, Fault> {
        match term {
            Term::Value(value) => double_of(self.access, value),
            Term::Text(text) => parse_double(trimmed(text.units())),
            other => double_of(self.access, &other.value(self.access)?),
        }
    }

    /// Lends a value as a text, as `String.valueOf` gives it.
    pub(super) fn with_text(&self, term: &Term<'p, A>, read: &mut dyn FnMut(&[u16])) -> Result<(), Fault> {
        match term {
            Term::Value(value) => text_of(self.access, value, read),
            Term::Text(text) => {
                read(text.units());
                Ok(())
            }
            Term::Lambda(lambda) => {
                read(&lambda.text().encode_utf16().collect::<Vec<u16>>());
                Ok(())
            }
            other => text_of(self.access, &other.value(self.access)?, read),
        }
    }

    /// The kind of a value that is an object, a text of the expression included.
    pub(super) fn kind(&self, term: &Term<'p, A>) -> Result<Option<Kind>, Fault> {
        Ok(match term {
            Term::Value(Value::Object(object)) => Some(self.access.kind(object)?),
            Term::Text(_) => Some(Kind::Text),
            _ => None,
        })
    }

    /// The whole number that an index is; none where it is no number.
    #[expect(clippy::cast_possible_truncation, reason = "as Java narrows")]
    pub(super) fn number(&self, term: &Term<'p, A>) -> Result<Option<i32>, Fault> {
        Ok(match term {
            Term::Value(Value::Int(value)) => Some(*value),
            Term::Value(Value::Float(value)) => Some(*value as i32),
            Term::Value(Value::Double(value)) => Some(*value as i32),
            Term::Value(Value::Byte(_) | Value::Short(_) | Value::Long(_)) => Some(self.long(term)? as i32),
            Term::Value(Value::Object(object)) => match self.access.kind(object)? {
                Kind::Number | Kind::BigInteger | Kind::BigDecimal => Some(self.long(term)? as i32),
                _ => None,
            },
            _ => None,
        })
    }
}
