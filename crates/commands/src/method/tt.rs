//! `tt`, the time tunnel: records calls, and lets one look at them afterwards, and make them again.

use std::time::Duration;

use host::Parts;
use host::advice::{Kind, Points};
use host::condition::When;
use host::tunnel::{Fragment, KEPT};
use host::values::May;
use shell::{Expression, MethodPattern, Permission};

use super::fragment::{Again, Found as Searched, FragmentFacts, Fragments, One, Opened, Watched};
use super::observation::{Observing, Target, evaluated};
use super::running::{Found, Running};
use crate::expression::may;
use crate::expression::value::Shown;
use crate::prelude::*;

/// Record calls, look at them later, make them again
///
/// `-t` records calls with what they were called with, returned and threw; the objects stay alive
/// as long as the record does. So many are kept for all sessions (`--keep`), the oldest go first.
/// Fields of these objects may have changed since.
#[derive(Args)]
#[command(group = Method, permission = Observe, ends_on_q)]
#[command(example = "tt -t demo.MathGame primeFactors -n 5")]
#[command(example = "tt -l")]
#[command(example = "tt -i 1000 -x 2")]
#[command(example = "tt -i 1000 -w 'params[0] + 1'")]
#[command(example = "tt -s 'method.name == \"primeFactors\" && #cost > 1'")]
#[command(example = "tt -i 1000 -p")]
#[command(example = "tt --delete-all")]
pub(crate) struct Tt {
    /// The class
    #[arg(name = "class-pattern")]
    class: Option<ClassPattern>,
    /// The method
    #[arg(name = "method-pattern")]
    method: Option<MethodPattern>,
    /// Which calls are recorded, such as `params[0]>100`
    #[arg(name = "condition-express")]
    condition: Option<Expression>,
    /// Records calls
    #[arg(short = 't', long = "time-tunnel")]
    record: bool,
    /// Lists the recorded calls
    #[arg(short = 'l', long)]
    list: bool,
    /// Forgets all recorded calls
    #[arg(long = "delete-all")]
    delete_all: bool,
    /// The recorded call of this number
    #[arg(short = 'i', long)]
    index: Option<u32>,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    expand: u32,
    /// How many bytes of a value are shown (option object-size-limit)
    #[arg(short = 'M', long = "sizeLimit", label = "bytes")]
    size_limit: Option<usize>,
    /// What is shown of a recorded call (with -i), or of those found (with -s)
    #[arg(short = 'w', long = "watch-express")]
    watch: Option<Expression>,
    /// Lists the recorded calls for which this holds
    #[arg(short = 's', long = "search-express")]
    search: Option<Expression>,
    /// Makes the call again
    #[arg(short = 'p', long)]
    play: bool,
    /// Forgets the call
    #[arg(short = 'd', long)]
    delete: bool,
    /// How often the call is made
    #[arg(long = "replay-times", default = "1")]
    replay_times: u32,
    /// Milliseconds between two times
    #[arg(long = "replay-interval", label = "ms", default = "1000")]
    replay_interval: u64,
    /// How many recorded calls are kept, of all sessions
    #[arg(long)]
    keep: Option<usize>,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    #[arg(group)]
    observing: Observing,
}

/// More are too many to be kept alive.
const MOST: usize = 1_000_000;
/// Calls on their way from where they were made to where they are kept.
const ON_THE_WAY: usize = 1_100;

impl Command for Tt {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let shown = Shown::of(host, self.expand, self.size_limit)?;
        let may = may(cx);
        if self.record {
            return self.records(host, cx, shown);
        }
        if self.play {
            return self.replay(host, cx, shown);
        }
        if self.list {
            return list(host, cx, &host.fragments(), shown);
        }
        if self.delete_all {
            host.forget_all();
            return cx.message("Time fragments are cleaned.");
        }
        if self.delete {
            let index = self.wanted_index()?;
            if !host.forget(index) {
                return Err(missing(index));
            }
            return cx.message(format!("Time fragment[{index}] successfully deleted."));
        }
        if let Some(search) = &self.search {
            return self.search(host, cx, search, may, shown);
        }
        let Some(index) = self.index else {
            return Err(Failure::with_status(1, "Argument(s) is/are expected, type 'help tt' to read usage"));
        };
        let fragment = host.fragment(index).ok_or_else(|| missing(index))?;
        match &self.watch {
            Some(text) => {
                let (express, met) = (evaluated(text)?, host.met_classes());
                match host.watch_fragment(&met, &fragment, &express, shown.expand, may).or_fail()? {
                    Ok(data) => {
                        let opened = self.opened(shown);
                        cx.emit(Watched { watch_value: shown.text(host, &data), data, opened })
                    }
                    Err(mistake) => Err(text.mistake(mistake.at, mistake.message).into()),
                }
            }
            None => {
                let time_fragment = FragmentFacts::of(host, &host.met_classes(), &fragment, shown)?;
                cx.emit(One { time_fragment, opened: self.opened(shown) })
            }
        }
    }
}

impl Tt {
    fn opened(&self, shown: Shown) -> Opened {
        Opened { expand: shown.expand, size_limit: self.size_limit }
    }

