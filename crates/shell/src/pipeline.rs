//! A command line as a command, the filters its output passes, and where it goes in the end:
//! `watch demo.A run | grep -v x | tee f > g &`.

use std::ops::Range;

use crate::UsageError;
use crate::line::{Token, Word, tokens};

/// A line that can be run, as far as its shape says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pipeline {
    /// The command and its words.
    pub(crate) command: Vec<Word>,
    /// The filters in order, each with its words.
    pub(crate) filters: Vec<Vec<Word>>,
    /// Where the output goes, if not to who asked.
    pub(crate) redirect: Option<Redirect>,
    /// The prompt comes back at once.
    pub(crate) background: bool,
}

/// `> FILE`, `>> FILE`, `>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    /// Without a name the job gets a file of its own.
    pub(crate) file: Option<Word>,
    pub(crate) append: bool,
}

/// Reads a line; `None` where there is nothing in it.
///
/// # Errors
/// A quote that is never closed, or a sign that stands where it has no meaning.
pub(crate) fn pipeline(line: &str) -> Result<Option<Pipeline>, UsageError> {
    let mut command = Vec::new();
    let mut filters: Vec<(Range<usize>, Vec<Word>)> = Vec::new();
    let mut redirect: Option<(Range<usize>, Redirect)> = None;
    let mut background = None;
    for token in tokens(line)? {
        match (token, &mut redirect) {
            (Token::Background(at), _) => background = Some(at),
            (Token::Word(word), Some((_, Redirect { file: file @ None, .. }))) => *file = Some(word),
            (Token::Word(Word { range, .. }) | Token::Pipe(range) | Token::Redirect(range), Some(_)) => {
                let advice = "A redirect ends the line, only a & may follow: put filters before the >.";
                return Err(UsageError::at(range, advice));
            }
            (Token::Redirect(at), None) => {
                let append = at.len() > 1;
                redirect = Some((at, Redirect { file: None, append }));
            }
            (Token::Pipe(at), None) => filters.push((at, Vec::new())),
            (Token::Word(word), None) => match filters.last_mut() {
                Some((_, words)) => words.push(word),
                None => command.push(word),
            },
        }
    }
    if command.is_empty() {
        let signs = filters.iter().map(|(at, _)| at).chain(redirect.iter().map(|(at, _)| at));
        return match signs.chain(&background).next() {
            None => Ok(None),
            Some(at) => Err(UsageError::at(at.clone(), "There is no command before this.")),
        };
    }
    if let Some((at, _)) = filters.iter().find(|(_, words)| words.is_empty()) {
        let advice = "There is no filter behind this |: grep, wc, tee or plaintext may stand there.";
        return Err(UsageError::at(at.clone(), advice));
    }
    let filters = filters.into_iter().map(|(_, words)| words).collect();
    let redirect = redirect.map(|(_, redirect)| redirect);
    Ok(Some(Pipeline { command, filters, redirect, background: background.is_some() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[Word]) -> String {
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn read(line: &str) -> Result<String, Option<Range<usize>>> {
        let Some(read) = pipeline(line).map_err(|error| error.at)? else { return Ok(String::new()) };
        let filters: String = read.filters.iter().map(|words| format!(" | {}", texts(words))).collect();
        let redirect = read.redirect.map_or_else(String::new, |redirect| {
            let sign = if redirect.append { ">>" } else { ">" };
            format!(" {sign} {:?}", redirect.file.map(|word| word.text))
        });
        let background = if read.background { " &" } else { "" };
        Ok(format!("{}{filters}{redirect}{background}", texts(&read.command)))
    }

    #[test]
    fn a_line_is_a_command_its_filters_and_where_it_goes() {
        for (line, said) in [
            ("", ""),
            ("thread -n 3", "thread -n 3"),
            ("thread| grep -v x |wc -l", "thread | grep -v x | wc -l"),
            ("thread > f", "thread > Some(\"f\")"),
            ("thread | plaintext >>f &", "thread | plaintext >> Some(\"f\") &"),
            ("thread > 'a b'", "thread > Some(\"a b\")"),
            ("thread >", "thread > None"),
            ("thread >> &", "thread >> None &"),
            ("thread &", "thread &"),
            ("watch a b 'x>1 | y' x>1 & c", "watch a b x>1 | y x>1 & c"),
        ] {
            assert_eq!(read(line).as_deref(), Ok(said), "{line}");
        }
    }

    #[test]
    fn a_sign_without_meaning_is_refused_under_its_column() {
        for (line, at) in [
            ("| grep x", 0..1),
            ("> f", 0..1),
            ("&", 0..1),
            ("thread |", 7..8),
            ("thread | | wc", 7..8),
            ("thread > f g", 11..12),
            ("thread > f | wc", 11..12),
            ("thread > f > g", 11..12),
            ("thread | grep 'x", 14..15),
        ] {
            assert_eq!(read(line), Err(Some(at)), "{line}");
        }
    }
}
