//! `a = b`. Only variables can be assigned while the scene is strict.

use std::rc::Rc;

use super::held::Bound;
use super::index::place;
use super::{Evaluated, Run};
use crate::fault::Failed;
use crate::member::convert;
use crate::prepared::{Name, Op, Part};
use crate::{Access, ErrorKind, Fault, Kind, Subscript, Term, Value};

type Done = Result<(), Failed>;

impl<'p, A: Access> Run<'p, A> {
    /// Assigns, and gives the value.
    pub(super) fn assignment(
        &mut self,
        parts: &'p [Part<A::Cache>; 2],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let [to, value] = parts;
        let value = self.eval(value, source)?;
        self.assign(to, source, &value)?;
        Ok(value)
    }

    /// Assigns to a part.
    fn assign(&mut self, to: &'p Part<A::Cache>, source: &Term<'p, A>, value: &Term<'p, A>) -> Done {
        self.meter.step().map_err(|fault| to.failed(fault))?;
        let Some(levels) = self.meter.levels.checked_sub(1) else {
            return Err(to.failed(self.meter.too_deep()));
        };
        self.meter.levels = levels;
        let done = self.assign_to(to, source, value);
        self.meter.levels = levels + 1;
        done
    }

    fn assign_to(&mut self, to: &'p Part<A::Cache>, source: &Term<'p, A>, value: &Term<'p, A>) -> Done {
        match &to.op {
            Op::Variable(name) => {
                let value = Rc::new(value.copy(self.access).map_err(|fault| to.failed(fault))?);
                let full = self.variables.len() >= 256;
                let known = self.variables.iter().position(|(known, _)| *known == &**name);
                match known.and_then(|place| self.variables.get_mut(place)) {
                    Some((_, known)) => *known = value,
                    // They are looked for one by one.
                    None if full => {
                        let message = "An expression can have 256 variables and no more.";
                        return Err(to.failed(Fault::new(ErrorKind::OutOfFuel, message)));
                    }
                    None => self.variables.push((name, value)),
                }
                Ok(())
            }
            // The source of the next part is set anew.
            Op::This => Ok(()),
            Op::Root => {
                let value = value.copy(self.access).map_err(|fault| to.failed(fault))?;
                self.root = Bound::Set(Rc::new(value));
                Ok(())
            }
            Op::Property(name) => self.set_property(to, name, source, value),
            Op::Index(index) => {
                let root = self.root.clone();
                let key = self.eval(index, root.term())?;
                self.set_element(to, source, &key, value)
            }
            Op::Subscript(subscript) => self.set_picked(to, *subscript, source, value),
            Op::PropertyAt(name, index) => self.set_property_at(to, name, index, source, value),
            Op::PropertyLength(name, length) => {
                let of = self.property(to, name, source)?;
                self.assign(length, &of, value)
            }
            Op::Chain(first, rest) => {
                let held = self.held(first, source)?;
                let Some((last, before)) = rest.split_last() else {
                    return self.assign(first, source, value);
                };
                let Some((second, before)) = before.split_first() else {
                    return self.assign(last, held.term(), value);
                };
                let mut of = self.eval(second, held.term())?;
                for part in before {
                    of = self.eval(part, &of)?;
                }
                self.assign(last, &of, value)
            }
            Op::Sequence(parts) => {
                let Some((last, before)) = parts.split_last() else { return Ok(()) };
                for part in before {
                    self.eval(part, source)?;
                }
                self.assign(last, source, value)
            }
            Op::And(parts) | Op::Or(parts) => {
                let decides = matches!(to.op, Op::Or(_));
                let Some((last, before)) = parts.split_last() else { return Ok(()) };
                for part in before {
                    if self.condition(part, source)? == decides {
                        return Ok(());
                    }
                }
                self.assign(last, source, value)
            }
            Op::Test(parts) => {
                let [test, yes, no] = &**parts;
                let chosen = if self.condition(test, source)? { yes } else { no };
                self.assign(chosen, source, value)
            }
            Op::Eval(parts) => {
                let [what, on] = &**parts;
                let what = self.eval(what, source)?;
                let on = Rc::new(self.eval(on, source)?);
                let body = self.body(to, &what)?;
                let before = std::mem::replace(&mut self.root, Bound::Set(Rc::clone(&on)));
                let done = self.assign(body, &on, value);
                self.root = before;
                done
            }
            _ => {
                let message = "This cannot be assigned to: a variable, a property or an element stands before \
                               =. To compare, write ==.";
                Err(to.failed(Fault::new(ErrorKind::Inappropriate, message)))
            }
        }
    }

