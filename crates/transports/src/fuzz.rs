//! The body of the fuzz target `agent-options`: any text is read without a panic, and what was
//! understood is written and read again as the same.

use crate::options::{Options, Sources};
use crate::tunnel::Address;

/// Reads the bytes as an agent argument, as a config file and as a tunnel address.
///
/// # Panics
/// Where options that were understood do not survive being written: that is the bug looked for.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub fn options(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let nothing = |_: &str| None;
    let sources =
        Sources { environment: &nothing, property: &nothing, file: &|_| Ok(text.clone().into_owned()) };
    let first = Options::gather(&text, &sources).options;
    let second = Options::gather_map(&first.to_map(), &sources).options;
    if first.to_map() != second.to_map() {
        panic!("{first:?} became {second:?}");
    }
    drop(Options::gather(&format!("config=/x,{text}"), &sources));
    if let Ok(address) = Address::parse(&text) {
        let shown = address.to_string();
        if Address::parse(&shown).is_err() {
            panic!("{shown} cannot be read again");
        }
    }
}
