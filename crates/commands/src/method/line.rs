//! `line`: what is in a method's variables when it reaches a line.

use std::collections::BTreeSet;

use host::Parts;
use host::advice::{Kind, Points, WatchRecord};
use host::condition::When;
use host::line_tables::LineTable;
use host::thread_info::Frame;
use host::values::{OnLine, Snapshot, Watched};
use shell::{Expression, MethodPattern};

use super::observation::{Lines, Observing, Shows, Target};
use super::running::{Found, Running};
use super::stack::visible;
use super::thread::ThreadFacts;
use crate::expression::value::{Shown, lines};
use crate::prelude::*;
use crate::thread::stack::frame_text;

/// Show local variables when a method reaches a line
///
/// Each result is the value of an expression just before the line's first instruction. Known are
/// `params` as they are by then, `localVarMap` and all that `watch` knows; names of local variables
/// are known where the class was compiled with them (`javac -g`).
#[derive(Args)]
#[command(group = Method, permission = Observe, ends_on_q)]
#[command(example = "line --class demo.MathGame --method primeFactors --list-lines")]
#[command(example = "line --class demo.MathGame --method primeFactors --line 40 -n 2")]
#[command(
    example = "line --class demo.MathGame --line 40,42 --express 'localVarMap' --condition 'params[0] > 100' --stack"
)]
pub(crate) struct Line {
    /// The class
    #[arg(long, label = "pattern")]
    class: Option<ClassPattern>,
    /// The methods; all of them without it
    #[arg(long, label = "pattern", default = "*")]
    method: MethodPattern,
    /// Only a method of this descriptor, such as `(I)V`
    #[arg(long, label = "descriptor")]
    desc: Option<String>,
    /// The lines: several by commas, or the option again
    #[arg(long, label = "number")]
    line: Vec<String>,
    /// What is shown
    #[arg(long, default = "{params, localVarMap}")]
    express: Expression,
    /// When it is shown, such as `params[0]>100`
    #[arg(long)]
    condition: Option<Expression>,
    /// Lists the lines that there are, and observes none
    #[arg(long = "list-lines")]
    list_lines: bool,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    expand: u32,
    /// How many bytes of a value are shown (option object-size-limit)
    #[arg(short = 'M', long = "sizeLimit", label = "bytes")]
    size_limit: Option<usize>,
    /// With the stack
    #[arg(long)]
    stack: bool,
    /// How many frames of it, 256 at most
    #[arg(long = "stack-depth", default = "32")]
    stack_depth: usize,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    #[arg(group)]
    observing: Observing,
}

/// So many lines at most, and frames.
const MOST: usize = 256;

impl Command for Line {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let class = self.class.as_ref().ok_or("The --class option is required.")?;
        if let Some(desc) = &self.desc
            && !desc.starts_with('(')
        {
            return Err(Failure::new(format!("--desc is a descriptor of the JVM such as (I)V, not {desc}.")));
        }
        if self.expand > 4 {
            return Err(Failure::new("expand must be between 0 and 4."));
        }
        let frames = match self.stack {
            true if (1..=MOST).contains(&self.stack_depth) => self.stack_depth,
            true => return Err(Failure::new("stack-depth must be between 1 and 256.")),
            false => 0,
        };
        let numbers = numbers(&self.line)?;
        if numbers.is_empty() && !self.list_lines {
            return Err(Failure::new("The --line option is required; --list-lines shows which there are."));
        }
        let shown = Shown::of(host, self.expand, self.size_limit)?;
        let target = Target {
            class,
            method: Some(&self.method),
            loader: self.classloader.as_deref(),
            condition: self.condition.as_ref(),
            when: When::Exit,
            kind: Kind::Watch(Points { lines: true, ..Points::default() }),
            in_flight: false,
            parts: Parts::LINES.and(Parts::VALUES),
            shows: Some(Shows { express: &self.express, depth: shown.expand }),
            keep: None,
            lines: Some(Lines { numbers: &numbers, descriptor: self.desc.as_deref(), frames }),
            sample: 0,
            rate: None,
        };
        if self.list_lines {
            return self.list(host, cx, &target);
        }
        let Some(mut running) = self.observing.start(host, cx, target)? else { return Ok(()) };
        let end = results(host, cx, &mut running, shown, self.size_limit);
        running.end(cx, end)
    }
}

impl Line {
    fn list(&self, host: &Host, cx: &mut Context<'_>, target: &Target<'_>) -> Result<(), Failure> {
        let mut matched = host.match_methods(&self.observing.wanted(target)?).or_fail()?;
        if let Some(desc) = &self.desc {
            matched.retain_descriptor(desc);
        }
        if matched.is_empty() {
            return Err(Failure::new(format!(
                "No method is meant: no class that is loaded fits {} and has a method {}.",
                target.class, self.method
            )));
        }
        for table in host.line_tables(&matched).or_fail()? {
            cx.emit(List::of(table))?;
        }
        Ok(())
    }
}

