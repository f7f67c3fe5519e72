//! The work that agents ask for on one connection: frames come in, turns go to decompilers, and what those say goes out as
//! frames. Each piece of work has a thread for as long as it lasts, so that nobody else waits for it.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wire::{Frame, Message};

use crate::Bench;
use crate::workshop::Ender;

/// How many pieces of work a connection may have.
const MOST: usize = 8;

/// How much of turns that are not whole yet is held for a connection, in bytes.
const LONGEST: usize = 32 << 20;

/// How much of a turn goes into a frame, in bytes; far below what one may carry, so that keys and output go on between.
const PIECE: usize = 128 * 1024;

/// How long an agent may think about its next turn. It gives a piece of work a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where what is said goes to; it may block. Called on any thread.
type Say = Arc<dyn Fn(Frame) + Send + Sync>;

/// See the module. Dropping it ends all that it has begun.
pub struct Desk {
    bench: Option<Arc<Bench>>,
    works: BTreeMap<u32, Work>,
    say: Say,
}

struct Work {
    /// Of the turn that comes.
    parts: Vec<u8>,
    turns: Option<SyncSender<Vec<u8>>>,
    end: Arc<Mutex<End>>,
}

#[derive(Default)]
struct End {
    wanted: bool,
    ender: Option<Ender>,
}

impl Desk {
    /// A desk; without a bench it says of all work that it cannot be done.
    pub fn new(bench: Option<Arc<Bench>>, say: impl Fn(Frame) + Send + Sync + 'static) -> Self {
        Self { bench, works: BTreeMap::new(), say: Arc::new(say) }
    }

    /// Whether it can do anything.
    pub fn works(&self) -> bool {
        self.bench.is_some()
    }

    /// Takes a frame of work; others mean nothing to it. Does not wait.
    pub fn take(&mut self, frame: Frame) {
        let number = frame.session;
        let (piece, is_last) = match frame.message {
            Message::WorkPart(piece) => (piece, false),
            Message::Work(piece) => (piece, true),
            Message::WorkOver(_) => return drop(self.works.remove(&number)),
            _ => return,
        };
        if !self.works.contains_key(&number) && self.works.len() >= MOST {
            return self.refuse(number, "too much is asked for at a time");
        }
        let held: usize = self.works.values().map(|work| work.parts.len()).sum();
        let work = self.works.entry(number).or_insert_with(Work::new);
        if held + piece.len() > LONGEST {
            return self.refuse(number, "what is told is too long");
        }
        work.parts.extend_from_slice(&piece);
        if is_last {
            let turn = std::mem::take(&mut work.parts);
            let taken = match (&work.turns, &self.bench) {
                (Some(turns), _) => turns.try_send(turn),
                (None, Some(bench)) => {
                    let (turns, told) = sync_channel(1);
                    let sent = turns.try_send(turn);
                    work.turns = begin(number, bench, &work.end, told, &self.say).then_some(turns);
                    sent
                }
                (None, None) => return self.refuse(number, "it is not done here"),
            };
            // Where nobody listens any more, it was said that it is over.
            if let Err(TrySendError::Full(_)) = taken {
                self.refuse(number, "it was not waited for the answer");
            }
        }
    }

    fn refuse(&mut self, number: u32, why: &str) {
        self.works.remove(&number);
        (self.say)(over(number, why));
    }
}

impl Work {
    fn new() -> Self {
        Self { parts: Vec::new(), turns: None, end: Arc::default() }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.wanted = true;
        if let Some(ender) = end.ender.take() {
            ender.end();
        }
    }
}

/// Starts the thread of a piece of work; says that it is over where there can be none.
fn begin(number: u32, bench: &Arc<Bench>, end: &Arc<Mutex<End>>, told: Receiver<Vec<u8>>, say: &Say) -> bool {
    let to = Arc::clone(say);
    let (bench, end, say) = (Arc::clone(bench), Arc::clone(end), Arc::clone(say));
    let work = move || {
        if let Err(why) = work(number, &bench, &end, &told, &*say) {
            say(over(number, &why.to_string()));
        }
    };
    let started = thread::Builder::new().name("oxprobe-work".to_owned()).spawn(work);
    started.inspect_err(|why| to(over(number, &format!("no thread can be started: {why}")))).is_ok()
}

/// Whose work is over, and why.
fn over(number: u32, why: &str) -> Frame {
    Frame { session: number, message: Message::WorkOver(why.as_bytes().to_vec()) }
}

/// `Ok`: nobody wants to hear more of it.
fn work(
    number: u32,
    bench: &Bench,
    end: &Mutex<End>,
    told: &Receiver<Vec<u8>>,
    say: &(dyn Fn(Frame) + Send + Sync),
) -> io::Result<()> {
    let (_place, mut workshop) = bench.start()?;
    {
        let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.wanted {
            return Ok(());
        }
        end.ender = Some(workshop.ender());
    }
    loop {
        let Ok(turn) = told.recv_timeout(PATIENCE) else { return Ok(()) };
        let heard = workshop
            .turn(&turn)
            .map_err(|why| io::Error::new(why.kind(), format!("the decompiler ended: {why}")))?;
        let mut rest = heard.as_slice();
        while let Some((piece, more)) = rest.split_at_checked(PIECE).filter(|(_, more)| !more.is_empty()) {
            say(Frame { session: number, message: Message::WorkPart(piece.to_vec()) });
            rest = more;
        }
        say(Frame { session: number, message: Message::Work(rest.to_vec()) });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn is_over(desk: &mut Desk, said: &Receiver<Frame>, number: u32, message: Message) -> bool {
        desk.take(Frame { session: number, message });
        matches!(said.try_recv(), Ok(Frame { session, message: Message::WorkOver(_) }) if session == number)
    }

    #[test]
    fn work_that_cannot_be_done_is_over_at_once() {
        let (send, said) = channel();
        let mut desk = Desk::new(None, move |frame| send.send(frame).unwrap());
        assert!(!desk.works());
        assert!(!is_over(&mut desk, &said, 7, Message::WorkPart(vec![1])));
        assert!(is_over(&mut desk, &said, 7, Message::Work(vec![2])));
        assert!(!is_over(&mut desk, &said, 7, Message::WorkOver(Vec::new())));
    }

    #[test]
    fn nobody_can_make_it_hold_more_than_it_may() {
        let (send, said) = channel();
        let mut desk = Desk::new(None, move |frame| send.send(frame).unwrap());
        for number in 0..MOST as u32 {
            assert!(!is_over(&mut desk, &said, number, Message::WorkPart(vec![1])));
        }
        assert!(is_over(&mut desk, &said, 100, Message::WorkPart(vec![1])));
        let piece = vec![0; wire::MAX_PAYLOAD];
        let taken =
            (0..).take_while(|_| !is_over(&mut desk, &said, 0, Message::WorkPart(piece.clone()))).count();
        assert!(taken * piece.len() <= LONGEST);
        assert!(!is_over(&mut desk, &said, 100, Message::WorkPart(vec![1])));
    }
}
