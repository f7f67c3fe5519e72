//! The bodies of the fuzz targets `agent-options` and `http`: any text is read without a panic; options that
//! were understood are written and read again as the same, and a request is one however it is cut.

use crate::http::Head;
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

/// Reads the bytes as a request to the HTTP server, head and body.
///
/// # Panics
/// Where a head is found that is not whole, or depends on what comes behind it: that is how requests are
/// smuggled.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub fn http(bytes: &[u8]) {
    let read = Head::read(bytes);
    if let Ok(Some((head, length))) = &read {
        let alone = bytes.get(..*length).map(Head::read);
        if alone != Some(Ok(Some((head.clone(), *length)))) {
            panic!("{head:?} depends on what comes behind it: {alone:?}");
        }
        // A byte less is no head, and no other one.
        if let Some(less) = bytes.get(..length - 1)
            && Head::read(less) != Ok(None)
        {
            panic!("{head:?} is there before its end");
        }
    }
    crate::http::fuzz(read.ok().flatten().map(|(head, _)| head), bytes);
}
