//! What of an expression about calls of a method can never work, told before anything is woven.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;

use jvm::{Class, Local};
use ognl::{Declared, Node, Primitive, Reflection, Standard, check};

use super::Java;
use super::known::link;
use super::members::{returned, types};
use crate::root::NAMES;
use crate::snapshot::ClassPlace;

/// With more classes below one than these nothing is said of its members.
const BELOW: usize = 128;

impl<'f> Java<'_, 'f> {
    /// Finds what cannot work in an expression about calls of a method, by the types that its descriptor names; `loaded` are
    /// all classes there are, looked at only where the types leave something open.
    ///
    /// # Errors
    /// The first part that cannot work, and why.
    pub fn check_call(
        &self,
        class: &Local<'f, Class>,
        descriptor: &str,
        is_static: bool,
        node: &Node,
        loaded: &dyn Deref<Target = Vec<Local<'f, Class>>>,
    ) -> Result<(), ognl::Error> {
        link(self.live.env(), class);
        let Some((own, _)) = self.classes.find(self.live, class) else { return Ok(()) };
        let declared = |descriptor: &str| self.declared(own, descriptor);
        let elements: Vec<Option<ClassPlace>> = types(descriptor).map(declared).collect();
        let of = |name: &str| match name {
            "target" if !is_static => Some(own),
            "returnObj" => declared(returned(descriptor)),
            "clazz" => Some(self.standard(Standard::Class)),
            name if name.starts_with("is") || name.starts_with("after") || name == "before" => {
                Some(self.standard(Standard::Boolean))
            }
            _ => None,
        };
        let roots: Vec<Declared<'_, ClassPlace>> = NAMES
            .iter()
            .map(|name| Declared {
                name,
                class: of(name),
                elements: (*name == "params").then_some(&*elements),
            })
            .collect();
        let known: RefCell<BTreeMap<ClassPlace, Option<Vec<ClassPlace>>>> = RefCell::default();
        let below = |class: &ClassPlace| {
            if let Some(known) = known.borrow().get(class) {
                return known.clone();
            }
            let found = self.below(*class, loaded);
            known.borrow_mut().insert(*class, found.clone());
            found
        };
        check(node, &roots, self, &below)
    }

    /// The class of a descriptor; the box's of a primitive type. None also where it cannot be had.
    fn declared(&self, by: ClassPlace, descriptor: &str) -> Option<ClassPlace> {
        if descriptor == "V" {
            return None;
        }
        let class = self.described(by, descriptor).ok()?;
        Some(match self.as_primitive(&class) {
            Some(primitive) => self.standard(Primitive::boxed(primitive)),
            None => class,
        })
    }

    /// The loaded classes below one, if they are not too many.
    fn below(&self, class: ClassPlace, loaded: &[Local<'f, Class>]) -> Option<Vec<ClassPlace>> {
        if class == self.standard(Standard::Object) {
            return None;
        }
        let env = self.live.env();
        let mirror = self.facts(class).ok()?.layout.class(env).ok()??;
        let mut found = Vec::new();
        for other in loaded {
            if env.is_same(other, &mirror) || !env.is_assignable(other, &mirror).ok()? {
                continue;
            }
            if found.len() == BELOW {
                return None;
            }
            link(env, other);
            found.push(self.classes.find(self.live, other)?.0);
        }
        Some(found)
    }
}
