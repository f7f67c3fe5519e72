//! Messages as server-sent events, which is how a stream carries them.

/// One event. Only the last of a stream is numbered: no stream can be taken up again in its middle.
pub(super) fn event(message: &str, number: Option<u64>) -> String {
    // JSON of ours has no line feeds; a stray one would end the event.
    let message = message.replace(['\n', '\r'], " ");
    match number {
        Some(number) => format!("id: {number}\nevent: message\ndata: {message}\n\n"),
        None => format!("event: message\ndata: {message}\n\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_message() {
        assert_eq!(event("{}", Some(3)), "id: 3\nevent: message\ndata: {}\n\n");
        assert_eq!(event("{\n\"a\":1}\n\n", None), "event: message\ndata: { \"a\":1}  \n\n");
    }
}
