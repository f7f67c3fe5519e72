//! What all commands that observe methods have in common: their options, how they begin, what ends
//! them, and what they say last.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::advice::{Ended, Kind, Listener, ListenerSpec, Next, StackRecord, TraceRecord};
use host::budget::Budget;
use host::compiled::Compile;
use host::condition::{Condition, When};
use host::conditioned::Conditioned;
use host::observe::{self, Observation};
use host::{Matched, NamePattern, Parts, Wanted};
use shell::{Expression, MethodPattern, OptionGroup, Shape, Value};

use super::cost;
use super::effect::{Effect, Enhancer, LeftOut, Weaving};
use crate::prelude::*;

/// How long a command waits for the next result before it looks whether it shall end.
const SLICE: Duration = Duration::from_millis(50);

/// Where `options dump true` writes woven classes, below the JVM's working folder.
const DUMPS: &str = "arthas-class-dump";

/// Options of all commands that observe methods.
#[derive(OptionGroup)]
pub(super) struct Watching {
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
}

/// A running observation. Dropping it takes the listener away.
pub(super) struct Watch<'h> {
    host: &'h Host,
    listener: Listener,
    observed: Option<observe::Observed>,
    deadline: Option<(Instant, u64)>,
    limit: u64,
    shown: u64,
    effect: observe::Effect,
    is_lazy: bool,
    /// The condition, where each result shall say that it held.
    verbose: Option<String>,
}

/// What [`Watch::next`] found.
pub(super) enum Found {
    Trace(TraceRecord),
    Stack(StackRecord),
    /// Nothing yet.
    Nothing,
    /// It is over; why is said.
    Over,
}

impl Watching {
    /// The pattern of a class or method as the user writes it.
    pub(super) fn pattern(&self, text: &str) -> Result<NamePattern, Failure> {
        match self.regex {
            true => NamePattern::regex(text).map_err(Failure::new),
            false => Ok(NamePattern::wildcard(text)),
        }
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
    ) -> Result<Option<Watch<'h>>, Failure> {
        let condition = target.condition.map(|condition| parse(condition, target.when)).transpose()?;
        let wanted = self.wanted(&target)?;
        let matched = host.match_methods(&wanted).or_fail()?;
        if let (Some(text), Some(condition)) = (target.condition, &condition)
            && let Some(refused) = condition.fits_none(&matched)
        {
            return Err(text.mistake(refused.at, refused.message).into());
        }
        self.announce(cx, &matched)?;
        if self.listener != 0 {
            let effect = host.extend(self.listener, &matched, target.parts, false).or_fail()?;
            cx.emit(enhancer(host, &effect, self.listener))?;
            cx.message(format!("The results appear where listener {} was started.", self.listener))?;
            return Ok(None);
        }
        let verbose = self.verbose || host.options().verbose();
        let spec = ListenerSpec {
            kind: target.kind,
            in_flight: target.in_flight,
            cost: None,
            budget: self.budget.0,
            limit: Some(self.limits),
        };
        let listener = host.new_listener(spec).or_fail()?;
        let mut watch = Watch {
            host,
            listener: listener.clone(),
            observed: None,
            deadline: None,
            limit: self.limits,
            shown: 0,
            effect: observe::Effect::default(),
            is_lazy: self.lazy,
            verbose: target.condition.filter(|_| verbose).map(|condition| condition.as_str().to_owned()),
        };
        // What is called before everything is woven would be told in part.
        watch.listener.pause();
        let observation = Observation {
            condition: condition.map(|condition| -> Arc<dyn Compile> { condition }),
            parts: target.parts,
            lazy: self.lazy.then_some(wanted),
            dump: host.options().dump().then(|| PathBuf::from(DUMPS)),
            ..Observation::new(listener)
        };
        let observed = host.observe(&matched, &observation).or_fail()?;
        watch.effect = observed.effect().clone();
        watch.observed = Some(observed);
        watch.deadline = self
            .timeout
            .and_then(|seconds| Some((Instant::now().checked_add(Duration::from_secs(seconds))?, seconds)));
        Ok(Some(watch))
    }

    /// Says what is about to be woven, or ends the command where that is too much or nothing.
    fn announce(&self, cx: &mut Context<'_>, matched: &Matched) -> Result<(), Failure> {
        if let Some(over) = &matched.over_limit {
            let message = format!(
                "The number of matched classes is {}, greater than the limit value {}. Try to change the limit with option '-m <arg>'.",
                over.found, over.limit
            );
            let effect = Effect { over_limit_msg: Some(message), ..Effect::default() };
            cx.emit(Enhancer {
                effect,
                success: false,
                message: None,
                left_out: Vec::new(),
                notes: Vec::new(),
            })?;
            return Err(Failure::Ended(-1));
        }
        let left_out = LeftOut::all(&matched.refused);
        if matched.is_empty() && !self.lazy {
            let effect = Effect { class_count: matched.class_count(), ..Effect::default() };
            let message = Some("No class or method is affected".to_owned());
            cx.emit(Enhancer { effect, success: false, message, left_out, notes: Vec::new() })?;
            return Err(nothing_affected());
        }
        announce(cx, matched)
    }

    /// With more classes than these nothing is woven.
    pub(super) fn most_classes(&self) -> usize {
        self.max_match
    }
}

