//! `referenceAnalyze`: who keeps the biggest objects of a class.

use host::heap_walk::Walk;
use host::keepers::{Keeping, KeptObject, Reference, ReferenceAnalysis, RootFacts};

use super::vmtool::{MOST_OBJECTS, Vmtool};
use crate::prelude::*;

/// A longer path has its middle left out: a list of a million links is one.
const MOST_HOLDERS: usize = 200;

impl Vmtool {
    pub(super) fn references(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let meant = self.meant()?;
        let holders = match self.holders {
            -1 => MOST_HOLDERS,
            holders => usize::try_from(holders).map_err(|_| "backtraceNum must be -1 or greater.")?,
        };
        let limit = self.announce(host, cx, Walk::References)?;
        let keeping = Keeping {
            objects: self.objects.min(MOST_OBJECTS),
            holders: holders.min(MOST_HOLDERS),
            remembered: self.remembered.min(1 << 28),
            limit,
        };
        match host.keepers(&meant.wanted, keeping).or_fail()? {
            Ok(analysis) => {
                let is_whole = analysis.complete;
                cx.emit(Analysis { analysis, holders })?;
                if is_whole { Ok(()) } else { Err(too_late(self.max_pause)) }
            }
            Err(not_one) => Err(meant.end(cx, not_one)),
        }
    }
}

/// What is said where the time was not enough.
pub(super) fn too_late(limit: u64) -> Failure {
    Failure::new(format!(
        "The walk was ended after {limit} ms, so what it found is not all. Say a longer --maxPause if the application may \
         stand still for longer."
    ))
}

#[derive(Serialize)]
struct Analysis {
    #[serde(flatten)]
    analysis: ReferenceAnalysis,
    /// How many holders were asked for.
    #[serde(skip)]
    holders: usize,
}

impl Show for Analysis {
    const KIND: &'static str = "referenceAnalyze";

    fn layout(&self) -> Layout {
        let analysis = &self.analysis;
        let rows = analysis.objects.iter().enumerate().map(|(at, object)| {
            vec![
                Text::from((at + 1).to_string()),
                Text::styled(Style::Number, object.bytes.to_string()),
                self.path(object),
            ]
        });
        let mut parts = vec![Layout::Table(Table {
            columns: vec![
                Column::new("id").right(),
                Column::new("#bytes").right(),
                Column::new("class_name & references").weight(1),
            ],
            rows: rows.collect(),
            ..Table::default()
        })];
        if analysis.objects.is_empty() && analysis.complete {
            parts.push(Layout::line("Nothing that is reachable is of this class."));
        }
        if analysis.forgotten > 0 {
            parts.push(Layout::line(format!(
                "{} references led to objects that were not remembered, since there were more than {}: paths over these \
                 are left out. Say a greater --remember.",
                analysis.forgotten, analysis.remembered
            )));
        }
        let pauses: Vec<String> = analysis.pauses_ms.iter().map(|pause| format!("{pause:.0}")).collect();
        parts.push(Layout::line(format!(
            "Objects remembered on the way: {}; the application stood still for {} ms",
            analysis.remembered,
            pauses.join(" + ")
        )));
        Layout::stack(parts)
    }
}

impl Analysis {
    fn path(&self, object: &KeptObject) -> Text {
        let mut text = Text::styled(Style::Name, object.class_name.clone());
        if self.holders == 0 {
            return text;
        }
        for holder in &object.references {
            text.push(Style::Plain, format!(" <-- {}", holder_text(holder)));
        }
        if object.left_out > 0 {
            text.push(Style::Dim, format!(" <-- ... {} more ...", object.left_out));
        }
        text.push(Style::Plain, format!(" <-- {}", root_text(&object.root)));
        text
    }
}

/// `java.util.HashMap.table`, `java.lang.Object[3]`.
fn holder_text(holder: &Reference) -> String {
    let class = &holder.class_name;
    match (&holder.field, holder.index, holder.kind) {
        (Some(field), ..) => format!("{class}.{field}"),
        (_, Some(index), _) => class.replacen("[]", &format!("[{index}]"), 1),
        (_, _, kind) => format!("{class} ({})", kind.unwrap_or("reference")),
    }
}

fn root_text(root: &RootFacts) -> String {
    let mut text = match (&root.class_name, &root.field) {
        (Some(class), Some(field)) => return format!("root(static field {class}.{field})"),
        _ if root.kind == "none" => return "no root: let go of meanwhile".to_owned(),
        _ => format!("root({}", root.kind),
    };
    if let Some(method) = &root.method {
        text.push_str(&format!(" in method: {method}"));
    }
    if let Some(line) = root.line {
        text.push_str(&format!(":{line}"));
    }
    if let Some(slot) = root.slot.filter(|slot| *slot >= 0) {
        text.push_str(&format!(", slot {slot}"));
    }
    if let Some(id) = root.thread_id {
        let name = root.thread_name.as_deref().unwrap_or("a virtual thread, or one that has ended");
        let thread = if root.kind == "thread" { "" } else { ", thread" };
        text.push_str(&format!("{thread} {id} {name}"));
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(class: &str, field: Option<&str>, index: Option<i32>) -> Reference {
        Reference { class_name: class.to_owned(), field: field.map(str::to_owned), index, kind: None }
    }

    #[test]
    fn holders_are_told_as_java_writes_them() {
        assert_eq!(holder_text(&holder("demo.Shop", Some("orders"), None)), "demo.Shop.orders");
        assert_eq!(holder_text(&holder("java.lang.Object[][]", None, Some(3))), "java.lang.Object[3][]");
    }

    #[test]
    fn a_variable_is_told_with_its_method_and_thread() {
        let root = RootFacts {
            kind: "local variable",
            method: Some("demo.Main.run".to_owned()),
            line: Some(12),
            slot: Some(2),
            thread_id: Some(1),
            thread_name: Some("main".to_owned()),
            ..RootFacts::default()
        };
        assert_eq!(
            root_text(&root),
            "root(local variable in method: demo.Main.run:12, slot 2, thread 1 main)"
        );
    }
}
