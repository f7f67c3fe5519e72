//! The evaluator's door itself: each of its questions, decided and passed on.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use jvm::Local;
use ognl::{
    Access, BigOperation, Digits, ErrorKind, Fault, IndexedProperty, Kind, Magnitude, Standard, find_class,
    find_indexed, read_static,
};

use super::members::{FieldPlace, MethodPlace};
use super::{Java, Site, Thing, Value, broken, too_many};
use crate::facts::Says;
use crate::kind;
use crate::snapshot::ClassPlace;

impl<'f> Java<'_, 'f> {
    /// Calls a method of an interface or class of the JDK's on an object of the application, if that may be.
    fn call_open<R: jvm::Return<'f>>(
        &self,
        on: &Thing<'f>,
        name: &str,
        descriptor: &str,
        arguments: &[jvm::Value<'_>],
    ) -> Result<R, Fault> {
        let class = self.class_place(on)?;
        let facts = self.facts(class)?;
        let harmless = facts.layout.is_boot() && super::harmless::is_harmless(facts.name(), name);
        if !self.may.evaluate && !harmless {
            return Err(self.not_allowed(facts.name(), name));
        }
        if jvm::stack_room::left() < 64 << 10 {
            return Err(Fault::new(
                ErrorKind::TooDeep,
                "The thread has little stack left: nothing was called.",
            ));
        }
        let _muted = jvm::inside::mute(self.live.env());
        self.live.env().call(on.local(), name, descriptor, arguments).map_err(broken)
    }

    fn object_or_null(&self, object: Option<Local<'f>>) -> Result<Value<'f>, Fault> {
        object.map_or(Ok(Value::Null), |object| self.object(object))
    }

    fn open_object(&self, on: &Thing<'f>, name: &str, descriptor: &str) -> Result<Value<'f>, Fault> {
        let object = self.call_open::<Option<Local<'f>>>(on, name, descriptor, &[])?;
        self.object_or_null(object)
    }

    fn units_of(&self, text: &str) -> Rc<[u16]> {
        text.encode_utf16().collect()
    }
}

impl<'f> Access for Java<'_, 'f> {
    type Object = Thing<'f>;
    type Cache = Site;

    fn copy(&self, of: &Thing<'f>) -> Result<Thing<'f>, Fault> {
        self.meets();
        of.again(self.live).ok_or_else(too_many)
    }

    fn same(&self, one: &Thing<'f>, other: &Thing<'f>) -> bool {
        self.live.is_same(one.local(), other.local())
    }

    fn class_of(&self, of: &Thing<'f>) -> Result<ClassPlace, Fault> {
        self.class_place(of)
    }

    #[inline]
    fn kind(&self, of: &Thing<'f>) -> Result<Kind, Fault> {
        if of.as_text().is_some() {
            return Ok(Kind::Text);
        }
        self.kind_of(self.class_place(of)?)
    }

    fn class_object(&self, class: &ClassPlace) -> Result<Thing<'f>, Fault> {
        let mirror = self.facts(*class)?.layout.class(self.live.env()).map_err(broken)?;
        let mirror = mirror.ok_or_else(too_many)?.into_object();
        Ok(Thing::of_class(mirror, self.known.standard(Standard::Class)))
    }

    fn boxed(&self, value: &Value<'f>) -> Result<Thing<'f>, Fault> {
        match value {
            Value::Object(thing) => self.copy(thing),
            other => self.boxed_local(other)?.map(Thing::other).ok_or_else(too_many),
        }
    }

    #[inline]
    fn text_length(&self, of: &Thing<'f>) -> Result<usize, Fault> {
        if let Some(text) = of.as_text() {
            return Ok(text.length(self.live));
        }
        let last = AtomicU32::new(0);
        let (_, instance) = self.instance(of, &last)?;
        Ok(instance.as_string(self.live).ok_or_else(too_many)?.length(self.live))
    }

    fn text(&self, of: &Thing<'f>, read: &mut dyn FnMut(&[u16])) -> Result<(), Fault> {
        // Whoever reads may ask for another text meanwhile.
        let mut units = self.scratch.take();
        units.clear();
        match of.as_text() {
            Some(text) => text.units(self.live, 0, usize::MAX, &mut units),
            None => {
                let last = AtomicU32::new(0);
                let (_, instance) = self.instance(of, &last)?;
                let text = instance.as_string(self.live).ok_or_else(too_many)?;
                text.units(self.live, 0, usize::MAX, &mut units)
            }
        };
        read(&units);
        self.scratch.replace(units);
        Ok(())
    }

    fn new_text(&self, units: &[u16]) -> Result<Thing<'f>, Fault> {
        self.live.env().new_units(units).map(Thing::text).map_err(broken)
    }

    fn literal(&self, site: &Site, units: &[u16]) -> Result<Thing<'f>, Fault> {
        let kept = site.literal.get_or_init(|| {
            let env = self.live.env();
            env.new_units(units).and_then(|text| env.global(text.object())).ok()
        });
        match kept {
            Some(global) => {
                let local = global.local(self.live.env()).map_err(broken)?;
                match self.object(local)? {
                    Value::Object(thing) => Ok(thing),
                    _ => Err(too_many()),
                }
            }
            None => self.new_text(units),
        }
    }

    fn to_text(&self, of: &Thing<'f>) -> Result<Option<Rc<[u16]>>, Fault> {
        if self.kind(of)? == Kind::Text {
            let mut units: Rc<[u16]> = Rc::default();
            self.text(of, &mut |text| units = text.into())?;
            return Ok(Some(units));
        }
        let class = self.class_place(of)?;
        let facts = self.facts(class)?;
        let says = facts.says(self.live.env(), self.jvmti);
        if says == Says::Identity && !self.overrides(class, "hashCode", "()I")? {
            let hash = self.jvmti.identity_hash(of.local()).map_err(broken)?;
            return Ok(Some(self.units_of(&format!("{}@{hash:x}", facts.name()))));
        }
        let text: Option<String> = if self.is_inert(of)? {
            let _muted = jvm::inside::mute(self.live.env());
            self.live.env().call(of.local(), "toString", "()Ljava/lang/String;", &[]).map_err(broken)?
        } else {
            self.call_open(of, "toString", "()Ljava/lang/String;", &[])?
        };
        Ok(text.map(|text| self.units_of(&text)))
    }

    fn equals(&self, of: &Thing<'f>, other: &Value<'f>) -> Result<bool, Fault> {
        let Some(other) = self.boxed_local(other)? else { return Ok(false) };
        if self.live.is_same(of.local(), &other) {
            return Ok(true);
        }
        let class = self.class_place(of)?;
        if !self.overrides(class, "equals", "(Ljava/lang/Object;)Z")? {
            return Ok(false);
        }
        if self.is_inert(of)? {
            // What it is compared with is only asked for its class, unless it is of the same.
            return self
                .live
                .env()
                .call(of.local(), "equals", "(Ljava/lang/Object;)Z", &[(&other).into()])
                .map_err(broken);
        }
        self.call_open(of, "equals", "(Ljava/lang/Object;)Z", &[(&other).into()])
    }

    fn compare(&self, of: &Thing<'f>, other: &Value<'f>) -> Result<i32, Fault> {
        let Some(other) = self.boxed_local(other)? else {
            return Err(Fault::new(
                ErrorKind::NullPointer,
                "Nothing is compared with null: test for it before.",
            ));
        };
        let descriptor = "(Ljava/lang/Object;)I";
        if self.is_inert(of)? {
            return self
                .live
                .env()
                .call(of.local(), "compareTo", descriptor, &[(&other).into()])
                .map_err(broken);
        }
        self.call_open(of, "compareTo", descriptor, &[(&other).into()])
    }

    fn ordinal(&self, of: &Thing<'f>) -> Result<i32, Fault> {
        let last = AtomicU32::new(0);
        let (facts, instance) = self.instance(of, &last)?;
        let place = facts.layout.fields.iter().rposition(|field| &*field.name == "ordinal");
        place.and_then(|place| instance.int(place)).ok_or_else(too_many)
    }

    fn long_value(&self, of: &Thing<'f>) -> Result<i64, Fault> {
        match self.kind(of)? {
            Kind::BigInteger | Kind::BigDecimal => {
                self.live.env().call(of.local(), "longValue", "()J", &[]).map_err(broken)
            }
            _ => self.call_open(of, "longValue", "()J", &[]),
        }
    }

    fn double_value(&self, of: &Thing<'f>) -> Result<f64, Fault> {
        match self.kind(of)? {
            Kind::BigInteger | Kind::BigDecimal => {
                self.live.env().call(of.local(), "doubleValue", "()D", &[]).map_err(broken)
            }
            _ => self.call_open(of, "doubleValue", "()D", &[]),
        }
    }

    fn big_integer(&self, of: Digits<'_, Thing<'f>>) -> Result<Thing<'f>, Fault> {
        self.new_integer(of)
    }

    fn big_decimal(&self, of: Digits<'_, Thing<'f>>) -> Result<Thing<'f>, Fault> {
        self.new_decimal(of)
    }

    fn big(
        &self,
        operation: BigOperation,
        one: &Thing<'f>,
        other: Option<&Thing<'f>>,
    ) -> Result<Thing<'f>, Fault> {
        self.operated(operation, one, other)
    }

    fn big_compare(&self, one: &Thing<'f>, other: &Thing<'f>) -> Result<i32, Fault> {
        self.compared(one, other)
    }

    fn magnitude(&self, of: &Thing<'f>) -> Result<Magnitude, Fault> {
        self.measured(of)
    }

    fn size(&self, of: &Thing<'f>) -> Result<i32, Fault> {
        match self.container_size(of)? {
            Some(size) => Ok(size),
            None => self.call_open(of, "size", "()I", &[]),
        }
    }

    fn is_empty(&self, of: &Thing<'f>) -> Result<bool, Fault> {
        match self.container_size(of)? {
            Some(size) => Ok(size == 0),
            None => self.call_open(of, "isEmpty", "()Z", &[]),
        }
    }

    fn list_get(&self, list: &Thing<'f>, index: i32) -> Result<Value<'f>, Fault> {
        if let Some(found) = self.nth(list, index)? {
            return Ok(found);
        }
        let object = self.call_open(list, "get", "(I)Ljava/lang/Object;", &[index.into()])?;
        self.object_or_null(object)
    }

    fn list_set(&self, list: &Thing<'f>, index: i32, value: Value<'f>) -> Result<(), Fault> {
        let value = self.boxed_local(&value)?;
        let arguments = [index.into(), jvm::Value::of_option(value.as_ref())];
        let descriptor = "(ILjava/lang/Object;)Ljava/lang/Object;";
        self.call_open::<Option<Local<'f>>>(list, "set", descriptor, &arguments).map(drop)
    }

    fn list_fill(&self, list: &Thing<'f>, elements: &Thing<'f>) -> Result<(), Fault> {
        self.call_open::<()>(list, "clear", "()V", &[])?;
        let descriptor = "(Ljava/util/Collection;)Z";
        self.call_open::<bool>(list, "addAll", descriptor, &[elements.local().into()]).map(drop)
    }

    fn map_get(&self, map: &Thing<'f>, key: &Value<'f>) -> Result<Value<'f>, Fault> {
        if let Some(found) = self.entry(map, key)? {
            return Ok(found);
        }
        if let Value::Object(thing) = key
            && self.is_secret_name(thing)?
        {
            return self.hidden();
        }
        let key = self.boxed_local(key)?;
        let descriptor = "(Ljava/lang/Object;)Ljava/lang/Object;";
        let arguments = [jvm::Value::of_option(key.as_ref())];
        let object = self.call_open(map, "get", descriptor, &arguments)?;
        self.object_or_null(object)
    }

    fn map_put(&self, map: &Thing<'f>, key: Value<'f>, value: Value<'f>) -> Result<(), Fault> {
        let (key, value) = (self.boxed_local(&key)?, self.boxed_local(&value)?);
        let arguments = [jvm::Value::of_option(key.as_ref()), jvm::Value::of_option(value.as_ref())];
        let descriptor = "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;";
        self.call_open::<Option<Local<'f>>>(map, "put", descriptor, &arguments).map(drop)
    }

    fn keys(&self, map: &Thing<'f>) -> Result<Value<'f>, Fault> {
        self.open_object(map, "keySet", "()Ljava/util/Set;")
    }

    fn values(&self, map: &Thing<'f>) -> Result<Value<'f>, Fault> {
        self.open_object(map, "values", "()Ljava/util/Collection;")
    }

    fn iterator(&self, of: &Thing<'f>) -> Result<Value<'f>, Fault> {
        self.open_object(of, "iterator", "()Ljava/util/Iterator;")
    }

    fn has_next(&self, of: &Thing<'f>) -> Result<bool, Fault> {
        let name = if self.kind(of)? == Kind::Enumeration { "hasMoreElements" } else { "hasNext" };
        self.call_open(of, name, "()Z", &[])
    }

    fn next(&self, of: &Thing<'f>) -> Result<Value<'f>, Fault> {
        let name = if self.kind(of)? == Kind::Enumeration { "nextElement" } else { "next" };
        self.open_object(of, name, "()Ljava/lang/Object;")
    }

    fn each(&self, of: &Thing<'f>, visit: &mut dyn FnMut(Value<'f>) -> bool) -> Result<(), Fault> {
        if let Some(container) = self.as_container(of)?
            && self.walk(of, container, 1 << 20, &mut |first, second| Ok(visit(second.unwrap_or(first))))?
        {
            return Ok(());
        }
        let own;
        let iterator = match self.kind(of)? {
            Kind::Iterator | Kind::Enumeration => of,
            Kind::Map => {
                let Value::Object(values) = self.values(of)? else { return Ok(()) };
                let Value::Object(iterator) = self.iterator(&values)? else { return Ok(()) };
                own = iterator;
                &own
            }
            _ => {
                let Value::Object(iterator) = self.iterator(of)? else { return Ok(()) };
                own = iterator;
                &own
            }
        };
        while self.has_next(iterator)? {
            if !visit(self.next(iterator)?) {
                break;
            }
        }
        Ok(())
    }

    fn new_list(&self, elements: Vec<Value<'f>>) -> Result<Thing<'f>, Fault> {
        let env = self.live.env();
        let made = env.find_class("java/util/ArrayList").and_then(|class| {
            let room = i32::try_from(elements.len()).unwrap_or(0);
            env.new_object(&class, "(I)V", &[room.into()])
        });
        let list = made.map_err(broken)?;
        for element in &elements {
            let element = self.boxed_local(element)?;
            let arguments = [jvm::Value::of_option(element.as_ref())];
            env.call::<bool>(&list, "add", "(Ljava/lang/Object;)Z", &arguments).map_err(broken)?;
        }
        Ok(Thing::of_class(list, self.known.standard(Standard::ArrayList)))
    }

    fn new_map(&self) -> Result<Thing<'f>, Fault> {
        let env = self.live.env();
        let made = env
            .find_class("java/util/LinkedHashMap")
            .and_then(|class| env.new_object(&class, "()V", &[]))
            .map_err(broken)?;
        Ok(Thing::of_class(made, self.known.standard(Standard::LinkedHashMap)))
    }

    fn length(&self, array: &Thing<'f>) -> Result<i32, Fault> {
        let last = AtomicU32::new(0);
        let (_, instance) = self.instance(array, &last)?;
        let length = instance.array_length().ok_or_else(too_many)?;
        Ok(i32::try_from(length).unwrap_or(i32::MAX))
    }

    fn element(&self, array: &Thing<'f>, index: i32) -> Result<Value<'f>, Fault> {
        let last = AtomicU32::new(0);
        let (facts, instance) = self.instance(array, &last)?;
        let length = instance.array_length().unwrap_or(0);
        let Some(place) = usize::try_from(index).ok().filter(|place| *place < length) else {
            let message = match length {
                0 => format!("There is no element {index}: the array is empty."),
                _ => format!("There is no element {index}: there are 0 to {}.", length - 1),
            };
            return Err(Fault::new(ErrorKind::IndexOutOfBounds, message));
        };
        match facts.kind {
            kind::Kind::Primitives(letter) => self.word(letter, instance.word(self.live, place).unwrap_or(0)),
            _ => self.object_or_null(instance.element(self.live, place)),
        }
    }

    fn set_element(&self, array: &Thing<'f>, index: i32, value: Value<'f>) -> Result<(), Fault> {
        let env = self.live.env();
        let value = self.boxed_local(&value)?;
        let set = env.find_class("java/lang/reflect/Array").and_then(|class| {
            let arguments = [array.local().into(), index.into(), jvm::Value::of_option(value.as_ref())];
            env.call_static::<()>(&class, "set", "(Ljava/lang/Object;ILjava/lang/Object;)V", &arguments)
        });
        set.map_err(broken)
    }

    fn new_array(&self, component: &ClassPlace, length: i32) -> Result<Thing<'f>, Fault> {
        let class = self.facts(*component)?.layout.class(self.live.env()).map_err(broken)?;
        let class = class.ok_or_else(too_many)?;
        super::convert::new_array(self.live.env(), &class, length).map(Thing::other).map_err(broken)
    }

    fn get(&self, field: &FieldPlace, of: Option<&Thing<'f>>) -> Result<Value<'f>, Fault> {
        self.read_field(*field, of)
    }

    fn set(&self, field: &FieldPlace, of: Option<&Thing<'f>>, value: Value<'f>) -> Result<(), Fault> {
        self.write_field(*field, of, &value)
    }

    fn call(
        &self,
        method: &MethodPlace,
        on: Option<&Thing<'f>>,
        arguments: Vec<Value<'f>>,
    ) -> Result<Value<'f>, Fault> {
        self.call_method(*method, on, arguments)
    }

    fn construct(&self, constructor: &MethodPlace, arguments: Vec<Value<'f>>) -> Result<Thing<'f>, Fault> {
        self.call_constructor(*constructor, &arguments)
    }

    fn class(&self, _: &Site, name: &str) -> Result<ClassPlace, Fault> {
        find_class(self, name)?.ok_or_else(|| Fault::missing(ErrorKind::NoSuchClass))
    }

    #[inline]
    fn property(&self, site: &Site, of: &Thing<'f>, name: &str) -> Result<Value<'f>, Fault> {
        self.read_property(site, of, name)
    }

    fn indexed_property(
        &self,
        site: &Site,
        of: &Thing<'f>,
        name: &str,
    ) -> Result<Option<Arc<IndexedProperty>>, Fault> {
        let (facts, _) = self.instance(of, &site.class)?;
        if let Some((_, known)) = facts.members.indexed.find(|(known, _)| **known == *name) {
            return Ok(known.clone());
        }
        let found = find_indexed(self, &self.class_place(of)?, name).map(Arc::new);
        facts.members.indexed.keep((name.into(), found.clone()));
        Ok(found)
    }

    fn invoke(
        &self,
        site: &Site,
        on: &Thing<'f>,
        name: &str,
        arguments: Vec<Value<'f>>,
    ) -> Result<Value<'f>, Fault> {
        self.invoke_method(site, on, name, arguments)
    }

    fn invoke_static(
        &self,
        site: &Site,
        class: &str,
        name: &str,
        arguments: Vec<Value<'f>>,
    ) -> Result<Value<'f>, Fault> {
        self.invoke_static_method(self.class(site, class)?, name, arguments)
    }

    fn static_field(&self, site: &Site, class: &str, name: &str) -> Result<Value<'f>, Fault> {
        read_static(self, &self.class(site, class)?, name)
    }

    fn create(&self, site: &Site, class: &str, arguments: Vec<Value<'f>>) -> Result<Value<'f>, Fault> {
        self.make(self.class(site, class)?, arguments).map(Value::Object)
    }
}
