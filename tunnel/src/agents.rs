//! Which agents there are: those connected, those lost and why, and consoles that are being opened.
//!
//! Each registration has an epoch. The newest one with the same credentials takes the id, and an
//! old connection that ends later removes nothing: removal compares epochs.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot};
use wire::arthas::{Identity, Order, Registration, application_of, new_id};

use crate::clock;
use crate::failure::Failure;
use crate::random;
use crate::socket::Socket;
use crate::token::Credential;

/// So many lost agents are remembered; the one lost first is forgotten first.
const MOST_LOST: usize = 1_000;

/// Orders an agent may have waiting. One that does not read has no use for more.
const ORDERS: usize = 16;

/// What is known about an agent, from what it said and where it came from.
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) application: String,
    pub(crate) address: SocketAddr,
    pub(crate) arthas_version: Option<String>,
    pub(crate) identity: Option<Identity>,
}

impl Facts {
    fn of(registration: Registration, id: String, address: SocketAddr) -> Self {
        let Registration { application, arthas_version, identity, .. } = registration;
        let application =
            application.or_else(|| application_of(&id).map(str::to_owned)).unwrap_or_else(|| id.clone());
        Self { id, application, address, arthas_version, identity }
    }
}

/// A connected agent.
pub(crate) struct Agent {
    pub(crate) facts: Arc<Facts>,
    /// Since when, in milliseconds since 1970.
    pub(crate) since: u64,
    /// When it last sent anything, in milliseconds since 1970.
    pub(crate) last_seen: AtomicU64,
    /// Open consoles.
    pub(crate) sessions: AtomicU32,
    /// Woken when a newer registration takes its place.
    pub(crate) replaced: Notify,
    epoch: u64,
    credential: Credential,
    orders: mpsc::Sender<Order>,
}

/// An agent that was connected once.
#[derive(Clone)]
pub(crate) struct Lost {
    pub(crate) facts: Arc<Facts>,
    pub(crate) since: u64,
    pub(crate) last_seen: u64,
    pub(crate) reason: String,
    sequence: u64,
}

/// A console that waits for its agent.
struct Waiting {
    id: String,
    epoch: u64,
    browser: SocketAddr,
    arrives: oneshot::Sender<Socket>,
}

#[derive(Default)]
struct Tables {
    epoch: u64,
    connected: HashMap<String, Arc<Agent>>,
    lost: HashMap<String, Lost>,
    // By the order in which they were lost.
    lost_order: BTreeMap<u64, String>,
    waiting: HashMap<String, Waiting>,
}

/// The registry.
#[derive(Default)]
pub(crate) struct Agents {
    tables: Mutex<Tables>,
}

/// Why no console can be opened.
#[derive(Debug)]
pub(crate) enum NoConsole {
    /// No agent of this id was ever here, or it is forgotten.
    Unknown,
    /// It was here, and is lost for this reason.
    Lost(String),
    /// It does not take orders.
    Busy,
    /// The server itself cannot.
    Internal(Failure),
}

impl Agents {
    /// Registers an agent; `Err` where its id belongs to one with other credentials.
    /// The receiver yields what it is told; it belongs to the control connection.
    pub(crate) fn register(
        &self,
        registration: Registration,
        address: SocketAddr,
        credential: Credential,
    ) -> Result<(Arc<Agent>, mpsc::Receiver<Order>), NotRegistered> {
        let id = match &registration.id {
            Some(id) => id.clone(),
            None => {
                let random = random::bytes().map_err(NotRegistered::Internal)?;
                new_id(registration.application.as_deref(), random)
            }
        };
        let now = clock::now_ms();
        let (orders, receiver) = mpsc::channel(ORDERS);
        let mut tables = self.lock();
        tables.may_register(&id, credential)?;
        tables.epoch += 1;
        let agent = Arc::new(Agent {
            facts: Arc::new(Facts::of(registration, id.clone(), address)),
            since: now,
            last_seen: AtomicU64::new(now),
            sessions: AtomicU32::new(0),
            replaced: Notify::new(),
            epoch: tables.epoch,
            credential,
            orders,
        });
        if let Some(lost) = tables.lost.remove(&id) {
            tables.lost_order.remove(&lost.sequence);
        }
        if let Some(old) = tables.connected.insert(id, Arc::clone(&agent)) {
            tables.waiting.retain(|_, waiting| waiting.epoch != old.epoch);
            old.replaced.notify_one();
            let was = old.facts.identity.as_ref().map(|i| (&i.host, i.pid, i.started));
            let is = agent.facts.identity.as_ref().map(|i| (&i.host, i.pid, i.started));
            if was != is {
                log::warn!(
                    "{:?} is now the agent at {address}, no longer the one at {}; if both live, give them different ids",
                    agent.facts.id,
                    old.facts.address
                );
            }
        }
        Ok((agent, receiver))
    }

