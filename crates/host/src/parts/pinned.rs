//! Which parts there are and what their jars must be: the list that `scripts/parts` fetches by.

use ring::digest::{SHA256, digest};

const PINS: &str = include_str!("../../../../scripts/parts.pins");

/// A part by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The jar's file name.
    pub file: &'static str,
    /// SHA-256 of the jar, in hex.
    sum: &'static str,
}

impl Part {
    /// `cfr`, `ecj8` or `ecj17`.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|(known, _)| *known == name).map(|(_, part)| part)
    }

    /// All there are, with their names. A line of the list is `name coordinate file sum`.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        PINS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let (name, file, sum) = (words.next()?, words.nth(1)?, words.next()?);
            Some((name, Self { file, sum }))
        })
    }

    /// Whether these are the bytes of the jar.
    pub fn is(&self, bytes: &[u8]) -> bool {
        let mut sum = String::with_capacity(64);
        for byte in digest(&SHA256, bytes).as_ref() {
            for nibble in [byte >> 4, byte & 15] {
                sum.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        sum == self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_jar_and_a_sum() {
        let all: Vec<_> = Part::all().collect();
        assert_eq!(all.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["cfr", "ecj8", "ecj17"]);
        for (name, part) in all {
            assert!(part.file.ends_with(".jar") && !part.file.contains('/'), "{name}");
            assert_eq!(part.sum.len(), 64, "{name}");
        }
    }

    #[test]
    fn a_jar_is_told_by_its_sum() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(Part { file: "a.jar", sum: empty }.is(b""));
        assert!(!Part { file: "a.jar", sum: empty }.is(b"a"));
    }
}
