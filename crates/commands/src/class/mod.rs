//! Commands that look at loaded classes and their loaders.

pub(crate) mod classloader;
pub(crate) mod classloader_metaspace;
pub(crate) mod dump;
mod highlighted;
pub(crate) mod jad;
pub(crate) mod loader;
mod loader_views;
mod numbered;
pub(crate) mod sc;
pub(crate) mod search;
pub(crate) mod sm;

use host::class_facts::Untold;
use model::Field;

use crate::prelude::*;

/// `n` of a command: none is as many as there are.
fn most(limit: i64) -> usize {
    usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX)
}

/// More classes than wanted.
fn too_many(limit: i64) -> Failure {
    Failure::new(format!(
        "The number of matching classes is greater than : {limit}. \nPlease specify a more accurate 'class-patten' or \
         use the parameter '-n' to change the maximum number of matching classes."
    ))
}

/// Something could not be told of a class, while others were.
fn untold(Untold { class, why }: &Untold) -> Failure {
    Failure::with_status(1, format!("process class failed: {class}, error: {why}"))
}

/// A row of a picture of a class or method.
fn row(name: &'static str, value: impl Into<Text>) -> Field {
    Field { name: Text::styled(Style::Name, name), value: value.into() }
}

/// Names below each other, as one text: a picture for each of 100,000 takes longer than to find them.
fn names(all: &[String]) -> Layout {
    Layout::line(all.join("\n"))
}

/// Each below the one before it.
fn chain(names: impl Iterator<Item = String>) -> String {
    let lines = names.enumerate().map(|(depth, name)| format!("{}+-{name}", "  ".repeat(depth)));
    lines.collect::<Vec<_>>().join("\n")
}
