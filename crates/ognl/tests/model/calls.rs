//! Which body a call runs: that of the object's own class, as Java chooses.

use std::rc::Rc;

use ognl::{Access, Fault, Kind, Reflection, Value};

use super::access::missing;
use super::reflection::Member;
use super::{Body, Got, Model, Obj, Type, V, thrown};

/// Whether a method of the model changes its object.
fn changes(name: &str) -> bool {
    let named = ["add", "put", "remove", "clear", "assign", "setlower"].contains(&name);
    named
        || name.strip_prefix("set").is_some_and(|rest| rest.starts_with(char::is_uppercase))
        || name == "set"
}

impl Model {
    pub fn called(&self, method: &Member, on: Option<&Rc<Obj>>, arguments: Vec<V>) -> Got {
        let declared = &self.classes.get(method.class).name;
        let found = self.method(method);
        self.check(&found.parameters, &arguments, &found.signature);
        self.cost.call();
        if self.only_reads && changes(&found.name) {
            return Err(Fault::not_allowed(format!("{} changes something.", found.name)));
        }
        let Some(on) = on else {
            return self
                .static_call(declared, &found.signature, &arguments)
                .unwrap_or_else(|| Err(missing(declared, &found.signature)));
        };
        let (class, signature) = match found.flags & 2 {
            0 => self.overriding(on, declared, &found.signature),
            _ => (declared.clone(), found.signature.clone()),
        };
        if class.starts_with("shop.") {
            let answer = self.shop_call(&class, &signature, on, &arguments);
            return answer.unwrap_or_else(|| Err(missing(&class, &signature)));
        }
        let own = match self.kind(on)? {
            Kind::Text => self.text_call(&found.signature, &on.units(), &arguments),
            Kind::List | Kind::Set | Kind::Collection => self.list_call(&found.signature, on, &arguments),
            Kind::Map => self.map_call(&found.signature, on, &arguments),
            Kind::Iterator => match found.signature.as_str() {
                "hasNext()" => Some(self.has_next(on).map(Value::Boolean)),
                "next()" => Some(self.next(on)),
                _ => None,
            },
            Kind::Class => self.class_call(&found.signature, on),
            Kind::Enum => self.enum_call(&found.signature, on, &arguments),
            _ => self.number_call(&found.signature, on, &arguments),
        };
        let answer = own.or_else(|| self.object_call(&found.signature, on, &arguments));
        answer.unwrap_or_else(|| Err(missing(declared, &found.signature)))
    }

    /// The evaluator promises that arguments are as many as the parameters and of their classes: native code would
    /// crash a JVM otherwise.
    fn check(&self, parameters: &[Type], arguments: &[V], signature: &str) {
        assert_eq!(parameters.len(), arguments.len(), "{signature}");
        for (parameter, argument) in parameters.iter().zip(arguments) {
            assert!(self.fits(parameter, argument), "{argument:?} for {signature}");
        }
    }

    /// Whether a value may be where this type is declared.
    pub fn fits(&self, declared: &Type, value: &V) -> bool {
        match (declared, value) {
            (Type::Primitive(primitive), value) => value.primitive() == Some(*primitive),
            (_, Value::Null) => true,
            (class, Value::Object(object)) => self.is_assignable(class, &object.class),
            (class, scalar) => {
                scalar.boxed().is_some_and(|boxed| self.is_assignable(class, &self.classes.standard(boxed)))
            }
        }
    }

    /// The class whose method runs, and that method's signature, which erasure may have changed.
    fn overriding(&self, on: &Obj, declared: &str, signature: &str) -> (String, String) {
        let Type::Named(index) = on.class else { return (declared.to_owned(), signature.to_owned()) };
        let mut above = Some(index);
        while let Some(class) = above.map(|index| self.classes.get(index)) {
            let own = class.methods.iter().find(|one| one.signature == signature && one.flags & 2 == 0);
            if let Some(own) = own {
                // A bridge calls the method with the narrower parameters.
                let bridged = class.methods.iter().find(|one| {
                    let same = one.name == own.name && one.parameters.len() == own.parameters.len();
                    same && own.flags & 0x40 != 0 && one.flags & 0x40 == 0
                });
                return (class.name.clone(), bridged.unwrap_or(own).signature.clone());
            }
            above = class.superclass;
        }
        (declared.to_owned(), signature.to_owned())
    }

    /// What every object has.
    fn object_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        Some(match (signature, arguments) {
            ("getClass()", _) => Ok(Value::Object(self.class_of_type(on.class.clone()))),
            ("toString()", _) => {
                self.string(on).map(|text| text.map_or(Value::Null, |text| self.units(&text)))
            }
            ("equals(java.lang.Object)", [other]) => self.is_equal(on, other).map(Value::Boolean),
            ("hashCode()", _) => Ok(Value::Int(self.hash(&Value::Object(Rc::clone(on))))),
            (_, [other]) if signature.starts_with("compareTo(") => self.compared(on, other).map(Value::Int),
            _ => return None,
        })
    }

    fn class_call(&self, signature: &str, on: &Obj) -> Option<Got> {
        let Body::Class(class) = &on.body else { return None };
        Some(Ok(match signature {
            "getName()" => self.text(&self.classes.name(class)),
            "getSimpleName()" => self.text(&self.classes.simple_name(class)),
            _ => return None,
        }))
    }

    fn enum_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        Some(match (signature, arguments) {
            ("name()" | "toString()", _) => Ok(self.field(on, "java.lang.Enum", "name")),
            ("ordinal()", _) => Ok(self.field(on, "java.lang.Enum", "ordinal")),
            ("getDeclaringClass()", _) => Ok(Value::Object(self.class_of_type(self.declaring(on)))),
            ("compareTo(java.lang.Enum)" | "compareTo(java.lang.Object)", [other]) => {
                self.compared(on, other).map(Value::Int)
            }
            _ => return None,
        })
    }

    pub fn constructed(&self, constructor: &Member, arguments: Vec<V>) -> Result<Rc<Obj>, Fault> {
        let class = self.classes.get(constructor.class);
        if class.flags & 0x0400 != 0 {
            return thrown("java.lang.InstantiationException", &class.name);
        }
        let signature = format!("{}.{}", class.name, self.method(constructor).signature);
        self.check(&self.method(constructor).parameters, &arguments, &signature);
        match self.new_of(&signature, &arguments) {
            Some(made) => match made? {
                Value::Object(object) => Ok(object),
                scalar => self.boxed(&scalar),
            },
            None => Err(missing(&class.name, &signature)),
        }
    }
}
