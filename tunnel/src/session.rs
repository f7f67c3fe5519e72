//! Who is logged in.
//!
//! A session lasts twelve hours, and ends earlier by logging out or by a new password. The data
//! folder has its key's hash, never the key, so that a restart of the server logs nobody out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::digest;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::random;
use crate::users::Fingerprint;

/// How long a session lasts.
pub(crate) const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

/// The file in the data folder: hash, user, fingerprint and end of a session, a line each.
const FILE: &str = "sessions";

/// More sessions than this end the oldest.
const MOST: usize = 1_000;

struct Session {
    user: String,
    fingerprint: Fingerprint,
    expires_ms: u64,
    // Dropping it ends the session's consoles.
    alive: watch::Sender<()>,
}

/// A session that was found valid.
#[derive(Clone)]
pub(crate) struct Login {
    /// Whose it is.
    pub(crate) user: String,
    expires_ms: u64,
    alive: Option<watch::Receiver<()>>,
}

/// All sessions, by the hash of their keys.
#[derive(Default)]
pub(crate) struct Sessions {
    map: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// Reads the sessions that outlived the last server. Lines that say nothing are dropped.
    pub(crate) fn open(folder: &DataFolder, now_ms: u64) -> Result<Self, Failure> {
        let text = folder.read(FILE)?.unwrap_or_default();
        let map = text.lines().filter_map(parse).filter(|(_, session)| session.expires_ms > now_ms).collect();
        Ok(Self { map: Mutex::new(map) })
    }

    /// Begins a session; returns its key, which is what the cookie carries. Blocks on the disk.
    pub(crate) fn begin(
        &self,
        folder: &DataFolder,
        user: &str,
        fingerprint: Fingerprint,
        now_ms: u64,
    ) -> Result<String, Failure> {
        let key = random::token()?;
        let session = Session {
            user: user.to_owned(),
            fingerprint,
            expires_ms: now_ms + u64::try_from(LASTS.as_millis()).unwrap_or(0),
            alive: watch::channel(()).0,
        };
        let mut map = self.lock();
        map.retain(|_, session| session.expires_ms > now_ms);
        if map.len() >= MOST {
            let oldest = map.iter().min_by_key(|(_, session)| session.expires_ms).map(|(key, _)| key.clone());
            oldest.map(|key| map.remove(&key));
        }
        map.insert(hash(&key), session);
        save(folder, &map);
        Ok(key)
    }

    /// The session of a key, while it lasts and the password is still the one it began with.
    pub(crate) fn find(
        &self,
        key: &str,
        now_ms: u64,
        fingerprint: impl Fn(&str) -> Option<Fingerprint>,
    ) -> Option<Login> {
        let map = self.lock();
        let session = map.get(&hash(key)).filter(|session| session.expires_ms > now_ms)?;
        (fingerprint(&session.user).as_ref() == Some(&session.fingerprint)).then(|| Login {
            user: session.user.clone(),
            expires_ms: session.expires_ms,
            alive: Some(session.alive.subscribe()),
        })
    }

    /// Ends a session and what it has open. Blocks on the disk.
    pub(crate) fn end(&self, folder: &DataFolder, key: &str) {
        let mut map = self.lock();
        if map.remove(&hash(key)).is_some() {
            save(folder, &map);
        }
    }

    /// Ends the sessions whose password is another by now. Blocks on the disk.
    pub(crate) fn sweep(&self, folder: &DataFolder, fingerprint: impl Fn(&str) -> Option<Fingerprint>) {
        let mut map = self.lock();
        let before = map.len();
        map.retain(|_, session| fingerprint(&session.user).as_ref() == Some(&session.fingerprint));
        if map.len() < before {
            save(folder, &map);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Login {
    /// A login by name and password with every request: nothing to end but the connection.
    pub(crate) fn without_session(user: &str) -> Self {
        Self { user: user.to_owned(), expires_ms: u64::MAX, alive: None }
    }

    /// Waits until the session ends.
    pub(crate) async fn ended(mut self, now_ms: u64) {
        let left = Duration::from_millis(self.expires_ms.saturating_sub(now_ms)).min(LASTS);
        let logged_out = async {
            match &mut self.alive {
                // Nothing is ever sent: it ends when the sender is dropped.
                Some(alive) => while alive.changed().await.is_ok() {},
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = logged_out => {}
            () = tokio::time::sleep(left) => {}
        }
    }
}

fn hash(key: &str) -> String {
    data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, key.as_bytes()).as_ref())
}

fn parse(line: &str) -> Option<(String, Session)> {
    let mut words = line.split_ascii_whitespace();
    let (hash, user, fingerprint) = (words.next()?, words.next()?, words.next()?);
    let expires_ms = words.next()?.parse().ok()?;
    let (user, fingerprint) = (user.to_owned(), fingerprint.to_owned());
    Some((hash.to_owned(), Session { user, fingerprint, expires_ms, alive: watch::channel(()).0 }))
}

/// A disk that does not take it costs the sessions at the next restart, nothing else.
fn save(folder: &DataFolder, map: &HashMap<String, Session>) {
    let line =
        |(hash, s): (&String, &Session)| format!("{hash} {} {} {}\n", s.user, s.fingerprint, s.expires_ms);
    if let Err(failure) = folder.write(FILE, &map.iter().map(line).collect::<String>()) {
        log::warn!("sessions will not survive a restart: {failure}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_survives_a_restart_but_neither_logout_nor_a_new_password_nor_its_time() {
        let dir = std::env::temp_dir().join(format!("oxprobe-session-{}", std::process::id()));
        let folder = DataFolder::open(dir.clone()).unwrap();
        let old = |_: &str| Some("old".to_owned());
        let sessions = Sessions::open(&folder, 0).unwrap();
        let key = sessions.begin(&folder, "admin", "old".into(), 1_000).unwrap();
        let end = 1_000 + LASTS.as_millis() as u64;
        assert_eq!(sessions.find(&key, end - 1, old).unwrap().user, "admin");
        assert!(sessions.find(&key, end, old).is_none(), "its time is over");
        assert!(sessions.find(&key, 1_000, |_| Some("new".into())).is_none(), "the password is another");
        assert!(sessions.find("x", 1_000, old).is_none());

        let text = folder.read(FILE).unwrap().unwrap();
        assert!(!text.contains(&key), "the key itself is nowhere on disk");
        folder.write(FILE, &format!("garbage\n\n{text}a b c d\n")).unwrap();
        let restarted = Sessions::open(&folder, 2_000).unwrap();
        assert!(restarted.find(&key, 2_000, old).is_some());
        restarted.end(&folder, &key);
        assert!(restarted.find(&key, 2_000, old).is_none());
        assert!(Sessions::open(&folder, 2_000).unwrap().find(&key, 2_000, old).is_none());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
