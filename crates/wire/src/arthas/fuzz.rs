//! The body of the protocol's fuzz target: any bytes are read without a panic, and whatever was
//! understood is written and read again as the same thing.

use super::{Keys, Order, ProxyAnswer, Request};

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
