//! What the other end of a connection (a client, the tunnel server) does for jobs: it lends files, and it does work in turns
//! with them. Files are asked for piece by piece and turns go in pieces, so that keys and output go on between them.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use shell::{Lender, NoTurn, Work};
use wire::{DECOMPILE, Frame, Message, PartWanted};

/// The length of a piece of a file, in bytes; far below what a frame may carry.
const PIECE: usize = 128 * 1024;

/// The length of a piece of a turn of ours, in bytes: a tunnel server takes messages of 64 KiB.
const SAID: usize = 32 * 1024;

/// The longest file, or turn, that is taken, in bytes.
const LONGEST: usize = 16 << 20;

/// How long one piece of a file may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How often a job that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
pub(crate) struct Loans {
    lends: bool,
    works: bool,
    state: Mutex<State>,
    changed: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// The last number given; none is used again, so that what is late is told.
    number: u32,
    /// What is to be sent.
    out: VecDeque<Frame>,
    /// What jobs wait for, by its number.
    awaited: BTreeMap<u32, Awaited>,
    closed: bool,
}

#[derive(Default)]
struct Awaited {
    bytes: Vec<u8>,
    /// `Ok`: that was all. An error: no more comes and it is not whole; why.
    end: Option<Result<(), String>>,
}

impl Loans {
    /// Of another end with these capabilities; `None` where it does nothing of this. `wake` has the connection look for what
    /// is to be sent.
    pub(crate) fn of(capabilities: &[String], wake: impl Fn() + Send + Sync + 'static) -> Option<Self> {
        let can = |name| capabilities.iter().any(|can| can == name);
        let (lends, works) = (can(PartWanted::CAPABILITY), can(DECOMPILE));
        (lends || works).then(|| Self {
            lends,
            works,
            state: Mutex::default(),
            changed: Condvar::new(),
            wake: Box::new(wake),
        })
    }

    /// What is to be sent next.
    pub(crate) fn next(&self) -> Option<Frame> {
        self.state.lock().out.pop_front()
    }

    /// Takes what the other end has sent of this; other frames mean nothing here.
    pub(crate) fn take(&self, frame: Frame) {
        let (piece, end) = match frame.message {
            Message::Part(piece) | Message::Work(piece) => (piece, Some(Ok(()))),
            Message::WorkPart(piece) => (piece, None),
            Message::WorkOver(why) => (Vec::new(), Some(Err(printable(&why)))),
            _ => return,
        };
        let mut state = self.state.lock();
        // Nobody waits for it any more, or it was told to be over.
        let Some(awaited) = state.awaited.get_mut(&frame.session).filter(|awaited| awaited.end.is_none())
        else {
            return;
        };
        let is_short = awaited.bytes.len() + piece.len() <= LONGEST;
        if is_short {
            awaited.bytes.extend_from_slice(&piece);
        }
        awaited.end = if is_short { end } else { Some(Err("its answer is too long".to_owned())) };
        if awaited.end.is_some() {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// The other end is gone.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    fn number(&self) -> u32 {
        let mut state = self.state.lock();
        state.number = state.number.wrapping_add(1);
        state.number
    }

    /// Sends these and waits for what is said then under this number.
    fn ask(
        &self,
        number: u32,
        messages: impl IntoIterator<Item = Message>,
        deadline: Instant,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, NoTurn> {
        let mut state = self.state.lock();
        state.awaited.insert(number, Awaited::default());
        state.out.extend(messages.into_iter().map(|message| Frame { session: number, message }));
        drop(state);
        (self.wake)();
        let mut state = self.state.lock();
        let heard = loop {
            let is_closed = state.closed;
            match state.awaited.get_mut(&number) {
                Some(Awaited { bytes, end: Some(Ok(())) }) => break Ok(std::mem::take(bytes)),
                Some(Awaited { end: Some(Err(why)), .. }) => break Err(NoTurn::Over(std::mem::take(why))),
                Some(Awaited { end: None, .. }) if !is_closed => {}
                _ => break Err(NoTurn::Over("it is gone".to_owned())),
            }
            if cancelled() {
                break Err(NoTurn::Cancelled);
            }
            if Instant::now() >= deadline {
                break Err(NoTurn::Late);
            }
            self.changed.wait_for(&mut state, LOOK);
        };
        state.awaited.remove(&number);
        heard
    }
}

impl Lender for Loans {
    fn lend(&self, file: &str, cancelled: &dyn Fn() -> bool) -> Option<Vec<u8>> {
        if !self.lends {
            return None;
        }
        let most = u32::try_from(PIECE).unwrap_or(u32::MAX);
        let mut all = Vec::new();
        loop {
            let wanted = PartWanted { file: file.to_owned(), from: all.len() as u64, most };
            let (number, deadline) = (self.number(), Instant::now() + LIMIT);
            let piece = self.ask(number, [Message::PartWanted(wanted)], deadline, cancelled).ok()?;
            all.extend_from_slice(&piece);
            match (piece.len(), all.len()) {
                (_, 0) => return None,
                (length, all) if length > PIECE || all > LONGEST => return None,
                (PIECE, _) => {}
                _ => return Some(all),
            }
        }
    }

    fn begin(&self) -> Option<Box<dyn Work + '_>> {
        self.works.then(|| Box::new(Begun { loans: self, number: self.number() }) as Box<dyn Work>)
    }
}

/// A piece of work that was begun.
struct Begun<'a> {
    loans: &'a Loans,
    number: u32,
}

