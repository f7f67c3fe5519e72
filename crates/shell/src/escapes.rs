//! Terminal escapes: what is in a text for the eye only, and is left out of files and of what is
//! searched.

use std::borrow::Cow;

/// The text without its escapes.
pub(crate) fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\x1b') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            skip(&mut chars);
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// Skips an escape sequence: `[` and what follows up to a letter, `]` and what follows up to a bell or
/// a string terminator, or one character.
fn skip(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('\x40'..='\x7e').contains(&c)) {},
        Some(']') => loop {
            match chars.next() {
                None | Some('\x07') => return,
                Some('\x1b') => {
                    chars.next();
                    return;
                }
                Some(_) => {}
            }
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_the_eye_goes_and_the_text_stays() {
        for (text, plain) in [
            ("plain é世", "plain é世"),
            ("\x1b[1;32mgreen\x1b[0m tail", "green tail"),
            ("\x1b[H\x1b[2Jtop", "top"),
            ("\x1b]0;title\x07a\x1b]8;;x\x1b\\b", "ab"),
            ("cut \x1b[3", "cut "),
            ("\x1b", ""),
        ] {
            assert_eq!(without_escapes(text), plain);
        }
    }
}
