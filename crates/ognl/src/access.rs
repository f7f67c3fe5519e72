//! What the evaluator asks of objects: the one door between expressions and a JVM.
//!
//! An implementation works inside threads of the application, so the trait is cut along what costs there. One
//! call per member: `property` and `invoke` look up, check and read in one step and may remember the outcome
//! in the site's [`Access::Cache`]. References are not copied behind its back: [`Access::copy`] is the only
//! way, and dropping one frees it. Nothing of an object is called (no getter, `equals`, `toString`, iterator)
//! but by these functions, so each can first decide whether it may be ([`Fault::not_allowed`]).
//!
//! What has a body here is the plain meaning, without a cache; an implementation that wants speed overrides
//! it with the same rules ([`find_property`], [`find_method`] and the like) and its own memory.

use std::rc::Rc;
use std::sync::Arc;

use crate::{
    ErrorKind, Fault, Flags, IndexedProperty, Kind, Reflection, Standard, Value, argument_classes,
    find_class, find_constructor, find_indexed, find_method, find_property, find_static_method, read,
    read_static, write,
};

/// Objects, as references that an implementation hands out.
pub trait Access: Reflection + Sized {
    /// A reference to an object that is no box; never null.
    type Object;
    /// What one place of one expression remembers. Expressions are evaluated by many threads at once.
    type Cache: Default + Send + Sync;

    /// Another reference to the same object.
    ///
    /// # Errors
    /// The JVM has no room for it.
    fn copy(&self, of: &Self::Object) -> Result<Self::Object, Fault>;

    /// Whether both refer to one object.
    fn same(&self, one: &Self::Object, other: &Self::Object) -> bool;

    /// The object's class.
    ///
    /// # Errors
    /// The JVM fails.
    fn class_of(&self, of: &Self::Object) -> Result<Self::Class, Fault>;

    /// The object's kind. Asked often: an implementation remembers it with the class or with the reference.
    ///
    /// # Errors
    /// The JVM fails.
    fn kind(&self, of: &Self::Object) -> Result<Kind, Fault> {
        Ok(Kind::of(self, &self.class_of(of)?))
    }

    /// The `java.lang.Class` of a class.
    ///
    /// # Errors
    /// The JVM fails.
    fn class_object(&self, class: &Self::Class) -> Result<Self::Object, Fault>;

    /// The box of a scalar; of an object, another reference. Never asked for null.
    ///
    /// # Errors
    /// The JVM fails.
    fn boxed(&self, value: &Value<Self::Object>) -> Result<Self::Object, Fault>;

    // ---- texts

    /// How many units of UTF-16 a `String` has, without copying them.
    ///
    /// # Errors
    /// The JVM fails.
    fn text_length(&self, of: &Self::Object) -> Result<usize, Fault>;

    /// Lends the units of a `String`.
    ///
    /// # Errors
    /// The JVM fails.
    fn text(&self, of: &Self::Object, read: &mut dyn FnMut(&[u16])) -> Result<(), Fault>;

    /// A `String`.
    ///
    /// # Errors
    /// The JVM has no room for it.
    fn new_text(&self, units: &[u16]) -> Result<Self::Object, Fault>;

    /// The `String` of a literal, whose own cache this is.
    ///
    /// # Errors
    /// As [`Access::new_text`].
    fn literal(&self, _site: &Self::Cache, units: &[u16]) -> Result<Self::Object, Fault> {
        self.new_text(units)
    }

    /// What `toString` returns; none where it returns null. A `String` is itself.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn to_text(&self, of: &Self::Object) -> Result<Option<Rc<[u16]>>, Fault>;

    // ---- what objects say of each other

    /// `of.equals(other)`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn equals(&self, of: &Self::Object, other: &Value<Self::Object>) -> Result<bool, Fault>;

    /// `of.compareTo(other)` of a `Comparable`.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn compare(&self, of: &Self::Object, other: &Value<Self::Object>) -> Result<i32, Fault>;

    /// The place of an enum's constant.
    ///
    /// # Errors
    /// The JVM fails.
    fn ordinal(&self, of: &Self::Object) -> Result<i32, Fault>;

    // ---- numbers that are objects

    /// `longValue()` of a [`Kind::Number`], `BigInteger` or `BigDecimal`.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn long_value(&self, of: &Self::Object) -> Result<i64, Fault>;

