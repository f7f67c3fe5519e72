//! The HTTP server: the API, a terminal over a WebSocket, and the folder of files.
//!
//! It listens only where somebody asked for it, and asks everybody for a password. A request is
//! decided about as soon as its head is there: is it meant for us, does it come from a page of ours,
//! who is it. Only then its body is read and a route works on it.

mod answer;
mod api;
mod connection;
mod console;
mod head;
mod origin;
mod output;
mod page;
mod proxy;
mod visits;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;
use wire::base64;

use crate::core::{Core, Visitor};
use crate::credentials::{Credentials, Verdict};
use crate::mailbox::Letter;
use crate::mcp::{self, Asker, Mcp, Post, Uploads};
use crate::port::Port;
pub(crate) use answer::Answer;
use api::{Api, Client, Reply};
pub(crate) use api::{Object, array};
use connection::{Connection, Step};
use console::Console;
pub(crate) use head::Head;
pub(crate) use output::{Rights, open_below};
pub(crate) use proxy::answer as proxied;
use visits::Visits;

/// How many connections there may be, and how many of people who have not said who they are.
const CONNECTIONS: (usize, usize) = (512, 64);

/// What all connections together may hold, in bytes; more is refused until it is less.
const HELD_BYTES: usize = 64 * 1024 * 1024;

/// How many requests of one connection one turn of the loop takes.
const STEPS_PER_TURN: usize = 32;

/// How many files may be sent at once.
const DOWNLOADS: usize = 16;

/// Something that waited for a disk.
pub(crate) enum News {
    /// What a path below the output folder names.
    Found(Token, Box<output::Found>),
    /// A piece of a file.
    Piece(Token, Vec<u8>),
}

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The option `http`; an assistant's tools, too, where `mcp` names the same address.
    Everything,
    /// The option `mcp`, where it names an address of its own.
    Tools,
}

/// See the module.
pub(crate) struct Http {
    purpose: Purpose,
    /// Where it shall listen.
    wanted: Option<SocketAddr>,
    port: Option<Port>,
    /// Who may enter; `None`: nobody.
    credentials: Option<Arc<Credentials>>,
    visits: Visits,
    connections: BTreeMap<Token, Connection>,
    consoles: BTreeMap<Token, Console>,
    /// Upgrades under way: who opens the console, and whether without a welcome.
    upgrades: BTreeMap<Token, (Visitor, bool)>,
    api: Api,
    /// An assistant's tools are here.
    has_tools: bool,
    mcp: Mcp,
}

/// Who a request is from.
struct Pass {
    visit: String,
}

impl Http {
    pub(crate) fn new(purpose: Purpose, uploads: Arc<Uploads>) -> Self {
        Self {
            purpose,
            wanted: None,
            port: None,
            credentials: None,
            visits: Visits::default(),
            connections: BTreeMap::new(),
            consoles: BTreeMap::new(),
            upgrades: BTreeMap::new(),
            api: Api::new(Instant::now()),
            has_tools: false,
            mcp: Mcp::new(uploads, Instant::now()),
        }
    }

    /// Takes the options in force and who may enter. Nothing happens where they say what is so already.
    pub(crate) fn configure(&mut self, credentials: Option<&Arc<Credentials>>, core: &mut Core) {
        let (http, mcp) = (core.options.http_address(), core.options.mcp_address());
        let wanted = match self.purpose {
            Purpose::Everything => http,
            Purpose::Tools => mcp.filter(|_| mcp != http),
        };
        if self.wanted != wanted || credentials.is_none() {
            self.shut(core);
        }
        self.wanted = wanted;
        *self.problem(core) = None;
        let has_tools = mcp.is_some() && mcp == wanted;
        if self.has_tools && !has_tools {
            self.mcp.leave(core);
            self.post(core);
        }
        self.has_tools = has_tools;
        if has_tools {
            self.mcp.look_after_tools(core);
            self.post(core);
        }
        let (Some(address), Some(credentials)) = (wanted, credentials) else { return };
        let are_new = !self.credentials.as_ref().is_some_and(|before| Arc::ptr_eq(before, credentials));
        if are_new {
            // Who came in by another password is out.
            self.hang_up(core);
            self.credentials = Some(credentials.clone());
        }
        if self.port.is_none() {
            match Port::open(address, core) {
                Ok(port) => {
                    // Somebody may have been quicker than the registration.
                    core.again.insert(port.token());
                    self.port = Some(port);
                }
                Err(why) => {
                    let why = format!("{}: {why}", self.name());
                    log::warn!("{why}");
                    *self.problem(core) = Some(why);
                    return;
                }
            }
        } else if !are_new {
            return;
        }
        self.announce(core);
    }

