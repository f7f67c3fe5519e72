//! One thread's stack with its locks, as text.

use host::thread_info::{Frame, LockInfo, Locks};
use host::thread_state::ThreadState;

use super::usage::state_style;
use crate::prelude::*;

/// A lock that other threads wait for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The lock's `System.identityHashCode`.
    pub(super) lock: i32,
    /// How many threads wait.
    pub(super) waiting: usize,
}

/// What stands in the first line, before the state.
pub(super) struct Head<'a> {
    pub(super) id: i64,
    pub(super) name: &'a str,
    pub(super) state: Option<ThreadState>,
    /// ` cpuUsage=…` where it was measured.
    pub(super) usage: Option<String>,
}

/// The stack's lines.
pub(super) fn lines(head: &Head<'_>, locks: &Locks, wanted: Option<Wanted>) -> Vec<Layout> {
    let mut lines = vec![Layout::Line(first_line(head, locks))];
    let mut told = false;
    for (depth, frame) in locks.stack_trace.iter().enumerate() {
        lines.push(Layout::Line(Text::from("    at ").with(Style::Plain, frame_text(frame))));
        if depth == 0
            && let Some(lock) = &locks.lock_info
        {
            let verb = if head.state == Some(ThreadState::Blocked) { "blocked on" } else { "waiting on" };
            lines.push(Layout::Line(Text::styled(Style::Warn, format!("    -  {verb} {lock}"))));
        }
        for monitor in
            locks.locked_monitors.iter().filter(|monitor| monitor.locked_stack_depth == depth as i32)
        {
            lines.push(Layout::Line(held("    -  locked", &monitor.lock, wanted, &mut told)));
        }
    }
    if !locks.locked_synchronizers.is_empty() {
        let count = locks.locked_synchronizers.len();
        lines.push(Layout::line(format!("    Number of locked synchronizers = {count}")));
        for lock in &locks.locked_synchronizers {
            lines.push(Layout::Line(held("    -", lock, wanted, &mut told)));
        }
    }
    // The JVM does not always say where a lock was taken (an owner of an exclusive synchronizer that
    // it does not list): the count is told nevertheless.
    if let Some(wanted) = wanted.filter(|_| !told) {
        lines.insert(1, Layout::Line(blocks(wanted)));
    }
    lines
}

fn first_line(head: &Head<'_>, locks: &Locks) -> Text {
    let mut line = Text::styled(Style::Name, format!("\"{}\"", head.name));
    line.push(Style::Plain, format!(" Id={} ", head.id));
    if let Some(usage) = &head.usage {
        line.push(Style::Number, format!("{usage} "));
    }
    match head.state {
        Some(state) => line.push(state_style(state), state.name()),
        None => line.push(Style::Dim, "(internal)"),
    }
    if let Some(lock) = &locks.lock_name {
        line.push(Style::Plain, format!(" on {lock}"));
    }
    if let Some(owner) = &locks.lock_owner_name {
        line.push(Style::Warn, format!(" owned by \"{owner}\" Id={}", locks.lock_owner_id));
    }
    if locks.suspended {
        line.push(Style::Warn, " (suspended)");
    }
    if locks.in_native {
        line.push(Style::Dim, " (in native)");
    }
    line
}

fn held(before: &str, lock: &LockInfo, wanted: Option<Wanted>, told: &mut bool) -> Text {
    let mut line = Text::from(format!("{before} {lock}"));
    if let Some(wanted) = wanted.filter(|wanted| wanted.lock == lock.identity_hash_code) {
        *told = true;
        for span in blocks(wanted).spans() {
            line.push(span.style, span.text.clone());
        }
    }
    line
}

fn blocks(wanted: Wanted) -> Text {
    let noun = if wanted.waiting == 1 { "thread" } else { "threads" };
    Text::styled(Style::Bad, format!(" <---- but blocks {} other {noun}!", wanted.waiting))
}

/// A frame as Java prints it: `demo.Main.run(Main.java:12)`.
pub(crate) fn frame_text(frame: &Frame) -> String {
    let place = match (&frame.file_name, frame.line_number) {
        (_, -2) => "Native Method".to_owned(),
        (Some(file), 0..) => format!("{file}:{}", frame.line_number),
        (Some(file), _) => file.clone(),
        (None, _) => "Unknown Source".to_owned(),
    };
    format!("{}.{}({place})", frame.class_name, frame.method_name)
}

#[cfg(test)]
mod tests {
    use host::thread_info::MonitorInfo;

    use super::*;

    fn frame(method: &str, line: i32) -> Frame {
        Frame {
            file_name: (line > -2).then(|| "Main.java".to_owned()),
            line_number: line,
            class_name: "demo.Main".to_owned(),
            method_name: method.to_owned(),
        }
    }

    fn lock(hash: i32) -> LockInfo {
        LockInfo { class_name: "java.lang.Object".to_owned(), identity_hash_code: hash }
    }

    fn text(head: &Head<'_>, locks: &Locks, wanted: Option<Wanted>) -> String {
        let line = |layout: &Layout| match layout {
            Layout::Line(text) => text.plain(),
            _ => String::new(),
        };
        lines(head, locks, wanted).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn locks_stand_below_the_frames_that_took_them() {
        let locks = Locks {
            lock_info: Some(lock(0x1a)),
            lock_name: Some("java.lang.Object@1a".to_owned()),
            lock_owner_id: 7,
            lock_owner_name: Some("other".to_owned()),
            stack_trace: vec![frame("wait0", -2), frame("run", 12)],
            locked_monitors: vec![MonitorInfo {
                lock: lock(0x2b),
                locked_stack_depth: 1,
                locked_stack_frame: None,
            }],
            locked_synchronizers: vec![lock(0x3c)],
            ..Locks::default()
        };
        let head = Head {
            id: 3,
            name: "worker",
            state: Some(ThreadState::Blocked),
            usage: Some("cpuUsage=1%".to_owned()),
        };
        assert_eq!(
            text(&head, &locks, Some(Wanted { lock: 0x2b, waiting: 2 })),
            "\"worker\" Id=3 cpuUsage=1% BLOCKED on java.lang.Object@1a owned by \"other\" Id=7\n    \
             at demo.Main.wait0(Native Method)\n    \
             -  blocked on java.lang.Object@1a\n    \
             at demo.Main.run(Main.java:12)\n    \
             -  locked java.lang.Object@2b <---- but blocks 2 other threads!\n    \
             Number of locked synchronizers = 1\n    \
             - java.lang.Object@3c"
        );
    }

    #[test]
    fn a_wanted_lock_is_told_even_where_the_jvm_does_not_say_who_holds_it() {
        let head = Head { id: 3, name: "worker", state: Some(ThreadState::Waiting), usage: None };
        let locks = Locks { stack_trace: vec![frame("run", 12)], ..Locks::default() };
        let text = text(&head, &locks, Some(Wanted { lock: 1, waiting: 1 }));
        assert_eq!(text.lines().nth(1), Some(" <---- but blocks 1 other thread!"));
    }
}
