//! `plaintext`: no colours.

use super::{Filter, HandOn};
use crate::escapes::without_escapes;
use crate::{Args, Failure, UsageError, Word};

/// Leave colours and other terminal escapes out of a command's output
#[derive(Args)]
#[command(group = Filter, permission = View, example = "thread | plaintext")]
pub(super) struct Plaintext;

pub(super) fn make(words: &[Word]) -> Result<Box<dyn Filter>, UsageError> {
    Ok(Box::new(Plaintext::parse(words)?))
}

impl Filter for Plaintext {
    fn line(&mut self, line: &str, hand_on: &mut HandOn<'_>) -> Result<(), Failure> {
        hand_on(&without_escapes(line))
    }

    fn reads_lines(&self) -> bool {
        false
    }
}
