//! A snapshot as data: what `--json` and the HTTP API get beside the text.

use std::cell::Cell;

use ognl::Value;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::contents::MANY;
use crate::redaction::HIDDEN;
use crate::snapshot::{ClassPlace, Made, Node, Snapshot};
use crate::text::rest;

/// Numbers, texts and booleans as such; objects with `@class` before their fields; lists as arrays; maps as objects where
/// all keys are texts, else as arrays of pairs.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Part { snapshot: self, at: &Cell::new(0) }.serialize(to)
    }
}

/// What comes next.
struct Part<'s> {
    snapshot: &'s Snapshot,
    at: &'s Cell<usize>,
}

impl Part<'_> {
    fn next(&self) -> Node {
        let at = self.at.get();
        self.at.set(at + 1);
        self.snapshot.nodes.get(at).copied().unwrap_or(Node::Unreadable)
    }

    fn peek(&self, beyond: usize) -> Option<Node> {
        self.snapshot.nodes.get(self.at.get() + beyond).copied()
    }

    fn name(&self, class: ClassPlace) -> &str {
        self.snapshot.class(class).map_or("?", |facts| facts.name())
    }

    /// How many nodes a value takes, from `beyond` on.
    fn width(&self, beyond: usize) -> usize {
        let mut left = 1;
        let mut at = beyond;
        while left > 0 {
            left -= 1;
            left += match self.peek(at) {
                Some(Node::Summary { fields, .. } | Node::Object { fields, .. }) => 2 * fields as usize,
                Some(Node::Elements { shown, .. }) => shown as usize,
                Some(Node::Entries { shown, .. }) => 2 * shown as usize,
                _ => 0,
            };
            at += 1;
        }
        at - beyond
    }

    fn fields<S: Serializer>(&self, to: S, class: ClassPlace, fields: u32) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("@class", self.name(class))?;
        for _ in 0..fields {
            let name = match self.next() {
                Node::Field { place } => self.snapshot.field(class, place).to_owned(),
                _ => "?".to_owned(),
            };
            map.serialize_entry(&name, self)?;
        }
        map.end()
    }

    /// The text for all that was left out after so many, if so many nodes stand for that.
    fn rest(&self, nodes: usize, number: u32, size: u64) -> Option<String> {
        self.snapshot.is_rest(self.at.get(), nodes).then(|| {
            self.at.set(self.at.get() + nodes);
            format!("...{}", rest(size, number))
        })
    }

    fn entries<S: Serializer>(&self, to: S, shown: u32, size: u64) -> Result<S::Ok, S::Error> {
        let mut beyond = 0;
        let mut texts = true;
        for _ in 0..shown {
            texts &= matches!(self.peek(beyond), Some(Node::Text { .. } | Node::Constant { .. } | Node::Cut));
            beyond += self.width(beyond);
            beyond += self.width(beyond);
        }
        if texts {
            let mut map = to.serialize_map(None)?;
            for number in 0..shown {
                if let Some(rest) = self.rest(2, number, size) {
                    map.serialize_entry("...", &rest)?;
                    continue;
                }
                let key = match self.next() {
                    Node::Text { text, .. } | Node::Constant { name: text, .. } => self.snapshot.words(text),
                    _ => "?".to_owned(),
                };
                map.serialize_entry(&key, self)?;
            }
            return map.end();
        }
        let mut all = to.serialize_seq(None)?;
        for number in 0..shown {
            match self.rest(2, number, size) {
                Some(rest) => all.serialize_element(&rest)?,
                None => all.serialize_element(&Pair(self))?,
            }
        }
        all.end()
    }

    fn sized<S: Serializer>(&self, to: S, class: Made, size: u64) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("@class", self.snapshot.name_of(class))?;
        map.serialize_entry("@size", &(size != MANY).then_some(size))?;
        map.end()
    }

    fn said<S: Serializer>(&self, to: S, class: ClassPlace, text: &str) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("@class", self.name(class))?;
        map.serialize_entry("@text", text)?;
        map.end()
    }
}

/// A key and its value.
struct Pair<'p>(&'p Part<'p>);

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut pair = to.serialize_seq(Some(2))?;
        pair.serialize_element(self.0)?;
        pair.serialize_element(self.0)?;
        pair.end()
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let words = |units| self.snapshot.words(units);
        match self.next() {
            Node::Null => to.serialize_unit(),
            Node::Bool(value) => to.serialize_bool(value),
            Node::Byte(value) => to.serialize_i8(value),
            Node::Char(value) => to.serialize_str(&String::from_utf16_lossy(&[value])),
            Node::Short(value) => to.serialize_i16(value),
            Node::Int(value) => to.serialize_i32(value),
            Node::Long(value) => to.serialize_i64(value),
            Node::Float(value) if value.is_finite() => to.serialize_f32(value),
            Node::Float(value) => to.serialize_str(&ognl::shown(&Value::<()>::Float(value))),
            Node::Double(value) if value.is_finite() => to.serialize_f64(value),
            Node::Double(value) => to.serialize_str(&ognl::shown(&Value::<()>::Double(value))),
            Node::Text { text, .. } => to.serialize_str(&words(text)),
            Node::Constant { class, name } => self.said(to, class, &words(name)),
            Node::Date { class, millis } => {
                let mut map = to.serialize_map(Some(2))?;
                map.serialize_entry("@class", self.name(class))?;
                map.serialize_entry("@millis", &millis)?;
                map.end()
            }
            Node::Class { name, .. } => {
                let mut map = to.serialize_map(Some(2))?;
                map.serialize_entry("@class", "java.lang.Class")?;
                map.serialize_entry("@text", &words(name))?;
                map.end()
            }
            Node::Said { class, text } | Node::Trace { class, text } => self.said(to, class, &words(text)),
            Node::Throwable { class, message } => {
                self.said(to, class, &message.map(words).unwrap_or_default())
            }
            Node::Identity { class, hash } => {
                let text = format!("{}@{hash:x}", self.name(class));
                self.said(to, class, &text)
            }
            Node::Summary { class, fields } | Node::Object { class, fields } => {
                self.fields(to, class, fields)
            }
            Node::Field { .. } => self.serialize(to),
            Node::Sized { class, size } => self.sized(to, class, size),
            Node::Elements { shown, size, .. } => {
                let mut all = to.serialize_seq(Some(shown as usize))?;
                for number in 0..shown {
                    match self.rest(1, number, size) {
                        Some(rest) => all.serialize_element(&rest)?,
                        None => all.serialize_element(self)?,
                    }
                }
                all.end()
            }
            Node::Entries { shown, size, .. } => self.entries(to, shown, size),
            Node::Cycle { class, up } => self.said(to, class, &format!("the object {up} above")),
            Node::Secret => to.serialize_str(HIDDEN),
            Node::Cut => to.serialize_str("..."),
            Node::Unreadable => to.serialize_str("(cannot be read)"),
        }
    }
}
