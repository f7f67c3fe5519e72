//! Agent ids and connection ids: who makes them, of what, and what may be one.
//!
//! An id that was given is kept; without one it is `app_` and twenty characters, or only those.
//! Randomness is handed in, so that this module stays pure.

use super::MAX_NAME;

/// How many random characters an id has: 20 of 36 are 103 bits.
pub const RANDOM_LENGTH: usize = 20;

const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Twenty characters `[A-Z0-9]` of twenty random bytes.
pub fn random_text(random: [u8; RANDOM_LENGTH]) -> String {
    random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|c| char::from(*c))
        .collect()
}

/// The id for an agent that gave none: `app_X6DI…` with an application, else `X6DI…`.
pub fn new_id(application: Option<&str>, random: [u8; RANDOM_LENGTH]) -> String {
    match application {
        Some(name) => format!("{name}_{}", random_text(random)),
        None => random_text(random),
    }
}

/// The application in an id: the text before its first `_`. `None` where there is none.
pub fn application_of(id: &str) -> Option<&str> {
    id.split_once('_').map(|(application, _)| application).filter(|name| !name.is_empty())
}

/// Whether a text may be an id or an application's name: not empty, at most
/// [`MAX_NAME`] bytes, and no control characters.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_application_and_twenty_characters() {
        let random = std::array::from_fn(|i| i as u8 * 13);
        let id = new_id(Some("noid"), random);
        let tail = id.strip_prefix("noid_").unwrap();
        assert_eq!(tail.len(), RANDOM_LENGTH);
        assert!(tail.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        assert_eq!(new_id(None, random), tail);
        assert_eq!(application_of(&id), Some("noid"));
    }

    #[test]
    fn an_id_without_an_underscore_has_no_application() {
        assert_eq!(application_of("ABC"), None);
        assert_eq!(application_of("_ABC"), None);
        assert_eq!(application_of("a_b_c"), Some("a"));
    }

    #[test]
    fn control_characters_and_long_texts_are_no_ids() {
        assert!(is_id("\u{4e2d}_1 x"));
        for bad in [String::new(), "a\u{1b}[31m".into(), "a\n".into(), "x".repeat(MAX_NAME + 1)] {
            assert!(!is_id(&bad), "{bad:?}");
        }
    }
}
