//! A snapshot as text: the object view of Arthas, and the plain form of `-x 0`.

use std::fmt::Write;

use ognl::Value;

use crate::contents::MANY;
use crate::redaction::HIDDEN;
use crate::snapshot::{ClassPlace, Made, Node, Snapshot, Units};

/// How a snapshot is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// `@Order[` with a line for each part.
    View,
    /// As `toString` would say it: `[1, 2]`, `{a=1}`.
    Plain,
}

/// What a date is in words; milliseconds since 1970 in the JVM's time zone.
pub type Dates<'d> = &'d dyn Fn(i64) -> String;

const TAB: &str = "    ";

impl Snapshot {
    /// The snapshot as text of so many bytes at most; a longer one says so at its end.
    pub fn text(&self, style: Style, limit: usize, dates: Dates<'_>) -> String {
        let mut drawing = Drawing { snapshot: self, at: 0, out: String::new(), limit, dates };
        let drawn = match style {
            Style::View => drawing.view(0),
            Style::Plain => drawing.plain(),
        };
        let mut out = drawing.out;
        if drawn.is_none() {
            let _ = write!(
                out,
                " Object size exceeds size limit: {limit}, try to use `options object-size-limit <bytes>` to increase the limit."
            );
        }
        out
    }
}

/// `None`: the limit is reached.
type Drawn = Option<()>;

struct Drawing<'s> {
    snapshot: &'s Snapshot,
    at: usize,
    out: String,
    limit: usize,
    dates: Dates<'s>,
}

