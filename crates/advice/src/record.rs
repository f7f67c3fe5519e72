//! What is handed over for one call, first as the application's thread left it, in numbers, then in words. Turning it
//! into words is the reader's work.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use jvm::clock;
use jvm::probe::{RawFrame, ThreadFacts};

use super::core::Kind;
use super::listener::{Names, Site};
use super::look::Point;
use super::tree::{Grown, Node};

pub(super) enum Raw {
    Trace(RawTrace),
    Stack(RawStack),
    Watch(RawWatch),
}

pub(super) struct RawTrace {
    /// In ticks.
    pub(super) at: u64,
    pub(super) thread: Option<ThreadFacts>,
    pub(super) grown: Grown,
}

pub(super) struct RawStack {
    /// In ticks.
    pub(super) at: u64,
    pub(super) thread: Option<ThreadFacts>,
    pub(super) names: u32,
    pub(super) cost: u64,
    pub(super) failed: bool,
    pub(super) frames: Vec<RawFrame>,
}

pub(super) struct RawWatch {
    /// In ticks.
    pub(super) at: u64,
    pub(super) names: u32,
    pub(super) point: Point,
    pub(super) cost: u64,
    pub(super) what: Box<dyn Any + Send>,
}

/// A traced call.
#[derive(Clone, Debug)]
pub struct TraceRecord {
    /// When it ended.
    pub at: SystemTime,
    /// Its thread; `None` if the JVM would not tell.
    pub thread: Option<ThreadFacts>,
    /// The call, and what it called.
    pub root: TraceNode,
    /// Nodes below and including the root.
    pub nodes: usize,
    /// Calls that are not in the tree, since it was too large or too deep.
    pub cut: u32,
    /// How often CPU time or bytes were asked for; each ask is itself part of what is around it.
    pub asked: u32,
}

/// A method or call site of a trace; calls that repeat at one place are one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceNode {
    /// The class, with dots.
    pub class: String,
    /// The method.
    pub method: String,
    /// The line of the call; -1 for a method itself, and where the class does not tell.
    pub line: i32,
    /// Whether this is a woven method's own entry, not a call site.
    pub is_entry: bool,
    /// How often.
    pub times: u32,
    /// The shortest, in ns.
    pub min_ns: u64,
    /// The longest, in ns.
    pub max_ns: u64,
    /// All together, in ns.
    pub total_ns: u64,
    /// How often it ended by an exception.
    pub throws: u32,
    /// CPU time in ns, if it was asked for and is known.
    pub cpu_ns: Option<u64>,
    /// Bytes allocated, if it was asked for and is known.
    pub allocated: Option<u64>,
    /// The first exception that ended this method; only for entries.
    pub thrown: Option<Thrown>,
    /// In the order in which they were first reached.
    pub children: Vec<TraceNode>,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thrown {
    /// Its class, with dots.
    pub exception: String,
    /// Its message.
    pub message: Option<String>,
    /// The line of the method that it came from: of the call that threw, or of the method's own `throw`; -1 where
    /// the JVM does not tell.
    pub line: i32,
}

/// A call, and who made it.
#[derive(Clone, Debug)]
pub struct StackRecord {
    /// When it ended.
    pub at: SystemTime,
    /// Its thread; `None` if the JVM would not tell.
    pub thread: Option<ThreadFacts>,
    /// The observed class, with dots.
    pub class: String,
    /// The observed method.
    pub method: String,
    /// How long it took, in ns.
    pub cost_ns: u64,
    /// Whether it ended by an exception.
    pub failed: bool,
    /// Innermost first; `Host::frames` gives them in words.
    pub frames: Vec<RawFrame>,
}

/// A call with what was copied of it.
pub struct WatchRecord {
    /// When it was looked at.
    pub at: SystemTime,
    /// The class, with dots.
    pub class: String,
    /// The method.
    pub method: String,
    /// At which moment of the call.
    pub point: Point,
    /// How long it had taken by then, in ns.
    pub cost_ns: u64,
    /// What [`Look::look`](super::Look::look) has made.
    pub what: Box<dyn Any + Send>,
}

