//! How a traced call looks: its shares of time, the most expensive call, exceptions where they passed.

use model::Node;

use super::call_tree::{CallNode, MethodNode, Traced, methods};
use crate::prelude::*;
use crate::units;

impl Show for Traced {
    const KIND: &'static str = "trace";

    fn layout(&self) -> Layout {
        let hottest =
            methods(&self.root.children).flat_map(|root| methods(&root.children)).map(hottest).max();
        let children = self.root.children.iter().map(|child| node(child, None, hottest.unwrap_or(0)));
        let tree = Layout::Calls(Node { text: self.root.thread.line(), children: children.collect() });
        let cut = "the tree is cut: there were more calls, or they were nested deeper";
        let cut = self.cut.then(|| Layout::Line(Text::styled(Style::Warn, cut)));
        Layout::stack([tree].into_iter().chain(cut).chain([Layout::line("")]).collect())
    }
}

/// The highest total below the outermost method: its node is the one to look at.
fn hottest(node: &MethodNode) -> u64 {
    methods(&node.children).map(hottest).max().unwrap_or(0).max(node.total_cost)
}

fn node(child: &CallNode, parent: Option<&MethodNode>, hottest: u64) -> Node {
    match child {
        CallNode::Method(method) => {
            let below = method.children.iter().map(|child| node(child, Some(method), hottest));
            Node { text: method_line(method, parent, hottest), children: below.collect() }
        }
        CallNode::Throw(thrown) => {
            let mut line = Text::styled(Style::Bad, format!("throw:{}", thrown.exception));
            place(&mut line, thrown.line_number);
            line.push(Style::Plain, format!(" [{}]", thrown.message.as_deref().unwrap_or("null")));
            Node { text: line, children: Vec::new() }
        }
    }
}

fn method_line(method: &MethodNode, parent: Option<&MethodNode>, hottest: u64) -> Text {
    let is_hottest = parent.is_some() && hottest > 0 && method.total_cost == hottest;
    let style = if is_hottest { Style::Hot } else { Style::Number };
    let mut line = Text::styled(style, cost(method, parent));
    line.push(Style::Plain, format!(" {}:{}()", method.class_name, method.method_name));
    place(&mut line, method.line_number);
    if let Some(mark) = &method.mark {
        line.push(Style::Bad, format!(" [{mark}]"));
    }
    line
}

/// ` #12`, in the colour of side matters.
fn place(line: &mut Text, number: i32) {
    if number != -1 {
        line.push(Style::Dim, format!(" #{number}"));
    }
}

/// `[12.34% 0.1ms ]`, `[12.34% min=..ms,max=..ms,total=..ms,count=n]`.
fn cost(method: &MethodNode, parent: Option<&MethodNode>) -> String {
    let mut text = "[".to_owned();
    if let Some(parent) = parent {
        let whole = parent.total_cost.max(1);
        text += &format!("{:.2}% ", method.total_cost as f64 * 100.0 / whole as f64);
    }
    if method.times > 1 {
        let [min, max, total] = [method.min_cost, method.max_cost, method.total_cost].map(millis);
        text += &format!("min={min}ms,max={max}ms,total={total}ms,count={}", method.times);
    } else {
        text += &format!("{}ms", millis(method.total_cost));
        if parent.is_some() && !method.asked.cpu && !method.asked.alloc {
            text.push(' ');
        }
    }
    if method.asked.cpu {
        text +=
            &method.cpu_cost.map_or_else(|| " cpu=-".to_owned(), |nanos| format!(" cpu={}ms", millis(nanos)));
    }
    if method.asked.alloc {
        let bytes = |bytes: u64| units::human(i64::try_from(bytes).unwrap_or(i64::MAX));
        text +=
            &method.allocated.map_or_else(|| " alloc=-".to_owned(), |all| format!(" alloc={}", bytes(all)));
    }
    text.push(']');
    text
}

