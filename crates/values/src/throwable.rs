//! Exceptions, in short and with all their stacks, as `printStackTrace` prints them but without calling what the
//! application may have overridden.

use std::sync::atomic::AtomicU32;

use jvm::live::{Got, Instance};
use jvm::{Env, Local};

use crate::contents::{Found, NESTED, Stop, object, place};
use crate::copier::Copier;
use crate::facts::ClassFacts;
use crate::item::Item;
use crate::kind::Kind;
use crate::snapshot::{ClassPlace, Node};

/// How much of an exception is told.
const FRAMES: usize = 512;
const CAUSES: u32 = 16;
const SUPPRESSED: usize = 8;
/// How many exceptions and frames of one value: each may have causes and suppressed ones of its own.
const TOLD: usize = 64;
/// References to those, and to what waits on each level for its turn.
const REFERENCES: usize = TOLD + CAUSES as usize * (SUPPRESSED + 8);
const ALL_FRAMES: usize = 2_048;
const MESSAGE: usize = 1 << 14;

/// An exception in words.
struct Told {
    /// Class and message.
    head: String,
    frames: Vec<String>,
    suppressed: Vec<Told>,
    cause: Option<Box<Told>>,
    /// It was told further up.
    circular: bool,
    /// Others that it leads to were left out.
    cut: bool,
}

/// What was told of an exception so far.
#[derive(Default)]
struct Telling<'f> {
    above: Vec<Local<'f>>,
    frames: usize,
}

/// Copies an exception; with its stack if it is opened.
pub(crate) fn copy<'f>(
    copier: &mut Copier<'_, '_, 'f>,
    class: ClassPlace,
    facts: &ClassFacts,
    instance: &Instance<'_>,
    thrown: &Local<'f>,
    opens: bool,
) {
    if !opens {
        let message = match instance.get(copier.live, place(instance, "detailMessage").unwrap_or(usize::MAX))
        {
            Some(Got::String(Some(message))) => Some(copier.units(&message, MESSAGE).0),
            _ => None,
        };
        return copier.push(Node::Throwable { class, message });
    }
    copier.live.env().reserve(REFERENCES);
    let Some(again) = copier.live.again(thrown) else { return copier.push(Node::Unreadable) };
    let told = tell(copier, facts, instance, again, &mut Telling::default(), CAUSES);
    let mut out = String::new();
    told.print(&mut out, "", "", &[]);
    let text = copier.own_units(&out);
    copier.push(Node::Trace { class, text });
}

fn tell<'f>(
    copier: &mut Copier<'_, '_, 'f>,
    facts: &ClassFacts,
    instance: &Instance<'_>,
    thrown: Local<'f>,
    so_far: &mut Telling<'f>,
    causes: u32,
) -> Told {
    let mut head = facts.name().to_owned();
    if let Some(Got::String(Some(message))) =
        place(instance, "detailMessage").and_then(|place| instance.get(copier.live, place))
    {
        let mut units = Vec::new();
        message.units(copier.live, 0, MESSAGE, &mut units);
        head += ": ";
        head += &String::from_utf16_lossy(&units);
    }
    let mut told =
        Told { head, frames: Vec::new(), suppressed: Vec::new(), cause: None, circular: false, cut: false };
    if so_far.above.iter().any(|one| copier.live.is_same(one, &thrown)) {
        told.circular = true;
        return told;
    }
    let most = FRAMES.min(ALL_FRAMES - so_far.frames.min(ALL_FRAMES));
    told.frames = frames(copier.live.env(), &thrown, most).unwrap_or_default();
    so_far.frames += told.frames.len();
    let inner = object(copier, instance, &["cause"]);
    let inner = inner.filter(|cause| causes > 0 && !copier.live.is_same(cause, &thrown));
    let suppressed = object(copier, instance, &["suppressedExceptions"]);
    so_far.above.push(thrown);
    if let (Some(list), true) = (suppressed, causes > 0) {
        let (some, are_all) = elements(copier, &list);
        told.cut = !are_all;
        for one in some {
            if so_far.above.len() >= TOLD {
                told.cut = true;
                break;
            }
            if let Some(one) = told_of(copier, one, so_far, causes - 1) {
                told.suppressed.push(one);
            }
        }
    }
    if let Some(cause) = inner {
        match so_far.above.len() < TOLD {
            true => told.cause = told_of(copier, cause, so_far, causes - 1).map(Box::new),
            false => told.cut = true,
        }
    }
    told
}

