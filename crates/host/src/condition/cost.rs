//! `#cost` in ticks: a comparison with milliseconds holds for a range of ticks.
//!
//! The cost that is shown is whole nanoseconds over 1,000,000; so is the one that is compared.

use ognl::Operator;

/// The elapsed ticks for which a comparison holds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickRange {
    /// The fewest.
    pub least: u64,
    /// The most.
    pub most: u64,
}

/// Tokens keep 56 bits of the clock.
const MOST_TICKS: u64 = (1 << 56) - 1;
/// Nanoseconds are looked for below this: 146 years.
const MOST_NS: u64 = 1 << 62;

impl TickRange {
    /// All of them.
    pub(super) const ALL: TickRange = TickRange { least: 0, most: MOST_TICKS };

    /// What lies in both; none where that is nothing.
    pub(super) fn and(self, other: TickRange) -> Option<TickRange> {
        let both = TickRange { least: self.least.max(other.least), most: self.most.min(other.most) };
        (both.least <= both.most).then_some(both)
    }
}

/// The ticks for which `#cost relation milliseconds` holds; not for `!=`. None where it never does.
pub(super) fn ticks(relation: Operator, milliseconds: f64, ticks_per_second: u64) -> Option<TickRange> {
    let in_ms = |ns: u64| ns as f64 / 1e6;
    let reaches = first(|ns| in_ms(ns) >= milliseconds);
    let exceeds = first(|ns| in_ms(ns) > milliseconds);
    let (least, end) = match relation {
        Operator::Less => (0, reaches),
        Operator::LessOrEqual => (0, exceeds),
        Operator::Greater => (exceeds, MOST_NS),
        Operator::GreaterOrEqual => (reaches, MOST_NS),
        _ => (reaches, exceeds),
    };
    // The first ticks that make this many nanoseconds, rounded down.
    let first_ticks = |ns: u64| {
        let ticks = (u128::from(ns) * u128::from(ticks_per_second)).div_ceil(1_000_000_000);
        match u64::try_from(ticks) {
            Ok(ticks) if ns < MOST_NS => ticks.min(MOST_TICKS + 1),
            _ => MOST_TICKS + 1,
        }
    };
    let range = TickRange { least: first_ticks(least), most: first_ticks(end).checked_sub(1)? };
    (range.least <= range.most).then_some(range)
}

/// The first number for which a test holds that holds for all that follow; [`MOST_NS`] where none does.
fn first(holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, MOST_NS);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_exactly_where_the_shown_cost_satisfies_the_comparison() {
        for ticks_per_second in [1_000_000_000, 2_893_202_117, 24_000_000] {
            for milliseconds in [-1.0, 0.0, 0.001, 0.3, 1.0, 1.5, 200.0, 1e300, f64::INFINITY] {
                for relation in [
                    Operator::Less,
                    Operator::LessOrEqual,
                    Operator::Greater,
                    Operator::GreaterOrEqual,
                    Operator::Equal,
                ] {
                    let range = ticks(relation, milliseconds, ticks_per_second);
                    let near = (milliseconds / 1e3 * ticks_per_second as f64) as u64;
                    let near = near.min(MOST_TICKS - 5000);
                    for ticks in (near.saturating_sub(5000)..near + 5000).chain([0, MOST_TICKS]) {
                        let ns = u128::from(ticks) * 1_000_000_000 / u128::from(ticks_per_second);
                        let shown = ns as f64 / 1e6;
                        let expected = match relation {
                            Operator::Less => shown < milliseconds,
                            Operator::LessOrEqual => shown <= milliseconds,
                            Operator::Greater => shown > milliseconds,
                            Operator::GreaterOrEqual => shown >= milliseconds,
                            _ => shown == milliseconds,
                        };
                        let inside = range.is_some_and(|range| range.least <= ticks && ticks <= range.most);
                        assert_eq!(inside, expected, "{ticks} ticks {relation:?} {milliseconds} {range:?}");
                    }
                }
            }
        }
    }
}
