//! Logging in and out, and knowing who asks.
//!
//! A browser gets a cookie that scripts cannot read and that other sites' requests do not carry.
//! A script may send name and password with each request instead (HTTP Basic); the first costs a
//! hash, the next ones are recognised for as long as the password stays.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::Response;
use ring::hmac;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::answer::{Refusal, json, read_json};
use crate::clock;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::lockout::Lockout;
use crate::peer::{Peer, header};
use crate::random;
use crate::server::{Server, Shared};
use crate::session::{self, Login, Sessions};
use crate::users::{Fingerprint, Users};

const COOKIE: &str = "oxprobe_session";

/// So many requests may wait for their password to be hashed; more are told to come again.
const QUEUE: usize = 16;

/// What is needed to know who asks.
pub(crate) struct Doorkeeper {
    folder: DataFolder,
    users: Users,
    sessions: Sessions,
    lockout: Mutex<Lockout>,
    // One hash at a time: it takes a core and 7 MiB.
    hashing: Semaphore,
    waiting: AtomicUsize,
    // The last name and password that were right together, and the password they were right for.
    recognised: Mutex<Option<(hmac::Tag, Fingerprint)>>,
    key: hmac::Key,
}

impl Doorkeeper {
    /// Takes over what the data folder remembers.
    pub(crate) fn new(folder: DataFolder, users: Users) -> Result<Self, Failure> {
        let sessions = Sessions::open(&folder, clock::now_ms())?;
        Ok(Self {
            folder,
            users,
            sessions,
            lockout: Mutex::default(),
            hashing: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            recognised: Mutex::default(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?),
        })
    }

    /// Whether a request has a session's cookie, valid or not.
    pub(crate) fn has_cookie(headers: &HeaderMap) -> bool {
        cookie(headers).is_some()
    }

    /// Notices a password that `passwd` changed. Blocks on the disk.
    pub(crate) fn refresh(&self) {
        match self.users.refresh(&self.folder) {
            Ok(true) => self.sessions.sweep(&self.folder, |user| self.users.fingerprint(user)),
            Ok(false) => {}
            Err(failure) => log::warn!("the users' file cannot be read, the last one counts: {failure}"),
        }
    }

    /// Checks a password, with lock-out.
    async fn verify(
        server: &Shared,
        user: String,
        password: String,
        peer: std::net::IpAddr,
    ) -> Result<(), Refusal> {
        let this = &server.doorkeeper;
        let queued = Queued::enter(&this.waiting)?;
        let permit = this.hashing.acquire().await.map_err(Refusal::internal)?;
        // Checked only now, so that guesses made side by side count one after the other.
        let locked = this.lockout().check(&user, peer, Instant::now());
        if let Err(wait) = locked {
            let seconds = wait.as_millis().div_ceil(1_000);
            let sentence = format!("too many wrong passwords; try again in {seconds} seconds.");
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, sentence).retry_after(wait));
        }
        let (doors, name) = (Arc::clone(server), user.clone());
        let right = tokio::task::spawn_blocking(move || {
            doors.doorkeeper.refresh();
            doors.doorkeeper.users.verify(&name, &password)
        });
        let right = right.await.map_err(Refusal::internal)?;
        let mut lockout = this.lockout();
        if right {
            lockout.succeeded(&user, peer, Instant::now());
        } else {
            lockout.failed(&user, peer, Instant::now());
        }
        drop((lockout, permit, queued));
        if right {
            return Ok(());
        }
        log::warn!("wrong password for {user:?} from {peer}");
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "user or password is wrong."))
    }

    fn lockout(&self) -> std::sync::MutexGuard<'_, Lockout> {
        self.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks, by cookie or by name and password. Refuses strangers.
    pub(crate) async fn who(server: &Shared, headers: &HeaderMap, peer: Peer) -> Result<Login, Refusal> {
        let this = &server.doorkeeper;
        let by_cookie = cookie(headers)
            .and_then(|key| this.sessions.find(key, clock::now_ms(), |user| this.users.fingerprint(user)));
        if let Some(login) = by_cookie {
            return Ok(login);
        }
        let Some((user, password)) = basic(headers) else { return Err(Refusal::login()) };
        let fingerprint = this.users.fingerprint(&user);
        let text = format!("{user}:{password}");
        {
            let recognised = this.recognised.lock().unwrap_or_else(PoisonError::into_inner);
            let address = peer.responsible(headers, server.trust_proxy);
            if let Some((tag, of)) = &*recognised
                && fingerprint.as_ref() == Some(of)
                && this.lockout().check(&user, address, Instant::now()).is_ok()
                && hmac::verify(&this.key, text.as_bytes(), tag.as_ref()).is_ok()
            {
                return Ok(Login::without_session(&user));
            }
        }
        Self::verify(server, user.clone(), password, peer.responsible(headers, server.trust_proxy)).await?;
        let right = this.users.fingerprint(&user).map(|of| (hmac::sign(&this.key, text.as_bytes()), of));
        *this.recognised.lock().unwrap_or_else(PoisonError::into_inner) = right;
        Ok(Login::without_session(&user))
    }
}

struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Result<Self, Refusal> {
        let this = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < QUEUE {
            return Ok(this);
        }
        let wait = Duration::from_secs(1);
        Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many logins at once; try again in a second.")
            .retry_after(wait))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Deserialize)]
struct Form {
    user: String,
    password: String,
}

/// `POST /api/login`
pub(crate) async fn login(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    server.origins.check(request.headers(), false)?;
    let headers = request.headers().clone();
    let form: Form = read_json(request, server.patience.request_within).await?;
    let address = peer.responsible(&headers, server.trust_proxy);
    let user: String = form.user.chars().take(100).collect();
    Doorkeeper::verify(&server, user.clone(), form.password, address).await?;
    let (doors, name) = (Arc::clone(&server), user.clone());
    let key = tokio::task::spawn_blocking(move || {
        let Doorkeeper { folder, users, sessions, .. } = &doors.doorkeeper;
        let fingerprint = users.fingerprint(&name).unwrap_or_default();
        sessions.begin(folder, &name, fingerprint, clock::now_ms())
    });
    let key = key.await.map_err(Refusal::internal)?.map_err(Refusal::internal)?;
    log::info!("{user} logged in from {address}");
    let mut response = json(&serde_json::json!({ "user": user }));
    set_cookie(&mut response, &key, session::LASTS, peer.is_https(&headers, server.trust_proxy))?;
    Ok(response)
}

/// `POST /api/logout`: ends the session and the consoles that were opened with it.
pub(crate) async fn logout(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    server.origins.check(&headers, false)?;
    if let Some(key) = cookie(&headers) {
        let (doors, key) = (Arc::clone(&server), key.to_owned());
        let ended = tokio::task::spawn_blocking(move || {
            doors.doorkeeper.sessions.end(&doors.doorkeeper.folder, &key);
        });
        ended.await.map_err(Refusal::internal)?;
    }
    let mut response = json(&serde_json::json!({}));
    set_cookie(&mut response, "", Duration::ZERO, peer.is_https(&headers, server.trust_proxy))?;
    Ok(response)
}

/// `GET /api/me`: who is logged in, and what the console wants to know about the server.
pub(crate) async fn me(
    State(server): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let login = Doorkeeper::who(&server, &headers, peer).await?;
    Ok(json(&serde_json::json!({ "user": login.user, "version": Server::VERSION })))
}

fn set_cookie(response: &mut Response, key: &str, lasts: Duration, https: bool) -> Result<(), Refusal> {
    let secure = if https { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={key}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", lasts.as_secs());
    let value = HeaderValue::from_str(&text).map_err(Refusal::internal)?;
    response.headers_mut().insert(SET_COOKIE, value);
    Ok(())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all("cookie").into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, key)| key)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, coded) = header(headers, "authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(data_encoding::BASE64.decode(coded.trim().as_bytes()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.chars().take(100).collect(), password.to_owned()))
}
