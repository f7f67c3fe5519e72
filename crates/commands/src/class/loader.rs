//! Which class loader is meant, and what is said where several classes or loaders fit: one way for all commands that have
//! `-c` and `--classLoaderClass`.

use std::marker::PhantomData;

use host::class_facts::ClassName;
use host::evaluation::NotOne;
use host::loaders::{LoaderFacts, WantedLoader};

use crate::prelude::*;

/// The loader of `-c` and `--classLoaderClass`.
pub(crate) fn wanted(hash: Option<String>, class: Option<ClassPattern>) -> WantedLoader {
    WantedLoader { hash, class: class.map(ClassPattern::into_string), text: None }
}

/// Lists the classes or loaders that `class` and `loader` may mean, as a result of the type of `S`, and ends the command.
pub(crate) fn end<S: Show>(
    cx: &mut Context<'_>,
    not_one: NotOne,
    class: &str,
    loader: &WantedLoader,
) -> Failure {
    match not_one {
        NotOne::Classes(classes) if classes.is_empty() => {
            Failure::new(format!("No class found for: {class}"))
        }
        NotOne::Classes(classes) => {
            let told = format!(
                "Found more than one class for: {class}, name one of them; where several loaders have one of that \
                 name, add -c <classloader hash>."
            );
            after(cx, Classes::<S> { matched_classes: classes, of: PhantomData }, told)
        }
        NotOne::Loaders(loaders) => {
            let (sc, sm) = (S::KIND == "sc", S::KIND == "sm");
            let by = if sc { loader.described() } else { "class name".to_owned() };
            let told = format!(
                "Found more than one classloader by {by}, please specify classloader with '-c <classloader hash>'"
            );
            let shown = Loaders::<S> {
                matched_class_loaders: loaders,
                class_loader_class: loader.class.clone(),
                detailed: sc.then_some(false),
                with_field: sc.then_some(false),
                segment: sc.then_some(0),
                detail: sm.then_some(false),
                of: PhantomData,
            };
            after(cx, shown, told)
        }
    }
}

/// Ends the command with these words once a result is shown.
pub(crate) fn after(cx: &mut Context<'_>, shown: impl Show, told: String) -> Failure {
    match cx.emit(shown) {
        Ok(()) => Failure::new(told),
        Err(ended) => ended,
    }
}

/// Several loaders are of the class that was named.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", bound = "")]
struct Loaders<S> {
    matched_class_loaders: Vec<LoaderFacts>,
    class_loader_class: Option<String>,
    /// What results of `sc` and `sm` have besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    detailed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_field: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<bool>,
    #[serde(skip)]
    of: PhantomData<fn(S)>,
}

impl<S: Show> Show for Loaders<S> {
    const KIND: &'static str = S::KIND;

    fn layout(&self) -> Layout {
        loader_table(&self.matched_class_loaders)
    }
}

fn loader_table(loaders: &[LoaderFacts]) -> Layout {
    let row = |one: &LoaderFacts| {
        let parent = one.parent.as_deref().map(in_one_line).unwrap_or_default();
        vec![
            Text::from(in_one_line(&one.name)),
            Text::styled(Style::Name, one.hash.clone()),
            Text::from(parent),
        ]
    };
    Layout::Table(Table {
        columns: vec![Column::new("NAME").weight(2), Column::new("HASH"), Column::new("PARENT").weight(1)],
        rows: loaders.iter().map(row).collect(),
        ..Table::default()
    })
}

/// What a loader says of itself, without breaks: Tomcat's has several lines.
pub(crate) fn in_one_line(text: &str) -> String {
    text.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n").replace('\t', "    ")
}

/// Several classes fit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", bound = "")]
struct Classes<S> {
    matched_classes: Vec<ClassName>,
    #[serde(skip)]
    of: PhantomData<fn(S)>,
}

impl<S: Show> Show for Classes<S> {
    const KIND: &'static str = S::KIND;

    fn layout(&self) -> Layout {
        class_table(&self.matched_classes)
    }
}

/// Classes with their loaders.
pub(crate) fn class_table(classes: &[ClassName]) -> Layout {
    let row = |one: &ClassName| {
        vec![
            Text::styled(Style::Name, one.name.clone()),
            Text::from(one.class_loader_hash.clone()),
            Text::from(one.classloader.first().map(|text| in_one_line(text)).unwrap_or_default()),
        ]
    };
    Layout::Table(Table {
        columns: vec![
            Column::new("NAME").weight(2),
            Column::new("HASHCODE"),
            Column::new("CLASSLOADER").weight(1),
        ],
        rows: classes.iter().map(row).collect(),
        ..Table::default()
    })
}
