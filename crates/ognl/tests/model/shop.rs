//! The methods of the fixtures, by their class and signature.

use std::rc::Rc;

use ognl::{Fault, Value};

use super::{Got, Model, Obj, V, dup, thrown};

impl Model {
    /// What a method does; none where a class has no such method of its own.
    pub fn shop_call(&self, class: &str, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        match class {
            "shop.Order" => self.order_call(signature, on, arguments),
            "shop.Express" => Some(match signature {
                "getCustomer()" => Ok(self.text("express getter")),
                "cents()" => Ok(Value::Int(550)),
                "hidden()" => self.joined(&[self.text("express hidden "), self.field(on, class, "id")]),
                "toString()" => self.joined(&[self.text("Express "), self.field(on, class, "id")]),
                _ => return None,
            }),
            "shop.Item" => self.item_call(signature, on, arguments),
            "shop.Money" => self.money_call(signature, on, arguments),
            "shop.Level" => match signature {
                "label()" => {
                    let name = self.value_text(&self.field(on, "java.lang.Enum", "name")).unwrap();
                    Some(Ok(self.text(&String::from_utf16_lossy(&name).to_lowercase())))
                }
                _ => None,
            },
            "shop.Level$1" => (signature == "label()").then(|| Ok(self.text("the gold one"))),
            "shop.Priced" => match signature {
                "tag()" => {
                    let class = self.classes.name(&on.class);
                    let cents = self.shop_call(&class, "cents()", on, &[])?;
                    Some(cents.and_then(|cents| self.joined(&[self.text("tag "), cents])))
                }
                _ => None,
            },
            "shop.Over" => self.over_call(signature),
            "shop.Names" | "shop.Below" => self.names_call(class, signature, on, arguments),
            "shop.Box" => match signature {
                "getValue()" => Some(Ok(self.field(on, class, "value"))),
                "compareTo(shop.Box)" => Some(self.compared(on, &arguments[0]).map(Value::Int)),
                "toString()" => Some(self.joined(&[self.text("Box "), self.field(on, class, "value")])),
                _ => None,
            },
            "shop.Odd" => Some(match signature {
                "toString()" => Ok(Value::Null),
                "equals(java.lang.Object)" => Ok(Value::Boolean(true)),
                "hashCode()" => Ok(Value::Int(1)),
                "compareTo(shop.Odd)" => self.compared(on, &arguments[0]).map(Value::Int),
                _ => return None,
            }),
            "shop.Order$Line" => match signature {
                "getNumber()" => Some(Ok(self.field(on, class, "number"))),
                "toString()" => Some(self.joined(&[self.text("Line "), self.field(on, class, "number")])),
                _ => None,
            },
            "shop.Order$Note" => {
                let Value::Object(order) = self.field(on, class, "this$0") else { return None };
                let id = self.field(&order, "shop.Order", "id");
                match signature {
                    "orderId()" => Some(Ok(id)),
                    "toString()" => Some(self.joined(&[self.text("Note of "), id])),
                    _ => None,
                }
            }
            "shop.Root" => Some(match signature {
                "whisper(java.lang.String)" => self.joined(&[dup(&arguments[0]), self.text("!")]),
                "getGreeting()" => self.joined(&[self.text("hello "), self.field(on, class, "name")]),
                "self()" => Ok(Value::Object(Rc::clone(on))),
                "toString()" => Ok(self.text("the root")),
                _ => return None,
            }),
            _ => None,
        }
    }

    /// The texts of some values, put together.
    pub fn joined(&self, parts: &[V]) -> Got {
        let mut units = Vec::new();
        for part in parts {
            units.extend_from_slice(&self.value_text(part)?);
        }
        Ok(self.units(&units))
    }

