//! Sessions that must say a password before they run commands: what the transport checks it by
//! ([`Credentials`]), and whether it was said ([`Lock`]).

use std::sync::Arc;

use parking_lot::RwLock;

/// The commands of a session that is not unlocked: to unlock it, and to leave.
pub(crate) const ALWAYS: [&str; 2] = ["auth", "quit"];

/// Checks passwords. A transport's: it also counts wrong ones.
pub trait Credentials: Send + Sync {
    /// Whether this is a user and his password.
    ///
    /// # Errors
    /// Too many were wrong; the sentence says how long to wait.
    fn check(&self, user: &str, password: &str) -> Result<bool, String>;
}

/// A session's lock.
pub struct Lock {
    credentials: Arc<dyn Credentials>,
    user: RwLock<Option<String>>,
}

impl Lock {
    /// A lock that opens to these credentials.
    pub fn new(credentials: Arc<dyn Credentials>) -> Self {
        Self { credentials, user: RwLock::default() }
    }

    /// Whether the password was said.
    pub fn is_open(&self) -> bool {
        self.user.read().is_some()
    }

    /// Who opened it.
    pub(crate) fn user(&self) -> Option<String> {
        self.user.read().clone()
    }

    /// Opens it, if this is a user and his password. A wrong one leaves it as it was.
    ///
    /// # Errors
    /// As [`Credentials::check`].
    pub(crate) fn open(&self, user: &str, password: &str) -> Result<bool, String> {
        let right = self.credentials.check(user, password)?;
        if right {
            *self.user.write() = Some(user.to_owned());
        }
        Ok(right)
    }
}
