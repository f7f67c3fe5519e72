//! What assigning to a property means to an object of some class.

use super::call::{Call, argument_classes, find_among};
use super::convert::convert;
use super::search::{accessor, field, methods};
use crate::{Access, ErrorKind, Fault, Flags, Value};

/// `of.name = value`: a setter `setName`, private ones too, for whose parameter the value is converted; else a
/// field that is neither static nor final, for whose type it is converted; else the one public method whose
/// name is `name` or `setname`, whatever the case, with the value as it is.
///
/// # Errors
/// There is nothing to set ([`ErrorKind::NoSuchProperty`]), the value cannot be converted, or what is called
/// threw or may not be called.
pub fn write<A: Access>(
    access: &A,
    of: &A::Object,
    name: &str,
    value: Value<A::Object>,
) -> Result<(), Fault> {
    let class = access.class_of(of)?;
    let on = |flags: Flags| if flags.has(Flags::STATIC) { None } else { Some(of) };
    if let Some(setter) = accessor(access, &class, name, &["set"], 1) {
        let arguments = vec![value];
        let classes = argument_classes(access, &arguments)?;
        let flags = setter.flags;
        let call = find_among(access, vec![setter], &classes)?;
        let call = call.ok_or_else(|| Fault::missing(ErrorKind::NoSuchProperty))?;
        return access.call(&call.method, on(flags), call.arguments(access, arguments)?).map(drop);
    }
    if let Some(field) = field(access, &class, name)
        && !field.flags.has(Flags::STATIC)
        && !field.flags.has(Flags::FINAL)
    {
        let to = access.field_type(&field.member)?;
        if matches!(value, Value::Null) && access.as_primitive(&to).is_some() {
            let message = format!("null does not fit {name}, which is of a primitive type.");
            return Err(Fault::new(ErrorKind::IllegalArgument, message));
        }
        let value = if matches!(value, Value::Null) { value } else { convert(access, value, &to)? };
        return access.set(&field.member, Some(of), value);
    }
    let lower = name.replace('"', "").to_lowercase();
    let named = |method: &str| {
        let method = method.to_lowercase();
        method == lower || method.strip_prefix("set") == Some(&lower)
    };
    let mut found = methods(access, &class, &mut |listed, _| {
        let made = listed.flags.has(Flags::SYNTHETIC) && !listed.flags.has(Flags::BRIDGE);
        listed.flags.has(Flags::PUBLIC) && !made && !listed.name.starts_with("get") && named(&listed.name)
    });
    match (found.pop(), found.is_empty()) {
        (Some(only), true) if only.listed.parameters == 1 => {
            let (method, flags, arguments) = (only.listed.member.clone(), only.listed.flags, vec![value]);
            let call = find_among(access, vec![only.listed], &argument_classes(access, &arguments)?)?;
            let call = call.filter(Call::takes_as_it_is).ok_or_else(|| {
                let message = format!("{name} is set by a method that does not take such a value.");
                Fault::new(ErrorKind::IllegalArgument, message)
            })?;
            access.call(&method, on(flags), call.arguments(access, arguments)?).map(drop)
        }
        _ => Err(Fault::missing(ErrorKind::NoSuchProperty)),
    }
}
