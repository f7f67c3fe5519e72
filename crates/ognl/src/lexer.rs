//! Cuts an expression into tokens, as OGNL's own lexer does: the longest sign wins.

use std::ops::Range;

use crate::token::{Kind, Token, sign, word};
use crate::{Constant, literal};

/// A character and where it started.
type Char = (char, usize);

/// Walks the characters.
#[derive(Debug)]
pub(crate) struct Lexer {
    chars: Vec<Char>,
    /// The next one's place in `chars`.
    next: usize,
    /// The text's length in bytes.
    end: usize,
}

/// All tokens; the last one is [`Kind::End`] or [`Kind::Wrong`].
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let (chars, wrong) = characters(text);
    let end = wrong.as_ref().map_or(text.len(), |token| token.at.start);
    let mut lexer = Lexer { chars, next: 0, end };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token();
        match token.kind {
            Kind::End => {
                tokens.push(wrong.unwrap_or(token));
                return tokens;
            }
            Kind::Wrong(_) => {
                // A quote is open because the text was cut off at a wrong escape.
                let cut = wrong.filter(|_| lexer.peek(0).is_none());
                tokens.push(cut.unwrap_or(token));
                return tokens;
            }
            _ => tokens.push(token),
        }
    }
}

/// The characters of a text, `\u0041` made into `A` as OGNL does it anywhere, in names too; and what
/// is wrong with such an escape, behind the last character.
fn characters(text: &str) -> (Vec<Char>, Option<Token>) {
    let mut chars = Vec::with_capacity(text.len());
    let mut rest = text.char_indices().peekable();
    let mut escaped = false;
    // The first half of a pair of UTF-16.
    let mut half: Option<(u16, Range<usize>)> = None;
    while let Some((start, char)) = rest.next() {
        if char != '\\' || escaped || !matches!(rest.peek(), Some((_, 'u'))) {
            if half.is_some() {
                break;
            }
            escaped = char == '\\' && !escaped;
            chars.push((char, start));
            continue;
        }
        while rest.next_if(|(_, char)| *char == 'u').is_some() {}
        let mut unit: u16 = 0;
        let mut end = start + 1;
        for _ in 0..4 {
            let Some((at, digit)) = rest.next_if(|(_, char)| char.is_ascii_hexdigit()) else {
                let message = "A \\u takes four digits of base 16, as in \\u00e9.".to_owned();
                let end = rest.peek().map_or(text.len(), |(at, _)| *at);
                return (chars, Some(Token { kind: Kind::Wrong(message), at: start..end }));
            };
            unit = unit << 4 | digit.to_digit(16).and_then(|digit| digit.try_into().ok()).unwrap_or(0);
            end = at + 1;
        }
        let first = half.take();
        let units = first.iter().map(|(unit, _)| *unit).chain([unit]);
        match char::decode_utf16(units).next() {
            Some(Ok(char)) => chars.push((char, first.map_or(start, |(_, at)| at.start))),
            _ if first.is_none() && matches!(unit, 0xd800..0xdc00) => half = Some((unit, start..end)),
            _ => {
                half = Some((unit, start..end));
                break;
            }
        }
    }
    let wrong = half.map(|(_, at)| Token {
        kind: Kind::Wrong("This is half of a character: the other \\u of the pair is missing.".to_owned()),
        at,
    });
    (chars, wrong)
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.next + ahead).map(|(char, _)| *char)
    }

    /// Where the character at `place` of `chars` starts, in bytes.
    fn byte(&self, place: usize) -> usize {
        self.chars.get(place).map_or(self.end, |(_, at)| *at)
    }

    /// Takes characters while they fit, and gives them.
    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let rest = self.chars.get(self.next..).unwrap_or_default();
        let taken: String = rest.iter().map(|(char, _)| *char).take_while(|char| fits(*char)).collect();
        self.next += taken.chars().count();
        taken
    }

    /// How many characters from `from` ahead are such digits.
    fn digits(&self, from: usize, radix: u32) -> usize {
        let rest = self.chars.get(self.next + from..).unwrap_or_default();
        rest.iter().take_while(|(char, _)| char.is_digit(radix)).count()
    }

    fn token(&mut self) -> Token {
        self.take_while(|char| matches!(char, ' ' | '\t' | '\x0c' | '\r' | '\n'));
        let start = self.next;
        let kind = match self.peek(0) {
            None => Kind::End,
            Some(quote @ ('"' | '\'' | '`')) => match self.quoted(quote) {
                Ok(kind) => kind,
                Err(wrong) => return wrong,
            },
            Some('0'..='9') => self.number(),
            Some('.') if self.digits(1, 10) > 0 => self.number(),
            Some(char) if is_letter(char) => {
                word(self.take_while(|char| is_letter(char) || char.is_ascii_digit()))
            }
            Some(char) => {
                let rest = self.chars.get(start..).unwrap_or_default();
                let starts = |sign: &str| {
                    let mut rest = rest.iter();
                    sign.chars().all(|char| rest.next().is_some_and(|(next, _)| *next == char))
                };
                match sign(starts) {
                    Some((kind, length)) => {
                        self.next += length;
                        kind
                    }
                    None => {
                        self.next += 1;
                        Kind::Wrong(format!("{char} has no meaning here; quote it if it is text."))
                    }
                }
            }
        };
        let at = match kind {
            Kind::End => self.end..self.end,
            // Not to the next start: blanks may follow, and an escape may be longer than its character.
            _ => self.byte(start)..self.next.checked_sub(1).map_or(0, |last| self.end_of(last)),
        };
        Token { kind, at }
    }

    /// Where the character at `place` of `chars` ends, in bytes.
    fn end_of(&self, place: usize) -> usize {
        self.byte(place + 1)
    }

    /// A number; the longest form that the text has wins, so that `1.` is one and `08` are two.
    fn number(&mut self) -> Kind {
        let is = |ahead: usize, of: &str| self.peek(ahead).is_some_and(|char| of.contains(char));
        let whole = self.digits(0, 10);
        let mut length = whole;
        let mut is_real = false;
        if self.peek(length) == Some('.') {
            is_real = true;
            length += 1;
            length += self.digits(length, 10);
        }
        if is(length, "eE") {
            let sign = usize::from(is(length + 1, "+-"));
            let digits = self.digits(length + 1 + sign, 10);
            if digits > 0 {
                is_real = true;
                length += 1 + sign + digits;
            }
        }
        if is(length, "dDfFbB") {
            is_real = true;
            length += 1;
        }
        if !is_real {
            let hex = if self.peek(0) == Some('0') && is(1, "xX") { self.digits(2, 16) } else { 0 };
            length = match (hex, self.peek(0)) {
                (0, Some('0')) => 1 + self.digits(1, 8),
                (0, _) => whole,
                (hex, _) => 2 + hex,
            };
            length += usize::from(is(length, "lLhH"));
        }
        let rest = self.chars.get(self.next..).unwrap_or_default();
        let text: String = rest.iter().take(length).map(|(char, _)| *char).collect();
        self.next += length;
        let value = if is_real { literal::real(&text) } else { literal::integer(&text) };
        value.map_or_else(Kind::Wrong, Kind::Constant)
    }

    /// A text or a character in quotes.
    fn quoted(&mut self, quote: char) -> Result<Kind, Token> {
        let start = self.next;
        self.next += 1;
        let mut text = String::new();
        loop {
            let at = self.next;
            let Some(char) = self.peek(0) else {
                let message = format!("This {quote} is never closed: add a {quote} where the text ends.");
                let at = self.byte(start)..self.end_of(start);
                return Err(Token { kind: Kind::Wrong(message), at });
            };
            self.next += 1;
            match char {
                '\\' => match self.escape() {
                    Some(char) => text.push(char),
                    None => {
                        let message = "A \\ in a text takes one of n r t b f \\ ' \" or up to three digits \
                                       of base 8; write \\\\ for the sign itself.";
                        let at = self.byte(at)..self.byte(at + 2);
                        return Err(Token { kind: Kind::Wrong(message.to_owned()), at });
                    }
                },
                _ if char == quote => break,
                _ => text.push(char),
            }
        }
        let mut units = text.encode_utf16();
        let constant = match (quote, units.next(), units.next()) {
            ('\'', Some(unit), None) | ('`', Some(unit), None) => Constant::Character(unit),
            ('`', ..) => {
                let at = self.byte(start)..self.byte(self.next);
                let message = "Between two ` stands one character; quote a text with \".";
                return Err(Token { kind: Kind::Wrong(message.to_owned()), at });
            }
            _ => Constant::Text(text),
        };
        Ok(Kind::Constant(constant))
    }

    /// What follows a backslash in quotes.
    fn escape(&mut self) -> Option<char> {
        let char = self.peek(0)?;
        if let Some(first) = char.to_digit(8) {
            let most = if first < 4 { 3 } else { 2 };
            let mut value = 0;
            for _ in 0..self.digits(0, 8).min(most) {
                value = value << 3 | self.peek(0)?.to_digit(8)?;
                self.next += 1;
            }
            return char::from_u32(value);
        }
        self.next += 1;
        Some(match char {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\x08',
            'f' => '\x0c',
            '\\' | '\'' | '"' => char,
            _ => return None,
        })
    }
}

/// The letters of OGNL's names: a list of ranges of 1998's Unicode.
fn is_letter(char: char) -> bool {
    matches!(char,
        '$' | 'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{1fff}'
        | '\u{3040}'..='\u{318f}' | '\u{3300}'..='\u{337f}' | '\u{3400}'..='\u{3d2d}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}
