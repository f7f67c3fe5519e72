//! The body of the protocol's fuzz target: any bytes are read without a panic, and whatever was
//! understood is written and read again as the same thing.

use super::{Keys, Order, ProxyAnswer, Request, Response};

/// Reads the bytes as each kind of text there is.
///
/// # Panics
/// Where a text that was understood does not survive being written: that is the bug looked for.
pub fn fuzz(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(request) = Request::parse(text) {
        assert_eq!(Request::parse(&request.query().to_string()).ok(), Some(request));
    }
    if let Ok(order) = Order::parse(text) {
        assert_eq!(Order::parse(&order.to_string()).ok(), Some(order));
    }
    if let Ok(answer) = ProxyAnswer::parse(text) {
        assert_eq!(ProxyAnswer::parse(&answer.to_string()).ok(), Some(answer));
    }
    if let Some(keys) = Keys::parse(text) {
        assert_eq!(Keys::parse(&keys.to_string()), Some(keys));
    }
}

/// Makes an answer of the agent's HTTP server of the bytes, and reads the Java object that it becomes as the Java side does:
/// by the lengths that stand in it.
///
/// # Panics
/// Where a length is not that of what follows it: the Java side would read something else, or wait for more.
pub fn proxied(bytes: &[u8]) {
    let (head, content) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => bytes.split_at(at),
        None => (bytes, &[][..]),
    };
    let text = String::from_utf8_lossy(head);
    let headers: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let status = i32::try_from(bytes.len()).unwrap_or(0);
    let written = Response { status, content: content.to_vec(), headers }.to_bytes();
    let read = read_object(&written);
    assert_eq!(read, Some((status, content.len())), "{written:?}");
}

/// Status and length of the body, if the object is one to its last byte.
fn read_object(bytes: &[u8]) -> Option<(i32, usize)> {
    let number = |bytes: &[u8]| Some(i32::from_be_bytes(bytes.get(..4)?.try_into().ok()?));
    let behind = |bytes: &'static [u8], all: &[u8]| {
        all.windows(bytes.len()).position(|window| window == bytes).map(|at| at + bytes.len())
    };
    // The end of the class, the end of the array's class, the map's number of buckets.
    let rest = bytes.get(behind(b"Ljava/util/Map;xp", bytes)?..)?;
    let status = number(rest)?;
    let rest = rest.get(behind(b"\x54\xe0\x02\x00\x00xp", rest)?..)?;
    let length = usize::try_from(number(rest)?).ok()?;
    let rest = rest.get(4 + length..)?;
    let rest = rest.get(behind(b"w\x08\0\0\0\x10", rest)?..)?;
    let (count, mut rest) = (number(rest)?, rest.get(4..)?);
    for _ in 0..2 * count {
        let (b't', [high, low]) = (*rest.first()?, *rest.get(1..)?.first_chunk()?) else { return None };
        rest = rest.get(3 + usize::from(u16::from_be_bytes([high, low]))..)?;
    }
    (rest == b"x").then_some((status, length))
}
