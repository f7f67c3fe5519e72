//! `dump`: class files of loaded classes.

use std::path::PathBuf;

use host::NamePattern;
use host::class_facts::ClassName;
use host::class_files::{Writing, WrittenClass};
use host::class_query::ClassQuery;
use model::RowAffect;

use super::loader;
use crate::prelude::*;

/// Where class files go, in the folder for output.
const FOLDER: &str = "classdump";

/// Write class files of loaded classes
///
/// What is written is what runs, with what other agents have made of it and without our probes. The application does not stand
/// still for it, and nothing is changed. A file that is there is replaced.
#[derive(Args)]
#[command(group = Class, permission = Dump)]
#[command(example = "dump demo.MathGame", example = "dump -d /tmp/classes 'demo.*'")]
pub(crate) struct Dump {
    /// The classes
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    code: Option<String>,
    /// Only classes of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The pattern is a regular expression
    #[arg(short = 'E', long)]
    regex: bool,
    /// Where they are written; default: classdump in the folder of the option output-dir
    #[arg(short = 'd', long, label = "folder")]
    directory: Option<FilePath>,
    /// With more classes than this none is written
    #[arg(short = 'l', long, default = "50")]
    limit: usize,
}

impl Command for Dump {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let folder = match self.directory {
            Some(folder) => PathBuf::from(folder.into_string()),
            None => host.output_dir().join(FOLDER),
        };
        if folder.exists() && !folder.is_dir() {
            return Err(Failure::new(format!("{} :is not a directory, please check it", folder.display())));
        }
        let wanted = loader::wanted(self.code, self.loader_class);
        let query = ClassQuery::new(NamePattern::of_class(&self.class, self.regex)?, wanted);
        let written = match host.write_classes(&query, self.limit, &folder).or_fail()? {
            Ok(Writing::Done(written)) => written,
            Ok(Writing::TooMany(matched_classes)) => {
                let told = format!(
                    "Found more than {} class for: {}, Please Try to specify the classloader with the -c option, or try \
                     to use --limit option.",
                    self.limit, &*self.class
                );
                cx.message(told.clone())?;
                cx.emit(Found { matched_classes })?;
                cx.emit(RowAffect { row_count: 0 })?;
                return Err(Failure::new(told));
            }
            Err(several) => return Err(loader::end::<Found>(cx, several, &self.class, &query.loader)),
        };
        if written.classes.is_empty() && written.refused.is_empty() {
            cx.emit(RowAffect { row_count: 0 })?;
            return Err(Failure::new(format!("No class found for: {}", &*self.class)));
        }
        let affected = written.classes.len();
        cx.emit(Dumped { dumped_classes: written.classes })?;
        for refused in &written.refused {
            cx.message(format!("{} was not dumped: {}.", refused.what, refused.why))?;
        }
        cx.emit(RowAffect { row_count: affected as u64 })?;
        match affected {
            0 => Err(Failure::new(format!("No class that fits {} has a class file.", &*self.class))),
            _ => Ok(()),
        }
    }
}

/// Classes whose files are there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dumped {
    dumped_classes: Vec<WrittenClass>,
}

impl Show for Dumped {
    const KIND: &'static str = "dump";

    fn layout(&self) -> Layout {
        let row = |one: &WrittenClass| {
            let text = one.classloader.first().map(|text| loader::in_one_line(text)).unwrap_or_default();
            vec![
                Text::styled(Style::Name, one.class_loader_hash.clone()),
                Text::from(text),
                Text::from(one.location.clone()),
            ]
        };
        Layout::Table(Table {
            columns: vec![
                Column::new("HASHCODE"),
                Column::new("CLASSLOADER").weight(1),
                Column::new("LOCATION").weight(2),
            ],
            rows: self.dumped_classes.iter().map(row).collect(),
            ..Table::default()
        })
    }
}

/// Classes of which there are too many.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    matched_classes: Vec<ClassName>,
}

impl Show for Found {
    const KIND: &'static str = "dump";

    fn layout(&self) -> Layout {
        loader::class_table(&self.matched_classes)
    }
}
