//! The tree of one traced call while it grows. HOT: `before` and `after` run around every call in a traced method.
//!
//! A tree belongs to one Java thread. Calls that repeat under the same parent are one node, so a loop takes no room;
//! which child comes next is guessed from which came last, so that a straight or looping body finds its nodes at
//! once. The nodes of a call that did not match are kept for the next: nothing is allocated, nor built again. An exit is recognised by its method's id and the moment in
//! its token: exits of calls that were never seen entering find nothing.

use std::iter;

use jvm::clock;

const NONE: u32 = u32::MAX;
/// Set in the key of a node that stands for a woven method itself, not for a call of one.
const METHOD: u64 = 1 << 63;
/// A new call whose stack begins this much nearer to the thread's start than that of one that is still open, proves
/// that the open one has ended without telling (a stack overflow in our own helper). Less may be frames of other
/// sizes before and after compiling.
const STACK_MARGIN: usize = 16 << 10;
/// How many exceptions of one tree are described.
const THROWS: usize = 64;

/// How large one tree may get.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) nodes: usize,
    pub(super) depth: usize,
}

/// What the thread had used up at some moment; zeros where it was not asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) cpu_ns: u64,
    pub(super) bytes: u64,
}

/// A call, as its token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) id: u32,
    pub(super) ticks: u64,
}

#[derive(Debug)]
struct Frame {
    call: Call,
    node: u32,
    /// The node of the call that is open in this method.
    open: u32,
    /// Where the native stack was, 0 if that says nothing (virtual threads move).
    stack: usize,
}

/// All calls of one method at one place under one parent.
#[derive(Clone, Debug)]
pub(super) struct Node {
    key: u64,
    child: u32,
    next: u32,
    /// The child that was open last.
    last: u32,
    /// In which round of the tree it was reached last; of earlier ones only its place counts.
    round: u32,
    pub(super) times: u32,
    pub(super) throws: u32,
    start: u64,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) total: u64,
}

/// CPU time and bytes of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    start: Used,
    pub(super) used: Used,
}

/// An exception that ended a woven method of the tree.
#[derive(Clone, Debug)]
pub(super) struct Throw {
    pub(super) node: u32,
    pub(super) class: String,
    pub(super) message: Option<String>,
    /// The site that was open, if the exception came from a call.
    pub(super) site: Option<u32>,
    /// The line on which the method threw it itself, if the JVM tells.
    pub(super) line: Option<u32>,
}

/// A finished tree: nodes by number, the root first.
#[derive(Debug, Default)]
pub(super) struct Grown {
    nodes: Vec<Node>,
    /// By the same numbers; of those that were asked for.
    pub(super) extras: Vec<Extra>,
    pub(super) throws: Vec<Throw>,
    round: u32,
    /// Calls that found no room.
    pub(super) cut: u32,
    /// How often CPU time or bytes were asked for.
    pub(super) asked: u32,
    /// Call sites passed.
    pub(super) sites: u32,
}

/// What an exit has closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) node: u32,
    /// Whether the tree is complete.
    pub(super) outermost: bool,
    /// The site that was open.
    pub(super) site: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Tree {
    frames: Vec<Frame>,
    grown: Grown,
    /// Calls above the last frame that were not recorded: their sites are not the frame's.
    beyond: u32,
    /// What the listener's epoch was when the tree began.
    pub(super) epoch: u32,
}

impl Node {
    fn new(key: u64, next: u32, round: u32) -> Self {
        let (child, last, min) = (NONE, NONE, u64::MAX);
        Self { key, child, next, last, round, times: 0, throws: 0, start: 0, min, max: 0, total: 0 }
    }

    #[inline]
    fn renew(&mut self, round: u32) {
        (self.last, self.round, self.times, self.throws) = (NONE, round, 0, 0);
        (self.min, self.max, self.total) = (u64::MAX, 0, 0);
    }

    /// Which of the listener's methods this names, or has this site.
    pub(super) fn names(&self) -> u32 {
        ((self.key & !METHOD) >> 32) as u32
    }

