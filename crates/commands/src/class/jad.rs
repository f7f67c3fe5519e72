//! `jad`: the source of a class as it runs.

use std::collections::BTreeMap;
use std::path::Path;

use host::NamePattern;
use host::class_bytes::Probes;
use host::class_facts::ClassName;
use host::class_query::ClassQuery;
use host::decompile::{Source, Style as SourceStyle};
use host::source::ClassFiles;
use host::workshop::Silent;
use model::RowAffect;
use shell::{NoTurn, Work};

use super::highlighted::highlighted;
use super::numbered::numbered;
use super::{chain, loader};
use crate::permission::need;
use crate::prelude::*;

/// Show the source of a class as it runs, decompiled
///
/// The code is the one that runs now, with what other agents have changed and without our own probes; the
/// classes within it are shown, too. CFR makes the source: beside the oxprobe command or the tunnel server, where they
/// find a Java, else in this JVM, and is gone afterwards. Ctrl-C ends it at once, and it may take 60 s. With --bytecode the
/// code itself is shown, of the class alone.
#[derive(Args)]
#[command(group = Class, permission = View)]
#[command(example = "jad demo.MathGame")]
#[command(example = "jad demo.MathGame primeFactors --lineNumber false")]
#[command(
    example = "jad --source-only java.lang.String length",
    example = "jad --bytecode demo.MathGame run"
)]
pub(crate) struct Jad {
    /// The class
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// Only methods of this name
    #[arg(name = "method-name")]
    method: Option<String>,
    /// Only a class of the loader with this hash
    #[arg(short = 'c', long = "code", label = "hash")]
    code: Option<String>,
    /// Only a class of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The pattern is a regular expression
    #[arg(short = 'E', long)]
    regex: bool,
    /// Characters beyond ASCII as \u escapes
    #[arg(long = "hideUnicode")]
    hide_unicode: bool,
    /// Without loader and location
    #[arg(long = "source-only")]
    source_only: bool,
    /// The number of its line in the original source before each line
    #[arg(long = "lineNumber", default = "true")]
    line_number: bool,
    /// With our own probes in it, where the class is observed
    #[arg(long)]
    probes: bool,
    /// The byte code instead of source, as javap -c -v has it; needs no Java
    #[arg(long)]
    bytecode: bool,
    /// Where the class files are written, too
    #[arg(short = 'd', long, label = "path")]
    directory: Option<FilePath>,
}

impl Command for Jad {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let folder = self.directory.as_deref().map(Path::new);
        if let Some(folder) = folder {
            need(cx, Permission::Dump, "`jad -d` writes files and")?;
            if folder.exists() && !folder.is_dir() {
                return Err(Failure::new(format!(
                    "{} :is not a directory, please check it",
                    folder.display()
                )));
            }
        }
        let wanted = loader::wanted(self.code, self.loader_class);
        let query = ClassQuery::by_name_only(NamePattern::of_class(&self.class, self.regex)?, wanted);
        let probes = if self.probes { Probes::Kept } else { Probes::LeftOut };
        let found = match host.class_files(&query, probes, !self.bytecode).or_fail()? {
            Ok(found) => found,
            Err(not_one) => return Err(loader::end::<Decompiled>(cx, not_one, &self.class, &query.loader)),
        };
        if let Some(method) = &self.method
            && !found.has_method(method).or_fail()?
        {
            return Err(Failure::new(format!(
                "{} itself has no method {method}; `sm` lists those it has.",
                found.class.name
            )));
        }
        if let Some(folder) = folder {
            found.write(folder).or_fail()?;
        }
        let source = if self.bytecode {
            Source { text: found.listing(self.method.as_deref()).or_fail()?, lines: Vec::new(), told: None }
        } else {
            let style = SourceStyle { method: self.method.as_deref(), hide_unicode: self.hide_unicode };
            source(host, cx, &found, style)?
        };
        if let Some(told) = &source.told {
            // Source alone may go to a compiler.
            cx.message(if self.source_only { format!("// {told}") } else { told.clone() })?;
        }
        cx.emit(Decompiled {
            bytecode: self.bytecode,
            ..Decompiled::of(found, source, self.line_number, self.source_only)
        })?;
        if self.source_only { Ok(()) } else { cx.emit(RowAffect { row_count: 1 }) }
    }
}