/// Says what is about to be woven.
fn announce(cx: &mut Context<'_>, matched: &Matched) -> Result<(), Failure> {
    let left_out = LeftOut::all(&matched.refused);
    let new = matched.new_methods();
    let mut warnings = Vec::new();
    if new > 0 && matched.drops_compiled_code {
        warnings.push(
                "The first class to be changed makes this JVM drop its compiled code: the application is slow for about half a second.".to_owned(),
            );
    }
    if let Some(first) = matched.on_stack.first() {
        let more = match matched.on_stack.len() {
            1 => String::new(),
            all => format!(" and {} more", all - 1),
        };
        warnings.push(format!(
                "Methods of {first}{more} are being run: those calls are not seen, and one that never returns stays in the interpreter."
            ));
    }
    cx.emit(Weaving {
        class_count: matched.class_count(),
        method_count: matched.method_count(),
        already: matched.already(),
        new,
        left_out,
        warnings,
    })
}

/// Reads a condition; a mistake is pointed at.
fn parse(condition: &Expression, when: When) -> Result<Arc<Conditioned>, Failure> {
    match Condition::parse(condition.as_str()) {
        Ok(read) => Ok(Arc::new(Conditioned::new(Arc::new(read), when))),
        Err(refused) => Err(condition.mistake(refused.at, refused.message).into()),
    }
}

fn enhancer(host: &Host, effect: &observe::Effect, listener_id: u64) -> Enhancer {
    let is_success = effect.methods > 0;
    Enhancer {
        effect: Effect {
            cost: effect.millis,
            method_count: effect.methods,
            class_count: effect.classes,
            listener_id,
            over_limit_msg: None,
            class_dump_files: effect.dumped.clone(),
            methods: if host.options().verbose() { effect.affected.clone() } else { Vec::new() },
        },
        success: is_success,
        message: (!is_success).then(|| "No class or method is affected".to_owned()),
        left_out: LeftOut::all(&effect.refused),
        notes: effect.notes.clone(),
    }
}

fn nothing_affected() -> Failure {
    Failure::new(
        "No class or method is affected, try:\n\
         1. Look at the names: class names with their packages, inner classes with `$`; a method may be declared in a superclass.\n\
         2. `options unsafe true` opens the JDK's own classes.\n\
         3. Constructors are named `<init>`; abstract and native methods have no code to observe.\n\
         4. If the class is not loaded yet: `-L` waits for it.",
    )
}

