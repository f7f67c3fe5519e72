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
    if first != second {
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

#[cfg(test)]
mod tests {
    #[test]
    fn mutated_options_are_read_without_a_panic() {
        let seeds: [&[u8]; 4] = [
            b"tunnel-url=wss://h:1/ws?a=b,token=x%2Cy,log=/tmp/",
            b"# c\nsocket=@x\ndisabled-commands=a b|c\nconfig=/y\n",
            b"ws://[::1]:7777/ws?token=T",
            b"app-name=\xe4\xb8\xad,ca-file=,nonce==,,",
        ];
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..20_000 {
            let mut bytes = seeds[round % seeds.len()].to_vec();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = b"=,%2C:/?@[]#\n\x00\xff |"[next(17)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"=,%2C:/?@[]#\n\x00\xff |"[next(17)]),
                }
            }
            super::options(&bytes);
        }
    }
}
