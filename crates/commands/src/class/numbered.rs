//! Source with the numbers that its lines had in the original, as `jad` shows it.

/// The text with the original's number before each line whose is known: `/*17*/ `, wider where there are numbers of three or
/// four digits; blanks of the same width where none is known. As it is where no line's is.
pub(super) fn numbered(text: &str, lines: &[(u32, u32)]) -> String {
    let Some(most) = lines.iter().map(|(_, original)| *original).max() else { return text.to_owned() };
    let width = match most {
        1000.. => 4,
        100.. => 3,
        _ => 2,
    };
    let mut numbered = String::with_capacity(text.len() * 2);
    let mut known = lines.iter().peekable();
    for (number, line) in (1..).zip(text.lines()) {
        while known.next_if(|(made, _)| *made < number).is_some() {}
        match known.next_if(|(made, _)| *made == number) {
            Some((_, original)) => numbered.push_str(&format!("/*{original:width$}*/ ")),
            None => numbered.extend(std::iter::repeat_n(' ', width + 5)),
        }
        numbered.push_str(line);
        numbered.push('\n');
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_number_or_blanks_of_its_width() {
        let text = "a\nb\n\nc\n";
        assert_eq!(numbered(text, &[]), text);
        assert_eq!(numbered(text, &[(2, 7)]), "       a\n/* 7*/ b\n       \n       c\n");
        assert_eq!(numbered(text, &[(1, 7), (4, 123)]), "/*  7*/ a\n        b\n        \n/*123*/ c\n");
        assert_eq!(numbered("a\n", &[(1, 1234)]), "/*1234*/ a\n");
    }
}
