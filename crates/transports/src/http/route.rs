//! What there is to ask for, and who works on it.

use mio::Token;

use super::answer::Answer;
use super::api::{Client, Reply};
use super::connection::Connection;
use super::head::Head;
use super::output::{self, Rights};
use super::{DOWNLOADS, ERRANDS, Http, News, Purpose, handshake, page, visits};
use crate::core::{Core, Visitor};
use crate::mailbox::Letter;
use crate::mcp::{self, Asker};

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Api,
    /// An assistant's tools.
    Tools,
    Terminal,
    Files,
    Page,
    /// Where Arthas has its second page.
    OldPage,
    Nothing,
}

impl Route {
    fn of(path: &str) -> Self {
        match path {
            "/api" => Self::Api,
            mcp::ROUTE => Self::Tools,
            "/" | "/index.html" => Self::Page,
            "/ui" | "/ui/" => Self::OldPage,
            path if path.eq_ignore_ascii_case("/ws") => Self::Terminal,
            path if path
                .strip_prefix(output::ROUTE)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) =>
            {
                Self::Files
            }
            _ => Self::Nothing,
        }
    }
}

impl Http {
    /// Works on a request that was let in.
    pub(super) fn serve(&mut self, token: Token, head: &Head, body: &[u8], core: &mut Core) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let visit = connection.visit.clone().unwrap_or_default();
        if let Some(user) = head.parameter("userId") {
            self.visits.set_user_id(&visit, name_of(&user));
        }
        let user = self.credentials.as_ref().and_then(|known| known.user()).unwrap_or_default().to_owned();
        let peer = connection.peer.to_string();
        // A tool may name the person it acts for; who logged in is told as well.
        let route = match Route::of(&head.path) {
            Route::Tools if self.has_tools => Route::Tools,
            Route::Tools => Route::Nothing,
            _ if self.purpose == Purpose::Tools => Route::Nothing,
            route => route,
        };
        let said =
            head.field("x-user-id").map(name_of).filter(|said| route == Route::Tools && !said.is_empty());
        let (user, peer) = match said.or_else(|| self.visits.user_id(&visit)) {
            Some(named) => (named, format!("{peer} ({user})")),
            None => (user, peer),
        };
        let answer = match route {
            Route::Tools => {
                let asker = Asker { connection: token, user, peer };
                let answer = self.mcp.ask(asker, head, body, core);
                self.post(core);
                answer
            }
            Route::Nothing if self.purpose == Purpose::Tools => Some(Answer::text(404, "Not found")),
            Route::Api if head.method != "POST" => {
                let method: String = head.method.chars().take(20).collect();
                Some(Answer::json(Reply::refused(format!("Unsupported http method: {method}")).json()))
            }
            Route::Api => {
                let client = Client { connection: token, user, peer };
                self.api.ask(client, body, core).map(Answer::json)
            }
            _ if !matches!(head.method.as_str(), "GET" | "HEAD") => {
                Some(Answer::text(405, "Only /api is posted to").with("allow", "GET, HEAD"))
            }
            Route::Terminal => Some(match handshake::upgrade(head) {
                Ok(answer) => {
                    let visitor = Visitor { from: "http", user, peer, id: None, lock: None };
                    let quiet =
                        head.parameter("quiet").is_some_and(|quiet| quiet.eq_ignore_ascii_case("true"));
                    self.upgrades.insert(token, (visitor, quiet));
                    answer
                }
                Err(answer) => answer,
            }),
            Route::Files => {
                log::info!("audit: user={user:?} from=http peer={peer:?} request={:?}", head.path);
                self.look(token, head, core)
            }
            Route::Page => Some(page::page()),
            Route::OldPage => Some(Answer::text(302, "The page is at /").with("location", "/")),
            Route::Nothing => Some(Answer::text(404, "Not found")),
        };
        if let Some(answer) = answer {
            self.answer(token, answer, core);
        }
    }

    pub(super) fn answer(&mut self, token: Token, answer: Answer, core: &Core) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let answer = match &connection.visit {
            Some(visit) => answer.with("set-cookie", visits::cookie(visit)),
            None => answer,
        };
        connection.answer(answer, None, core.now);
    }

    /// Looks a path up, aside. `None`: the answer comes later.
    fn look(&mut self, token: Token, head: &Head, core: &mut Core) -> Option<Answer> {
        let sent = self.connections.values().filter(|connection| connection.download().is_some()).count();
        if sent >= DOWNLOADS || self.errands >= ERRANDS {
            return Some(Answer::text(503, "Too many files are being sent; try again"));
        }
        let folder = core.options.output_dir_or_default().to_owned();
        let rights = Rights::of(core.permissions_in_force("http"));
        let path = head.path.clone();
        let range = head.field("range").map(str::to_owned);
        let started = core.aside(move |mail| {
            let found = output::look(&folder, &path, range.as_deref(), rights);
            mail.post(Letter::Http(News::Found(token, Box::new(found))));
        });
        self.errands += usize::from(started.is_ok());
        started.err().map(|why| Answer::text(503, &why))
    }

    /// Reads more of a file, aside.
    pub(super) fn fetch(&mut self, token: Token, core: &mut Core) {
        let download = self.connections.get(&token).and_then(Connection::download);
        let Some(reader) = download.map(output::Download::reader) else { return };
        let started = core.aside(move |mail| mail.post(Letter::Http(News::Piece(token, reader()))));
        self.errands += usize::from(started.is_ok());
        if started.is_err()
            && let Some(connection) = self.connections.get_mut(&token)
        {
            connection.fetched(&[], core.now);
        }
    }
}

/// A user's name that a tool says, fit for the log.
fn name_of(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_what_arthas_has_there() {
        for (path, route) in [
            ("/api", Route::Api),
            ("/API", Route::Nothing),
            ("/api/", Route::Nothing),
            ("/ws", Route::Terminal),
            ("/WS", Route::Terminal),
            ("/ws/x", Route::Nothing),
            ("/", Route::Page),
            ("/ui/", Route::OldPage),
            ("/arthas-output", Route::Files),
            ("/arthas-output/a/b", Route::Files),
            ("/arthas-outputs", Route::Nothing),
            ("//", Route::Nothing),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
