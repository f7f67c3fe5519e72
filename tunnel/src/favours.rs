//! What we do for one of our own agents on its control connection: lend jars, and decompile. Nothing of it is there before
//! the agent asks for the first time, since most never do.

use std::future::pending;
use std::sync::Arc;

use lender::Desk;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{block_in_place, spawn_blocking};
use tokio_tungstenite::tungstenite::Message;
use wire::{DECOMPILE, Frame, Message as Said, PartWanted};

use crate::server::Shared;

/// See the module.
pub(crate) struct Favours {
    server: Shared,
    /// Arthas's agents get none.
    is_ours: bool,
    works: Option<Box<Works>>,
}

struct Works {
    desk: Desk,
    said: UnboundedReceiver<Frame>,
}

impl Favours {
    pub(crate) fn new(server: &Shared, is_ours: bool) -> Self {
        Self { server: Arc::clone(server), is_ours, works: None }
    }

    /// The names of what we do, as the agent is told when it has registered.
    pub(crate) fn names(&self) -> Vec<String> {
        let lends = (!self.server.shelf.is_empty()).then_some(PartWanted::CAPABILITY);
        let works = self.server.bench.is_some().then_some(DECOMPILE);
        lends.into_iter().chain(works).filter(|_| self.is_ours).map(str::to_owned).collect()
    }

    /// Does what the agent asks for; other messages mean nothing here. Gives the answer, if there is one already.
    pub(crate) async fn take(&mut self, message: Message) -> Option<Message> {
        let Message::Binary(bytes) = message else { return None };
        let frame = Frame::decode(&bytes).filter(|_| self.is_ours)?;
        let Said::PartWanted(wanted) = frame.message else {
            let desk = &mut self.works().desk;
            // Whoever is told to end is waited for.
            block_in_place(|| desk.take(frame));
            return None;
        };
        let server = Arc::clone(&self.server);
        let piece = spawn_blocking(move || server.shelf.piece(&wanted)).await.unwrap_or_default();
        binary(&Frame { session: frame.session, message: Said::Part(piece) })
    }

    /// What is to be said next of the work that is done. May be given up and asked for again.
    pub(crate) async fn said(&mut self) -> Option<Message> {
        let Some(works) = &mut self.works else { return pending().await };
        match works.said.recv().await {
            Some(frame) => binary(&frame),
            None => pending().await,
        }
    }

    /// Ends the work that is done.
    pub(crate) fn end(self) {
        if let Some(works) = self.works {
            block_in_place(|| drop(works));
        }
    }

    fn works(&mut self) -> &mut Works {
        let bench = &self.server.bench;
        self.works.get_or_insert_with(|| {
            let (say, said) = unbounded_channel();
            // That nobody takes it means that the connection is over.
            Box::new(Works { desk: Desk::new(bench.clone(), move |frame| drop(say.send(frame))), said })
        })
    }
}

fn binary(frame: &Frame) -> Option<Message> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).ok().map(|()| Message::binary(bytes))
}
