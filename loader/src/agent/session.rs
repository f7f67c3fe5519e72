//! What `exec` and `console` have in common: the session's number, credit for what was written out,
//! signals as something to poll.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{User, getuid};
use wire::{Message, SessionId, Window};

/// We open one session on a connection.
pub const SESSION: SessionId = 1;

/// How much the agent may send ahead of what we have written out, in bytes.
pub const WINDOW: u64 = 2 << 20;

/// Counts what was written out and gives it back in few frames.
#[derive(Debug, Default)]
pub struct Credit {
    owed: u64,
}

impl Credit {
    /// So many bytes were written out: the frame to send, when it is worth one.
    pub fn wrote(&mut self, bytes: usize) -> Option<Message> {
        self.owed += bytes as u64;
        (self.owed >= WINDOW / 4).then(|| Message::Window(Window { bytes: std::mem::take(&mut self.owed) }))
    }
}

/// Who we are, for the agent's log.
pub fn user() -> String {
    let name = |uid| User::from_uid(uid).ok().flatten().map(|user| user.name);
    let own = name(getuid()).unwrap_or_else(|| format!("uid {}", getuid()));
    match std::env::var("SUDO_USER") {
        Ok(behind) if getuid().is_root() => format!("{own} ({behind})"),
        _ => own,
    }
}

/// Signals that are read instead of interrupting.
#[derive(Debug)]
pub struct Signals {
    file: SignalFd,
}

impl Signals {
    /// Takes these signals out of their usual course for the rest of the process.
    pub fn take(signals: &[Signal]) -> nix::Result<Self> {
        let set: SigSet = signals.iter().copied().collect();
        set.thread_block()?;
        Ok(Self { file: SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)? })
    }

    /// For `poll`.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The next one that has come.
    pub fn next(&self) -> Option<Signal> {
        let info = self.file.read_signal().ok()??;
        Signal::try_from(info.ssi_signo as i32).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_is_given_back_whole_and_not_for_every_byte() {
        let mut credit = Credit::default();
        let mut given = 0;
        let mut frames = 0;
        for _ in 0..1000 {
            if let Some(Message::Window(window)) = credit.wrote(4096) {
                given += window.bytes;
                frames += 1;
            }
        }
        assert!(frames < 10);
        assert_eq!(given + credit.owed, 1000 * 4096);
        assert!(credit.owed < WINDOW / 4);
    }
}
