//! `watch`: what a method is called with, what it returns, what it throws.

use host::Parts;
use host::advice::{Kind, Points, WatchRecord};
use host::condition::When;
use host::values::{Moment as Point, Watched};
use shell::{Expression, MethodPattern, Shape, Value};

use super::in_flight::Again;
use super::observation::{Observing, Shows, Target};
use super::running::{Found, Running};
use super::thread::Moment;
use crate::expression::value::{Shown, lines};
use crate::prelude::*;

/// Show what methods are called with, what they return and throw
///
/// Each result is the value of an expression at one moment of a call: when it ends (`-f`, also
/// without any of these), returns (`-s`), throws (`-e`) or begins (`-b`). Known are `params`,
/// `target`, `returnObj`, `throwExp`, `#cost` and the rest of OGNL. What is shown is a copy, made
/// within the method; values of names such as `password` are left out. Looking at values calls none of
/// their methods. What the expression itself calls runs on the application's thread: if it waits, so does
/// the application.
#[derive(Args)]
#[command(group = Method, permission = Observe, ends_on_q)]
#[command(example = "watch demo.MathGame primeFactors -n 2")]
#[command(example = "watch demo.MathGame primeFactors '{params,throwExp}' -e -x 2")]
#[command(example = "watch demo.MathGame primeFactors 'params[0]' 'params[0]>100000' -b -n 3")]
#[command(example = "watch demo.MathGame run target.illegalArgumentCount '#cost>1' --rate 2/s")]
pub(crate) struct Watch {
    /// The class
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// The method
    #[arg(name = "method-pattern")]
    method: MethodPattern,
    /// What is shown, such as `{params,returnObj}`
    #[arg(name = "express", default = "{params, target, returnObj}")]
    express: Expression,
    /// Which calls are meant, such as `params[0]>100`
    #[arg(name = "condition-express")]
    condition: Option<Expression>,
    /// When a call begins
    #[arg(short = 'b', long)]
    before: bool,
    /// When a call throws
    #[arg(short = 'e', long)]
    exception: bool,
    /// When a call returns
    #[arg(short = 's', long)]
    success: bool,
    /// When a call returns or throws
    #[arg(short = 'f', long)]
    finish: bool,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    expand: u32,
    /// How many bytes of a value are shown (option object-size-limit)
    #[arg(short = 'M', long = "sizeLimit", label = "bytes")]
    size_limit: Option<usize>,
    /// Looks only at one of so many calls, such as `1/100`
    #[arg(long, label = "1/N")]
    sample: Option<Sample>,
    /// Looks at so many calls a second at most, such as `5/s`
    #[arg(long, label = "N/s")]
    rate: Option<Rate>,
    /// Shows every second which calls have begun and not returned
    #[arg(long = "in-flight")]
    in_flight: bool,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    #[arg(group)]
    observing: Observing,
}

/// The value of `--sample`.
pub(super) struct Sample(u32);

impl Value for Sample {
    const SHAPE: Shape = Shape::Text;

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("1/").unwrap_or(text);
        let parsed = number.parse().ok().filter(|number| *number > 0);
        parsed.map(Self).ok_or_else(|| format!("`{text}` is no share such as 1/100"))
    }
}

/// The value of `--rate`.
pub(super) struct Rate(u32);

impl Value for Rate {
    const SHAPE: Shape = Shape::Text;

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix("/s").unwrap_or(text);
        let parsed = number.parse().ok().filter(|number| *number > 0);
        parsed.map(Self).ok_or_else(|| format!("`{text}` is no rate such as 5/s"))
    }
}

impl Command for Watch {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let shown = Shown::of(host, self.expand, self.size_limit)?;
        let points = self.points();
        let only_entry = !points.success && !points.exception;
        let target = Target {
            class: &self.class,
            method: Some(&self.method),
            loader: self.classloader.as_deref(),
            condition: self.condition.as_ref(),
            when: if only_entry { When::Entry } else { When::Exit },
            kind: Kind::Watch(points),
            in_flight: self.in_flight,
            parts: Parts::VALUES,
            shows: Some(Shows { express: &self.express, depth: shown.expand }),
            keep: None,
            lines: None,
            sample: self.sample.as_ref().map_or(0, |sample| sample.0),
            rate: self.rate.as_ref().map(|rate| rate.0),
        };
        let Some(mut running) = self.observing.start(host, cx, target)? else { return Ok(()) };
        let end = self.results(host, cx, &mut running, shown);
        running.end(cx, end)
    }
}

impl Watch {
    fn points(&self) -> Points {
        let finish = self.finish || !(self.before || self.exception || self.success);
        Points {
            entry: self.before,
            success: finish || self.success,
            exception: finish || self.exception,
            lines: false,
        }
    }

    fn results(
        &self,
        host: &Host,
        cx: &mut Context<'_>,
        running: &mut Running<'_>,
        shown: Shown,
    ) -> Result<(), Failure> {
        running.go(cx)?;
        let mut again = Again::new(self.in_flight);
        loop {
            match running.next(cx)? {
                Found::Watch(record) => {
                    if let Some(seen) = Seen::of(host, record, shown, self.size_limit) {
                        cx.emit(seen)?;
                        running.shown(cx)?;
                    }
                }
                Found::Over => return Ok(()),
                _ => {}
            }
            again.show(host, cx, running)?;
        }
    }
}

/// One call at one moment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    ts: String,
    /// Milliseconds.
    cost: f64,
    /// The text of the object view.
    value: String,
    /// The value as data.
    data: host::values::Snapshot,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_limit: Option<usize>,
    class_name: String,
    method_name: String,
    access_point: &'static str,
    #[serde(skip)]
    moment: Moment,
}

impl Seen {
    fn of(host: &Host, record: WatchRecord, shown: Shown, size_limit: Option<usize>) -> Option<Self> {
        let watched = record.what.downcast::<Watched>().ok()?;
        let moment = Moment::at(host, record.at);
        Some(Self {
            ts: moment.to_the_nanosecond(),
            cost: record.cost_ns as f64 / 1e6,
            value: shown.text(host, &watched.value),
            data: watched.value,
            size_limit,
            class_name: record.class,
            method_name: record.method,
            access_point: match watched.moment {
                Point::Entry => "AtEnter",
                Point::Return => "AtExit",
                Point::Throw => "AtExceptionExit",
                Point::Line(_) => "AtLine",
            },
            moment,
        })
    }
}

impl Show for Seen {
    const KIND: &'static str = "watch";

    fn layout(&self) -> Layout {
        let mut head = Text::from("method=");
        head.push(Style::Name, format!("{}.{}", self.class_name, self.method_name));
        head.push(Style::Plain, format!(" location={}", self.access_point));
        let mut value = self.value.lines();
        let mut first = Text::from(format!("ts={}; [cost=", self.moment.to_the_millisecond));
        first.push(Style::Number, format!("{}ms", self.cost));
        first.push(Style::Plain, format!("] result={}", value.next().unwrap_or_default()));
        let mut all = vec![Layout::Line(head), Layout::Line(first)];
        all.extend(lines(&value.collect::<Vec<_>>().join("\n")));
        Layout::stack(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rates_are_read() {
        assert_eq!(Sample::parse("1/100").map(|sample| sample.0), Ok(100));
        assert_eq!(Sample::parse("10").map(|sample| sample.0), Ok(10));
        assert!(Sample::parse("2/3").is_err() && Sample::parse("1/0").is_err());
        assert_eq!(Rate::parse("5/s").map(|rate| rate.0), Ok(5));
        assert!(Rate::parse("0").is_err() && Rate::parse("fast").is_err());
    }
}
