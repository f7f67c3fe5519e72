//! The filters behind a pipe. They see the lines that a terminal would get, each over the whole output
//! of its command.
//!
//! A filter is declared as a command is (so help, completion and documentation know it), but runs on
//! what another command writes.

mod grep;
mod plaintext;
mod tee;
mod wc;

use crate::{Args, Failure, Outside, Signature, UsageError, Word};

/// A filter at work.
pub(crate) trait Filter: Send {
    /// Opens what it needs. Called first, on the job's thread.
    fn open(&mut self, _: &dyn Outside) -> Result<(), Failure> {
        Ok(())
    }

    /// Takes a line without its end; `hand_on` takes one for the next filter.
    fn line(&mut self, line: &str, hand_on: &mut HandOn<'_>) -> Result<(), Failure>;

    /// There are no more lines.
    fn end(&mut self, _: &mut HandOn<'_>) -> Result<(), Failure> {
        Ok(())
    }

    /// A line is more than its text to it: it must not be broken.
    fn reads_lines(&self) -> bool {
        true
    }

    /// It will hand on nothing more, whatever comes.
    fn is_sated(&self) -> bool {
        false
    }

    /// It does something beside handing lines on, which is wanted where nobody reads lines, too.
    fn has_effect(&self) -> bool {
        false
    }
}

type HandOn<'a> = dyn FnMut(&str) -> Result<(), Failure> + 'a;

type Make = fn(&[Word]) -> Result<Box<dyn Filter>, UsageError>;

/// A filter there is.
pub(crate) struct FilterEntry {
    pub(crate) signature: &'static Signature,
    make: Make,
}

/// All filters, in the order of `help`.
pub(crate) static FILTERS: &[FilterEntry] = &[
    FilterEntry { signature: const { &grep::Grep::SIGNATURE }, make: grep::make },
    FilterEntry { signature: const { &wc::Wc::SIGNATURE }, make: wc::make },
    FilterEntry { signature: const { &tee::Tee::SIGNATURE }, make: tee::make },
    FilterEntry { signature: const { &plaintext::Plaintext::SIGNATURE }, make: plaintext::make },
];

/// What the filters declare, in the order of `help`.
pub fn filters() -> impl Iterator<Item = &'static Signature> {
    FILTERS.iter().map(|filter| filter.signature)
}

/// The filter of this name.
pub(crate) fn find(name: &str) -> Option<&'static FilterEntry> {
    FILTERS.iter().find(|filter| filter.signature.name == name)
}

impl FilterEntry {
    /// The filter as these words want it.
    pub(crate) fn make(&self, words: &[Word]) -> Result<Box<dyn Filter>, UsageError> {
        (self.make)(words)
    }
}

/// Filters in a row.
#[derive(Default)]
pub(crate) struct Chain {
    filters: Vec<Box<dyn Filter>>,
    /// The beginning of a line whose end has not come.
    begun: String,
}

impl Chain {
    pub(crate) fn new(filters: Vec<Box<dyn Filter>>) -> Self {
        Self { filters, begun: String::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    pub(crate) fn open(&mut self, outside: &dyn Outside) -> Result<(), Failure> {
        self.filters.iter_mut().try_for_each(|filter| filter.open(outside))
    }

    /// Whether a line is more than its text to it.
    pub(crate) fn reads_lines(&self) -> bool {
        self.filters.iter().any(|filter| filter.reads_lines())
    }

    /// Whether nothing more will come out of it.
    pub(crate) fn is_sated(&self) -> bool {
        self.filters.iter().any(|filter| filter.is_sated())
    }

    /// Whether it does more than change text.
    pub(crate) fn has_effect(&self) -> bool {
        self.filters.iter().any(|filter| filter.has_effect())
    }

    /// What comes out when this text goes in.
    pub(crate) fn pass(&mut self, text: String) -> Result<String, Failure> {
        if self.is_empty() {
            return Ok(text);
        }
        let mut out = String::new();
        for piece in text.split_inclusive('\n') {
            match piece.strip_suffix('\n') {
                None => self.begun.push_str(piece),
                Some(line) if self.begun.is_empty() => pass(&mut self.filters, line, &mut out)?,
                Some(line) => {
                    let line = std::mem::take(&mut self.begun) + line;
                    pass(&mut self.filters, &line, &mut out)?;
                }
            }
        }
        Ok(out)
    }

    /// What comes out when nothing more goes in.
    pub(crate) fn end(&mut self) -> Result<String, Failure> {
        let mut out = String::new();
        if !self.begun.is_empty() {
            let line = std::mem::take(&mut self.begun);
            pass(&mut self.filters, &line, &mut out)?;
        }
        let mut rest = self.filters.as_mut_slice();
        while let Some((first, others)) = rest.split_first_mut() {
            first.end(&mut |line| pass(others, line, &mut out))?;
            rest = others;
        }
        Ok(out)
    }
}

fn pass(filters: &mut [Box<dyn Filter>], line: &str, out: &mut String) -> Result<(), Failure> {
    match filters.split_first_mut() {
        Some((first, others)) => first.line(line, &mut |line| pass(others, line, out)),
        None => {
            out.push_str(line);
            out.push('\n');
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
