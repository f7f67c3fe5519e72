//! Who may enter by the ports: one user and his password, or everybody.
//!
//! What is kept is a keyed digest, compared in a time that tells nothing. Wrong passwords are counted
//! by where they came from, over all ports.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::guesses::Guesses;
use crate::options::{Options, Secret};
use crate::random;

/// The longest password, in bytes; more is not looked at.
const LONGEST: usize = 1024;

/// Where the password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nobody is asked for one.
    Nothing,
    Said(String, Secret),
    InFile(String, PathBuf),
    /// Nobody gave one: the agent makes one up.
    Made(String),
}

impl Wanted {
    pub(crate) fn of(options: &Options) -> Self {
        let user = options.user_or_default().to_owned();
        match (options.no_password, &options.password_file, &options.password) {
            (Some(true), _, _) => Self::Nothing,
            (_, Some(file), _) => Self::InFile(user, file.clone()),
            (_, None, Some(password)) => Self::Said(user, password.clone()),
            (_, None, None) => Self::Made(user),
        }
    }

    /// The credentials; `None` where those before are the same. Waits for the disk where a file holds the
    /// password. The error is a sentence.
    pub(crate) fn get(self, before: Option<&Credentials>) -> Result<Option<Credentials>, String> {
        let said = |user: String, password: &str| match before
            .is_some_and(|before| before.opens_to(&user, password))
        {
            true => Ok(None),
            false => Credentials::locked(user, password, None).map(Some),
        };
        match self {
            Self::Nothing => Ok(Some(Credentials { password: None, guesses: Mutex::default() })),
            Self::Said(user, password) => said(user, password.reveal()),
            Self::InFile(user, file) => {
                let failed = |why: String| format!("the password-file {} {why}", file.display());
                let text =
                    crate::read_config(&file).map_err(|why| failed(format!("cannot be read: {why}")))?;
                match text.lines().next().unwrap_or_default() {
                    "" => Err(failed("has no password in its first line".to_owned())),
                    password => said(user, password),
                }
            }
            Self::Made(user) => {
                let made = random::name()?;
                Credentials::locked(user, &made.clone(), Some(made)).map(Some)
            }
        }
    }
}

/// See the module.
pub(crate) struct Credentials {
    password: Option<Password>,
    guesses: Mutex<Guesses>,
}

struct Password {
    user: String,
    key: hmac::Key,
    digest: hmac::Tag,
    made: Option<String>,
}

/// What becomes of a user and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// Not looked at: too many were wrong.
    Wait(Duration),
}

impl Credentials {
    /// Whether this user and password are right. Nobody's guess: not counted.
    fn opens_to(&self, user: &str, password: &str) -> bool {
        let Some(known) = &self.password else { return false };
        let given = joined(user, password);
        given.len() <= LONGEST && hmac::verify(&known.key, given.as_bytes(), known.digest.as_ref()).is_ok()
    }

    fn locked(user: String, password: &str, made: Option<String>) -> Result<Self, String> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| "the system has no random numbers to give")?;
        let digest = hmac::sign(&key, joined(&user, password).as_bytes());
        Ok(Self { password: Some(Password { user, key, digest, made }), guesses: Mutex::default() })
    }

    /// Who may enter; `None`: everybody.
    pub(crate) fn user(&self) -> Option<&str> {
        self.password.as_ref().map(|password| password.user.as_str())
    }

    /// The password, where it was made up.
    pub(crate) fn made(&self) -> Option<&str> {
        self.password.as_ref()?.made.as_deref()
    }

    /// Whether this user and password are right; `peer` is where they came from.
    pub(crate) fn check(&self, peer: IpAddr, user: &str, password: &str, now: Instant) -> Verdict {
        if self.password.is_none() {
            return Verdict::Right;
        }
        let mut guesses = self.guesses.lock();
        if let Some(wait) = guesses.wait(peer, now) {
            return Verdict::Wait(wait);
        }
        if self.opens_to(user, password) {
            guesses.right(peer);
            return Verdict::Right;
        }
        if guesses.wrong(peer, now) {
            log::warn!("{peer} has given too many wrong passwords: further tries have to wait");
        }
        Verdict::Wrong
    }
}

