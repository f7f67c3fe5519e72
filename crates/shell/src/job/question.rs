//! A command that asks yes or no, and the key that answers.
//!
//! Only keys typed after the question answer it: what was typed ahead is the next line, and must not agree to anything.

use super::Job;
use crate::edit::Key;
use crate::{Drawn, Failure};

/// Whether a job asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing is asked.
    #[default]
    Nothing,
    /// A person is asked.
    Person,
    /// He has answered.
    Answered(bool),
}

impl Job {
    /// Asks, and waits for the answer. `None`: the job was sent to the background, where nobody answers.
    ///
    /// # Errors
    /// The command was cancelled.
    pub(crate) fn ask(&self, question: &str) -> Result<Option<bool>, Failure> {
        loop {
            // Asked once more when it goes on.
            self.pause()?;
            let mut state = self.state.lock();
            if state.background && !state.suspended {
                return Ok(None);
            }
            // Together: a key that comes when the question is seen is an answer.
            state.asks = Asks::Person;
            drop(state);
            self.push_last(Drawn::Text(question.to_owned()));
            let mut state = self.state.lock();
            while state.asks == Asks::Person && !state.suspended && state.cancelled.is_none() {
                self.changed.wait(&mut state);
            }
            let asks = std::mem::take(&mut state.asks);
            if state.cancelled.is_some() {
                return Err(Failure::Cancelled);
            }
            if let Asks::Answered(yes) = asks {
                return Ok(Some(yes));
            }
        }
    }

    /// Whether a person is asked now.
    pub(crate) fn is_asking(&self) -> bool {
        self.state.lock().asks == Asks::Person
    }

    /// A key while it asks: `y`, or `n` and what people press for it. What the terminal shows for it.
    pub(crate) fn answers(&self, key: Key) -> &'static str {
        let mut state = self.state.lock();
        let yes = match key {
            Key::Char('y' | 'Y') => true,
            Key::Char('n' | 'N' | 'q' | 'Q') | Key::Enter => false,
            // Nothing else answers, nor is it kept: it was not meant for a prompt.
            _ => return "",
        };
        state.asks = Asks::Answered(yes);
        drop(state);
        self.changed.notify_all();
        if yes { "y\r\n" } else { "n\r\n" }
    }
}