impl RawWatch {
    pub(super) fn in_words(self, names: Option<&dyn Names>, rate: u64) -> WatchRecord {
        let word = |word: Option<&str>| word.unwrap_or("?").to_owned();
        WatchRecord {
            at: clock::moment(self.at, rate),
            class: word(names.map(Names::class)),
            method: word(names.map(Names::method)),
            point: self.point,
            cost_ns: clock::nanos(self.cost, rate),
            what: self.what,
        }
    }
}

impl RawStack {
    pub(super) fn in_words(self, names: Option<&dyn Names>, rate: u64) -> StackRecord {
        let word = |word: Option<&str>| word.unwrap_or("?").to_owned();
        StackRecord {
            at: clock::moment(self.at, rate),
            thread: self.thread,
            class: word(names.map(Names::class)),
            method: word(names.map(Names::method)),
            cost_ns: clock::nanos(self.cost, rate),
            failed: self.failed,
            frames: self.frames,
        }
    }
}

impl RawTrace {
    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.grown.room() * 120 + self.grown.throws.len() * 200
    }

    pub(super) fn in_words(self, names: &[Arc<dyn Names>], kind: &Kind, rate: u64) -> TraceRecord {
        let asked = self.grown.asked > 0;
        let (cpu, bytes) = match kind {
            Kind::Trace(options) => (asked && options.cpu, asked && options.alloc),
            Kind::Monitor { .. } | Kind::Stack { .. } | Kind::Watch(_) => (false, false),
        };
        let words = Words { grown: &self.grown, names, cpu, bytes, rate };
        let root = words.node(0).unwrap_or_default();
        TraceRecord {
            at: clock::moment(self.at, rate),
            thread: self.thread,
            nodes: count(&root),
            root,
            cut: self.grown.cut,
            asked: self.grown.asked,
        }
    }
}

fn count(node: &TraceNode) -> usize {
    1 + node.children.iter().map(count).sum::<usize>()
}

struct Words<'a> {
    grown: &'a Grown,
    names: &'a [Arc<dyn Names>],
    cpu: bool,
    bytes: bool,
    rate: u64,
}

impl Words<'_> {
    /// The node of this number and all below. As deep as the limits of the tree allow.
    fn node(&self, number: u32) -> Option<TraceNode> {
        let node = self.grown.node(number)?;
        let names = self.names.get(node.names() as usize);
        let site = match node.site() {
            Some(site) => names.and_then(|names| names.site(site)),
            None => names.map(|names| Site {
                class: names.class().to_owned(),
                method: names.method().to_owned(),
                line: None,
            }),
        };
        let site = site.unwrap_or_else(|| Site { class: "?".to_owned(), method: "?".to_owned(), line: None });
        let extra = self.grown.extras.get(number as usize);
        let mut children: Vec<TraceNode> = Vec::new();
        for child in self.grown.children(node).filter_map(|child| self.node(child)) {
            add(&mut children, child);
        }
        let ns = |ticks| clock::nanos(ticks, self.rate);
        Some(TraceNode {
            class: site.class,
            method: site.method,
            line: site.line.map_or(-1, i32::from),
            is_entry: node.site().is_none(),
            times: node.times,
            min_ns: if node.times == 0 { 0 } else { ns(node.min) },
            max_ns: ns(node.max),
            total_ns: ns(node.total),
            throws: node.throws,
            cpu_ns: extra.filter(|_| self.cpu).map(|extra| extra.used.cpu_ns),
            allocated: extra.filter(|_| self.bytes).map(|extra| extra.used.bytes),
            thrown: self.thrown(number, node),
            children,
        })
    }

    fn thrown(&self, number: u32, node: &Node) -> Option<Thrown> {
        let throw = self.grown.throws.iter().find(|throw| throw.node == number)?;
        let own = throw.line.and_then(|line| i32::try_from(line).ok());
        let at_site = || self.names.get(node.names() as usize)?.site(throw.site?)?.line.map(i32::from);
        Some(Thrown {
            exception: throw.class.clone(),
            message: throw.message.clone(),
            line: own.or_else(at_site).unwrap_or(-1),
        })
    }
}

