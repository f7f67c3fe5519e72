//! Copies what an expression gives: objects of the JVM, and lists, maps and texts that are only the expression's.

use ognl::{Content, Source, Term};

use crate::copier::{Copier, Limits};
use crate::item::Item;
use crate::java::{Java, Thing, Value};
use crate::root::NAMES;
use crate::snapshot::{Made, Snapshot};

impl<'e, 'f> Copier<'_, 'e, 'f> {
    /// A copy of a value.
    pub fn of_term(java: &Java<'e, 'f>, term: &Term<'_, Java<'e, 'f>>, limits: Limits) -> Snapshot {
        let mut copier = Copier::new(java.live(), java.classes(), limits);
        copier.term(java, term, 0);
        copier.finish()
    }

    /// Copies the value of an expression; `level` is 0 for the outermost.
    pub(crate) fn term(&mut self, java: &Java<'e, 'f>, term: &Term<'_, Java<'e, 'f>>, level: u32) {
        match term {
            Term::Value(value) => self.value(value, level),
            Term::Text(text) => {
                self.step();
                self.text(text.units());
            }
            Term::Lambda(lambda) => {
                self.step();
                let units: Vec<u16> = lambda.text().encode_utf16().collect();
                self.text(&units);
            }
            Term::Made(made) => match made.content() {
                Ok(Content::List(terms)) => self.terms(java, Made::List, terms, level),
                Ok(Content::Array(terms)) => self.terms(java, Made::Arguments, terms, level),
                Ok(Content::Map(pairs)) => {
                    self.step();
                    self.made(Made::Map, pairs.len(), level, |copier, level| {
                        for (key, value) in pairs {
                            let from = copier.place();
                            copier.term(java, key, level);
                            match copier.is_secret_name(from) {
                                true => copier.secret(),
                                false => copier.term(java, value, level),
                            }
                        }
                    });
                }
                Err(object) => self.thing(object, level),
            },
            Term::Source(source) => self.source(java, *source, level),
        }
    }

    fn terms(&mut self, java: &Java<'e, 'f>, class: Made, terms: &[Term<'_, Java<'e, 'f>>], level: u32) {
        self.step();
        self.made(class, terms.len(), level, |copier, level| {
            for term in terms {
                copier.term(java, term, level);
            }
        });
    }

    /// A root as a whole: all that can be asked of it.
    fn source(&mut self, java: &Java<'e, 'f>, source: &dyn Source<Java<'e, 'f>>, level: u32) {
        const SHOWN: [&str; 11] = [
            "loader",
            "clazz",
            "method",
            "target",
            "params",
            "returnObj",
            "throwExp",
            "isBefore",
            "isThrow",
            "isReturn",
            "lineNumber",
        ];
        let shown: Vec<&str> = match source.names() {
            NAMES => SHOWN.to_vec(),
            other => other.to_vec(),
        };
        self.step();
        self.made(Made::Map, shown.len(), level, |copier, level| {
            for name in shown {
                copier.text(&name.encode_utf16().collect::<Vec<_>>());
                let slot = source.names().iter().position(|known| *known == name);
                match slot.map(|slot| source.property(java, slot)) {
                    Some(Ok(Term::Source(_))) | None => copier.unreadable(),
                    Some(Ok(term)) => copier.term(java, &term, level),
                    Some(Err(_)) => copier.unreadable(),
                }
            }
        });
    }

    fn value(&mut self, value: &Value<'f>, level: u32) {
        let item = match value {
            Value::Null => Item::Null,
            Value::Boolean(value) => Item::Bool(*value),
            Value::Character(value) => Item::Char(*value),
            Value::Byte(value) => Item::Byte(*value),
            Value::Short(value) => Item::Short(*value),
            Value::Int(value) => Item::Int(*value),
            Value::Long(value) => Item::Long(*value),
            Value::Float(value) => Item::Float(*value),
            Value::Double(value) => Item::Double(*value),
            Value::Object(thing) => return self.thing(thing, level),
        };
        self.item(item, level, &Default::default());
    }

    fn thing(&mut self, thing: &Thing<'f>, level: u32) {
        self.step();
        match thing.as_text() {
            Some(text) => self.live_text(text),
            None => self.object(thing.local(), level, &Default::default()),
        }
    }
}