    fn item_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        const CLASS: &str = "shop.Item";
        let field = |name| Some(Ok(self.field(on, CLASS, name)));
        let set = |name| {
            self.set_field(on, CLASS, name, dup(&arguments[0]));
            Some(Ok(Value::Null))
        };
        match signature {
            "getName()" => field("name"),
            "getPrice()" => field("price"),
            "getRating()" => field("rating"),
            "getTags()" => field("tags"),
            "setName(java.lang.String)" => set("name"),
            "setPrice(int)" => set("price"),
            "setRating(java.lang.Integer)" => set("rating"),
            "cents()" => Some(Ok(Value::Int((Self::number(&self.field(on, CLASS, "price")) * 100.0) as i32))),
            "toString()" => Some(self.joined(&[self.text("Item "), self.field(on, CLASS, "name")])),
            _ => None,
        }
    }

    pub fn money(&self, amount: i64, currency: V) -> V {
        let made = self.plain("shop.Money");
        self.set_field(&made, "shop.Money", "amount", Value::Long(amount));
        self.set_field(&made, "shop.Money", "currency", currency);
        Value::Object(made)
    }

    fn money_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        const CLASS: &str = "shop.Money";
        let amount = |of: &Obj| match self.field(of, CLASS, "amount") {
            Value::Long(amount) => amount,
            other => panic!("{other:?}"),
        };
        let currency = || self.field(on, CLASS, "currency");
        Some(match (signature, arguments) {
            ("plus(shop.Money)", [Value::Object(other)]) => {
                Ok(self.money(amount(on) + amount(other), currency()))
            }
            ("plus(shop.Money)", _) => Err(Fault::thrown("java.lang.NullPointerException", None)),
            ("times(int)", [Value::Int(factor)]) => {
                Ok(self.money(amount(on).wrapping_mul(i64::from(*factor)), currency()))
            }
            ("compareTo(shop.Money)", [other]) => self.compared(on, other).map(Value::Int),
            ("equals(java.lang.Object)", [other]) => self.is_equal(on, other).map(Value::Boolean),
            ("hashCode()", _) => Ok(Value::Int(amount(on) as i32)),
            ("toString()", _) => self.joined(&[Value::Long(amount(on)), self.text(" "), currency()]),
            _ => return None,
        })
    }

    fn order_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        const CLASS: &str = "shop.Order";
        let field = |name| Ok(self.field(on, CLASS, name));
        let set = |name, value| {
            self.set_field(on, CLASS, name, value);
            Ok(Value::Null)
        };
        let elements = |index: usize| match arguments.get(index) {
            Some(Value::Object(object)) => Ok(object.elements()),
            _ => Err(Fault::thrown("java.lang.NullPointerException", None)),
        };
        let first = || dup(&arguments[0]);
        let (name, takes) = signature.split_once('(')?;
        let takes = takes.trim_end_matches(')');
        let tagged = |tag: &str| self.joined(&[self.text(tag), first()]);
        Some(match name {
            "getId" => field("id"),
            "setId" => set("id", first()),
            "getCustomer" => Ok(self.text("getter")),
            "setCustomer" => tagged("set ").and_then(|value| set("customer", value)),
            "getItems" => field("items"),
            "isPaid" => field("paid"),
            "setPaid" => set("paid", first()),
            "hasDiscount" => Ok(Value::Boolean(true)),
            "total" => field("total"),
            "hidden" => self.joined(&[self.text("hidden "), self.field(on, CLASS, "id")]),
            "getSecret" => Ok(self.text("private getter")),
            "twice" => Ok(Value::Int((Self::number(&first()) as i32).wrapping_mul(2))),
            "getNote" => {
                let note = self.plain("shop.Order$Note");
                self.set_field(&note, "shop.Order$Note", "text", self.text("note"));
                self.set_field(&note, "shop.Order$Note", "this$0", Value::Object(Rc::clone(on)));
                Ok(Value::Object(note))
            }
            "getBroken" => thrown("java.lang.IllegalStateException", "closed"),
            "setBroken" => thrown("java.lang.IllegalStateException", "cannot be set"),
            "fail" => thrown("java.lang.UnsupportedOperationException", "failed"),
            "nothing" => Ok(Value::Null),
            "over" => Ok(self.text(takes.rsplit('.').next()?)),
            "boxed" => tagged("Integer "),
            "number" => tagged("Number "),
            "onlyInts" => elements(0).map(|all| self.text(&format!("ints {}", all.len()))),
            "onlyObjects" => elements(0).map(|all| self.text(&format!("objects {}", all.len()))),
            "onlyList" => elements(0).map(|all| self.text(&format!("list {}", all.len()))),
            "onlyLevel" => tagged("level "),
            "onlyMoney" => tagged("money "),
            "onlyLong" | "onlyInt" | "onlyText" | "onlyBoolean" | "onlyChar" | "onlyByte" | "onlyShort"
            | "onlyFloat" | "onlyDouble" => tagged(&format!("{} ", takes.rsplit('.').next()?)),
            "two" => Ok(self.text(match takes {
                "int,java.lang.String" => "int String",
                "java.lang.String,int" => "String int",
                _ => "Object Object",
            })),
            "join" => elements(1).and_then(|all| {
                let mut parts = Vec::new();
                for one in all {
                    if !parts.is_empty() {
                        parts.push(first());
                    }
                    parts.push(one);
                }
                self.joined(&parts)
            }),
            "sum" => elements(0).map(|all| {
                Value::Int(all.iter().fold(0, |sum: i32, one| sum.wrapping_add(Self::number(one) as i32)))
            }),
            "mixed" if takes.starts_with('[') => {
                elements(0).map(|all| self.text(&format!("many {}", all.len())))
            }
            "mixed" => Ok(self.text("one")),
            "getSlot" | "setSlot" => self.slot_call(on, arguments),
            "getAttribute" | "setAttribute" => {
                let Value::Object(attributes) = self.field(on, CLASS, "attributes") else { return None };
                match arguments {
                    [key] => self.entry(&attributes, key),
                    [key, value] => self.put(&attributes, dup(key), dup(value)).map(|_| Value::Null),
                    _ => return None,
                }
            }
            "toString" => self.joined(&[self.text("Order "), self.field(on, CLASS, "id")]),
            _ => return None,
        })
    }

    fn slot_call(&self, on: &Rc<Obj>, arguments: &[V]) -> Got {
        let slots = self.field(on, "shop.Order", "slots");
        let Value::Object(array) = &slots else { return Ok(Value::Null) };
        use ognl::Access as _;
        match arguments {
            [Value::Int(index)] => self.element(array, *index),
            [Value::Int(index), value] => self.set_element(array, *index, dup(value)).map(|()| Value::Null),
            _ => Ok(slots),
        }
    }
}