    /// Whether an agent with this credential may have the id.
    pub(crate) fn may_register(&self, id: &str, credential: Credential) -> Result<(), NotRegistered> {
        self.lock().may_register(id, credential)
    }

    /// The agent's connection ended. Does nothing where a newer one has its place.
    pub(crate) fn lost(&self, agent: &Agent, reason: &str) {
        let id = &agent.facts.id;
        let mut tables = self.lock();
        if tables.connected.get(id).is_none_or(|current| current.epoch != agent.epoch) {
            return;
        }
        tables.connected.remove(id);
        tables.waiting.retain(|_, waiting| waiting.epoch != agent.epoch);
        let lost = Lost {
            facts: Arc::clone(&agent.facts),
            since: agent.since,
            last_seen: agent.last_seen.load(Ordering::Relaxed),
            reason: reason.to_owned(),
            sequence: agent.epoch,
        };
        tables.lost_order.insert(agent.epoch, id.clone());
        tables.lost.insert(id.clone(), lost);
        if tables.lost.len() > MOST_LOST
            && let Some((_, forgotten)) = tables.lost_order.pop_first()
        {
            tables.lost.remove(&forgotten);
        }
    }

    /// A lost agent tried to come back and was refused: the listing says so.
    pub(crate) fn refused(&self, id: &str, reason: &str) {
        if let Some(lost) = self.lock().lost.get_mut(id) {
            reason.clone_into(&mut lost.reason);
        }
    }

    /// Asks an agent for a console.
    pub(crate) fn open(self: &Arc<Self>, id: &str, browser: SocketAddr) -> Result<Opening, NoConsole> {
        let connection = random::id().map_err(NoConsole::Internal)?;
        let mut tables = self.lock();
        let Some(agent) = tables.connected.get(id).map(Arc::clone) else {
            return Err(tables
                .lost
                .get(id)
                .map_or(NoConsole::Unknown, |lost| NoConsole::Lost(lost.reason.clone())));
        };
        let order = Order::StartTunnel { id: id.to_owned(), connection: connection.clone() };
        agent.orders.try_send(order).map_err(|_| NoConsole::Busy)?;
        let (arrives, arrived) = oneshot::channel();
        let waiting = Waiting { id: id.to_owned(), epoch: agent.epoch, browser, arrives };
        tables.waiting.insert(connection.clone(), waiting);
        agent.sessions.fetch_add(1, Ordering::Relaxed);
        drop(tables);
        Ok(Opening { agents: Arc::clone(self), connection, arrived, _session: Session(agent) })
    }

    /// Takes the place of a console that was asked for: good once. `None` where nobody waits.
    pub(crate) fn claim(&self, connection: &str, id: Option<&str>) -> Option<oneshot::Sender<Socket>> {
        let mut tables = self.lock();
        let waiting = tables.waiting.get(connection)?;
        if id.is_some_and(|id| id != waiting.id) {
            return None;
        }
        tables.waiting.remove(connection).map(|waiting| waiting.arrives)
    }

    /// The connected agents, in no order.
    pub(crate) fn connected(&self) -> Vec<Arc<Agent>> {
        self.lock().connected.values().map(Arc::clone).collect()
    }

