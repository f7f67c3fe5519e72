//! Descriptors of methods and fields (JVM specification 4.3), as far as JNI needs them: it takes arguments as
//! untyped words, and a wrong count or width would be undefined behaviour, so they are compared here first.

use crate::error::{Error, Result};
use crate::sys::jvalue;
use crate::values::Value;

/// What a word of the JVM holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    Void,
    Bool,
    Byte,
    Char,
    Short,
    Int,
    Long,
    Float,
    Double,
    Object,
}

impl Type {
    /// The type a field descriptor starts with, and what follows it.
    fn first(text: &str) -> Option<(Type, &str)> {
        let (head, rest) = text.split_at_checked(1)?;
        let simple = match head {
            "V" => Type::Void,
            "Z" => Type::Bool,
            "B" => Type::Byte,
            "C" => Type::Char,
            "S" => Type::Short,
            "I" => Type::Int,
            "J" => Type::Long,
            "F" => Type::Float,
            "D" => Type::Double,
            "L" => return rest.split_once(';').map(|(_, rest)| (Type::Object, rest)),
            "[" => {
                let (element, rest) = Type::first(rest.trim_start_matches('['))?;
                return (element != Type::Void).then_some((Type::Object, rest));
            }
            _ => return None,
        };
        Some((simple, rest))
    }

    /// The type of a field with this descriptor.
    pub(crate) fn of_field(name: &str, descriptor: &str) -> Result<Type> {
        match Type::first(descriptor) {
            Some((found, "")) if found != Type::Void => Ok(found),
            _ => Err(mismatch(name, format!("{descriptor} is no field descriptor"))),
        }
    }
}

/// A method's parameters and result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    parameters: Box<[Type]>,
    returns: Type,
}

impl Shape {
    pub(crate) fn parse(name: &str, descriptor: &str) -> Result<Shape> {
        Shape::parts(descriptor)
            .ok_or_else(|| mismatch(name, format!("{descriptor} is no method descriptor")))
    }

    fn parts(descriptor: &str) -> Option<Shape> {
        let mut rest = descriptor.strip_prefix('(')?;
        let mut parameters = Vec::new();
        loop {
            if let Some(end) = rest.strip_prefix(')') {
                let (returns, end) = Type::first(end)?;
                return end.is_empty().then_some(Shape { parameters: parameters.into(), returns });
            }
            let (parameter, after) = Type::first(rest)?;
            if parameter == Type::Void {
                return None;
            }
            parameters.push(parameter);
            rest = after;
        }
    }

    /// The type of the result.
    pub(crate) fn returns(&self) -> Type {
        self.returns
    }

    /// The arguments as JNI takes them, if they fit and the result is of the type the caller awaits.
    pub(crate) fn words(&self, name: &str, arguments: &[Value<'_>], awaits: Type) -> Result<Vec<jvalue>> {
        let given: Vec<Type> = arguments.iter().map(Value::type_of).collect();
        if *given != *self.parameters {
            return Err(mismatch(name, format!("takes {:?} but was given {given:?}", self.parameters)));
        }
        if awaits != self.returns {
            return Err(mismatch(name, format!("returns {:?} but {awaits:?} was awaited", self.returns)));
        }
        Ok(arguments.iter().map(Value::word).collect())
    }
}

pub(crate) fn mismatch(call: &str, why: String) -> Error {
    Error::Mismatch { call: call.into(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_gives_its_parameters_and_result() {
        let shape = Shape::parse("f", "(I[[JLjava/lang/String;[Ljava/lang/Object;D)V").unwrap();
        assert_eq!(*shape.parameters, [Type::Int, Type::Object, Type::Object, Type::Object, Type::Double]);
        assert_eq!(shape.returns, Type::Void);
    }

    #[test]
    fn broken_descriptors_are_refused() {
        for text in ["", "()", "(I", "I", "(V)V", "(L;", "(Ljava)V", "()VV", "([)V", "([V)V", "()\u{1F600}"] {
            assert!(Shape::parse("f", text).is_err(), "{text}");
        }
        for text in ["", "V", "II", "[", "Ljava"] {
            assert!(Type::of_field("f", text).is_err(), "{text}");
        }
    }

    #[test]
    fn arguments_of_another_type_or_count_are_refused() {
        let shape = Shape::parse("f", "(J)I").unwrap();
        assert!(shape.words("f", &[Value::Long(1)], Type::Int).is_ok());
        assert!(shape.words("f", &[Value::Int(1)], Type::Int).is_err());
        assert!(shape.words("f", &[], Type::Int).is_err());
        assert!(shape.words("f", &[Value::Long(1)], Type::Long).is_err());
    }
}
