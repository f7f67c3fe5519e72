//! A plain model of a JVM: the fixtures' classes and what expressions need of java.lang, java.math and java.util.
//!
//! Classes and members are those that a real JVM told (`classes.txt`, by `scripts/ognl --values`); what methods do is
//! written here by hand. It is slow and small: numbers of java.math have 127 bits, a method that no expression of the
//! table needs is missing and says so.
#![allow(dead_code, unused_imports, reason = "each test, example and fuzz body uses a part of it")]
#![allow(unreachable_pub, reason = "it is a module of several programs")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a panic is how a test reports, and Java's casts are what is modelled"
)]

mod access;
mod calls;
mod classes;
mod collections;
mod compare;
mod fields;
mod memory;
mod numbers;
mod reflection;
mod root;
mod shop;
mod show;
mod snapshot;
mod statics;
mod text;
mod told;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ognl::{Fault, Standard, Value};

pub use classes::{Classes, Field, Type};
pub use fields::Fields;
pub use memory::Memory;
pub use root::make;
pub use show::{kind, shown};
pub use snapshot::snapshot;

/// A value of the model.
pub type V = Value<Rc<Obj>>;
/// What a call gives.
pub type Got = Result<V, Fault>;

/// The model: classes and the values of static fields.
pub struct Model {
    pub classes: Rc<Classes>,
    pub statics: RefCell<Fields>,
    /// Each class has one object.
    pub class_objects: RefCell<Vec<Rc<Obj>>>,
    pub cost: Cost,
    /// Whether methods that change their object may not be called.
    pub only_reads: bool,
    /// How deep Java's own recursion is.
    levels: Cell<u32>,
    is_overflown: Cell<bool>,
}

/// What the evaluator asked for.
#[derive(Debug, Default)]
pub struct Cost {
    /// Calls of methods, and elements that were handed over.
    pub calls: Cell<u64>,
    /// Bytes of what was made.
    pub bytes: Cell<u64>,
}

impl Cost {
    pub fn call(&self) {
        self.calls.set(self.calls.get() + 1);
    }

    pub fn made(&self, bytes: usize) {
        self.call();
        self.bytes.set(self.bytes.get() + bytes as u64);
    }
}

/// An object.
#[derive(Debug)]
pub struct Obj {
    pub class: Type,
    pub body: Body,
}

/// What is in an object.
#[derive(Debug)]
pub enum Body {
    /// The values of fields, by the class that declares them.
    Plain(RefCell<Fields>),
    Text(Rc<[u16]>),
    Big(i128),
    /// Unscaled value and scale.
    Decimal(i128, i32),
    /// A list, set or view of one.
    List(RefCell<Vec<V>>),
    Map(RefCell<Vec<(V, V)>>),
    Array(RefCell<Vec<V>>),
    Iterator(RefCell<Vec<V>>, Cell<usize>),
    Class(Type),
    /// A box, where a method is called on one.
    Scalar(V),
}

/// The same value again.
pub fn dup(value: &V) -> V {
    value.map(|object| Ok::<_, Fault>(Rc::clone(object))).unwrap()
}

pub fn thrown<T>(class: &str, message: &str) -> Result<T, Fault> {
    Err(Fault::thrown(class, Some(message.to_owned())))
}

impl Model {
    pub fn object(&self, class: &str, body: Body) -> Rc<Obj> {
        Rc::new(Obj { class: self.classes.named(class), body })
    }

    pub fn of_standard(&self, class: Standard, body: Body) -> Rc<Obj> {
        Rc::new(Obj { class: self.classes.standard(class), body })
    }

    pub fn units(&self, units: &[u16]) -> V {
        Value::Object(self.of_standard(Standard::String, Body::Text(units.into())))
    }

    pub fn text(&self, text: &str) -> V {
        self.units(&text.encode_utf16().collect::<Vec<_>>())
    }

    pub fn list(&self, class: &str, elements: Vec<V>) -> V {
        Value::Object(self.object(class, Body::List(RefCell::new(elements))))
    }

    pub fn array_list(&self, elements: Vec<V>) -> V {
        Value::Object(self.of_standard(Standard::ArrayList, Body::List(RefCell::new(elements))))
    }

    pub fn map(&self, class: &str, pairs: Vec<(V, V)>) -> V {
        Value::Object(self.object(class, Body::Map(RefCell::new(pairs))))
    }

