//! Small things done with Java objects again and again: lists as arrays, enums by name, null-safe text.

use jvm::{Env, Local, Ref, Result};

/// The elements of a `java.util.Collection` as an array.
pub(crate) fn array<'f>(env: &Env<'f>, collection: &impl Ref) -> Result<Local<'f>> {
    env.call(collection, "toArray", "()[Ljava/lang/Object;", &[])
}

/// The strings in an array; nulls are left out.
pub(crate) fn strings(env: &Env<'_>, array: &impl Ref) -> Result<Vec<String>> {
    let mut all = Vec::with_capacity(env.object_count(array)?);
    env.each_object(array, |env, _, text| -> Result<()> {
        all.push(env.string(&text)?);
        Ok(())
    })?;
    Ok(all)
}

/// `Enum.name()` of what a getter without arguments gives.
pub(crate) fn enum_name(env: &Env<'_>, of: &impl Ref, getter: &str, class: &str) -> Result<String> {
    let value: Local<'_> = env.call(of, getter, &format!("()L{class};"), &[])?;
    env.call(&value, "name", "()Ljava/lang/String;", &[])
}

/// What a getter without arguments gives as text; null stays none.
pub(crate) fn text(env: &Env<'_>, of: &impl Ref, getter: &str) -> Result<Option<String>> {
    env.call(of, getter, "()Ljava/lang/String;", &[])
}

/// What a getter without arguments gives as a `long`.
pub(crate) fn long(env: &Env<'_>, of: &impl Ref, getter: &str) -> Result<i64> {
    env.call(of, getter, "()J", &[])
}
