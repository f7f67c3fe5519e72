//! What an entry of the constant pool says, in a line: `Method java/util/List.size:()I`.

use super::escaped::{escaped, name, text};
use crate::classfile::{Malformed, Pool, tag};

/// Entries that name entries are followed so far; a malformed pool could go on for ever.
const DEEPEST: usize = 4;

/// The entry in words. Members of the class `own` are without their owner.
pub(super) fn constant(pool: &Pool<'_>, own: &[u8], index: u16) -> Result<String, Malformed> {
    nested(pool, own, index, DEEPEST)
}

fn nested(pool: &Pool<'_>, own: &[u8], index: u16, deep: usize) -> Result<String, Malformed> {
    let kind = pool.tag(index)?;
    let mut entry = pool.entry(index, &[kind])?;
    Ok(match kind {
        tag::UTF8 => escaped(&text(pool.utf8(index)?)),
        tag::INTEGER => format!("int {}", entry.i4()?),
        tag::FLOAT => format!(
            "float {}f",
            number(
                f64::from(f32::from_bits(entry.u4()?)),
                f32::from_bits(entry_bits(pool, index)?).to_string()
            )
        ),
        tag::LONG => format!("long {}l", long(&mut entry)?.cast_signed()),
        tag::DOUBLE => {
            let value = f64::from_bits(long(&mut entry)?);
            format!("double {}d", number(value, value.to_string()))
        }
        tag::CLASS => format!("class {}", name(pool.class(index)?)),
        tag::STRING => format!("String {}", escaped(&text(pool.utf8(entry.u2()?)?))),
        tag::FIELD | tag::METHOD | tag::INTERFACE_METHOD => {
            let member = pool.member(index)?;
            let word = match kind {
                tag::FIELD => "Field",
                tag::METHOD => "Method",
                _ => "InterfaceMethod",
            };
            let owner = if member.owner == own { String::new() } else { format!("{}.", name(member.owner)) };
            format!("{word} {owner}{}:{}", name(member.name), text(member.descriptor))
        }
        tag::NAME_AND_TYPE => {
            let (its, descriptor) = pool.pair(index)?;
            format!("NameAndType {}:{}", name(its), text(descriptor))
        }
        tag::METHOD_HANDLE => {
            let kind = entry.u1()?;
            let of = entry.u2()?;
            let of = if deep == 0 { format!("#{of}") } else { nested(pool, own, of, deep - 1)? };
            let of = of.split_once(' ').map_or(of.as_str(), |(_, of)| of);
            format!("MethodHandle {} {of}", handle(kind))
        }
        tag::METHOD_TYPE => format!("MethodType {}", text(pool.utf8(entry.u2()?)?)),
        tag::DYNAMIC | tag::INVOKE_DYNAMIC => {
            let bootstrap = entry.u2()?;
            let (its, descriptor) = pool.dynamic(index)?;
            let word = if kind == tag::DYNAMIC { "Dynamic" } else { "InvokeDynamic" };
            format!("{word} #{bootstrap}:{}:{}", name(its), text(descriptor))
        }
        _ => format!("constant of kind {kind}"),
    })
}

fn entry_bits(pool: &Pool<'_>, index: u16) -> Result<u32, Malformed> {
    pool.entry(index, &[tag::FLOAT])?.u4()
}

fn long(entry: &mut crate::classfile::Reader<'_>) -> Result<u64, Malformed> {
    Ok(u64::from(entry.u4()?) << 32 | u64::from(entry.u4()?))
}

/// As Java writes what is no number, and the shortest decimal that is the number else.
fn number(value: f64, shortest: String) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ if shortest.contains('.') => shortest,
        _ => shortest + ".0",
    }
}

/// Table 5.4.3.5-A of the JVMS.
fn handle(kind: u8) -> &'static str {
    const KINDS: [&str; 9] = [
        "REF_getField",
        "REF_getStatic",
        "REF_putField",
        "REF_putStatic",
        "REF_invokeVirtual",
        "REF_invokeStatic",
        "REF_invokeSpecial",
        "REF_newInvokeSpecial",
        "REF_invokeInterface",
    ];
    KINDS.get(usize::from(kind).wrapping_sub(1)).copied().unwrap_or("REF_?")
}
