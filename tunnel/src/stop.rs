//! The end of the server: everyone is asked, everyone is waited for.
//!
//! Each task that must say goodbye holds a [`Stop`]. Asking wakes all of them; the server has
//! ended when the last one is dropped.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// A task's view of the server's end. Holding it keeps the server from ending.
#[derive(Clone)]
pub(crate) struct Stop {
    asked: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

/// The one that asks.
pub(crate) struct Stopper {
    ask: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
}

/// A pair for one server.
pub(crate) fn channel() -> (Stopper, Stop) {
    let (ask, asked) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    (Stopper { ask, ended }, Stop { asked, _alive: alive })
}

impl Stop {
    /// Waits until the server is to end.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.clone();
        // An error means that the stopper is gone: that is an end too.
        let _ = asked.wait_for(|asked| *asked).await;
    }

    /// Whether the server is about to end.
    pub(crate) fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }
}

impl Stopper {
    /// Asks all to end and waits for them, but no longer than this. Says whether all did.
    pub(crate) async fn stop(mut self, within: Duration) -> bool {
        self.ask.send_replace(true);
        // Nothing is ever sent: it ends when the last holder is gone.
        tokio::time::timeout(within, self.ended.recv()).await.is_ok()
    }
}
