//! A command line as words that remember where they stood, so that an error can point at its column.
//!
//! The rules are those of the Arthas shell: words are parted by blanks and tabs, `'..'` takes
//! everything as it is, `"…"` too but for `\"`, and outside of quotes a `\` takes the next character
//! as it is. There are no variables, no globs and no `;`.

use std::ops::Range;

use crate::UsageError;

/// A word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes.
    pub text: String,
    /// Where it stood in the line, quotes included, in bytes.
    pub range: Range<usize>,
}

impl Word {
    /// Where the last `bytes` bytes of the word stood: all of it where quotes or escapes make that
    /// unclear.
    pub(crate) fn tail(&self, bytes: usize) -> Range<usize> {
        match self.range.len() == self.text.len() && bytes <= self.range.len() {
            true => self.range.end - bytes..self.range.end,
            false => self.range.clone(),
        }
    }
}

/// What a line is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word.
    Word(Word),
    /// `|`
    Pipe(Range<usize>),
    /// `&` at the end of the line.
    Background(Range<usize>),
    /// `>` or `>>` at the start of a word.
    Redirect(Range<usize>),
}

/// Cuts a line into tokens.
///
/// # Errors
/// A quote that is never closed.
pub fn tokens(line: &str) -> Result<Vec<Token>, UsageError> {
    let Cut { mut tokens, open } = cut(line);
    if let Some((quote, at)) = open {
        let end = at + quote.len_utf8();
        return Err(UsageError::at(
            at..end,
            format!("This {quote} is never closed: add a {quote} where it ends."),
        ));
    }
    if let Some(Token::Word(last)) = tokens.last()
        && last.text == "&"
        && last.range.len() == 1
    {
        let range = last.range.clone();
        tokens.pop();
        tokens.push(Token::Background(range));
    }
    Ok(tokens)
}

/// The words of a line that is one command.
///
/// # Errors
/// A quote that is never closed, or a pipe, a redirect or a `&`.
pub fn words(line: &str) -> Result<Vec<Word>, UsageError> {
    let mut words = Vec::new();
    for token in tokens(line)? {
        match token {
            Token::Word(word) => words.push(word),
            Token::Pipe(at) | Token::Background(at) | Token::Redirect(at) => {
                let sign = line.get(at.clone()).unwrap_or_default();
                return Err(UsageError::at(
                    at.clone(),
                    format!("A {sign} has no meaning here: quote it if it is text."),
                ));
            }
        }
    }
    Ok(words)
}

/// What the word being typed is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The command.
    Command,
    /// A filter behind a pipe.
    Filter,
    /// The file of a redirect.
    File,
}

/// A line that is still being typed: the words after the last pipe, and where the last one stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// What these words are.
    pub(crate) part: Part,
    /// The words before the one being typed.
    pub(crate) before: Vec<Word>,
    /// The word being typed; empty where the line ends in a blank.
    pub(crate) last: Word,
}

/// Reads a line as far as it has been typed.
pub(crate) fn unfinished(line: &str) -> Unfinished {
    let Cut { tokens, open } = cut(line);
    let (mut part, mut before) = (Part::Command, Vec::new());
    for token in tokens {
        match token {
            Token::Word(word) => before.push(word),
            Token::Pipe(_) => {
                part = Part::Filter;
                before.clear();
            }
            Token::Redirect(_) => {
                part = Part::File;
                before.clear();
            }
            Token::Background(_) => {}
        }
    }
    let touches_end = |word: &Word| word.range.end == line.len() || open.is_some();
    let last = match before.pop_if(|word| touches_end(word)) {
        Some(word) => word,
        None => Word { text: String::new(), range: line.len()..line.len() },
    };
    Unfinished { part, before, last }
}

/// `text` as it must be typed to stay one word. Without `whole`, more may follow in the same word.
pub(crate) fn quoted(text: &str, whole: bool) -> String {
    let special = |c: char| matches!(c, ' ' | '\t' | '\'' | '"' | '\\' | '|' | '>' | '&');
    if !text.contains(special) && !text.is_empty() {
        return text.to_owned();
    }
    // Nothing can be escaped in `'..'`, so a ' is put between two of them.
    let inner = text.replace('\'', "'\\''");
    match whole {
        true => format!("'{inner}'"),
        false => format!("'{inner}"),
    }
}

struct Cut {
    tokens: Vec<Token>,
    /// The quote that is never closed.
    open: Option<(char, usize)>,
}

/// Characters of a word while it is read.
#[derive(Default)]
struct Reading {
    text: String,
    start: Option<usize>,
    /// Whether its first and its last character stand there without quotes or escapes.
    bare_start: bool,
    bare_end: bool,
}

impl Reading {
    fn push(&mut self, c: Option<char>, at: usize, bare: bool) {
        if self.start.is_none() {
            self.start = Some(at);
            self.bare_start = bare;
        }
        self.bare_end = bare;
        self.text.extend(c);
    }