impl Work for Begun<'_> {
    fn turn(
        &mut self,
        said: &[u8],
        within: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, NoTurn> {
        let last = said.len().saturating_sub(1) / SAID;
        let pieces = (0..=last).map(|at| {
            let end = said.len().min((at + 1) * SAID);
            let piece = said.get(at * SAID..end).unwrap_or_default().to_vec();
            if at == last { Message::Work(piece) } else { Message::WorkPart(piece) }
        });
        self.loans.ask(self.number, pieces, Instant::now() + within, cancelled)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut state = self.loans.state.lock();
        // What of it was not sent is not wanted.
        state.out.retain(|frame| frame.session != self.number);
        state.out.push_back(Frame { session: self.number, message: Message::WorkOver(Vec::new()) });
        drop(state);
        (self.loans.wake)();
    }
}

/// What another program says, fit for a log and a terminal.
fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// A client that answers with `answer` until the loans are gone.
    fn client(answer: impl Fn(&Loans, Frame) + Send + 'static) -> Arc<Loans> {
        let (send, receive) = channel();
        let can = [PartWanted::CAPABILITY.to_owned(), DECOMPILE.to_owned()];
        let wake = move || {
            // Who no longer listens needs no waking.
            let _ = send.send(());
        };
        let loans = Arc::new(Loans::of(&can, wake).unwrap());
        let other = Arc::downgrade(&loans);
        thread::spawn(move || {
            while let (Ok(()), Some(loans)) = (receive.recv(), other.upgrade()) {
                while let Some(frame) = loans.next() {
                    answer(&loans, frame);
                }
            }
        });
        loans
    }

    fn lending(piece: impl Fn(&PartWanted) -> Vec<u8> + Send + 'static) -> Arc<Loans> {
        client(move |loans, frame| {
            let Message::PartWanted(wanted) = frame.message else { return };
            loans.take(Frame { session: frame.session, message: Message::Part(piece(&wanted)) });
        })
    }

    #[test]
    fn a_file_of_any_length_comes_whole() {
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let file: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let lent = file.clone();
            let loans = lending(move |wanted| {
                lent.iter().skip(wanted.from as usize).take(wanted.most as usize).copied().collect()
            });
            assert_eq!(loans.lend("a.jar", &|| false), Some(file), "{length} bytes");
        }
    }

    #[test]
    fn what_is_not_there_too_long_late_or_no_longer_wanted_is_none() {
        assert_eq!(lending(|_| Vec::new()).lend("a.jar", &|| false), None);
        assert_eq!(lending(|_| vec![0; PIECE]).lend("a.jar", &|| false), None);
        let late = client(|loans, frame| {
            let number = frame.session.wrapping_sub(1);
            loans.take(Frame { session: number, message: Message::Part(vec![1]) });
        });
        assert_eq!(late.lend("a.jar", &|| true), None);
        assert_eq!(client(|loans, _| loans.close()).lend("a.jar", &|| false), None);
    }

    #[test]
    fn who_cannot_is_not_asked() {
        assert!(Loans::of(&["files".to_owned()], || ()).is_none());
        let works = Loans::of(&[DECOMPILE.to_owned()], || ()).unwrap();
        assert_eq!(works.lend("a.jar", &|| false), None);
        let lends = Loans::of(&[PartWanted::CAPABILITY.to_owned()], || ()).unwrap();
        assert!(lends.begin().is_none() && lends.next().is_none());
    }

    /// Answers a turn with itself, in pieces of half its length.
    fn echo() -> Arc<Loans> {
        let heard = Mutex::new(Vec::new());
        client(move |loans, frame| {
            let number = frame.session;
            match frame.message {
                Message::WorkPart(piece) => heard.lock().extend(piece),
                Message::Work(piece) => {
                    let mut all = std::mem::take(&mut *heard.lock());
                    all.extend(piece);
                    let rest = all.split_off(all.len() / 2);
                    loans.take(Frame { session: number, message: Message::WorkPart(all) });
                    loans.take(Frame { session: number, message: Message::Work(rest) });
                }
                _ => {}
            }
        })
    }

    #[test]
    fn turns_of_any_length_come_whole_and_in_order() {
        let loans = echo();
        let mut work = loans.begin().unwrap();
        for length in [0, 1, SAID - 1, SAID, SAID + 1, 3 * SAID] {
            let said: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert!(work.turn(&said, SOON, &|| false) == Ok(said), "{length} bytes");
        }
    }

    #[test]
    fn a_turn_that_does_not_come_says_why() {
        let over = |loans: &Loans, frame: Frame| {
            loans.take(Frame { session: frame.session, message: Message::WorkOver(b"of\x1b it".to_vec()) });
        };
        let turn =
            |loans: &Loans, within, cancelled: bool| loans.begin().unwrap().turn(b"x", within, &|| cancelled);
        let because = |why: &str| Err(NoTurn::Over(why.to_owned()));
        assert_eq!(turn(&client(over), SOON, false), because("of it"));
        assert_eq!(turn(&client(|loans, _| loans.close()), SOON, false), because("it is gone"));
        assert_eq!(turn(&client(|_, _| ()), SOON, true), Err(NoTurn::Cancelled));
        assert_eq!(turn(&client(|_, _| ()), Duration::ZERO, false), Err(NoTurn::Late));
        let long = |loans: &Loans, frame: Frame| {
            for _ in 0..=LONGEST / PIECE {
                loans.take(Frame { session: frame.session, message: Message::WorkPart(vec![0; PIECE]) });
            }
        };
        assert_eq!(turn(&client(long), SOON, false), because("its answer is too long"));
    }

    #[test]
    fn the_client_hears_when_work_is_over() {
        let (send, ended) = channel();
        let loans = client(move |_, frame| {
            if matches!(frame.message, Message::WorkOver(_)) {
                send.send(frame.session).unwrap();
            }
        });
        drop(loans.begin().unwrap());
        assert_eq!(ended.recv_timeout(SOON), Ok(1));
    }
}
