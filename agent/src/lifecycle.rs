//! Whether the agent runs, as one explicit state machine: no thread, no JVM, all of it tested.
//!
//! Loaded, Starting, Running, Stopping, Stopped, and Running again; the JVM's death ends it from
//! anywhere. `A` is what an attach brings, `H` how a running agent is reached.

use std::mem;

/// Where the agent is.
pub(crate) enum Lifecycle<A, H> {
    /// In memory, never started.
    Loaded,
    /// Our thread is on its way. Further attaches wait.
    Starting(Vec<A>),
    /// It answers.
    Running(H),
    /// It gives back what it took. The last attach meanwhile starts it again.
    Stopping(Option<A>),
    /// It left nothing behind; the next attach starts it again.
    Stopped,
    /// The JVM is going.
    VmDead,
}

/// What an attach leads to.
pub(crate) enum Step<A, H> {
    /// Start our thread with it.
    Start(A),
    /// Hand it to the running agent.
    Configure(H, A),
    /// Nothing now: it is kept, or too late.
    Nothing,
}

impl<A, H: Clone> Lifecycle<A, H> {
    /// Somebody attaches.
    pub(crate) fn attach(&mut self, attach: A) -> Step<A, H> {
        match self {
            Self::Loaded | Self::Stopped => {
                *self = Self::Starting(Vec::new());
                Step::Start(attach)
            }
            Self::Starting(waiting) => {
                waiting.push(attach);
                Step::Nothing
            }
            Self::Running(handle) => Step::Configure(handle.clone(), attach),
            Self::Stopping(next) => {
                *next = Some(attach);
                Step::Nothing
            }
            Self::VmDead => Step::Nothing,
        }
    }

    /// Our thread is up. The attaches that came meanwhile; `None`: the JVM is going, do not run.
    pub(crate) fn running(&mut self, handle: H) -> Option<Vec<A>> {
        match self {
            Self::Starting(waiting) => {
                let waiting = mem::take(waiting);
                *self = Self::Running(handle);
                Some(waiting)
            }
            _ => None,
        }
    }

    /// It began to stop.
    pub(crate) fn stopping(&mut self) {
        if matches!(self, Self::Running(_)) {
            *self = Self::Stopping(None);
        }
    }

    /// Whether it runs or is about to.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self, Self::Starting(_) | Self::Running(_))
    }

    /// It broke and starts anew. `false`: it is not wanted any more.
    pub(crate) fn broken(&mut self) -> bool {
        match self {
            Self::Running(_) => {
                *self = Self::Starting(Vec::new());
                true
            }
            Self::Starting(_) => true,
            Self::Loaded | Self::Stopping(_) | Self::Stopped | Self::VmDead => false,
        }
    }

    /// Our thread is about to end. An attach that came meanwhile: start again with it.
    pub(crate) fn ended(&mut self) -> Option<A> {
        let next = match mem::replace(self, Self::Stopped) {
            // The last one: its nonce is the one somebody waits for.
            Self::Starting(mut waiting) => waiting.pop(),
            Self::Stopping(next) => next,
            Self::VmDead => {
                *self = Self::VmDead;
                None
            }
            Self::Loaded | Self::Running(_) | Self::Stopped => None,
        };
        if next.is_some() {
            *self = Self::Starting(Vec::new());
        }
        next
    }

    /// The JVM is going. How to reach the agent, if it runs.
    pub(crate) fn death(&mut self) -> Option<H> {
        match mem::replace(self, Self::VmDead) {
            Self::Running(handle) => Some(handle),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Test = Lifecycle<u32, &'static str>;

    fn started() -> Test {
        let mut life = Test::Loaded;
        assert!(matches!(life.attach(1), Step::Start(1)));
        assert_eq!(life.running("handle"), Some(vec![]));
        life
    }

    #[test]
    fn a_second_attach_configures_the_running_agent() {
        let mut life = started();
        assert!(matches!(life.attach(2), Step::Configure("handle", 2)));
    }

    #[test]
    fn an_attach_while_it_starts_is_kept_for_it() {
        let mut life = Test::Loaded;
        assert!(matches!(life.attach(1), Step::Start(1)));
        assert!(matches!(life.attach(2), Step::Nothing));
        assert!(matches!(life.attach(3), Step::Nothing));
        assert_eq!(life.running("handle"), Some(vec![2, 3]));
    }

    #[test]
    fn it_stops_and_starts_again() {
        let mut life = started();
        life.stopping();
        assert_eq!(life.ended(), None);
        assert!(matches!(life, Test::Stopped));
        assert!(matches!(life.attach(2), Step::Start(2)));
        assert_eq!(life.running("again"), Some(vec![]));
    }

    #[test]
    fn an_attach_while_it_stops_starts_it_again() {
        let mut life = started();
        life.stopping();
        assert!(matches!(life.attach(2), Step::Nothing));
        assert!(matches!(life.attach(3), Step::Nothing));
        assert!(!life.is_up());
        assert_eq!(life.ended(), Some(3));
        assert!(life.is_up());
        assert_eq!(life.running("again"), Some(vec![]));
    }

    #[test]
    fn a_start_that_failed_can_be_tried_again() {
        let mut life = Test::Loaded;
        assert!(matches!(life.attach(1), Step::Start(1)));
        assert_eq!(life.ended(), None);
        assert!(matches!(life.attach(2), Step::Start(2)));
    }

    #[test]
    fn a_broken_one_starts_anew_unless_it_was_stopping() {
        let mut life = started();
        assert!(life.broken());
        assert_eq!(life.running("anew"), Some(vec![]));
        life.stopping();
        assert!(!life.broken());
        assert_eq!(life.ended(), None);
    }

    #[test]
    fn the_jvms_death_ends_it_from_everywhere() {
        let mut stopping = started();
        stopping.stopping();
        let mut starting = Test::Loaded;
        assert!(matches!(starting.attach(1), Step::Start(1)));
        for mut life in [Test::Loaded, starting, stopping, Test::Stopped] {
            assert_eq!(life.death(), None);
            assert!(matches!(life.attach(9), Step::Nothing));
            assert_eq!(life.running("late"), None);
            assert_eq!(life.ended(), None);
            assert!(matches!(life, Test::VmDead));
        }
        assert_eq!(started().death(), Some("handle"));
    }
}