    fn records(self, host: &Host, cx: &mut Context<'_>, shown: Shown) -> Result<(), Failure> {
        let expected = |what: &str| {
            Failure::with_status(
                1,
                format!("{what}-pattern is expected, please type the wildcard expression to match"),
            )
        };
        let class = self.class.as_ref().ok_or_else(|| expected("Class"))?;
        let method = self.method.as_ref().ok_or_else(|| expected("Method"))?;
        let keep = self.keep.unwrap_or(KEPT).clamp(1, MOST);
        let target = Target {
            class,
            method: Some(method),
            loader: self.classloader.as_deref(),
            condition: self.condition.as_ref(),
            when: When::Exit,
            kind: Kind::Watch(Points { success: true, exception: true, ..Points::default() }),
            in_flight: false,
            parts: Parts::ENTERED,
            shows: None,
            keep: Some(keep + ON_THE_WAY),
            lines: None,
            sample: 0,
            rate: None,
        };
        let Some(mut running) = self.observing.start(host, cx, target)? else { return Ok(()) };
        cx.message(format!(
            "At most {keep} calls are kept, with the objects they hold; the oldest go first. `tt --delete-all` lets go of all."
        ))?;
        let end = recorded(host, cx, &mut running, keep, shown);
        running.end(cx, end)
    }

    fn wanted_index(&self) -> Result<u32, Failure> {
        let expected = "Time fragment index is expected, please type -i to specify";
        self.index.ok_or_else(|| Failure::with_status(1, expected))
    }

    fn search(
        &self,
        host: &Host,
        cx: &mut Context<'_>,
        search: &Expression,
        may: May,
        shown: Shown,
    ) -> Result<(), Failure> {
        let condition = evaluated(search)?;
        let watch = self.watch.as_ref().map(|text| Ok::<_, Failure>((text, evaluated(text)?))).transpose()?;
        let met = host.met_classes();
        let (mut found, mut faults) = (Vec::new(), Vec::new());
        let all = host.fragments();
        for fragment in &all {
            match host.fragment_fits(&met, fragment, &condition, may).or_fail()? {
                Ok(true) => found.push(fragment.clone()),
                Ok(false) => {}
                Err(mistake) => faults.push(mistake),
            }
        }
        // What is wrong everywhere is wrong with the expression.
        if faults.len() == all.len()
            && let Some(first) = faults.into_iter().next()
        {
            return Err(search.mistake(first.at, first.message).into());
        }
        let Some((text, express)) = watch else { return list(host, cx, &found, shown) };
        let mut watch_results = std::collections::BTreeMap::new();
        for fragment in found {
            match host.watch_fragment(&met, &fragment, &express, shown.expand, may).or_fail()? {
                Ok(data) => watch_results.insert(fragment.index, shown.text(host, &data)),
                Err(mistake) => return Err(text.mistake(mistake.at, mistake.message).into()),
            };
        }
        cx.emit(Searched { watch_results, opened: self.opened(shown) })
    }

    fn replay(&self, host: &Host, cx: &mut Context<'_>, shown: Shown) -> Result<(), Failure> {
        let index = self.wanted_index()?;
        if !cx.may(Permission::Evaluate) {
            return Err(Failure::new(
                "Making a call again runs the application's method, which needs the permission `evaluate`.",
            ));
        }
        let fragment = host.fragment(index).ok_or_else(|| missing(index))?;
        let (times, met) = (self.replay_times.max(1), host.met_classes());
        for number in 1..=times {
            if number > 1 {
                cx.sleep(Duration::from_millis(self.replay_interval))?;
            }
            let replay = host.replay(&met, &fragment, shown.expand).or_fail()?;
            let replay_result = FragmentFacts::replayed(host, &met, &fragment, &replay, shown)?;
            cx.emit(Again { replay_result, replay_no: number, opened: self.opened(shown) })?;
        }
        cx.message(format!("Time fragment[{index}] successfully replayed {times} times."))
    }
}

fn recorded(
    host: &Host,
    cx: &mut Context<'_>,
    running: &mut Running<'_>,
    keep: usize,
    shown: Shown,
) -> Result<(), Failure> {
    running.go(cx)?;
    let met = host.met_classes();
    let mut first = true;
    loop {
        match running.next(cx)? {
            Found::Watch(record) => {
                if let Some(fragment) = host.record(record, keep) {
                    let time_fragment_list = vec![FragmentFacts::of(host, &met, &fragment, shown)?];
                    cx.emit(Fragments { time_fragment_list, first })?;
                    first = false;
                    running.shown(cx)?;
                }
            }
            Found::Over => return Ok(()),
            _ => {}
        }
    }
}

fn list(
    host: &Host,
    cx: &mut Context<'_>,
    fragments: &[std::sync::Arc<Fragment>],
    shown: Shown,
) -> Result<(), Failure> {
    let met = host.met_classes();
    let facts = fragments.iter().map(|fragment| FragmentFacts::of(host, &met, fragment, shown));
    cx.emit(Fragments { time_fragment_list: facts.collect::<Result<_, _>>()?, first: true })
}

fn missing(index: u32) -> Failure {
    Failure::with_status(1, format!("Time fragment[{index}] does not exist. `tt -l` lists those there are."))
}
