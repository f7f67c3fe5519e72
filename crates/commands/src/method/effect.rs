//! What weaving will do, has done, and what putting back has done, as results.

use host::observe;
use host::reset::ResetEffect;
use host::{Matched, OverLimit, Refused};

use crate::prelude::*;

const NOTHING: &str = "No class or method is affected";

/// How many methods or classes that were left out are named one by one.
const NAMED: usize = 8;

/// Something that could not be woven.
#[derive(Serialize)]
pub(super) struct LeftOut {
    /// The class or the method.
    pub(super) what: String,
    /// Why.
    pub(super) why: String,
}

/// What is about to be woven: shown before it is.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Weaving {
    pub(super) class_count: usize,
    pub(super) method_count: usize,
    /// Methods whose byte code need not change.
    pub(super) already: usize,
    /// Methods whose byte code changes.
    pub(super) new: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<LeftOut>,
    /// What it costs the application beyond the probes, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

impl Weaving {
    pub(super) fn of(matched: &Matched) -> Self {
        let new = matched.new_methods();
        let mut warnings = Vec::new();
        if new > 0 && matched.drops_compiled_code {
            warnings.push(
                "The first class to be changed makes this JVM drop its compiled code: the application is slow for about half a second.".to_owned(),
            );
        }
        if let Some(first) = matched.on_stack.first() {
            let more = match matched.on_stack.len() {
                1 => String::new(),
                all => format!(" and {} more", all - 1),
            };
            warnings.push(format!(
                "Methods of {first}{more} are being run: those calls are not seen, and one that never returns stays in the interpreter."
            ));
        }
        Self {
            class_count: matched.class_count(),
            method_count: matched.method_count(),
            already: matched.already(),
            new,
            left_out: LeftOut::all(&matched.refused),
            warnings,
        }
    }
}

impl Show for Weaving {
    const KIND: &'static str = "weaving";

    fn layout(&self) -> Layout {
        let Self { class_count, method_count, already, new, .. } = self;
        let classes = if *class_count == 1 { "class" } else { "classes" };
        let methods = if *method_count == 1 { "method" } else { "methods" };
        let line =
            format!("{class_count} {classes}, {method_count} {methods}: {already} woven already, {new} new");
        let mut lines = vec![Layout::Line(Text::styled(Style::Dim, line))];
        left_out(&self.left_out, &mut lines);
        let warn = |warning: &String| Layout::Line(Text::styled(Style::Warn, warning.clone()));
        lines.extend(self.warnings.iter().map(warn));
        Layout::stack(lines)
    }
}

fn left_out(all: &[LeftOut], lines: &mut Vec<Layout>) {
    for LeftOut { what, why } in all.iter().take(NAMED) {
        lines.push(Layout::Line(Text::styled(Style::Warn, format!("left out: {what}: {why}"))));
    }
    if let Some(more @ 1..) = all.len().checked_sub(NAMED) {
        lines.push(Layout::Line(Text::styled(Style::Warn, format!("left out: {more} more"))));
    }
}

/// What weaving did, as Arthas counts it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Effect {
    /// Milliseconds.
    pub(super) cost: u64,
    pub(super) method_count: usize,
    pub(super) class_count: usize,
    pub(super) listener_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) over_limit_msg: Option<String>,
    /// Files that woven classes were written to (`options dump true`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) class_dump_files: Vec<String>,
    /// `loader|class#method|descriptor` (`options verbose true`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) methods: Vec<String>,
}

/// The answer of every command that observes methods.
#[derive(Serialize)]
pub(super) struct Enhancer {
    pub(super) effect: Effect,
    pub(super) success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// What turned out while weaving.
    #[serde(rename = "leftOut", skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<LeftOut>,
    /// What the user should know of what was woven.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl Enhancer {
    pub(super) fn of(host: &Host, effect: &observe::Effect, listener_id: u64) -> Self {
        let success = effect.methods > 0;
        Self {
            effect: Effect {
                cost: effect.millis,
                method_count: effect.methods,
                class_count: effect.classes,
                listener_id,
                over_limit_msg: None,
                class_dump_files: effect.dumped.clone(),
                methods: if host.options().verbose() { affected(host, &effect.ids) } else { Vec::new() },
            },
            success,
            message: (!success).then(|| NOTHING.to_owned()),
            left_out: LeftOut::all(&effect.refused),
            notes: effect.notes.clone(),
        }
    }