    /// `doubleValue()` of a [`Kind::Number`], `BigInteger` or `BigDecimal`.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn double_value(&self, of: &Self::Object) -> Result<f64, Fault>;

    /// A `BigInteger`: of a text as its constructor reads it, of a `BigDecimal` as `toBigInteger` gives it.
    ///
    /// # Errors
    /// The text is no number ([`ErrorKind::NumberFormat`]).
    fn big_integer(&self, of: Digits<'_, Self::Object>) -> Result<Self::Object, Fault>;

    /// A `BigDecimal`: of a text as its constructor reads it, of a `BigInteger` with scale 0.
    ///
    /// # Errors
    /// The text is no number ([`ErrorKind::NumberFormat`]).
    fn big_decimal(&self, of: Digits<'_, Self::Object>) -> Result<Self::Object, Fault>;

    /// Works on one number or two of the same class.
    ///
    /// # Errors
    /// A division by zero ([`ErrorKind::Arithmetic`]).
    fn big(
        &self,
        operation: BigOperation,
        one: &Self::Object,
        other: Option<&Self::Object>,
    ) -> Result<Self::Object, Fault>;

    /// `compareTo` of two numbers of the same class.
    ///
    /// # Errors
    /// The JVM fails.
    fn big_compare(&self, one: &Self::Object, other: &Self::Object) -> Result<i32, Fault>;

    /// How large a `BigInteger` or `BigDecimal` is: the evaluator asks before it lets one grow.
    ///
    /// # Errors
    /// The JVM fails.
    fn magnitude(&self, of: &Self::Object) -> Result<Magnitude, Fault>;

    // ---- collections

    /// `size()` of a list, set, collection or map.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn size(&self, of: &Self::Object) -> Result<i32, Fault>;

    /// `isEmpty()` of the same.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn is_empty(&self, of: &Self::Object) -> Result<bool, Fault>;

    /// `list.get(index)`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn list_get(&self, list: &Self::Object, index: i32) -> Result<Value<Self::Object>, Fault>;

    /// `list.set(index, value)`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn list_set(&self, list: &Self::Object, index: i32, value: Value<Self::Object>) -> Result<(), Fault>;

    /// `list.clear()` and `list.addAll(elements)`
    ///
    /// # Errors
    /// One threw or may not be called.
    fn list_fill(&self, list: &Self::Object, elements: &Self::Object) -> Result<(), Fault>;

    /// `map.get(key)`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn map_get(&self, map: &Self::Object, key: &Value<Self::Object>) -> Result<Value<Self::Object>, Fault>;

    /// `map.put(key, value)`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn map_put(
        &self,
        map: &Self::Object,
        key: Value<Self::Object>,
        value: Value<Self::Object>,
    ) -> Result<(), Fault>;

    /// `map.keySet()`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn keys(&self, map: &Self::Object) -> Result<Value<Self::Object>, Fault>;

    /// `map.values()`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn values(&self, map: &Self::Object) -> Result<Value<Self::Object>, Fault>;

    /// `collection.iterator()`
    ///
    /// # Errors
    /// It threw or may not be called.
    fn iterator(&self, of: &Self::Object) -> Result<Value<Self::Object>, Fault>;

    /// `hasNext()` or `hasMoreElements()`.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn has_next(&self, of: &Self::Object) -> Result<bool, Fault>;

    /// `next()` or `nextElement()`.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn next(&self, of: &Self::Object) -> Result<Value<Self::Object>, Fault>;

    /// Hands over the elements of a collection, the values of a map, what an iterator or enumeration still has,
    /// until `visit` says that it is enough (false).
    ///
    /// # Errors
    /// What is called threw or may not be called.
    fn each(
        &self,
        of: &Self::Object,
        visit: &mut dyn FnMut(Value<Self::Object>) -> bool,
    ) -> Result<(), Fault>;

    /// A `java.util.ArrayList`.
    ///
    /// # Errors
    /// The JVM has no room for it.
    fn new_list(&self, elements: Vec<Value<Self::Object>>) -> Result<Self::Object, Fault>;

    /// An empty `java.util.LinkedHashMap`.
    ///
    /// # Errors
    /// The JVM has no room for it.
    fn new_map(&self) -> Result<Self::Object, Fault>;

    // ---- arrays

    /// An array's length.
    ///
    /// # Errors
    /// The JVM fails.
    fn length(&self, array: &Self::Object) -> Result<i32, Fault>;

    /// An array's element.
    ///
    /// # Errors
    /// There is none with this index ([`ErrorKind::IndexOutOfBounds`]).
    fn element(&self, array: &Self::Object, index: i32) -> Result<Value<Self::Object>, Fault>;

    /// Replaces an array's element by a value that is already of its class, or null.
    ///
    /// # Errors
    /// There is none with this index, or the value does not fit ([`ErrorKind::IllegalArgument`]).
    fn set_element(&self, array: &Self::Object, index: i32, value: Value<Self::Object>) -> Result<(), Fault>;

    /// A new array of zeros or nulls. The evaluator has made sure that it may be so long.
    ///
    /// # Errors
    /// The JVM has no room for it, or there can be no such array.
    fn new_array(&self, component: &Self::Class, length: i32) -> Result<Self::Object, Fault>;

    // ---- members that are found already

    /// Reads a field; `of` is none for a static one.
    ///
    /// # Errors
    /// The class of a static one could not be initialised.
    fn get(&self, field: &Self::Field, of: Option<&Self::Object>) -> Result<Value<Self::Object>, Fault>;

    /// Writes a field; the value is already of its type.
    ///
    /// # Errors
    /// The JVM fails.
    fn set(
        &self,
        field: &Self::Field,
        of: Option<&Self::Object>,
        value: Value<Self::Object>,
    ) -> Result<(), Fault>;

    /// Calls a method, virtually; `on` is none for a static one. The arguments are as many as the parameters and
    /// of their classes: scalars where those are primitive, scalars to box elsewhere.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn call(
        &self,
        method: &Self::Method,
        on: Option<&Self::Object>,
        arguments: Vec<Value<Self::Object>>,
    ) -> Result<Value<Self::Object>, Fault>;

