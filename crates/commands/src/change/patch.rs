//! `patch`: from a source file to running code in one step, and back.

use std::sync::Arc;

use host::entries::{Entry, EntryKind};
use host::plan::{NewClass, PlannedClass};

use super::mc::compiled;
use super::retransform::{EntryShown, planned, table};
use super::{file, processors};
use crate::class::loader::wanted;
use crate::prelude::*;

/// Compile source files and give their code to the running classes
///
/// Shows which methods change, and what the JVM would refuse; then asks at a terminal, and changes nothing without a yes
/// or --yes. Commands that observe the classes go on. The patch stays, also when other agents change the classes, until
/// `patch --undo` or the end of the agent.
#[derive(Args)]
#[command(group = Class, permission = Mutate)]
#[command(
    example = "patch /tmp/MathGame.java",
    example = "patch /tmp/MathGame.java --yes",
    example = "patch --list"
)]
#[command(example = "patch --undo demo.MathGame")]
pub(crate) struct Patch {
    /// Change the classes without asking
    #[arg(short = 'y', long)]
    yes: bool,
    /// Take back the patches with these ids or of these classes; all, if none is named
    #[arg(long)]
    undo: bool,
    /// List the patches that are in force
    #[arg(short = 'l', long)]
    list: bool,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only those of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The charset of the sources; default: UTF-8
    #[arg(long)]
    encoding: Option<String>,
    /// The source files; with --undo, ids or classes
    #[arg(name = "sourcefiles")]
    sources: Vec<FilePath>,
}

impl Command for Patch {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.list {
            let all = host.entries();
            let patches =
                all.iter().filter(|entry| entry.kind == EntryKind::Patch).map(EntryShown::of).collect();
            return cx.emit(Answer { patches: Some(patches), ..Answer::default() });
        }
        if self.undo {
            return self.undone(host, cx);
        }
        if self.sources.is_empty() {
            return Err(Failure::new("Name source files, or one of --list and --undo."));
        }
        self.change(host, cx)
    }
}

impl Patch {
    fn change(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let sources = file::sources(host, cx, &self.sources, self.encoding.as_deref())?;
        let wanted = wanted(self.classloader.clone(), self.loader_class.clone());
        let (compiled, _) = compiled::<Answer>(host, cx, &sources, &wanted)?;
        if let Some(advice) = processors::advice(&sources) {
            return Err(Failure::new(format!(
                "Nothing is changed: the new code would lack what Lombok adds. {advice}"
            )));
        }
        let mut files = Vec::new();
        for (_, bytes) in compiled.classes {
            files.push(NewClass::read(Arc::from(bytes)).map_err(Failure::new)?);
        }
        let new = host.load_nested(&files).or_fail()?;
        files.retain(|file| !new.contains(&file.name));
        let mut planned = planned::<Answer>(host, cx, &files, &wanted)?;
        for name in new {
            let why = "it is new, and the application's loaders have no class file of it";
            planned.refused.push(format!("{name} cannot be brought along: {why}."));
        }
        // Whoever compiles one class of several need not change the others.
        if planned.refused.is_empty() {
            planned.classes.retain(|class| !class.bodies.is_empty());
        }
        // Of what is refused nothing would change.
        let would = planned.classes.iter().filter(|_| planned.refused.is_empty());
        let classes: Vec<Changed> = would.map(Changed::of).collect();
        let nothing = classes.is_empty();
        let refused = planned.refused.clone();
        if !refused.is_empty() || nothing || !self.yes {
            cx.emit(Answer {
                classes: Some(classes.clone()),
                refused: refused.clone(),
                ..Answer::default()
            })?;
            if !refused.is_empty() {
                return Err(Failure::new(format!(
                    "The JVM would refuse this, so nothing is changed: {}",
                    refused.join(" ")
                )));
            }
            if nothing {
                return cx.message("The classes run this code already; nothing is changed.");
            }
            match cx.ask("Change the running classes?")? {
                Some(true) => {}
                Some(false) => return cx.message("Nothing is changed."),
                None => {
                    return Err(Failure::new("Nothing is changed yet: the same line with --yes does it."));
                }
            }
        }
        let entries = host.replace(planned, EntryKind::Patch).or_fail()?;
        cx.emit(Answer {
            classes: Some(classes),
            applied: true,
            ids: entries.iter().map(|entry| entry.id).collect(),
            ..Answer::default()
        })
    }

    fn undone(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let names =
            |entry: &Entry, word: &str| word.parse() == Ok(entry.id) || word.replace('/', ".") == entry.name;
        let is_meant = |entry: &Entry| {
            entry.kind == EntryKind::Patch
                && (self.sources.is_empty() || self.sources.iter().any(|word| names(entry, word)))
        };
        let all = host.entries();
        let unknown = self
            .sources
            .iter()
            .find(|word| !all.iter().any(|entry| entry.kind == EntryKind::Patch && names(entry, word)));
        if let Some(word) = unknown {
            return Err(Failure::new(format!(
                "There is no patch {}; `patch --list` lists those that are in force. Nothing is changed.",
                word.as_str()
            )));
        }
        let gone = host.delete_entries(is_meant).or_fail()?;
        if gone.is_empty() {
            return cx.message("There is no patch.");
        }
        cx.emit(Answer { undone: Some(gone.iter().map(EntryShown::of).collect()), ..Answer::default() })
    }
}

/// A class and its methods that change.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    class_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_code: Option<String>,
    methods: Vec<String>,
}

impl Changed {
    fn of(class: &PlannedClass) -> Self {
        let (class_name, hash_code) = (class.name.clone(), class.loader_hash.clone());
        Self { class_name, hash_code, methods: class.bodies.clone() }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    applied: bool,
    /// What changes, or would.
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<Changed>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<u32>,
    /// What is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    patches: Option<Vec<EntryShown>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone: Option<Vec<EntryShown>>,
}

impl Show for Answer {
    const KIND: &'static str = "patch";

    fn layout(&self) -> Layout {
        if let Some(patches) = &self.patches {
            return table(patches);
        }
        let mut lines = Vec::new();
        let head = match (self.applied, &self.undone) {
            (_, Some(_)) => "taken back:",
            (true, None) => "changed:",
            (false, None) => "would change:",
        };
        if self.undone.is_some() || self.classes.iter().any(|classes| !classes.is_empty()) {
            lines.push(Layout::Line(Text::styled(Style::Heading, head)));
        }
        for class in self.classes.iter().flatten() {
            let loader =
                class.hash_code.as_ref().map(|hash| format!("  (loader {hash})")).unwrap_or_default();
            lines.push(Layout::Line(Text::styled(Style::Name, format!("  {}{loader}", class.class_name))));
            lines.extend(class.methods.iter().map(|method| Layout::line(format!("    {method}"))));
        }
        for gone in self.undone.iter().flatten() {
            lines.push(Layout::Line(Text::styled(Style::Name, format!("  {} {}", gone.id, gone.class_name))));
        }
        if !self.ids.is_empty() {
            let ids: Vec<String> = self.ids.iter().map(u32::to_string).collect();
            lines.push(Layout::line(format!("patch --undo {} takes it back", ids.join(" "))));
        }
        Layout::stack(lines)
    }
}
