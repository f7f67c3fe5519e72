//! The agents' tokens: what tells our agents from strangers.
//!
//! A token lies in the data folder, readable by its owner alone, because the operator has to hand
//! it to every pod. It is compared through a keyed hash: how long that takes tells nothing.

use std::path::Path;

use ring::hmac;

use crate::failure::Failure;
use crate::folder::{DataFolder, read_secret};
use crate::random;

/// The file in the data folder.
pub(crate) const FILE: &str = "agent-token";

/// How an agent showed that it may register. A connection with one never replaces an agent that
/// showed the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// One of our tokens.
    Token,
    /// Nothing, and the server accepts that.
    Anonymous,
}

/// The tokens that count.
pub(crate) struct Tokens {
    key: hmac::Key,
    tags: Vec<hmac::Tag>,
    allow_anonymous: bool,
}

/// Why an agent may not register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoToken {
    /// It shows none.
    Missing,
    /// It shows one that is not ours.
    Wrong,
}

impl Tokens {
    /// Reads the tokens: of the given file, else of the data folder, else makes one.
    /// Returns the token that was made.
    pub(crate) fn open(
        folder: &DataFolder,
        file: Option<&Path>,
        allow_anonymous: bool,
    ) -> Result<(Self, Option<String>), Failure> {
        let (text, made) = match (file, folder.read(FILE)?) {
            (Some(file), _) => (read_secret(file)?, None),
            (None, Some(text)) => (text, None),
            (None, None) => {
                let token = random::token()?;
                folder.write(FILE, &format!("{token}\n"))?;
                (token.clone(), Some(token))
            }
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let tags: Vec<_> = lines.map(|token| hmac::sign(&key, token.as_bytes())).collect();
        if tags.is_empty() {
            return Err(Failure::new(format!(
                "there is no token in {}; delete the file to have one made.",
                file.map_or_else(|| folder.at(FILE), Path::to_path_buf).display()
            )));
        }
        Ok((Self { key, tags, allow_anonymous }, made))
    }

    /// What an agent that shows this token, or none, may call its own.
    pub(crate) fn check(&self, token: Option<&str>) -> Result<Credential, NoToken> {
        match token {
            Some(token) => {
                let ours = |tag: &hmac::Tag| hmac::verify(&self.key, token.as_bytes(), tag.as_ref()).is_ok();
                if self.tags.iter().any(ours) { Ok(Credential::Token) } else { Err(NoToken::Wrong) }
            }
            None if self.allow_anonymous => Ok(Credential::Anonymous),
            None => Err(NoToken::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_tokens_count() {
        let dir = std::env::temp_dir().join(format!("oxprobe-token-{}", std::process::id()));
        let folder = DataFolder::open(dir.clone()).unwrap();
        let (tokens, made) = Tokens::open(&folder, None, false).unwrap();
        let made = made.unwrap();
        assert_eq!(tokens.check(Some(&made)), Ok(Credential::Token));
        assert_eq!(tokens.check(Some("")), Err(NoToken::Wrong));
        assert_eq!(tokens.check(Some(&made[1..])), Err(NoToken::Wrong));
        assert_eq!(tokens.check(None), Err(NoToken::Missing));

        folder.write(FILE, "new\n\nold\n").unwrap();
        let (tokens, made) = Tokens::open(&folder, None, true).unwrap();
        assert_eq!(made, None);
        for token in ["new", "old"] {
            assert_eq!(tokens.check(Some(token)), Ok(Credential::Token));
        }
        assert_eq!(tokens.check(Some("other")), Err(NoToken::Wrong), "a wrong token is not anonymity");
        assert_eq!(tokens.check(None), Ok(Credential::Anonymous));
        folder.write(FILE, "\n").unwrap();
        assert!(Tokens::open(&folder, None, true).is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
