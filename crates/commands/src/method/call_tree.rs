//! One call with the calls below it: the result of `trace`.

use host::advice::{Thrown, TraceNode, TraceRecord};

use super::thread::ThreadFacts;
use crate::prelude::*;

/// A call of the outermost method, with its thread.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Traced {
    pub(super) root: ThreadNode,
    /// How many calls are in the tree, repeats counted.
    pub(super) node_count: u64,
    /// Calls were left out because there were too many or they were nested too deeply.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) cut: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadNode {
    r#type: &'static str,
    thread_name: String,
    thread_id: i64,
    daemon: bool,
    priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    classloader: Option<String>,
    timestamp: String,
    pub(super) children: Vec<CallNode>,
    #[serde(skip)]
    pub(super) thread: ThreadFacts,
}

/// Below a thread or a call.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum CallNode {
    Method(Box<MethodNode>),
    Throw(ThrowNode),
}

/// Calls of one method from one place. All times are nanoseconds.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MethodNode {
    pub(super) r#type: Method,
    pub(super) class_name: String,
    pub(super) method_name: String,
    /// Where it was called; -1 for the method itself.
    pub(super) line_number: i32,
    /// One call; the mean of several.
    pub(super) cost: u64,
    pub(super) min_cost: u64,
    pub(super) max_cost: u64,
    pub(super) total_cost: u64,
    pub(super) times: u64,
    /// Seen from the caller.
    pub(super) invoking: bool,
    /// An exception ended one of the calls.
    #[serde(rename = "throw", skip_serializing_if = "std::ops::Not::not")]
    pub(super) threw: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<String>,
    /// `--cpu`: processor time of all calls; absent where the JVM does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpu_cost: Option<u64>,
    /// `--alloc`: bytes allocated by all calls; absent where the JVM does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allocated: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<CallNode>,
    /// Which of cpu and alloc were asked for.
    #[serde(skip)]
    pub(super) asked: Asked,
}

/// Serialises as the word `method`.
#[derive(Default)]
pub(super) struct Method;

impl Serialize for Method {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str("method")
    }
}

/// What was asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked {
    /// Processor time beside time.
    pub(super) cpu: bool,
    /// Allocated bytes beside time.
    pub(super) alloc: bool,
    pub(super) calls: Calls,
}

/// Which calls are shown as such. A method may tell more of them than this trace wants, since others
/// wanted them; what is below them shows in their place.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Calls {
    /// All.
    #[default]
    All,
    /// Those of the JDK's methods are not.
    NotTheJdks,
    /// None: methods alone.
    None,
}

impl Calls {
    fn shows(self, node: &TraceNode) -> bool {
        node.is_entry
            || match self {
                Self::All => true,
                Self::NotTheJdks => !node.class.starts_with("java."),
                Self::None => false,
            }
    }
}

/// The exception that ended a method.
#[derive(Serialize)]
pub(super) struct ThrowNode {
    r#type: &'static str,
    pub(super) exception: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(rename = "lineNumber")]
    pub(super) line_number: i32,
}

impl ThrowNode {
    /// `line`: where it was thrown, -1 if unknown.
    pub(super) fn new(exception: String, message: Option<String>, line: i32) -> Self {
        Self { r#type: "throw", exception, message, line_number: line }
    }
}

impl MethodNode {
    /// Marks the node if exceptions ended some of its calls.
    pub(super) fn mark(&mut self, throws: u64) {
        self.threw = throws > 0;
        self.mark = match throws {
            0 => None,
            1 => Some("throws Exception".to_owned()),
            marks => Some(format!("throws Exception,{marks} marks")),
        };
    }
}

impl MethodNode {
    /// A node of a record and all below it.
    fn of(node: &TraceNode, asked: Asked) -> Self {
        let mut children = Vec::with_capacity(node.children.len() + 1);
        Self::below(node, asked, &mut children);
        if let Some(Thrown { exception, message, line }) = &node.thrown {
            children.push(CallNode::Throw(ThrowNode::new(exception.clone(), message.clone(), *line)));
        }
        let times = u64::from(node.times);
        let mut method = Self {
            class_name: node.class.clone(),
            method_name: node.method.clone(),
            line_number: node.line,
            cost: node.total_ns / times.max(1),
            min_cost: node.min_ns,
            max_cost: node.max_ns,
            total_cost: node.total_ns,
            times,
            invoking: !node.is_entry,
            cpu_cost: node.cpu_ns,
            allocated: node.allocated,
            children,
            asked,
            ..Self::default()
        };
        method.mark(u64::from(node.throws));
        method
    }