    /// The number of the call site; `None` for a method itself.
    pub(super) fn site(&self) -> Option<u32> {
        (self.key & METHOD == 0).then_some(self.key as u32)
    }

    fn close(&mut self, now: u64) {
        let cost = clock::between(self.start, now);
        self.times = self.times.saturating_add(1);
        self.total = self.total.wrapping_add(cost);
        self.min = self.min.min(cost);
        self.max = self.max.max(cost);
    }
}

impl Grown {
    /// A node that was reached in this round, or is kept from an earlier one.
    fn any(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }

    /// A node of this tree, by its number.
    pub(super) fn node(&self, node: u32) -> Option<&Node> {
        self.any(node).filter(|found| found.round == self.round)
    }

    /// The numbers of a node's children.
    pub(super) fn children(&self, node: &Node) -> impl Iterator<Item = u32> {
        let mut child = node.child;
        iter::from_fn(move || {
            let this = child;
            child = self.any(child)?.next;
            Some(this)
        })
        .filter(|child| self.node(*child).is_some())
    }

    /// How many nodes it takes room for.
    pub(super) fn room(&self) -> usize {
        self.nodes.len()
    }

    fn node_mut(&mut self, node: u32) -> Option<&mut Node> {
        self.nodes.get_mut(node as usize)
    }

    /// The child of `parent` with this key, made if need be and if there is room. It is open from `now` on.
    #[inline]
    fn open(&mut self, parent: u32, key: u64, now: u64, used: Option<Used>, limits: Limits) -> u32 {
        let node = match self.find(parent, key) {
            NONE => self.make(parent, key, limits),
            found => found,
        };
        let round = self.round;
        let Some(found) = self.node_mut(node) else { return NONE };
        found.start = now;
        if found.round != round {
            found.renew(round);
        }
        let fresh = found.times == 0;
        if let Some(parent) = self.node_mut(parent) {
            parent.last = node;
        }
        if let Some(used) = used {
            self.ask(node, used, fresh);
        }
        node
    }

    #[cold]
    fn ask(&mut self, node: u32, used: Used, fresh: bool) {
        self.asked = self.asked.wrapping_add(1);
        if self.extras.len() < self.nodes.len() {
            self.extras.resize(self.nodes.len(), Extra::default());
        }
        if let Some(extra) = self.extras.get_mut(node as usize) {
            extra.start = used;
            if fresh {
                extra.used = Used::default();
            }
        }
    }

    #[inline]
    fn find(&self, parent: u32, key: u64) -> u32 {
        let Some(parent) = self.any(parent) else {
            // The root, if its nodes are kept.
            return if self.nodes.is_empty() { NONE } else { 0 };
        };
        let is = |node: u32| self.any(node).is_some_and(|node| node.key == key);
        if let Some(last) = self.any(parent.last) {
            // The one after the last, the last again, or else from the beginning.
            if is(last.next) {
                return last.next;
            }
            if last.key == key {
                return parent.last;
            }
        }
        let mut child = parent.child;
        while let Some(node) = self.any(child) {
            if node.key == key {
                return child;
            }
            child = node.next;
        }
        NONE
    }

    #[cold]
    fn make(&mut self, parent: u32, key: u64, limits: Limits) -> u32 {
        if self.nodes.len() >= limits.nodes || self.nodes.try_reserve(1).is_err() {
            self.cut = self.cut.saturating_add(1);
            return NONE;
        }
        let new = self.nodes.len() as u32;
        // After the one that was open last: in the order of the first passing.
        let last = self.any(parent).map_or(NONE, |parent| parent.last);
        let next = if let Some(last) = self.node_mut(last) {
            std::mem::replace(&mut last.next, new)
        } else if let Some(parent) = self.node_mut(parent) {
            std::mem::replace(&mut parent.child, new)
        } else {
            NONE
        };
        self.nodes.push(Node::new(key, next, self.round));
        new
    }

