//! What objects say of each other and of themselves: `equals`, `compareTo`, `hashCode`, `toString`.

use std::rc::Rc;

use ognl::{Fault, Value};

use super::{Body, Model, Obj, Type, V, thrown};

impl Model {
    /// Whether two values are equal as keys of a map are.
    pub fn equal(&self, one: &V, two: &V) -> bool {
        match (one, two) {
            (Value::Object(one), two) => self.is_equal(one, two).unwrap_or(false),
            (Value::Null, Value::Null) => true,
            (Value::Double(one), Value::Double(two)) => {
                one.to_bits() == two.to_bits() || (one.is_nan() && two.is_nan())
            }
            (Value::Float(one), Value::Float(two)) => {
                one.to_bits() == two.to_bits() || (one.is_nan() && two.is_nan())
            }
            (one, two) => {
                one.primitive() == two.primitive()
                    && ognl::shown(one) == ognl::shown(two)
                    && one.primitive().is_some()
            }
        }
    }

    /// `of.equals(other)`
    pub fn is_equal(&self, of: &Rc<Obj>, other: &V) -> Result<bool, Fault> {
        self.recursive(|| self.is_equal_inside(of, other))
    }

    fn is_equal_inside(&self, of: &Rc<Obj>, other: &V) -> Result<bool, Fault> {
        if let Body::Scalar(scalar) = &of.body {
            return Ok(self.equal(scalar, other));
        }
        if self.classes.name(&of.class) == "shop.Odd" {
            return Ok(true);
        }
        let Value::Object(other) = other else { return Ok(false) };
        if Rc::ptr_eq(of, other) {
            return Ok(true);
        }
        let name = self.classes.name(&of.class);
        Ok(match (&of.body, &other.body) {
            (Body::Text(one), Body::Text(two)) => one == two,
            (Body::Big(one), Body::Big(two)) => one == two,
            (Body::Decimal(one, scale), Body::Decimal(two, other)) => one == two && scale == other,
            (Body::Class(one), Body::Class(two)) => one == two,
            (Body::List(_), Body::List(_)) => {
                let (left, right) = (of.elements(), other.elements());
                let set = |one: &Obj| self.classes.name(&one.class).contains("Set");
                left.len() == right.len()
                    && set(of) == set(other)
                    && match set(of) {
                        true => left.iter().all(|one| right.iter().any(|two| self.equal(one, two))),
                        false => left.iter().zip(&right).all(|(one, two)| self.equal(one, two)),
                    }
            }
            (Body::Map(one), Body::Map(two)) => {
                let (one, two) = (one.borrow(), two.borrow());
                let has = |(key, value): &(V, V)| {
                    two.iter().any(|(k, v)| self.equal(key, k) && self.equal(value, v))
                };
                one.len() == two.len() && one.iter().all(has)
            }
            (Body::Plain(_), Body::Plain(_)) if name == "shop.Money" && of.class == other.class => {
                let same =
                    |field| self.equal(&self.field(of, &name, field), &self.field(other, &name, field));
                same("amount") && same("currency")
            }
            _ => false,
        })
    }

    /// `of.compareTo(other)`
    pub fn compared(&self, of: &Rc<Obj>, other: &V) -> Result<i32, Fault> {
        self.recursive(|| self.compared_inside(of, other))
    }

    fn compared_inside(&self, of: &Rc<Obj>, other: &V) -> Result<i32, Fault> {
        let name = self.classes.name(&of.class);
        if name == "shop.Odd" {
            return thrown("java.lang.IllegalStateException", "not comparable today");
        }
        if let Body::Scalar(scalar) = &of.body {
            return match (scalar, other) {
                (Value::Character(one), Value::Character(two)) => Ok(i32::from(*one) - i32::from(*two)),
                (Value::Boolean(one), Value::Boolean(two)) => Ok(one.cmp(two) as i32),
                (one, Value::Null) if one.primitive().is_some() => {
                    Err(Fault::thrown("java.lang.NullPointerException", None))
                }
                (one, two) if one.primitive() != two.primitive() => {
                    thrown("java.lang.ClassCastException", "not of one class")
                }
                _ => Ok(Self::number(scalar).total_cmp(&Self::number(other)) as i32),
            };
        }
        let Value::Object(two) = other else {
            return match other {
                Value::Null => Err(Fault::thrown("java.lang.NullPointerException", None)),
                _ => thrown("java.lang.ClassCastException", "not of one class"),
            };
        };
        let field = |of: &Obj, name: &str| self.field(of, &self.classes.name(&of.class), name);
        Ok(match (&of.body, &two.body) {
            (Body::Text(one), Body::Text(two)) => {
                let differ = one.iter().zip(two.iter()).find(|(one, two)| one != two);
                differ.map_or(one.len() as i32 - two.len() as i32, |(one, two)| {
                    i32::from(*one) - i32::from(*two)
                })
            }
            (Body::Big(_) | Body::Decimal(..), Body::Big(_) | Body::Decimal(..)) => {
                super::numbers::order(&of.body, &two.body) as i32
            }
            _ if name == "shop.Money" => {
                Self::number(&field(of, "amount")).total_cmp(&Self::number(&field(two, "amount"))) as i32
            }
            _ if name == "shop.Box" => match (field(of, "value"), field(two, "value")) {
                (Value::Object(one), two) => self.compared(&one, &two)?,
                (one, two) => Self::number(&one).total_cmp(&Self::number(&two)) as i32,
            },
            _ if self.declaring(of) == self.declaring(two) => {
                let ordinal = |of: &Obj| Self::number(&self.field(of, "java.lang.Enum", "ordinal"));
                (ordinal(of) - ordinal(two)) as i32
            }
            _ => return thrown("java.lang.ClassCastException", "not of one class"),
        })
    }

