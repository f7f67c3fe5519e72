//! `oxprobe-tunnel serve`: puts the parts together, runs until it is told to stop, and stops
//! within five seconds.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lender::{Bench, Java, Shelf};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::agents::Agents;
use crate::failure::Failure;
use crate::folder::{DataFolder, read_secret};
use crate::listener::{self, Listener};
use crate::login::Doorkeeper;
use crate::options::Serve;
use crate::origin::Origins;
use crate::routes::routes;
use crate::server::{Server, Shared};
use crate::stop;
use crate::token::{self, Tokens};
use crate::users::{ADMIN, Users};
use crate::{logger, tls};

/// Goodbyes may take so long; what is left then is cut off.
const GOODBYES: Duration = Duration::from_millis(4_500);

/// Descriptors that are not connections: listeners, files, the runtime's own.
const OWN_DESCRIPTORS: u64 = 64;

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(options: Serve) -> Result<(), Failure> {
    logger::start(options.log);
    // Relaying is little work: more threads would mostly be more memory.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(4)
        .thread_name("oxprobe-tunnel")
        .enable_all()
        .build()
        .map_err(|e| Failure::new(format!("cannot start threads: {e}.")))?;
    let outcome = runtime.block_on(serve(options));
    // What still blocks, a hash say, must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

async fn serve(options: Serve) -> Result<(), Failure> {
    let on = |kind| signal(kind).map_err(|e| Failure::new(format!("cannot listen for signals: {e}.")));
    let (mut terminate, mut interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    let most = connections(options.max_connections)?;
    let folder_path = options.folder.path();
    let folder = DataFolder::open(folder_path.clone())?;
    let tls = match (&options.cert, &options.key) {
        (Some(cert), Some(key)) => Some(tls::acceptor(cert, key)?),
        _ => None,
    };
    let origins = Origins::new(&options.allow_origin)?;
    let given = options.admin_password_file.as_deref().map(read_secret).transpose()?;
    let (tokens, made_token) =
        Tokens::open(&folder, options.agent_token_file.as_deref(), options.allow_anonymous_agents)?;
    let listeners: Vec<_> = options.listen.iter().map(|at| listener::bind(*at)).collect::<Result<_, _>>()?;
    let listens: Vec<SocketAddr> =
        listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let (users, made_password) = Users::open(&folder, given.as_deref())?;
    let shelf = Shelf::beside(None);
    let bench = bench(&options, &shelf)?;
    let (stopper, stop) = stop::channel();
    let server = Arc::new(Server {
        agents: Arc::new(Agents::default()),
        doorkeeper: Doorkeeper::new(folder, users)?,
        tokens,
        origins,
        patience: options.patience,
        trust_proxy: options.trust_proxy,
        listens: listens.clone(),
        tls: tls.is_some(),
        stop: stop.clone(),
        shelf,
        bench,
    });
    let within = options.patience.request_within;
    let listening = Listener::new(routes(&server), tls, most, within, stop);
    for listener in listeners {
        tokio::spawn(listening.clone().run(listener));
    }
    drop(listening);
    let watching = tokio::spawn(watch_users(Arc::clone(&server)));
    let secrets = Secrets { password: made_password, token: made_token, options: &options };
    announce(&listens, server.tls, &folder_path.join(token::FILE), &secrets)?;
    tokio::select! {
        _ = terminate.recv() => log::info!("told to stop (SIGTERM)"),
        _ = interrupt.recv() => log::info!("told to stop (SIGINT)"),
    }
    watching.abort();
    drop(server);
    if !stopper.stop(GOODBYES).await {
        log::warn!("some connections did not say goodbye in time and are cut off");
    }
    log::info!("stopped");
    Ok(())
}

/// Where agents have things decompiled.
fn bench(options: &Serve, shelf: &Shelf) -> Result<Option<Arc<Bench>>, Failure> {
    let named = options.java.as_deref().map(std::path::Path::as_os_str);
    let java = Java::named(named).map_err(|why| Failure::new(format!("--java: {why}.")))?;
    let most = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let bench = java.and_then(|java| Bench::new(java, shelf.clone(), most)).map(Arc::new);
    match &bench {
        Some(_) => log::info!("decompiles for agents, at most {most} classes at a time"),
        None => log::info!(
            "does not decompile for agents: there is no Java or no jar of CFR for it, or --java says so"
        ),
    }
    Ok(bench)
}

/// As many connections as were asked for, or as the limit of open files allows once it is raised.
fn connections(asked: usize) -> Result<usize, Failure> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = (asked as u64).saturating_add(OWN_DESCRIPTORS);
    let current = limit.current.unwrap_or(u64::MAX);
    let allowed = if current < wanted {
        let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
            Ok(()) => raised,
            Err(_) => current,
        }
    } else {
        current
    };
    let most = usize::try_from(allowed.saturating_sub(OWN_DESCRIPTORS)).unwrap_or(usize::MAX).min(asked);
    if most == 0 {
        return Err(Failure::new(
            "the limit of open files (ulimit -n) leaves no room for connections; raise it.",
        ));
    }
    if most < asked {
        log::info!(
            "only {most} connections are possible, the limit of open files (ulimit -n) allows no more"
        );
    }
    Ok(most)
}

/// Ends the sessions of a password that `passwd` changed, soon after it did.
async fn watch_users(server: Shared) {
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let doors = Arc::clone(&server);
        let _ = tokio::task::spawn_blocking(move || doors.doorkeeper.refresh()).await;
    }
}

struct Secrets<'a> {
    password: Option<String>,
    token: Option<String>,
    options: &'a Serve,
}

/// Tells where the server is and how to get in, on stdout. A secret is shown when it is made.
fn announce(
    listens: &[SocketAddr],
    tls: bool,
    token_file: &std::path::Path,
    secrets: &Secrets<'_>,
) -> Result<(), Failure> {
    let (http, ws) = if tls { ("https", "wss") } else { ("http", "ws") };
    let mut text = String::new();
    for address in listens {
        text += &format!("console: {http}://{address}/   agents: {ws}://{address}/ws\n");
        if !tls && !address.ip().is_loopback() {
            log::warn!(
                "{address} is reachable from outside without encryption; use --cert and --key, or a proxy"
            );
        }
    }
    text += &match (&secrets.password, &secrets.options.admin_password_file) {
        (Some(password), _) => format!("user: {ADMIN}   password: {password}   (shown only this once)\n"),
        (None, Some(file)) => format!("user: {ADMIN}   password: as in {}\n", file.display()),
        (None, None) => {
            format!("user: {ADMIN}   password: as before; 'oxprobe-tunnel passwd' makes a new one\n")
        }
    };
    let given = secrets.options.agent_token_file.as_deref();
    text += &match &secrets.token {
        Some(token) => format!("agent token: {token}   (kept in {})\n", token_file.display()),
        None => format!("agent token: in {}\n", given.unwrap_or(token_file).display()),
    };
    if secrets.options.allow_anonymous_agents {
        text += "agents without a token are accepted too\n";
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Failure::new(format!("cannot print where the server is: {e}.")))
}
