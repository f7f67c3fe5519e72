//! From bytes, cut anywhere, to keys: UTF-8, control characters, escape sequences of the usual
//! terminals, bracketed paste.
//!
//! A lone escape cannot be told from the start of a sequence without a clock, so it waits for the
//! next byte; a control character after it counts for itself.

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character to insert. Pasted control characters come as this, too.
    Char(char),
    Enter,
    Tab,
    Backspace,
    /// Control and a lower-case letter, or one of `@[\]^_`.
    Ctrl(char),
    /// Escape and a character.
    Alt(char),
    AltBackspace,
    Up,
    Down,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    PageUp,
    PageDown,
    Delete,
    Insert,
}

impl Key {
    /// The character the key stands for when it is inserted as it is.
    pub(crate) fn literal(self) -> Option<char> {
        match self {
            Self::Char(c) => Some(c),
            Self::Enter => Some('\r'),
            Self::Tab => Some('\t'),
            Self::Backspace => Some('\x7f'),
            Self::Ctrl(c) => u8::try_from(c).ok().map(|c| char::from(c & 0x1f)),
            _ => None,
        }
    }
}

/// The longest escape sequence that is read as one; what follows is skipped up to its end.
const LONGEST_SEQUENCE: usize = 32;

/// The parser.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    state: State,
    /// A character's bytes so far.
    utf8: Vec<u8>,
    /// Between the marks of a bracketed paste.
    pasting: bool,
    /// The last key was a carriage return: a line feed belongs to it.
    after_return: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Plain,
    /// After `ESC`.
    Escape,
    /// After `ESC [`, with what followed.
    Sequence(String),
    /// After `ESC O`.
    Single,
}

impl Keys {
    /// Reads bytes and hands on the keys that are complete.
    pub(crate) fn read(&mut self, bytes: &[u8], mut each: impl FnMut(Key)) {
        for &byte in bytes {
            self.byte(byte, &mut each);
        }
    }

    fn byte(&mut self, byte: u8, each: &mut impl FnMut(Key)) {
        if !self.utf8.is_empty() && !(0x80..=0xbf).contains(&byte) {
            self.utf8.clear();
            self.character(char::REPLACEMENT_CHARACTER, each);
        }
        if byte >= 0x80 {
            self.utf8.push(byte);
            match std::str::from_utf8(&self.utf8) {
                Ok(text) => {
                    let c = text.chars().next();
                    self.utf8.clear();
                    c.into_iter().for_each(|c| self.character(c, each));
                }
                Err(error) if error.error_len().is_some() => {
                    self.utf8.clear();
                    self.character(char::REPLACEMENT_CHARACTER, each);
                }
                Err(_) => {}
            }
            return;
        }
        self.character(char::from(byte), each);
    }

    fn character(&mut self, c: char, each: &mut impl FnMut(Key)) {
        match std::mem::take(&mut self.state) {
            _ if c == '\x1b' => self.state = State::Escape,
            State::Escape if c == '[' => self.state = State::Sequence(String::new()),
            State::Escape if c == 'O' && !self.pasting => self.state = State::Single,
            State::Escape if self.pasting => self.plain(c, each),
            State::Escape => match c {
                '\x7f' | '\x08' => each(Key::AltBackspace),
                c if c.is_control() => self.plain(c, each),
                c => each(Key::Alt(c)),
            },
            State::Sequence(mut read) => match c {
                '\x20'..='\x3f' => {
                    if read.len() < LONGEST_SEQUENCE {
                        read.push(c);
                    }
                    self.state = State::Sequence(read);
                }
                '\x40'..='\x7e' => self.sequence(&read, c, each),
                c => self.plain(c, each),
            },
            State::Single => match single(c) {
                Some(key) => each(key),
                None if c.is_control() => self.plain(c, each),
                // Escape and a capital O were typed by hand: neither may be lost.
                None => {
                    each(Key::Alt('O'));
                    self.plain(c, each);
                }
            },
            State::Plain => self.plain(c, each),
        }
    }