    /// Small numbers as one type.
    pub fn number(value: &V) -> f64 {
        match value {
            Value::Boolean(value) => f64::from(u8::from(*value)),
            Value::Character(value) => f64::from(*value),
            Value::Byte(value) => f64::from(*value),
            Value::Short(value) => f64::from(*value),
            Value::Int(value) => f64::from(*value),
            Value::Long(value) => *value as f64,
            Value::Float(value) => f64::from(*value),
            Value::Double(value) => *value,
            Value::Null | Value::Object(_) => 0.0,
        }
    }

    /// The enum of a constant.
    pub fn declaring(&self, of: &Obj) -> Type {
        let Type::Named(index) = of.class else { return of.class.clone() };
        match self.classes.get(index).superclass {
            Some(above) if self.classes.get(above).name != "java.lang.Enum" => Type::Named(above),
            _ => of.class.clone(),
        }
    }

    pub fn hash(&self, of: &V) -> i32 {
        let mixed = |hash: i32, next: i32| hash.wrapping_mul(31).wrapping_add(next);
        match of {
            Value::Null => 0,
            Value::Boolean(value) => {
                if *value {
                    1231
                } else {
                    1237
                }
            }
            Value::Long(value) => (*value ^ (*value as u64 >> 32) as i64) as i32,
            Value::Float(value) => value.to_bits() as i32,
            Value::Double(value) => (value.to_bits() ^ (value.to_bits() >> 32)) as i32,
            Value::Object(object) => match &object.body {
                Body::Text(units) => units.iter().fold(0, |hash, unit| mixed(hash, i32::from(*unit))),
                Body::List(_) => {
                    let all =
                        || Ok(object.elements().iter().fold(1, |hash, one| mixed(hash, self.hash(one))));
                    self.recursive(all).unwrap_or(0)
                }
                Body::Scalar(scalar) => self.hash(scalar),
                _ => 7,
            },
            small => Self::number(small) as i32,
        }
    }

    /// `toString()`
    pub fn string(&self, of: &Rc<Obj>) -> Result<Option<Rc<[u16]>>, Fault> {
        self.recursive(|| self.string_inside(of))
    }

    fn string_inside(&self, of: &Rc<Obj>) -> Result<Option<Rc<[u16]>>, Fault> {
        let text = |text: String| Ok(Some(text.encode_utf16().collect()));
        let name = self.classes.name(&of.class);
        let joined = |parts: Vec<Rc<[u16]>>, open: char, close: char| {
            let mut out = vec![open as u16];
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    out.extend(", ".encode_utf16());
                }
                out.extend_from_slice(part);
            }
            out.push(close as u16);
            Ok(Some(out.into()))
        };
        match &of.body {
            Body::Text(units) => Ok(Some(Rc::clone(units))),
            Body::Big(value) => text(value.to_string()),
            Body::Decimal(unscaled, scale) => text(super::numbers::decimal_text(*unscaled, *scale)),
            Body::Scalar(Value::Character(unit)) => Ok(Some(Rc::from([*unit]))),
            Body::Scalar(value) => text(ognl::shown(value)),
            Body::List(_) => {
                let parts = of.elements().iter().map(|one| self.value_text(one)).collect::<Result<_, _>>()?;
                joined(parts, '[', ']')
            }
            Body::Map(pairs) => {
                let mut parts = Vec::new();
                for (key, value) in pairs.borrow().iter() {
                    let mut part = self.value_text(key)?.to_vec();
                    part.push('=' as u16);
                    part.extend_from_slice(&self.value_text(value)?);
                    parts.push(part.into());
                }
                joined(parts, '{', '}')
            }
            Body::Class(class) => {
                let sort = if matches!(class, Type::Named(index) if self.classes.get(*index).flags & 0x200 != 0)
                {
                    "interface"
                } else {
                    "class"
                };
                text(format!("{sort} {}", self.classes.name(class)))
            }
            Body::Array(_) | Body::Iterator(..) => text(format!("{name}@1b")),
            Body::Plain(_) => match self.shop_call(&name, "toString()", of, &[]) {
                Some(Ok(Value::Object(made))) => Ok(Some(made.units())),
                Some(Ok(_)) => Ok(None),
                Some(Err(fault)) => Err(fault),
                None if self.classes.is_below(
                    self.classes.find(&name).unwrap_or(0),
                    self.classes.find("java.lang.Enum").unwrap_or(0),
                ) =>
                {
                    match self.field(of, "java.lang.Enum", "name") {
                        Value::Object(name) => Ok(Some(name.units())),
                        _ => Ok(None),
                    }
                }
                None => text(format!("{name}@1b")),
            },
        }
    }

    /// `String.valueOf(value)`
    pub fn value_text(&self, value: &V) -> Result<Rc<[u16]>, Fault> {
        match value {
            Value::Object(object) => {
                Ok(self.string(object)?.unwrap_or_else(|| "null".encode_utf16().collect()))
            }
            Value::Character(unit) => Ok(Rc::from([*unit])),
            scalar => Ok(ognl::shown(scalar).encode_utf16().collect()),
        }
    }
}
