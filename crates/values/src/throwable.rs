//! Exceptions, in short and with all their stacks, as `printStackTrace` prints them but without calling what the
//! application may have overridden.

use std::sync::atomic::AtomicU32;

use jvm::live::{Got, Instance};
use jvm::{Env, Local};

use crate::contents::Found;
use crate::contents::{NESTED, object, place};
use crate::copier::Copier;
use crate::facts::ClassFacts;
use crate::item::Item;
use crate::kind::Kind;
use crate::snapshot::{ClassPlace, Node};

/// How much of an exception is told.
const FRAMES: usize = 512;
const CAUSES: u32 = 16;
const SUPPRESSED: usize = 16;
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
    let Some(again) = copier.live.again(thrown) else { return copier.push(Node::Unreadable) };
    let mut above = Vec::new();
    let told = tell(copier, facts, instance, again, &mut above, CAUSES);
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
    above: &mut Vec<Local<'f>>,
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
    let mut told = Told { head, frames: Vec::new(), suppressed: Vec::new(), cause: None, circular: false };
    if above.iter().any(|one| copier.live.is_same(one, &thrown)) {
        told.circular = true;
        return told;
    }
    told.frames = frames(copier.live.env(), &thrown).unwrap_or_default();
    let inner = object(copier, instance, &["cause"]);
    let inner = inner.filter(|cause| causes > 0 && !copier.live.is_same(cause, &thrown));
    let suppressed = object(copier, instance, &["suppressedExceptions"]);
    above.push(thrown);
    if let (Some(list), true) = (suppressed, causes > 0) {
        for one in elements(copier, &list) {
            if let Some(one) = told_of(copier, one, above, causes - 1) {
                told.suppressed.push(one);
            }
        }
    }
    if let Some(cause) = inner {
        told.cause = told_of(copier, cause, above, causes - 1).map(Box::new);
    }
    told
}

fn told_of<'f>(
    copier: &mut Copier<'_, '_, 'f>,
    thrown: Local<'f>,
    above: &mut Vec<Local<'f>>,
    causes: u32,
) -> Option<Told> {
    let last = AtomicU32::new(0);
    let classes = copier.classes;
    let again = copier.live.again(&thrown)?;
    let (_, facts, instance) = classes.of(copier.live, &thrown, &last)?;
    Some(tell(copier, facts, &instance, again, above, causes))
}

/// The first elements of a list of the JDK's.
fn elements<'f>(copier: &mut Copier<'_, '_, 'f>, list: &Local<'f>) -> Vec<Local<'f>> {
    let mut all = Vec::new();
    let last = AtomicU32::new(0);
    let classes = copier.classes;
    let Some((_, facts, instance)) = classes.of(copier.live, list, &last) else { return all };
    let Kind::Container(container) = facts.kind else { return all };
    let _ = copier.walk(container.recipe, &instance, NESTED, &mut |_, found| {
        if let Found::Element(Item::Object(one)) = found
            && all.len() < SUPPRESSED
        {
            all.push(one);
        }
        Ok(())
    });
    all
}

/// The frames of `Throwable.getStackTrace` itself, each by its `toString`: both are the JDK's.
fn frames(env: &Env<'_>, thrown: &Local<'_>) -> jvm::Result<Vec<String>> {
    env.frame(16, |env| {
        let throwable = env.find_class("java/lang/Throwable")?;
        let descriptor = "()[Ljava/lang/StackTraceElement;";
        let trace: Local<'_> = env.call_nonvirtual(thrown, &throwable, "getStackTrace", descriptor, &[])?;
        let mut frames = Vec::new();
        for index in 0..env.object_count(&trace)?.min(FRAMES) {
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
