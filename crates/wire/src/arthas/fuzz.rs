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

#[cfg(test)]
mod tests {
    #[test]
    fn mutated_captures_are_read_without_a_panic() {
        let seeds: [&[u8]; 5] = [
            b"method=agentRegister&arthasVersion=4.1.5&appName=live&id=live_AGENT1&oxprobe=1&pid=7",
            b"method=openTunnel&clientConnectionId=VJYXNHAKEVL9EPFPIWAR&id=a%20b",
            b"response:/?method=httpProxy&id=ID&targetUrl=/x/&requestId=LTU8",
            b"?method=httpProxy&requestId=LTU8&responseData=rO0%2B%0A",
            br#"{"action":"resize","cols":100,"rows":30}"#,
        ];
        // A linear congruential generator: the same mutations in every run.
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
                    0 => bytes[at] = b"%&=;+?\x00\x1b\xff{}\"a9"[next(14)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"%&=;+?\x00\x1b\xff{}\"a9"[next(14)]),
                }
            }
            super::fuzz(&bytes);
        }
    }
}
