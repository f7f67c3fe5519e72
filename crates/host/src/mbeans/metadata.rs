//! What a bean says of itself, with the field names of `javax.management.MBeanInfo`.

use jvm::{Env, Local};

use super::data::Data;
use crate::error::Result;
use crate::java;

type Fields = std::collections::BTreeMap<String, Data>;

/// Within each other, types of arrays and tables are told so deep.
const DEEPEST: u32 = 8;

/// Reads an `MBeanInfo`.
pub(super) fn read(env: &Env<'_>, info: &Local<'_>) -> Result<Data> {
    let mut fields = Data::map([
        ("className", Data::text(java::text(env, info, "getClassName")?)),
        ("description", Data::text(java::text(env, info, "getDescription")?)),
    ]);
    for (name, getter, class, each) in [
        ("attributes", "getAttributes", "MBeanAttributeInfo", attribute as Part),
        ("constructors", "getConstructors", "MBeanConstructorInfo", constructor),
        ("operations", "getOperations", "MBeanOperationInfo", operation),
        ("notifications", "getNotifications", "MBeanNotificationInfo", notification),
    ] {
        fields.insert(name.to_owned(), all(env, info, getter, class, each)?);
    }
    Ok(Data::Map(fields))
}

type Part = for<'g> fn(&Env<'g>, &Local<'g>, &mut Fields) -> Result<()>;

/// The parts that a getter lists.
fn all(env: &Env<'_>, of: &Local<'_>, getter: &str, class: &str, each: Part) -> Result<Data> {
    let list: Option<Local<'_>> = env.call(of, getter, &format!("()[Ljavax/management/{class};"), &[])?;
    let mut parts = Vec::new();
    if let Some(list) = list {
        env.each_object(&list, |env, _, part| -> Result<()> {
            let mut fields = Data::map([
                ("name", Data::text(java::text(env, &part, "getName")?)),
                ("description", Data::text(java::text(env, &part, "getDescription")?)),
            ]);
            each(env, &part, &mut fields)?;
            parts.push(Data::Map(fields));
            Ok(())
        })?;
    }
    Ok(Data::List(parts))
}

fn attribute(env: &Env<'_>, part: &Local<'_>, fields: &mut Fields) -> Result<()> {
    for (name, getter) in [("readable", "isReadable"), ("writable", "isWritable"), ("is", "isIs")] {
        fields.insert(name.to_owned(), Data::Bool(env.call(part, getter, "()Z", &[])?));
    }
    typed(env, part, "OpenMBeanAttributeInfo", fields)
}

fn parameter(env: &Env<'_>, part: &Local<'_>, fields: &mut Fields) -> Result<()> {
    typed(env, part, "OpenMBeanParameterInfo", fields)
}

fn constructor(env: &Env<'_>, part: &Local<'_>, fields: &mut Fields) -> Result<()> {
    let signature = all(env, part, "getSignature", "MBeanParameterInfo", parameter)?;
    fields.insert("signature".to_owned(), signature);
    Ok(())
}

fn operation(env: &Env<'_>, part: &Local<'_>, fields: &mut Fields) -> Result<()> {
    constructor(env, part, fields)?;
    let impact: i32 = env.call(part, "getImpact", "()I", &[])?;
    fields.insert("impact".to_owned(), Data::Number(i64::from(impact)));
    fields.insert("returnType".to_owned(), Data::text(java::text(env, part, "getReturnType")?));
    open_type(env, part, "OpenMBeanOperationInfo", "getReturnOpenType", "returnOpenType", fields)
}

fn notification(env: &Env<'_>, part: &Local<'_>, fields: &mut Fields) -> Result<()> {
    let types: Option<Local<'_>> = env.call(part, "getNotifTypes", "()[Ljava/lang/String;", &[])?;
    let types = types.map(|types| java::strings(env, &types)).transpose()?.unwrap_or_default();
    let types = types.into_iter().map(Data::Text).collect();
    fields.insert("notifTypes".to_owned(), Data::List(types));
    Ok(())
}

/// The type, and the open type where the part has one.
fn typed(env: &Env<'_>, part: &Local<'_>, open: &str, fields: &mut Fields) -> Result<()> {
    fields.insert("type".to_owned(), Data::text(java::text(env, part, "getType")?));
    open_type(env, part, open, "getOpenType", "openType", fields)
}

fn open_type(
    env: &Env<'_>,
    part: &Local<'_>,
    open: &str,
    getter: &str,
    name: &str,
    fields: &mut Fields,
) -> Result<()> {
    if !is_a(env, part, open)? {
        return Ok(());
    }
    let kind: Option<Local<'_>> = env.call(part, getter, "()Ljavax/management/openmbean/OpenType;", &[])?;
    if let Some(kind) = kind {
        fields.insert(name.to_owned(), read_type(env, &kind, DEEPEST)?);
    }
    Ok(())
}

fn is_a(env: &Env<'_>, object: &Local<'_>, class: &str) -> Result<bool> {
    let wanted = env.find_class(&format!("javax/management/openmbean/{class}"))?;
    Ok(env.is_assignable(&env.class_of(object)?, &wanted)?)
}

fn read_type(env: &Env<'_>, kind: &Local<'_>, levels: u32) -> Result<Data> {
    let mut fields = Data::map([
        ("className", Data::text(java::text(env, kind, "getClassName")?)),
        ("description", Data::text(java::text(env, kind, "getDescription")?)),
        ("typeName", Data::text(java::text(env, kind, "getTypeName")?)),
    ]);
    let Some(levels) = levels.checked_sub(1) else { return Ok(Data::Map(fields)) };
    let part = |getter: &str, class: &str| -> Result<Data> {
        let descriptor = format!("()Ljavax/management/openmbean/{class};");
        let part: Local<'_> = env.call(kind, getter, &descriptor, &[])?;
        read_type(env, &part, levels)
    };
    if is_a(env, kind, "ArrayType")? {
        let dimension: i32 = env.call(kind, "getDimension", "()I", &[])?;
        fields.insert("dimension".to_owned(), Data::Number(i64::from(dimension)));
        let primitive: bool = env.call(kind, "isPrimitiveArray", "()Z", &[])?;
        fields.insert("primitiveArray".to_owned(), Data::Bool(primitive));
        fields.insert("elementOpenType".to_owned(), part("getElementOpenType", "OpenType")?);
    }
    if is_a(env, kind, "TabularType")? {
        fields.insert("rowType".to_owned(), part("getRowType", "CompositeType")?);
        let names: Local<'_> = env.call(kind, "getIndexNames", "()Ljava/util/List;", &[])?;
        let names = java::strings(env, &java::array(env, &names)?)?;
        fields.insert("indexNames".to_owned(), Data::List(names.into_iter().map(Data::Text).collect()));
    }
    Ok(Data::Map(fields))
}
