//! What `classloader` tells, in Arthas's fields, and its pictures.

use std::collections::BTreeMap;

use host::class_facts::ClassDetail;
use host::loader_list::{LoaderClasses, LoaderKind, LoaderRow};
use host::loader_urls::UrlUse;
use host::loaders::LoaderFacts;
use model::{Node, RowAffect};

use super::loader::in_one_line;
use crate::prelude::*;

/// Names in one result; a loader may have 100,000.
const PAGE: usize = 256;

const BOOT: &str = "BootstrapClassLoader";

/// A loader (Arthas's `ClassLoaderVO`), fields in the order of their names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vo {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Vo>,
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded_count: Option<usize>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
}

impl Vo {
    pub(super) fn of(facts: Option<LoaderFacts>) -> Self {
        let boot = || LoaderFacts { name: BOOT.to_owned(), hash: "null".to_owned(), parent: None };
        let LoaderFacts { name, hash, parent } = facts.unwrap_or_else(boot);
        Self { children: Vec::new(), hash, loaded_count: None, name, parent }
    }

    fn title(&self) -> Text {
        Text::styled(Style::Heading, format!("{}, hash:{}", in_one_line(&self.name), self.hash))
    }

    fn node(&self) -> Node {
        Node {
            text: Text::styled(Style::Name, in_one_line(&self.name)),
            children: self.children.iter().map(Vo::node).collect(),
        }
    }
}

/// Loaders by class.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    class_loader_stats: InOrder,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stat {
    loaded_count: usize,
    number_of_instance: usize,
}

/// A map that keeps its order, which is that of the picture.
struct InOrder(Vec<(String, Stat)>);

impl Serialize for InOrder {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, stat)| (name, stat)))
    }
}

impl Stats {
    pub(super) fn of(kinds: Vec<LoaderKind>) -> Self {
        let stat = |kind: LoaderKind| {
            let name = kind.class.unwrap_or_else(|| BOOT.to_owned());
            (name, Stat { loaded_count: kind.loaded, number_of_instance: kind.instances })
        };
        Self { class_loader_stats: InOrder(kinds.into_iter().map(stat).collect()) }
    }
}

impl Show for Stats {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        let row = |(name, stat): &(String, Stat)| {
            vec![
                Text::styled(Style::Name, name.clone()),
                Text::styled(Style::Number, stat.number_of_instance.to_string()),
                Text::styled(Style::Number, stat.loaded_count.to_string()),
            ]
        };
        table(
            vec![
                Column::new("name"),
                Column::new("numberOfInstances").right(),
                Column::new("loadedCountTotal").right(),
            ],
            self.class_loader_stats.0.iter().map(row).collect(),
        )
    }
}

/// Loaders, each or as a tree.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    class_loaders: Vec<Vo>,
    tree: bool,
}

impl List {
    pub(super) fn of(rows: Vec<LoaderRow>, tree: bool) -> Self {
        let parents: Vec<Option<usize>> = rows.iter().map(|row| row.parent).collect();
        let vo = |row: LoaderRow| Some(Vo { loaded_count: Some(row.loaded), ..Vo::of(row.facts) });
        let mut all: Vec<Option<Vo>> = rows.into_iter().map(vo).collect();
        let class_loaders = match tree {
            false => all.into_iter().flatten().collect(),
            true => {
                let mut below = vec![Vec::new(); parents.len()];
                let mut tops = Vec::new();
                for (at, parent) in parents.into_iter().enumerate() {
                    match parent.and_then(|parent| below.get_mut(parent)) {
                        Some(below) => below.push(at),
                        None => tops.push(at),
                    }
                }
                let mut roots: Vec<Vo> =
                    tops.into_iter().filter_map(|at| grow(&mut all, &below, at)).collect();
                // What is left has itself above it.
                roots.extend(all.into_iter().flatten());
                roots
            }
        };
        Self { class_loaders, tree }
    }
}

/// A loader with all below it.
fn grow(all: &mut [Option<Vo>], below: &[Vec<usize>], at: usize) -> Option<Vo> {
    let mut root = all.get_mut(at)?.take()?;
    for child in below.get(at)? {
        root.children.extend(grow(all, below, *child));
    }
    Some(root)
}

impl Show for List {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        if self.tree {
            return Layout::stack(self.class_loaders.iter().map(|root| Layout::Tree(root.node())).collect());
        }
        let row = |vo: &Vo| {
            vec![
                Text::styled(Style::Name, in_one_line(&vo.name)),
                Text::styled(Style::Number, vo.loaded_count.unwrap_or_default().to_string()),
                Text::from(vo.hash.clone()),
                Text::from(vo.parent.as_deref().map(in_one_line).unwrap_or_else(|| "null".to_owned())),
            ]
        };
        table(
            vec![
                Column::new("name"),
                Column::new("loadedCount").right(),
                Column::new("hash"),
                Column::new("parent"),
            ],
            self.class_loaders.iter().map(row).collect(),
        )
    }
}

/// Some classes of a loader.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClassSet {
    class_set: Page,
}

#[derive(Serialize)]
struct Page {
    classloader: Vo,
    classes: Vec<String>,
    segment: usize,
}

impl ClassSet {
    /// All of them, page by page.
    pub(super) fn emit(cx: &mut Context<'_>, all: Vec<LoaderClasses>) -> Result<(), Failure> {
        let mut row_count = 0;
        for one in all {
            row_count += one.names.len() as u64;
            for (segment, names) in one.names.chunks(PAGE).enumerate() {
                let classloader = Vo::of(one.loader.clone());
                cx.emit_soon(Self { class_set: Page { classloader, classes: names.to_vec(), segment } })?;
            }
        }
        cx.emit(RowAffect { row_count })
    }
}

