//! Frames of our own protocol.

use wire::Decoder;

/// Feeds the bytes whole and one by one: both must yield the same frames and the same end, and what
/// was read must survive being written.
pub(crate) fn frames(bytes: &[u8]) {
    let whole = read(&[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(whole, read(&single), "the split of the bytes changed what they say");
    for frame in &whole.0 {
        let mut out = Vec::new();
        frame.encode(&mut out).expect("what could be received can be sent");
        assert_eq!(read(&[&out]).0, std::slice::from_ref(frame));
    }
}

fn read(parts: &[&[u8]]) -> (Vec<wire::Frame>, Option<wire::FrameError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for part in parts {
        decoder.feed(part);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
