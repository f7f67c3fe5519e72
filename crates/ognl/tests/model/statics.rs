//! Static methods and constructors, by their class and signature.

use std::cell::RefCell;

use ognl::{ErrorKind, Fault, Standard, Value};

use super::{Body, Got, Model, V, dup, thrown};

impl Model {
    pub fn static_call(&self, class: &str, signature: &str, arguments: &[V]) -> Option<Got> {
        if class.starts_with("shop.") {
            return self.static_shop_call(class, signature, arguments);
        }
        let number = |index: usize| arguments.get(index).map_or(0.0, Self::number);
        let units = |index: usize| match arguments.get(index) {
            Some(Value::Object(text)) => text.units(),
            _ => [].into(),
        };
        Some(match (class, signature) {
            ("java.lang.Math", _) => return self.math_call(signature, arguments),
            ("java.lang.Integer", "parseInt(java.lang.String)" | "valueOf(java.lang.String)") => {
                match super::numbers::parse_big(&units(0), 10) {
                    Ok(value) => Ok(Value::Int(value as i32)),
                    Err(_) => thrown("java.lang.NumberFormatException", "no number"),
                }
            }
            ("java.lang.Integer", "valueOf(int)") => Ok(dup(&arguments[0])),
            ("java.lang.Integer", "toHexString(int)") => Ok(self.text(&format!("{:x}", number(0) as i32))),
            ("java.lang.String", "format(java.lang.String,[Ljava.lang.Object;)") => {
                let Some(Value::Object(all)) = arguments.get(1) else { return None };
                let format = String::from_utf16_lossy(&units(0));
                let mut parts = vec![];
                for (index, piece) in format.split("%d").enumerate() {
                    if index > 0 {
                        parts.push(all.elements().get(index - 1).map_or(Value::Null, dup));
                    }
                    parts.push(self.text(piece));
                }
                self.joined(&parts)
            }
            ("java.lang.String", "join(java.lang.CharSequence,[Ljava.lang.CharSequence;)") => {
                let Some(Value::Object(all)) = arguments.get(1) else { return None };
                let texts: Vec<_> =
                    all.elements().iter().map(|one| self.value_text(one).unwrap().to_vec()).collect();
                Ok(self.units(&texts.join(&units(0)[..])))
            }
            ("java.lang.String", _) if signature.starts_with("valueOf(") => {
                self.joined(&[dup(&arguments[0])])
            }
            ("java.lang.Character", "isDigit(char)") => Ok(Value::Boolean((48.0..58.0).contains(&number(0)))),
            ("java.lang.Class", "forName(java.lang.String)") => {
                let name = String::from_utf16_lossy(&units(0));
                match self.classes.find(&name) {
                    Some(index) => Ok(Value::Object(self.class_of_type(super::Type::Named(index)))),
                    None => thrown("java.lang.ClassNotFoundException", &name),
                }
            }
            ("java.util.Collections", "emptyList()") => {
                Ok(self.list("java.util.Collections$EmptyList", vec![]))
            }
            ("java.util.Arrays", "asList([Ljava.lang.Object;)") => {
                let Some(Value::Object(all)) = arguments.first() else { return None };
                Ok(self.list("java.util.Arrays$ArrayList", all.elements()))
            }
            ("java.util.Objects", "equals(java.lang.Object,java.lang.Object)") => {
                Ok(Value::Boolean(self.equal(&arguments[0], &arguments[1])))
            }
            ("java.util.Objects", "hash([Ljava.lang.Object;)") => {
                let Some(Value::Object(all)) = arguments.first() else { return None };
                Ok(Value::Int(self.hash(&self.array_list(all.elements()))))
            }
            _ => return None,
        })
    }

    fn math_call(&self, signature: &str, arguments: &[V]) -> Option<Got> {
        let (one, two) = (&arguments[0], arguments.get(1));
        let real = |index: usize| Self::number(&arguments[index]);
        Some(Ok(match (signature.split('(').next()?, one, two) {
            ("max", Value::Int(one), Some(Value::Int(two))) => Value::Int(*one.max(two)),
            ("max", Value::Long(one), Some(Value::Long(two))) => Value::Long(*one.max(two)),
            ("max", Value::Float(one), Some(Value::Float(two))) => Value::Float(one.max(*two)),
            ("max", Value::Double(one), Some(Value::Double(two))) => Value::Double(one.max(*two)),
            ("min", Value::Int(one), Some(Value::Int(two))) => Value::Int(*one.min(two)),
            ("abs", Value::Int(one), _) => Value::Int(one.wrapping_abs()),
            ("abs", Value::Long(one), _) => Value::Long(one.wrapping_abs()),
            ("abs", Value::Double(one), _) => Value::Double(one.abs()),
            ("sqrt", ..) => Value::Double(real(0).sqrt()),
            ("floor", ..) => Value::Double(real(0).floor()),
            ("pow", ..) => Value::Double(real(0).powf(real(1))),
            _ => return None,
        }))
    }

