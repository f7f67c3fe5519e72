//! `monitor`: how often methods are called, how long they take, how often they fail.

use std::time::{Duration, Instant, SystemTime};

use host::Parts;
use host::advice::{Kind, MonitorRow};
use shell::{Expression, MethodPattern};

use super::in_flight::InFlight;
use super::observation::{Observing, Target};
use super::running::Running;
use super::thread::Moment;
use crate::prelude::*;
use crate::units;
use host::condition::When;

/// Count the calls of methods, their times and their failures, cycle by cycle
///
/// Each cycle gives one table; the counts begin anew with each. Counting allocates nothing. Methods
/// of one name count together; p50, p95 and p99 are the times that this share of the calls did not
/// exceed (within 3 %).
#[derive(Args)]
#[command(group = Method, permission = Observe, ends_on_q)]
#[command(example = "monitor demo.MathGame primeFactors -c 5")]
#[command(example = "monitor -c 1 -n 3 demo.MathGame run")]
#[command(example = "monitor -b demo.MathGame primeFactors 'params[0]>0'")]
pub(crate) struct Monitor {
    /// The class
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// The method
    #[arg(name = "method-pattern")]
    method: MethodPattern,
    /// Which calls are counted, such as `#cost>10`
    #[arg(name = "condition-express")]
    condition: Option<Expression>,
    /// Length of a cycle
    #[arg(short = 'c', long, label = "seconds", default = "60")]
    cycle: u64,
    /// The condition is tested before the method runs
    #[arg(short = 'b', long)]
    before: bool,
    /// Shows at the end of each cycle which calls have begun and not returned
    #[arg(long = "in-flight")]
    in_flight: bool,
    /// Only classes of the loader with this hash
    #[arg(long, label = "hash")]
    classloader: Option<String>,
    #[arg(group)]
    observing: Observing,
}

impl Command for Monitor {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let target = Target {
            class: &self.class,
            method: Some(&self.method),
            loader: self.classloader.as_deref(),
            condition: self.condition.as_ref(),
            when: if self.before { When::Entry } else { When::Exit },
            kind: Kind::Monitor { percentiles: true },
            in_flight: self.in_flight,
            parts: Parts::ENTRY_EXIT,
            shows: None,
            keep: None,
            lines: None,
            sample: 0,
            rate: None,
        };
        let Some(mut running) = self.observing.start(host, cx, target)? else { return Ok(()) };
        let end = self.cycles(host, cx, &mut running);
        running.end(cx, end)
    }
}

impl Monitor {
    fn cycles(&self, host: &Host, cx: &mut Context<'_>, running: &mut Running<'_>) -> Result<(), Failure> {
        let cycle = Duration::from_secs(self.cycle.max(1));
        running.go(cx)?;
        let mut next = Instant::now();
        while !running.is_over(cx)? && !running.is_off() {
            next += cycle;
            running.sleep(cx, next.saturating_duration_since(Instant::now()))?;
            let now = Moment::at(host, SystemTime::now());
            let rows = running.listener().monitor().into_iter().filter(|row| row.total > 0);
            let counted: Vec<Count> = rows.map(|row| Count::of(row, &now)).collect();
            let open = if self.in_flight { InFlight::of(host, running)? } else { None };
            if counted.is_empty() && open.is_none() {
                continue;
            }
            if !counted.is_empty() {
                cx.emit(Counts { monitor_data_list: counted })?;
            }
            if let Some(open) = open {
                cx.emit(open)?;
            }
            running.shown(cx)?;
        }
        Ok(())
    }
}

/// One cycle.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    monitor_data_list: Vec<Count>,
}

/// The calls of the methods of one name: overloads count together. All times are milliseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    class_name: String,
    method_name: String,
    total: u64,
    success: u64,
    failed: u64,
    /// Of all calls together.
    cost: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
    timestamp: String,
    #[serde(skip)]
    shown_time: String,
}

impl Count {
    fn of(row: MonitorRow, now: &Moment) -> Self {
        let millis = |nanos: u64| nanos as f64 / 1e6;
        let [p50, p95, p99] = row.percentiles.unwrap_or_default().map(millis);
        Self {
            class_name: row.class,
            method_name: row.method,
            total: row.total,
            success: row.total.saturating_sub(row.failed),
            failed: row.failed,
            cost: millis(row.sum_ns),
            p50,
            p95,
            p99,
            max: millis(row.max_ns),
            timestamp: now.to_the_nanosecond(),
            shown_time: now.to_the_millisecond.clone(),
        }
    }
}

impl Show for Counts {
    const KIND: &'static str = "monitor";

    fn layout(&self) -> Layout {
        let columns = [
            Column::new("timestamp").spare(),
            Column::new("class"),
            Column::new("method"),
            Column::new("total").right(),
            Column::new("success").right().spare(),
            Column::new("fail").right(),
            Column::new("avg-rt(ms)").right(),
            Column::new("p50").right().spare(),
            Column::new("p95").right().spare(),
            Column::new("p99").right().spare(),
            Column::new("fail-rate").right(),
        ];
        let table = Layout::Table(Table {
            columns: columns.into(),
            rows: self.monitor_data_list.iter().map(row).collect(),
            ..Table::default()
        });
        Layout::stack(vec![table, Layout::line("")])
    }
}

fn row(count: &Count) -> Vec<Text> {
    let millis = |millis: f64| Text::from(units::millis_of_nanos(millis * 1e6));
    let failed = if count.failed > 0 { Style::Bad } else { Style::Plain };
    let rate = count.failed as f64 * 100.0 / count.total.max(1) as f64;
    vec![
        Text::styled(Style::Dim, count.shown_time.clone()),
        Text::styled(Style::Name, count.class_name.clone()),
        Text::styled(Style::Name, count.method_name.clone()),
        Text::styled(Style::Number, count.total.to_string()),
        Text::from(count.success.to_string()),
        Text::styled(failed, count.failed.to_string()),
        millis(count.cost / count.total.max(1) as f64),
        millis(count.p50),
        millis(count.p95),
        millis(count.p99),
        Text::styled(failed, format!("{rate:.2}%")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count() -> Count {
        let row = MonitorRow {
            class: "demo.MathGame".to_owned(),
            method: "primeFactors".to_owned(),
            total: 4,
            failed: 1,
            sum_ns: 10_000_000,
            max_ns: 9_000_000,
            percentiles: Some([300_000, 8_900_000, 9_000_000]),
        };
        let now = Moment { to_the_millisecond: "2026-11-22 22:22:00.134".to_owned(), beyond: 866_024 };
        Count::of(row, &now)
    }

    #[test]
    fn a_row_has_mean_percentiles_and_failures() {
        let cells: Vec<String> = row(&count()).iter().map(Text::plain).collect();
        assert_eq!(
            cells,
            [
                "2026-11-22 22:22:00.134",
                "demo.MathGame",
                "primeFactors",
                "4",
                "3",
                "1",
                "2.50",
                "0.30",
                "8.90",
                "9.00",
                "25.00%"
            ]
        );
    }

    #[test]
    fn the_fields_are_those_of_arthas_and_ours() {
        let counts = Counts { monitor_data_list: vec![count()] };
        assert_eq!(
            serde_json::to_value(counts).unwrap(),
            serde_json::json!({"monitorDataList": [{
                "className": "demo.MathGame", "methodName": "primeFactors", "total": 4, "success": 3, "failed": 1,
                "cost": 10.0, "p50": 0.3, "p95": 8.9, "p99": 9.0, "max": 9.0,
                "timestamp": "2026-11-22 22:22:00.134866024"}]})
        );
    }
}
