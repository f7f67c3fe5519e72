//! What a terminal would show of a stream of text, as plain lines.
//!
//! Escape sequences vanish, a carriage return or a cursor movement rewrites the line it is on, as
//! line editors do while they echo. Lines that are finished stay as they were; a program that
//! draws on the whole screen is not what this is for.

/// The most text that is kept, in bytes; what comes later is counted as missing.
const MOST: usize = 4 * 1024 * 1024;

/// The longest line that is edited, in characters. Cursor movements beyond it are not believed.
const WIDEST: usize = 64 * 1024;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    /// `ESC (` and the like: one more character.
    Charset,
    /// `ESC [`, with its parameters so far: the first number.
    Control(Option<usize>),
    /// `ESC ]`: until BEL or `ESC \`.
    Title,
    TitleEscape,
}

/// Lines as they would stand on the screen.
#[derive(Default)]
pub(crate) struct Transcript {
    lines: Vec<String>,
    kept: usize,
    truncated: bool,
    line: Vec<char>,
    column: usize,
    state: State,
}

impl Transcript {
    /// Takes the next piece of text; pieces may be cut anywhere between characters.
    pub(crate) fn feed(&mut self, text: &str) {
        for c in text.chars() {
            self.state = self.step(c);
        }
    }

    /// How many lines are finished.
    pub(crate) fn finished(&self) -> usize {
        self.lines.len()
    }

    /// The finished lines from this one on.
    pub(crate) fn from(&self, first: usize) -> &[String] {
        self.lines.get(first..).unwrap_or_default()
    }

    /// Whether there was more text than is kept.
    pub(crate) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The line the cursor is on.
    pub(crate) fn current(&self) -> String {
        self.line.iter().collect()
    }

    /// Whether that line is a prompt with nothing typed after it.
    pub(crate) fn at_prompt(&self) -> bool {
        let line = self.current();
        let line = line.trim_end();
        let inside = ["[arthas@", "[oxprobe@"].iter().find_map(|start| line.strip_prefix(start));
        inside.and_then(|rest| rest.strip_suffix("]$")).is_some_and(|name| !name.contains(']'))
    }

    fn step(&mut self, c: char) -> State {
        match (self.state, c) {
            (State::Text, '\u{1b}') => State::Escape,
            (State::Text, c) => {
                self.write(c);
                State::Text
            }
            (State::Escape, '[') => State::Control(None),
            (State::Escape, ']') => State::Title,
            (State::Escape, '(' | ')' | '#' | '%') => State::Charset,
            (State::Escape | State::Charset, _) => State::Text,
            (State::Control(first), '0'..='9') => {
                let digit = c.to_digit(10).unwrap_or(0) as usize;
                State::Control(Some(first.unwrap_or(0).saturating_mul(10).saturating_add(digit).min(WIDEST)))
            }
            (State::Control(first), '@'..='~') => {
                self.control(c, first);
                State::Text
            }
            (State::Control(_), '\u{1b}') => State::Escape,
            (State::Control(first), _) => State::Control(first),
            (State::Title, '\u{7}') | (State::TitleEscape, _) => State::Text,
            (State::Title, '\u{1b}') => State::TitleEscape,
            (State::Title, _) => State::Title,
        }
    }

    fn write(&mut self, c: char) {
        match c {
            '\r' => self.column = 0,
            '\n' => self.finish(),
            '\u{8}' => self.column = self.column.saturating_sub(1),
            c if c.is_control() && c != '\t' => {}
            c => {
                if self.column >= WIDEST {
                    self.truncated = true;
                    return;
                }
                if self.line.len() <= self.column {
                    self.line.resize(self.column + 1, ' ');
                }
                if let Some(place) = self.line.get_mut(self.column) {
                    *place = c;
                }
                self.column += 1;
            }
        }
    }

