//! Calls that have begun and not returned: who is in them, for how long, and where.

use std::time::{Duration, Instant};

use host::thread_info::Frame;

use super::running::Running;
use super::stack::visible;
use crate::prelude::*;
use crate::thread::stack::frame_text;
use crate::units;

/// How many frames of a call are shown.
const DEPTH: usize = 64;

/// The calls of one moment, the oldest first.
#[derive(Serialize)]
pub(super) struct InFlight {
    calls: Vec<OpenCall>,
}

/// A call that has not returned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenCall {
    class_name: String,
    method_name: String,
    /// Empty for a virtual thread without a name.
    thread_name: String,
    thread_id: u64,
    age_millis: f64,
    /// Where the thread is, innermost first; empty where the JVM does not tell.
    stack_trace: Vec<Frame>,
}

impl InFlight {
    /// What is in flight now; `None` if nothing is.
    pub(super) fn of(host: &Host, running: &Running<'_>) -> Result<Option<Self>, Failure> {
        let calls = host.calls_in_flight(running.listener(), DEPTH).or_fail()?;
        let calls: Vec<OpenCall> = calls
            .into_iter()
            .map(|call| OpenCall {
                class_name: call.class,
                method_name: call.method,
                thread_name: call.thread_name,
                thread_id: call.thread_id,
                age_millis: call.age_ns as f64 / 1e6,
                stack_trace: visible(call.stack),
            })
            .collect();
        Ok((!calls.is_empty()).then_some(Self { calls }))
    }
}

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Shows the calls in flight every second, if they are wanted.
pub(super) struct Again(Option<Instant>);

impl Again {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self(is_wanted.then(|| Instant::now() + LOOK))
    }

    /// Shows them, if it is time. They count as a result.
    pub(super) fn show(
        &mut self,
        host: &Host,
        cx: &mut Context<'_>,
        running: &mut Running<'_>,
    ) -> Result<(), Failure> {
        if self.0.is_none_or(|due| Instant::now() < due) {
            return Ok(());
        }
        self.0 = Some(Instant::now() + LOOK);
        let Some(open) = InFlight::of(host, running)? else { return Ok(()) };
        cx.emit(open)?;
        running.shown(cx)
    }
}

impl Show for InFlight {
    const KIND: &'static str = "in-flight";

    fn layout(&self) -> Layout {
        let noun = if self.calls.len() == 1 { "call has" } else { "calls have" };
        let mut lines = vec![Layout::Line(Text::styled(
            Style::Heading,
            format!("{} {noun} not returned", self.calls.len()),
        ))];
        for call in &self.calls {
            let mut line =
                Text::styled(Style::Hot, format!("{} ms", units::millis_of_nanos(call.age_millis * 1e6)));
            line.push(Style::Name, format!(" {}.{}()", call.class_name, call.method_name));
            line.push(Style::Plain, format!(" in \"{}\" Id={}", call.thread_name, call.thread_id));
            lines.push(Layout::Line(line));
            for frame in &call.stack_trace {
                lines.push(Layout::Line(Text::styled(Style::Dim, format!("    at {}", frame_text(frame)))));
            }
        }
        lines.push(Layout::line(""));
        Layout::stack(lines)
    }
}
