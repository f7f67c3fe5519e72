//! `retransform`: class files stand in for those of loaded classes, until they are deleted.

use std::sync::Arc;

use host::NamePattern;
use host::entries::{Entry, EntryKind};
use host::evaluation::NotOne;
use host::loaders::WantedLoader;
use host::plan::{NewClass, Plan, Planned};
use host::replace::Again;

use super::file;
use crate::class::loader::{self, wanted};
use crate::prelude::*;

/// Replace the code of loaded classes by that of class files
///
/// The bodies of methods may change, nothing else of a class; what the JVM would refuse is said before anything is
/// touched. Commands that observe the class go on. The files stay in force, also when other agents change the class,
/// until they are deleted (`-d`, `--deleteAll`), which puts the code before them back at once, or the agent stops.
#[derive(Args)]
#[command(group = Class, permission = Mutate)]
#[command(
    example = "retransform /tmp/MathGame.class",
    example = "retransform -l",
    example = "retransform -d 1"
)]
#[command(example = "retransform --classPattern demo.*")]
pub(crate) struct Retransform {
    /// List what is in force, oldest first
    #[arg(short = 'l', long)]
    list: bool,
    /// Delete the entry with this number and put back what was before it
    #[arg(short = 'd', long, label = "id")]
    delete: Option<u32>,
    /// Delete all entries
    #[arg(long = "deleteAll")]
    delete_all: bool,
    /// Have the JVM take loaded classes anew, as all agents have them now
    #[arg(long = "classPattern", label = "class-pattern")]
    class_pattern: Option<ClassPattern>,
    /// Only a class of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only a class of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// With more classes than this --classPattern does nothing
    #[arg(long, default = "50")]
    limit: usize,
    /// The class files
    #[arg(name = "classfilePaths")]
    paths: Vec<FilePath>,
}

impl Command for Retransform {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.list {
            let shown = host.entries().iter().map(EntryShown::of).collect();
            return cx.emit(Answer { retransform_entries: Some(shown), ..Answer::default() });
        }
        if let Some(id) = self.delete {
            let gone = host.delete_entries(|entry| entry.id == id).or_fail()?;
            let Some(one) = gone.first() else {
                return Err(Failure::new(format!("There is no entry {id}; `retransform -l` lists them.")));
            };
            let deleted = Some(EntryShown::of(one));
            return cx.emit(Answer { deleted_retransform_entry: deleted, ..Answer::of(&gone) });
        }
        if self.delete_all {
            let gone = host.delete_entries(|_| true).or_fail()?;
            return cx.emit(Answer::of(&gone));
        }
        if self.class_pattern.is_some() {
            return self.again(host, cx);
        }
        if self.paths.is_empty() {
            return Err(Failure::new(
                "Name class files, or one of -l, -d, --deleteAll and --classPattern; `help retransform` says more.",
            ));
        }
        self.replace(host, cx)
    }
}

impl Retransform {
    fn replace(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let files = file::classes(cx, &self.paths)?;
        let wanted = wanted(self.classloader.clone(), self.loader_class.clone());
        let planned = planned::<Answer>(host, cx, &files, &wanted)?;
        let new = host.replace(planned, EntryKind::Retransform).or_fail()?;
        cx.emit(Answer { ids: Some(new.iter().map(|entry| entry.id).collect()), ..Answer::of(&new) })
    }

    fn again(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let pattern = self.class_pattern.as_deref().unwrap_or_default();
        let wanted = wanted(self.classloader.clone(), self.loader_class.clone());
        match host.retransform_again(&NamePattern::wildcard(pattern), &wanted, self.limit).or_fail()? {
            Ok(names) if names.is_empty() => Err(missing(&[pattern.to_owned()])),
            Ok(names) => cx.emit(Answer {
                retransform_count: names.len(),
                retransform_classes: Some(names),
                ..Answer::default()
            }),
            Err(Again::TooMany(found)) => Err(Failure::new(format!(
                "match classes size: {found}, more than limit: {}, It is recommended to use a more precise class pattern.",
                self.limit
            ))),
            Err(Again::Loaders(loaders)) => {
                Err(loader::end::<Answer>(cx, NotOne::Loaders(loaders), "", &wanted))
            }
        }
    }
}

