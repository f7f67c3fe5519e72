//! `heapAnalyze`: how many objects of which classes, and the biggest.

use host::heap_walk::{HeapAnalysis, Walk};

use super::vmtool::{MOST_OBJECTS, Vmtool};
use crate::prelude::*;
use crate::units;

impl Vmtool {
    pub(super) fn analyze(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let limit = self.announce(host, cx, Walk::Objects)?;
        let analysis = host.analyze_heap(self.objects.min(MOST_OBJECTS), self.classes, limit).or_fail()?;
        let is_whole = analysis.complete;
        cx.emit(Analysis(analysis))?;
        if is_whole { Ok(()) } else { Err(super::references::too_late(self.max_pause)) }
    }
}

#[derive(Serialize)]
struct Analysis(HeapAnalysis);

impl Show for Analysis {
    const KIND: &'static str = "heapAnalyze";

    fn layout(&self) -> Layout {
        let HeapAnalysis { class_number, object_number, bytes, objects, classes, pause_ms, .. } = &self.0;
        let number = |number: u64| Text::styled(Style::Number, number.to_string());
        let name = |name: &str| Text::styled(Style::Name, name.to_owned());
        let id = |at: usize| Text::from((at + 1).to_string());
        let ids = || Column::new("id").right();
        let bytes_of = || Column::new("#bytes").right();
        let of_objects = objects.iter().enumerate();
        let of_objects = of_objects.map(|(at, one)| vec![id(at), number(one.bytes), name(&one.class_name)]);
        let of_classes = classes
            .iter()
            .enumerate()
            .map(|(at, one)| vec![id(at), number(one.instances), number(one.bytes), name(&one.class_name)]);
        Layout::stack(vec![
            Layout::line(format!("class_number: {class_number}")),
            Layout::line(format!("object_number: {object_number}")),
            Layout::Table(Table {
                columns: vec![ids(), bytes_of(), Column::new("class_name").weight(1)],
                rows: of_objects.collect(),
                ..Table::default()
            }),
            Layout::Table(Table {
                columns: vec![
                    ids(),
                    Column::new("#instances").right(),
                    bytes_of(),
                    Column::new("class_name").weight(1),
                ],
                rows: of_classes.collect(),
                ..Table::default()
            }),
            Layout::line(format!(
                "{} in all, garbage that was not yet collected included; the application stood still for {pause_ms:.0} ms",
                units::human(bytes.cast_signed())
            )),
        ])
    }
}
