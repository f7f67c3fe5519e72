//! `gc`: what the collectors have done, and each pause as it happens.

use std::time::Duration;

use host::gc::{Collection, Collector, GcEvents, Kind};

use crate::prelude::*;
use crate::units;

/// Show garbage collections: totals, or each one as it happens
///
/// With `-i` or `-n` it goes on and shows every pause: how long the application stood still, which
/// collector, the heap before and after, and the cause where the JVM says it. What a collector does
/// beside the running application is shown as a cycle, not as a pause.
#[derive(Args)]
#[command(group = Memory, permission = View, example = "gc", example = "gc -i 1000", example = "gc -n 5")]
pub(crate) struct Gc {
    /// Goes on, looking this often (every 20 ms with -n alone)
    #[arg(short = 'i', long = "interval", label = "ms")]
    interval: Option<u64>,
    /// Goes on until so many pauses were seen
    #[arg(short = 'n', long = "number-of-execution")]
    number: Option<u64>,
}

/// How often a live `gc` looks unless told otherwise: the JVM keeps the details of each collector's
/// last collection only. Looking costs nothing while nothing happens.
const INTERVAL: Duration = Duration::from_millis(20);
/// Looking more often would cost more than it shows.
const SHORTEST: Duration = Duration::from_millis(5);

impl Command for Gc {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let is_live = self.interval.is_some() || self.number.is_some();
        // Before the totals: who has seen them sees every pause from then on.
        let events = is_live.then(|| host.watch_collections()).transpose().or_fail()?;
        cx.emit(GcTotals { collectors: host.collectors().or_fail()? })?;
        let Some(mut events) = events else { return Ok(()) };
        let interval = self.interval.map_or(INTERVAL, Duration::from_millis).max(SHORTEST);
        let mut seen = 0;
        loop {
            cx.sleep(interval)?;
            let GcEvents { collections, missed } = events.read().or_fail()?;
            if missed > 0 {
                cx.emit(GcMissed { missed })?;
            }
            for collection in collections {
                let is_pause = collection.kind == Kind::Pause;
                cx.emit(GcSeen(collection))?;
                seen += u64::from(is_pause);
                if self.number.is_some_and(|number| seen >= number) {
                    return cx.message(format!("Process ends after {seen} time(s)."));
                }
            }
        }
    }
}

#[derive(Serialize)]
struct GcTotals {
    collectors: Vec<Collector>,
}

impl Show for GcTotals {
    const KIND: &'static str = "gc";

    fn layout(&self) -> Layout {
        Layout::Table(Table {
            columns: vec![
                Column::new("COLLECTOR"),
                Column::new("COLLECTIONS").right(),
                Column::new("TIME(ms)").right(),
                Column::new("MEAN(ms)").right(),
                Column::new("WHAT"),
            ],
            rows: self.collectors.iter().map(row).collect(),
            ..Table::default()
        })
    }
}

fn row(collector: &Collector) -> Vec<Text> {
    let mean = match collector.collection_count {
        1.. => format!("{:.1}", collector.collection_time as f64 / collector.collection_count as f64),
        _ => "-".to_owned(),
    };
    let what = match collector.kind {
        Kind::Pause => "the application stands still",
        Kind::Cycle => "beside the application",
    };
    vec![
        Text::styled(Style::Name, collector.name.clone()),
        Text::styled(Style::Number, collector.collection_count.to_string()),
        Text::styled(Style::Number, collector.collection_time.to_string()),
        Text::from(mean),
        Text::styled(Style::Dim, what),
    ]
}

/// One collection.
#[derive(Serialize)]
struct GcSeen(Collection);

impl Show for GcSeen {
    const KIND: &'static str = "gc-event";

    fn layout(&self) -> Layout {
        let collection = &self.0;
        let (word, style) = match collection.kind {
            Kind::Pause if collection.duration_ms >= 1_000.0 => ("pause", Style::Bad),
            Kind::Pause if collection.duration_ms >= 100.0 => ("pause", Style::Warn),
            Kind::Pause => ("pause", Style::Number),
            Kind::Cycle => ("cycle", Style::Dim),
        };
        let mut line = Text::from(format!("{}  {word} ", collection.time));
        line.push(style, format!("{:>9.3} ms", collection.duration_ms));
        line.push(Style::Plain, format!("  {}", collection.collector));
        if let (Some(before), Some(after)) = (collection.used_before, collection.used_after) {
            line.push(Style::Plain, format!("  {} -> {}", units::human(before), units::human(after)));
        }
        line.push(Style::Dim, format!("  ({})", collection.cause));
        Layout::Line(line)
    }
}

/// Collections of which only their number is known.
#[derive(Serialize)]
struct GcMissed {
    missed: u64,
}

impl Show for GcMissed {
    const KIND: &'static str = "gc-missed";

    fn layout(&self) -> Layout {
        let line = format!("{} more collections since the last look: a shorter -i shows them", self.missed);
        Layout::Line(Text::styled(Style::Warn, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: Kind) -> String {
        let collection = Collection {
            time: "12:00:00.000".to_owned(),
            kind,
            collector: "G1 Young Generation".to_owned(),
            duration_ms: 1.25,
            used_before: Some(3 << 20),
            used_after: Some(1 << 20),
            cause: "G1 Evacuation Pause".to_owned(),
        };
        let Layout::Line(line) = GcSeen(collection).layout() else { return String::new() };
        line.plain()
    }

    #[test]
    fn a_concurrent_cycle_is_not_called_a_pause() {
        let pause = "12:00:00.000  pause     1.250 ms  G1 Young Generation  3.0 MiB -> 1.0 MiB  (G1 Evacuation Pause)";
        assert_eq!(seen(Kind::Pause), pause);
        assert_eq!(seen(Kind::Cycle), pause.replace("pause ", "cycle "));
    }

    #[test]
    fn a_collector_that_never_ran_has_no_mean() {
        let collector = Collector {
            name: "G1 Old Generation".to_owned(),
            collection_count: 0,
            collection_time: 0,
            kind: Kind::Pause,
        };
        assert_eq!(row(&collector).get(3).map(Text::plain).as_deref(), Some("-"));
    }
}