    /// Calls a constructor.
    ///
    /// # Errors
    /// It threw or may not be called.
    fn construct(
        &self,
        constructor: &Self::Method,
        arguments: Vec<Value<Self::Object>>,
    ) -> Result<Self::Object, Fault>;

    // ---- members by name: the whole of what a site does, to be overridden by what remembers

    /// The class that a name in the expression means.
    ///
    /// # Errors
    /// There is none ([`ErrorKind::NoSuchClass`]), or it cannot be used.
    fn class(&self, _site: &Self::Cache, name: &str) -> Result<Self::Class, Fault> {
        find_class(self, name)?.ok_or_else(|| Fault::missing(ErrorKind::NoSuchClass))
    }

    /// `of.name`
    ///
    /// # Errors
    /// There is no such property ([`ErrorKind::NoSuchProperty`]), or what it calls threw or may not be called.
    fn property(
        &self,
        _site: &Self::Cache,
        of: &Self::Object,
        name: &str,
    ) -> Result<Value<Self::Object>, Fault> {
        let class = self.class_of(of)?;
        read(self, of, name, &find_property(self, &class, self.kind(of)?, name))
    }

    /// How the class of `of` wants to take an index itself, as in `getName(index)`; none where it does not.
    ///
    /// # Errors
    /// The JVM fails.
    fn indexed_property(
        &self,
        _site: &Self::Cache,
        of: &Self::Object,
        name: &str,
    ) -> Result<Option<Arc<IndexedProperty>>, Fault> {
        Ok(find_indexed(self, &self.class_of(of)?, name).map(Arc::new))
    }

    /// `of.name` where an index follows: its value, or how its class takes the index itself.
    ///
    /// # Errors
    /// As [`Access::property`].
    fn before_index(
        &self,
        site: &Self::Cache,
        of: &Self::Object,
        name: &str,
    ) -> Result<Indexed<Self::Object>, Fault> {
        match self.indexed_property(site, of, name)? {
            Some(found) => Ok(Indexed::Accessor(found)),
            None => self.property(site, of, name).map(Indexed::Value),
        }
    }

    /// `of.name = value`
    ///
    /// # Errors
    /// There is no such property that could be set, the value cannot be converted, or what is called threw or
    /// may not be called.
    fn assign(
        &self,
        _site: &Self::Cache,
        of: &Self::Object,
        name: &str,
        value: Value<Self::Object>,
    ) -> Result<(), Fault> {
        write(self, of, name, value)
    }

