//! What all commands that observe methods have in common: their options, and how they begin.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use host::advice::{Kind, ListenerSpec};
use host::budget::Budget;
use host::compiled::Compile;
use host::condition::{Condition, When};
use host::conditioned::Conditioned;
use host::observe::{Looks, Observation};
use host::watching::{Asked, AskedPart, Watches};
use host::{Matched, NamePattern, Parts, Wanted};
use shell::{Expression, MethodPattern, OptionGroup, Shape, Value};

use super::effect::{Enhancer, Weaving, nothing_affected};
use super::running::Running;
use crate::expression::{may, read};
use crate::prelude::*;

/// Where `options dump true` writes woven classes, below the JVM's working folder.
const DUMPS: &str = "arthas-class-dump";

/// Options of all commands that observe methods.
#[derive(OptionGroup)]
pub(super) struct Observing {
    /// The patterns are regular expressions
    #[arg(short = 'E', long)]
    regex: bool,
    /// Ends after so many results
    #[arg(short = 'n', long, default = "100")]
    limits: u64,
    /// Classes to leave out
    #[arg(long = "exclude-class-pattern", label = "pattern")]
    exclude: Option<ClassPattern>,
    /// With more classes than this nothing is observed
    #[arg(short = 'm', long = "maxMatch", default = "50")]
    max_match: usize,
    /// Classes that are loaded later are observed, too
    #[arg(short = 'L', long)]
    lazy: bool,
    /// Says of each result that the condition held
    #[arg(short = 'v', long)]
    verbose: bool,
    /// Ends after so many seconds
    #[arg(long, label = "seconds")]
    timeout: Option<u64>,
    /// Adds the methods to a listener that is there already; its own command shows the results
    #[arg(long = "listenerId", label = "id", default = "0")]
    listener: u64,
    /// What making results may take of one CPU before the probe switches itself off, `off` for no limit
    #[arg(long, label = "percent", default = "1")]
    budget: Share,
}

/// The value of `--budget`.
struct Share(Budget);

impl Value for Share {
    const SHAPE: Shape = Shape::Text;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|why: String| why.trim_end_matches('.').to_owned())
    }
}

/// What a command observes.
pub(super) struct Target<'a> {
    pub(super) class: &'a str,
    pub(super) method: Option<&'a MethodPattern>,
    /// Hash of the only class loader that is meant.
    pub(super) loader: Option<&'a str>,
    pub(super) condition: Option<&'a Expression>,
    pub(super) when: When,
    pub(super) kind: Kind,
    pub(super) in_flight: bool,
    pub(super) parts: Parts,
    /// What is shown of each call.
    pub(super) shows: Option<Shows<'a>>,
    /// Calls are kept with their objects, so many at a time.
    pub(super) keep: Option<usize>,
    /// Lines are shown instead of calls.
    pub(super) lines: Option<Lines<'a>>,
    /// Only one of so many calls is looked at; 0 and 1 mean all.
    pub(super) sample: u32,
    /// At most so many calls a second are looked at.
    pub(super) rate: Option<u32>,
}

/// Which lines are shown.
pub(super) struct Lines<'a> {
    pub(super) numbers: &'a BTreeSet<u16>,
    /// Of a method with this descriptor only.
    pub(super) descriptor: Option<&'a str>,
    /// With so many frames of the stack.
    pub(super) frames: usize,
}

/// What is shown of a call.
pub(super) struct Shows<'a> {
    pub(super) express: &'a Expression,
    /// Down to which level objects are opened.
    pub(super) depth: u32,
}

impl Observing {
    /// The pattern of a class or method as the user writes it.
    pub(super) fn pattern(&self, text: &str) -> Result<NamePattern, Failure> {
        NamePattern::of(text, self.regex).map_err(Failure::new)
    }

    pub(super) fn wanted(&self, target: &Target<'_>) -> Result<Wanted, Failure> {
        let methods = target.method.map(|method| self.pattern(method)).transpose()?;
        Ok(Wanted {
            exclude: self.exclude.as_ref().map(|exclude| self.pattern(exclude)).transpose()?,
            loader: target.loader.map(str::to_owned),
            limit: self.max_match,
            ..Wanted::new(self.pattern(target.class)?, methods.unwrap_or_else(NamePattern::any))
        })
    }

