//! What is said where a loader's class does not say which loader is meant, in the shape of the command's own result.

use host::loaders::{LoaderFacts, WantedLoader};

use crate::prelude::*;

/// The loader of `-c` and `--classLoaderClass`.
pub(super) fn wanted(hash: Option<&String>, class: Option<&ClassPattern>) -> WantedLoader {
    WantedLoader { hash: hash.cloned(), class: class.map(|class| class.as_str().to_owned()) }
}

/// Several loaders are of one class.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Matched {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) matched_class_loaders: Vec<LoaderFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) class_loader_class: Option<String>,
}

impl Matched {
    pub(super) fn of(loaders: Vec<LoaderFacts>, wanted: &WantedLoader) -> Self {
        Self { matched_class_loaders: loaders, class_loader_class: wanted.class.clone() }
    }

    pub(super) fn failure() -> Failure {
        Failure::new(
            "Found more than one classloader by class name, please specify classloader with '-c <classloader hash>'",
        )
    }

    pub(super) fn layout(&self) -> Layout {
        let rows = self.matched_class_loaders.iter();
        Layout::Table(Table {
            columns: vec![Column::new("HASH"), Column::new("NAME").weight(1)],
            rows: rows
                .map(|one| vec![Text::styled(Style::Name, one.hash.clone()), Text::from(one.name.clone())])
                .collect(),
            ..Table::default()
        })
    }
}
