//! Puts together what JVMTI says of pauses and what the collectors' beans say of collections.

use crate::gc::{G1_MARKING, Kind};

/// What a collector's bean says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) last: Option<Last>,
}

/// A bean's `LastGcInfo`. Times in milliseconds since the JVM started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) id: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) before: i64,
    pub(crate) after: i64,
}

impl Last {
    /// The pause beans of ZGC and Shenandoah say nothing of the heap: all is zero there.
    fn used(&self) -> Option<(i64, i64)> {
        Some((self.before, self.after)).filter(|used| *used != (0, 0))
    }
}

/// How far the clocks of JVMTI and the beans may be apart, in milliseconds: both begin with the JVM,
/// but not in the same instruction. Where there is but one pause it tells by how much exactly.
const SLACK: f64 = 50.0;
const UNKNOWN: &str = "unknown";

/// A pause, in milliseconds since the JVM started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start_ms: f64,
    pub(crate) end_ms: f64,
}

/// A collection before its time is written as a time of day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) start_ms: f64,
    pub(crate) kind: Kind,
    pub(crate) collector: String,
    pub(crate) duration_ms: f64,
    pub(crate) used: Option<(i64, i64)>,
    pub(crate) cause: String,
}

/// Puts pauses and what the beans say together; also gives the number of cycles that went by unseen.
pub(crate) fn put_together(
    pauses: &[Span],
    before: &[Seen],
    now: &[Seen],
    cause: Option<&str>,
    lag: &mut f64,
) -> (Vec<Told>, u64) {
    let mut told: Vec<Told> = pauses.iter().map(|pause| Told::unknown(*pause)).collect();
    let mut missed_cycles = 0;
    // Collectors that have paused, each with how many of its pauses have no name yet.
    let mut pausing: Vec<(&Seen, usize)> = Vec::new();
    let grown: Vec<(&Seen, i64, Option<&Last>)> = now
        .iter()
        .zip(before)
        .filter(|(seen, last)| seen.count > last.count)
        .map(|(seen, last)| {
            let is_new = |info: &&Last| last.last.as_ref().is_none_or(|last| last.id != info.id);
            (seen, seen.count - last.count, seen.last.as_ref().filter(is_new))
        })
        .collect();
    if let ([pause], Some(info)) = (pauses, only_pause(&grown)) {
        *lag = pause.start_ms - info.start as f64;
    }
    for (seen, grown, info) in grown {
        match Kind::of_collector(&seen.name) {
            Kind::Cycle => {
                missed_cycles += u64::try_from(grown - i64::from(info.is_some())).unwrap_or(0);
                told.extend(info.map(|info| Told::cycle(&seen.name, info, *lag)));
            }
            Kind::Pause => {
                let mut unnamed = usize::try_from(grown).unwrap_or(0);
                if let Some(info) = info
                    && let Some(pause) = nearest(&mut told, info.start as f64 + *lag)
                {
                    pause.collector.clone_from(&seen.name);
                    pause.used = info.used();
                    unnamed = unnamed.saturating_sub(1);
                }
                pausing.push((seen, unnamed));
            }
        }
    }
    // What the beans have overwritten is still known where only one collector has more to tell.
    let mut with_more = pausing.iter().filter(|(_, unnamed)| *unnamed > 0);
    if let (Some((only, unnamed)), None) = (with_more.next(), with_more.next()) {
        let nameless = told.iter_mut().filter(|told| told.kind == Kind::Pause && told.collector == UNKNOWN);
        nameless.take(*unnamed).for_each(|pause| pause.collector.clone_from(&only.name));
    }
    // A pause that no collector counts belongs to what collects beside the application (up to JDK 19
    // G1's remark and cleanup, for one).
    if pausing.is_empty() {
        let cycle = now.iter().find(|seen| Kind::of_collector(&seen.name) == Kind::Cycle);
        let name = cycle.map_or("concurrent cycle", |seen| seen.name.as_str());
        for pause in told.iter_mut().filter(|told| told.kind == Kind::Pause) {
            pause.collector = format!("{name} (part of a cycle)");
        }
    }
    told.sort_by(|a, b| a.start_ms.total_cmp(&b.start_ms));
    // The JVM keeps the cause of its last collection only, and has none for the end of a marking.
    let has_cause = |told: &&mut Told| {
        told.kind == Kind::Pause && told.collector != UNKNOWN && told.collector != G1_MARKING
    };
    if let Some(cause) = cause.filter(|cause| *cause != "No GC")
        && !pausing.is_empty()
        && let Some(last) = told.iter_mut().rev().find(has_cause)
    {
        last.cause = cause.to_owned();
    }
    (told, missed_cycles)
}

/// What is said of the only pause that was counted, if one was.
fn only_pause<'a>(grown: &[(&Seen, i64, Option<&'a Last>)]) -> Option<&'a Last> {
    let mut pausing = grown.iter().filter(|(seen, ..)| Kind::of_collector(&seen.name) == Kind::Pause);
    match (pausing.next(), pausing.next()) {
        (Some((_, 1, info)), None) => *info,
        _ => None,
    }
}