    #[inline]
    fn close(&mut self, node: u32, now: u64, failed: bool, used: Option<Used>) {
        let Some(found) = self.node_mut(node) else { return };
        found.close(now);
        found.throws = found.throws.saturating_add(failed.into());
        if let Some(used) = used {
            self.asked = self.asked.wrapping_add(1);
            if let Some(extra) = self.extras.get_mut(node as usize) {
                extra.used.cpu_ns += used.cpu_ns.saturating_sub(extra.start.cpu_ns);
                extra.used.bytes += used.bytes.saturating_sub(extra.start.bytes);
            }
        }
    }
}

impl Tree {
    pub(super) fn is_open(&self) -> bool {
        !self.frames.is_empty()
    }

    /// A woven method is entered. `wanted` says whether it may begin a tree; within one it is recorded in any case.
    /// `stack` is an address on the native stack, 0 if unknown. The clock is read last. Whether it was recorded.
    #[inline]
    pub(super) fn enter(
        &mut self,
        (id, names): (u32, u32),
        wanted: bool,
        stack: usize,
        used: Option<Used>,
        limits: Limits,
        now: impl FnOnce() -> u64,
    ) -> bool {
        while self.frames.last().is_some_and(|top| top.stack != 0 && stack > top.stack + STACK_MARGIN) {
            self.frames.pop();
            self.beyond = 0;
        }
        let key = METHOD | u64::from(names) << 32;
        let parent = match self.frames.last() {
            None if !wanted => return false,
            None => {
                self.begin(key, limits);
                NONE
            }
            Some(top) if top.open == NONE => top.node,
            Some(top) => top.open,
        };
        let node =
            if self.beyond == 0 && self.frames.len() < limits.depth && self.frames.try_reserve(1).is_ok() {
                self.grown.open(parent, key, 0, used, limits)
            } else {
                self.grown.cut = self.grown.cut.saturating_add(1);
                NONE
            };
        if node == NONE {
            self.beyond = self.beyond.saturating_add(u32::from(self.is_open()));
            return false;
        }
        let ticks = now();
        if let Some(node) = self.grown.node_mut(node) {
            node.start = ticks;
        }
        self.frames.push(Frame { call: Call { id, ticks }, node, open: NONE, stack });
        true
    }

    /// A tree begins with this root: in the nodes of the one before, if they have the same and leave room.
    #[inline]
    fn begin(&mut self, root: u64, limits: Limits) {
        let same = self.grown.nodes.first().is_some_and(|node| node.key == root);
        if !same || self.grown.nodes.len() > limits.nodes / 2 {
            self.clear();
        } else {
            self.forget();
            self.grown.round = self.grown.round.wrapping_add(1);
        }
    }

    /// The innermost frame, if it is one of this method.
    #[inline]
    fn top(&mut self, id: u32) -> Option<&mut Frame> {
        self.frames.last_mut().filter(|top| top.call.id == id && self.beyond == 0)
    }

    /// A call site is reached.
    #[inline]
    pub(super) fn before(&mut self, id: u32, site: u32, now: u64, used: Option<Used>, limits: Limits) {
        let Some(top) = self.top(id) else { return };
        let left = std::mem::replace(&mut top.open, NONE);
        let parent = top.node;
        if left != NONE {
            // It did not return: it ended by an exception, which a handler caught that is not told.
            self.grown.close(left, now, true, used);
        }
        let Some(names) = self.grown.node(parent).map(Node::names) else { return };
        self.grown.sites = self.grown.sites.wrapping_add(1);
        let open = self.grown.open(parent, u64::from(names) << 32 | u64::from(site), now, used, limits);
        if let Some(top) = self.frames.last_mut() {
            top.open = open;
        }
    }

    /// The call at the site has returned.
    #[inline]
    pub(super) fn after(&mut self, id: u32, site: u32, now: u64, used: Option<Used>) {
        let Some(top) = self.top(id) else { return };
        let open = std::mem::replace(&mut top.open, NONE);
        if self.grown.node(open).is_some_and(|node| node.site() == Some(site)) {
            self.grown.close(open, now, false, used);
        }
    }