impl Drawing<'_> {
    fn next(&mut self) -> Node {
        let node = self.snapshot.nodes.get(self.at).copied().unwrap_or(Node::Unreadable);
        self.at += 1;
        node
    }

    fn put(&mut self, text: &str) -> Drawn {
        if self.out.len() + text.len() > self.limit {
            return None;
        }
        self.out.push_str(text);
        Some(())
    }

    fn line(&mut self, level: usize) -> Drawn {
        self.put("\n")?;
        (0..level).try_for_each(|_| self.put(TAB))
    }

    fn words(&self, units: Units) -> String {
        self.snapshot.words(units)
    }

    fn class(&self, class: ClassPlace) -> String {
        self.snapshot.shown(Made::Class(class)).to_owned()
    }

    fn name(&self, class: ClassPlace) -> String {
        self.snapshot.class(class).map_or("?", |facts| facts.name()).to_owned()
    }

    /// `@Class[what]`
    fn said(&mut self, class: &str, what: &str) -> Drawn {
        self.put("@")?;
        self.put(class)?;
        self.put("[")?;
        self.put(what)?;
        self.put("]")
    }

    fn view(&mut self, level: usize) -> Drawn {
        match self.next() {
            Node::Null => self.put("null"),
            Node::Bool(value) => self.said("Boolean", &value.to_string()),
            Node::Byte(value) => self.said("Byte", &value.to_string()),
            Node::Short(value) => self.said("Short", &value.to_string()),
            Node::Int(value) => self.said("Integer", &value.to_string()),
            Node::Long(value) => self.said("Long", &value.to_string()),
            Node::Float(value) => self.said("Float", &shown(&Value::Float(value))),
            Node::Double(value) => self.said("Double", &shown(&Value::Double(value))),
            Node::Char(value) => self.said("Character", &character(value)),
            Node::Text { text, left } => {
                let text = self.words(text).replace('\n', "\\n").replace('\r', "\\r");
                self.said("String", &(text + &more(left)))
            }
            Node::Constant { class, name } => self.said(&self.enum_class(class), &self.words(name)),
            Node::Date { class, millis } => self.said(&self.class(class), &(self.dates)(millis)),
            Node::Class { name, interface } => {
                let kind = if interface { "interface " } else { "class " };
                self.said("Class", &(kind.to_owned() + &self.words(name)))
            }
            Node::Said { class, text } => self.said(&self.class(class), &self.words(text)),
            Node::Identity { class, hash } => {
                self.said(&self.class(class), &format!("{}@{hash:x}", self.name(class)))
            }
            Node::Throwable { class, message } => self.said(&self.class(class), &self.thrown(class, message)),
            Node::Trace { text, .. } => self.put(&self.words(text)),
            Node::Summary { class, fields } => self.summary(class, fields),
            Node::Sized { class, size } => self.sized(class, size),
            Node::Elements { class, size: size @ 0, .. } | Node::Entries { class, size: size @ 0, .. } => {
                self.sized(class, size)
            }
            Node::Object { class, fields } => {
                self.put(&format!("@{}[", self.class(class)))?;
                for _ in 0..fields {
                    self.line(level + 1)?;
                    self.field(class)?;
                    self.view(level + 1)?;
                    self.put(",")?;
                }
                self.line(level)?;
                self.put("]")
            }
            Node::Elements { class, shown, size } => {
                self.put(&format!("@{}[", self.snapshot.shown(class)))?;
                for number in 0..shown {
                    self.line(level + 1)?;
                    match self.snapshot.is_rest(self.at, 1) {
                        true => self.rest(1, number, size)?,
                        false => self.view(level + 1)?,
                    }
                    self.put(",")?;
                }
                self.line(level)?;
                self.put("]")
            }
            Node::Entries { class, shown, size } => {
                self.put(&format!("@{}[", self.snapshot.shown(class)))?;
                for number in 0..shown {
                    self.line(level + 1)?;
                    if self.snapshot.is_rest(self.at, 2) {
                        self.rest(2, number, size)?;
                    } else {
                        self.view(level + 1)?;
                        self.put(":")?;
                        self.view(level + 1)?;
                    }
                    self.put(",")?;
                }
                self.line(level)?;
                self.put("]")
            }
            Node::Cycle { class, up } => {
                let levels = if up == 1 { "level" } else { "levels" };
                self.said(&self.class(class), &format!("the object {up} {levels} above"))
            }
            Node::Field { .. } => self.view(level),
            Node::Secret => self.put(HIDDEN),
            Node::Cut => self.put("..."),
            Node::Unreadable => self.put("(cannot be read)"),
        }
    }

    /// The simple name of an enum, also for a constant with a body of its own.
    fn enum_class(&self, class: ClassPlace) -> String {
        let facts = self.snapshot.class(class);
        facts.map_or("?", |facts| facts.enum_name()).to_owned()
    }

    fn thrown(&self, class: ClassPlace, message: Option<Units>) -> String {
        match message {
            None => self.name(class),
            Some(message) => format!("{}: {}", self.name(class), self.words(message)),
        }
    }

    fn sized(&mut self, class: Made, size: u64) -> Drawn {
        let shown = self.snapshot.shown(class).to_owned();
        self.said(&shown, &format!("isEmpty={};size={}", size == 0, sized(size)))
    }

    /// The nodes that stand for all elements or entries after so many.
    fn rest(&mut self, nodes: usize, number: u32, size: u64) -> Drawn {
        self.at += nodes;
        self.put(&format!("...{}", rest(size, number)))
    }

    /// The name of the field that comes next, and its `=`.
    fn field(&mut self, class: ClassPlace) -> Drawn {
        let Node::Field { place } = self.next() else { return self.put("?=") };
        let name = self.snapshot.field(class, place).to_owned();
        self.put(&name)?;
        self.put("=")
    }

    /// An object in one line.
    fn summary(&mut self, class: ClassPlace, fields: u32) -> Drawn {
        self.put(&format!("@{}[", self.class(class)))?;
        self.fields_in_line(class, fields)?;
        self.put("]")
    }

    fn fields_in_line(&mut self, class: ClassPlace, fields: u32) -> Drawn {
        for number in 0..fields {
            if number > 0 {
                self.put(", ")?;
            }
            self.field(class)?;
            self.plain()?;
        }
        Some(())
    }

    /// As `toString` would say it.
    fn plain(&mut self) -> Drawn {
        match self.next() {
            Node::Null => self.put("null"),
            Node::Bool(value) => self.put(&value.to_string()),
            Node::Byte(value) => self.put(&value.to_string()),
            Node::Short(value) => self.put(&value.to_string()),
            Node::Int(value) => self.put(&value.to_string()),
            Node::Long(value) => self.put(&value.to_string()),
            Node::Float(value) => self.put(&shown(&Value::Float(value))),
            Node::Double(value) => self.put(&shown(&Value::Double(value))),
            Node::Char(value) => self.put(&String::from_utf16_lossy(&[value])),
            Node::Text { text, left } => self.put(&(self.words(text) + &more(left))),
            Node::Constant { name, .. } => self.put(&self.words(name)),
            Node::Date { millis, .. } => self.put(&(self.dates)(millis)),
            Node::Class { name, interface } => {
                let kind = if interface { "interface " } else { "class " };
                self.put(&(kind.to_owned() + &self.words(name)))
            }
            Node::Said { text, .. } | Node::Trace { text, .. } => self.put(&self.words(text)),
            Node::Identity { class, hash } => self.put(&format!("{}@{hash:x}", self.name(class))),
            Node::Throwable { class, message } => self.put(&self.thrown(class, message)),
            Node::Summary { class, fields } | Node::Object { class, fields } => {
                self.put(&format!("{}(", self.class(class)))?;
                self.fields_in_line(class, fields)?;
                self.put(")")
            }
            Node::Sized { class, size } => {
                let shown = self.snapshot.shown(class).to_owned();
                self.put(&format!("{shown}({})", sized(size)))
            }
            Node::Elements { shown, size, .. } => {
                self.put("[")?;
                for number in 0..shown {
                    if number > 0 {
                        self.put(", ")?;
                    }
                    match self.snapshot.is_rest(self.at, 1) {
                        true => self.rest(1, number, size)?,
                        false => self.plain()?,
                    }
                }
                self.put("]")
            }
            Node::Entries { shown, size, .. } => {
                self.put("{")?;
                for number in 0..shown {
                    if number > 0 {
                        self.put(", ")?;
                    }
                    if self.snapshot.is_rest(self.at, 2) {
                        self.rest(2, number, size)?;
                    } else {
                        self.plain()?;
                        self.put("=")?;
                        self.plain()?;
                    }
                }
                self.put("}")
            }
            Node::Cycle { .. } => self.put("(this object)"),
            Node::Field { .. } => self.plain(),
            Node::Secret => self.put(HIDDEN),
            Node::Cut => self.put("..."),
            Node::Unreadable => self.put("(cannot be read)"),
        }
    }
}

