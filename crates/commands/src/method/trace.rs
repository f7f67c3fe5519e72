//! `trace`: where the time of a call goes.

use host::advice::{Kind, TraceNode, TraceOptions};
use host::values::Redaction;
use host::{Matched, NamePattern, Parts, Wanted};
use shell::{Expression, MethodPattern};

use super::call_tree::{Asked, Calls, Traced};
use super::callees;
use super::in_flight::Again;
use super::observation::{Observing, Target};
use super::running::{Found, Running};
use crate::prelude::*;
use host::condition::When;

/// Show where the time of a call goes
///
/// Each result is one call with the calls its body makes: repeats from one line are merged, the most
/// expensive one is red, exceptions stand where they passed. A condition leaves out the calls that do
/// not fulfil it. The methods that are called are not changed unless `--depth` goes further down.
#[derive(Args)]
#[command(group = Method, permission = Observe, ends_on_q)]
#[command(example = "trace demo.MathGame run -n 1")]
#[command(example = "trace demo.MathGame run '#cost>10'")]
#[command(example = "trace demo.MathGame run --depth 2 --cpu")]
#[command(example = "trace -E demo.MathGame|demo.Other 'run|primeFactors'")]
pub(crate) struct Trace {
    /// The class
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// The method
    #[arg(name = "method-pattern")]
    method: MethodPattern,
    /// Which calls are meant, such as `#cost>10`
    #[arg(name = "condition-express")]
    condition: Option<Expression>,
    /// Also the calls of all methods of these classes, if they happen below (may be given several times)
    #[arg(short = 'p', long, label = "pattern")]
    path: Vec<ClassPattern>,
    /// Calls of the JDK's methods are not shown
    #[arg(long = "skipJDKMethod", default = "true")]
    skip_jdk: bool,
    /// How many levels of calls are shown: what is called gets probes, too
    #[arg(long, label = "levels", default = "1")]
    depth: u32,
    /// Goes on when that means many classes
    #[arg(long)]
    yes: bool,
    /// Shows processor time, too
    #[arg(long)]
    cpu: bool,
    /// Shows allocated bytes, too
    #[arg(long)]
    alloc: bool,
    /// Shows every second which calls have begun and not returned
    #[arg(long = "in-flight")]
    in_flight: bool,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    #[arg(group)]
    observing: Observing,
}

/// Calls in one tree, and how deep methods nest: readers of JSON refuse more than 128 levels, and each
/// method takes four.
const MOST_NODES: usize = 10_000;
const DEEPEST: usize = 30;
impl Command for Trace {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let options =
            TraceOptions { cpu: self.cpu, alloc: self.alloc, max_nodes: MOST_NODES, max_depth: DEEPEST };
        let target = Target {
            class: &self.class,
            method: Some(&self.method),
            loader: self.classloader.as_deref(),
            condition: self.condition.as_ref(),
            when: When::Exit,
            kind: Kind::Trace(options),
            in_flight: self.in_flight,
            parts: self.parts(),
            shows: None,
            keep: None,
            lines: None,
            sample: 0,
            rate: None,
        };
        let Some(mut running) = self.observing.start(host, cx, target)? else { return Ok(()) };
        let end = self.go_down(host, cx, &mut running).and_then(|()| self.results(host, cx, &mut running));
        running.end(cx, end)
    }
}

impl Trace {
    /// With `-p` the tree is made of methods alone.
    fn parts(&self) -> Parts {
        match (self.path.is_empty(), self.skip_jdk) {
            (false, _) => Parts::ENTRY_EXIT,
            (true, true) => Parts::CALLS,
            (true, false) => Parts::ALL_CALLS,
        }
    }

    /// Weaves what the methods call, level by level, and the classes of `-p`.
    fn go_down(&self, host: &Host, cx: &mut Context<'_>, running: &mut Running<'_>) -> Result<(), Failure> {
        let patterns = self.path.iter().map(|path| self.observing.pattern(path));
        let classes = patterns.collect::<Result<Vec<NamePattern>, Failure>>()?;
        let wanted = classes
            .into_iter()
            .map(|classes| Wanted { limit: usize::MAX, ..Wanted::new(classes, NamePattern::any()) });
        self.add(host, cx, running, wanted.collect(), "-p")?;
        let mut met = callees::Met::default();
        for level in 2..=self.depth {
            let wanted = met.below(host, running.methods(), self.skip_jdk);
            let before = running.methods().len();
            self.add(host, cx, running, wanted, &format!("Level {level}"))?;
            if running.methods().len() == before {
                break;
            }
        }
        Ok(())
    }

    fn add(
        &self,
        host: &Host,
        cx: &mut Context<'_>,
        running: &mut Running<'_>,
        wanted: Vec<Wanted>,
        what: &str,
    ) -> Result<(), Failure> {
        let matched = wanted.iter().map(|wanted| host.match_methods(wanted).or_fail());
        let matched = matched.collect::<Result<Vec<Matched>, Failure>>()?;
        let classes: usize = matched.iter().map(Matched::class_count).sum();
        if classes > self.observing.most_classes() && !self.yes {
            let methods: usize = matched.iter().map(Matched::method_count).sum();
            return Err(Failure::new(format!(
                "{what} would observe {methods} methods of {classes} classes. Add --yes if that is meant."
            )));
        }
        for matched in matched.iter().filter(|matched| !matched.is_empty()) {
            running.extend(cx, matched, self.parts())?;
        }
        Ok(())
    }

    fn results(&self, host: &Host, cx: &mut Context<'_>, running: &mut Running<'_>) -> Result<(), Failure> {
        let calls = match (self.path.is_empty(), self.skip_jdk) {
            (false, _) => Calls::None,
            (true, true) => Calls::NotTheJdks,
            (true, false) => Calls::All,
        };
        let asked = Asked { cpu: self.cpu, alloc: self.alloc, calls };
        let redaction = host.options().redaction();
        running.go(cx)?;
        let mut again = Again::new(self.in_flight);
        loop {
            match running.next(cx)? {
                Found::Trace(mut record) => {
                    scrub(&mut record.root, &redaction);
                    cx.emit(Traced::of(host, &record, asked))?;
                    running.shown(cx)?;
                }
                Found::Over => return Ok(()),
                _ => {}
            }
            again.show(host, cx, running)?;
        }
    }
}

/// Takes what is kept secret out of the messages of exceptions.
fn scrub(node: &mut TraceNode, redaction: &Redaction) {
    if let Some(message) = node.thrown.as_mut().and_then(|thrown| thrown.message.as_mut()) {
        *message = redaction.scrub(message).into_owned();
    }
    node.children.iter_mut().for_each(|child| scrub(child, redaction));
}
