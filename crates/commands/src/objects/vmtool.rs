//! `vmtool`: the objects of a class, what fills the heap and who keeps it, and other means of the JVM.

use std::time::Duration;

use host::class_query::ClassQuery;
use host::heap_walk::{Estimate, Walk};
use shell::Expression;

use super::means;
use crate::class::loader;
use crate::prelude::*;
use crate::units;

/// Look at the heap's objects, and use other means of the JVM
///
/// `getInstances` finds objects of the class and of those below it in the heap, also such as nobody
/// refers to any more. The application stands still until there are enough, or the whole heap was
/// walked; with `--limit -1` all are taken.
///
/// `heapAnalyze` counts all objects by class and shows the biggest, `referenceAnalyze` who keeps the
/// biggest objects of a class: each holder with its field or place in an array, up to a static field, a
/// variable of a method, a thread. Weak references keep nothing. The application stands still for a
/// tenth of a second for a million objects, and for about a second in two pieces with references; what
/// is expected is said before, and refused if it is longer than `--maxPause`.
#[derive(Args)]
#[command(group = Class, permission = Evaluate)]
#[command(example = "vmtool --action getInstances --className demo.MathGame")]
#[command(
    example = "vmtool --action getInstances --className java.lang.Thread --express 'instances.{name}' -l 20"
)]
#[command(example = "vmtool --action getInstances --className 'int[]' -l 3")]
#[command(example = "vmtool --action heapAnalyze --classNum 5 --objectNum 3")]
#[command(
    example = "vmtool --action referenceAnalyze --className demo.Order --objectNum 3 --backtraceNum -1"
)]
#[command(example = "vmtool --action interruptThread -t 12")]
#[command(example = "vmtool --action mallocStats")]
pub(crate) struct Vmtool {
    /// What is done
    #[arg(short = 'a', long)]
    action: Action,
    /// The class; arrays as Java writes them: `byte[]`
    #[arg(long = "className", label = "class")]
    class: Option<ClassPattern>,
    /// What is shown of the objects, which are the array `instances`
    #[arg(long, default = "instances")]
    pub(super) express: Expression,
    /// So many objects at most, `-1` for all
    #[arg(short = 'l', long, default = "10")]
    pub(super) limit: i64,
    /// Only a class of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only a class of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    pub(super) expand: u32,
    /// How many classes heapAnalyze lists
    #[arg(long = "classNum", label = "number", default = "20")]
    pub(super) classes: usize,
    /// How many objects heapAnalyze and referenceAnalyze list
    #[arg(long = "objectNum", label = "number", default = "20")]
    pub(super) objects: usize,
    /// How many holders of each object referenceAnalyze tells before it goes on to the root, `-1` for all
    #[arg(long = "backtraceNum", label = "number", default = "2")]
    pub(super) holders: i64,
    /// How long the application may stand still at a time for an analysis, which ends then with what it has
    #[arg(long = "maxPause", label = "ms", default = "10000")]
    pub(super) max_pause: u64,
    /// How many objects referenceAnalyze remembers on its way at most, some 100 bytes of memory each
    #[arg(long = "remember", label = "number", default = "1000000")]
    pub(super) remembered: usize,
    /// The thread that interruptThread interrupts
    #[arg(short = 't', long = "threadId", label = "id")]
    thread: Option<ThreadId>,
    /// Taken for Arthas's sake: no other library is needed
    #[arg(long = "libPath", label = "file")]
    _library: Option<FilePath>,
}

/// What `vmtool` does.
#[derive(Choice, Clone, Copy)]
enum Action {
    /// Shows objects of a class.
    #[choice("getInstances")]
    GetInstances,
    /// Collects garbage.
    #[choice("forceGc")]
    ForceGc,
    /// Counts all objects.
    #[choice("heapAnalyze")]
    HeapAnalyze,
    /// Shows who keeps objects.
    #[choice("referenceAnalyze")]
    ReferenceAnalyze,
    /// Interrupts a thread.
    #[choice("interruptThread")]
    InterruptThread,
    /// Gives free native memory back.
    #[choice("mallocTrim")]
    MallocTrim,
    /// Shows what the C library's allocator holds.
    #[choice("mallocStats")]
    MallocStats,
}

/// More are not looked for in one walk.
pub(super) const MOST_OBJECTS: usize = 10_000;

impl Command for Vmtool {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        match self.action {
            Action::GetInstances => self.instances(host, cx),
            Action::ForceGc => means::collect(host, cx),
            Action::HeapAnalyze => self.analyze(host, cx),
            Action::ReferenceAnalyze => self.references(host, cx),
            Action::InterruptThread => means::interrupt(host, cx, self.thread),
            Action::MallocTrim => means::trim(host, cx),
            Action::MallocStats => means::stats(host, cx),
        }
    }
}

/// The class that was named, and the words of the command line for it.
pub(super) struct Meant {
    pub(super) wanted: ClassQuery,
    pub(super) class: String,
}

impl Vmtool {
    pub(super) fn meant(&self) -> Result<Meant, Failure> {
        let Some(class) = self.class.as_deref().filter(|class| !class.is_empty()) else {
            return Err(Failure::new("The className option cannot be empty!"));
        };
        let name = jvm_name(&class.replace('/', "."));
        let loader = loader::wanted(self.classloader.clone(), self.loader_class.clone());
        Ok(Meant {
            wanted: ClassQuery::by_name_only(host::NamePattern::one_of([name]), loader),
            class: class.to_owned(),
        })
    }

    /// Says what a walk will take, or refuses it.
    pub(super) fn announce(
        &self,
        host: &Host,
        cx: &mut Context<'_>,
        walk: Walk,
    ) -> Result<Duration, Failure> {
        let Estimate { used, objects, pause } = host.estimate(walk).or_fail()?;
        let limit = Duration::from_millis(self.max_pause);
        let heap = units::human(used.cast_signed());
        let millions = objects as f64 / 1e6;
        let seconds = pause.as_secs_f64();
        if pause > limit {
            return Err(Failure::new(format!(
                "The heap's {heap} (some {millions:.1} million objects) would take about {seconds:.1} s, in which the \
                 application stands still: longer than --maxPause, {} ms. Say --maxPause {:.0} if that is meant.",
                self.max_pause,
                seconds * 3_000.0
            )));
        }
        let twice = if walk == Walk::References { ", twice" } else { "" };
        cx.message(format!(
            "Walking {heap}, some {millions:.1} million objects: the application stands still for about {seconds:.1} s{twice}."
        ))?;
        Ok(limit)
    }
}

/// A class's name as `Class.getName` gives it: `int[][]` is `[[I`.
fn jvm_name(name: &str) -> String {
    let element = name.trim_end_matches("[]");
    let depth = (name.len() - element.len()) / 2;
    if depth == 0 {
        return name.to_owned();
    }
    let letter = match element {
        "boolean" => "Z",
        "byte" => "B",
        "char" => "C",
        "short" => "S",
        "int" => "I",
        "long" => "J",
        "float" => "F",
        "double" => "D",
        _ => return format!("{}L{element};", "[".repeat(depth)),
    };
    "[".repeat(depth) + letter
}

#[cfg(test)]
mod tests {
    use super::jvm_name;

    #[test]
    fn arrays_are_named_as_the_jvm_does() {
        assert_eq!(jvm_name("int[][]"), "[[I");
        assert_eq!(jvm_name("demo.Shop[]"), "[Ldemo.Shop;");
        assert_eq!(jvm_name("demo.Shop"), "demo.Shop");
    }
}