impl Watch<'_> {
    pub(super) fn listener(&self) -> &Listener {
        &self.listener
    }

    /// The ids of all observed methods.
    pub(super) fn methods(&self) -> &[u32] {
        &self.effect.ids
    }

    /// All is woven: says so, and lets the results come.
    pub(super) fn go(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        if cx.is_terminal() {
            cx.message("Press Q or Ctrl+C to abort.")?;
        }
        // First: who reads that it is on may rely on it.
        self.listener.resume();
        let answer = enhancer(self.host, &self.effect, self.listener.id());
        let is_nothing = self.effect.methods == 0;
        cx.emit(answer)?;
        if is_nothing && !self.is_lazy {
            return Err(nothing_affected());
        }
        if is_nothing {
            cx.message("Lazy mode is enabled, waiting for class to be loaded. Press Q or Ctrl+C to abort.")?;
        }
        Ok(())
    }

    /// Weaves more methods, whose calls show below those of the others only.
    pub(super) fn extend(
        &mut self,
        cx: &mut Context<'_>,
        matched: &Matched,
        parts: Parts,
    ) -> Result<(), Failure> {
        announce(cx, matched)?;
        let new = self.host.extend(self.listener.id(), matched, parts, true).or_fail()?;
        let effect = &mut self.effect;
        effect.ids.extend(new.ids);
        effect.affected.extend(new.affected);
        effect.refused.extend(new.refused);
        effect.notes.extend(new.notes);
        effect.dumped.extend(new.dumped);
        effect.methods += new.methods;
        effect.millis += new.millis;
        // `loader|class#method|descriptor`: a class may be met on several levels.
        let class = |method: &String| method.split('#').next().unwrap_or_default().to_owned();
        effect.classes = effect.affected.iter().map(class).collect::<BTreeSet<String>>().len();
        Ok(())
    }

    /// The next result, soon.
    pub(super) fn next(&mut self, cx: &mut Context<'_>) -> Result<Found, Failure> {
        if self.is_over(cx)? {
            return Ok(Found::Over);
        }
        Ok(match self.listener.next(SLICE) {
            Next::Trace(record) => Found::Trace(record),
            Next::Stack(record) => Found::Stack(record),
            Next::Nothing => Found::Nothing,
            Next::Ended(Ended::Limit) if self.shown < self.limit => Found::Nothing,
            Next::Ended(_) => Found::Over,
        })
    }

    /// Counts a result that was shown.
    pub(super) fn shown(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        self.shown += 1;
        match &self.verbose {
            Some(condition) => cx.message(format!("Condition express: {condition} , result: true")),
            None => Ok(()),
        }
    }

    /// Whether the limit or the time-out is reached, which is said, or the probe is off.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>) -> Result<bool, Failure> {
        if cx.cancelled() {
            return Err(Failure::Cancelled);
        }
        if self.shown >= self.limit {
            cx.message(format!(
                "Command execution times exceed limit: {}, so command will exit. You can set it with -n option.",
                self.limit
            ))?;
            return Ok(true);
        }
        if let Some((deadline, seconds)) = self.deadline
            && Instant::now() >= deadline
        {
            cx.message(format!("Command execution timeout after {seconds} seconds."))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether the probe has switched itself off.
    pub(super) fn is_off(&self) -> bool {
        self.listener.ended().is_some()
    }

    /// Sleeps for `time`, but not beyond the end of the observation.
    pub(super) fn sleep(&self, cx: &Context<'_>, time: Duration) -> Result<(), Failure> {
        let left = self.deadline.map(|(deadline, _)| deadline.saturating_duration_since(Instant::now()));
        cx.sleep(left.map_or(time, |left| left.min(time)))
    }

    /// Ends the observation and says what it has cost.
    pub(super) fn end(mut self, cx: &mut Context<'_>, end: Result<(), Failure>) -> Result<(), Failure> {
        self.observed = None;
        cx.last_words(cost::Observed::of(&self.listener));
        end
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.observed = None;
        self.listener.close();
    }
}