    /// `on.name(arguments)`
    ///
    /// # Errors
    /// There is no such method ([`ErrorKind::NoSuchMethod`]), an argument cannot be converted, or it threw or
    /// may not be called.
    fn invoke(
        &self,
        _site: &Self::Cache,
        on: &Self::Object,
        name: &str,
        arguments: Vec<Value<Self::Object>>,
    ) -> Result<Value<Self::Object>, Fault> {
        let class = self.class_of(on)?;
        let call = find_method(self, &class, name, &argument_classes(self, &arguments)?)?;
        let arguments = call.arguments(self, arguments)?;
        let on = if call.flags.has(Flags::STATIC) { None } else { Some(on) };
        self.call(&call.method, on, arguments)
    }

    /// `@class@name(arguments)`
    ///
    /// # Errors
    /// As [`Access::invoke`], and there is no such class.
    fn invoke_static(
        &self,
        site: &Self::Cache,
        class: &str,
        name: &str,
        arguments: Vec<Value<Self::Object>>,
    ) -> Result<Value<Self::Object>, Fault> {
        let class = self.class(site, class)?;
        let call = find_static_method(self, &class, name, &argument_classes(self, &arguments)?)?;
        let arguments = call.arguments(self, arguments)?;
        self.call(&call.method, None, arguments)
    }

    /// `@class@name`
    ///
    /// # Errors
    /// There is no such class or static field.
    fn static_field(
        &self,
        site: &Self::Cache,
        class: &str,
        name: &str,
    ) -> Result<Value<Self::Object>, Fault> {
        read_static(self, &self.class(site, class)?, name)
    }

    /// `new class(arguments)`
    ///
    /// # Errors
    /// As [`Access::invoke_static`], and the class is abstract.
    fn create(
        &self,
        site: &Self::Cache,
        class: &str,
        arguments: Vec<Value<Self::Object>>,
    ) -> Result<Value<Self::Object>, Fault> {
        let class = self.class(site, class)?;
        let call = find_constructor(self, &class, &argument_classes(self, &arguments)?)?;
        let arguments = call.arguments(self, arguments)?;
        self.construct(&call.method, arguments).map(Value::Object)
    }

    /// `value instanceof class`
    ///
    /// # Errors
    /// There is no such class.
    fn is_instance(&self, site: &Self::Cache, value: &Self::Object, class: &str) -> Result<bool, Fault> {
        Ok(self.is_assignable(&self.class(site, class)?, &self.class_of(value)?))
    }

    /// Whether an object is a `Comparable`.
    ///
    /// # Errors
    /// The JVM fails.
    fn is_comparable(&self, of: &Self::Object) -> Result<bool, Fault> {
        Ok(self.is_assignable(&self.standard(Standard::Comparable), &self.class_of(of)?))
    }
}

/// What a property that an index follows turned out to be.
#[derive(Debug)]
pub enum Indexed<O> {
    /// A value, to be indexed.
    Value(Value<O>),
    /// The class takes the index itself.
    Accessor(Arc<IndexedProperty>),
}

/// What a big number is made of.
#[derive(Debug)]
pub enum Digits<'a, O> {
    /// A whole number.
    Long(i64),
    /// A text; the radix is 10 for a `BigDecimal`.
    Text(&'a [u16], u32),
    /// A number of the other class.
    Other(&'a O),
}

/// What can be done to big numbers. Shifts and bits are of `BigInteger` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BigOperation {
    /// `add`
    Add,
    /// `subtract`
    Subtract,
    /// `multiply`
    Multiply,
    /// `divide`; of `BigDecimal`s with the scale of the first, rounding half to even.
    Divide,
    /// `remainder`
    Remainder,
    /// `and`
    And,
    /// `or`
    Or,
    /// `xor`
    Xor,
    /// `shiftLeft`
    ShiftLeft(i32),
    /// `shiftRight`
    ShiftRight(i32),
    /// `negate`, of one number.
    Negate,
    /// `not`, of one number.
    Not,
}

/// How large a big number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Magnitude {
    /// Bits of the whole number, or of the unscaled value.
    pub bits: u64,
    /// The scale; 0 for a `BigInteger`.
    pub scale: i32,
}
