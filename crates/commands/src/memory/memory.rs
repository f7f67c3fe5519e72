//! `memory`: how full the heap, the JVM's own areas and the buffer pools are.

use host::memory::{Memory as Usage, MemoryEntry};

use crate::prelude::*;
use crate::units;

/// Show memory usage: heap, non-heap areas, buffer pools
#[derive(Args)]
#[command(group = Memory, permission = View, example = "memory")]
pub(crate) struct Memory;

impl Command for Memory {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(MemoryUsage { memory_info: host.memory().or_fail()? })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemoryUsage {
    memory_info: Usage,
}

impl Show for MemoryUsage {
    const KIND: &'static str = "memory";

    fn layout(&self) -> Layout {
        Layout::Table(table(&self.memory_info))
    }
}

/// The areas as a table; the dashboard shows the same one.
pub(crate) fn table(memory: &Usage) -> Table {
    let row = |entry: &MemoryEntry, is_total: bool| {
        let name = if is_total { Style::Name } else { Style::Plain };
        // Without a limit, what is reserved now is what the usage is a share of.
        let limit = if entry.max > 0 { entry.max } else { entry.total };
        vec![
            Text::styled(name, entry.name.clone()),
            Text::styled(Style::Number, units::memory(entry.used, entry.used)),
            Text::from(units::memory(entry.total, entry.used)),
            Text::from(units::memory(entry.max, entry.used)),
            Text::styled(fullness(entry.used, limit), units::share(entry.used, limit)),
        ]
    };
    let areas = [&memory.heap, &memory.nonheap, &memory.buffer_pool];
    Table {
        columns: vec![
            Column::new("Memory").weight(3),
            Column::new("used").weight(1),
            Column::new("total").weight(1),
            Column::new("max").weight(1),
            Column::new("usage").weight(1),
        ],
        rows: areas
            .into_iter()
            .flat_map(|area| {
                area.iter().enumerate().map(|(at, entry)| row(entry, at == 0 && entry.name == entry.kind))
            })
            .collect(),
        ..Table::default()
    }
}

/// From four fifths on a limit is near, from 95 % on it is reached soon.
fn fullness(used: i64, limit: i64) -> Style {
    match used.saturating_mul(100).checked_div(limit).unwrap_or(0) {
        95.. => Style::Bad,
        80.. => Style::Warn,
        _ => Style::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_without_a_limit_is_a_share_of_what_is_reserved() {
        let entry = |name: &str, used, total, max| MemoryEntry {
            kind: "heap",
            name: name.to_owned(),
            used,
            total,
            max,
        };
        let memory = Usage {
            heap: vec![
                entry("heap", 3 << 20, 4 << 20, 8 << 20),
                entry("g1_eden_space", 1 << 20, 2 << 20, -1),
            ],
            nonheap: vec![],
            buffer_pool: vec![MemoryEntry {
                kind: "buffer_pool",
                name: "direct".to_owned(),
                used: 0,
                total: 0,
                max: i64::MIN,
            }],
        };
        let table = table(&memory);
        let rows: Vec<String> =
            table.rows.iter().map(|row| row.iter().map(Text::plain).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(rows, ["heap 3M 4M 8M 37.50%", "g1_eden_space 1M 2M - 50.00%", "direct 0K 0K - -"]);
    }
}
