//! The objects as the evaluator asks for them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use ognl::{
    Access, BigOperation, Digits, ErrorKind, Fault, Flags, IndexedProperty, Kind, Magnitude, Standard, Value,
    argument_classes, find_indexed, find_method, find_property, read,
};

use super::classes::Type;
use super::memory::Memory;
use super::reflection::Member;
use super::{Body, Got, Model, Obj, V, dup, thrown};

impl Access for Model {
    type Object = Rc<Obj>;
    type Cache = Memory;

    fn copy(&self, of: &Rc<Obj>) -> Result<Rc<Obj>, Fault> {
        Ok(Rc::clone(of))
    }

    fn same(&self, one: &Rc<Obj>, other: &Rc<Obj>) -> bool {
        Rc::ptr_eq(one, other)
    }

    fn class_of(&self, of: &Rc<Obj>) -> Result<Type, Fault> {
        Ok(of.class.clone())
    }

    fn kind(&self, of: &Rc<Obj>) -> Result<Kind, Fault> {
        Ok(match &of.class {
            Type::Named(index) => self.classes.kinds[index],
            other => Kind::of(self, other),
        })
    }

    fn class_object(&self, class: &Type) -> Result<Rc<Obj>, Fault> {
        Ok(self.class_of_type(class.clone()))
    }

    fn boxed(&self, value: &V) -> Result<Rc<Obj>, Fault> {
        Ok(match (value, value.boxed()) {
            (Value::Object(object), _) => Rc::clone(object),
            (scalar, Some(class)) => self.of_standard(class, Body::Scalar(dup(scalar))),
            _ => panic!("null has no box"),
        })
    }

    fn text_length(&self, of: &Rc<Obj>) -> Result<usize, Fault> {
        Ok(of.units().len())
    }

    fn text(&self, of: &Rc<Obj>, read: &mut dyn FnMut(&[u16])) -> Result<(), Fault> {
        read(&of.units());
        Ok(())
    }

    fn new_text(&self, units: &[u16]) -> Result<Rc<Obj>, Fault> {
        self.cost.made(2 * units.len());
        Ok(self.of_standard(Standard::String, Body::Text(units.into())))
    }

    fn to_text(&self, of: &Rc<Obj>) -> Result<Option<Rc<[u16]>>, Fault> {
        self.cost.call();
        self.string(of)
    }

    fn equals(&self, of: &Rc<Obj>, other: &V) -> Result<bool, Fault> {
        self.cost.call();
        self.is_equal(of, other)
    }

    fn compare(&self, of: &Rc<Obj>, other: &V) -> Result<i32, Fault> {
        self.cost.call();
        self.compared(of, other)
    }

    fn ordinal(&self, of: &Rc<Obj>) -> Result<i32, Fault> {
        match self.field(of, "java.lang.Enum", "ordinal") {
            Value::Int(ordinal) => Ok(ordinal),
            other => panic!("{other:?}"),
        }
    }

    fn long_value(&self, of: &Rc<Obj>) -> Result<i64, Fault> {
        Ok(self.whole_of(of) as i64)
    }

    fn double_value(&self, of: &Rc<Obj>) -> Result<f64, Fault> {
        Ok(self.real_of(of))
    }

    fn big_integer(&self, of: Digits<'_, Rc<Obj>>) -> Result<Rc<Obj>, Fault> {
        let value = match of {
            Digits::Long(value) => value.into(),
            Digits::Text(units, radix) => super::numbers::parse_big(units, radix)?,
            Digits::Other(decimal) => self.whole_of(decimal),
        };
        Ok(self.of_standard(Standard::BigInteger, Body::Big(value)))
    }

    fn big_decimal(&self, of: Digits<'_, Rc<Obj>>) -> Result<Rc<Obj>, Fault> {
        let (unscaled, scale) = match of {
            Digits::Long(value) => (value.into(), 0),
            Digits::Text(units, _) => super::numbers::parse_decimal(units)?,
            Digits::Other(big) => (self.whole_of(big), 0),
        };
        Ok(self.of_standard(Standard::BigDecimal, Body::Decimal(unscaled, scale)))
    }

    fn big(&self, operation: BigOperation, one: &Rc<Obj>, other: Option<&Rc<Obj>>) -> Result<Rc<Obj>, Fault> {
        super::numbers::work(operation, &one.body, other.map(|other| &other.body)).map(|body| {
            let class =
                if matches!(body, Body::Big(_)) { Standard::BigInteger } else { Standard::BigDecimal };
            self.of_standard(class, body)
        })
    }