    /// One connected agent.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Agent>> {
        self.lock().connected.get(id).map(Arc::clone)
    }

    /// The lost agents, in no order.
    pub(crate) fn lost_ones(&self) -> Vec<Lost> {
        self.lock().lost.values().cloned().collect()
    }

    /// Consoles that wait for their agent, with where the browser is.
    pub(crate) fn waiting(&self) -> Vec<(String, SocketAddr)> {
        self.lock()
            .waiting
            .iter()
            .map(|(connection, waiting)| (connection.clone(), waiting.browser))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an agent is not registered.
#[derive(Debug)]
pub(crate) enum NotRegistered {
    /// The id belongs to an agent that showed a token, and this one shows none.
    Taken,
    /// The server itself cannot.
    Internal(Failure),
}

impl Tables {
    fn may_register(&self, id: &str, credential: Credential) -> Result<(), NotRegistered> {
        // A token beats anonymity; nothing beats a token.
        let taken = |old: &Arc<Agent>| old.credential == Credential::Token && credential != Credential::Token;
        if self.connected.get(id).is_some_and(taken) { Err(NotRegistered::Taken) } else { Ok(()) }
    }
}

/// A console that was asked for. Dropping it gives up.
pub(crate) struct Opening {
    agents: Arc<Agents>,
    connection: String,
    arrived: oneshot::Receiver<Socket>,
    _session: Session,
}

impl Opening {
    /// Waits for the agent's connection; `None` where the agent is lost meanwhile.
    /// May be dropped and called again.
    pub(crate) async fn arrived(&mut self) -> Option<Socket> {
        (&mut self.arrived).await.ok()
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.agents.lock().waiting.remove(&self.connection);
    }
}

/// Counts a console of an agent for as long as it lives.
struct Session(Arc<Agent>);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(id: &str) -> Registration {
        Registration { id: Some(id.into()), ..Registration::default() }
    }

    fn address() -> SocketAddr {
        "10.0.0.1:1".parse().unwrap()
    }

    fn register(agents: &Agents, id: &str) -> (Arc<Agent>, mpsc::Receiver<Order>) {
        agents.register(registration(id), address(), Credential::Token).unwrap()
    }

    #[test]
    fn an_old_connection_never_removes_a_newer_registration() {
        let agents = Agents::default();
        let (old, _old_orders) = register(&agents, "a_1");
        let (new, _new_orders) = register(&agents, "a_1");
        agents.lost(&old, "closed");
        assert!(Arc::ptr_eq(&agents.find("a_1").unwrap(), &new));
        assert!(agents.lost_ones().is_empty());
        agents.lost(&new, "closed");
        assert!(agents.find("a_1").is_none());
        assert_eq!(agents.lost_ones().len(), 1);
        register(&agents, "a_1");
        assert!(agents.lost_ones().is_empty(), "who is back is not lost");
    }

    #[test]
    fn an_anonymous_agent_cannot_take_the_place_of_one_with_a_token() {
        let agents = Agents::default();
        let anonymous = || agents.register(registration("a_1"), address(), Credential::Anonymous);
        assert!(anonymous().is_ok());
        assert!(anonymous().is_ok());
        register(&agents, "a_1");
        assert!(matches!(anonymous(), Err(NotRegistered::Taken)));
    }

    #[test]
    fn of_the_lost_ones_a_thousand_are_remembered_the_oldest_go_first() {
        let agents = Agents::default();
        for n in 0..MOST_LOST + 5 {
            let (agent, _orders) = register(&agents, &format!("a_{n}"));
            agents.lost(&agent, "closed");
        }
        let lost = agents.lost_ones();
        assert_eq!(lost.len(), MOST_LOST);
        assert!(lost.iter().all(|lost| lost.sequence > 5));
    }

    #[test]
    fn a_console_is_claimed_once_and_only_for_its_agent() {
        let agents = Arc::new(Agents::default());
        let (agent, mut orders) = register(&agents, "a_1");
        let opening = agents.open("a_1", address()).unwrap();
        let Some(Order::StartTunnel { connection, .. }) = orders.try_recv().ok() else { panic!() };
        assert_eq!(agent.sessions.load(Ordering::Relaxed), 1);
        assert!(agents.claim(&connection, Some("a_2")).is_none());
        assert!(agents.claim("x", Some("a_1")).is_none());
        assert!(agents.claim(&connection, Some("a_1")).is_some());
        assert!(agents.claim(&connection, Some("a_1")).is_none());
        drop(opening);
        assert_eq!(agent.sessions.load(Ordering::Relaxed), 0);
        drop(agents.open("a_1", address()).unwrap());
        assert!(agents.waiting().is_empty(), "giving up leaves nothing");
    }

    #[test]
    fn an_agent_that_takes_no_orders_is_busy_and_an_unknown_one_unknown() {
        let agents = Arc::new(Agents::default());
        let (agent, _orders) = register(&agents, "a_1");
        let openings: Vec<_> = (0..ORDERS).map(|_| agents.open("a_1", address()).unwrap()).collect();
        assert!(matches!(agents.open("a_1", address()), Err(NoConsole::Busy)));
        assert_eq!(openings.len(), agents.waiting().len());
        agents.lost(&agent, "closed");
        assert!(agents.waiting().is_empty());
        assert!(matches!(agents.open("a_1", address()), Err(NoConsole::Lost(why)) if why == "closed"));
        assert!(matches!(agents.open("a_2", address()), Err(NoConsole::Unknown)));
    }
}
