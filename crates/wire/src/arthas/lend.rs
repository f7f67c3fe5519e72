//! What our own agent asks our own server for on its control connection: a piece of a file that the server lends.
//!
//! The question is a text, `?method=oxprobeLend&…`; the answer a binary frame, which Arthas's agents ignore and which needs no
//! base64. It is asked only where the server has said that it lends (`Order::Registered`).

use super::{ArthasError, MAX_NAME, MAX_QUERY, Query, encode};
use crate::PartWanted;

/// A piece that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lend {
    /// Names the question; the answer carries it.
    pub number: u32,
    /// The piece.
    pub wanted: PartWanted,
}

impl Lend {
    /// Reads a text frame from an agent.
    pub fn parse(text: &str) -> Result<Self, ArthasError> {
        let query = text.strip_prefix('?').ok_or(ArthasError::NotAnOrder)?;
        let query = Query::parse(query, MAX_QUERY)?;
        if query.get("method") != Some("oxprobeLend") {
            return Err(ArthasError::NotAnOrder);
        }
        let bad = |name| ArthasError::Bad { name, wanted: "a number" };
        let number = |name: &'static str| query.need(name)?.parse::<u64>().map_err(|_| bad(name));
        let small = |name: &'static str| u32::try_from(number(name)?).map_err(|_| bad(name));
        Ok(Self {
            number: small("number")?,
            wanted: PartWanted {
                file: query.need_short("file", MAX_NAME)?,
                from: number("from")?,
                most: small("most")?,
            },
        })
    }

    /// The answer: the number, then the piece.
    pub fn answer(number: u32, piece: &[u8]) -> Vec<u8> {
        let mut all = Vec::with_capacity(4 + piece.len());
        all.extend_from_slice(&number.to_be_bytes());
        all.extend_from_slice(piece);
        all
    }

    /// Reads an answer.
    pub fn answered(frame: &[u8]) -> Option<(u32, &[u8])> {
        let (number, piece) = frame.split_first_chunk::<4>()?;
        Some((u32::from_be_bytes(*number), piece))
    }
}

impl std::fmt::Display for Lend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let PartWanted { file, from, most } = &self.wanted;
        let (number, file) = (self.number, encode(file));
        write!(f, "?method=oxprobeLend&number={number}&file={file}&from={from}&most={most}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_its_answer_come_as_they_were_sent() {
        let wanted = PartWanted { file: "a b&c.jar".to_owned(), from: u64::MAX, most: 7 };
        let lend = Lend { number: u32::MAX, wanted };
        assert_eq!(Lend::parse(&lend.to_string()), Ok(lend));
        assert_eq!(Lend::answered(&Lend::answer(7, b"piece")), Some((7, &b"piece"[..])));
        assert_eq!(Lend::answered(&Lend::answer(8, b"")), Some((8, &b""[..])));
        assert_eq!(Lend::answered(b"abc"), None);
    }

    #[test]
    fn what_is_no_question_is_told_apart() {
        for text in [
            "",
            "?method=httpProxy&requestId=1&responseData=",
            "?method=oxprobeLend&number=-1&file=a&from=0&most=1",
            "?method=oxprobeLend&number=1&file=a&from=0&most=99999999999",
            "?method=oxprobeLend&number=1&from=0&most=1",
            "method=oxprobeLend&number=1&file=a&from=0&most=1",
        ] {
            assert!(Lend::parse(text).is_err(), "{text}");
        }
    }
}
