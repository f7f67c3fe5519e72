//! `vmtool`: the objects of a class, found in the heap.

use host::class_query::ClassQuery;
use host::evaluation::{Evaluation, NotOne};
use host::values::Snapshot;
use shell::{Choice, Expression};

use super::value::{Shown, lines};
use super::{may, read};
use crate::class::loader;
use crate::prelude::*;

/// Show objects of a class
///
/// `getInstances` finds objects of the class and of those below it in the heap, also such as nobody
/// refers to any more. The application stands still until there are enough, or the whole heap was
/// walked; with `--limit -1` all are taken.
#[derive(Args)]
#[command(group = Class, permission = Evaluate)]
#[command(example = "vmtool --action getInstances --className demo.MathGame")]
#[command(
    example = "vmtool --action getInstances --className java.lang.Thread --express 'instances.{name}' -l 20"
)]
pub(crate) struct Vmtool {
    /// What is done
    #[arg(short = 'a', long)]
    action: Action,
    /// The class
    #[arg(long = "className", label = "class")]
    class: Option<ClassPattern>,
    /// What is shown of the objects, which are the array `instances`
    #[arg(long, default = "instances")]
    express: Expression,
    /// So many objects at most, `-1` for all
    #[arg(short = 'l', long, default = "10")]
    limit: i64,
    /// Only a class of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only a class of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    expand: u32,
}

/// What `vmtool` does.
#[derive(Choice, Clone, Copy)]
enum Action {
    /// Shows objects of a class.
    #[choice("getInstances")]
    GetInstances,
}

impl Command for Vmtool {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let Action::GetInstances = self.action;
        let shown = Shown::of(host, self.expand, None)?;
        let Some(class) = self.class.filter(|class| !class.is_empty()) else {
            return Err(Failure::new("The className option cannot be empty!"));
        };
        let most = match self.limit {
            -1 => usize::MAX,
            limit => usize::try_from(limit)
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or("The limit must be positive, or -1 for all objects.")?,
        };
        let express = read(&self.express, Host::over_instances)?;
        let wanted = ClassQuery::by_name_only(
            host::NamePattern::one_of([class.replace('/', ".")]),
            loader::wanted(self.classloader, self.loader_class),
        );
        let how = Evaluation { depth: shown.expand, may: may(cx) };
        match host.instances(&wanted, most, &express, how).or_fail()? {
            Ok(Ok(data)) => cx.emit(Objects { value: shown.text(host, &data), data }),
            Ok(Err(mistake)) => Err(self.express.mistake(mistake.at, mistake.message).into()),
            Err(NotOne::Classes(classes)) if classes.is_empty() => {
                Err(Failure::new(format!("Can not find class by class name: {class}.")))
            }
            Err(not_one) => Err(loader::end::<Objects>(cx, not_one, &class, &wanted.loader)),
        }
    }
}

/// Objects of a class, or what an expression makes of them.
#[derive(Serialize)]
struct Objects {
    /// As the object view shows it.
    value: String,
    /// As data.
    data: Snapshot,
}

impl Show for Objects {
    const KIND: &'static str = "vmtool";

    fn layout(&self) -> Layout {
        Layout::stack(lines(&self.value).collect())
    }
}
