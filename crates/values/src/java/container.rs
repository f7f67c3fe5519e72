//! The JDK's containers, asked without running their code: they are walked as the object view walks them, which
//! neither waits for a lock nor calls an element.

use std::sync::atomic::AtomicU32;

use ognl::{Access, ErrorKind, Fault, Kind as Ognl};

use super::{Java, Thing, Value, too_many};
use crate::contents::{Found, MANY, NESTED, Stop};
use crate::copier::{Copier, Limits};
use crate::item::Item;
use crate::kind::{Container, Kind};
use crate::recipe::Recipe;

/// So many entries are looked at in search of one.
const SEARCHED: u32 = 20_000;
/// So many elements are handed over: the expression's own fuel ends earlier.
const WALKED: u32 = 1 << 20;

/// Who hears of a key and its value (or an element twice) until it says that it has enough.
type Hears<'h, 'f> = &'h mut dyn FnMut(Value<'f>, Option<Value<'f>>) -> Result<bool, Fault>;

/// How a map tells its keys apart.
enum Compared {
    Equals,
    Identity,
    /// By a comparator.
    Comparator,
}

impl<'e, 'f> Java<'e, 'f> {
    /// What kind of container an object is, if the JDK's insides are known.
    pub(super) fn as_container(&self, of: &Thing<'f>) -> Result<Option<Container>, Fault> {
        match self.facts(self.class_place(of)?)?.kind {
            Kind::Container(container) if container.is_own => Ok(Some(container)),
            _ => Ok(None),
        }
    }

    /// Hands over elements, or keys with values. False where the insides are not what they should be.
    pub(super) fn walk(
        &self,
        of: &Thing<'f>,
        container: Container,
        steps: u32,
        hear: Hears<'_, 'f>,
    ) -> Result<bool, Fault> {
        let limits = Limits { steps, ..Limits::default() };
        let mut copier: Copier<'e, 'e, 'f> = Copier::new(self.live(), self.classes(), limits);
        let last = AtomicU32::new(0);
        let (_, instance) = self.instance(of, &last)?;
        let mut failed = None;
        let mut is_done = false;
        let walked = copier.walk(container.recipe, &instance, NESTED, &mut |copier, found| {
            let (first, second) = match found {
                Found::Element(element) => (element, None),
                // Of a set of entries each element is an entry: its own iterator hands them over.
                Found::Entry(..) if !container.is_map() => return Err(Stop::Unknown),
                Found::Entry(key, _) if copier.is_secret_key(&key) => (key, Some(Item::Secret)),
                Found::Entry(key, value) => (key, Some(value)),
            };
            let heard = self.of_item(first).and_then(|first| {
                let second = second.map(|second| self.of_item(second)).transpose()?;
                hear(first, second)
            });
            match heard {
                Ok(true) if copier.steps > 0 => Ok(()),
                Ok(true) => Err(Stop::Enough),
                Ok(false) => {
                    is_done = true;
                    Err(Stop::Enough)
                }
                Err(fault) => {
                    failed = Some(fault);
                    Err(Stop::Enough)
                }
            }
        });
        if let Some(fault) = failed {
            return Err(fault);
        }
        match walked {
            Err(Stop::Enough) if !is_done => Err(Fault::new(
                ErrorKind::OutOfFuel,
                format!("There are more than {steps} entries, which is all that are looked at."),
            )),
            Err(Stop::Unknown) => Ok(false),
            _ => Ok(true),
        }
    }

    /// How many elements or entries there are.
    pub(super) fn container_size(&self, of: &Thing<'f>) -> Result<Option<i32>, Fault> {
        let Some(container) = self.as_container(of)? else { return Ok(None) };
        let limits = Limits { steps: WALKED, ..Limits::default() };
        let mut copier: Copier<'e, 'e, 'f> = Copier::new(self.live(), self.classes(), limits);
        let last = AtomicU32::new(0);
        let (_, instance) = self.instance(of, &last)?;
        let size = copier.size(container.recipe, &instance, NESTED);
        Ok(size.filter(|size| *size != MANY).map(|size| i32::try_from(size).unwrap_or(i32::MAX)))
    }

