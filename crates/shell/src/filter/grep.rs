//! `grep`: the lines that have something in them.

use std::collections::VecDeque;

use regex_lite::{Regex, RegexBuilder};

use super::{Filter, HandOn};
use crate::escapes::without_escapes;
use crate::{Args, Failure, UsageError, Word};

/// How many lines of context may be asked for: they are kept.
const MOST_CONTEXT: usize = 10_000;

/// Show the lines of a command's output that have a text in them
///
/// Numbers and context are those of the whole output of the command.
#[derive(Args)]
#[command(
    group = Filter,
    permission = View,
    example = "thread --all | grep -i http",
    example = "sysprop | grep -e ^java",
    example = "jvm | grep -A 3 CLASS-PATH"
)]
pub(super) struct Grep {
    /// The pattern is a regular expression
    #[arg(short = 'e', long = "regex")]
    regex: bool,
    /// Small and capital letters are the same
    #[arg(short = 'i', long = "ignore-case")]
    ignore_case: bool,
    /// Show the lines that do not have it
    #[arg(short = 'v', long = "invert-match")]
    invert: bool,
    /// Put each line's number before it
    #[arg(short = 'n', long = "line-number")]
    number: bool,
    /// Show only how many lines there are, when the command ends
    #[arg(short = 'c', long = "count")]
    count: bool,
    /// Leave blanks at the ends of lines out
    #[arg(long = "trim-end", default = "true")]
    trim_end: bool,
    /// So many lines before each, too
    #[arg(short = 'B', long = "before-context", default = "0")]
    before: usize,
    /// So many lines behind each, too
    #[arg(short = 'A', long = "after-context", default = "0")]
    after: usize,
    /// So many lines before and behind each, where -B or -A say nothing
    #[arg(short = 'C', long = "context", default = "0")]
    context: usize,
    /// End after so many lines; 0 for all
    #[arg(short = 'm', long = "max-count", default = "0")]
    max_count: u64,
    /// What to look for
    #[arg(name = "pattern")]
    pattern: Pattern,
}

/// The pattern as typed: text with its place in the line.
type Pattern = crate::Expression;

pub(super) fn make(words: &[Word]) -> Result<Box<dyn Filter>, UsageError> {
    let wanted = Grep::parse(words)?;
    let test = Test::new(&wanted)?;
    let or_context = |given: usize| if given < 1 { wanted.context } else { given }.min(MOST_CONTEXT);
    Ok(Box::new(Grepping {
        test,
        before: or_context(wanted.before),
        after: or_context(wanted.after),
        wanted,
        number: 0,
        found: 0,
        earlier: VecDeque::new(),
        still: 0,
    }))
}

/// How a line is tested.
enum Test {
    Has(String),
    HasInAnyCase(String),
    Fits(Regex),
}

impl Test {
    fn new(wanted: &Grep) -> Result<Self, UsageError> {
        let pattern = wanted.pattern.as_str();
        Ok(match (wanted.regex, wanted.ignore_case) {
            (true, ignore_case) => {
                let compiled = RegexBuilder::new(pattern).case_insensitive(ignore_case).build();
                Self::Fits(compiled.map_err(|why| {
                    let message =
                        format!("This is no regular expression ({why}); without -e it is taken as it is.");
                    wanted.pattern.mistake(0..pattern.len(), message)
                })?)
            }
            (false, true) => Self::HasInAnyCase(pattern.to_lowercase()),
            (false, false) => Self::Has(pattern.to_owned()),
        })
    }

    fn passes(&self, line: &str) -> bool {
        match self {
            Self::Has(text) => line.contains(text.as_str()),
            Self::HasInAnyCase(text) => line.to_lowercase().contains(text.as_str()),
            Self::Fits(regex) => regex.is_match(line),
        }
    }
}

struct Grepping {
    wanted: Grep,
    test: Test,
    before: usize,
    after: usize,
    /// The number of the last line.
    number: u64,
    /// How many lines were found.
    found: u64,
    /// The last lines that were not shown, with their numbers.
    earlier: VecDeque<(u64, String)>,
    /// How many lines more are shown as context.
    still: usize,
}

impl Grepping {
    fn has_enough(&self) -> bool {
        self.wanted.max_count > 0 && self.found >= self.wanted.max_count
    }

    fn show(&self, number: u64, line: &str, hand_on: &mut HandOn<'_>) -> Result<(), Failure> {
        match self.wanted.number {
            true => hand_on(&format!("{number}:{line}")),
            false => hand_on(line),
        }
    }
}

impl Filter for Grepping {
    fn line(&mut self, line: &str, hand_on: &mut HandOn<'_>) -> Result<(), Failure> {
        self.number += 1;
        let line = if self.wanted.trim_end { line.trim_end() } else { line };
        let found = !self.has_enough() && self.test.passes(&without_escapes(line)) != self.wanted.invert;
        if found {
            self.found += 1;
        }
        if self.wanted.count {
            return Ok(());
        }
        if found {
            for (number, line) in std::mem::take(&mut self.earlier) {
                self.show(number, &line, hand_on)?;
            }
            self.still = self.after;
            return self.show(self.number, line, hand_on);
        }
        if self.still > 0 {
            self.still -= 1;
            return self.show(self.number, line, hand_on);
        }
        if self.before > 0 && !self.has_enough() {
            if self.earlier.len() >= self.before {
                self.earlier.pop_front();
            }
            self.earlier.push_back((self.number, line.to_owned()));
        }
        Ok(())
    }

    fn end(&mut self, hand_on: &mut HandOn<'_>) -> Result<(), Failure> {
        match self.wanted.count {
            true => hand_on(&self.found.to_string()),
            false => Ok(()),
        }
    }

    fn is_sated(&self) -> bool {
        self.has_enough() && self.still == 0
    }
}