    fn announce(&self, core: &Core) {
        let (Some(port), Some(credentials)) = (&self.port, &self.credentials) else { return };
        let (name, address) = (self.name(), port.address());
        match (credentials.user(), credentials.made()) {
            (None, _) => log::warn!("{name}: listening at {address}, and asks nobody for a password"),
            (Some(user), None) => log::info!("{name}: listening at {address} for {user}"),
            (Some(user), Some(_)) => log::info!(
                "{name}: listening at {address} for {user}; no password was given, so one was made up, which \
                 `session` shows over the local socket"
            ),
        }
        core.shell.connections().update(|known| {
            *self.shown(known) = Some(shell::Port {
                address: address.to_string(),
                user: credentials.user().map(str::to_owned),
                made_password: credentials.made().map(str::to_owned),
            });
        });
    }

    /// As the option and the log have it.
    fn name(&self) -> &'static str {
        match self.purpose {
            Purpose::Everything => "http",
            Purpose::Tools => "mcp",
        }
    }

    fn problem<'c>(&self, core: &'c mut Core) -> &'c mut Option<String> {
        match self.purpose {
            Purpose::Everything => &mut core.problems.http,
            Purpose::Tools => &mut core.problems.mcp,
        }
    }

    fn shown<'c>(&self, known: &'c mut shell::ConnectionState) -> &'c mut Option<shell::Port> {
        match self.purpose {
            Purpose::Everything => &mut known.http,
            Purpose::Tools => &mut known.mcp,
        }
    }

    /// Takes what waited for a disk, for a tool.
    pub(crate) fn filed(&mut self, news: &mcp::News, core: &mut Core) {
        self.mcp.filed(news, core);
        self.post(core);
    }

    /// Says what the tools have to say.
    fn post(&mut self, core: &mut Core) {
        for (token, post) in self.mcp.posts() {
            let Some(connection) = self.connections.get_mut(&token) else { continue };
            let events = || Answer::new(200, "text/event-stream", Vec::new());
            match post {
                Post::Begin => connection.begin(events(), core.now),
                Post::Event(text) => {
                    if !connection.is_in_parts() {
                        connection.begin(events(), core.now);
                    }
                    connection.part(text.as_bytes(), false, core.now);
                }
                Post::End(text) if connection.is_in_parts() => {
                    connection.part(text.unwrap_or_default().as_bytes(), true, core.now);
                    connection.finish(core.now);
                }
                Post::End(text) => {
                    let answer = Answer { body: text.unwrap_or_default().into_bytes(), ..events() };
                    connection.answer(answer, None, core.now);
                }
                Post::Answer(answer) => connection.answer(answer, None, core.now),
            }
            core.again.insert(token);
        }
    }

    /// Takes what waited for a disk.
    pub(crate) fn hear(&mut self, news: News, core: &mut Core) {
        match news {
            News::Found(token, found) => {
                if let Some(connection) = self.connections.get_mut(&token) {
                    let mut answer = found.answer;
                    if let Some(visit) = &connection.visit {
                        answer = answer.with("set-cookie", visits::cookie(visit));
                    }
                    connection.answer(answer, found.download, core.now);
                    self.drive(token, core);
                }
            }
            News::Piece(token, piece) => {
                if let Some(connection) = self.connections.get_mut(&token) {
                    connection.fetched(&piece, core.now);
                    self.drive(token, core);
                }
            }
        }
    }

    /// Closes the port and everything that came by it.
    fn shut(&mut self, core: &mut Core) {
        if let Some(port) = self.port.take() {
            log::info!("{}: {} is closed", self.name(), port.address());
        }
        self.hang_up(core);
        self.credentials = None;
        core.shell.connections().update(|known| *self.shown(known) = None);
    }

    fn hang_up(&mut self, core: &mut Core) {
        self.api.leave(core);
        self.deliver(core);
        self.mcp.leave(core);
        self.post(core);
        for console in self.consoles.values_mut() {
            console.leave(1001, "the HTTP port changes", core);
        }
        for connection in self.connections.values_mut() {
            connection.leave(core.now);
        }
        let tokens: Vec<Token> = self.connections.keys().copied().collect();
        for token in tokens {
            self.drive(token, core);
        }
        self.visits.forget();
    }

    /// Whether the token is one of ours; then what can be done is done.
    pub(crate) fn ready(&mut self, token: Token, core: &mut Core) -> bool {
        if self.port.as_ref().is_some_and(|port| port.token() == token) {
            self.accept(core);
        } else if self.connections.contains_key(&token) {
            self.drive(token, core);
        } else if let Some(console) = self.consoles.get_mut(&token) {
            if console.drive(core).is_err() {
                console.end_session(core);
                self.consoles.remove(&token);
            }
        } else if self.api.ready(token, core) {
            self.deliver(core);
        } else if self.mcp.ready(token, core) {
            self.post(core);
        } else {
            return false;
        }
        true
    }

    fn accept(&mut self, core: &mut Core) {
        while let Some((token, stream, peer)) = self.port.as_mut().and_then(|port| port.accept(core)) {
            self.take(token, stream, peer, Vec::new(), core);
        }
    }

    /// Takes a connection on which HTTP is spoken, and what was read from it already.
    fn take(&mut self, token: Token, stream: TcpStream, peer: SocketAddr, read: Vec<u8>, core: &mut Core) {
        let (most, strangers) = CONNECTIONS;
        if core.stopping || self.connections.len() + self.consoles.len() >= most {
            return;
        }
        // Of too many strangers the one that has been here longest without a word goes.
        let unknown = self.connections.values().filter(|connection| !connection.known);
        if unknown.clone().count() >= strangers
            && let Some(oldest) = unknown.min_by_key(|connection| connection.accepted).map(Connection::token)
        {
            self.forget(oldest);
        }
        self.connections.insert(token, Connection::new(stream, token, peer, read, core.now));
        self.drive(token, core);
    }

    fn forget(&mut self, token: Token) {
        self.connections.remove(&token);
        self.upgrades.remove(&token);
        self.api.gone(token);
        self.mcp.gone(token);
    }

    /// Does what a connection wants, as long as it wants something.
    fn drive(&mut self, token: Token, core: &mut Core) {
        for _ in 0..STEPS_PER_TURN {
            let Some(connection) = self.connections.get_mut(&token) else { return };
            match connection.step(core.now) {
                Step::Wait => return,
                Step::Gone => return self.forget(token),
                Step::Decide(head) => self.decide(token, head, core),
                Step::Serve(head, body) => self.serve(token, &head, &body, core),
                Step::Fetch => self.fetch(token, core),
                Step::Upgraded(stream, read) => return self.upgraded(token, stream, read, core),
            }
        }
        core.again.insert(token);
    }

    /// Lets a request in or turns it away, before its body is read.
    fn decide(&mut self, token: Token, head: Head, core: &mut Core) {
        let now = core.now;
        let (name, held) = (self.name(), self.connections.values().map(Connection::weight).sum::<usize>());
        let Some(connection) = self.connections.get_mut(&token) else { return };
        if let Err(refused) = origin::check(&head, &core.options.host_names) {
            log::warn!("{name}: {}: {}", connection.peer, refused.why);
            return connection.turn_away(&head, Answer::refusal(refused.status, refused.why), now);
        }
        if head.path == mcp::ROUTE && head.length > mcp::LONGEST {
            let answer = Answer::refusal(413, "the message is longer than 2 MiB");
            return connection.turn_away(&head, answer, now);
        }
        let limit = core.options.session_timeout_or_default();
        let peer = connection.peer;
        let visit = connection.visit.clone();
        let Some(credentials) = &self.credentials else { return self.forget(token) };
        match admit(credentials, &mut self.visits, &head, peer, visit, limit, now) {
            Err(answer) => connection.turn_away(&head, answer, now),
            Ok(_) if held + head.length > HELD_BYTES => {
                let sentence = "too much is waiting to be read by others; try again";
                connection.turn_away(&head, Answer::refusal(503, sentence), now);
            }
            Ok(pass) => {
                connection.visit = Some(pass.visit);
                connection.admit(head, now);
            }
        }
    }

    /// Works on a request that was let in.
    fn serve(&mut self, token: Token, head: &Head, body: &[u8], core: &mut Core) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let visit = connection.visit.clone().unwrap_or_default();
        if let Some(user) = head.parameter("userId") {
            self.visits.set_user_id(&visit, name_of(&user));
        }
        let user = self.credentials.as_ref().and_then(|known| known.user()).unwrap_or_default().to_owned();
        let peer = connection.peer.to_string();
        let user = self.visits.user_id(&visit).unwrap_or(user);
        let path = head.path.as_str();
        let follows = matches!(head.method.as_str(), "GET" | "HEAD");
        let answer = if path == mcp::ROUTE && self.has_tools {
            let said = head.field("x-user-id").map(name_of).filter(|user| !user.is_empty());
            let asker = Asker { connection: token, user: said.unwrap_or(user), peer };
            let answer = self.mcp.ask(asker, head, body, core);
            self.post(core);
            answer
        } else if self.purpose == Purpose::Tools {
            Some(Answer::text(404, "Not found"))
        } else if path == "/api" {
            if head.method == "POST" {
                let client = Client { connection: token, user, peer };
                self.api.ask(client, body, core).map(Answer::json)
            } else {
                let method: String = head.method.chars().take(20).collect();
                Some(Answer::json(Reply::refused(format!("Unsupported http method: {method}")).json()))
            }
        } else if !follows {
            Some(Answer::text(405, "Only /api is posted to").with("allow", "GET, HEAD"))
        } else if path.eq_ignore_ascii_case("/ws") {
            match upgrade(head) {
                Ok(answer) => {
                    let visitor = Visitor { from: "http", user, peer, id: None, lock: None };
                    let quiet =
                        head.parameter("quiet").is_some_and(|quiet| quiet.eq_ignore_ascii_case("true"));
                    self.upgrades.insert(token, (visitor, quiet));
                    Some(answer)
                }
                Err(answer) => Some(answer),
            }
        } else if path == output::ROUTE || path.starts_with("/arthas-output/") {
            self.look(token, head, core)
        } else {
            Some(match path {
                "/" | "/index.html" => page::page(),
                "/ui" | "/ui/" => Answer::text(302, "The page is at /").with("location", "/"),
                _ => Answer::text(404, "Not found"),
            })
        };
        if let Some(answer) = answer {
            self.answer(token, answer, core);
        }
    }

    fn answer(&mut self, token: Token, answer: Answer, core: &Core) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let answer = match &connection.visit {
            Some(visit) => answer.with("set-cookie", visits::cookie(visit)),
            None => answer,
        };
        connection.answer(answer, None, core.now);
    }

    /// Looks a path up, aside. `None`: the answer comes later.
    fn look(&mut self, token: Token, head: &Head, core: &mut Core) -> Option<Answer> {
        if self.connections.values().filter(|connection| connection.download().is_some()).count() >= DOWNLOADS
        {
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
        started.err().map(|why| Answer::text(503, &why))
    }

    /// Reads more of a file, aside.
    fn fetch(&mut self, token: Token, core: &mut Core) {
        let download = self.connections.get(&token).and_then(Connection::download);
        let Some(reader) = download.map(output::Download::reader) else { return };
        let started = core.aside(move |mail| mail.post(Letter::Http(News::Piece(token, reader()))));
        if started.is_err()
            && let Some(connection) = self.connections.get_mut(&token)
        {
            connection.fetched(&[], core.now);
        }
    }

    fn upgraded(&mut self, token: Token, stream: TcpStream, read: Vec<u8>, core: &mut Core) {
        self.connections.remove(&token);
        let Some((visitor, quiet)) = self.upgrades.remove(&token) else { return };
        let console = Console::open(stream, read, token, visitor, quiet, core);
        self.consoles.insert(token, console);
        // What came behind the handshake makes no event any more.
        core.again.insert(token);
    }

    /// Sends the API's replies that became ready.
    fn deliver(&mut self, core: &mut Core) {
        for (token, json) in self.api.replies() {
            self.answer(token, Answer::json(json), core);
            self.drive(token, core);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connections = self.connections.values().filter_map(Connection::deadline);
        let consoles = self.consoles.values().map(Console::deadline);
        let port = self.port.as_ref().and_then(Port::deadline);
        let sessions = self.api.deadline().into_iter().chain(self.mcp.deadline());
        connections.chain(consoles).chain(sessions).chain(port).min()
    }

    pub(crate) fn tick(&mut self, core: &mut Core) {
        let now = core.now;
        if self.port.as_ref().and_then(Port::deadline).is_some_and(|paused| now >= paused) {
            self.accept(core);
        }
        let due = self
            .connections
            .values_mut()
            .filter_map(|connection| connection.tick(now).then_some(connection.token()));
        for token in due.collect::<Vec<_>>() {
            self.drive(token, core);
        }
        self.consoles.retain(|_, console| match console.tick(now) {
            Ok(()) => true,
            Err(_) => {
                console.end_session(core);
                false
            }
        });
        self.api.tick(core);
        self.deliver(core);
        self.mcp.tick(core);
        self.post(core);
    }

    /// The agent stops: no more connections, and the last words to those there are.
    pub(crate) fn leave(&mut self, core: &mut Core) {
        self.port = None;
        self.api.leave(core);
        self.deliver(core);
        self.mcp.leave(core);
        self.post(core);
        for console in self.consoles.values_mut() {
            // What the last command said goes out first.
            drop(console.drive(core));
            console.leave(1000, "Bye", core);
        }
        for connection in self.connections.values_mut() {
            connection.leave(core.now);
        }
        core.shell.connections().update(|known| *self.shown(known) = None);
    }

    /// Whether everybody has what was said.
    pub(crate) fn is_flushed(&self) -> bool {
        self.consoles.is_empty() && self.connections.values().all(Connection::is_flushed)
    }
}

/// Who a request is from: by its cookie, else by `Authorization: Basic` (at `/mcp` also `Bearer`), else by its
/// query.
fn admit(
    credentials: &Credentials,
    visits: &mut Visits,
    head: &Head,
    peer: SocketAddr,
    visit: Option<String>,
    limit: Option<Duration>,
    now: Instant,
) -> Result<Pass, Answer> {
    if let Some(visit) = visits.known(head, now, limit) {
        return Ok(Pass { visit });
    }
    let is_tools = head.path == mcp::ROUTE;
    let bearer = || {
        let password = bearer(head).filter(|_| is_tools)?;
        Some((credentials.user().unwrap_or_default().to_owned(), password.to_owned()))
    };
    let given = basic(head).or_else(bearer).or_else(|| {
        let password = head.parameter("password")?;
        Some((head.parameter("username").unwrap_or_else(|| "arthas".to_owned()), password))
    });
    let verdict = match (&given, credentials.user()) {
        (_, None) => Verdict::Right,
        (None, Some(_)) => Verdict::Wrong,
        (Some((user, password)), Some(_)) => {
            credentials.check(origin::network(peer.ip()), user, password, now)
        }
    };
    match verdict {
        Verdict::Right => {}
        Verdict::Wrong => {
            let answer = Answer::refusal(401, "Say user and password");
            return Err(match is_tools {
                true => answer
                    .with("www-authenticate", "Bearer realm=\"arthas mcp\"")
                    .with("www-authenticate", "Basic realm=\"arthas mcp\""),
                false => answer.with("www-authenticate", "Basic realm=\"arthas webconsole\""),
            });
        }
        Verdict::Wait(wait) => {
            let answer = Answer::refusal(429, "Too many passwords were wrong; wait");
            return Err(answer.with("retry-after", wait.as_secs_f64().ceil().to_string()));
        }
    }
    let visit = match visit.filter(|visit| visits.touch(visit, now)) {
        Some(visit) => visit,
        None => visits.begin(now).map_err(|why| Answer::refusal(500, why))?,
    };
    Ok(Pass { visit })
}

/// A user's name that a tool says, fit for the log.
fn name_of(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The token of a request, which is the password.
fn bearer(head: &Head) -> Option<&str> {
    let (scheme, token) = head.field("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// User and password of a request.
fn basic(head: &Head) -> Option<(String, String)> {
    let (scheme, text) = head.field("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64::decode(text.trim())?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The answer that makes a WebSocket of a connection (RFC 6455, 4.2).
fn upgrade(head: &Head) -> Result<Answer, Answer> {
    let wanted = || Answer::text(426, "A WebSocket is wanted here").with("upgrade", "websocket");
    if head.method != "GET"
        || !head.has_word("upgrade", "websocket")
        || !head.has_word("connection", "upgrade")
    {
        return Err(wanted());
    }
    if head.field("sec-websocket-version") != Some("13") {
        return Err(wanted().with("sec-websocket-version", "13"));
    }
    let key =
        head.field("sec-websocket-key").filter(|key| base64::decode(key).is_some_and(|key| key.len() == 16));
    let key = key.ok_or_else(|| Answer::text(400, "Sec-WebSocket-Key is none"))?;
    let mut answer = Answer::new(101, "", Vec::new());
    answer.fields.push(("upgrade", "websocket".to_owned()));
    Ok(answer.with("sec-websocket-accept", derive_accept_key(key.as_bytes())))
}

/// For the fuzz target: everything that is read out of a request.
pub(crate) fn fuzz(head: Option<Head>, body: &[u8]) {
    if let Some(head) = head {
        drop((
            origin::check(&head, &[]).is_ok(),
            basic(&head),
            head.parameter("password"),
            upgrade(&head).is_ok(),
        ));
        output::fuzz(&head.path, head.field("range").unwrap_or_default());
    }
    api::fuzz(body);
}
