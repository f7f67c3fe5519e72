//! Lists, sets and maps: all of them are vectors.

use std::rc::Rc;

use ognl::{Fault, Value};

use super::{Body, Got, Model, Obj, V, dup, thrown};

fn out_of_bounds<T>(index: i32) -> Result<T, Fault> {
    thrown("java.lang.IndexOutOfBoundsException", &index.to_string())
}

impl Model {
    pub fn element_at(&self, list: &Obj, index: i32) -> Got {
        let Body::List(elements) = &list.body else { return Ok(Value::Null) };
        match usize::try_from(index).ok().and_then(|index| elements.borrow().get(index).map(dup)) {
            Some(value) => Ok(value),
            None => out_of_bounds(index),
        }
    }

    pub fn replace_at(&self, list: &Obj, index: i32, value: V) -> Got {
        let Body::List(elements) = &list.body else { return Ok(Value::Null) };
        if let Some(place) = usize::try_from(index)
            .ok()
            .and_then(|at| elements.borrow_mut().get_mut(at).map(|p| std::mem::replace(p, value)))
        {
            return Ok(place);
        }
        out_of_bounds(index)
    }

    pub fn entry(&self, map: &Obj, key: &V) -> Got {
        let Body::Map(pairs) = &map.body else { return Ok(Value::Null) };
        let pairs = pairs.borrow();
        Ok(pairs
            .iter()
            .find(|(known, _)| self.equal(known, key))
            .map_or(Value::Null, |(_, value)| dup(value)))
    }

    pub fn put(&self, map: &Obj, key: V, value: V) -> Got {
        let Body::Map(pairs) = &map.body else { return Ok(Value::Null) };
        let mut pairs = pairs.borrow_mut();
        if let Some((_, known)) = pairs.iter_mut().find(|(known, _)| self.equal(known, &key)) {
            return Ok(std::mem::replace(known, value));
        }
        pairs.push((key, value));
        if self.classes.name(&map.class) == "java.util.TreeMap" {
            pairs.sort_by_key(|(key, _)| match key {
                Value::Object(key) => key.units().to_vec(),
                other => vec![Self::number(other) as u16],
            });
        }
        Ok(Value::Null)
    }

    pub fn key_set(&self, map: &Obj) -> V {
        let Body::Map(pairs) = &map.body else { return Value::Null };
        let keys = pairs.borrow().iter().map(|(key, _)| dup(key)).collect();
        self.list("java.util.LinkedHashMap$LinkedKeySet", keys)
    }

    fn is_set(&self, of: &Obj) -> bool {
        self.classes.name(&of.class).contains("Set")
    }

    fn add_to_set(&self, elements: &mut Vec<V>, value: V) -> bool {
        let is_new = !elements.iter().any(|known| self.equal(known, &value));
        if is_new {
            elements.push(value);
        }
        is_new
    }

    pub fn set_of(&self, values: Vec<V>) -> V {
        let mut elements = Vec::new();
        for value in values {
            self.add_to_set(&mut elements, value);
        }
        self.list("java.util.LinkedHashSet", elements)
    }

    /// The methods of lists and sets.
    pub fn list_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        let Body::List(elements) = &on.body else { return None };
        let place = |wanted: &V| on.elements().iter().position(|one| self.equal(wanted, one));
        Some(match (signature, arguments) {
            ("size()", _) => Ok(Value::Int(elements.borrow().len() as i32)),
            ("isEmpty()", _) => Ok(Value::Boolean(elements.borrow().is_empty())),
            ("get(int)", [Value::Int(index)]) => self.element_at(on, *index),
            ("set(int,java.lang.Object)", [Value::Int(index), value]) => {
                self.replace_at(on, *index, dup(value))
            }
            ("contains(java.lang.Object)", [value]) => Ok(Value::Boolean(place(value).is_some())),
            ("containsAll(java.util.Collection)", [Value::Object(other)]) => {
                Ok(Value::Boolean(other.elements().iter().all(|value| place(value).is_some())))
            }
            ("indexOf(java.lang.Object)", [value]) => {
                Ok(Value::Int(place(value).map_or(-1, |place| place as i32)))
            }
            ("iterator()", _) => Ok(self.iterator(on.elements())),
            ("add(java.lang.Object)", [value]) => {
                let mut elements = elements.borrow_mut();
                let added = match self.is_set(on) {
                    true => self.add_to_set(&mut elements, dup(value)),
                    false => {
                        elements.push(dup(value));
                        true
                    }
                };
                Ok(Value::Boolean(added))
            }
            ("add(int,java.lang.Object)", [Value::Int(index), value]) => {
                let mut elements = elements.borrow_mut();
                match usize::try_from(*index).ok().filter(|at| *at <= elements.len()) {
                    Some(at) => elements.insert(at, dup(value)),
                    None => return Some(out_of_bounds(*index)),
                }
                Ok(Value::Null)
            }
            ("remove(int)", [Value::Int(index)]) => {
                let mut elements = elements.borrow_mut();
                match usize::try_from(*index).ok().filter(|at| *at < elements.len()) {
                    Some(at) => Ok(elements.remove(at)),
                    None => out_of_bounds(*index),
                }
            }
            ("remove(java.lang.Object)", [value]) => {
                let found = place(value);
                if let Some(at) = found {
                    elements.borrow_mut().remove(at);
                }
                Ok(Value::Boolean(found.is_some()))
            }
            ("clear()", _) => {
                elements.borrow_mut().clear();
                Ok(Value::Null)
            }
            _ => return None,
        })
    }

    /// The methods of maps.
    pub fn map_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        let Body::Map(pairs) = &on.body else { return None };
        Some(match (signature, arguments) {
            ("size()", _) => Ok(Value::Int(pairs.borrow().len() as i32)),
            ("isEmpty()", _) => Ok(Value::Boolean(pairs.borrow().is_empty())),
            ("get(java.lang.Object)", [key]) => self.entry(on, key),
            ("put(java.lang.Object,java.lang.Object)", [key, value]) => self.put(on, dup(key), dup(value)),
            ("containsKey(java.lang.Object)", [key]) => {
                Ok(Value::Boolean(pairs.borrow().iter().any(|(known, _)| self.equal(known, key))))
            }
            ("containsValue(java.lang.Object)", [value]) => {
                Ok(Value::Boolean(pairs.borrow().iter().any(|(_, known)| self.equal(known, value))))
            }
            ("keySet()", _) => Ok(self.key_set(on)),
            ("values()", _) => Ok(self.list("java.util.LinkedHashMap$LinkedValues", on.elements())),
            ("entrySet()", _) => Ok(self.list("java.util.LinkedHashMap$LinkedEntrySet", on.elements())),
            ("remove(java.lang.Object)", [key]) => {
                let mut pairs = pairs.borrow_mut();
                let found = pairs.iter().position(|(known, _)| self.equal(known, key));
                Ok(found.map_or(Value::Null, |at| pairs.remove(at).1))
            }
            _ => return None,
        })
    }
}
