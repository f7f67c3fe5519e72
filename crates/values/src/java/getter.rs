//! Getters that do nothing but read a field, known by their five bytes of code: such a field is read without a call.

use jvm::live::{Layout, LiveMethod};
use jvm::{Class, Env, Jvmti, Local};

/// The field that a getter reads, as its class file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reads {
    pub(super) field: Box<str>,
    pub(super) descriptor: Box<str>,
}

const ALOAD_0: u8 = 0x2A;
const GETFIELD: u8 = 0xB4;
/// `ireturn` to `areturn`.
const RETURNS: std::ops::RangeInclusive<u8> = 0xAC..=0xB0;

impl Reads {
    /// What a method reads, if it does nothing else. Methods that are woven do more.
    pub(super) fn of(env: &Env<'_>, jvmti: &Jvmti, method: &LiveMethod, layout: &Layout) -> Option<Self> {
        if method.is_static() || !method.descriptor.starts_with("()") {
            return None;
        }
        let code = method.bytecodes(env, jvmti).ok()?;
        let [ALOAD_0, GETFIELD, high, low, returns] = code[..] else { return None };
        if !RETURNS.contains(&returns) {
            return None;
        }
        env.frame(4, |env| {
            let class: Option<Local<'_, Class>> = layout.class(env)?;
            Ok::<_, jvm::Error>(match class {
                Some(class) => {
                    let (count, bytes) = jvmti.constant_pool(&class)?;
                    named(count, &bytes, u16::from_be_bytes([high, low]))
                }
                None => None,
            })
        })
        .ok()?
    }
}

/// The field that a `CONSTANT_Fieldref` names (JVMS 4.4.2). Its class is not looked at: a getter's field is its own class's
/// or one above it.
fn named(count: usize, pool: &[u8], field: u16) -> Option<Reads> {
    let starts = starts(count, pool)?;
    let at = |index: u16| starts.get(usize::from(index)).copied().flatten();
    let short = |at: usize| Some(u16::from_be_bytes([*pool.get(at)?, *pool.get(at + 1)?]));
    let tagged = |index: u16, tag: u8| at(index).filter(|at| pool.get(*at) == Some(&tag));
    let name_and_type = tagged(short(tagged(field, 9)? + 3)?, 12)?;
    let text = |index: u16| {
        let at = tagged(index, 1)?;
        let bytes = pool.get(at + 3..at + 3 + usize::from(short(at + 1)?))?;
        Some(jvm::mutf8::text(bytes).into())
    };
    Some(Reads { field: text(short(name_and_type + 1)?)?, descriptor: text(short(name_and_type + 3)?)? })
}

/// Where each entry of a constant pool begins (JVMS 4.4).
fn starts(count: usize, pool: &[u8]) -> Option<Vec<Option<usize>>> {
    let mut starts = vec![None];
    let mut at = 0;
    while starts.len() < count {
        starts.push(Some(at));
        let wide = matches!(pool.get(at)?, 5 | 6);
        at += match pool.get(at)? {
            1 => 3 + usize::from(u16::from_be_bytes([*pool.get(at + 1)?, *pool.get(at + 2)?])),
            3 | 4 | 9..=12 | 17 | 18 => 5,
            5 | 6 => 9,
            7 | 8 | 16 | 19 | 20 => 3,
            15 => 4,
            _ => return None,
        };
        if wide {
            starts.push(None);
        }
    }
    Some(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_behind_wide_entries() {
        let mut pool = vec![5, 0, 0, 0, 0, 0, 0, 0, 1]; // #1, #2: a long
        pool.extend([9, 0, 7, 0, 4]); // #3: the field
        pool.extend([12, 0, 5, 0, 6]); // #4: name and type
        pool.extend([1, 0, 4]);
        pool.extend(b"name"); // #5
        pool.extend([1, 0, 1, b'I']); // #6
        pool.extend([7, 0, 5]); // #7: a class
        assert_eq!(named(8, &pool, 3), Some(Reads { field: "name".into(), descriptor: "I".into() }));
        assert_eq!(named(8, &pool, 4), None, "no field");
        assert_eq!(named(9, &pool, 3), None, "the pool is shorter than it says");
    }
}
