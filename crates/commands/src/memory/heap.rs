//! `heap`: which classes the heap is full of, and what has changed since the last look.

use host::heap::{ClassRow, HeapReport};
use model::Wildcard;

use crate::prelude::*;
use crate::units;

/// Show which classes fill the heap
///
/// Counts the instances of every class, biggest first, and says how each has changed since the last
/// `heap` of the same kind. The application stands still meanwhile (about half a second for a
/// gigabyte of small objects); the answer says for how long.
#[derive(Args)]
#[command(group = Memory, permission = Profile, example = "heap", example = "heap -n 5 demo.*", example = "heap --live")]
pub(crate) struct Heap {
    /// Classes to list, with `*` for any characters
    #[arg(default = "*")]
    class: ClassPattern,
    /// How many classes to list; 0 lists all
    #[arg(short = 'n', long = "number", default = "20")]
    number: usize,
    /// Only objects that are reachable; collects garbage first, which stops the application for longer
    #[arg(short = 'l', long = "live")]
    live: bool,
}

impl Command for Heap {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.live {
            cx.message(
                "Collecting all garbage first, then counting; the application stands still meanwhile.",
            )?;
        }
        let pattern = Wildcard::new(&self.class);
        let mut report = host.class_histogram(self.live).or_fail()?;
        report.rows.retain(|row| pattern.matches(&row.name));
        let found = report.rows.len();
        if self.number > 0 {
            report.rows.truncate(self.number);
        }
        cx.emit(HeapClasses { left_out: found - report.rows.len(), report })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeapClasses {
    #[serde(flatten)]
    report: HeapReport,
    /// Classes that fit the pattern but not the number.
    left_out: usize,
}

impl Show for HeapClasses {
    const KIND: &'static str = "heap";

    fn layout(&self) -> Layout {
        let report = &self.report;
        let compares = report.seconds_since_last.is_some();
        let mut columns = vec![
            Column::new("INSTANCES").right(),
            Column::new("BYTES").right(),
            Column::new("SHARE").right(),
        ];
        if compares {
            columns.extend([Column::new("+INSTANCES").right(), Column::new("+BYTES").right()]);
        }
        columns.push(Column::new("CLASS"));
        let rows = report.rows.iter().map(|row| self.row(row, compares)).collect();
        let mut parts = vec![Layout::Table(Table { columns, rows, ..Table::default() })];
        if self.left_out > 0 {
            parts.push(Layout::Line(Text::styled(
                Style::Dim,
                format!("… {} more classes: heap -n 0", self.left_out),
            )));
        }
        parts.push(Layout::line(self.summary()));
        Layout::stack(parts)
    }
}

impl HeapClasses {
    fn row(&self, row: &ClassRow, compares: bool) -> Vec<Text> {
        let mut cells = vec![
            Text::styled(Style::Number, row.instances.to_string()),
            Text::styled(Style::Number, units::human(row.bytes)),
            Text::from(units::share(row.bytes, self.report.total_bytes)),
        ];
        if compares {
            let style = if row.bytes_change.unwrap_or(0) > 0 { Style::Warn } else { Style::Plain };
            cells.push(Text::styled(style, units::change(row.instances_change.unwrap_or(0))));
            cells.push(Text::styled(style, units::human_change(row.bytes_change.unwrap_or(0))));
        }
        cells.push(Text::styled(Style::Name, row.name.clone()));
        cells
    }

    fn summary(&self) -> String {
        let report = &self.report;
        let mut line = format!(
            "{} instances, {}; the application stood still for {:.0} ms",
            report.total_instances,
            units::human(report.total_bytes),
            report.pause_ms
        );
        if report.pause_is_call_time {
            line.push_str(" at most");
        }
        if let Some(seconds) = report.seconds_since_last {
            line.push_str(&format!("; changes since {seconds} s ago"));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(seconds_since_last: Option<u64>) -> HeapClasses {
        HeapClasses {
            report: HeapReport {
                rows: vec![ClassRow {
                    name: "demo.Node".to_owned(),
                    module: None,
                    instances: 100,
                    bytes: 2_400,
                    instances_change: seconds_since_last.map(|_| 10),
                    bytes_change: seconds_since_last.map(|_| 240),
                }],
                total_instances: 200,
                total_bytes: 4_800,
                live: false,
                pause_ms: 12.0,
                pause_is_call_time: false,
                seconds_since_last,
            },
            left_out: 3,
        }
    }

    fn columns(layout: &Layout) -> usize {
        let Layout::Group(group) = layout else { return 0 };
        let Some(Layout::Table(table)) = group.items.first() else { return 0 };
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        table.columns.len()
    }

    #[test]
    fn changes_are_shown_once_there_is_something_to_compare_with() {
        assert_eq!(columns(&classes(None).layout()), 4);
        assert_eq!(columns(&classes(Some(7)).layout()), 6);
    }

    #[test]
    fn the_pause_is_stated() {
        assert!(classes(None).summary().ends_with("the application stood still for 12 ms"));
        assert!(classes(Some(7)).summary().ends_with("; changes since 7 s ago"));
    }
}