fn told_of<'f>(
    copier: &mut Copier<'_, '_, 'f>,
    thrown: Local<'f>,
    so_far: &mut Telling<'f>,
    causes: u32,
) -> Option<Told> {
    let last = AtomicU32::new(0);
    let classes = copier.classes;
    let again = copier.live.again(&thrown)?;
    let (_, facts, instance) = classes.of(copier.live, &thrown, &last)?;
    Some(tell(copier, facts, &instance, again, so_far, causes))
}

/// The first elements of a list of the JDK's, and whether these are all.
fn elements<'f>(copier: &mut Copier<'_, '_, 'f>, list: &Local<'f>) -> (Vec<Local<'f>>, bool) {
    let mut some = Vec::new();
    let last = AtomicU32::new(0);
    let classes = copier.classes;
    let Some((_, facts, instance)) = classes.of(copier.live, list, &last) else { return (some, true) };
    let Kind::Container(container) = facts.kind else { return (some, true) };
    let walked = copier.walk(container.recipe, &instance, NESTED, &mut |copier, found| {
        // Whoever hears must end the walk: the list may be changed into a ring meanwhile.
        if some.len() == SUPPRESSED || copier.steps == 0 {
            return Err(Stop::Enough);
        }
        if let Found::Element(Item::Object(one)) = found {
            some.push(one);
        }
        Ok(())
    });
    (some, walked != Err(Stop::Enough))
}

/// The frames of `Throwable.getStackTrace` itself, each by its `toString`: both are the JDK's.
fn frames(env: &Env<'_>, thrown: &Local<'_>, most: usize) -> jvm::Result<Vec<String>> {
    env.frame(16, |env| {
        let throwable = env.find_class("java/lang/Throwable")?;
        let descriptor = "()[Ljava/lang/StackTraceElement;";
        let trace: Local<'_> = env.call_nonvirtual(thrown, &throwable, "getStackTrace", descriptor, &[])?;
        let mut frames = Vec::new();
        for index in 0..env.object_count(&trace)?.min(most) {
            env.frame(8, |env| {
                if let Some(frame) = env.object_at(&trace, index)? {
                    frames.push(env.call(&frame, "toString", "()Ljava/lang/String;", &[])?);
                }
                Ok::<(), jvm::Error>(())
            })?;
        }
        Ok(frames)
    })
}

impl Told {
    /// As `Throwable.printStackTrace`; `enclosing` are the frames of the exception around it.
    fn print(&self, out: &mut String, caption: &str, prefix: &str, enclosing: &[String]) {
        if self.circular {
            *out += &format!("{prefix}{caption}[CIRCULAR REFERENCE: {}]\n", self.head);
            return;
        }
        *out += &format!("{prefix}{caption}{}\n", self.head);
        let pairs = self.frames.iter().rev().zip(enclosing.iter().rev());
        let common = pairs.take_while(|(own, other)| own == other).count();
        for frame in self.frames.iter().take(self.frames.len() - common) {
            *out += &format!("{prefix}\tat {frame}\n");
        }
        if common > 0 {
            *out += &format!("{prefix}\t... {common} more\n");
        }
        for one in &self.suppressed {
            one.print(out, "Suppressed: ", &format!("{prefix}\t"), &self.frames);
        }
        if let Some(cause) = &self.cause {
            cause.print(out, "Caused by: ", prefix, &self.frames);
        }
        if self.cut {
            *out += &format!("{prefix}\t... (more causes and suppressed exceptions)\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &str, frames: &[&str], cause: Option<Told>) -> Told {
        let frames = frames.iter().map(|frame| (*frame).to_owned()).collect();
        Told {
            head: head.to_owned(),
            frames,
            suppressed: Vec::new(),
            cause: cause.map(Box::new),
            circular: false,
            cut: false,
        }
    }

    #[test]
    fn frames_in_common_are_counted() {
        let cause = told("B: no", &["b.B.f(B.java:1)", "a.A.main(A.java:3)"], None);
        let mut outer = told("A", &["a.A.g(A.java:2)", "a.A.main(A.java:3)"], Some(cause));
        outer.suppressed.push(told("C", &["a.A.main(A.java:3)"], None));
        let mut out = String::new();
        outer.print(&mut out, "", "", &[]);
        assert_eq!(
            out,
            "A\n\tat a.A.g(A.java:2)\n\tat a.A.main(A.java:3)\n\tSuppressed: C\n\t\t... 1 more\n\
             Caused by: B: no\n\tat b.B.f(B.java:1)\n\t... 1 more\n"
        );
    }
}