/// Reads the lines.
fn numbers(texts: &[String]) -> Result<BTreeSet<u16>, Failure> {
    let mut numbers = BTreeSet::new();
    for text in texts.iter().flat_map(|text| text.split(',')).map(str::trim) {
        if text.len() > 1 && text.get(1..).is_some_and(|rest| rest.contains('-')) {
            return Err(Failure::new(format!(
                "Line range syntax is not supported in the first version: {text}"
            )));
        }
        match text.parse::<u16>() {
            Ok(number) if number > 0 => numbers.insert(number),
            _ => return Err(Failure::new(format!("Invalid line number: {text}"))),
        };
    }
    if numbers.len() > MOST {
        return Err(Failure::new(format!("Too many line numbers, maximum is {MOST}.")));
    }
    Ok(numbers)
}

fn results(
    host: &Host,
    cx: &mut Context<'_>,
    running: &mut Running<'_>,
    shown: Shown,
    size_limit: Option<usize>,
) -> Result<(), Failure> {
    running.go(cx)?;
    loop {
        match running.next(cx)? {
            Found::Watch(record) => {
                if let Some(seen) = Seen::of(host, record, shown, size_limit)? {
                    cx.emit(seen)?;
                    running.shown(cx)?;
                }
            }
            Found::Over => return Ok(()),
            _ => {}
        }
    }
}

/// A thread on a line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    ts: String,
    /// Milliseconds since the method began.
    cost: f64,
    /// The text of the object view.
    value: String,
    /// The value as data.
    data: Snapshot,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_limit: Option<usize>,
    class_name: String,
    method_name: String,
    method_desc: String,
    line_number: u32,
    thread_name: String,
    thread_id: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stack_trace: Vec<Frame>,
    #[serde(skip)]
    ts_shown: String,
}

impl Seen {
    fn of(
        host: &Host,
        record: WatchRecord,
        shown: Shown,
        size_limit: Option<usize>,
    ) -> Result<Option<Self>, Failure> {
        let Ok(watched) = record.what.downcast::<Watched>() else { return Ok(None) };
        let Watched { value: data, line: Some(line), .. } = *watched else { return Ok(None) };
        let OnLine { descriptor, number, thread, frames } = *line;
        let thread = ThreadFacts::of(host, thread.as_ref(), record.at);
        let stack_trace = match frames.is_empty() {
            true => Vec::new(),
            false => visible(host.frames_in_words(&frames).or_fail()?),
        };
        Ok(Some(Self {
            ts: thread.moment.to_the_nanosecond(),
            cost: record.cost_ns as f64 / 1e6,
            value: shown.text(host, &data),
            data,
            size_limit,
            class_name: record.class,
            method_name: record.method,
            method_desc: descriptor.into(),
            line_number: number,
            thread_name: thread.name,
            thread_id: thread.id,
            stack_trace,
            ts_shown: thread.moment.to_the_millisecond,
        }))
    }
}

impl Show for Seen {
    const KIND: &'static str = "line";

    fn layout(&self) -> Layout {
        let mut head = Text::from(format!(
            "ts={}; [thread={}({}) cost=",
            self.ts_shown, self.thread_name, self.thread_id
        ));
        head.push(Style::Number, format!("{}ms", self.cost));
        head.push(Style::Plain, "] ");
        head.push(Style::Name, format!("{}.{}", self.class_name, self.method_name));
        head.push(Style::Plain, format!("{}:{}", self.method_desc, self.line_number));
        let mut all = vec![Layout::Line(head)];
        all.extend(lines(&format!("result={}", self.value)));
        if !self.stack_trace.is_empty() {
            all.push(Layout::line("stack="));
            all.extend(self.stack_trace.iter().map(|frame| {
                let mut at = Text::from("    at ");
                at.push(Style::Plain, frame_text(frame));
                Layout::Line(at)
            }));
        }
        Layout::stack(all)
    }
}

/// The lines of a method.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    class_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_file: Option<String>,
    method_name: String,
    method_desc: String,
    lines: Vec<u32>,
}

impl List {
    fn of(table: LineTable) -> Self {
        Self {
            class_name: table.class,
            source_file: table.source,
            method_name: table.method,
            method_desc: table.descriptor,
            lines: table.lines,
        }
    }
}

impl Show for List {
    const KIND: &'static str = "line-list";

    fn layout(&self) -> Layout {
        let mut class = Text::from("class=");
        class.push(Style::Name, self.class_name.clone());
        class.push(Style::Plain, format!(" source={}", self.source_file.as_deref().unwrap_or("?")));
        let mut method = Text::from("method=");
        method.push(Style::Name, self.method_name.clone());
        let lines: Vec<String> = self.lines.iter().map(u32::to_string).collect();
        method.push(Style::Plain, format!("{} lines=[{}]", self.method_desc, lines.join(", ")));
        Layout::stack(vec![Layout::Line(class), Layout::Line(method)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_from_lists_and_ranges_are_refused() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            numbers(&texts).map(|numbers| numbers.into_iter().collect::<Vec<_>>())
        };
        assert!(matches!(read(&["40,42", "7"]), Ok(lines) if lines == [7, 40, 42]));
        for wrong in ["40-42", "0", "-1", "x", "", "70000"] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
        let many: Vec<String> = (1..=257).map(|line| line.to_string()).collect();
        assert!(numbers(&many).is_err());
    }
}