    /// The method has caught an exception: if a call was open, it has ended by it.
    pub(super) fn caught(&mut self, id: u32, now: u64, used: Option<Used>) {
        // What was called and is still open did not tell; it is gone.
        while self.frames.last().is_some_and(|top| top.call.id != id)
            && self.frames.iter().any(|frame| frame.call.id == id)
        {
            self.frames.pop();
            self.beyond = 0;
        }
        let Some(top) = self.top(id) else { return };
        let open = std::mem::replace(&mut top.open, NONE);
        self.grown.close(open, now, true, used);
    }

    /// A woven method ends. `None` if it was not seen entering.
    #[inline]
    pub(super) fn leave(&mut self, call: Call, now: u64, failed: bool, used: Option<Used>) -> Option<Closed> {
        while self.frames.last()?.call != call {
            if !self.frames.iter().any(|frame| frame.call == call) {
                self.beyond = self.beyond.saturating_sub(1);
                return None;
            }
            self.frames.pop();
        }
        self.beyond = 0;
        let frame = self.frames.pop()?;
        let site = self.grown.node(frame.open).and_then(Node::site);
        self.grown.close(frame.open, now, failed, used);
        self.grown.close(frame.node, now, failed, used);
        Some(Closed { node: frame.node, outermost: self.frames.is_empty(), site })
    }

    /// Whether there is room to describe another exception under this node: one each is enough.
    pub(super) fn wants_throw(&self, node: u32) -> bool {
        let throws = &self.grown.throws;
        throws.len() < THROWS && throws.iter().all(|throw| throw.node != node)
    }

    pub(super) fn add_throw(&mut self, throw: Throw) {
        self.grown.throws.push(throw);
    }

    /// Hands the tree over and begins a new one.
    pub(super) fn take(&mut self) -> Grown {
        self.frames.clear();
        self.beyond = 0;
        std::mem::take(&mut self.grown)
    }

