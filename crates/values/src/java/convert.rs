//! Values on their way between Java and an expression: boxes are opened on one way and made on the other.

use std::sync::atomic::AtomicU32;

use jvm::live::{Classed, Got};
use jvm::{Class, Env, Local};
use ognl::{Fault, Primitive};

use super::{Java, Thing, Value, broken, too_many};
use crate::item::word;
use crate::kind::Kind;
use crate::{Item, facts::ClassFacts};

/// The types of which a variable may hold a box.
const MAY_BOX: [&str; 13] = [
    "Ljava/lang/Object;",
    "Ljava/lang/Number;",
    "Ljava/lang/Comparable;",
    "Ljava/io/Serializable;",
    "Ljava/lang/constant/",
    "Ljava/lang/Boolean;",
    "Ljava/lang/Byte;",
    "Ljava/lang/Character;",
    "Ljava/lang/Short;",
    "Ljava/lang/Integer;",
    "Ljava/lang/Long;",
    "Ljava/lang/Float;",
    "Ljava/lang/Double;",
];

/// Whether a variable of this descriptor may hold a box.
pub(super) fn may_box(descriptor: &str) -> bool {
    MAY_BOX.iter().any(|known| descriptor.starts_with(known))
}

/// `Array.newInstance`
pub(super) fn new_array<'f>(
    env: &Env<'f>,
    component: &Local<'_, Class>,
    length: i32,
) -> jvm::Result<Local<'f>> {
    let arrays = env.find_class("java/lang/reflect/Array")?;
    let descriptor = "(Ljava/lang/Class;I)Ljava/lang/Object;";
    env.call_static(&arrays, "newInstance", descriptor, &[component.into(), length.into()])
}

