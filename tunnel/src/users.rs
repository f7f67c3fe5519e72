//! Who may log in: names with the argon2 hashes of their passwords, in the data folder.
//!
//! `passwd` writes the file while the server runs, so it is read again whenever it changed. The
//! hash costs 7 MiB and five passes (as OWASP lists for argon2id): little enough that a server
//! with few megabytes stays small, and only one is computed at a time.

use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use ring::digest;

use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::random;

/// The one user there is so far.
pub(crate) const ADMIN: &str = "admin";

/// The file: `name:hash`, a line each.
const FILE: &str = "users";

/// Shorter passwords are refused.
const SHORTEST: usize = 8;

/// Longer ones too: a megabyte of password is an attack.
const LONGEST: usize = 1024;

/// What tells one version of the file from another.
type Stamp = (u64, i64, i64, u64);

#[derive(Default)]
struct Known {
    stamp: Option<Stamp>,
    hashes: Vec<(String, String)>,
}

/// The users file.
pub(crate) struct Users {
    known: Mutex<Known>,
}

/// What tells one password of a user from the next, without telling the password. Sessions carry
/// it and end when it changes.
pub(crate) type Fingerprint = String;

impl Users {
    /// Reads the users. Without an admin yet, makes one with this password or a random one.
    /// Returns the password that was made, which nobody can ever ask for again.
    pub(crate) fn open(
        folder: &DataFolder,
        password: Option<&str>,
    ) -> Result<(Self, Option<String>), Failure> {
        let users = Self { known: Mutex::default() };
        users.refresh(folder)?;
        let made = match password {
            Some(password) if users.verify(ADMIN, password) => None,
            Some(password) => {
                set_password(folder, ADMIN, password)?;
                None
            }
            None if users.fingerprint(ADMIN).is_some() => None,
            None => {
                let password = make_password()?;
                set_password(folder, ADMIN, &password)?;
                Some(password)
            }
        };
        users.refresh(folder)?;
        Ok((users, made))
    }

    /// Reads the file again where it changed; says whether it did. Blocks on the disk.
    pub(crate) fn refresh(&self, folder: &DataFolder) -> Result<bool, Failure> {
        let stamp =
            std::fs::metadata(folder.at(FILE)).ok().map(|m| (m.ino(), m.mtime(), m.mtime_nsec(), m.size()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp.is_some() && known.stamp == stamp {
            return Ok(false);
        }
        *known = Known { stamp, hashes: parse(&folder.read(FILE)?.unwrap_or_default()) };
        Ok(true)
    }

    /// Whether this is the user's password. Costs the same for a user there is not. Blocks for
    /// some tens of milliseconds.
    pub(crate) fn verify(&self, user: &str, password: &str) -> bool {
        let (hash, known) = match (self.hash(user), self.hash(ADMIN)) {
            (Some(hash), _) => (hash, true),
            (None, Some(hash)) => (hash, false),
            (None, None) => return false,
        };
        let right = password.len() <= LONGEST
            && Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
        right && known
    }

    /// The fingerprint of the user's present password; `None` for a user there is not.
    pub(crate) fn fingerprint(&self, user: &str) -> Option<Fingerprint> {
        let hash = self.hash(user)?;
        let digest = digest::digest(&digest::SHA256, hash.as_bytes());
        Some(data_encoding::HEXLOWER.encode(digest.as_ref()).chars().take(16).collect())
    }

    fn hash(&self, user: &str) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.hashes.iter().find(|(name, _)| name == user).map(|(_, hash)| hash.clone())
    }
}

/// Gives a user a password; the others keep theirs.
pub(crate) fn set_password(folder: &DataFolder, user: &str, password: &str) -> Result<(), Failure> {
    if password.len() < SHORTEST || password.len() > LONGEST {
        return Err(Failure::new(format!(
            "a password has {SHORTEST} to {LONGEST} bytes; choose another one."
        )));
    }
    let params =
        Params::new(7 * 1024, 5, 1, None).map_err(|e| Failure::new(format!("argon2 refuses: {e}.")))?;
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), &random::bytes::<16>()?)
        .map_err(|e| Failure::new(format!("cannot hash the password: {e}.")))?;
    let mut lines: Vec<_> = parse(&folder.read(FILE)?.unwrap_or_default());
    lines.retain(|(name, _)| name != user);
    lines.push((user.to_owned(), hash.to_string()));
    let text: String = lines.iter().map(|(name, hash)| format!("{name}:{hash}\n")).collect();
    folder.write(FILE, &text)
}

/// A password nobody has yet: four groups of five characters.
pub(crate) fn make_password() -> Result<String, Failure> {
    let text = random::id()?;
    let groups: Vec<_> = text.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
    Ok(groups.join("-"))
}

fn parse(text: &str) -> Vec<(String, String)> {
    let line =
        |line: &str| line.split_once(':').map(|(name, hash)| (name.to_owned(), hash.trim().to_owned()));
    text.lines().filter_map(line).collect()
}
