//! Commands about the JVM as a whole.

pub(crate) mod base64;
pub(crate) mod cat;
mod configuration;
pub(crate) mod dashboard;
mod file;
pub(crate) mod jvm;
pub(crate) mod logger;
pub(crate) mod mbean;
pub(crate) mod options;
pub(crate) mod perfcounter;
pub(crate) mod pwd;
pub(crate) mod sysenv;
pub(crate) mod sysprop;
pub(crate) mod vmoption;

use crate::prelude::*;

/// What a value was and is, as a table.
fn change(name: &str, before: String, after: String) -> Layout {
    Layout::Table(Table {
        columns: ["NAME", "BEFORE-VALUE", "AFTER-VALUE"].into_iter().map(Column::new).collect(),
        rows: vec![vec![Text::styled(Style::Name, name.to_owned()), Text::from(before), Text::from(after)]],
        ..Table::default()
    })
}

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
