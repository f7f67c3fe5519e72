//! Looks at the calls of one method: whether a condition holds, and what an expression gives of them. HOT: on the
//! application's threads.

use std::sync::Arc;

use advice::{Look, Looked, Point, Seen};
use jvm::probe;
use jvm::{Env, clock, stack_room};
use ognl::Term;

use crate::classes::Classes;
use crate::copier::Limits;
use crate::expression::{Expression, Place, STACK};
use crate::java::{Java, May, Names};
use crate::kept::{Kept, Shelf};
use crate::passed::{Held, Passed};
use crate::quick::{Asked, Quick};
use crate::root::{Moment, Root, Variable};
use crate::snapshot::Snapshot;

/// What is asked of calls, whatever the method.
pub struct Watching {
    /// The classes that were met.
    pub classes: Arc<Classes>,
    /// Which calls are meant; all, if there is none.
    pub condition: Option<Expression>,
    /// What is shown of them; nothing, if there is none.
    pub express: Option<Expression>,
    /// How much of it is copied.
    pub limits: Limits,
    /// What the expressions may do.
    pub may: May,
    /// Nothing but variables can be assigned.
    pub strict: bool,
    /// On a line also the thread is told, and so many frames of its stack.
    pub frames: usize,
}

/// A line that is told.
pub struct ToldLine {
    /// By what it is told.
    pub pc: u32,
    /// The line.
    pub line: u32,
    /// What is known there.
    pub variables: Box<[Variable]>,
}

/// Looks at the calls of a method.
pub struct Watcher {
    watching: Arc<Watching>,
    passed: Arc<Passed>,
    names: Names,
    lines: Box<[ToldLine]>,
    /// Where calls are kept instead of being shown.
    keeps: Option<Arc<Shelf>>,
    /// The condition must be evaluated: not all of it is compiled.
    asks: bool,
    /// The condition, if it is of the usual form.
    quick: Option<Quick>,
    /// How fast the clock of costs is; 0 where no expression speaks of them. Asked for beforehand, since that takes long.
    ticks_per_second: u64,
}

/// A call that was kept.
pub struct KeptCall {
    /// The method.
    pub passed: Arc<Passed>,
    /// The call.
    pub kept: Kept,
}

/// What was seen of a call.
pub struct Watched {
    /// At which moment.
    pub moment: Moment,
    /// The value of the expression.
    pub value: Snapshot,
    /// On a line: where that is.
    pub line: Option<Box<OnLine>>,
}

/// A thread on a line.
pub struct OnLine {
    /// The method's descriptor.
    pub descriptor: Box<str>,
    /// The line.
    pub number: u32,
    /// The thread; `None` if the JVM would not tell.
    pub thread: Option<probe::ThreadFacts>,
    /// Its stack from the method outwards, as deep as was asked for.
    pub frames: Vec<probe::RawFrame>,
}

impl Watcher {
    /// For a method whose values lie so; `names` are the classes that the expressions name, as its class
    /// sees them; `asks` says whether the condition has to be evaluated.
    pub fn new(
        watching: Arc<Watching>,
        passed: Passed,
        names: Names,
        lines: Box<[ToldLine]>,
        asks: bool,
    ) -> Self {
        let all = [&watching.condition, &watching.express];
        let names_cost = all.into_iter().flatten().any(Expression::names_cost);
        let ticks_per_second = if names_cost { clock::ticks_per_second() } else { 0 };
        let quick = watching.condition.as_ref().filter(|_| asks);
        let quick = quick.and_then(|condition| Quick::of(condition.node(), &passed));
        Self { watching, passed: Arc::new(passed), names, lines, keeps: None, asks, quick, ticks_per_second }
    }

    /// Keeps calls there instead of showing them.
    #[must_use]
    pub fn keeping(mut self, shelf: Arc<Shelf>) -> Self {
        self.keeps = Some(shelf);
        self
    }

    fn on_line(&self, at: &probe::Moment<'_>, number: u32) -> OnLine {
        let frames = match self.watching.frames {
            0 => Vec::new(),
            most => at.stack(most).unwrap_or_default(),
        };
        OnLine { descriptor: self.passed.descriptor.clone(), number, thread: at.thread_facts().ok(), frames }
    }