impl Show for ClassSet {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        let Page { classloader, classes, segment } = &self.class_set;
        let mut lines = Vec::new();
        if *segment == 0 {
            let title = format!("hash:{}, {}", classloader.hash, in_one_line(&classloader.name));
            lines.push(Layout::Line(Text::styled(Style::Heading, title)));
        }
        lines.push(super::names(classes));
        Layout::stack(lines)
    }
}

/// Where a loader looks for classes.
#[derive(Serialize)]
pub(super) struct Urls {
    pub(super) urls: Vec<String>,
}

impl Show for Urls {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        lines(&self.urls)
    }
}

/// Where a loader finds a resource.
#[derive(Serialize)]
pub(super) struct Resources {
    pub(super) resources: Vec<String>,
}

impl Show for Resources {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        lines(&self.resources)
    }
}

/// A class that a loader has loaded on request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Loaded {
    pub(super) load_class: ClassDetail,
}

impl Show for Loaded {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        super::sc::picture(&self.load_class)
    }
}

/// Which URLs of each loader are used.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UrlStats {
    /// Arthas's JSON has the loader as a key: its own JSON as text.
    url_stats: BTreeMap<String, UrlUse>,
}

impl UrlStats {
    pub(super) fn of(all: Vec<UrlUse>) -> Self {
        let keyed = all.into_iter().map(|one| {
            let key = serde_json::to_string(&Vo::of(Some(one.loader.clone()))).unwrap_or_default();
            (key, one)
        });
        Self { url_stats: keyed.collect() }
    }
}

impl Show for UrlStats {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        let mut all = Vec::new();
        for one in self.url_stats.values() {
            all.push(Layout::Line(Vo::of(Some(one.loader.clone())).title()));
            for (title, urls) in [("Used URLs:", &one.used_urls), ("Unused URLs:", &one.un_used_urls)] {
                all.push(Layout::Line(Text::styled(Style::Heading, title)));
                all.push(lines(urls));
            }
            all.push(Layout::line(""));
        }
        Layout::stack(all)
    }
}

/// What one loader has loaded from where.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Places {
    pub(super) class_loader: Vo,
    pub(super) url_class_stats: Vec<Place>,
    pub(super) url_class_stats_detail: bool,
}

/// What it has loaded from one place.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) url: String,
    pub(super) loaded_class_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) matched_class_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) classes: Option<Vec<String>>,
    pub(super) truncated: bool,
}

impl Show for Places {
    const KIND: &'static str = "classloader";

    fn layout(&self) -> Layout {
        let mut all = vec![Layout::Line(self.class_loader.title())];
        if self.url_class_stats_detail {
            self.url_class_stats.iter().for_each(|place| place.detail(&mut all));
            return Layout::stack(all);
        }
        let has_matched = self.url_class_stats.iter().any(|place| place.matched_class_count.is_some());
        let mut columns = vec![Column::new("url"), Column::new("loadedClassCount").right()];
        if has_matched {
            columns.push(Column::new("matchedClassCount").right());
        }
        let row = |place: &Place| {
            let counts = [Some(place.loaded_class_count), place.matched_class_count].into_iter().flatten();
            let counts = counts.map(|count| Text::styled(Style::Number, count.to_string()));
            std::iter::once(Text::from(place.url.clone())).chain(counts).collect()
        };
        all.push(table(columns, self.url_class_stats.iter().map(row).collect()));
        Layout::stack(all)
    }
}

impl Place {
    fn detail(&self, all: &mut Vec<Layout>) {
        let matched =
            self.matched_class_count.map_or_else(String::new, |count| format!(", matched: {count}"));
        let title = format!("{} (loaded: {}{matched})", self.url, self.loaded_class_count);
        all.push(Layout::Line(Text::styled(Style::Heading, title)));
        let names = self.classes.as_deref().unwrap_or_default();
        all.push(lines(names));
        if self.truncated {
            let total = self.matched_class_count.unwrap_or(self.loaded_class_count);
            all.push(Layout::Line(Text::styled(
                Style::Dim,
                format!("... (showing first {} of {total}, use -n/--limit to change limit)", names.len()),
            )));
        }
        all.push(Layout::line(""));
    }
}

fn lines(all: &[String]) -> Layout {
    Layout::stack(all.iter().map(|one| Layout::line(one.clone())).collect())
}

fn table(columns: Vec<Column>, rows: Vec<Vec<Text>>) -> Layout {
    Layout::Table(Table { columns, rows, ..Table::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, parent: Option<usize>) -> LoaderRow {
        let facts = LoaderFacts { name: name.to_owned(), hash: "1".to_owned(), parent: None };
        LoaderRow { facts: Some(facts), class: String::new(), loaded: 1, parent }
    }

    fn shape(vo: &Vo) -> String {
        format!("{}[{}]", vo.name, vo.children.iter().map(shape).collect::<String>())
    }

    #[test]
    fn a_loader_stands_below_its_parent_once_also_where_two_have_one_name_or_a_ring() {
        let rows = vec![
            row("web", Some(2)),
            row("web", None),
            row("app", None),
            row("x", Some(0)),
            row("r", Some(4)),
        ];
        let list = List::of(rows, true);
        let shapes: Vec<String> = list.class_loaders.iter().map(shape).collect();
        assert_eq!(shapes, ["web[]", "app[web[x[]]]", "r[]"]);
    }
}
