//! All that can be reached from an object, to see whether anything was changed.

use std::fmt::Write;
use std::rc::Rc;

use ognl::Value;

use super::{Body, Model, Obj, V};

/// Everything that can be reached from an object or a static field, each object once.
pub fn snapshot(model: &Model, root: &Rc<Obj>) -> String {
    let mut out = String::new();
    let mut seen = Vec::new();
    for (class, name, value) in model.statics.borrow().iter() {
        write!(out, "{class}.{name}=").unwrap();
        walk(value, &mut seen, &mut out);
    }
    walk(&Value::Object(Rc::clone(root)), &mut seen, &mut out);
    out
}

fn walk(value: &V, seen: &mut Vec<*const Obj>, out: &mut String) {
    let Value::Object(object) = value else {
        return write!(out, "{value:?} ").unwrap();
    };
    let at = Rc::as_ptr(object);
    if let Some(place) = seen.iter().position(|known| *known == at) {
        return write!(out, "#{place} ").unwrap();
    }
    seen.push(at);
    match &object.body {
        Body::Plain(fields) => {
            for (class, name, value) in fields.borrow().iter() {
                write!(out, "{class}.{name}=").unwrap();
                walk(value, seen, out);
            }
        }
        Body::List(elements) | Body::Array(elements) => {
            out.push_str("[ ");
            elements.borrow().iter().for_each(|element| walk(element, seen, out));
            out.push_str("] ");
        }
        Body::Map(pairs) => {
            for (key, value) in pairs.borrow().iter() {
                walk(key, seen, out);
                out.push_str(": ");
                walk(value, seen, out);
            }
        }
        other => write!(out, "{other:?} ").unwrap(),
    }
}
