//! `redefine`: as `retransform` with files, for those who know the word; `reset` takes it back.

use host::entries::EntryKind;

use super::file;
use super::retransform::planned;
use crate::class::loader::wanted;
use crate::prelude::*;

/// Replace the code of loaded classes by that of class files, until `reset`
///
/// As `retransform` with files: the bodies of methods may change, nothing else, and observing goes on. `reset` takes
/// it back, as does the end of the agent; `retransform -l` lists it and `retransform -d` deletes it.
#[derive(Args)]
#[command(group = Class, permission = Mutate)]
#[command(
    example = "redefine /tmp/MathGame.class",
    example = "redefine -c 327a647b /tmp/A.class /tmp/A$Inner.class"
)]
pub(crate) struct Redefine {
    /// Only a class of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only a class of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The class files
    #[arg(name = "classfilePaths", required)]
    paths: Vec<FilePath>,
}

impl Command for Redefine {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let files = file::classes(cx, &self.paths)?;
        let wanted = wanted(self.classloader.clone(), self.loader_class.clone());
        let planned = planned::<Answer>(host, cx, &files, &wanted)?;
        let new = host.replace(planned, EntryKind::Redefine).or_fail()?;
        let names: Vec<String> = new.iter().map(|entry| entry.name.clone()).collect();
        cx.emit(Answer { redefinition_count: names.len(), redefined_classes: names })
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    redefinition_count: usize,
    redefined_classes: Vec<String>,
}

impl Show for Answer {
    const KIND: &'static str = "redefine";

    fn layout(&self) -> Layout {
        let names = &self.redefined_classes;
        let head = format!("redefine success, size: {}, classes:", names.len());
        let mut lines = vec![Layout::Line(Text::styled(Style::Good, head))];
        lines.extend(names.iter().map(|name| Layout::Line(Text::styled(Style::Name, name.clone()))));
        Layout::stack(lines)
    }
}
