//! A copy of a value as it was at one moment: nodes one behind the other, each followed by those below it. It
//! holds no object, so it can wait in a queue and be shown on another thread.

use std::ops::Range;
use std::sync::Arc;

use crate::classes::Classes;
use crate::facts::ClassFacts;

/// Which units of the snapshot's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Units {
    pub(crate) start: u32,
    pub(crate) count: u32,
}

impl Units {
    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start.saturating_add(self.count as usize)
    }
}

/// A class: its place among those that were met.
pub type ClassPlace = u32;

/// A part of a snapshot. Numbers of boxes are as those of primitive types.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Node {
    /// `null`
    Null,
    /// `boolean`
    Bool(bool),
    /// `byte`
    Byte(i8),
    /// `char`
    Char(u16),
    /// `short`
    Short(i16),
    /// `int`
    Int(i32),
    /// `long`
    Long(i64),
    /// `float`
    Float(f32),
    /// `double`
    Double(f64),
    /// A string; `left` units of it were left out.
    Text {
        /// What was copied.
        text: Units,
        /// Units that were not.
        left: u32,
    },
    /// A constant of an enum, by its name.
    Constant {
        /// Its class.
        class: ClassPlace,
        /// Its name.
        name: Units,
    },
    /// A date, in milliseconds since 1970.
    Date {
        /// Its class.
        class: ClassPlace,
        /// When.
        millis: i64,
    },
    /// A class, by its name.
    Class {
        /// Its name with dots.
        name: Units,
        /// Whether it is an interface.
        interface: bool,
    },
    /// An object in words: what its `toString` said.
    Said {
        /// Its class.
        class: ClassPlace,
        /// What it said.
        text: Units,
    },
    /// An object that says nothing of itself but its class and its identity hash.
    Identity {
        /// Its class.
        class: ClassPlace,
        /// Its hash.
        hash: i32,
    },
    /// An object in short: some of its fields follow, by their places among the class's shown fields.
    Summary {
        /// Its class.
        class: ClassPlace,
        /// How many [`Node::Field`]s follow.
        fields: u32,
    },
    /// An object: its fields follow.
    Object {
        /// Its class.
        class: ClassPlace,
        /// How many [`Node::Field`]s follow.
        fields: u32,
    },
    /// A field; its value follows.
    Field {
        /// Its place among the shown fields of the class.
        place: u32,
    },
    /// A container or an array of which only the size is shown: `u64::MAX` if there are too many to be counted.
    Sized {
        /// Its class; `None` for an `Object[]` and an `ArrayList` of our own making.
        class: Made,
        /// How many elements or entries it has.
        size: u64,
    },
    /// A list, a set, a queue or an array: its elements follow.
    Elements {
        /// Its class.
        class: Made,
        /// How many follow.
        shown: u32,
        /// How many it has.
        size: u64,
    },
    /// A map: keys and values follow in turn.
    Entries {
        /// Its class.
        class: Made,
        /// How many pairs follow.
        shown: u32,
        /// How many it has.
        size: u64,
    },
    /// An exception in short.
    Throwable {
        /// Its class.
        class: ClassPlace,
        /// Its message.
        message: Option<Units>,
    },
    /// An exception with its stack, and those of its causes: the text follows as lines.
    Trace {
        /// Its class.
        class: ClassPlace,
        /// What `printStackTrace` would print.
        text: Units,
    },
    /// The object that is shown so many levels above.
    Cycle {
        /// Its class.
        class: ClassPlace,
        /// How many.
        up: u32,
    },
    /// A value that is kept secret.
    Secret,
    /// What was to follow was too much.
    Cut,
    /// A value that could not be read.
    Unreadable,
}

/// The class of a container: one of the application's, or one of what an expression has made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// A class that was met.
    Class(ClassPlace),
    /// `java.lang.Object[]`: the arguments of a call.
    Arguments,
    /// `java.util.ArrayList`.
    List,
    /// `java.util.LinkedHashMap`.
    Map,
}

/// A copy of a value.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) nodes: Vec<Node>,
    pub(crate) text: Vec<u16>,
    pub(crate) classes: Arc<Classes>,
}

impl Snapshot {
    /// Empty, with room for what the value before has taken: one allocation costs less than four.
    pub(crate) fn new(classes: Arc<Classes>) -> Self {
        let (nodes, text) = classes.room();
        Self { nodes: Vec::with_capacity(nodes), text: Vec::with_capacity(text), classes }
    }

    /// All nodes, the value itself first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.nodes.len() * size_of::<Node>() + 2 * self.text.len()
    }

    /// Whether nothing but marks of what was cut lie in so many nodes.
    pub(crate) fn is_rest(&self, at: usize, nodes: usize) -> bool {
        let marks = self.nodes.get(at..at.saturating_add(nodes)).unwrap_or_default();
        marks.len() == nodes && marks.iter().all(|node| *node == Node::Cut)
    }

    pub(crate) fn units(&self, units: Units) -> &[u16] {
        self.text.get(units.range()).unwrap_or_default()
    }

    /// Text in words, without secrets in it.
    pub(crate) fn words(&self, units: Units) -> String {
        let text = String::from_utf16_lossy(self.units(units));
        match self.classes.redaction().scrub(&text) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(scrubbed) => scrubbed,
        }
    }

    /// The name of a container's class.
    pub(crate) fn name_of(&self, class: Made) -> &str {
        match class {
            Made::Class(place) => self.class(place).map_or("?", |facts| facts.name()),
            Made::Arguments => "java.lang.Object[]",
            Made::List => "java.util.ArrayList",
            Made::Map => "java.util.LinkedHashMap",
        }
    }

    pub(crate) fn class(&self, class: ClassPlace) -> Option<&ClassFacts> {
        self.classes.get(class)
    }

    /// `Class.getSimpleName` of a container's class.
    pub(crate) fn shown(&self, class: Made) -> &str {
        match class {
            Made::Class(place) => self.class(place).map_or("?", |facts| &facts.shown),
            Made::Arguments => "Object[]",
            Made::List => "ArrayList",
            Made::Map => "LinkedHashMap",
        }
    }

    /// The name of a field that is shown.
    pub(crate) fn field(&self, class: ClassPlace, place: u32) -> &str {
        let field = self.class(class).and_then(|facts| {
            let field = facts.fields.get(place as usize)?;
            facts.layout.fields.get(field.place)
        });
        field.map_or("?", |field| &field.name)
    }
}