    /// An element of a list, by its index.
    pub(super) fn nth(&self, list: &Thing<'f>, index: i32) -> Result<Option<Value<'f>>, Fault> {
        let Some(container) = self.as_container(list)? else { return Ok(None) };
        if container.is_map() {
            return Ok(None);
        }
        let Some(size) = self.container_size(list)? else { return Ok(None) };
        if index < 0 || index >= size {
            let message = match size {
                0 => format!("There is no element {index}: the list is empty."),
                _ => format!("There is no element {index}: there are 0 to {}.", size - 1),
            };
            return Err(Fault::new(ErrorKind::IndexOutOfBounds, message));
        }
        if let Recipe::Array { array, .. } = container.recipe
            && let Some(found) = self.nth_of_array(list, array, index)?
        {
            return Ok(Some(found));
        }
        let (mut at, mut found) = (0, None);
        self.walk(list, container, WALKED, &mut |element, _| {
            if at == index {
                found = Some(element);
            }
            at += 1;
            Ok(found.is_none())
        })?;
        Ok(found)
    }

    fn nth_of_array(&self, list: &Thing<'f>, array: &str, index: i32) -> Result<Option<Value<'f>>, Fault> {
        let last = AtomicU32::new(0);
        let (facts, instance) = self.instance(list, &last)?;
        let got = facts.place(&[array]).and_then(|place| instance.get(self.live(), place));
        let Some(jvm::live::Got::Object(Some(array))) = got else { return Ok(None) };
        let (_, _, array) = self.classes().of(self.live(), &array, &last).ok_or_else(too_many)?;
        match array.element(self.live(), usize::try_from(index).unwrap_or(0)) {
            Some(element) => self.object(element).map(Some),
            None => Ok(Some(Value::Null)),
        }
    }

    /// The value of a key, found as `equals` of the key would; `Some(Null)` where there is none. `None` where that would
    /// call the application.
    pub(super) fn entry(&self, map: &Thing<'f>, key: &Value<'f>) -> Result<Option<Value<'f>>, Fault> {
        let Some(container) = self.as_container(map)?.filter(|container| container.is_map()) else {
            return Ok(None);
        };
        if matches!((key, container.recipe), (Value::Null, Recipe::ConcurrentTable { .. })) {
            return Err(Fault::new(
                ErrorKind::NullPointer,
                "The map has no entry of null, and cannot be asked for it.",
            ));
        }
        if let Value::Object(thing) = key {
            if self.is_secret_name(thing)? {
                return self.hidden().map(Some);
            }
            if !self.is_inert(thing)? {
                return Ok(None);
            }
            if let Some(found) = self.hashed(map, key)? {
                return Ok(Some(found));
            }
        } else if !matches!(key, Value::Null)
            && let Some(found) = self.hashed(map, key)?
        {
            return Ok(Some(found));
        }
        let by_identity = match self.how_compared(map)? {
            Compared::Equals => false,
            Compared::Identity => true,
            Compared::Comparator => return Ok(None),
        };
        let mut found = None;
        let known = self.walk(map, container, SEARCHED, &mut |other, value| {
            let is_meant = match (key, &other) {
                (Value::Object(key), Value::Object(other)) if by_identity => self.same(key, other),
                _ => self.is_equal(key, &other)?,
            };
            if is_meant {
                found = value;
            }
            Ok(found.is_none())
        })?;
        Ok(known.then(|| found.unwrap_or(Value::Null)))
    }

    /// How a map tells its keys apart.
    fn how_compared(&self, map: &Thing<'f>) -> Result<Compared, Fault> {
        let last = AtomicU32::new(0);
        let (facts, instance) = self.instance(map, &last)?;
        let comparator = facts.place(&["comparator"]).and_then(|place| instance.get(self.live(), place));
        Ok(match (facts.name(), comparator) {
            ("java.util.IdentityHashMap", _) => Compared::Identity,
            (_, Some(jvm::live::Got::Object(Some(_)))) => Compared::Comparator,
            _ => Compared::Equals,
        })
    }

    /// What `get` says, of maps that only ask the key for its hash and whether it equals.
    fn hashed(&self, map: &Thing<'f>, key: &Value<'f>) -> Result<Option<Value<'f>>, Fault> {
        let facts = self.facts(self.class_place(map)?)?;
        if !matches!(facts.name(), "java.util.HashMap" | "java.util.concurrent.ConcurrentHashMap") {
            return Ok(None);
        }
        let Some(key) = self.boxed_local(key)? else { return Ok(None) };
        let descriptor = "(Ljava/lang/Object;)Ljava/lang/Object;";
        let got: jvm::Result<Option<jvm::Local<'f>>> =
            self.live().env().call(map.local(), "get", descriptor, &[(&key).into()]);
        match got.map_err(super::broken)? {
            Some(object) => self.object(object).map(Some),
            None => Ok(Some(Value::Null)),
        }
    }