    /// Whether the condition holds, if that can be told without evaluating it.
    fn quickly(&self, at: &probe::Moment<'_>, seen: &Seen<'_>) -> Option<bool> {
        let returns = match seen.point {
            Point::Entry | Point::Throw => false,
            Point::Return => true,
            // Parameters are told as variables there.
            Point::Line(_) => return None,
        };
        let (quick, values) = (self.quick.as_ref()?, seen.values?);
        let asked = Asked { passed: &self.passed, values, returns, entered: self.keeps.is_some() };
        if stack_room::left() < STACK {
            return None;
        }
        at.with_own_env(|env| Ok(quick.holds(env.live()?, &self.watching.classes, asked))).ok()?
    }

    fn asked<R>(
        &self,
        at: &probe::Moment<'_>,
        seen: &Seen<'_>,
        copies: bool,
        ask: impl FnOnce(Place<'_, '_, '_>, Moment) -> Result<R, String>,
    ) -> Result<R, String> {
        let mut variables: &[Variable] = &[];
        let moment = match seen.point {
            Point::Entry => Moment::Entry,
            Point::Return => Moment::Return,
            Point::Throw => Moment::Throw,
            Point::Line(pc) => match self.lines.iter().find(|line| line.pc == pc) {
                Some(line) => {
                    variables = &line.variables;
                    Moment::Line(line.line)
                }
                None => return Err("The line is another command's.".to_owned()),
            },
        };
        let cost = match (seen.point, self.ticks_per_second) {
            (_, 0) => None,
            (Point::Entry, _) => Some(0.0),
            (_, rate) => Some(clock::nanos(seen.cost, rate) as f64 / 1e6),
        };
        let root = Root {
            passed: &self.passed,
            moment,
            values: seen.values.map(Held::Passed),
            thrown: seen.thrown,
            variables,
            entered: self.keeps.is_some(),
        };
        let Watching { classes, may, strict, .. } = &*self.watching;
        let work = |env: &Env<'_>| {
            let java = Java::new(env.live()?, classes, &self.names, *may);
            let Some(java) = java else { return Ok(Err("The JVM is shutting down.".to_owned())) };
            let place = Place { java: &java, root: Term::Source(&root), cost, strict: *strict };
            Ok(ask(place, moment))
        };
        // A copy may meet many objects; a condition rarely does.
        let asked = if copies { at.with_env(work) } else { at.with_own_env(work) };
        asked.unwrap_or_else(|why| Err(why.to_string()))
    }
}

impl Look for Watcher {
    fn holds(&self, at: &probe::Moment<'_>, seen: &Seen<'_>) -> Result<bool, String> {
        if let Point::Line(pc) = seen.point
            && !self.lines.iter().any(|line| line.pc == pc)
        {
            // Another command's.
            return Ok(false);
        }
        match self.watching.condition.as_ref().filter(|_| self.asks) {
            Some(condition) => match self.quickly(at, seen) {
                Some(holds) => Ok(holds),
                None => self.asked(at, seen, false, |place, _| condition.holds(place)),
            },
            None => Ok(true),
        }
    }

    fn look(&self, at: &probe::Moment<'_>, seen: &Seen<'_>) -> Looked {
        if let Some(shelf) = &self.keeps {
            return match shelf.keep(at, seen) {
                Some(kept) => {
                    let bytes = kept.bytes();
                    Looked::Copy(Box::new(KeptCall { passed: self.passed.clone(), kept }), bytes)
                }
                None => Looked::Full,
            };
        }
        let Some(express) = &self.watching.express else { return Looked::Copy(Box::new(()), 0) };
        let seen = self.asked(at, seen, true, |place, moment| {
            let value = express.copy(place, self.watching.limits)?;
            let line = match moment {
                Moment::Line(number) => Some(Box::new(self.on_line(at, number))),
                _ => None,
            };
            Ok(Watched { moment, value, line })
        });
        match seen {
            Ok(seen) => {
                let bytes = seen.value.bytes();
                Looked::Copy(Box::new(seen), bytes)
            }
            Err(why) => Looked::Failed(why),
        }
    }
}