/// The source, made by the client of who asks if it does that, else here.
fn source(
    host: &Host,
    cx: &Context<'_>,
    found: &ClassFiles,
    style: SourceStyle<'_>,
) -> Result<Source, Failure> {
    let elsewhere = match cx.client_work() {
        Some(work) => elsewhere(host, cx, work, found, style)?,
        None => Err("who asks has no Java for it beside him (OXPROBE_JAVA names one)".to_owned()),
    };
    elsewhere.or_else(|not_there| {
        log::debug!("jad: decompiled here: {not_there}");
        let jar = host.part("cfr", &mut |file| cx.borrow(file));
        let source = jar.and_then(|jar| host.source(found, style, &jar, &|| !cx.cancelled()));
        if cx.cancelled() {
            return Err(Failure::Cancelled);
        }
        source.map_err(|why| advised(&format!("{why} Nor was it done outside of this JVM: {not_there}.")))
    })
}

/// `Err` in it: it is not made there, and why.
fn elsewhere(
    host: &Host,
    cx: &Context<'_>,
    mut work: Box<dyn Work + '_>,
    found: &ClassFiles,
    style: SourceStyle<'_>,
) -> Result<Result<Source, String>, Failure> {
    let mut turn = |said: &[u8], within| {
        work.turn(said, within, &|| cx.cancelled()).map_err(|why| match why {
            NoTurn::Over(why) => Silent::Over(why),
            NoTurn::Late => Silent::Late,
            NoTurn::Cancelled => Silent::Unwanted,
        })
    };
    match host.source_elsewhere(found, style, &mut turn).map_err(|why| advised(&why.to_string()))? {
        Ok(source) => Ok(Ok(source)),
        Err(Silent::Unwanted) => Err(Failure::Cancelled),
        Err(Silent::Over(why)) => Ok(Err(why)),
        Err(Silent::Late) => Ok(Err("it took too long".to_owned())),
    }
}

/// Why there is no source, and what there is without a decompiler.
fn advised(why: &str) -> Failure {
    Failure::new(format!(
        "{why} `jad --bytecode` lists the code without a decompiler, and `dump` writes the class file."
    ))
}

/// The source of a class.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decompiled {
    #[serde(skip_serializing_if = "Option::is_none")]
    class_info: Option<ClassName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    source: String,
    #[serde(skip)]
    bytecode: bool,
    /// By the line of the source, the line of the original.
    mappings: BTreeMap<u32, u32>,
}

impl Decompiled {
    fn of(found: ClassFiles, source: Source, line_number: bool, source_only: bool) -> Self {
        let ClassFiles { class, location, .. } = found;
        let text = if line_number { numbered(&source.text, &source.lines) } else { source.text };
        Self {
            class_info: (!source_only).then_some(class),
            location: (!source_only).then_some(location),
            source: text,
            bytecode: false,
            mappings: source.lines.into_iter().collect(),
        }
    }
}

impl Show for Decompiled {
    const KIND: &'static str = "jad";

    fn layout(&self) -> Layout {
        let mut all = Vec::new();
        let heading = |text| Layout::Line(Text::styled(Style::Heading, text));
        if let Some(info) = &self.class_info {
            let texts = info.classloader.iter().map(|text| loader::in_one_line(text));
            all.extend([
                Layout::line(""),
                heading("ClassLoader:"),
                Layout::line(chain(texts)),
                Layout::line(""),
            ]);
        }
        if let Some(location) = &self.location {
            all.extend([heading("Location:"), Layout::line(location.clone()), Layout::line("")]);
        }
        all.push(match self.bytecode {
            true => Layout::line(self.source.clone()),
            false => Layout::Line(highlighted(&self.source)),
        });
        Layout::stack(all)
    }
}