    fn control(&mut self, command: char, first: Option<usize>) {
        let count = first.unwrap_or(1).max(1);
        let here = self.column.min(self.line.len());
        match (command, first.unwrap_or(0)) {
            ('K' | 'J', 0) => self.line.truncate(here),
            ('K', 1) => self.line.iter_mut().take(self.column + 1).for_each(|c| *c = ' '),
            ('K' | 'J', 2) => self.line.clear(),
            ('C', _) => self.column = (self.column + count).min(WIDEST),
            ('D', _) => self.column = self.column.saturating_sub(count),
            ('G', _) => self.column = count - 1,
            ('P', _) => drop(self.line.drain(here..(here + count).min(self.line.len()))),
            ('@', _) => drop(self.line.splice(here..here, std::iter::repeat_n(' ', count))),
            _ => {}
        }
        self.line.truncate(WIDEST);
    }

    fn finish(&mut self) {
        let line: String = self.line.drain(..).collect();
        let line = line.trim_end();
        self.column = 0;
        // A line break takes room too, or empty lines would be free.
        self.kept += line.len() + 1;
        if self.kept <= MOST {
            self.lines.push(line.to_owned());
        } else {
            self.truncated = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, String) {
        let (mut whole, mut cut) = (Transcript::default(), Transcript::default());
        whole.feed(text);
        text.chars().for_each(|c| cut.feed(&c.to_string()));
        assert_eq!(whole.from(0), cut.from(0), "where the text is cut makes no difference");
        (whole.from(0).to_vec(), whole.current())
    }

    #[test]
    fn escapes_vanish_and_the_cursor_rewrites_its_line() {
        for (text, lines, current) in [
            ("a\r\nb", vec!["a"], "b"),
            ("\u{1b}[31;1mred\u{1b}[0m\r\n", vec!["red"], ""),
            ("abc\rX", vec![], "Xbc"),
            ("abc\u{1b}[2D\u{1b}[K!", vec![], "a!"),
            ("abc\u{8}\u{8}\u{1b}[P", vec![], "ac"),
            ("abc\u{1b}[1G\u{1b}[2@", vec![], "  abc"),
            ("abc\u{1b}[2Kx", vec![], "   x"),
            ("\u{1b}]0;title\u{7}a\u{1b}]0;t\u{1b}\\b", vec![], "ab"),
            ("\u{1b}(Ba\u{1b}=b\u{7}", vec![], "ab"),
            ("\u{4e2d}\u{6587}\r\n\r\n", vec!["\u{4e2d}\u{6587}", ""], ""),
            ("\u{1b}[99999999999999999999999C", vec![], ""),
            ("\u{1b}[99999999999999999999999@", vec![], &" ".repeat(WIDEST)),
        ] {
            let (got, rest) = shown(text);
            assert_eq!(
                (got, rest.as_str()),
                (lines.into_iter().map(str::to_owned).collect(), current),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_prompt_is_one_only_while_nothing_is_typed_after_it() {
        for (text, is) in [
            ("[arthas@12]$ ", true),
            ("\u{1b}[32m[arthas@12]$\u{1b}[0m ", true),
            ("x\r\n[oxprobe@12]$ ", true),
            ("[arthas@12]$ version", false),
            ("[arthas@12]$ echo [arthas@1]$ ", false),
            ("[arthas@12]$ \r\n", false),
            ("", false),
        ] {
            let mut transcript = Transcript::default();
            transcript.feed(text);
            assert_eq!(transcript.at_prompt(), is, "{text:?}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut transcript = Transcript::default();
        let line = "x".repeat(1023) + "\n";
        (0..5_000).for_each(|_| transcript.feed(&line));
        assert_eq!(transcript.finished(), MOST / 1024);
        assert!(transcript.is_truncated());
        let mut transcript = Transcript::default();
        transcript.feed(&"x".repeat(WIDEST * 2));
        assert!(transcript.is_truncated() && transcript.current().len() == WIDEST);
    }
}