    fn static_shop_call(&self, class: &str, signature: &str, arguments: &[V]) -> Option<Got> {
        if matches!(class, "shop.Names" | "shop.Below") {
            return self.names_call(class, signature, &self.plain(class), arguments);
        }
        Some(match (class, signature) {
            ("shop.Order", "getCount()") => Ok(self.static_value(class, "count")),
            ("shop.Order", "whisper()") => Ok(self.static_value(class, "token")),
            ("shop.Order", "describe(int)") => self.joined(&[self.text("int "), dup(&arguments[0])]),
            ("shop.Order", "describe(java.lang.String)") => {
                self.joined(&[self.text("text "), dup(&arguments[0])])
            }
            ("shop.Order", "describe(java.lang.Object)") => Ok(self.text("object")),
            ("shop.Order$Line", "join(java.lang.String,java.lang.String)") => {
                self.joined(&[dup(&arguments[0]), self.text("/"), dup(&arguments[1])])
            }
            ("shop.Money", "of(long)") => match arguments[0] {
                Value::Long(amount) => Ok(self.money(amount, self.text("EUR"))),
                _ => return None,
            },
            ("shop.Priced", "kind()") => Ok(self.text("priced")),
            ("shop.Root", "make()") => Ok(Value::Object(super::make(self))),
            ("shop.Level" | "shop.Color", "values()") => {
                let names =
                    if class == "shop.Level" { &["BASIC", "SILVER", "GOLD"][..] } else { &["RED", "GREEN"] };
                let all = names.iter().map(|name| self.static_value(class, name)).collect();
                Ok(self.array(self.classes.named(class), all))
            }
            ("shop.Level", "valueOf(java.lang.String)") => {
                let Some(Value::Object(name)) = arguments.first() else { return None };
                match String::from_utf16_lossy(&name.units()).as_str() {
                    name @ ("BASIC" | "SILVER" | "GOLD") => Ok(self.static_value(class, name)),
                    other => thrown("java.lang.IllegalArgumentException", other),
                }
            }
            _ => return None,
        })
    }

    /// What a constructor makes, by `class.new(parameters)`.
    pub fn new_of(&self, signature: &str, arguments: &[V]) -> Option<Got> {
        let (class, takes) = signature.split_once(".new(")?;
        let takes = takes.trim_end_matches(')');
        let made = |fields: &[(&str, V)]| {
            let made = self.plain(class);
            for (name, value) in fields {
                self.set_field(&made, class, name, dup(value));
            }
            Ok(Value::Object(made))
        };
        let argument = |index: usize| dup(&arguments[index]);
        let all = |index: usize| match arguments.get(index) {
            Some(Value::Object(object)) => Ok(object.elements()),
            _ => Err(Fault::thrown("java.lang.NullPointerException", None)),
        };
        Some(match (class, takes) {
            ("shop.Item", "java.lang.String,int") => self.item(argument(0), argument(1), Value::Null, vec![]),
            ("shop.Item", "java.lang.String,int,java.lang.Integer,[Ljava.lang.String;") => {
                all(3).and_then(|tags| self.item(argument(0), argument(1), argument(2), tags))
            }
            ("shop.Money", _) => match arguments[0] {
                Value::Long(amount) => Ok(self.money(amount, argument(1))),
                _ => return None,
            },
            ("shop.Order$Line", "") => made(&[("number", Value::Int(1))]),
            ("shop.Order$Line", _) => made(&[("number", argument(0))]),
            ("shop.Order$Note", _) => made(&[("text", self.text("note")), ("this$0", argument(0))]),
            ("shop.Order" | "shop.Express", _) => Ok(Value::Object(self.order(class, argument(0)))),
            ("shop.Box", _) => made(&[("value", argument(0))]),
            ("shop.Odd" | "java.lang.Object", _) => made(&[]),
            ("java.lang.String", "") => Ok(self.text("")),
            ("java.lang.String", "java.lang.String") => Ok(argument(0)),
            ("java.lang.Integer", "int") | ("java.lang.Long", "long") => Ok(argument(0)),
            ("java.lang.Integer", "java.lang.String") => {
                self.static_call("java.lang.Integer", "parseInt(java.lang.String)", arguments)?
            }
            ("java.util.ArrayList", "" | "int") => Ok(self.array_list(vec![])),
            ("java.util.ArrayList", _) => all(0).map(|all| self.array_list(all)),
            ("java.util.LinkedHashSet", _) => all(0).map(|all| self.set_of(all)),
            ("java.util.LinkedHashMap" | "java.util.HashMap" | "java.util.TreeMap", "") => {
                Ok(Value::Object(self.object(class, Body::Map(RefCell::default()))))
            }
            ("java.math.BigDecimal", "java.lang.String") => match &arguments[0] {
                Value::Object(text) => {
                    super::numbers::parse_decimal(&text.units()).map(|(one, scale)| self.decimal(one, scale))
                }
                _ => return None,
            },
            ("java.math.BigInteger", "java.lang.String") => match &arguments[0] {
                Value::Object(text) => match super::numbers::parse_big(&text.units(), 10) {
                    Ok(value) => Ok(self.big(value)),
                    Err(why) if *why.kind() == ErrorKind::NumberFormat => {
                        thrown("java.lang.NumberFormatException", "no number")
                    }
                    Err(why) => Err(why),
                },
                _ => return None,
            },
            _ => return None,
        })
    }

    pub fn item(&self, name: V, price: V, rating: V, tags: Vec<V>) -> Got {
        let made = self.plain("shop.Item");
        self.set_field(&made, "shop.Item", "name", name);
        self.set_field(&made, "shop.Item", "price", price);
        self.set_field(&made, "shop.Item", "rating", rating);
        self.set_field(&made, "shop.Item", "tags", self.array_list(tags));
        Ok(Value::Object(made))
    }

    /// The texts of an array of `String`s.
    pub fn strings(&self, texts: &[&str]) -> V {
        let class = self.classes.standard(Standard::String);
        self.array(class, texts.iter().map(|text| self.text(text)).collect())
    }
}