/// A user's name holds no line feed, so that no two pairs are one text.
fn joined(user: &str, password: &str) -> String {
    format!("{}\n{password}", user.replace('\n', ""))
}

/// The credentials as a session of one peer is asked for them.
#[expect(dead_code, reason = "for telnet, whose sessions are not authenticated by a handshake")]
pub(crate) struct Asked {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) peer: IpAddr,
}

impl shell::Credentials for Asked {
    fn check(&self, user: &str, password: &str) -> Result<bool, String> {
        match self.credentials.check(self.peer, user, password, Instant::now()) {
            Verdict::Right => Ok(true),
            Verdict::Wrong => Ok(false),
            Verdict::Wait(wait) => {
                Err(format!("too many passwords were wrong; try again in {} s", wait.as_secs() + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn get(wanted: Wanted) -> Result<Credentials, String> {
        wanted.get(None).map(Option::unwrap)
    }

    fn said(password: &str) -> Credentials {
        get(Wanted::Said("arthas".to_owned(), Secret::new(password))).unwrap()
    }

    #[test]
    fn user_and_password_must_both_be_right() {
        let credentials = said("hush");
        let check = |user, password| said("hush").check(PEER, user, password, Instant::now());
        assert_eq!(check("arthas", "hush"), Verdict::Right);
        for (user, password) in [
            ("arthas", ""),
            ("arthas", "hus"),
            ("arthas", "hushh"),
            ("", "hush"),
            ("arthas\nhush", ""),
            ("root", "hush"),
        ] {
            assert_eq!(check(user, password), Verdict::Wrong, "{user:?} {password:?}");
        }
        assert_eq!(check("arthas", &"x".repeat(10_000)), Verdict::Wrong);
        assert_eq!(credentials.made(), None);
    }

    #[test]
    fn guessing_is_slowed_down_and_the_right_one_waits_too() {
        let (credentials, now) = (said("hush"), Instant::now());
        for _ in 0..6 {
            assert_eq!(credentials.check(PEER, "arthas", "guess", now), Verdict::Wrong);
        }
        assert!(matches!(credentials.check(PEER, "arthas", "hush", now), Verdict::Wait(_)));
        assert_eq!(credentials.check(PEER, "arthas", "hush", now + Duration::from_secs(2)), Verdict::Right);
    }

    #[test]
    fn without_a_password_one_is_made_up_and_none_must_be_asked_for() {
        let made = get(Wanted::of(&Options::default())).unwrap();
        let password = made.made().map(str::to_owned).unwrap_or_default();
        assert_eq!(password.len(), 32);
        assert_eq!(made.check(PEER, "arthas", &password, Instant::now()), Verdict::Right);
        assert_eq!(made.check(PEER, "arthas", "", Instant::now()), Verdict::Wrong);
        let open = Options { no_password: Some(true), ..Options::default() };
        let open = get(Wanted::of(&open)).unwrap();
        assert_eq!(open.check(PEER, "", "", Instant::now()), Verdict::Right);
    }

    #[test]
    fn an_empty_or_missing_file_locks_the_door() {
        let path = std::env::temp_dir().join(format!("oxprobe-password-{}", std::process::id()));
        let wanted = || Wanted::InFile("arthas".to_owned(), path.clone());
        assert!(get(wanted()).is_err_and(|why| why.contains("cannot be read")));
        std::fs::write(&path, "\n").unwrap();
        assert!(get(wanted()).is_err_and(|why| why.contains("no password")));
        std::fs::write(&path, "hush\n").unwrap();
        let credentials = get(wanted()).unwrap();
        assert_eq!(credentials.check(PEER, "arthas", "hush", Instant::now()), Verdict::Right);
        assert!(wanted().get(Some(&credentials)).unwrap().is_none(), "it is the same");
        std::fs::remove_file(&path).unwrap();
    }
}