    /// Refuses while the scene is strict.
    fn may_assign(&self, to: &'p Part<A::Cache>) -> Done {
        if !self.scene.is_strict() {
            return Ok(());
        }
        let message = "This would change an object of the application, which `strict` forbids: to compare, write \
                       ==; to change it nevertheless, `options strict false` first.";
        Err(to.failed(Fault::new(ErrorKind::Strict, message)))
    }

    fn set_property(
        &mut self,
        to: &'p Part<A::Cache>,
        name: &'p Name,
        source: &Term<'p, A>,
        value: &Term<'p, A>,
    ) -> Done {
        self.may_assign(to)?;
        self.meter.steps(8).map_err(|fault| to.failed(fault))?;
        let done = self.named_set(to, source, &name.text, value);
        done.map_err(|fault| {
            let own = self.is_own(source, &name.text);
            self.explained_set(name.at(), fault, source, &name.text, own)
        })
    }

    /// A failure to assign. What a list, map or array throws, by its `own` rules, is told as it is.
    fn explained_set(
        &self,
        at: std::ops::Range<usize>,
        fault: Fault,
        source: &Term<'p, A>,
        name: &str,
        own: bool,
    ) -> Failed {
        if let Some(thrown) = fault.exception() {
            let message = format!("{name} cannot be set: it threw {}.", thrown.shown());
            let kind = match own {
                true => fault.kind().clone(),
                false => ErrorKind::MethodFailed(thrown.class.clone()),
            };
            return Fault::new(kind, message).at(at);
        }
        self.explained_property(at, fault, source, name)
    }

    /// `source.name = value`
    fn named_set(
        &mut self,
        to: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        name: &str,
        value: &Term<'p, A>,
    ) -> Result<(), Fault> {
        let own;
        let object = match source {
            Term::Value(Value::Object(object)) => object,
            Term::Made(made) => made.object(self.access)?,
            Term::Value(Value::Null) => return Err(self.null_source(name)),
            Term::Value(scalar) => {
                own = self.access.boxed(scalar)?;
                &own
            }
            Term::Text(text) => {
                own = text.object(self.access)?;
                &own
            }
            Term::Lambda(_) | Term::Source(_) => {
                let message = format!("{name} cannot be assigned to: it is no property of an object.");
                return Err(Fault::new(ErrorKind::NoSuchProperty, message));
            }
        };
        let value = value.value(self.access)?;
        match self.access.kind(object)? {
            Kind::Map => {
                let key = self.access.new_text(&name.encode_utf16().collect::<Vec<u16>>())?;
                self.access.map_put(object, Value::Object(key), value)
            }
            Kind::Iterator | Kind::Enumeration => {
                let message = format!("{name} cannot be assigned to: an iterator has nothing to set.");
                Err(Fault::new(ErrorKind::IllegalArgument, message))
            }
            _ => self.access.assign(&to.site, object, name, value),
        }
    }

    /// `source[key] = value`
    fn set_element(
        &mut self,
        to: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
        value: &Term<'p, A>,
    ) -> Done {
        self.may_assign(to)?;
        let done = self.element_set(to, source, key, value);
        done.map_err(|fault| {
            let name = self.key_name(key);
            let own = self.is_element(source, key);
            self.explained_set(to.at(), fault, source, &name, own)
        })
    }

    fn element_set(
        &mut self,
        to: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
        value: &Term<'p, A>,
    ) -> Result<(), Fault> {
        self.meter.steps(8)?;
        let access = self.access;
        let object = match source {
            Term::Value(Value::Object(object)) => Some(object),
            Term::Made(made) => Some(made.object(access)?),
            _ => None,
        };
        if let Some(object) = object {
            match access.kind(object)? {
                Kind::Map => return access.map_put(object, key.value(access)?, value.value(access)?),
                Kind::List => {
                    if let Some(index) = self.number(key)? {
                        return access.list_set(object, index, value.value(access)?);
                    }
                }
                Kind::Array(_) => {
                    if let Some(index) = self.number(key)? {
                        return self.set_array(object, index, value);
                    }
                }
                _ => {}
            }
        }
        if matches!(key, Term::Value(Value::Null)) {
            let message = "The index is null, which names no property.";
            return Err(Fault::new(ErrorKind::NullPointer, message));
        }
        let mut name = String::new();
        self.with_text(key, &mut |units| name = String::from_utf16_lossy(units))?;
        self.named_set(to, source, &name, value)
    }

