//! What an observation has cost the application, and why it ended by itself: a command's last words.

use host::advice::{Ended, Listener};
use host::values::Redaction;

use crate::prelude::*;
use crate::units;

/// The end of an observation.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Observed {
    /// Calls that reached a probe of the listener.
    calls: u64,
    /// What one of them took, by what the clock takes on this machine.
    nanos_per_call: f64,
    /// Call sites passed in traced calls.
    #[serde(skip_serializing_if = "is_zero")]
    sites: u64,
    /// What one of those took.
    #[serde(skip_serializing_if = "is_nothing")]
    nanos_per_site: f64,
    /// Results that were made.
    results: u64,
    /// What making them took, measured.
    results_millis: f64,
    /// What all of it took of the application's time.
    total_millis: f64,
    dropped: Dropped,
    /// Calls at which the expression or condition could not be evaluated.
    #[serde(skip_serializing_if = "is_zero")]
    faults: u64,
    /// Why, at the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Why the probe switched itself off.
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<String>,
}

/// What was not told.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dropped {
    /// Results that came faster than they were read.
    results: u64,
    /// Calls cut off trees.
    cut: u64,
    /// Calls that could not be traced: too many threads at once.
    untraced: u64,
    /// Calls in flight that found no place.
    in_flight: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_nothing(nanos: &f64) -> bool {
    *nanos == 0.0
}

impl Observed {
    pub(super) fn of(listener: &Listener, redaction: &Redaction) -> Self {
        let (cost, drops) = (listener.cost(), listener.drops());
        let (faults, fault) = listener.faults().map(|faulty| (faulty.count, faulty.first)).unzip();
        Self {
            calls: cost.calls,
            nanos_per_call: cost.call_ns,
            sites: cost.sites,
            nanos_per_site: if cost.sites > 0 { cost.site_ns } else { 0.0 },
            results: cost.records,
            results_millis: cost.records_ns as f64 / 1e6,
            total_millis: cost.total_ns() as f64 / 1e6,
            dropped: Dropped {
                results: drops.records,
                cut: drops.cut,
                untraced: drops.untraced,
                in_flight: drops.in_flight,
            },
            faults: faults.unwrap_or(0),
            fault: fault.map(|why| redaction.scrub(&why).into_owned()),
            off: match listener.ended() {
                Some(Ended::Budget(why)) => Some(why),
                _ => None,
            },
        }
    }
}

impl Show for Observed {
    const KIND: &'static str = "observed";

    fn layout(&self) -> Layout {
        let mut lines = Vec::new();
        if let Some(off) = &self.off {
            lines.push(Layout::Line(Text::styled(Style::Warn, off.clone())));
        }
        let mut cost = format!("{} observed, {:.0} ns each", count(self.calls, "call"), self.nanos_per_call);
        if self.sites > 0 {
            cost += &format!("; {} within, {:.0} ns each", count(self.sites, "call"), self.nanos_per_site);
        }
        if self.results > 0 {
            cost += &format!("; {}, {} ms", count(self.results, "result"), shown(self.results_millis));
        }
        cost += &format!(": {} ms of the application's time", shown(self.total_millis));
        lines.push(Layout::Line(Text::styled(Style::Dim, cost)));
        if let Some(why) = &self.fault {
            let at = count(self.faults, "call");
            let told = format!("{at} could not be evaluated, the first for this reason: {why}");
            lines.push(Layout::Line(Text::styled(Style::Warn, told)));
        }
        let Dropped { results, cut, untraced, in_flight } = self.dropped;
        for (count, what) in [
            (results, "results were left out: they came faster than they were read"),
            (cut, "calls were left out of trees: too many, or nested too deeply"),
            (untraced, "calls were not traced: too many threads at once"),
            (in_flight, "calls in flight were not kept: too many at once"),
        ] {
            if count > 0 {
                lines.push(Layout::Line(Text::styled(Style::Warn, format!("{count} {what}"))));
            }
        }
        Layout::stack(lines)
    }
}

fn count(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn shown(millis: f64) -> String {
    units::millis_of_nanos(millis * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(observed: &Observed) -> Vec<String> {
        let Layout::Group(group) = observed.layout() else { unreachable!("a group was made") };
        let line = |layout: &Layout| match layout {
            Layout::Line(text) => text.plain(),
            _ => String::new(),
        };
        group.items.iter().map(line).collect()
    }

    #[test]
    fn the_cost_is_calls_times_what_one_takes() {
        let observed =
            Observed { calls: 2_000_000, nanos_per_call: 21.4, total_millis: 42.8, ..Observed::default() };
        assert_eq!(
            lines(&observed),
            ["2000000 calls observed, 21 ns each: 42.80 ms of the application's time"]
        );
    }

    #[test]
    fn what_was_left_out_and_why_it_ended_are_said() {
        let observed = Observed {
            calls: 9,
            nanos_per_call: 60.0,
            sites: 50,
            nanos_per_site: 40.0,
            results: 9,
            results_millis: 0.5,
            total_millis: 0.503,
            dropped: Dropped { results: 7, ..Dropped::default() },
            faults: 2,
            fault: Some("There is no x.".to_owned()),
            off: Some("Too much.".to_owned()),
        };
        assert_eq!(
            lines(&observed),
            [
                "Too much.",
                "9 calls observed, 60 ns each; 50 calls within, 40 ns each; 9 results, 0.50 ms: 0.50 ms of the application's time",
                "2 calls could not be evaluated, the first for this reason: There is no x.",
                "7 results were left out: they came faster than they were read",
            ]
        );
    }
}
