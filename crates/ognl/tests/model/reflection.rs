//! The classes as the evaluator asks for them.

use ognl::{Fault, Flags, Listed, Primitive, Reflection, Standard};

use super::classes::{Class, Method, Type};
use super::{Model, thrown};

/// A field or a method: its class and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub class: u32,
    pub index: u32,
    pub is_constructor: bool,
}

impl Model {
    fn class(&self, of: &Type) -> Option<(u32, &Class)> {
        match of {
            Type::Named(index) => Some((*index, self.classes.get(*index))),
            _ => None,
        }
    }

    pub fn method(&self, of: &Member) -> &Method {
        let class = self.classes.get(of.class);
        let all = if of.is_constructor { &class.constructors } else { &class.methods };
        &all[of.index as usize]
    }

    fn listed(&self, of: &Type, is_constructor: bool) -> Vec<Listed<Member>> {
        let Some((class, info)) = self.class(of) else { return Vec::new() };
        let all = if is_constructor { &info.constructors } else { &info.methods };
        let listed = |(index, method): (u32, &Method)| Listed {
            member: Member { class, index, is_constructor },
            name: method.name.clone(),
            flags: Flags(method.flags),
            parameters: method.parameters.len(),
        };
        (0..).zip(all).map(listed).collect()
    }
}

impl Reflection for Model {
    type Class = Type;
    type Field = Member;
    type Method = Member;

    fn class_named(&self, name: &str) -> Result<Option<Type>, Fault> {
        Ok(self.classes.find(name).map(Type::Named))
    }

    fn standard(&self, which: Standard) -> Type {
        self.classes.standard(which)
    }

    fn primitive(&self, which: Primitive) -> Type {
        Type::Primitive(which)
    }

    fn class_name(&self, class: &Type) -> String {
        self.classes.name(class)
    }

    fn class_flags(&self, class: &Type) -> Flags {
        Flags(self.class(class).map_or(0x0411, |(_, info)| info.flags))
    }

    fn as_primitive(&self, class: &Type) -> Option<Primitive> {
        match class {
            Type::Primitive(primitive) => Some(*primitive),
            _ => None,
        }
    }

    fn superclass(&self, class: &Type) -> Option<Type> {
        match class {
            Type::Named(index) => self.classes.get(*index).superclass.map(Type::Named),
            Type::Array(_) => Some(self.standard(Standard::Object)),
            Type::Primitive(_) => None,
        }
    }

    fn interfaces(&self, class: &Type) -> Vec<Type> {
        let info = self.class(class).map(|(_, info)| info);
        info.map(|info| info.interfaces.iter().copied().map(Type::Named).collect()).unwrap_or_default()
    }

    fn component(&self, class: &Type) -> Option<Type> {
        match class {
            Type::Array(component) => Some((**component).clone()),
            _ => None,
        }
    }

    fn array_of(&self, component: &Type) -> Result<Type, Fault> {
        Ok(Type::Array(Box::new(component.clone())))
    }

    fn is_assignable(&self, to: &Type, from: &Type) -> bool {
        match (to, from) {
            (Type::Named(to), Type::Named(from)) => {
                self.classes.is_below(*from, *to) || self.classes.get(*to).name == "java.lang.Object"
            }
            (Type::Named(to), Type::Array(_)) => {
                let name = &self.classes.get(*to).name;
                ["java.lang.Object", "java.lang.Cloneable", "java.io.Serializable"].contains(&name.as_str())
            }
            (Type::Array(to), Type::Array(from)) => self.is_assignable(to, from),
            (to, from) => to == from,
        }
    }

    fn fields(&self, class: &Type) -> Vec<Listed<Member>> {
        let Some((class, info)) = self.class(class) else { return Vec::new() };
        let listed = |(index, field): (u32, &super::classes::Field)| Listed {
            member: Member { class, index, is_constructor: false },
            name: field.name.clone(),
            flags: Flags(field.flags),
            parameters: 0,
        };
        (0..).zip(&info.fields).map(listed).collect()
    }

    fn methods(&self, class: &Type) -> Vec<Listed<Member>> {
        self.listed(class, false)
    }

    fn constructors(&self, class: &Type) -> Vec<Listed<Member>> {
        self.listed(class, true)
    }

    fn parameters(&self, method: &Member) -> Result<Vec<Type>, Fault> {
        Ok(self.method(method).parameters.clone())
    }

    fn returned(&self, method: &Member) -> Result<Option<Type>, Fault> {
        Ok(self.method(method).returned.clone())
    }

    fn field_type(&self, field: &Member) -> Result<Type, Fault> {
        match self.classes.get(field.class).fields.get(field.index as usize) {
            Some(field) => Ok(field.kind.clone()),
            None => thrown("java.lang.NoSuchFieldException", "no such field"),
        }
    }
}
