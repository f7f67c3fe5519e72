//! Values and failures as the table shows them: what shop.Shown does in Java.

use ognl::{ErrorKind, Term, Value};

use super::{Body, Model, Type, V};

const DEEPEST: u32 = 6;

/// A value as the table shows it.
pub fn shown(model: &Model, term: &Term<'_, Model>) -> String {
    if matches!(term, Term::Lambda(_)) {
        return "a lambda".to_owned();
    }
    match term.value(model) {
        Ok(value) => model.shown(&value),
        Err(why) => format!("no value: {}", why.message()),
    }
}

/// A failure as the table shows it.
pub fn kind(of: &ErrorKind) -> String {
    match of {
        ErrorKind::PropertyFailed(class) => format!("error PropertyFailed({class})"),
        ErrorKind::MethodFailed(class) => format!("error MethodFailed({class})"),
        ErrorKind::Thrown(class) => format!("error Thrown({class})"),
        other => format!("error {other:?}"),
    }
}

impl Model {
    pub fn shown(&self, value: &V) -> String {
        let mut out = String::new();
        self.show(value, &mut out, 0);
        out
    }

    fn show(&self, value: &V, out: &mut String, depth: u32) {
        if depth > DEEPEST {
            return out.push_str("...");
        }
        let Value::Object(object) = value else {
            return self.show_scalar(value, out);
        };
        let name = self.classes.name(&object.class);
        match &object.body {
            Body::Scalar(value) => self.show_scalar(value, out),
            Body::Text(units) => {
                out.push_str("String ");
                quoted(units, out);
            }
            Body::Big(value) => out.push_str(&format!("BigInteger {value}")),
            Body::Decimal(unscaled, scale) => {
                out.push_str(&format!("BigDecimal {}", super::numbers::decimal_text(*unscaled, *scale)));
            }
            Body::Class(class) => out.push_str(&format!("Class {}", self.classes.name(class))),
            Body::Array(_) => {
                out.push_str(&format!("{} {{", self.classes.simple_name(&object.class)));
                self.show_all(&object.elements(), out, depth);
                out.push('}');
            }
            Body::List(_) => {
                out.push_str(&format!("{} [", self.sort(&object.class, &name)));
                self.show_all(&object.elements(), out, depth);
                out.push(']');
            }
            Body::Map(pairs) => {
                out.push_str(&format!("{} {{", self.sort(&object.class, &name)));
                for (index, (key, value)) in pairs.borrow().iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    self.show(key, out, depth + 1);
                    out.push_str(": ");
                    self.show(value, out, depth + 1);
                }
                out.push('}');
            }
            Body::Iterator(..) => out.push_str("an iterator"),
            Body::Plain(_) => {
                let declaring = self.declaring(object);
                let is_enum = matches!(&declaring, Type::Named(index) if {
                    self.classes.get(*index).superclass == self.classes.find("java.lang.Enum")
                });
                let name = if is_enum { self.classes.name(&declaring) } else { name };
                let text = match is_enum {
                    true => self.value_text(&self.field(object, "java.lang.Enum", "name")),
                    false => self.value_text(value),
                };
                out.push_str(&name);
                if name.starts_with("shop.") {
                    out.push_str(&format!(" {}", String::from_utf16_lossy(&text.unwrap_or_default())));
                }
            }
        }
    }

    fn show_scalar(&self, value: &V, out: &mut String) {
        match (value, value.boxed()) {
            (Value::Character(unit), _) => {
                out.push_str("Character ");
                quoted(&[*unit], out);
            }
            (_, Some(class)) => {
                let name = class.name().rsplit('.').next().unwrap();
                out.push_str(&format!("{name} {}", ognl::shown(value)));
            }
            _ => out.push_str("null"),
        }
    }

    fn show_all(&self, elements: &[V], out: &mut String, depth: u32) {
        for (index, element) in elements.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            self.show(element, out, depth + 1);
        }
    }

    /// The classes of views are hidden, and differ between releases of the JDK.
    fn sort(&self, class: &Type, name: &str) -> String {
        let is = |what: &str| {
            let above = self.classes.find(what).unwrap();
            matches!(class, Type::Named(index) if self.classes.is_below(*index, above))
        };
        match () {
            () if !name.contains('$') => self.classes.simple_name(class),
            () if is("java.util.List") => "List".to_owned(),
            () if is("java.util.Set") => "Set".to_owned(),
            () if is("java.util.Map") => "Map".to_owned(),
            () => "Collection".to_owned(),
        }
    }
}

fn quoted(units: &[u16], out: &mut String) {
    out.push('"');
    for unit in units {
        match unit {
            0x20..=0x7e if !matches!(unit, 0x5c | 0x22) => out.push(char::from(*unit as u8)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out.push('"');
}
