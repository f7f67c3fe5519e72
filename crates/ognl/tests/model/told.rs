//! The fixtures whose methods say which one they are: overloads, and names of getters and setters.

use ognl::{Primitive, Value};

use super::{Got, Model, Obj, Type, V, dup};

impl Model {
    /// `name(int, Object...)`, as the methods of shop.Over say it.
    pub fn over_call(&self, signature: &str) -> Option<Got> {
        let class = self.classes.get(self.classes.find("shop.Over")?);
        let method = class.methods.iter().find(|one| one.signature == signature)?;
        let mut types: Vec<String> =
            method.parameters.iter().map(|one| self.classes.simple_name(one)).collect();
        if let Some(last) = types.last_mut().filter(|_| method.flags & 0x80 != 0) {
            *last = last.replace("[]", "...");
        }
        Some(Ok(self.text(&format!("{}({})", method.name, types.join(", ")))))
    }

    /// The methods of shop.Names and shop.Below.
    pub fn names_call(&self, class: &str, signature: &str, on: &Obj, arguments: &[V]) -> Option<Got> {
        let info = self.classes.get(self.classes.find(class)?);
        let method = info.methods.iter().find(|one| one.signature == signature)?;
        let below = if class == "shop.Below" { "Below." } else { "" };
        let name = method.name.as_str();
        if name.starts_with("set") && name != "setting" || name == "assign" {
            self.names_set(name, below, on, arguments);
            return Some(Ok(if name == "setFluent" { dup(&arguments[0]) } else { Value::Null }));
        }
        if method.returned == Some(Type::Primitive(Primitive::Boolean)) {
            return Some(Ok(Value::Boolean(name != "getFlag")));
        }
        let prefix = match name {
            "getNarrowed" | "over" | "shadow" | "fixed" if below.is_empty() => "Names.",
            "getHidden" => "",
            _ => below,
        };
        Some(match signature {
            "get(java.lang.String)" => self.joined(&[self.text("get("), dup(&arguments[0]), self.text(")")]),
            "getManyArgs(java.lang.String,java.lang.String)" => Ok(self.text("getManyArgs(..)")),
            "getNothing()" => Ok(Value::Null),
            "getTyped()" if below.is_empty() => Ok(Value::Null),
            _ => Ok(self.text(&format!("{prefix}{signature}"))),
        })
    }

    fn names_set(&self, name: &str, below: &str, on: &Obj, arguments: &[V]) {
        let text = |open: &str| {
            self.joined(&[self.text(open), dup(&arguments[0]), self.text(")")]).unwrap_or(Value::Null)
        };
        let told = match name {
            "setStatic" => return,
            "setTwo" => self.text("setTwo"),
            "setMany" => match &arguments[0] {
                Value::Object(all) => self.text(&format!("setMany {}", all.elements().len())),
                _ => Value::Null,
            },
            "setNumber" => text("setNumber(int "),
            _ => text(&format!("{below}{name}(")),
        };
        self.set_field(on, "shop.Names", "set", told);
    }

    /// New ones, with the values that their fields start with.
    pub fn named(&self, class: &str) -> V {
        let made = self.plain(class);
        let fields = [
            "plain", "hidden", "both", "caseOnly", "URL", "url", "aB", "Cap", "$dollar", "_line", "last",
            "x", "getter",
        ];
        for name in fields {
            self.set_field(&made, "shop.Names", name, self.text(&format!("field {name}")));
        }
        self.set_field(&made, "shop.Names", "überall", self.text("field u"));
        self.set_field(&made, "shop.Names", "set", self.text("nothing yet"));
        self.set_field(&made, "shop.Names", "isReady", Value::Boolean(true));
        if class == "shop.Below" {
            self.set_field(&made, class, "plain", self.text("below plain"));
            self.set_field(&made, class, "hidden", self.text("below hidden"));
        }
        Value::Object(made)
    }
}
