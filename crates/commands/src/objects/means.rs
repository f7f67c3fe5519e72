//! What `vmtool` does beside looking at objects: collecting, interrupting, native memory.

use host::heap_walk::Collected;
use host::malloc::MallocStats;

use crate::permission;
use crate::prelude::*;
use crate::units;

/// `forceGc`.
pub(super) fn collect(host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
    let collected = host.collect().or_fail()?;
    cx.emit(Collection(collected))
}

#[derive(Serialize)]
struct Collection(Collected);

impl Show for Collection {
    const KIND: &'static str = "forceGc";

    fn layout(&self) -> Layout {
        let Collected { before_bytes, after_bytes, took_ms } = self.0;
        let (before, after) = (units::human(before_bytes), units::human(after_bytes));
        Layout::line(format!(
            "All garbage was collected: {before} in use before, {after} after, in {took_ms:.0} ms."
        ))
    }
}

/// `interruptThread`.
pub(super) fn interrupt(host: &Host, cx: &mut Context<'_>, thread: Option<ThreadId>) -> Result<(), Failure> {
    permission::need(cx, Permission::Mutate, "Interrupting a thread")?;
    let Some(ThreadId(id)) = thread else {
        return Err(Failure::new("Which thread? Say -t <id>; `thread` lists them."));
    };
    match host.interrupt(id).or_fail()? {
        Some(name) => cx.message(format!("Thread {id} {name} was interrupted.")),
        None => Err(Failure::new(format!(
            "There is no live thread {id}; `thread --all` lists them. Virtual threads are not looked for."
        ))),
    }
}

/// `mallocTrim`.
pub(super) fn trim(host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
    let result = match host.malloc_trim() {
        Some(true) => "true",
        Some(false) => "false",
        None => "not supported",
    };
    cx.message(format!("mallocTrim result: {result}"))
}

/// `mallocStats`.
pub(super) fn stats(host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
    match host.malloc_stats() {
        Some(stats) => cx.emit(Stats(stats)),
        None => cx.message("mallocStats result: not supported"),
    }
}

#[derive(Serialize)]
struct Stats(MallocStats);

impl Show for Stats {
    const KIND: &'static str = "mallocStats";

    fn layout(&self) -> Layout {
        let MallocStats { system_bytes, in_use_bytes, mapped_bytes, mapped_number, arenas, replaced_by } =
            &self.0;
        let human = |bytes: u64| Text::styled(Style::Number, units::human(bytes.cast_signed()));
        let row = |name: String, system, in_use| vec![Text::from(name), human(system), human(in_use)];
        let mut rows: Vec<_> = arenas
            .iter()
            .enumerate()
            .map(|(at, arena)| row(at.to_string(), arena.system_bytes, arena.in_use_bytes))
            .collect();
        rows.push(row(format!("mapped ({mapped_number})"), *mapped_bytes, *mapped_bytes));
        rows.push(row("total".to_owned(), system_bytes + mapped_bytes, in_use_bytes + mapped_bytes));
        let mut parts = vec![Layout::Table(Table {
            columns: vec![
                Column::new("ARENA"),
                Column::new("FROM SYSTEM").right(),
                Column::new("IN USE").right(),
            ],
            rows,
            ..Table::default()
        })];
        if let Some(file) = replaced_by {
            parts.push(Layout::line(format!("The process allocates by {file}, whose memory this is not.")));
        }
        Layout::stack(parts)
    }
}
