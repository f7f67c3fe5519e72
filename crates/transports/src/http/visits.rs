//! Browsers that have said the password: known again by a cookie.

use std::time::{Duration, Instant};

use super::head::Head;
use crate::random;
use crate::table::Table;

/// The cookie's name, which is Arthas's.
const COOKIE: &str = "asession";

/// How many are remembered.
const MOST: usize = 1024;

/// Visits by their cookies.
#[derive(Debug, Default)]
pub(crate) struct Visits {
    visits: Table<String, Visit>,
}

#[derive(Debug)]
struct Visit {
    last: Instant,
    user_id: Option<String>,
}

impl Visits {
    /// The visit whose cookie came with a request.
    pub(crate) fn known(&mut self, head: &Head, now: Instant, limit: Option<Duration>) -> Option<String> {
        let cookie = head.cookie(COOKIE)?;
        let visit = self.visits.get_mut(cookie)?;
        if limit.is_some_and(|limit| now.saturating_duration_since(visit.last) > limit) {
            self.visits.remove(cookie);
            return None;
        }
        visit.last = now;
        Some(cookie.to_owned())
    }

    /// A new visit. Of too many the one that was used longest ago is forgotten.
    pub(crate) fn begin(&mut self, now: Instant) -> Result<String, &'static str> {
        if self.visits.len() >= MOST
            && let Some(oldest) =
                self.visits.iter().min_by_key(|(_, visit)| visit.last).map(|(name, _)| name.clone())
        {
            self.visits.remove(&oldest);
        }
        let name = random::name()?;
        self.visits.insert(name.clone(), Visit { last: now, user_id: None });
        Ok(name)
    }

    /// Whether a visit is still known; it counts as used now.
    pub(crate) fn touch(&mut self, name: &str, now: Instant) -> bool {
        self.visits.get_mut(name).map(|visit| visit.last = now).is_some()
    }

    /// The name a tool gave its user.
    pub(crate) fn user_id(&self, name: &str) -> Option<String> {
        self.visits.get(name)?.user_id.clone()
    }

    pub(crate) fn set_user_id(&mut self, name: &str, user: String) {
        if let Some(visit) = self.visits.get_mut(name) {
            visit.user_id = Some(user);
        }
    }

    /// Nobody is known any more.
    pub(crate) fn forget(&mut self) {
        self.visits.clear();
    }
}

/// The header field's value by which a browser remembers its visit.
pub(crate) fn cookie(name: &str) -> String {
    format!("{COOKIE}={name}; Path=/; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> Head {
        let text = format!("GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b; {cookie}\r\n\r\n");
        Head::read(text.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn a_visit_is_known_until_it_is_old_or_one_too_many() {
        let (mut visits, now) = (Visits::default(), Instant::now());
        let limit = Some(Duration::from_secs(60));
        let name = visits.begin(now).unwrap();
        let head = with(&format!("asession={name}"));
        assert_eq!(visits.known(&head, now + Duration::from_secs(59), limit), Some(name.clone()));
        assert_eq!(visits.known(&head, now + Duration::from_secs(130), limit), None);
        assert_eq!(visits.known(&head, now, limit), None, "it is forgotten");
        assert_eq!(visits.known(&with("asession=guess"), now, limit), None);
        let first = visits.begin(now).unwrap();
        for at in 0..2000 {
            visits.begin(now + Duration::from_millis(at)).unwrap();
        }
        assert_eq!(visits.visits.len(), MOST);
        assert!(!visits.touch(&first, now));
    }
}