    /// An array's element; none with a negative index, silently.
    fn set_array(&mut self, array: &A::Object, index: i32, value: &Term<'p, A>) -> Result<(), Fault> {
        let class = self.access.class_of(array)?;
        let value = value.value(self.access)?;
        let value = match self.access.component(&class) {
            Some(component) => convert(self.access, value, &component)?,
            None => value,
        };
        if index < 0 { Ok(()) } else { self.access.set_element(array, index, value) }
    }

    /// `source[^] = value` and the like.
    fn set_picked(
        &mut self,
        to: &'p Part<A::Cache>,
        subscript: Subscript,
        source: &Term<'p, A>,
        value: &Term<'p, A>,
    ) -> Done {
        self.may_assign(to)?;
        let done = self.picked_set(subscript, source, value);
        done.map_err(|fault| self.explained_set(to.at(), fault, source, "this element", true))
    }

    fn picked_set(
        &mut self,
        subscript: Subscript,
        source: &Term<'p, A>,
        value: &Term<'p, A>,
    ) -> Result<(), Fault> {
        self.meter.steps(8)?;
        let access = self.access;
        let object = match source {
            Term::Value(Value::Object(object)) => object,
            Term::Made(made) => made.object(access)?,
            Term::Value(Value::Null) => return Err(self.null_source("this index")),
            _ => return Err(Fault::missing(ErrorKind::NoSuchProperty)),
        };
        match access.kind(object)? {
            Kind::List if subscript == Subscript::All => match value.value(access)? {
                Value::Object(elements)
                    if matches!(access.kind(&elements)?, Kind::List | Kind::Set | Kind::Collection) =>
                {
                    access.list_fill(object, &elements)
                }
                _ => {
                    let message = "Only a collection can be assigned to all elements of a list.";
                    Err(Fault::new(ErrorKind::IllegalArgument, message))
                }
            },
            Kind::List => {
                let size = access.size(object)?;
                match place(subscript, usize::try_from(size).unwrap_or(0)) {
                    None => Ok(()),
                    Some(place) => {
                        access.list_set(object, place.try_into().unwrap_or(i32::MAX), value.value(access)?)
                    }
                }
            }
            Kind::Array(_) if subscript == Subscript::All => self.fill_array(object, value),
            Kind::Array(_) => {
                let length = access.length(object)?;
                match place(subscript, usize::try_from(length).unwrap_or(0)) {
                    None => Ok(()),
                    Some(place) => self.set_array(object, place.try_into().unwrap_or(i32::MAX), value),
                }
            }
            _ => Err(Fault::missing(ErrorKind::NoSuchProperty)),
        }
    }

    /// Replaces the elements of an array by those of another, as many as both have.
    fn fill_array(&mut self, array: &A::Object, value: &Term<'p, A>) -> Result<(), Fault> {
        let access = self.access;
        let class = access.class_of(array)?;
        let (Value::Object(from), component) =
            (convert(access, value.value(access)?, &class)?, access.component(&class))
        else {
            return Ok(());
        };
        let (Some(component), length) = (component, access.length(array)?.min(access.length(&from)?)) else {
            return Ok(());
        };
        for index in 0..length {
            self.meter.step()?;
            let element = convert(access, access.element(&from, index)?, &component)?;
            access.set_element(array, index, element)?;
        }
        Ok(())
    }

    /// `name[index] = value`: the class may want to take the index itself.
    fn set_property_at(
        &mut self,
        to: &'p Part<A::Cache>,
        name: &'p Name,
        index: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        value: &Term<'p, A>,
    ) -> Done {
        if let Term::Value(Value::Object(object)) = source {
            let found = self.access.indexed_property(&to.site, object, &name.text);
            let found = found.map_err(|fault| to.failed(fault))?;
            let all = matches!(index.op, Op::Subscript(Subscript::All));
            if let Some(found) = found.filter(|found| !(all && found.by_number)) {
                self.may_assign(to)?;
                let key = self.index_value(to, name, index, &found, source)?;
                let Some(method) = &found.write else {
                    let fault = Fault::missing(ErrorKind::NoSuchProperty);
                    return Err(self.explained_property(name.at(), fault, source, &name.text));
                };
                let value = value.value(self.access).map_err(|fault| to.failed(fault))?;
                let done = self.access.invoke(&index.site, object, method, vec![key, value]);
                return done.map(drop).map_err(|fault| self.explained_method(to, fault, source, method));
            }
        }
        let of = self.property(to, name, source)?;
        self.assign(index, &of, value)
    }
}
