//! Files that the other end of a connection (a client, the tunnel server) lends to a job: asked for piece by piece, so that neither side ever holds more
//! than one on its way, and keys and output go on between them.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use shell::Lender;
use wire::PartWanted;

/// The length of a piece, in bytes; far below what a frame may carry.
const PIECE: usize = 128 * 1024;

/// The longest file that is taken, in bytes.
const LONGEST: usize = 16 << 20;

/// How long one piece may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How often a job that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
pub(crate) struct Loans {
    state: Mutex<State>,
    changed: Condvar,
    /// Held by the job whose file comes.
    turn: Mutex<()>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// The number of the piece that is waited for; never used again, so that a late one is told.
    number: u32,
    wanted: Option<PartWanted>,
    piece: Option<Vec<u8>>,
    closed: bool,
}

impl Loans {
    /// `wake` has the connection look for what is wanted.
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), turn: Mutex::new(()), wake: Box::new(wake) }
    }

    /// What the other end is to be asked for, once.
    pub(crate) fn wanted(&self) -> Option<(u32, PartWanted)> {
        let mut state = self.state.lock();
        let wanted = state.wanted.take()?;
        Some((state.number, wanted))
    }

    /// A piece has come.
    pub(crate) fn arrived(&self, number: u32, piece: Vec<u8>) {
        let mut state = self.state.lock();
        if state.number == number && piece.len() <= PIECE {
            state.piece = Some(piece);
            drop(state);
            self.changed.notify_all();
        }
    }

    /// The other end is gone.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    fn piece(&self, file: &str, from: usize, cancelled: &dyn Fn() -> bool) -> Option<Vec<u8>> {
        let most = u32::try_from(PIECE).unwrap_or(u32::MAX);
        let mut state = self.state.lock();
        state.number = state.number.wrapping_add(1);
        state.piece = None;
        state.wanted = Some(PartWanted { file: file.to_owned(), from: from as u64, most });
        drop(state);
        (self.wake)();
        let deadline = Instant::now() + LIMIT;
        let mut state = self.state.lock();
        loop {
            if let Some(piece) = state.piece.take() {
                return Some(piece);
            }
            if state.closed || cancelled() || Instant::now() >= deadline {
                return None;
            }
            self.changed.wait_for(&mut state, LOOK);
        }
    }
}

impl Lender for Loans {
    fn lend(&self, file: &str, cancelled: &dyn Fn() -> bool) -> Option<Vec<u8>> {
        let _turn = self.turn.lock();
        let mut all = Vec::new();
        loop {
            let piece = self.piece(file, all.len(), cancelled)?;
            let is_last = piece.len() < PIECE;
            all.extend_from_slice(&piece);
            match (is_last, all.len()) {
                (_, 0) => return None,
                (true, _) => return Some(all),
                (false, length) if length > LONGEST => return None,
                (false, _) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    /// A client that answers with `answer` until the loans are closed.
    fn client(answer: impl Fn(&Loans, u32, PartWanted) + Send + 'static) -> Arc<Loans> {
        let (send, receive) = channel();
        let loans = Arc::new(Loans::new(move || {
            // Who no longer listens needs no waking.
            let _ = send.send(());
        }));
        let other = Arc::downgrade(&loans);
        thread::spawn(move || {
            while let (Ok(()), Some(loans)) = (receive.recv(), other.upgrade()) {
                if let Some((number, wanted)) = loans.wanted() {
                    answer(&loans, number, wanted);
                }
            }
        });
        loans
    }

    fn of(bytes: &[u8], wanted: &PartWanted) -> Vec<u8> {
        bytes.iter().skip(wanted.from as usize).take(wanted.most as usize).copied().collect()
    }

    #[test]
    fn a_file_of_any_length_comes_whole() {
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let file: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let lent = file.clone();
            let loans = client(move |loans, number, wanted| loans.arrived(number, of(&lent, &wanted)));
            assert_eq!(loans.lend("a.jar", &|| false), Some(file), "{length} bytes");
        }
    }

    #[test]
    fn what_is_not_there_too_long_late_or_no_longer_wanted_is_none() {
        let loans = client(|loans, number, _| loans.arrived(number, Vec::new()));
        assert_eq!(loans.lend("a.jar", &|| false), None);
        let loans = client(|loans, number, _| loans.arrived(number, vec![0; PIECE]));
        assert_eq!(loans.lend("a.jar", &|| false), None);
        let loans = client(|loans, number, _| loans.arrived(number.wrapping_sub(1), vec![1]));
        assert_eq!(loans.lend("a.jar", &|| true), None);
        let loans = client(|loans, _, _| loans.close());
        assert_eq!(loans.lend("a.jar", &|| false), None);
    }
}
