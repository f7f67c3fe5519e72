//! Which class loader is meant, and what is said where several classes or loaders fit.

use host::evaluation::{ClassFound, NotOne};
use host::loaders::{LoaderFacts, WantedLoader};

use crate::prelude::*;

/// The loader of `-c` and `--classLoaderClass`.
pub(crate) fn wanted(hash: Option<String>, class: Option<ClassPattern>) -> WantedLoader {
    WantedLoader { hash, class: class.map(ClassPattern::into_string) }
}

/// What the user has named.
pub(crate) struct Named<'a> {
    pub(crate) class: &'a str,
    pub(crate) loader_class: &'a str,
}

impl Named<'_> {
    /// Lists what it may mean and ends the command.
    pub(crate) fn end(&self, cx: &mut Context<'_>, not_one: NotOne) -> Failure {
        match not_one {
            NotOne::Classes(classes) => Classes::end(cx, classes, self.class),
            NotOne::Loaders(loaders) => Loaders::end(cx, loaders, self.loader_class),
        }
    }
}

/// Several loaders are of the class that was named.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Loaders {
    matched_class_loaders: Vec<LoaderFacts>,
    class_loader_class: String,
}

impl Loaders {
    /// Lists them and ends the command.
    fn end(cx: &mut Context<'_>, loaders: Vec<LoaderFacts>, class: &str) -> Failure {
        let shown = Self { matched_class_loaders: loaders, class_loader_class: class.to_owned() };
        if let Err(ended) = cx.emit(shown) {
            return ended;
        }
        Failure::new(
            "Found more than one classloader by class name, please specify classloader with '-c <classloader hash>'",
        )
    }
}

impl Show for Loaders {
    const KIND: &'static str = "classloaders";

    fn layout(&self) -> Layout {
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

/// Several classes fit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Classes {
    matched_classes: Vec<OneClass>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneClass {
    name: String,
    class_loader_hash: String,
    classloader: Vec<String>,
}

impl Classes {
    /// Lists them, if there are any, and ends the command.
    fn end(cx: &mut Context<'_>, found: Vec<ClassFound>, pattern: &str) -> Failure {
        if found.is_empty() {
            return Failure::new(format!("No class found for: {pattern}"));
        }
        let matched_classes = found.into_iter().map(|one| OneClass {
            name: one.name,
            class_loader_hash: one.hash,
            classloader: one.loader.into_iter().collect(),
        });
        if let Err(ended) = cx.emit(Self { matched_classes: matched_classes.collect() }) {
            return ended;
        }
        Failure::new(format!(
            "Found more than one class for: {pattern}, name one of them; where several loaders have one of that name, \
             add -c <classloader hash>."
        ))
    }
}

impl Show for Classes {
    const KIND: &'static str = "classes";

    fn layout(&self) -> Layout {
        let row = |one: &OneClass| {
            vec![
                Text::styled(Style::Name, one.name.clone()),
                Text::from(one.class_loader_hash.clone()),
                Text::from(one.classloader.join(", ")),
            ]
        };
        Layout::Table(Table {
            columns: vec![
                Column::new("NAME").weight(2),
                Column::new("HASHCODE"),
                Column::new("CLASSLOADER").weight(1),
            ],
            rows: self.matched_classes.iter().map(row).collect(),
            ..Table::default()
        })
    }
}