    fn plain(&mut self, c: char, each: &mut impl FnMut(Key)) {
        let after_return = std::mem::take(&mut self.after_return);
        match c {
            '\n' if after_return => {}
            '\r' => {
                self.after_return = true;
                each(Key::Enter);
            }
            '\n' => each(Key::Enter),
            // Telnet sends it after a carriage return.
            '\0' if after_return => {}
            c if self.pasting => each(Key::Char(c)),
            '\t' => each(Key::Tab),
            '\x08' | '\x7f' => each(Key::Backspace),
            '\0'..='\x1f' => {
                let letter = (c as u8 | 0x40).to_ascii_lowercase();
                each(Key::Ctrl(char::from(letter)));
            }
            c => each(Key::Char(c)),
        }
    }

    fn sequence(&mut self, parameters: &str, last: char, each: &mut impl FnMut(Key)) {
        match (parameters, last) {
            ("200", '~') => self.pasting = true,
            ("201", '~') => self.pasting = false,
            _ if self.pasting => {}
            ("3", '~') => each(Key::Delete),
            ("2", '~') => each(Key::Insert),
            ("1" | "7", '~') => each(Key::Home),
            ("4" | "8", '~') => each(Key::End),
            ("5", '~') => each(Key::PageUp),
            ("6", '~') => each(Key::PageDown),
            // With Control or Alt.
            ("1;5" | "1;3" | "5", 'C') => each(Key::WordRight),
            ("1;5" | "1;3" | "5", 'D') => each(Key::WordLeft),
            (_, last) => single(last).into_iter().for_each(each),
        }
    }
}

/// The last letter of `ESC [ x` and `ESC O x`.
fn single(letter: char) -> Option<Key> {
    Some(match letter {
        'A' => Key::Up,
        'B' => Key::Down,
        'C' => Key::Right,
        'D' => Key::Left,
        'H' => Key::Home,
        'F' => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(chunks: &[&[u8]]) -> Vec<Key> {
        let (mut parser, mut keys) = (Keys::default(), Vec::new());
        chunks.iter().for_each(|chunk| parser.read(chunk, |key| keys.push(key)));
        keys
    }

    #[test]
    fn a_cut_makes_no_difference() {
        let bytes = "a世\x1b[3~\x1bOH\x1b[1;5C\x1b\x7f\x03é\x1bf".as_bytes();
        let whole = keys(&[bytes]);
        assert_eq!(
            whole,
            [
                Key::Char('a'),
                Key::Char('世'),
                Key::Delete,
                Key::Home,
                Key::WordRight,
                Key::AltBackspace,
                Key::Ctrl('c'),
                Key::Char('é'),
                Key::Alt('f'),
            ]
        );
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(keys(&single), whole);
    }

    #[test]
    fn the_ends_of_the_line_have_many_sequences() {
        for home in ["\x01", "\x1b[1~", "\x1b[7~", "\x1bOH", "\x1b[H"] {
            assert!(matches!(keys(&[home.as_bytes()])[..], [Key::Home | Key::Ctrl('a')]), "{home:?}");
        }
        for end in ["\x05", "\x1b[4~", "\x1b[8~", "\x1bOF", "\x1b[F"] {
            assert!(matches!(keys(&[end.as_bytes()])[..], [Key::End | Key::Ctrl('e')]), "{end:?}");
        }
    }

    #[test]
    fn a_lone_escape_swallows_no_control_key() {
        assert_eq!(keys(&[b"\x1b", b"\x03"]), [Key::Ctrl('c')]);
        assert_eq!(keys(&[b"\x1b[", b"\x03x"]), [Key::Ctrl('c'), Key::Char('x')]);
        assert_eq!(keys(&[b"\x1b", b"\r"]), [Key::Enter]);
    }

    #[test]
    fn a_line_end_of_two_bytes_is_one_enter() {
        assert_eq!(keys(&[b"\r\n\n\r\0\r"]), [Key::Enter; 4]);
    }

    #[test]
    fn bytes_that_are_no_text_become_one_sign_each() {
        assert_eq!(keys(&[b"\xff\xe4\xb8a"]), [Key::Char('\u{fffd}'), Key::Char('\u{fffd}'), Key::Char('a')]);
    }

    #[test]
    fn a_paste_is_text() {
        assert_eq!(
            keys(&[b"\x1b[200~a\tb\x03\rc\x1b[201~\x03"]),
            [
                Key::Char('a'),
                Key::Char('\t'),
                Key::Char('b'),
                Key::Char('\x03'),
                Key::Enter,
                Key::Char('c'),
                Key::Ctrl('c'),
            ]
        );
    }
}
