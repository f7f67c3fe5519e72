//! `perfcounter`: the JVM's own performance counters.

use host::perf_data::{Counter, CounterValue};

use crate::prelude::*;

/// Show the JVM's performance counters
///
/// They are read from the memory that the JVM shares with `jstat`; no option such as `--add-opens` is needed.
#[derive(Args)]
#[command(group = System, permission = View, example = "perfcounter", example = "perfcounter -d")]
pub(crate) struct Perfcounter {
    /// With units and how the value changes
    #[arg(short = 'd', long)]
    details: bool,
}

impl Command for Perfcounter {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let redaction = host.options().redaction();
        let shown = |mut counter: Counter| {
            if let CounterValue::Text(text) = &mut counter.value {
                *text = redaction.shown(&counter.name, text).into_owned();
            }
            Row {
                name: counter.name,
                value: counter.value,
                units: self.details.then_some(counter.units),
                variability: self.details.then_some(counter.variability),
            }
        };
        let perf_counters = host.perf_counters().or_fail()?.into_iter().map(shown).collect();
        cx.emit(Counters { perf_counters, details: self.details })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counters {
    perf_counters: Vec<Row>,
    details: bool,
}

#[derive(Serialize)]
struct Row {
    name: String,
    value: CounterValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variability: Option<&'static str>,
}

impl Show for Counters {
    const KIND: &'static str = "perfcounter";

    fn layout(&self) -> Layout {
        let titles: &[&str] =
            if self.details { &["Name", "Variability", "Units", "Value"] } else { &["Name", "Value"] };
        let row = |row: &Row| {
            let mut cells = vec![Text::styled(Style::Name, row.name.clone())];
            cells.extend([row.variability, row.units].into_iter().flatten().map(Text::from));
            cells.push(match &row.value {
                CounterValue::Number(number) => Text::styled(Style::Number, number.to_string()),
                CounterValue::Text(text) => Text::from(text.clone()),
                other => Text::from(serde_json::to_string(other).unwrap_or_default()),
            });
            cells
        };
        Layout::Table(Table {
            columns: titles.iter().copied().map(Column::new).collect(),
            rows: self.perf_counters.iter().map(row).collect(),
            ..Table::default()
        })
    }
}
