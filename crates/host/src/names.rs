//! Patterns over the names of classes and methods, in the two forms users write them.

use std::collections::BTreeSet;

use model::Wildcard;
use regex_lite::Regex;

/// A pattern that a whole name must fit.
#[derive(Clone, Debug)]
pub enum NamePattern {
    /// `*` and `?`.
    Wildcard(Wildcard),
    /// A regular expression.
    Regex(Regex),
    /// One of these names.
    OneOf(BTreeSet<String>),
}

impl NamePattern {
    /// A pattern with `*` and `?`; a class's name may be written with slashes. Every text is one.
    pub fn wildcard(pattern: &str) -> Self {
        Self::Wildcard(Wildcard::new(&pattern.replace('/', ".")))
    }

    /// A regular expression that the whole name must fit, as Java's `matches()` has it. The error says
    /// what is wrong with it.
    pub fn regex(pattern: &str) -> Result<Self, String> {
        // The pattern alone first: what is wrong must not be said of our frame around it.
        let told = |why: regex_lite::Error| format!("`{pattern}` is no regular expression: {why}");
        Regex::new(pattern).map_err(told)?;
        Regex::new(&format!(r"\A(?:{pattern})\z")).map(Self::Regex).map_err(told)
    }

    /// What a user has written: a regular expression where `is_regex` says so, else with `*` and `?`. The error says what
    /// is wrong with it.
    pub fn of(pattern: &str, is_regex: bool) -> Result<Self, String> {
        match is_regex {
            true => Self::regex(pattern),
            false => Ok(Self::wildcard(pattern)),
        }
    }

    /// A pattern over classes as a user has written it, with slashes or dots; an empty one fits all. Only what names a lambda's
    /// class keeps its slash, since that is a part of the name.
    pub fn of_class(pattern: &str, is_regex: bool) -> Result<Self, String> {
        if pattern.is_empty() {
            return Ok(Self::any());
        }
        let pattern = match pattern.contains("$$Lambda") {
            true => pattern.to_owned(),
            false => pattern.replace('/', "."),
        };
        match is_regex {
            true => Self::regex(&pattern),
            false => Ok(Self::Wildcard(Wildcard::new(&pattern))),
        }
    }

    /// Exactly these names.
    pub fn one_of(names: impl IntoIterator<Item = String>) -> Self {
        Self::OneOf(names.into_iter().collect())
    }

    /// Every name.
    pub fn any() -> Self {
        Self::wildcard("*")
    }

    /// Whether the whole name fits; names have dots.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Wildcard(pattern) => pattern.matches(name),
            Self::Regex(pattern) => pattern.is_match(name),
            Self::OneOf(names) => names.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NamePattern;

    #[test]
    fn a_wildcard_takes_slashes_as_dots() {
        assert!(NamePattern::wildcard("demo/Math*").matches("demo.MathGame"));
        assert!(!NamePattern::wildcard("demo.Math").matches("demo.MathGame"));
        assert!(NamePattern::any().matches("<init>"));
    }

    #[test]
    fn a_regular_expression_must_fit_the_whole_name() {
        let either = NamePattern::regex("demo\\.A|demo\\.Bc").unwrap();
        assert!(either.matches("demo.A") && either.matches("demo.Bc"));
        assert!(!either.matches("demo.Ab") && !either.matches("xdemo.A"));
    }

    #[test]
    fn a_broken_regular_expression_is_told() {
        assert!(NamePattern::regex("(").unwrap_err().starts_with("`(` is no regular expression"));
        // Alone it is broken, though in our frame it would not be.
        assert!(NamePattern::regex("a)|(b").is_err());
    }
}
