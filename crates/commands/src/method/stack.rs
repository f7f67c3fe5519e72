//! `stack`: who calls a method.

use host::Parts;
use host::advice::{Kind, StackRecord};
use host::thread_info::Frame;
use shell::{Expression, MethodPattern};

use super::observation::{Observing, Target};
use super::running::{Found, Running};
use super::thread::ThreadFacts;
use crate::prelude::*;
use crate::thread::stack::frame_text;
use host::condition::When;

/// Show from where a method is called, call by call
///
/// Each result is the stack of one call at its end. A condition leaves out the calls that do not
/// fulfil it; it is tested inside the method and costs those calls next to nothing.
#[derive(Args)]
#[command(group = Method, permission = Observe, ends_on_q)]
#[command(example = "stack demo.MathGame primeFactors -n 2")]
#[command(example = "stack demo.MathGame primeFactors 'params[0]<0' -n 1")]
#[command(example = "stack -E demo\\.Math.* 'run|primeFactors'")]
pub(crate) struct Stack {
    /// The class
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// The method; all of them without it
    #[arg(name = "method-pattern")]
    method: Option<MethodPattern>,
    /// Which calls are meant, such as `params[0]>100`
    #[arg(name = "condition-express")]
    condition: Option<Expression>,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    #[arg(group)]
    observing: Observing,
}

/// How deep a stack is shown.
const DEPTH: usize = 1_024;

impl Command for Stack {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let target = Target {
            class: &self.class,
            method: self.method.as_ref(),
            loader: self.classloader.as_deref(),
            condition: self.condition.as_ref(),
            when: When::Exit,
            kind: Kind::Stack { depth: DEPTH },
            in_flight: false,
            parts: Parts::ENTRY_EXIT,
            shows: None,
            keep: None,
            lines: None,
            sample: 0,
            rate: None,
        };
        let Some(mut running) = self.observing.start(host, cx, target)? else { return Ok(()) };
        let end = stacks(host, cx, &mut running);
        running.end(cx, end)
    }
}

fn stacks(host: &Host, cx: &mut Context<'_>, running: &mut Running<'_>) -> Result<(), Failure> {
    running.go(cx)?;
    loop {
        match running.next(cx)? {
            Found::Stack(record) => {
                cx.emit(Stacked::of(host, &record)?)?;
                running.shown(cx)?;
            }
            Found::Over => return Ok(()),
            _ => {}
        }
    }
}

/// The stack of one call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stacked {
    ts: String,
    /// Always 0, as Arthas has it.
    cost: f64,
    thread_name: String,
    /// A text here, a number everywhere else: as Arthas has it.
    thread_id: String,
    daemon: bool,
    priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    classloader: Option<String>,
    stack_trace: Vec<Frame>,
    #[serde(skip)]
    thread: ThreadFacts,
}

/// The frames that Java's own stack traces have: not those of lambda proxies and method handles.
pub(super) fn visible(mut frames: Vec<Frame>) -> Vec<Frame> {
    let is_hidden =
        |class: &str| class.contains("$$Lambda") || class.starts_with("java.lang.invoke.LambdaForm$");
    frames.retain(|frame| !is_hidden(&frame.class_name));
    frames
}

impl Stacked {
    fn of(host: &Host, record: &StackRecord) -> Result<Self, Failure> {
        let thread = ThreadFacts::of(host, record.thread.as_ref(), record.at);
        Ok(Self::new(thread, visible(host.frames(record).or_fail()?)))
    }

    fn new(thread: ThreadFacts, stack_trace: Vec<Frame>) -> Self {
        Self {
            ts: thread.moment.to_the_nanosecond(),
            cost: 0.0,
            thread_name: thread.name.clone(),
            thread_id: thread.id.to_string(),
            daemon: thread.daemon,
            priority: thread.priority,
            classloader: thread.loader.clone(),
            stack_trace,
            thread,
        }
    }
}

impl Show for Stacked {
    const KIND: &'static str = "stack";

    fn layout(&self) -> Layout {
        let mut lines = vec![Layout::Line(self.thread.line())];
        for (depth, frame) in self.stack_trace.iter().enumerate() {
            lines.push(Layout::Line(match depth {
                0 => Text::styled(Style::Name, format!("    @{}.{}()", frame.class_name, frame.method_name)),
                _ => Text::from(format!("        at {}", frame_text(frame))),
            }));
        }
        lines.push(Layout::line(""));
        Layout::stack(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::super::thread::Moment;
    use super::*;

    fn stacked() -> Stacked {
        let frame = |method: &str, line: i32| Frame {
            class_name: "demo.MathGame".to_owned(),
            method_name: method.to_owned(),
            file_name: (line >= 0).then(|| "MathGame.java".to_owned()),
            line_number: line,
        };
        let moment = Moment { to_the_millisecond: "2026-11-22 19:05:01.123".to_owned(), beyond: 0 };
        let thread =
            ThreadFacts { name: "game".to_owned(), id: 12, daemon: true, priority: 5, loader: None, moment };
        Stacked::new(thread, vec![frame("primeFactors", 94), frame("run", 71), frame("invoke0", -2)])
    }

    #[test]
    fn the_method_stands_first_and_its_callers_below() {
        let Layout::Group(group) = stacked().layout() else { unreachable!("a group was made") };
        let line = |layout: &Layout| match layout {
            Layout::Line(text) => text.plain(),
            _ => String::new(),
        };
        assert_eq!(
            group.items.iter().map(line).collect::<Vec<_>>(),
            [
                "ts=2026-11-22 19:05:01.123;thread_name=game;id=12;is_daemon=true;priority=5;TCCL=null",
                "    @demo.MathGame.primeFactors()",
                "        at demo.MathGame.run(MathGame.java:71)",
                "        at demo.MathGame.invoke0(Native Method)",
                "",
            ]
        );
    }

    #[test]
    fn the_fields_are_those_of_arthas() {
        let json = serde_json::to_value(stacked()).unwrap();
        assert_eq!(json["threadId"], "12");
        assert_eq!(json["ts"], "2026-11-22 19:05:01.123000000");
        assert_eq!(
            json["stackTrace"][1],
            serde_json::json!({"className": "demo.MathGame", "methodName": "run", "fileName": "MathGame.java", "lineNumber": 71})
        );
    }
}