impl<'f> Java<'_, 'f> {
    /// What Java gave; `may_box` says whether an object may be a box.
    #[inline]
    pub(super) fn value(&self, got: Got<'f>, may_box: bool) -> Result<Value<'f>, Fault> {
        self.meets();
        Ok(match got {
            Got::Bool(value) => Value::Boolean(value),
            Got::Byte(value) => Value::Byte(value),
            Got::Char(value) => Value::Character(value),
            Got::Short(value) => Value::Short(value),
            Got::Int(value) => Value::Int(value),
            Got::Long(value) => Value::Long(value),
            Got::Float(value) => Value::Float(value),
            Got::Double(value) => Value::Double(value),
            Got::String(None) | Got::Object(None) => Value::Null,
            Got::String(Some(text)) => Value::Object(Thing::text(text)),
            Got::Object(Some(object)) if may_box => return self.object(object),
            Got::Object(Some(object)) => Value::Object(Thing::other(object)),
        })
    }

    /// An object of which nothing is known: a box gives what is in it, a string is known as one from now on.
    ///
    /// # Errors
    /// The JVM does not tell its class.
    pub fn object(&self, object: Local<'f>) -> Result<Value<'f>, Fault> {
        self.object_at(object, &AtomicU32::new(0))
    }

    /// The same; `last` remembers the class before.
    #[inline]
    pub(crate) fn object_at(&self, object: Local<'f>, last: &AtomicU32) -> Result<Value<'f>, Fault> {
        self.meets();
        let object = Classed::new(object);
        let (place, is_text) = {
            let (place, facts, instance) =
                self.classes.of_classed(self.live, &object, last).ok_or_else(too_many)?;
            if let Kind::Box(_) = facts.kind {
                let inner = value_field(facts).and_then(|at| instance.get(self.live, at));
                return self.value(inner.ok_or_else(too_many)?, false);
            }
            (place, facts.kind == Kind::String)
        };
        match is_text {
            true => Ok(Value::Object(match self.facts(place)?.layout.into_string(self.live, object) {
                Ok(text) => Thing::text(text),
                Err(object) => Thing::classed(object, place),
            })),
            false => Ok(Value::Object(Thing::classed(object, place))),
        }
    }

    /// An item as a value.
    pub(crate) fn of_item(&self, item: Item<'f>) -> Result<Value<'f>, Fault> {
        self.of_item_at(item, &AtomicU32::new(0))
    }

    /// The same; `last` remembers the class of the object before.
    #[inline]
    pub(crate) fn of_item_at(&self, item: Item<'f>, last: &AtomicU32) -> Result<Value<'f>, Fault> {
        self.meets();
        Ok(match item {
            Item::Null => Value::Null,
            Item::Bool(value) => Value::Boolean(value),
            Item::Byte(value) => Value::Byte(value),
            Item::Char(value) => Value::Character(value),
            Item::Short(value) => Value::Short(value),
            Item::Int(value) => Value::Int(value),
            Item::Long(value) => Value::Long(value),
            Item::Float(value) => Value::Float(value),
            Item::Double(value) => Value::Double(value),
            Item::String(text) => Value::Object(Thing::text(text)),
            Item::Object(object) => return self.object_at(object, last),
            Item::Secret => return self.hidden(),
        })
    }

    /// A word that stands for a value of a primitive type.
    pub(super) fn word(&self, kind: u8, bits: i64) -> Result<Value<'f>, Fault> {
        self.of_item(word(kind, bits).ok_or_else(too_many)?)
    }

    /// A value as an object: scalars in their boxes.
    pub(super) fn boxed_local(&self, value: &Value<'f>) -> Result<Option<Local<'f>>, Fault> {
        let env = self.live.env();
        let (of, argument) = match value {
            Value::Null => return Ok(None),
            Value::Object(thing) => return env.local(thing.local()).map(Some).map_err(broken),
            Value::Boolean(value) => (Primitive::Boolean, jvm::Value::Bool(*value)),
            Value::Character(value) => (Primitive::Char, jvm::Value::Char(*value)),
            Value::Byte(value) => (Primitive::Byte, jvm::Value::Byte(*value)),
            Value::Short(value) => (Primitive::Short, jvm::Value::Short(*value)),
            Value::Int(value) => (Primitive::Int, jvm::Value::Int(*value)),
            Value::Long(value) => (Primitive::Long, jvm::Value::Long(*value)),
            Value::Float(value) => (Primitive::Float, jvm::Value::Float(*value)),
            Value::Double(value) => (Primitive::Double, jvm::Value::Double(*value)),
        };
        let class = of.boxed().name().replace('.', "/");
        let descriptor = format!("({})L{class};", letter(of));
        let boxed = env
            .find_class(&class)
            .and_then(|class| env.call_static::<Local<'f>>(&class, "valueOf", &descriptor, &[argument]));
        boxed.map(Some).map_err(broken)
    }
}

/// A value as JNI takes it: its box, where it is given.
pub(super) fn argument<'a>(value: &'a Value<'_>, boxed: Option<&'a Local<'_>>) -> jvm::Value<'a> {
    match (boxed, value) {
        (Some(boxed), _) => jvm::Value::of(boxed),
        (None, Value::Null) => jvm::Value::Null,
        (None, Value::Boolean(value)) => jvm::Value::Bool(*value),
        (None, Value::Character(value)) => jvm::Value::Char(*value),
        (None, Value::Byte(value)) => jvm::Value::Byte(*value),
        (None, Value::Short(value)) => jvm::Value::Short(*value),
        (None, Value::Int(value)) => jvm::Value::Int(*value),
        (None, Value::Long(value)) => jvm::Value::Long(*value),
        (None, Value::Float(value)) => jvm::Value::Float(*value),
        (None, Value::Double(value)) => jvm::Value::Double(*value),
        (None, Value::Object(thing)) => jvm::Value::of(thing.local()),
    }
}

/// The letter of a primitive type in descriptors.
pub(super) fn letter(of: Primitive) -> char {
    match of {
        Primitive::Boolean => 'Z',
        Primitive::Byte => 'B',
        Primitive::Char => 'C',
        Primitive::Short => 'S',
        Primitive::Int => 'I',
        Primitive::Long => 'J',
        Primitive::Float => 'F',
        Primitive::Double => 'D',
    }
}

/// Where a box has what is in it.
fn value_field(facts: &ClassFacts) -> Option<usize> {
    facts.place(&["value"])
}
