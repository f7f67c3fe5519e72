//! Annotations by the names of their classes, read from the attribute `RuntimeVisibleAnnotations` (JVMS 4.7.16).
//!
//! `getDeclaredAnnotations` would load the annotations' classes, make proxies of them, and leave those out whose class is
//! missing. The bytes name them all, and reading them runs nothing of the application.

use jvm::{Class, Env, Field, Local, Method, Ref};

use super::words;
use crate::error::Result;

/// The methods that tell.
pub(super) struct Annotations {
    raw: Method,
    pool: Method,
    text: Option<Method>,
    of_method: Field,
    of_constructor: Field,
    of_field: Field,
}

/// Which kind of member is asked.
#[derive(Clone, Copy)]
pub(super) enum Member {
    Method,
    Constructor,
    Field,
}

impl Annotations {
    pub(super) fn new(env: &Env<'_>, meta: &Local<'_, Class>) -> Result<Self> {
        let bytes = |class: &str| env.field(&env.find_class(class)?, "annotations", "[B");
        let pool =
            |package: &str| env.method(meta, "getConstantPool", &format!("()L{package}/ConstantPool;"));
        // Since JDK 9 `jdk.internal.reflect`.
        let (package, pool) = match pool("jdk/internal/reflect") {
            Ok(found) => ("jdk/internal/reflect", found),
            Err(_) => ("sun/reflect", pool("sun/reflect")?),
        };
        let class = env.find_class(&format!("{package}/ConstantPool"));
        Ok(Self {
            raw: env.method(meta, "getRawAnnotations", "()[B")?,
            pool,
            text: class.and_then(|class| env.method(&class, "getUTF8At", "(I)Ljava/lang/String;")).ok(),
            of_method: bytes("java/lang/reflect/Method")?,
            of_constructor: bytes("java/lang/reflect/Constructor")?,
            of_field: bytes("java/lang/reflect/Field")?,
        })
    }

    /// Those of a class.
    pub(super) fn of_class(&self, env: &Env<'_>, class: &Local<'_, Class>) -> Result<Vec<String>> {
        let raw: Option<Local<'_>> = self.raw.call(env, class, &[])?;
        self.named(env, class, raw)
    }

    /// Those of a member of a class.
    pub(super) fn of_member(
        &self,
        env: &Env<'_>,
        class: &Local<'_, Class>,
        member: &impl Ref,
        kind: Member,
    ) -> Result<Vec<String>> {
        let field = match kind {
            Member::Method => &self.of_method,
            Member::Constructor => &self.of_constructor,
            Member::Field => &self.of_field,
        };
        let raw: Option<Local<'_>> = field.get(env, member)?;
        self.named(env, class, raw)
    }

    fn named(&self, env: &Env<'_>, class: &Local<'_, Class>, raw: Option<Local<'_>>) -> Result<Vec<String>> {
        let (Some(raw), Some(text)) = (raw, &self.text) else { return Ok(Vec::new()) };
        let raw = env.bytes(&raw)?;
        let pool: Local<'_> = self.pool.call(env, class, &[])?;
        let mut names = Vec::new();
        for place in types(&raw).unwrap_or_default() {
            let name: String = text.call(env, &pool, &[i32::from(place).into()])?;
            names.push(words::described(&name));
        }
        Ok(names)
    }
}

/// The constant pool's places of the annotations' types.
fn types(bytes: &[u8]) -> Option<Vec<u16>> {
    let mut at = bytes;
    let count = number(&mut at)?;
    let mut all = Vec::with_capacity(usize::from(count).min(64));
    for _ in 0..count {
        all.push(annotation(&mut at, 0)?);
    }
    Some(all)
}

fn number(at: &mut &[u8]) -> Option<u16> {
    let (first, rest) = at.split_first_chunk()?;
    *at = rest;
    Some(u16::from_be_bytes(*first))
}

/// Annotations within annotations are not deeper than this in any source.
const DEEPEST: u32 = 64;

/// Steps over one annotation; its type.
fn annotation(at: &mut &[u8], depth: u32) -> Option<u16> {
    let place = number(at)?;
    for _ in 0..number(at)? {
        number(at)?;
        value(at, depth)?;
    }
    Some(place)
}

/// Steps over one value (JVMS 4.7.16.1).
fn value(at: &mut &[u8], depth: u32) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    let (tag, rest) = at.split_first()?;
    *at = rest;
    match tag {
        b'e' => {
            number(at)?;
            number(at)?;
        }
        b'@' => {
            annotation(at, depth + 1)?;
        }
        b'[' => {
            for _ in 0..number(at)? {
                value(at, depth + 1)?;
            }
        }
        _ => {
            number(at)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::types;

    #[test]
    fn types_are_found_behind_values_of_each_kind() {
        let bytes = [
            0, 2, // two annotations
            0, 7, 0, 4, // of the type at 7, with four values
            0, 1, b's', 0, 2, //
            0, 1, b'e', 0, 2, 0, 3, //
            0, 1, b'[', 0, 2, b'I', 0, 4, b'I', 0, 5, //
            0, 1, b'@', 0, 9, 0, 0, //
            0, 8, 0, 0,
        ];
        assert_eq!(types(&bytes), Some(vec![7, 8]));
        assert_eq!(types(&bytes[..20]), None);
    }
}