    fn below(node: &TraceNode, asked: Asked, children: &mut Vec<CallNode>) {
        for child in &node.children {
            match asked.calls.shows(child) {
                true => children.push(CallNode::Method(Box::new(Self::of(child, asked)))),
                false => Self::below(child, asked, children),
            }
        }
    }
}

impl Traced {
    pub(super) fn of(host: &Host, record: &TraceRecord, asked: Asked) -> Self {
        let thread = ThreadFacts::of(host, record.thread.as_ref(), record.at);
        Self::new(thread, MethodNode::of(&record.root, asked), record.cut > 0)
    }

    pub(super) fn new(thread: ThreadFacts, root: MethodNode, cut: bool) -> Self {
        let node_count = calls(&root);
        let root = ThreadNode {
            r#type: "thread",
            thread_name: thread.name.clone(),
            thread_id: thread.id,
            daemon: thread.daemon,
            priority: thread.priority,
            classloader: thread.loader.clone(),
            timestamp: thread.moment.to_the_nanosecond(),
            children: vec![CallNode::Method(Box::new(root))],
            thread,
        };
        Self { root, node_count, cut }
    }
}

fn calls(node: &MethodNode) -> u64 {
    node.times + methods(&node.children).map(calls).sum::<u64>()
}

pub(super) fn methods(children: &[CallNode]) -> impl Iterator<Item = &MethodNode> {
    children.iter().filter_map(|child| match child {
        CallNode::Method(method) => Some(method.as_ref()),
        CallNode::Throw(_) => None,
    })
}

/// Trees for tests.
#[cfg(test)]
pub(super) mod sample {
    use super::super::thread::Moment;
    use super::*;

    pub(crate) fn method(name: &str, line: i32, costs: &[u64], children: Vec<CallNode>) -> MethodNode {
        MethodNode {
            class_name: "demo.MathGame".to_owned(),
            method_name: name.to_owned(),
            line_number: line,
            cost: costs.last().copied().unwrap(),
            min_cost: costs.iter().copied().min().unwrap(),
            max_cost: costs.iter().copied().max().unwrap(),
            total_cost: costs.iter().sum(),
            times: costs.len() as u64,
            invoking: line != -1,
            children,
            ..MethodNode::default()
        }
    }

    pub(crate) fn call(node: MethodNode) -> CallNode {
        CallNode::Method(Box::new(node))
    }

    pub(crate) fn traced(root: MethodNode) -> Traced {
        let moment = Moment { to_the_millisecond: "2026-11-22 19:05:01.123".to_owned(), beyond: 456_789 };
        let loader = Some("demo.Loader@1b".to_owned());
        let thread =
            ThreadFacts { name: "main".to_owned(), id: 1, daemon: false, priority: 5, loader, moment };
        Traced::new(thread, root, false)
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{call, method, traced};
    use super::*;

    #[test]
    fn calls_that_others_wanted_are_left_out_and_what_is_below_them_stays() {
        let node = |class: &str, is_entry, children| TraceNode {
            class: class.to_owned(),
            method: "m".to_owned(),
            line: -1,
            is_entry,
            times: 1,
            children,
            ..TraceNode::default()
        };
        let callback = node("demo.Callback", true, vec![]);
        let jdk = node("java.util.List", false, vec![callback]);
        let root = node("demo.A", true, vec![node("demo.B", false, vec![]), jdk]);
        let shown = |calls| {
            let root = MethodNode::of(&root, Asked { calls, ..Asked::default() });
            methods(&root.children).map(|child| child.class_name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(shown(Calls::All), ["demo.B", "java.util.List"]);
        assert_eq!(shown(Calls::NotTheJdks), ["demo.B", "demo.Callback"]);
        assert_eq!(shown(Calls::None), ["demo.Callback"]);
    }

    #[test]
    fn the_fields_are_those_of_arthas() {
        let mut factors = method("primeFactors", 71, &[83_174], vec![]);
        factors.mark(1);
        let json = serde_json::to_value(traced(method("run", -1, &[218_596], vec![call(factors)]))).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"nodeCount": 2, "root": {
                "type": "thread", "threadName": "main", "threadId": 1, "daemon": false, "priority": 5,
                "classloader": "demo.Loader@1b", "timestamp": "2026-11-22 19:05:01.123456789",
                "children": [{
                    "type": "method", "className": "demo.MathGame", "methodName": "run", "lineNumber": -1,
                    "cost": 218596, "minCost": 218596, "maxCost": 218596, "totalCost": 218596, "times": 1,
                    "invoking": false, "children": [{
                        "type": "method", "className": "demo.MathGame", "methodName": "primeFactors",
                        "lineNumber": 71, "cost": 83174, "minCost": 83174, "maxCost": 83174, "totalCost": 83174,
                        "times": 1, "invoking": true, "throw": true, "mark": "throws Exception"}]}]}})
        );
    }
}
