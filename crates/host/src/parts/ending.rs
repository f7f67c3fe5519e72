//! The end of a part in the middle: when nobody waits for it any more, or its time is up. It asks by itself, again and
//! again, and throws where it is told to end: `weave::polled` puts that into its classes when they are defined, so it
//! ends at places of its own code only.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jvm::part::Keeper;
use weave::{Helper, polled};

use crate::error::{Error, Result};

/// Why it ends.
#[derive(Clone, Copy)]
enum Why {
    Unwanted,
    Late,
}

/// Answers the part.
pub(super) struct Ending<'a> {
    limit: Duration,
    began: Instant,
    goes_on: &'a dyn Fn() -> bool,
    why: Cell<Option<Why>>,
    helper: Helper,
}

impl<'a> Ending<'a> {
    /// From now on its time runs.
    pub(super) fn new(limit: Duration, goes_on: &'a dyn Fn() -> bool) -> Self {
        let helper = Helper::complete("oxprobe/Ended");
        Self { limit, began: Instant::now(), goes_on, why: Cell::new(None), helper }
    }

    /// Whether the part was told to end, as an error.
    pub(super) fn told(&self, what: &str) -> Result<()> {
        match self.why.get() {
            None => Ok(()),
            Some(Why::Unwanted) => Err(Error::sentence(format!("{what} was interrupted."))),
            Some(Why::Late) => {
                let limit = self.limit.as_secs();
                Err(Error::sentence(format!("{what} took longer than {limit} s and was given up.")))
            }
        }
    }
}

impl Keeper for Ending<'_> {
    fn goes_on(&self) -> bool {
        if self.why.get().is_none() {
            if !(self.goes_on)() {
                self.why.set(Some(Why::Unwanted));
            } else if self.began.elapsed() >= self.limit {
                self.why.set(Some(Why::Late));
            }
        }
        self.why.get().is_none()
    }

    fn class_file(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        match polled(bytes, &self.helper) {
            Ok(changed) => Some(changed.into_owned()),
            Err(why) => {
                log::debug!("a class of a part cannot be ended in the middle: {why}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said after the part has asked once, and once more when nobody would tell it to end any more.
    fn said(limit: Duration, is_waited_for: bool) -> Option<String> {
        let answers = Cell::new(is_waited_for);
        let goes_on = || answers.replace(true);
        let ending = Ending::new(limit, &goes_on);
        let first = ending.goes_on();
        assert_eq!(first, ending.goes_on(), "what was told to end goes on");
        ending.told("Decompiling A").err().map(|why| why.to_string())
    }

    #[test]
    fn a_part_ends_at_its_limit_or_when_nobody_waits_for_it() {
        assert_eq!(said(Duration::MAX, true), None);
        let late = said(Duration::ZERO, true);
        assert_eq!(late.as_deref(), Some("Decompiling A took longer than 0 s and was given up."));
        let unwanted = said(Duration::MAX, false);
        assert_eq!(unwanted.as_deref(), Some("Decompiling A was interrupted."));
    }
}
