//! The password that all ports ask for: found out once, aside, for `http`, `telnet` and `mcp` alike.
//!
//! As long as it is not known no port is opened.

use std::sync::Arc;

use crate::core::Core;
use crate::credentials::{Credentials, Wanted};
use crate::mailbox::Letter;

/// See the module.
pub(crate) struct Entrance {
    /// `None`: no port is wanted.
    wanted: Option<Wanted>,
    /// Numbers the readings.
    readings: u64,
    credentials: Option<Arc<Credentials>>,
}

impl Entrance {
    pub(crate) fn new() -> Self {
        Self { wanted: None, readings: 0, credentials: None }
    }

    /// Takes the options in force. What must be read first comes as a letter.
    pub(crate) fn configure(&mut self, core: &mut Core) {
        let options = &core.options;
        let ports = [options.http, options.telnet, options.mcp];
        let is_wanted = ports.into_iter().flatten().any(|listen| listen.address().is_some());
        let wanted = is_wanted.then(|| Wanted::of(options));
        // A file may hold another password than the last time.
        let is_file = matches!(wanted, Some(Wanted::InFile(..)));
        if wanted == self.wanted && !is_file && (wanted.is_none() || self.credentials.is_some()) {
            return;
        }
        self.readings += 1;
        self.wanted.clone_from(&wanted);
        let Some(wanted) = wanted else {
            self.credentials = None;
            core.problems.password = None;
            return;
        };
        let (number, before) = (self.readings, self.credentials.clone());
        let started = core.aside(move |mail| {
            mail.post(Letter::Credentials(
                number,
                wanted.get(before.as_deref()).map(|read| read.map(Box::new)),
            ));
        });
        if let Err(why) = started {
            self.problem(why, core);
        }
    }

    /// The password was read; `None`: it is the one before. A number tells an old reading from the one
    /// waited for. Whether the ports are to be looked after.
    pub(crate) fn hear(
        &mut self,
        number: u64,
        read: Result<Option<Box<Credentials>>, String>,
        core: &mut Core,
    ) -> bool {
        if number != self.readings {
            return false;
        }
        match read {
            Ok(credentials) => {
                if let Some(credentials) = credentials {
                    self.credentials = Some(Arc::new(*credentials));
                }
                core.problems.password = None;
            }
            Err(why) => self.problem(format!("no port is opened: {why}"), core),
        }
        true
    }

    /// Who may enter; `None`: not known yet, so nobody.
    pub(crate) fn credentials(&self) -> Option<&Arc<Credentials>> {
        self.credentials.as_ref()
    }

    fn problem(&mut self, why: String, core: &mut Core) {
        self.credentials = None;
        log::warn!("{why}");
        core.problems.password = Some(why);
    }
}