    fn end(&mut self, end: usize, tokens: &mut Vec<Token>) {
        let Self { text, start, bare_start, bare_end } = std::mem::take(self);
        let Some(mut start) = start else { return };
        let (mut text, mut end) = (text.as_str(), end);
        if bare_start && let Some(rest) = text.strip_prefix('|') {
            tokens.push(Token::Pipe(start..start + 1));
            if rest.is_empty() {
                return;
            }
            (text, start) = (rest, start + 1);
        } else if bare_start && text.starts_with('>') {
            let marks = if text.starts_with(">>") { 2 } else { 1 };
            tokens.push(Token::Redirect(start..start + marks));
            text = text.get(marks..).unwrap_or_default();
            start += marks;
            if text.is_empty() && start == end {
                return;
            }
        }
        let mut pipe = None;
        if bare_end
            && text.len() > 1
            && let Some(rest) = text.strip_suffix('|')
        {
            pipe = Some(end - 1..end);
            (text, end) = (rest, end - 1);
        }
        tokens.push(Token::Word(Word { text: text.to_owned(), range: start..end }));
        tokens.extend(pipe.map(Token::Pipe));
    }
}

fn cut(line: &str) -> Cut {
    let mut tokens = Vec::new();
    let mut word = Reading::default();
    let mut open: Option<(char, usize)> = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (open, c) {
            (Some((quote, _)), c) if c == quote => {
                open = None;
                word.push(None, at, false);
            }
            (Some(('"', _)), '\\') if chars.next_if(|(_, next)| *next == '"').is_some() => {
                word.push(Some('"'), at, false);
            }
            (Some(_), c) => word.push(Some(c), at, false),
            (None, '\'' | '"') => {
                open = Some((c, at));
                word.push(None, at, false);
            }
            (None, '\\') => {
                let escaped = chars.next().map_or('\\', |(_, escaped)| escaped);
                word.push(Some(escaped), at, false);
            }
            (None, ' ' | '\t') => word.end(at, &mut tokens),
            (None, c) => word.push(Some(c), at, true),
        }
    }
    word.end(line.len(), &mut tokens);
    Cut { tokens, open }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        words(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn blanks_and_tabs_part_words() {
        assert_eq!(texts(" thread \t-n  5 "), ["thread", "-n", "5"]);
        assert!(texts(" \t ").is_empty());
    }

    #[test]
    fn quotes_keep_what_is_in_them() {
        assert_eq!(
            texts(r#"echo 'a "b" \c' "d 'e' \" \n" f\ g """#),
            ["echo", r#"a "b" \c"#, r#"d 'e' " \n"#, "f g", ""]
        );
        assert_eq!(texts("a'b c'd"), ["ab cd"]);
    }

    #[test]
    fn words_know_where_they_stood() {
        let words = words("sysprop  'ключ 键'  x").unwrap();
        assert_eq!(words[1].range, 9..9 + "'ключ 键'".len());
        assert_eq!(words[2].range.len(), 1);
    }

    #[test]
    fn an_unfinished_quote_is_shown_where_it_begins() {
        let line = "echo 键 'abc";
        let error = words(line).unwrap_err();
        assert_eq!(error.carets(line, 2).unwrap(), "          ^");
    }

    #[test]
    fn a_pipe_at_the_edge_of_a_word_is_one_and_within_it_is_text() {
        let pipes = |line| tokens(line).unwrap().iter().filter(|t| matches!(t, Token::Pipe(_))).count();
        assert_eq!(pipes("thread | grep x"), 1);
        assert_eq!(pipes("thread| grep x"), 1);
        assert_eq!(pipes("thread |grep x"), 1);
        assert_eq!(pipes("sc a|b"), 0);
        assert_eq!(pipes("sc '|' '|a' 'a|' \\|"), 0);
    }

    #[test]
    fn what_is_more_than_one_command_is_refused_under_its_column() {
        for (line, at) in
            [("thread | grep x", 7..8), ("thread &", 7..8), ("thread > f", 7..8), ("thread >>f", 7..9)]
        {
            assert_eq!(words(line).unwrap_err().at, Some(at), "{line}");
        }
        assert_eq!(texts("watch a b 'x>1' x>1 & c").len(), 7);
    }

    #[test]
    fn a_line_being_typed_ends_in_its_last_word() {
        let typed = unfinished("sc -d java.la");
        assert_eq!(typed.last.text, "java.la");
        assert_eq!(typed.before.len(), 2);
        assert_eq!(unfinished("sc ").last, Word { text: String::new(), range: 3..3 });
        let filter = unfinished("a b | gr");
        assert_eq!((filter.part, filter.before.len()), (Part::Filter, 0));
        assert_eq!(unfinished("a b >f").part, Part::File);
        assert_eq!(unfinished("a b > ").last.range, 6..6);
        let open = unfinished("sysprop 'my ke");
        assert_eq!((open.last.text.as_str(), open.last.range), ("my ke", 8..14));
    }

    #[test]
    fn a_quoted_text_reads_back_as_itself() {
        for text in ["plain", "two words", "it's", r#"it's "both""#, r"it's\", "", "a|", "back\\slash", "x>1"]
        {
            assert_eq!(texts(&quoted(text, true)), [text]);
        }
    }
}
