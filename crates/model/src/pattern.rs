//! Name patterns as Arthas has them: `*` any characters, `?` one character, `\` takes the next
//! character as it is.

/// A pattern over names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Char(char),
}

impl Wildcard {
    /// Reads a pattern. Every text is one.
    pub fn new(pattern: &str) -> Self {
        let mut tokens = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' if tokens.last() == Some(&Token::Any) => {}
                '*' => tokens.push(Token::Any),
                '?' => tokens.push(Token::One),
                '\\' => tokens.push(Token::Char(chars.next().unwrap_or('\\'))),
                c => tokens.push(Token::Char(c)),
            }
        }
        Self { tokens }
    }

    /// Whether the whole name fits. Takes at most `name` × `pattern` steps, whatever the pattern.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut token) = (0, 0);
        // Where the last `*` stands and what it has eaten so far: on a mismatch it eats one more.
        let mut star: Option<(usize, usize)> = None;
        while let Some(&c) = name.get(at) {
            match self.tokens.get(token) {
                Some(Token::Any) => {
                    star = Some((token, at));
                    token += 1;
                }
                Some(Token::One) => (at, token) = (at + 1, token + 1),
                Some(Token::Char(wanted)) if *wanted == c => (at, token) = (at + 1, token + 1),
                _ => match star {
                    Some((star_token, eaten)) => {
                        star = Some((star_token, eaten + 1));
                        (at, token) = (eaten + 1, star_token + 1);
                    }
                    None => return false,
                },
            }
        }
        self.tokens.iter().skip(token).all(|token| *token == Token::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;

    fn matches(pattern: &str, name: &str) -> bool {
        Wildcard::new(pattern).matches(name)
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        assert!(matches("*", ""));
        assert!(matches("demo.*Game", "demo.MathGame"));
        assert!(matches("*List*", "java.util.ArrayList"));
        assert!(!matches("demo.*Game", "demo.MathGames"));
    }

    #[test]
    fn a_question_mark_stands_for_one_character() {
        assert!(matches("Thread-?", "Thread-7"));
        assert!(!matches("Thread-?", "Thread-17"));
    }

    #[test]
    fn a_backslash_takes_the_next_character_as_it_is() {
        assert!(matches(r"a\*b", "a*b"));
        assert!(!matches(r"a\*b", "axb"));
    }

    #[test]
    fn a_pattern_of_many_stars_ends_quickly() {
        let pattern = "*a".repeat(50);
        assert!(!matches(&pattern, &"a".repeat(49).repeat(40).replace("aa", "ab")[..1000]));
    }
}
