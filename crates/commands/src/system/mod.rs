//! Commands about the JVM as a whole.

pub(crate) mod dashboard;
pub(crate) mod jvm;
pub(crate) mod options;
pub(crate) mod pwd;
pub(crate) mod sysenv;
pub(crate) mod sysprop;

use crate::prelude::*;

/// Names and values as a table.
fn pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Layout {
    Layout::Table(Table {
        columns: vec![Column::new("KEY").weight(1), Column::new("VALUE").weight(4)],
        rows: pairs
            .map(|(name, value)| {
                vec![Text::styled(Style::Name, name.to_owned()), Text::from(value.to_owned())]
            })
            .collect(),
        ..Table::default()
    })
}
