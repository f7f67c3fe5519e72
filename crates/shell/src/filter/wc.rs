//! `wc`: how many lines there are.

use super::{Filter, HandOn};
use crate::{Args, Failure, UsageError, Word};

/// Count the lines of a command's output
///
/// The number comes when the command ends.
#[derive(Args)]
#[command(group = Filter, permission = View, example = "thread --all | wc -l")]
pub(super) struct Wc {
    /// Count lines; nothing else can be counted
    #[arg(short = 'l', long = "lines")]
    lines: bool,
}

pub(super) fn make(words: &[Word]) -> Result<Box<dyn Filter>, UsageError> {
    match Wc::parse(words)?.lines {
        true => Ok(Box::new(Counting(0))),
        false => Err(UsageError::new("`wc` counts lines only: write `wc -l`.")),
    }
}

struct Counting(u64);

impl Filter for Counting {
    fn line(&mut self, _: &str, _: &mut HandOn<'_>) -> Result<(), Failure> {
        self.0 += 1;
        Ok(())
    }

    fn end(&mut self, hand_on: &mut HandOn<'_>) -> Result<(), Failure> {
        hand_on(&self.0.to_string())
    }
}
