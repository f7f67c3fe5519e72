//! `mc`: source files to class files, against the classes that the application sees.

use std::path::Path;

use host::compile::{Compilation, Compiled, SourceFile};
use host::evaluation::NotOne;
use host::loaders::WantedLoader;
use model::RowAffect;

use super::diagnostics::{self, Told};
use super::{file, processors};
use crate::class::loader::{self, wanted};
use crate::prelude::*;

/// Compile source files against the application's classes
///
/// With the JDK's compiler where the JVM has one, else with the Eclipse compiler, which the `oxprobe` command lends. A file
/// whose class is loaded is compiled as that class was: for the same Java, with parameter names if it has them, and
/// against its loader. Classes that are loaded and lie in no file, since they were made from bytes, are seen as they run.
/// Annotation processors do not run: what uses Lombok is compiled elsewhere, and its class file given to `retransform`.
/// Ctrl-C ends it at once, and it may take 120 s.
#[derive(Args)]
#[command(group = Class, permission = Mutate)]
#[command(example = "mc /tmp/MathGame.java", example = "mc -c 327a647b /tmp/A.java /tmp/B.java -d /tmp/out")]
pub(crate) struct Mc {
    /// Against the classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Against those of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The charset of the sources; default: UTF-8
    #[arg(long)]
    encoding: Option<String>,
    /// Where the class files are written, in folders of their packages; default: the JVM's working directory
    #[arg(short = 'd', long, label = "path")]
    directory: Option<FilePath>,
    /// The source files
    #[arg(name = "sourcefiles", required)]
    sources: Vec<FilePath>,
}

impl Command for Mc {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let sources = file::sources(host, cx, &self.sources, self.encoding.as_deref())?;
        let wanted = wanted(self.classloader.clone(), self.loader_class.clone());
        let (compiled, diagnostics) = compiled::<Answer>(host, cx, &sources, &wanted)?;
        let folder = Path::new(self.directory.as_deref().unwrap_or("."));
        let files = host.write_compiled(folder, &compiled).or_fail()?;
        let row_count = files.len() as u64;
        cx.emit(Answer { files: Some(files), diagnostics })?;
        if let Some(advice) = processors::advice(&sources) {
            cx.message(format!("What Lombok would add is not in the class files. {advice}"))?;
        }
        cx.emit(RowAffect { row_count })
    }
}

/// Compiles with whatever compiler there is. What does not compile is shown and ends the command; where it cannot be told
/// which loader is meant, it ends with a result of the type of `S`.
pub(super) fn compiled<S: Show>(
    host: &Host,
    cx: &mut Context<'_>,
    sources: &[SourceFile],
    wanted: &WantedLoader,
) -> Result<(Compiled, Vec<Told>), Failure> {
    let lend = &mut |file: &str| cx.borrow(file);
    let part = &mut |name: &str| host.part(name, lend);
    let compiled = host.compile(sources, wanted, part, &|| !cx.cancelled());
    if cx.cancelled() {
        return Err(Failure::Cancelled);
    }
    let compiled = match compiled.or_fail()? {
        Compilation::Compiled(compiled) => compiled,
        Compilation::Loaders(loaders) => {
            return Err(loader::end::<S>(cx, NotOne::Loaders(loaders), "", wanted));
        }
    };
    if let Some(told) = &compiled.told {
        cx.message(told.clone())?;
    }
    let redaction = host.options().redaction();
    let diagnostics = compiled.diagnostics.iter().map(|told| Told::of(told, sources, &redaction)).collect();
    match compiled.done {
        true => Ok((compiled, diagnostics)),
        false => Err(failed(cx, diagnostics, processors::advice(sources))?),
    }
}

/// Shows what is wrong and gives the end of the command.
fn failed(cx: &mut Context<'_>, diagnostics: Vec<Told>, advice: Option<String>) -> Result<Failure, Failure> {
    let errors = diagnostics.iter().filter(|told| told.is_error()).count();
    let first = diagnostics.iter().find(|told| told.is_error()).map(Told::sentence).unwrap_or_default();
    cx.emit(Answer { files: None, diagnostics })?;
    let more = if errors > 1 { format!(" and {} more", errors - 1) } else { String::new() };
    let advice = advice.map(|advice| format!(" {advice}")).unwrap_or_default();
    Ok(Failure::new(format!(
        "Memory compiler error, exception message: {first}{more}. Nothing was written.{advice}"
    )))
}

/// What was made, and what the compiler said.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Told>,
}

impl Show for Answer {
    const KIND: &'static str = "mc";

    fn layout(&self) -> Layout {
        let mut all = vec![diagnostics::layout(&self.diagnostics)];
        if let Some(files) = &self.files {
            all.push(Layout::Line(Text::styled(Style::Good, "Memory compiler output:")));
            all.extend(files.iter().map(|file| Layout::line(file.clone())));
        }
        Layout::stack(all)
    }
}
