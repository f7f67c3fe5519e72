//! The agent's configuration as `options` shows it: each key, its value, and the place that said so.

use shell::Configured;

use crate::prelude::*;

/// What is in force, without what is secret.
#[derive(Serialize)]
pub(super) struct Configuration {
    configuration: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    key: &'static str,
    value: Option<String>,
    source: String,
}

impl Configuration {
    pub(super) fn of(cx: &Context<'_>) -> Self {
        let row = |Configured { key, value, source }| Row { key, value, source };
        Self { configuration: cx.connections().get().configuration.into_iter().map(row).collect() }
    }

    /// One key, if there is one of that name.
    pub(super) fn only(mut self, key: &str) -> Option<Self> {
        self.configuration.retain(|row| row.key == key);
        (!self.configuration.is_empty()).then_some(self)
    }
}

impl Show for Configuration {
    const KIND: &'static str = "configuration";

    fn layout(&self) -> Layout {
        let row = |row: &Row| {
            vec![
                Text::styled(Style::Name, row.key),
                Text::from(row.value.clone().unwrap_or_else(|| "-".to_owned())),
                Text::styled(Style::Dim, row.source.clone()),
            ]
        };
        Layout::Table(Table {
            columns: ["KEY", "VALUE", "SOURCE"].into_iter().map(Column::new).collect(),
            rows: self.configuration.iter().map(row).collect(),
            ..Table::default()
        })
    }
}
