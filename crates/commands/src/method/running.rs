//! A running observation: its results, what ends it, and its last words.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use host::advice::{Ended, Listener, Next, StackRecord, TraceRecord, WatchRecord};
use host::observe::{self, Observation};
use host::{Matched, Parts};

use super::cost;
use super::effect::{Enhancer, Weaving, nothing_affected};
use crate::prelude::*;

/// How long a command waits for the next result before it looks whether it shall end.
const SLICE: Duration = Duration::from_millis(50);

/// A running observation. Dropping it takes the listener away.
pub(super) struct Running<'h> {
    host: &'h Host,
    listener: Listener,
    observed: Option<observe::Observed>,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    limit: u64,
    shown: u64,
    effect: observe::Effect,
    is_lazy: bool,
    /// Its status after such a failure is another: Arthas's.
    pub(super) is_trace: bool,
    /// The condition, where each result shall say that it held.
    verbose: Option<String>,
}

/// What [`Running::next`] found.
pub(super) enum Found {
    Trace(TraceRecord),
    Stack(StackRecord),
    Watch(WatchRecord),
    /// Nothing yet.
    Nothing,
    /// It is over; why is said.
    Over,
}

impl<'h> Running<'h> {
    /// A listener on no method yet. It hears nothing until [`Running::go`]: what is called before everything
    /// is woven would be told in part.
    pub(super) fn new(
        host: &'h Host,
        listener: Listener,
        limit: u64,
        timeout: Option<Duration>,
        verbose: Option<String>,
    ) -> Self {
        listener.pause();
        let effect = observe::Effect::default();
        Self {
            host,
            listener,
            observed: None,
            timeout,
            deadline: None,
            limit,
            shown: 0,
            effect,
            is_lazy: false,
            is_trace: false,
            verbose,
        }
    }

    /// Weaves the methods.
    pub(super) fn observe(&mut self, matched: &Matched, observation: &Observation) -> Result<(), Failure> {
        let observed = self.host.observe(matched, observation).or_fail()?;
        self.effect = observed.effect().clone();
        self.observed = Some(observed);
        self.is_lazy = observation.lazy.is_some();
        Ok(())
    }

    pub(super) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// The ids of all observed methods.
    pub(super) fn methods(&self) -> &[u32] {
        &self.effect.ids
    }

    /// All is woven: says so, and lets the results come.
    pub(super) fn go(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        if cx.is_terminal() {
            cx.message("Press Q or Ctrl+C to abort.")?;
        }
        // First: who reads that it is on may rely on it.
        self.listener.resume();
        self.deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let answer = Enhancer::of(self.host, &self.effect, self.listener.id());
        let is_nothing = self.effect.methods == 0;
        cx.emit(answer)?;
        if is_nothing && !self.is_lazy {
            return Err(nothing_affected());
        }
        if is_nothing {
            cx.message("Lazy mode is enabled, waiting for class to be loaded. Press Q or Ctrl+C to abort.")?;
        }
        Ok(())
    }

    /// Weaves more methods, whose calls show below those of the others only.
    pub(super) fn extend(
        &mut self,
        cx: &mut Context<'_>,
        matched: &Matched,
        parts: Parts,
    ) -> Result<(), Failure> {
        cx.emit(Weaving::of(matched))?;
        let new = self.host.extend(self.listener.id(), matched, parts, true).or_fail()?;
        let effect = &mut self.effect;
        effect.ids.extend(new.ids);
        effect.refused.extend(new.refused);
        effect.notes.extend(new.notes);
        effect.dumped.extend(new.dumped);
        effect.methods += new.methods;
        effect.millis += new.millis;
        // A class may be met on several levels.
        let classes = effect.ids.iter().filter_map(|id| self.host.woven_method(*id));
        effect.classes =
            classes.map(|facts| (facts.loader.clone(), facts.class.clone())).collect::<BTreeSet<_>>().len();
        Ok(())
    }

    /// The next result, soon.
    pub(super) fn next(&mut self, cx: &mut Context<'_>) -> Result<Found, Failure> {
        if self.is_over(cx)? {
            return Ok(Found::Over);
        }
        Ok(match self.listener.next(SLICE) {
            Next::Trace(record) => Found::Trace(record),
            Next::Stack(record) => Found::Stack(record),
            Next::Watch(record) => Found::Watch(record),
            Next::Nothing => match self.listener.faults() {
                // Where nothing was ever evaluated nothing will be; one call among others is counted.
                Some(faulty) if faulty.all && self.shown == 0 => return Err(self.fault(&faulty.first)),
                _ => Found::Nothing,
            },
            Next::Ended(Ended::Limit) if self.shown < self.limit => Found::Nothing,
            Next::Ended(_) => Found::Over,
        })
    }

    /// What the first call said that could not be asked.
    fn fault(&self, why: &str) -> Failure {
        let redaction = self.host.options().redaction();
        let status = if self.is_trace { 1 } else { -1 };
        Failure::with_status(
            status,
            format!(
                "At a call the expression or condition could not be evaluated: {} Ask what every call can answer, such \
                 as `x != null && x.name == 'a'`.",
                redaction.scrub(why)
            ),
        )
    }

    /// Counts a result that was shown.
    pub(super) fn shown(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        self.shown += 1;
        match &self.verbose {
            Some(condition) => cx.message(format!("Condition express: {condition} , result: true")),
            None => Ok(()),
        }
    }

    /// Whether the limit or the time-out is reached, which is said, or the probe is off.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>) -> Result<bool, Failure> {
        if cx.cancelled() {
            return Err(Failure::Cancelled);
        }
        if self.shown >= self.limit {
            cx.message(format!(
                "Command execution times exceed limit: {}, so command will exit. You can set it with -n option.",
                self.limit
            ))?;
            return Ok(true);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            let seconds = self.timeout.unwrap_or_default().as_secs();
            cx.message(format!("Command execution timeout after {seconds} seconds."))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether the probe has switched itself off.
    pub(super) fn is_off(&self) -> bool {
        self.listener.ended().is_some()
    }

    /// Sleeps for `time`, but not beyond the end of the observation.
    pub(super) fn sleep(&self, cx: &Context<'_>, time: Duration) -> Result<(), Failure> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        cx.sleep(left.map_or(time, |left| left.min(time)))
    }

    /// Ends the observation and says what it has cost.
    pub(super) fn end(mut self, cx: &mut Context<'_>, end: Result<(), Failure>) -> Result<(), Failure> {
        self.observed = None;
        cx.last_words(cost::Observed::of(&self.listener, &self.host.options().redaction()));
        end
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.observed = None;
        self.listener.close();
    }
}