    pub fn array(&self, component: Type, elements: Vec<V>) -> V {
        let class = Type::Array(Box::new(component));
        Value::Object(Rc::new(Obj { class, body: Body::Array(RefCell::new(elements)) }))
    }

    pub fn big(&self, value: i128) -> V {
        Value::Object(self.of_standard(Standard::BigInteger, Body::Big(value)))
    }

    pub fn decimal(&self, unscaled: i128, scale: i32) -> V {
        Value::Object(self.of_standard(Standard::BigDecimal, Body::Decimal(unscaled, scale)))
    }

    pub fn class_of_type(&self, of: Type) -> Rc<Obj> {
        let mut known = self.class_objects.borrow_mut();
        if let Some(found) = known.iter().find(|one| matches!(&one.body, Body::Class(class) if *class == of))
        {
            return Rc::clone(found);
        }
        known.push(self.of_standard(Standard::Class, Body::Class(of)));
        Rc::clone(known.last().unwrap())
    }

    pub fn iterator(&self, elements: Vec<V>) -> V {
        let body = Body::Iterator(RefCell::new(elements), Cell::new(0));
        Value::Object(self.object("java.util.ArrayList$Itr", body))
    }

    /// Runs what Java does with its own recursion, over what may hold itself.
    pub fn recursive<T>(&self, run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let levels = self.levels.get();
        if levels > 100 || self.is_overflown.get() {
            // It ends all that is under way, as in Java.
            self.is_overflown.set(levels > 0);
            return Err(Fault::thrown("java.lang.StackOverflowError", None));
        }
        self.levels.set(levels + 1);
        let result = run();
        self.levels.set(levels);
        if levels == 0 && self.is_overflown.replace(false) {
            return Err(Fault::thrown("java.lang.StackOverflowError", None));
        }
        result
    }

    /// A new object of a class of the fixtures, with zeros and nulls in it.
    pub fn plain(&self, class: &str) -> Rc<Obj> {
        let mut fields = Fields::default();
        let mut above = self.classes.find(class);
        while let Some(index) = above {
            let info = self.classes.get(index);
            for field in info.fields.iter().filter(|field| field.flags & 8 == 0) {
                fields.set(index, &field.name, field.kind.zero());
            }
            above = info.superclass;
        }
        self.object(class, Body::Plain(RefCell::new(fields)))
    }

    /// A field of a plain object, as its class declares it.
    pub fn field(&self, of: &Obj, class: &str, name: &str) -> V {
        let index = self.classes.find(class).unwrap();
        let Body::Plain(fields) = &of.body else { panic!("{class} has no fields") };
        let fields = fields.borrow();
        dup(fields.get(index, name).unwrap_or_else(|| panic!("{class}.{name}")))
    }

    pub fn set_field(&self, of: &Obj, class: &str, name: &str, value: V) {
        let index = self.classes.find(class).unwrap();
        let Body::Plain(fields) = &of.body else { panic!("{class} has no fields") };
        fields.borrow_mut().set(index, name, value);
    }

    pub fn static_value(&self, class: &str, name: &str) -> V {
        let index = self.classes.find(class).unwrap();
        let statics = self.statics.borrow();
        dup(statics.get(index, name).unwrap_or_else(|| panic!("{class}.{name}")))
    }
}

impl Obj {
    /// The elements of a list, set, array, map or iterator.
    pub fn elements(&self) -> Vec<V> {
        match &self.body {
            Body::List(elements) | Body::Array(elements) => elements.borrow().iter().map(dup).collect(),
            Body::Map(pairs) => pairs.borrow().iter().map(|(_, value)| dup(value)).collect(),
            Body::Iterator(elements, next) => elements.borrow().iter().skip(next.get()).map(dup).collect(),
            _ => Vec::new(),
        }
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        match &self.body {
            Body::List(elements) | Body::Array(elements) => elements.borrow().len(),
            Body::Map(pairs) => pairs.borrow().len(),
            Body::Iterator(elements, next) => elements.borrow().len().saturating_sub(next.get()),
            _ => 0,
        }
    }

    pub fn units(&self) -> Rc<[u16]> {
        match &self.body {
            Body::Text(units) => Rc::clone(units),
            _ => Rc::from([]),
        }
    }
}