    /// Whether two values are equal, where that can be told without asking the application; else they are not.
    fn is_equal(&self, one: &Value<'f>, other: &Value<'f>) -> Result<bool, Fault> {
        Ok(match (one, other) {
            (Value::Null, Value::Null) => true,
            (Value::Object(one), Value::Object(other)) => {
                self.same(one, other)
                    || (self.is_inert(one)? && self.is_inert(other)? && self.inert_equals(one, other)?)
            }
            (Value::Boolean(one), Value::Boolean(other)) => one == other,
            (Value::Character(one), Value::Character(other)) => one == other,
            (Value::Byte(one), Value::Byte(other)) => one == other,
            (Value::Short(one), Value::Short(other)) => one == other,
            (Value::Int(one), Value::Int(other)) => one == other,
            (Value::Long(one), Value::Long(other)) => one == other,
            (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
            (Value::Double(one), Value::Double(other)) => one.to_bits() == other.to_bits(),
            _ => false,
        })
    }

    /// `equals` of objects that nobody but the JDK has written.
    pub(super) fn inert_equals(&self, one: &Thing<'f>, other: &Thing<'f>) -> Result<bool, Fault> {
        if self.kind(one)? == Ognl::Text {
            if self.kind(other)? != Ognl::Text {
                return Ok(false);
            }
            if self.text_length(one)? != self.text_length(other)? {
                return Ok(false);
            }
            let mut units = Vec::new();
            self.text(one, &mut |text| units.extend_from_slice(text))?;
            let mut same = false;
            self.text(other, &mut |text| same = *text == *units)?;
            return Ok(same);
        }
        let descriptor = "(Ljava/lang/Object;)Z";
        let same: jvm::Result<bool> =
            self.live().env().call(one.local(), "equals", descriptor, &[other.local().into()]);
        same.map_err(super::broken)
    }

    /// Methods of containers that can be answered without calling them.
    pub(super) fn container_call(
        &self,
        on: &Thing<'f>,
        name: &str,
        arguments: &[Value<'f>],
    ) -> Result<Option<Value<'f>>, Fault> {
        if !matches!(
            name,
            "get"
                | "getOrDefault"
                | "contains"
                | "containsKey"
                | "containsValue"
                | "indexOf"
                | "size"
                | "isEmpty"
        ) {
            return Ok(None);
        }
        let Some(container) = self.as_container(on)? else { return Ok(None) };
        let is_list = self.kind(on)? == Ognl::List;
        match (name, arguments) {
            ("size", []) => Ok(self.container_size(on)?.map(Value::Int)),
            ("isEmpty", []) => Ok(self.container_size(on)?.map(|size| Value::Boolean(size == 0))),
            ("get", [Value::Int(index)]) if is_list => match self.nth(on, *index) {
                // What is called throws it.
                Err(fault) if fault.kind() == &ErrorKind::IndexOutOfBounds && self.may.evaluate => Ok(None),
                found => found,
            },
            ("get", [key]) if container.is_map() => self.entry(on, key),
            ("getOrDefault", [key, default]) if container.is_map() => {
                Ok(match (self.entry(on, key)?, default) {
                    (Some(Value::Null), Value::Object(default)) => {
                        Some(Value::Object(default.again(self.live()).ok_or_else(too_many)?))
                    }
                    (Some(Value::Null), default) => {
                        Some(default.map(|_| Err::<Thing<'f>, Fault>(too_many()))?)
                    }
                    (found, _) => found,
                })
            }
            ("contains" | "indexOf", [wanted]) if !container.is_map() => {
                let mut at = 0;
                let found = self.search(on, container, wanted, |element, _| element, &mut at)?;
                Ok(found.map(|found| match name {
                    "indexOf" => Value::Int(if found { at } else { -1 }),
                    _ => Value::Boolean(found),
                }))
            }
            ("containsKey", [wanted]) if container.is_map() => {
                let found = self.search(on, container, wanted, |key, _| key, &mut 0)?;
                Ok(found.map(Value::Boolean))
            }
            ("containsValue", [wanted]) if container.is_map() => {
                let found =
                    self.search(on, container, wanted, |_, value| value.unwrap_or(Value::Null), &mut 0)?;
                Ok(found.map(Value::Boolean))
            }
            _ => Ok(None),
        }
    }

    /// Whether something equal is among what `pick` picks, and at which place. `None` where asking would call the
    /// application.
    fn search(
        &self,
        on: &Thing<'f>,
        container: Container,
        wanted: &Value<'f>,
        pick: impl Fn(Value<'f>, Option<Value<'f>>) -> Value<'f>,
        at: &mut i32,
    ) -> Result<Option<bool>, Fault> {
        if let Value::Object(thing) = wanted
            && !self.is_inert(thing)?
        {
            return Ok(None);
        }
        let mut found = false;
        let mut place = 0;
        let known = self.walk(on, container, SEARCHED, &mut |first, second| {
            found = self.is_equal(wanted, &pick(first, second))?;
            place += i32::from(!found);
            Ok(!found)
        })?;
        *at = place;
        Ok(known.then_some(found))
    }
}
