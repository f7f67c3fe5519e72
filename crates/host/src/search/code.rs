//! The string constants that a method's code loads, and which of them are secrets by the company they keep.

use values::Redaction;
use weave::classfile::{Instructions, Malformed, Pool, opcode};

use super::needle::words;

/// `putstatic` and `putfield` (JVMS 6.5).
const STORES: [u8; 2] = [179, 181];

/// A string constant in code.
pub(super) struct Loaded {
    /// Its number in the constant pool.
    pub(super) index: u16,
    /// It goes into a field, or stands behind a name, that is kept secret.
    pub(super) secret: bool,
}

/// The string constants of a method, in the order of its code. `bootstrap`: the constants that each bootstrap method is
/// given, as far as they are known; a string that is put together has its fixed parts there.
pub(super) fn strings(
    code: &[u8],
    pool: &Pool<'_>,
    bootstrap: &[Vec<u16>],
    redaction: &Redaction,
) -> Result<Vec<Loaded>, Malformed> {
    let mut all: Vec<Loaded> = Vec::new();
    // Whether the last instruction has loaded a string, and whether that is the name of a secret.
    let (mut loaded, mut named) = (false, false);
    for instruction in Instructions::new(code) {
        let instruction = instruction?;
        let index = match (instruction.opcode, instruction.bytes) {
            (opcode::LDC, [_, index]) => u16::from(*index),
            (opcode::LDC_W | opcode::INVOKEDYNAMIC, _) => instruction.index(),
            (store, _) if STORES.contains(&store) && loaded => {
                let field = pool.member(instruction.index())?;
                if let Some(last) = all.last_mut() {
                    last.secret |= redaction.hides(&words(field.name));
                }
                (loaded, named) = (false, false);
                continue;
            }
            _ => {
                (loaded, named) = (false, false);
                continue;
            }
        };
        if instruction.opcode == opcode::INVOKEDYNAMIC {
            let method = pool.bootstrap(index)?;
            let given = bootstrap.get(usize::from(method)).map(Vec::as_slice).unwrap_or_default();
            all.extend(given.iter().map(|index| Loaded { index: *index, secret: false }));
            (loaded, named) = (false, false);
            continue;
        }
        let Ok(text) = pool.string(index) else {
            (loaded, named) = (false, false);
            continue;
        };
        all.push(Loaded { index, secret: named });
        loaded = true;
        named = redaction.hides(&words(text));
    }
    Ok(all)
}