    /// Forgets the tree. Its nodes are kept for the next one, which is likely to look the same.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.frames.clear();
        self.beyond = 0;
        self.grown.throws.clear();
        (self.grown.cut, self.grown.asked, self.grown.sites) = (0, 0, 0);
    }

    /// Forgets everything, but keeps the room.
    pub(super) fn clear(&mut self) {
        self.forget();
        self.grown.nodes.clear();
        self.grown.extras.clear();
    }

    /// Sites passed so far.
    pub(super) fn sites(&self) -> u32 {
        self.grown.sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { nodes: 100, depth: 10 };

    fn call(id: u32, ticks: u64) -> Call {
        Call { id, ticks }
    }

    fn enter(tree: &mut Tree, call: Call) -> bool {
        tree.enter((call.id, call.id), true, 0, None, LIMITS, || call.ticks)
    }

    fn pass(tree: &mut Tree, call: Call, site: u32, from: u64, to: u64) {
        tree.before(call.id, site, from, None, LIMITS);
        tree.after(call.id, site, to, None);
    }

    /// `name×times(total)[children]`; sites are numbers, methods `mN`.
    fn shown(grown: &Grown, node: u32) -> String {
        let Some(found) = grown.node(node) else { return String::new() };
        let name = found.site().map_or(format!("m{}", found.names()), |site| site.to_string());
        let mut text = format!("{name}x{}({})", found.times, found.total);
        if found.throws > 0 {
            text += &format!("!{}", found.throws);
        }
        let children: Vec<_> = grown.children(found).map(|child| shown(grown, child)).collect();
        if !children.is_empty() {
            text += &format!("[{}]", children.join(" "));
        }
        text
    }

    #[test]
    fn repeats_are_one_node_in_the_order_of_their_first_passing() {
        let (mut tree, root) = (Tree::default(), call(1, 100));
        assert!(enter(&mut tree, root));
        for round in 0..3 {
            let at = 100 + round * 20;
            pass(&mut tree, root, 0, at, at + 1);
            if round == 1 {
                pass(&mut tree, root, 1, at + 1, at + 4);
            }
            pass(&mut tree, root, 2, at + 4, at + 6);
        }
        let closed = tree.leave(root, 200, false, None).unwrap();
        assert!(closed.outermost);
        let grown = tree.take();
        assert_eq!(shown(&grown, 0), "m1x1(100)[0x3(3) 1x1(3) 2x3(6)]");
        assert_eq!(grown.sites, 7);
        let node = grown.nodes.iter().find(|node| node.site() == Some(2)).unwrap();
        assert_eq!((node.min, node.max), (2, 2));
    }

    #[test]
    fn a_call_that_is_open_when_the_next_begins_has_failed() {
        let (mut tree, root) = (Tree::default(), call(1, 100));
        enter(&mut tree, root);
        tree.before(root.id, 0, 101, None, LIMITS); // its handler unlocks, so it is not told
        pass(&mut tree, root, 1, 105, 106);
        tree.leave(root, 110, false, None).unwrap();
        assert_eq!(shown(&tree.take(), 0), "m1x1(10)[0x1(4)!1 1x1(1)]");
    }

    #[test]
    fn a_woven_method_hangs_below_the_site_that_called_it() {
        let mut tree = Tree::default();
        let (outer, inner, deep) = (call(1, 10), call(2, 22), call(1, 25));
        enter(&mut tree, outer);
        tree.before(outer.id, 7, 20, None, LIMITS);
        enter(&mut tree, inner);
        tree.before(inner.id, 3, 24, None, LIMITS);
        enter(&mut tree, deep);
        assert!(!tree.leave(deep, 30, false, None).unwrap().outermost);
        tree.after(inner.id, 3, 31, None);
        tree.leave(inner, 33, false, None);
        tree.after(outer.id, 7, 40, None);
        assert!(tree.leave(outer, 50, false, None).unwrap().outermost);
        assert_eq!(shown(&tree.take(), 0), "m1x1(40)[7x1(20)[m2x1(11)[3x1(7)[m1x1(5)]]]]");
    }

    #[test]
    fn exceptions_are_marked_at_the_call_they_came_from() {
        let mut tree = Tree::default();
        let (outer, inner) = (call(1, 10), call(2, 12));
        enter(&mut tree, outer);
        tree.before(outer.id, 0, 11, None, LIMITS);
        enter(&mut tree, inner);
        tree.before(inner.id, 5, 13, None, LIMITS);
        assert_eq!(tree.leave(inner, 15, true, None).unwrap().site, Some(5));
        tree.caught(outer.id, 16, None);
        // A handler without an open call: the body's own throw.
        tree.caught(outer.id, 17, None);
        pass(&mut tree, outer, 1, 18, 19);
        tree.leave(outer, 20, false, None);
        assert_eq!(shown(&tree.take(), 0), "m1x1(10)[0x1(5)!1[m2x1(3)!1[5x1(2)!1]] 1x1(1)]");
    }

    #[test]
    fn strangers_change_nothing() {
        let (mut tree, root) = (Tree::default(), call(1, 10));
        assert!(tree.leave(root, 11, false, None).is_none());
        pass(&mut tree, root, 0, 11, 12);
        tree.caught(root.id, 12, None);
        assert!(!tree.enter((1, 1), false, 0, None, LIMITS, || 10));
        enter(&mut tree, root);
        pass(&mut tree, call(2, 9), 0, 11, 12);
        assert!(tree.leave(call(3, 10), 12, false, None).is_none());
        assert!(tree.leave(call(1, 9), 12, false, None).is_none());
        tree.leave(root, 20, false, None);
        assert_eq!(shown(&tree.take(), 0), "m1x1(10)");
    }

    #[test]
    fn calls_that_never_told_their_end_go_with_their_caller() {
        let mut tree = Tree::default();
        let (outer, lost) = (call(1, 10), call(2, 12));
        enter(&mut tree, outer);
        tree.before(outer.id, 0, 11, None, LIMITS);
        enter(&mut tree, lost);
        tree.caught(outer.id, 15, None);
        pass(&mut tree, outer, 1, 16, 17);
        assert!(tree.leave(outer, 20, false, None).unwrap().outermost);
        assert_eq!(shown(&tree.take(), 0), "m1x1(10)[0x1(4)!1[m2x0(0)] 1x1(1)]");
    }

    #[test]
    fn an_outermost_call_that_was_lost_is_noticed_by_the_stack() {
        let mut tree = Tree::default();
        tree.enter((1, 1), true, 0x1_0000, None, LIMITS, || 10);
        assert!(tree.enter((1, 1), true, 0x8_0000, None, LIMITS, || 20));
        assert!(tree.leave(call(1, 20), 30, false, None).unwrap().outermost);
        assert_eq!(shown(&tree.take(), 0), "m1x1(10)");
    }

    #[test]
    fn size_and_depth_have_bounds_and_the_cut_is_told() {
        let (mut tree, root) = (Tree::default(), call(1, 10));
        enter(&mut tree, root);
        (0..200).for_each(|site| pass(&mut tree, root, site, 11, 12));
        tree.leave(root, 20, false, None);
        let grown = tree.take();
        assert_eq!((grown.nodes.len(), grown.cut), (100, 101));
        let entered = (0..20).filter(|depth| enter(&mut tree, call(1, 10 + depth))).count();
        assert_eq!(entered, 10);
        // Those that were not recorded are strangers when they leave, and their sites are nobody's.
        pass(&mut tree, call(1, 29), 0, 30, 31);
        for ticks in (20..30).rev() {
            assert!(tree.leave(call(1, ticks), 31, false, None).is_none());
        }
        pass(&mut tree, call(1, 19), 0, 31, 32);
        tree.leave(call(1, 19), 33, false, None);
        assert!(tree.leave(call(1, 10), 40, false, None).unwrap().outermost);
        let grown = tree.take();
        assert_eq!((grown.cut, grown.nodes.len(), grown.sites), (10, 11, 1));
    }

    #[test]
    fn the_nodes_of_a_call_that_was_forgotten_serve_the_next() {
        let mut tree = Tree::default();
        for (round, sites) in [(1, vec![0, 1, 2]), (2, vec![2, 0]), (3, vec![1, 3])] {
            let root = call(1, round * 100);
            enter(&mut tree, root);
            for site in sites {
                pass(&mut tree, root, site, root.ticks + 1, root.ticks + 2);
            }
            tree.leave(root, root.ticks + 50, false, None);
            if round < 3 {
                tree.forget();
            }
        }
        let grown = tree.take();
        assert_eq!(shown(&grown, 0), "m1x1(50)[1x1(1) 3x1(1)]");
        assert_eq!((grown.room(), grown.sites), (5, 2));
        // Another root finds nothing of it.
        enter(&mut tree, call(2, 10));
        tree.leave(call(2, 10), 11, false, None);
        assert_eq!(shown(&tree.take(), 0), "m2x1(1)");
    }

    #[test]
    fn cpu_and_bytes_are_told_for_each_node() {
        let (mut tree, root) = (Tree::default(), call(1, 10));
        let used = |cpu_ns, bytes| Some(Used { cpu_ns, bytes });
        tree.enter((1, 1), true, 0, used(100, 10), LIMITS, || 10);
        for round in 0..2 {
            tree.before(root.id, 0, 20, used(110 + round * 10, 10), LIMITS);
            tree.after(root.id, 0, 25, used(115 + round * 10, 74));
        }
        tree.leave(root, 30, false, used(150, 200));
        let grown = tree.take();
        let used: Vec<_> = grown.extras.iter().map(|extra| (extra.used.cpu_ns, extra.used.bytes)).collect();
        assert_eq!(used, [(50, 190), (10, 128)]);
        assert_eq!(grown.asked, 6);
    }
}
