//! Frames to bytes and back.
//!
//! `u32` length of what follows, `u8` kind, `u32` session, payload; numbers are big-endian. The
//! length is checked before anything is kept, so a peer can make us hold one frame and no more.

use thiserror::Error;

use crate::frame::{Frame, Message, SessionId};

/// The longest payload a frame may have, in bytes.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Kind and session.
const HEAD: usize = 5;

/// Why bytes are no frame. The connection cannot go on after it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The length says more than [`MAX_PAYLOAD`].
    #[error(
        "a frame of {0} bytes is longer than the {MAX_PAYLOAD} a peer may send; is this an oxprobe socket?"
    )]
    TooLong(u64),
    /// The length does not even cover the head.
    #[error("a frame of {0} bytes is too short to be one; is this an oxprobe socket?")]
    TooShort(u32),
    /// The payload of a known frame is not what that frame carries.
    #[error("the payload of a {kind} frame is malformed: {why}")]
    Malformed {
        /// The frame's name.
        kind: &'static str,
        /// What the parser said.
        why: String,
    },
}

impl Frame {
    /// Appends the frame's bytes. A payload over [`MAX_PAYLOAD`] is an error and appends nothing.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let payload = self.message.payload();
        if payload.len() > MAX_PAYLOAD {
            return Err(FrameError::TooLong(payload.len() as u64));
        }
        let length = (payload.len() + HEAD) as u32;
        out.reserve(4 + HEAD + payload.len());
        out.extend_from_slice(&length.to_be_bytes());
        out.push(self.message.kind());
        out.extend_from_slice(&self.session.to_be_bytes());
        out.extend_from_slice(&payload);
        Ok(())
    }

    /// The one frame that these bytes are; `None` where they are none, or of a kind that this version does not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new();
        decoder.feed(bytes);
        decoder.next().ok()?.filter(|_| decoder.start == bytes.len())
    }
}

/// Collects bytes and yields the frames in them.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what has arrived. Call [`Decoder::next`] until it yields `None` before the next feed:
    /// then at most one frame and what came with it is held.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame. Frames of a kind this version does not know are passed over.
    #[expect(clippy::should_implement_trait, reason = "an iterator would end at the first None")]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            let length = u32::from_be_bytes(*length);
            if (length as usize) < HEAD {
                return Err(FrameError::TooShort(length));
            }
            if length as usize - HEAD > MAX_PAYLOAD {
                return Err(FrameError::TooLong(u64::from(length) - HEAD as u64));
            }
            let Some(body) = rest.get(..length as usize) else { return Ok(None) };
            self.start += 4 + length as usize;
            let Some((&[kind, a, b, c, d], payload)) = body.split_first_chunk::<HEAD>() else {
                return Err(FrameError::TooShort(length));
            };
            let session: SessionId = u32::from_be_bytes([a, b, c, d]);
            if let Some(message) = Message::decode(kind, payload)? {
                return Ok(Some(Frame { session, message }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Done, Resize};

    fn bytes(frames: &[Frame]) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in frames {
            frame.encode(&mut out).unwrap();
        }
        out
    }

    #[test]
    fn frames_survive_any_split_of_their_bytes() {
        let sent = vec![
            Frame { session: 7, message: Message::Input(b"thread\r".to_vec()) },
            Frame { session: 7, message: Message::Resize(Resize { cols: 80, rows: 24 }) },
            Frame { session: 0, message: Message::Done(Done { status: -1, message: None, dropped: 3 }) },
        ];
        let all = bytes(&sent);
        for cut in 0..=all.len() {
            let mut decoder = Decoder::new();
            let mut got = Vec::new();
            for part in [&all[..cut], &all[cut..]] {
                decoder.feed(part);
                while let Some(frame) = decoder.next().unwrap() {
                    got.push(frame);
                }
            }
            assert_eq!(got, sent, "cut at {cut}");
        }
    }

    #[test]
    fn one_frame_alone_is_told_from_more_and_less() {
        let frame = Frame { session: 7, message: Message::Work(b"turn".to_vec()) };
        let all = bytes(std::slice::from_ref(&frame));
        assert_eq!(Frame::decode(&all).as_ref(), Some(&frame));
        assert_eq!(Frame::decode(&all[1..]), None);
        assert_eq!(Frame::decode(&all[..all.len() - 1]), None);
        assert_eq!(Frame::decode(&bytes(&[frame.clone(), frame])), None);
        assert_eq!(Frame::decode(&[]), None);
    }

    #[test]
    fn a_kind_of_a_later_version_is_passed_over() {
        let mut all = vec![0, 0, 0, 6, 250, 0, 0, 0, 1, 9];
        all.extend(bytes(&[Frame { session: 1, message: Message::Interrupt }]));
        let mut decoder = Decoder::new();
        decoder.feed(&all);
        assert_eq!(decoder.next().unwrap().unwrap().message, Message::Interrupt);
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_it_is_kept() {
        let mut decoder = Decoder::new();
        decoder.feed(b"GET / HTTP/1.1\r\n");
        assert!(matches!(decoder.next(), Err(FrameError::TooLong(_))));
        let mut decoder = Decoder::new();
        decoder.feed(&[0, 0, 0, 2, 1, 1]);
        assert_eq!(decoder.next(), Err(FrameError::TooShort(2)));
    }

    #[test]
    fn a_malformed_payload_names_the_frame() {
        let mut decoder = Decoder::new();
        decoder.feed(&[0, 0, 0, 6, Message::Resize(Resize { cols: 1, rows: 1 }).kind(), 0, 0, 0, 1, b'{']);
        assert!(decoder.next().unwrap_err().to_string().contains("Resize"));
    }
}