    /// Weaves what is not woven yet and starts to observe. `None` if the methods were added to
    /// another command's listener.
    pub(super) fn start<'h>(
        &self,
        host: &'h Host,
        cx: &mut Context<'_>,
        target: Target<'_>,
    ) -> Result<Option<Running<'h>>, Failure> {
        if self.limits == 0 {
            return Err(Failure::new("limits must be greater than 0."));
        }
        // On a line nothing compiled is asked.
        let compiled = target.condition.filter(|_| target.lines.is_none());
        let condition = compiled.map(|condition| parse(condition, target.when)).transpose()?;
        let looks = looks(host, cx, &target)?;
        let wanted = self.wanted(&target)?;
        let mut matched = host.match_methods(&wanted).or_fail()?;
        if let Some(lines) = &target.lines {
            lines.retain(host, &mut matched)?;
        }
        if let (Some(text), Some(condition)) = (target.condition, &condition)
            && let Some(refused) = condition.fits_none(&matched)
        {
            return Err(text.mistake(refused.at, refused.message).into());
        }
        if let Some(watches) = &looks
            && let Some((part, wrong)) = host.check_calls(&matched, watches).or_fail()?
        {
            let text = match part {
                AskedPart::Condition => target.condition,
                AskedPart::Express => target.shows.as_ref().map(|shows| shows.express),
            };
            let at_text = |text: &Expression| text.mistake(wrong.at.clone(), wrong.message.clone()).into();
            return Err(text.map_or_else(|| Failure::new(wrong.message.clone()), at_text));
        }
        self.announce(cx, &matched)?;
        if self.listener != 0 {
            let effect = host.extend(self.listener, &matched, target.parts, false).or_fail()?;
            cx.emit(Enhancer::of(host, &effect, self.listener))?;
            cx.message(format!("The results appear where listener {} was started.", self.listener))?;
            return Ok(None);
        }
        let verbose = self.verbose || host.options().verbose();
        let is_trace = matches!(target.kind, Kind::Trace(_));
        let spec = ListenerSpec {
            kind: target.kind,
            in_flight: target.in_flight,
            cost: None,
            budget: self.budget.0,
            limit: Some(self.limits),
            sample: target.sample,
            rate: target.rate,
        };
        let listener = host.new_listener(spec).or_fail()?;
        let verbose = target.condition.filter(|_| verbose).map(|condition| condition.as_str().to_owned());
        let timeout = self.timeout.map(Duration::from_secs);
        let mut running = Running::new(host, listener.clone(), self.limits, timeout, verbose);
        running.is_trace = is_trace;
        let observation = Observation {
            condition: condition.map(|condition| -> Arc<dyn Compile> { condition }),
            looks: looks.map(|looks| -> Arc<dyn Looks> { looks }),
            parts: target.parts,
            lazy: self.lazy.then_some(wanted),
            lines: target.lines.as_ref().map(|lines| lines.numbers.clone()).unwrap_or_default(),
            dump: host.options().dump().then(|| host.output_dir().join(DUMPS)),
            ..Observation::new(listener)
        };
        running.observe(&matched, &observation)?;
        Ok(Some(running))
    }

    /// Says what is about to be woven, or ends the command where that is too much or nothing.
    fn announce(&self, cx: &mut Context<'_>, matched: &Matched) -> Result<(), Failure> {
        if let Some(over) = &matched.over_limit {
            cx.emit(Enhancer::over_limit(over))?;
            return Err(Failure::Ended(-1));
        }
        if matched.is_empty() && !self.lazy {
            cx.emit(Enhancer::nothing(matched))?;
            return Err(nothing_affected());
        }
        cx.emit(Weaving::of(matched))
    }

    /// With more classes than these nothing is woven.
    pub(super) fn most_classes(&self) -> usize {
        self.max_match
    }
}

impl Lines<'_> {
    /// Leaves only the methods that have one of the lines.
    fn retain(&self, host: &Host, matched: &mut Matched) -> Result<(), Failure> {
        if let Some(descriptor) = self.descriptor {
            matched.retain_descriptor(descriptor);
        }
        if matched.is_empty() {
            return Ok(());
        }
        let tables = host.line_tables(matched).or_fail()?;
        matched.retain_lines(&tables, self.numbers);
        if matched.is_empty() {
            let known: BTreeSet<u32> = tables.into_iter().flat_map(|table| table.lines).collect();
            let (Some(first), Some(last)) = (known.first(), known.last()) else {
                return Err(Failure::new(
                    "No available line number is found: the class files were compiled without (javac -g:none).",
                ));
            };
            let message = format!(
                "No available line number is found: the methods' code lies between the lines {first} and {last}. \
                 --list-lines shows all."
            );
            return Err(Failure::new(message));
        }
        Ok(())
    }
}

/// Reads a condition; a mistake is pointed at.
fn parse(condition: &Expression, when: When) -> Result<Arc<Conditioned>, Failure> {
    match Condition::parse(condition.as_str()) {
        Ok(read) => Ok(Arc::new(Conditioned::new(Arc::new(read), when))),
        Err(refused) => Err(condition.mistake(refused.at, refused.message).into()),
    }
}

/// What looks at the calls, where something is asked or shown of them.
fn looks(host: &Host, cx: &Context<'_>, target: &Target<'_>) -> Result<Option<Arc<Watches>>, Failure> {
    if target.condition.is_none() && target.shows.is_none() && target.keep.is_none() {
        return Ok(None);
    }
    let asked = Asked {
        condition: target.condition.map(evaluated).transpose()?,
        express: target.shows.as_ref().map(|shows| evaluated(shows.express)).transpose()?,
        depth: target.shows.as_ref().map_or(0, |shows| shows.depth),
        may: may(cx),
        at_entry: target.when == When::Entry,
        parts: if target.shows.is_some() { Parts::VALUES } else { Parts::ENTRY_EXIT },
        keep: target.keep,
        lines: target.lines.as_ref().map(|lines| (lines.numbers.clone(), lines.frames)),
    };
    Ok(Some(Arc::new(host.watches(asked).or_fail()?)))
}

/// Reads an expression about a call; a mistake is pointed at.
pub(super) fn evaluated(text: &Expression) -> Result<host::values::Expression, Failure> {
    read(text, host::values::Expression::of_call)
}
