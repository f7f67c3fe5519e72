//! Which of the JDK's objects are not asked what they are: their `toString` neither waits nor calls others, but a number
//! of a million digits takes seconds to be written out, and a long builder is copied, on the application's thread.

use std::sync::atomic::AtomicU32;

use jvm::live::{Got, Instance, Live};

use crate::classes::Classes;
use crate::facts::ClassFacts;

/// Words of a number, or of bits: some ten thousand digits.
const WORDS: usize = 1 << 10;
/// Characters of a builder.
const CHARACTERS: i32 = 1 << 16;

/// Whether what an object says of itself is so long that saying it takes the application's time or memory.
pub(crate) fn is_lengthy(
    classes: &Classes,
    live: Live<'_, '_>,
    facts: &ClassFacts,
    of: &Instance<'_>,
) -> bool {
    let last = AtomicU32::new(0);
    let held = |of: &Instance<'_>, facts: &ClassFacts, name: &str| match of.get(live, facts.place(&[name])?) {
        Some(Got::Object(object)) => object,
        _ => None,
    };
    let is_long = |of: &Instance<'_>, facts: &ClassFacts, name: &str| {
        let Some(array) = held(of, facts, name) else { return false };
        let length = classes.of(live, &array, &last).and_then(|(.., array)| array.array_length());
        length.is_some_and(|length| length > WORDS)
    };
    match facts.name() {
        "java.math.BigInteger" => is_long(of, facts, "mag"),
        "java.util.BitSet" => is_long(of, facts, "words"),
        "java.lang.StringBuilder" => {
            facts.place(&["count"]).and_then(|place| of.int(place)).is_some_and(|count| count > CHARACTERS)
        }
        "java.math.BigDecimal" => {
            // A small one has none.
            let Some(whole) = held(of, facts, "intVal") else { return false };
            let last = AtomicU32::new(0);
            let Some((_, facts, whole)) = classes.of(live, &whole, &last) else { return true };
            // One below `BigInteger` is the application's, and would be called.
            facts.name() != "java.math.BigInteger" || is_long(&whole, facts, "mag")
        }
        _ => false,
    }
}
