//! Tools that work on files, which waits for a disk and so happens aside.

use std::path::PathBuf;

use mio::Token;
use serde_json::{Map, Value};
use shell::{Permission, Runs, Tool};

use super::call::{Asked, Order};
use super::results::Outcome;
use super::tools::{Refused, forbidden};
use super::view::{self, Folders};
use super::{Mcp, catalog};
use crate::core::Core;
use crate::http::Rights;
use crate::mailbox::Letter;

/// How many wait for a disk at once.
const WAITING: usize = 16;

/// A file was taken or read.
pub(crate) struct News {
    call: Token,
    outcome: Outcome,
}

/// A call that waits for a disk.
pub(super) struct Filed {
    pub(super) asked: Asked,
    tool: &'static str,
    order: Order,
    pub(super) session: String,
    since: std::time::Instant,
}

impl Mcp {
    /// Does what a tool does with a file, aside.
    pub(super) fn file(
        &mut self,
        tool: &'static Tool,
        home: Option<&str>,
        asked: &Asked,
        given: &Map<String, Value>,
        order: Order,
        core: &mut Core,
    ) -> Result<(), Refused> {
        let needed: Permission = catalog::permission(tool, core);
        let permissions = core.permissions_in_force("mcp");
        if !permissions.has(needed) {
            return Err(Refused::Tool(forbidden(tool.name, needed)));
        }
        if self.filed.len() >= WAITING {
            return Err(Refused::Tool("Too many files are being read or written; try again.".to_owned()));
        }
        let (token, given) = (core.token(), given.clone());
        let uploads = self.uploads.clone();
        let folders = Folders {
            output: core.options.output_dir_or_default().to_owned(),
            rights: Rights::of(permissions),
            allowed: core.options.view_dirs.iter().map(PathBuf::from).collect(),
        };
        let is_upload = tool.runs == Runs::Upload;
        let started = core.aside(move |mail| {
            let outcome = if is_upload { uploads.take(&given) } else { view::view(&given, &folders) };
            mail.post(Letter::Mcp(News { call: token, outcome }));
        });
        started.map_err(Refused::Tool)?;
        let session = home.unwrap_or_default().to_owned();
        let filed = Filed { asked: asked.clone(), tool: tool.name, order, session, since: core.now };
        self.filed.insert(token, filed);
        Ok(())
    }

    /// Takes what waited for a disk. Whether it was for one of ours.
    pub(crate) fn filed(&mut self, news: &News, core: &Core) {
        let Some(filed) = self.filed.remove(&news.call) else { return };
        let took = core.now.saturating_duration_since(filed.since);
        log::info!(
            "audit: user={:?} from=mcp peer={:?} session={} tool={} took={:.1}ms end={:?}",
            filed.order.user,
            filed.order.peer,
            filed.session,
            filed.tool,
            took.as_secs_f64() * 1000.0,
            if news.outcome.failed { "status -1" } else { "status 0" }
        );
        self.say_outcome(&filed.asked, &news.outcome, None);
    }
}