    fn big_compare(&self, one: &Rc<Obj>, other: &Rc<Obj>) -> Result<i32, Fault> {
        Ok(super::numbers::order(&one.body, &other.body) as i32)
    }

    fn magnitude(&self, of: &Rc<Obj>) -> Result<Magnitude, Fault> {
        let bits = |value: i128| u64::from(128 - value.unsigned_abs().leading_zeros());
        Ok(match &of.body {
            Body::Decimal(unscaled, scale) => Magnitude { bits: bits(*unscaled), scale: *scale },
            Body::Big(value) => Magnitude { bits: bits(*value), scale: 0 },
            _ => Magnitude { bits: 64, scale: 0 },
        })
    }

    fn size(&self, of: &Rc<Obj>) -> Result<i32, Fault> {
        Ok(of.count() as i32)
    }

    fn is_empty(&self, of: &Rc<Obj>) -> Result<bool, Fault> {
        Ok(of.count() == 0)
    }

    fn list_get(&self, list: &Rc<Obj>, index: i32) -> Got {
        self.cost.call();
        self.element_at(list, index)
    }

    fn list_set(&self, list: &Rc<Obj>, index: i32, value: V) -> Result<(), Fault> {
        self.cost.call();
        self.replace_at(list, index, value).map(drop)
    }

    fn list_fill(&self, list: &Rc<Obj>, elements: &Rc<Obj>) -> Result<(), Fault> {
        let all = elements.elements();
        if let Body::List(elements) = &list.body {
            *elements.borrow_mut() = all;
        }
        Ok(())
    }

    fn map_get(&self, map: &Rc<Obj>, key: &V) -> Got {
        self.cost.call();
        self.entry(map, key)
    }

    fn map_put(&self, map: &Rc<Obj>, key: V, value: V) -> Result<(), Fault> {
        self.cost.made(32);
        self.put(map, key, value).map(drop)
    }

    fn keys(&self, map: &Rc<Obj>) -> Got {
        Ok(self.key_set(map))
    }

    fn values(&self, map: &Rc<Obj>) -> Got {
        Ok(self.list("java.util.LinkedHashMap$LinkedValues", map.elements()))
    }

    fn iterator(&self, of: &Rc<Obj>) -> Got {
        Ok(Model::iterator(self, of.elements()))
    }

    fn has_next(&self, of: &Rc<Obj>) -> Result<bool, Fault> {
        Ok(of.count() > 0)
    }

    fn next(&self, of: &Rc<Obj>) -> Got {
        match (&of.body, of.elements().into_iter().next()) {
            (Body::Iterator(_, place), Some(value)) => {
                place.set(place.get() + 1);
                Ok(value)
            }
            _ => Err(Fault::thrown("java.util.NoSuchElementException", None)),
        }
    }

    fn each(&self, of: &Rc<Obj>, visit: &mut dyn FnMut(V) -> bool) -> Result<(), Fault> {
        for value in of.elements() {
            self.cost.call();
            if let Body::Iterator(_, place) = &of.body {
                place.set(place.get() + 1);
            }
            if !visit(value) {
                break;
            }
        }
        Ok(())
    }

    fn new_list(&self, elements: Vec<V>) -> Result<Rc<Obj>, Fault> {
        self.cost.made(16 * elements.len());
        Ok(self.of_standard(Standard::ArrayList, Body::List(RefCell::new(elements))))
    }

    fn new_map(&self) -> Result<Rc<Obj>, Fault> {
        self.cost.made(64);
        Ok(self.of_standard(Standard::LinkedHashMap, Body::Map(RefCell::default())))
    }

    fn length(&self, array: &Rc<Obj>) -> Result<i32, Fault> {
        match &array.body {
            Body::Array(elements) => Ok(elements.borrow().len() as i32),
            _ => Ok(0),
        }
    }

    fn element(&self, array: &Rc<Obj>, index: i32) -> Got {
        self.cost.call();
        let Body::Array(elements) = &array.body else { return Ok(Value::Null) };
        match usize::try_from(index).ok().and_then(|index| elements.borrow().get(index).map(dup)) {
            Some(value) => Ok(value),
            None => Err(out_of_bounds(index)),
        }
    }