/// Nanoseconds as milliseconds with all their digits.
fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::call_tree::sample::{call, method, traced};
    use super::super::call_tree::{Asked, ThrowNode};
    use super::*;

    fn calls_of(traced: &Traced) -> Node {
        let Layout::Group(group) = traced.layout() else { unreachable!("a group was made") };
        match group.items.into_iter().next() {
            Some(Layout::Calls(node)) => node,
            other => unreachable!("calls were drawn, not {other:?}"),
        }
    }

    fn lines(node: &Node, depth: usize, out: &mut Vec<String>) {
        out.push(format!("{}{}", " ".repeat(depth), node.text.plain()));
        node.children.iter().for_each(|child| lines(child, depth + 1, out));
    }

    fn picture(traced: &Traced) -> Vec<String> {
        let node = calls_of(traced);
        let mut out = Vec::new();
        lines(&node, 0, &mut out);
        out
    }

    #[test]
    fn costs_are_shares_of_the_caller_and_repeats_are_merged() {
        let inner = method("add", 87, &[2_825, 9_034], vec![]);
        let factors = method("primeFactors", 71, &[162_923], vec![call(inner)]);
        let root =
            method("run", -1, &[264_224], vec![call(factors), call(method("format", 71, &[30_345], vec![]))]);
        let traced = traced(root);
        assert_eq!(traced.node_count, 5);
        assert_eq!(
            picture(&traced),
            [
                "ts=2026-11-22 19:05:01.123;thread_name=main;id=1;is_daemon=false;priority=5;TCCL=demo.Loader@1b",
                " [0.264224ms] demo.MathGame:run()",
                "  [61.66% 0.162923ms ] demo.MathGame:primeFactors() #71",
                "   [7.28% min=0.002825ms,max=0.009034ms,total=0.011859ms,count=2] demo.MathGame:add() #87",
                "  [11.48% 0.030345ms ] demo.MathGame:format() #71",
            ]
        );
    }

    #[test]
    fn the_most_expensive_call_below_the_root_is_hot() {
        let factors = method("primeFactors", 71, &[100], vec![call(method("add", 87, &[90], vec![]))]);
        let root =
            method("run", -1, &[1_000], vec![call(factors), call(method("format", 71, &[70], vec![]))]);
        let node = calls_of(&traced(root));
        let styles = |node: &Node| node.text.spans()[0].style;
        assert_eq!(styles(&node.children[0]), Style::Number, "the root is not");
        assert_eq!(styles(&node.children[0].children[0]), Style::Hot);
        assert_eq!(styles(&node.children[0].children[0].children[0]), Style::Number);
        assert_eq!(styles(&node.children[0].children[1]), Style::Number);
    }

    #[test]
    fn exceptions_stand_at_the_call_and_below_the_method_that_threw() {
        let mut factors = method("primeFactors", 71, &[10, 20], vec![]);
        factors.mark(2);
        let thrown = ThrowNode::new("java.lang.IllegalArgumentException".to_owned(), None, 73);
        let mut root = method("run", -1, &[100], vec![call(factors), CallNode::Throw(thrown)]);
        root.mark(1);
        let picture = picture(&traced(root));
        assert_eq!(picture[1], " [0.0001ms] demo.MathGame:run() [throws Exception]");
        assert!(
            picture[2].ends_with(" demo.MathGame:primeFactors() #71 [throws Exception,2 marks]"),
            "{picture:?}"
        );
        assert_eq!(picture[3], "  throw:java.lang.IllegalArgumentException #73 [null]");
    }

    #[test]
    fn processor_time_and_bytes_stand_beside_the_time_and_a_dash_where_nobody_knows() {
        let asked = Asked { cpu: true, alloc: true, ..Asked::default() };
        let known = MethodNode {
            asked,
            cpu_cost: Some(1_500_000),
            allocated: Some(2_048),
            ..method("a", 1, &[2_000_000], vec![])
        };
        let root = MethodNode { asked, ..method("run", -1, &[4_000_000], vec![call(known)]) };
        let picture = picture(&traced(root));
        assert_eq!(picture[1], " [4ms cpu=- alloc=-] demo.MathGame:run()");
        assert_eq!(picture[2], "  [50.00% 2ms cpu=1.5ms alloc=2.0 KiB] demo.MathGame:a() #1");
    }
}