/// A number as Java writes it.
fn shown(value: &Value<()>) -> String {
    ognl::shown(value)
}

/// How many there are.
fn sized(size: u64) -> String {
    if size == MANY { "many".to_owned() } else { size.to_string() }
}

/// What is said of elements that were left out after so many.
pub(crate) fn rest(size: u64, shown: u32) -> String {
    match size.checked_sub(shown.into()) {
        Some(more) if size != MANY && more > 0 => format!(" ({more} more)"),
        _ => String::new(),
    }
}

/// What is said of text that was left out.
fn more(left: u32) -> String {
    if left == 0 { String::new() } else { format!("... ({left} more)") }
}

/// A character; those that are not seen by their names in ASCII.
fn character(unit: u16) -> String {
    const CONTROLS: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO",
        "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS",
        "RS", "US",
    ];
    match CONTROLS.get(usize::from(unit)) {
        Some(name) => (*name).to_owned(),
        None if unit == 127 => "DEL".to_owned(),
        None => String::from_utf16_lossy(&[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::Classes;
    use crate::redaction::Redaction;

    fn text(nodes: Vec<Node>, style: Style) -> String {
        let mut snapshot = Snapshot::new(Classes::new(Redaction::none()));
        snapshot.nodes = nodes;
        snapshot.text(style, 1_000, &|_| String::new())
    }

    #[test]
    fn what_was_cut_says_how_much_it_was() {
        let list = |size| vec![Node::Elements { class: Made::List, shown: 2, size }, Node::Int(1), Node::Cut];
        assert_eq!(text(list(100), Style::View), "@ArrayList[\n    @Integer[1],\n    ... (99 more),\n]");
        assert_eq!(text(list(100), Style::Plain), "[1, ... (99 more)]");
        assert_eq!(text(list(MANY), Style::Plain), "[1, ...]");
        let map = [Node::Entries { class: Made::Map, shown: 2, size: 7 }, Node::Int(1), Node::Int(2)];
        let map = [&map[..], &[Node::Cut, Node::Cut]].concat();
        assert_eq!(text(map.clone(), Style::Plain), "{1=2, ... (6 more)}");
        let sized = vec![Node::Sized { class: Made::List, size: MANY }];
        assert_eq!(text(sized, Style::View), "@ArrayList[isEmpty=false;size=many]");
        let mut snapshot = Snapshot::new(Classes::new(Redaction::none()));
        snapshot.nodes = map;
        assert_eq!(serde_json::to_string(&snapshot).unwrap(), r#"[[1,2],"... (6 more)"]"#);
    }
}
