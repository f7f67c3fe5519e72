//! Which values never leave the process: those of fields, keys, variables and properties whose names sound like
//! secrets.

use std::borrow::Cow;

/// What is longer is text, not a name.
pub(crate) const LONGEST_NAME: usize = 256;

/// Patterns of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// Lower case, without separators.
    parts: Vec<Box<str>>,
}

/// What stands for a value that is kept secret.
pub const HIDDEN: &str = "***";

/// Names that hold one of these, whatever their case and separators: `dbPassword`, `DB_PASSWORD`, `db.password`.
pub const DEFAULT: &str =
    "password,passwd,passphrase,secret,token,apikey,accesskey,privatekey,credential,authorization,cookie";

impl Default for Redaction {
    fn default() -> Self {
        Self::parse(DEFAULT)
    }
}

impl Redaction {
    /// Nothing is kept secret.
    pub const fn none() -> Self {
        Self { parts: Vec::new() }
    }

    /// From names between commas; none at all means that nothing is kept secret.
    pub fn parse(names: &str) -> Self {
        let parts = names.split(',').map(folded).filter(|name| !name.is_empty());
        Self { parts: parts.map(Box::from).collect() }
    }

    /// Whether nothing is kept secret.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether the value of what is called so is kept secret.
    pub fn hides(&self, name: &str) -> bool {
        if self.parts.is_empty() {
            return false;
        }
        let name = folded(name);
        self.parts.iter().any(|part| name.contains(&**part))
    }

    /// The value of what is called so, as it may be shown.
    pub fn shown<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.hides(name) { Cow::Borrowed(HIDDEN) } else { self.scrub(value) }
    }

    /// The same of a name in UTF-16.
    pub fn hides_units(&self, name: &[u16]) -> bool {
        name.len() <= LONGEST_NAME && self.hides(&String::from_utf16_lossy(name))
    }
}

fn folded(name: &str) -> String {
    name.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_parts_in_any_spelling() {
        let redaction = Redaction::default();
        for name in [
            "password",
            "dbPassword",
            "DB_PASSWORD",
            "spring.datasource.password",
            "X-Api-Key",
            "refreshToken",
        ] {
            assert!(redaction.hides(name), "{name}");
        }
        for name in ["name", "pass", "tok", "key", "passenger"] {
            assert!(!redaction.hides(name), "{name}");
        }
        assert!(redaction.hides_units(&"clientSecret".encode_utf16().collect::<Vec<_>>()));
    }

    #[test]
    fn the_list_can_be_another_or_empty() {
        assert!(Redaction::parse("iban, card-number").hides("cardNumber"));
        assert!(!Redaction::parse("").hides("password"));
    }
}