    /// Nothing is woven: too many classes match.
    pub(super) fn over_limit(over: &OverLimit) -> Self {
        let message = format!(
            "The number of matched classes is {}, greater than the limit value {}. Try to change the limit with option '-m <arg>'.",
            over.found, over.limit
        );
        let effect = Effect { over_limit_msg: Some(message), ..Effect::default() };
        Self { effect, success: false, message: None, left_out: Vec::new(), notes: Vec::new() }
    }

    /// Nothing is woven: no method matches.
    pub(super) fn nothing(matched: &Matched) -> Self {
        let effect = Effect { class_count: matched.class_count(), ..Effect::default() };
        let left_out = LeftOut::all(&matched.refused);
        Self { effect, success: false, message: Some(NOTHING.to_owned()), left_out, notes: Vec::new() }
    }
}

impl Show for Enhancer {
    const KIND: &'static str = "enhancer";

    fn layout(&self) -> Layout {
        let effect = &self.effect;
        let dim = |text: String| Layout::Line(Text::styled(Style::Dim, text));
        let mut lines: Vec<Layout> =
            effect.class_dump_files.iter().map(|file| dim(format!("[dump: {file}]"))).collect();
        lines.extend(effect.methods.iter().map(|method| dim(format!("[Affect method: {method}]"))));
        lines.push(dim(format!(
            "Affect(class count: {} , method count: {}) cost in {} ms, listenerId: {}",
            effect.class_count, effect.method_count, effect.cost, effect.listener_id
        )));
        left_out(&self.left_out, &mut lines);
        let note = |note: &String| Layout::Line(Text::styled(Style::Warn, note.clone()));
        lines.extend(self.notes.iter().take(NAMED).map(note));
        if let Some(over) = &effect.over_limit_msg {
            lines.push(Layout::Line(Text::styled(Style::Bad, over.clone())));
        }
        Layout::stack(lines)
    }
}

fn affected(host: &Host, ids: &[u32]) -> Vec<String> {
    ids.iter().filter_map(|id| host.woven_method(*id)).map(|facts| facts.affected()).collect()
}

impl LeftOut {
    pub(super) fn all(refused: &[Refused]) -> Vec<Self> {
        refused.iter().map(|one| Self { what: one.what.clone(), why: one.why.clone() }).collect()
    }
}

/// What was put back.
#[derive(Serialize)]
pub(crate) struct Reset {
    affect: Restored,
    #[serde(rename = "leftOut", skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

impl Reset {
    pub(crate) fn of(effect: &ResetEffect) -> Self {
        let affect = Restored {
            class_count: effect.classes,
            method_count: effect.methods,
            cost: effect.millis,
            listener_id: 0,
        };
        Self { affect, left_out: LeftOut::all(&effect.failed) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    class_count: usize,
    method_count: usize,
    /// Milliseconds.
    cost: u64,
    /// Always 0: no listener is meant.
    listener_id: u64,
}

impl Show for Reset {
    const KIND: &'static str = "reset";

    fn layout(&self) -> Layout {
        let Restored { class_count, method_count, cost, .. } = &self.affect;
        let line =
            format!("Affect(class count: {class_count} , method count: {method_count}) cost in {cost} ms");
        let mut lines = vec![Layout::Line(Text::styled(Style::Dim, line))];
        left_out(&self.left_out, &mut lines);
        Layout::stack(lines)
    }
}

/// What to try when nothing matched.
pub(super) fn nothing_affected() -> Failure {
    Failure::new(
        "No class or method is affected, try:\n\
         1. Look at the names: class names with their packages, inner classes with `$`; a method may be declared in a superclass.\n\
         2. `options unsafe true` opens the JDK's own classes.\n\
         3. Constructors are named `<init>`; abstract and native methods have no code to observe.\n\
         4. If the class is not loaded yet: `-L` waits for it.",
    )
}