/// What these class files would change. Where that cannot be told, the command ends with a result of the type of `S`.
pub(super) fn planned<S: Show>(
    host: &Host,
    cx: &mut Context<'_>,
    files: &[NewClass],
    wanted: &WantedLoader,
) -> Result<Planned, Failure> {
    match host.plan_replacement(files, wanted).or_fail()? {
        Plan::Planned(planned) => Ok(planned),
        Plan::Missing(names) => Err(missing(&names)),
        Plan::Loaders(loaders) => Err(loader::end::<S>(cx, NotOne::Loaders(loaders), "", wanted)),
    }
}

/// No class of these names is loaded.
fn missing(names: &[String]) -> Failure {
    Failure::new(format!(
        "These classes are not found in the JVM and may not be loaded: [{}]. Nothing is changed.",
        names.join(", ")
    ))
}

/// What was done, or is in force.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    retransform_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    retransform_classes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retransform_entries: Option<Vec<EntryShown>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_retransform_entry: Option<EntryShown>,
}

impl Answer {
    /// The classes that these entries are of, each once.
    fn of(entries: &[Arc<Entry>]) -> Self {
        let mut names: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        names.dedup();
        Self { retransform_count: names.len(), retransform_classes: Some(names), ..Self::default() }
    }
}

/// An entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryShown {
    pub(super) id: u32,
    pub(super) class_name: String,
    transform_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_loader_class: Option<String>,
    bytes: String,
    /// The command that made it.
    kind: &'static str,
}

impl EntryShown {
    pub(super) fn of(entry: &Arc<Entry>) -> Self {
        Self {
            id: entry.id,
            class_name: entry.name.clone(),
            transform_count: entry.transforms(),
            hash_code: entry.loader_hash.clone(),
            class_loader_class: entry.loader_class.clone(),
            bytes: crate::system::base64::encode(&entry.bytes).replace('\n', ""),
            kind: entry.kind.name(),
        }
    }
}

/// A table of entries.
pub(super) fn table(entries: &[EntryShown]) -> Layout {
    let row = |one: &EntryShown| {
        vec![
            Text::from(one.id.to_string()),
            Text::styled(Style::Name, one.class_name.clone()),
            Text::from(one.transform_count.to_string()),
            Text::from(one.hash_code.clone().unwrap_or_default()),
            Text::from(one.class_loader_class.clone().unwrap_or_default()),
            Text::from(one.kind),
        ]
    };
    Layout::Table(Table {
        columns: vec![
            Column::new("Id"),
            Column::new("ClassName"),
            Column::new("TransformCount"),
            Column::new("LoaderHash"),
            Column::new("LoaderClassName"),
            Column::new("By"),
        ],
        rows: entries.iter().map(row).collect(),
        ..Table::default()
    })
}

impl Show for Answer {
    const KIND: &'static str = "retransform";

    fn layout(&self) -> Layout {
        if let Some(entries) = &self.retransform_entries {
            return table(entries);
        }
        let names = self.retransform_classes.as_deref().unwrap_or_default();
        let head = match (&self.deleted_retransform_entry, &self.ids) {
            (Some(gone), _) => format!("entry {} is deleted; classes put back: {}", gone.id, names.len()),
            (None, Some(_)) => format!("retransform success, size: {}, classes:", names.len()),
            (None, None) => format!("retransform success, size: {}, classes:", names.len()),
        };
        let mut lines = vec![Layout::Line(Text::styled(Style::Good, head))];
        lines.extend(names.iter().map(|name| Layout::Line(Text::styled(Style::Name, name.clone()))));
        Layout::stack(lines)
    }
}