/// Adds a child, to the one that looks the same if there is one: two calls of one method on one line.
fn add(children: &mut Vec<TraceNode>, new: TraceNode) {
    let same = |old: &&mut TraceNode| {
        old.line == new.line
            && old.is_entry == new.is_entry
            && old.method == new.method
            && old.class == new.class
    };
    let Some(old) = children.iter_mut().find(same) else {
        children.push(new);
        return;
    };
    old.min_ns = match (old.times, new.times) {
        (0, _) => new.min_ns,
        (_, 0) => old.min_ns,
        _ => old.min_ns.min(new.min_ns),
    };
    old.times = old.times.saturating_add(new.times);
    old.max_ns = old.max_ns.max(new.max_ns);
    old.total_ns = old.total_ns.saturating_add(new.total_ns);
    old.throws = old.throws.saturating_add(new.throws);
    old.cpu_ns = old.cpu_ns.zip(new.cpu_ns).map(|(old, new)| old + new);
    old.allocated = old.allocated.zip(new.allocated).map(|(old, new)| old + new);
    old.thrown = old.thrown.take().or(new.thrown);
    for child in new.children {
        add(&mut old.children, child);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Call, Limits, Throw, Tree};
    use super::*;

    /// `demo.A.run`: sites 0 and 1 call the same on one line, site 2 another.
    struct Demo;

    impl Names for Demo {
        fn class(&self) -> &str {
            "demo.A"
        }

        fn method(&self) -> &str {
            "run"
        }

        fn site(&self, number: u32) -> Option<Site> {
            let (method, line) = [("get", 10), ("get", 10), ("put", 11)].get(number as usize).copied()?;
            Some(Site { class: "demo.B".to_owned(), method: method.to_owned(), line: Some(line) })
        }
    }

    fn record(grow: impl FnOnce(&mut Tree, Limits)) -> TraceRecord {
        let limits = Limits { nodes: 50, depth: 5 };
        let mut tree = Tree::default();
        tree.enter((1, 0), true, 0, None, limits, || 100);
        grow(&mut tree, limits);
        let closed = tree.leave(Call { id: 1, ticks: 100 }, 200, true, None).unwrap();
        tree.add_throw(Throw {
            node: closed.node,
            class: "java.io.IOException".to_owned(),
            message: Some("no".to_owned()),
            site: closed.site,
            line: None,
        });
        let raw = RawTrace { at: 0, thread: None, grown: tree.take() };
        raw.in_words(&[Arc::new(Demo)], &Kind::Trace(Default::default()), 1_000_000_000)
    }

    #[test]
    fn calls_of_one_method_on_one_line_are_one_node() {
        let record = record(|tree, limits| {
            for (site, from, to) in [(0, 110, 113), (1, 113, 120), (2, 120, 121), (0, 130, 131)] {
                tree.before(1, site, from, None, limits);
                tree.after(1, site, to, None);
            }
        });
        let root = &record.root;
        assert_eq!(
            (root.class.as_str(), root.method.as_str(), root.line, root.is_entry),
            ("demo.A", "run", -1, true)
        );
        assert_eq!((root.total_ns, root.cpu_ns, record.nodes), (100, None, 3));
        let shown: Vec<_> = root
            .children
            .iter()
            .map(|node| {
                (node.method.as_str(), node.line, node.times, node.min_ns, node.max_ns, node.total_ns)
            })
            .collect();
        assert_eq!(shown, [("get", 10, 3, 1, 7, 11), ("put", 11, 1, 1, 1, 1)]);
        assert_eq!(root.thrown.as_ref().map(|thrown| thrown.line), Some(-1));
    }

    #[test]
    fn an_exception_has_the_line_of_the_call_it_came_from() {
        let record = record(|tree, limits| tree.before(1, 2, 120, None, limits));
        let thrown = record.root.thrown.unwrap();
        assert_eq!((thrown.exception.as_str(), thrown.line), ("java.io.IOException", 11));
        assert_eq!((record.root.throws, record.root.children[0].throws), (1, 1));
    }

    #[test]
    fn a_site_nobody_knows_is_still_shown() {
        let record = record(|tree, limits| {
            tree.before(1, 77, 120, None, limits);
            tree.after(1, 77, 121, None);
        });
        assert_eq!(record.root.children[0].method, "?");
    }
}