/// The unnamed pause that began then, if one did.
fn nearest(told: &mut [Told], start_ms: f64) -> Option<&mut Told> {
    let distance = |told: &Told| (told.start_ms - start_ms).abs();
    told.iter_mut()
        .filter(|told| told.kind == Kind::Pause && told.collector == UNKNOWN && distance(told) <= SLACK)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

impl Told {
    fn unknown(pause: Span) -> Self {
        Self {
            start_ms: pause.start_ms,
            kind: Kind::Pause,
            collector: UNKNOWN.to_owned(),
            duration_ms: ((pause.end_ms - pause.start_ms) * 1_000.0).round() / 1_000.0,
            used: None,
            cause: UNKNOWN.to_owned(),
        }
    }

    fn cycle(name: &str, info: &Last, lag: f64) -> Self {
        Self {
            start_ms: info.start as f64 + lag,
            kind: Kind::Cycle,
            collector: name.to_owned(),
            duration_ms: (info.end - info.start) as f64,
            used: info.used(),
            cause: UNKNOWN.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, count: i64, last: Option<Last>) -> Seen {
        Seen { name: name.to_owned(), count, last }
    }

    fn last(id: i64, start: i64) -> Option<Last> {
        Some(Last { id, start, end: start + 5, before: 100, after: 10 })
    }

    fn pause(start_ms: f64) -> Span {
        Span { start_ms, end_ms: start_ms + 4.5 }
    }

    const YOUNG: &str = "G1 Young Generation";
    const CYCLES: &str = "Shenandoah Cycles";

    #[test]
    fn a_pause_gets_what_the_bean_says_of_it() {
        let before = [seen(YOUNG, 1, last(1, 100))];
        let now = [seen(YOUNG, 2, last(2, 1_003))];
        let (told, missed) =
            put_together(&[pause(1_000.0)], &before, &now, Some("Allocation Failure"), &mut 0.0);
        let expected = Told {
            start_ms: 1_000.0,
            kind: Kind::Pause,
            collector: YOUNG.to_owned(),
            duration_ms: 4.5,
            used: Some((100, 10)),
            cause: "Allocation Failure".to_owned(),
        };
        assert_eq!((told, missed), (vec![expected], 0));
    }

    #[test]
    fn a_single_pause_sets_the_clocks_that_several_are_matched_by() {
        let mut lag = 0.0;
        let before = [seen(YOUNG, 1, last(1, 100))];
        let now = [seen(YOUNG, 2, last(2, 3_000))];
        put_together(&[pause(1_000.0)], &before, &now, None, &mut lag);
        assert_eq!(lag, -2_000.0);
        let later = [seen(YOUNG, 4, last(4, 5_000))];
        let (told, _) = put_together(&[pause(2_900.0), pause(3_001.0)], &now, &later, None, &mut lag);
        assert_eq!(told.iter().map(|told| told.used.is_some()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn of_several_pauses_between_two_reads_only_the_last_has_details() {
        let before = [seen(YOUNG, 1, None)];
        let now = [seen(YOUNG, 4, last(4, 3_000))];
        let pauses = [pause(1_000.0), pause(2_000.0), pause(3_000.0)];
        let (told, _) = put_together(&pauses, &before, &now, Some("Allocation Failure"), &mut 0.0);
        let rows: Vec<_> =
            told.iter().map(|told| (told.collector.as_str(), told.used, told.cause.as_str())).collect();
        assert_eq!(
            rows,
            [
                (YOUNG, None, "unknown"),
                (YOUNG, None, "unknown"),
                (YOUNG, Some((100, 10)), "Allocation Failure")
            ]
        );
    }

    #[test]
    fn a_cycle_is_no_pause_and_its_pauses_are_its_own() {
        let before = [seen("Shenandoah Pauses", 1, None), seen(CYCLES, 1, last(1, 10))];
        let now = [seen("Shenandoah Pauses", 1, None), seen(CYCLES, 3, last(3, 500))];
        let (told, missed) = put_together(&[pause(504.0)], &before, &now, Some("No GC"), &mut 0.0);
        let rows: Vec<_> =
            told.iter().map(|told| (told.kind, told.collector.as_str(), told.duration_ms)).collect();
        assert_eq!(
            rows,
            [(Kind::Cycle, CYCLES, 5.0), (Kind::Pause, "Shenandoah Cycles (part of a cycle)", 4.5)]
        );
        assert_eq!(missed, 1, "the cycle before the last one was not seen");
    }

    #[test]
    fn the_pauses_that_end_a_marking_are_pauses_without_a_cause() {
        let before = [seen(YOUNG, 1, None), seen(G1_MARKING, 0, None)];
        let now = [seen(YOUNG, 2, last(2, 1_000)), seen(G1_MARKING, 2, last(2, 1_030))];
        let pauses = [pause(1_000.0), pause(1_020.0), pause(1_030.0)];
        let (told, missed) = put_together(&pauses, &before, &now, Some("System.gc()"), &mut 0.0);
        let rows: Vec<_> =
            told.iter().map(|told| (told.kind, told.collector.as_str(), told.cause.as_str())).collect();
        let end = (Kind::Pause, G1_MARKING, "unknown");
        assert_eq!(rows, [(Kind::Pause, YOUNG, "System.gc()"), end, end]);
        assert_eq!(missed, 0);
    }

    #[test]
    fn a_bean_that_lags_behind_leaves_the_pause_unknown() {
        let before = [seen(YOUNG, 1, None), seen("G1 Old Generation", 0, None)];
        let now = [seen(YOUNG, 2, last(2, 9_000)), seen("G1 Old Generation", 1, None)];
        let (told, _) = put_together(&[pause(1_000.0)], &before, &now, None, &mut 0.0);
        assert_eq!(told.first().map(|told| told.collector.as_str()), Some("unknown"));
    }
}