    fn set_element(&self, array: &Rc<Obj>, index: i32, value: V) -> Result<(), Fault> {
        self.cost.call();
        let (Body::Array(elements), Type::Array(component)) = (&array.body, &array.class) else {
            return Ok(());
        };
        match (&value, &**component) {
            (Value::Null, Type::Primitive(_)) => {
                return thrown("java.lang.IllegalArgumentException", "null in an array of a primitive type");
            }
            (Value::Null, _) => {}
            (value, component) => {
                let class = match value {
                    Value::Object(object) => object.class.clone(),
                    scalar => match component {
                        Type::Primitive(_) => Type::Primitive(scalar.primitive().unwrap()),
                        _ => self.classes.standard(scalar.boxed().unwrap()),
                    },
                };
                if !ognl::Reflection::is_assignable(self, component, &class) {
                    return thrown("java.lang.IllegalArgumentException", "array element type mismatch");
                }
            }
        }
        match usize::try_from(index)
            .ok()
            .and_then(|index| Some(index).filter(|at| *at < elements.borrow().len()))
        {
            Some(index) => {
                elements.borrow_mut()[index] = value;
                Ok(())
            }
            None => Err(out_of_bounds(index)),
        }
    }

    fn new_array(&self, component: &Type, length: i32) -> Result<Rc<Obj>, Fault> {
        self.cost.made(
            length as usize
                * ognl::Reflection::as_primitive(self, component).map_or(8, ognl::Primitive::size),
        );
        let zeros = (0..length).map(|_| component.zero()).collect();
        match self.array(component.clone(), zeros) {
            Value::Object(array) => Ok(array),
            other => panic!("{other:?}"),
        }
    }

    fn get(&self, field: &Member, of: Option<&Rc<Obj>>) -> Got {
        self.cost.call();
        let class = self.classes.get(field.class);
        let name = &class.fields[field.index as usize].name;
        match of {
            Some(of) => match &of.body {
                Body::Plain(fields) => {
                    let fields = fields.borrow();
                    fields.get(field.class, name).map(dup).ok_or_else(|| missing(&class.name, name))
                }
                _ => Err(missing(&class.name, name)),
            },
            None => {
                let statics = self.statics.borrow();
                statics.get(field.class, name).map(dup).ok_or_else(|| missing(&class.name, name))
            }
        }
    }

    fn set(&self, field: &Member, of: Option<&Rc<Obj>>, value: V) -> Result<(), Fault> {
        let class = self.classes.get(field.class);
        let name = &class.fields[field.index as usize].name;
        assert!(self.fits(&class.fields[field.index as usize].kind, &value), "{value:?} in {name}");
        match of.map(|of| &of.body) {
            Some(Body::Plain(fields)) => fields.borrow_mut().set(field.class, name, value),
            Some(_) => return Err(missing(&class.name, name)),
            None => self.statics.borrow_mut().set(field.class, name, value),
        }
        Ok(())
    }

    fn call(&self, method: &Member, on: Option<&Rc<Obj>>, arguments: Vec<V>) -> Got {
        self.called(method, on, arguments)
    }

    fn construct(&self, constructor: &Member, arguments: Vec<V>) -> Result<Rc<Obj>, Fault> {
        self.constructed(constructor, arguments)
    }

    fn property(&self, site: &Memory, of: &Rc<Obj>, name: &str) -> Got {
        if let Some((class, found)) = site.property.get()
            && *class == of.class
        {
            return read(self, of, name, found);
        }
        let found = find_property(self, &of.class, self.kind(of)?, name);
        let value = read(self, of, name, &found);
        let _ = site.property.set((of.class.clone(), found));
        value
    }

    fn indexed_property(
        &self,
        site: &Memory,
        of: &Rc<Obj>,
        name: &str,
    ) -> Result<Option<Arc<IndexedProperty>>, Fault> {
        if let Some((class, found)) = site.indexed.get()
            && *class == of.class
        {
            return Ok(found.clone());
        }
        let found = find_indexed(self, &of.class, name).map(Arc::new);
        let _ = site.indexed.set((of.class.clone(), found.clone()));
        Ok(found)
    }

    fn invoke(&self, site: &Memory, on: &Rc<Obj>, name: &str, arguments: Vec<V>) -> Got {
        let classes = argument_classes(self, &arguments)?;
        let found;
        let call = match site.call.get() {
            Some((class, known, call)) if *class == on.class && *known == classes => call,
            _ => {
                found = find_method(self, &on.class, name, &classes)?;
                let _ = site.call.set((on.class.clone(), classes, found.clone()));
                &found
            }
        };
        let arguments = call.arguments(self, arguments)?;
        let on = if call.flags.has(Flags::STATIC) { None } else { Some(on) };
        self.called(&call.method, on, arguments)
    }
}

/// What the model lacks.
pub fn missing(class: &str, name: &str) -> Fault {
    Fault::new(ErrorKind::Broken, format!("The model has no {class}.{name}."))
}

pub fn out_of_bounds(index: i32) -> Fault {
    Fault::thrown("java.lang.ArrayIndexOutOfBoundsException", Some(index.to_string()))
}
