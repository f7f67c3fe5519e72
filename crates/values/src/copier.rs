//! Copies values into a [`Snapshot`], on the thread that has them: down to a depth, within a number of steps and
//! bytes. HOT.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use jvm::live::{Instance, Live, LiveString};
use jvm::{Environment, Local};

use crate::classes::Classes;
use crate::facts::{ClassFacts, Says};
use crate::item::{Item, word};
use crate::kind::Kind;
use crate::lengthy::is_lengthy;
use crate::snapshot::{ClassPlace, Made, Node, Snapshot, Units};
use crate::throwable;

/// How much of a value is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Objects are opened down to this level; 0 opens none.
    pub depth: u32,
    /// Nodes, and containers' nodes that are passed on the way to their elements.
    pub steps: u32,
    /// UTF-16 units of text.
    pub units: u32,
    /// Whether the fields of the classes above an object's own are shown, too.
    pub parents: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 1, steps: 20_000, units: 1 << 20, parents: false }
    }
}

/// How many fields a summary shows.
const SUMMARY: usize = 8;
/// How long a string in a summary may be.
const SUMMARY_TEXT: usize = 64;

/// Copies one value.
pub struct Copier<'c, 'e, 'f> {
    pub(crate) live: Live<'e, 'f>,
    pub(crate) classes: &'c Classes,
    pub(crate) limits: Limits,
    pub(crate) steps: u32,
    snapshot: Snapshot,
    /// Which objects are being shown, the outermost first. References of an outer stack frame of ours.
    path: Vec<Local<'f>>,
}

impl<'c, 'e, 'f> Copier<'c, 'e, 'f> {
    /// For one value, in this frame.
    pub fn new(live: Live<'e, 'f>, classes: &'c Arc<Classes>, limits: Limits) -> Self {
        Self {
            live,
            classes,
            limits,
            steps: limits.steps,
            snapshot: Snapshot::new(classes.clone()),
            path: Vec::new(),
        }
    }

    /// What was copied.
    pub fn finish(self) -> Snapshot {
        self.classes.took(self.snapshot.nodes.len(), self.snapshot.text.len());
        self.snapshot
    }

    /// Takes a step, if there is one left.
    #[inline]
    pub(crate) fn step(&mut self) -> bool {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                true
            }
            None => false,
        }
    }

    pub(crate) fn push(&mut self, node: Node) {
        self.snapshot.nodes.push(node);
    }

    /// Where the next node will be, for [`set`](Self::set).
    pub(crate) fn place(&self) -> usize {
        self.snapshot.nodes.len()
    }

    /// Forgets what was said from a place on.
    pub(crate) fn back_to(&mut self, place: usize) {
        self.snapshot.nodes.truncate(place);
    }

    pub(crate) fn nodes_from(&self, place: usize) -> &[Node] {
        self.snapshot.nodes.get(place..).unwrap_or_default()
    }

    pub(crate) fn units_of(&self, units: Units) -> &[u16] {
        self.snapshot.units(units)
    }

    pub(crate) fn set(&mut self, place: usize, node: Node) {
        if let Some(slot) = self.snapshot.nodes.get_mut(place) {
            *slot = node;
        }
    }

    /// Copies a value; `level` is 0 for the outermost.
    pub fn item(&mut self, item: Item<'f>, level: u32, last: &AtomicU32) {
        if !self.step() {
            return self.push(Node::Cut);
        }
        let node = match item {
            Item::Null => Node::Null,
            Item::Bool(value) => Node::Bool(value),
            Item::Byte(value) => Node::Byte(value),
            Item::Char(value) => Node::Char(value),
            Item::Short(value) => Node::Short(value),
            Item::Int(value) => Node::Int(value),
            Item::Long(value) => Node::Long(value),
            Item::Float(value) => Node::Float(value),
            Item::Double(value) => Node::Double(value),
            Item::String(value) => return self.string(&value, usize::MAX),
            Item::Object(object) => return self.object(&object, level, last),
            Item::Secret => Node::Secret,
        };
        self.push(node);
    }

    /// Copies a list of values that no object holds: the arguments of a call, a list of an expression's.
    pub fn made(&mut self, made: Made, size: usize, level: u32, items: impl FnOnce(&mut Self, u32)) {
        if level >= self.limits.depth {
            return self.push(Node::Sized { class: made, size: size as u64 });
        }
        let shown = u32::try_from(size).unwrap_or(u32::MAX);
        self.push(match made {
            Made::Map => Node::Entries { class: made, shown, size: size as u64 },
            _ => Node::Elements { class: made, shown, size: size as u64 },
        });
        items(self, level + 1);
    }

    /// A string of the JVM's.
    pub(crate) fn live_text(&mut self, text: &LiveString<'_>) {
        self.string(text, usize::MAX);
    }

    /// A value that cannot be read.
    pub(crate) fn unreadable(&mut self) {
        self.push(Node::Unreadable);
    }

    /// A value that is kept secret.
    pub fn secret(&mut self) {
        self.push(Node::Secret);
    }

    pub(crate) fn units(&mut self, string: &LiveString<'_>, most: usize) -> (Units, u32) {
        let length = string.length(self.live);
        let start = self.snapshot.text.len();
        let room = (self.limits.units as usize).saturating_sub(start);
        let count = string.units(self.live, 0, most.min(room), &mut self.snapshot.text);
        let units = Units { start: start as u32, count: count as u32 };
        (units, u32::try_from(length - count).unwrap_or(u32::MAX))
    }

    /// Units of a text of ours.
    pub(crate) fn own_units(&mut self, text: &str) -> Units {
        let start = self.snapshot.text.len();
        let room = (self.limits.units as usize).saturating_sub(start);
        self.snapshot.text.extend(text.encode_utf16().take(room));
        Units { start: start as u32, count: (self.snapshot.text.len() - start) as u32 }
    }

    fn string(&mut self, string: &LiveString<'_>, most: usize) {
        let (text, left) = self.units(string, most);
        self.push(Node::Text { text, left });
    }

    /// The text of a string of an expression's own.
    pub fn text(&mut self, text: &[u16]) {
        let start = self.snapshot.text.len();
        let room = (self.limits.units as usize).saturating_sub(start);
        let copied = text.get(..text.len().min(room)).unwrap_or_default();
        self.snapshot.text.extend_from_slice(copied);
        let units = Units { start: start as u32, count: copied.len() as u32 };
        let left = u32::try_from(text.len() - copied.len()).unwrap_or(u32::MAX);
        self.push(Node::Text { text: units, left });
    }

    pub(crate) fn object(&mut self, object: &Local<'f>, level: u32, last: &AtomicU32) {
        let (classes, live) = (self.classes, self.live);
        let Some((place, facts, instance)) = classes.of(live, object, last) else {
            return self.push(Node::Unreadable);
        };
        let opens = level < self.limits.depth;
        match facts.kind {
            Kind::String => match instance.as_string(live) {
                Some(string) => self.string(&string, usize::MAX),
                None => self.push(Node::Unreadable),
            },
            Kind::Box(_) => {
                let value = facts.place(&["value"]).and_then(|place| instance.get(live, place));
                self.item(value.map_or(Item::Null, Item::from), level, last);
            }
            Kind::Enum => {
                let name = facts.place(&["name"]).and_then(|place| instance.get(live, place));
                match name.map(Item::from) {
                    Some(Item::String(name)) => {
                        let (name, _) = self.units(&name, usize::MAX);
                        self.push(Node::Constant { class: place, name });
                    }
                    _ => self.push(Node::Unreadable),
                }
            }
            Kind::Date => self.date(place, facts, instance),
            Kind::Class => self.class(&instance),
            Kind::Throwable => throwable::copy(self, place, facts, &instance, object, opens),
            Kind::Primitives(kind) if opens => self.words(place, kind, &instance, level),
            Kind::Objects if opens => self.array(place, &instance, object, level),
            Kind::Objects | Kind::Primitives(_) => {
                let size = instance.array_length().unwrap_or(0);
                self.push(Node::Sized { class: Made::Class(place), size: size as u64 });
            }
            Kind::Container(container) => {
                if !self.container(place, container, &instance, object, level) {
                    match opens {
                        true => self.open(place, facts, &instance, object, level),
                        false => self.short(place, facts, &instance, object),
                    }
                }
            }
            Kind::Harmless | Kind::Plain if opens => self.open(place, facts, &instance, object, level),
            Kind::Harmless if is_lengthy(classes, live, facts, &instance) => {
                self.short(place, facts, &instance, object)
            }
            Kind::Harmless => self.said(place, facts, object),
            Kind::Plain => self.short(place, facts, &instance, object),
        }
    }

    /// Runs `work` with the object on the path, unless it is there already: then it is shown as a cycle.
    pub(crate) fn within(
        &mut self,
        class: ClassPlace,
        object: &Local<'f>,
        level: u32,
        work: impl FnOnce(&mut Self),
    ) {
        if let Some(at) = self.path.iter().rposition(|above| self.live.is_same(above, object)) {
            let up = u32::try_from(self.path.len() - at).unwrap_or(u32::MAX);
            return self.push(Node::Cycle { class, up });
        }
        // What is below the last level is not opened, so nobody asks there.
        let asked = level.saturating_add(1) < self.limits.depth;
        match self.live.again(object).filter(|_| asked) {
            Some(again) => {
                self.path.push(again);
                work(self);
                self.path.pop();
            }
            None => work(self),
        }
    }

    /// An object with its fields.
    fn open(
        &mut self,
        place: ClassPlace,
        facts: &ClassFacts,
        instance: &Instance<'_>,
        object: &Local<'f>,
        level: u32,
    ) {
        self.within(place, object, level, |copier| {
            let at = copier.place();
            copier.push(Node::Object { class: place, fields: 0 });
            let is_secret = copier.is_secret_pair(facts, instance);
            let count = if copier.limits.parents { facts.fields.len() } else { facts.own };
            let mut fields = 0;
            for (number, field) in facts.fields.iter().take(count).enumerate() {
                copier.push(Node::Field { place: number as u32 });
                fields += 1;
                if field.is_secret || is_secret && field.is_value {
                    copier.push(Node::Secret);
                    continue;
                }
                let got = match field.is_static {
                    true => facts.layout.get_static(copier.live, field.place),
                    false => instance.get(copier.live, field.place),
                };
                match got {
                    Some(got) => copier.item(got.into(), level + 1, &field.last),
                    None => copier.push(Node::Unreadable),
                }
                if copier.steps == 0 {
                    break;
                }
            }
            copier.set(at, Node::Object { class: place, fields });
        });
    }

    /// Whether an object is a pair of a name and a value, and the name says that the value is kept secret.
    pub(crate) fn is_secret_pair(&mut self, facts: &ClassFacts, instance: &Instance<'_>) -> bool {
        let key = facts.pair_key.and_then(|place| instance.get(self.live, place));
        key.is_some_and(|key| self.is_secret_key(&key.into()))
    }

    /// An object that is not opened.
    fn short(&mut self, place: ClassPlace, facts: &ClassFacts, instance: &Instance<'_>, object: &Local<'f>) {
        let Some(environment) = Environment::get() else { return self.push(Node::Unreadable) };
        if facts.says(self.live.env(), &environment.jvmti) == Says::Identity {
            let hash = environment.jvmti.identity_hash(object).unwrap_or(0);
            return self.push(Node::Identity { class: place, hash });
        }
        let at = self.place();
        self.push(Node::Summary { class: place, fields: 0 });
        let is_secret = self.is_secret_pair(facts, instance);
        let mut fields = 0;
        for (number, field) in facts.fields.iter().take(facts.own).enumerate() {
            if fields as usize == SUMMARY || !self.step() {
                break;
            }
            let Some(got) = instance.get(self.live, field.place) else { continue };
            self.push(Node::Field { place: number as u32 });
            fields += 1;
            if field.is_secret || is_secret && field.is_value {
                self.push(Node::Secret);
                continue;
            }
            self.brief(got.into(), &field.last);
        }
        self.set(at, Node::Summary { class: place, fields });
    }

    /// A value within a summary: numbers and short texts as they are, of others what they are.
    fn brief(&mut self, item: Item<'f>, last: &AtomicU32) {
        let object = match item {
            Item::String(string) => return self.string(&string, SUMMARY_TEXT),
            Item::Object(object) => object,
            other => return self.item(other, u32::MAX, last),
        };
        let classes = self.classes;
        let Some((place, facts, _)) = classes.of(self.live, &object, last) else {
            return self.push(Node::Unreadable);
        };
        match facts.kind {
            Kind::Plain | Kind::Harmless => {
                let hash =
                    Environment::get().and_then(|environment| environment.jvmti.identity_hash(&object).ok());
                self.push(Node::Identity { class: place, hash: hash.unwrap_or(0) });
            }
            _ => self.object(&object, u32::MAX, last),
        }
    }

    /// An object of the JDK's by its own words.
    fn said(&mut self, place: ClassPlace, facts: &ClassFacts, object: &Local<'f>) {
        debug_assert_eq!(facts.kind, Kind::Harmless, "nobody else is asked");
        let said: jvm::Result<Option<Local<'f>>> =
            self.live.env().call(object, "toString", "()Ljava/lang/String;", &[]);
        let last = AtomicU32::new(0);
        let string = said
            .ok()
            .flatten()
            .and_then(|said| self.classes.of(self.live, &said, &last)?.2.as_string(self.live));
        match string {
            Some(string) => {
                let (text, _) = self.units(&string, usize::MAX);
                self.push(Node::Said { class: place, text });
            }
            None => self.push(Node::Unreadable),
        }
    }

    fn date(&mut self, place: ClassPlace, facts: &ClassFacts, instance: Instance<'_>) {
        let long = |names: &[&str]| facts.place(names).and_then(|place| instance.get(self.live, place));
        let Some(Item::Long(time)) = long(&["fastTime"]).map(Item::from) else {
            return self.push(Node::Unreadable);
        };
        // `java.sql.Timestamp` keeps what is below the second apart.
        let nanos = match facts.name() {
            "java.sql.Timestamp" => {
                facts.place(&["nanos"]).and_then(|place| instance.int(place)).unwrap_or(0)
            }
            _ => 0,
        };
        self.push(Node::Date { class: place, millis: time.saturating_add(i64::from(nanos / 1_000_000)) });
    }

    fn class(&mut self, instance: &Instance<'_>) {
        let Some(class) = instance.as_class(self.live) else { return self.push(Node::Unreadable) };
        let Some(environment) = Environment::get() else { return self.push(Node::Unreadable) };
        /// `ACC_INTERFACE` (JVM specification, table 4.1-B).
        const INTERFACE: i32 = 0x0200;
        let jvmti = &environment.jvmti;
        let interface = jvmti.class_modifiers(&class).is_ok_and(|modifiers| modifiers.0 & INTERFACE != 0);
        match jvmti.class_name(&class) {
            Ok(name) => {
                let name = self.own_units(&name);
                self.push(Node::Class { name, interface });
            }
            Err(_) => self.push(Node::Unreadable),
        }
    }

    /// An array of primitives.
    fn words(&mut self, place: ClassPlace, kind: u8, array: &Instance<'_>, level: u32) {
        let size = array.array_length().unwrap_or(0);
        let Some(words) = array.words(self.live, 0, size.min(self.steps as usize)) else {
            return self.push(Node::Unreadable);
        };
        let cut = size > words.len();
        self.elements(Made::Class(place), words.len(), size, cut);
        let last = AtomicU32::new(0);
        for value in words.into_iter().filter_map(|value| word(kind, value)) {
            self.item(value, level + 1, &last);
        }
        if cut {
            self.push(Node::Cut);
        }
    }

    /// An array of references.
    fn array(&mut self, place: ClassPlace, array: &Instance<'_>, object: &Local<'f>, level: u32) {
        self.within(place, object, level, |copier| {
            let (at, class) = (copier.place(), Made::Class(place));
            let size = array.array_length().unwrap_or(0);
            copier.elements(class, size, size, false);
            let last = AtomicU32::new(0);
            let mut shown = 0;
            for index in 0..size {
                shown += 1;
                if copier.steps == 0 {
                    copier.push(Node::Cut);
                    break;
                }
                copier.item(array.element(copier.live, index).into(), level + 1, &last);
            }
            copier.set(at, Node::Elements { class, shown, size: size as u64 });
        });
    }

    pub(crate) fn elements(&mut self, class: Made, shown: usize, size: usize, cut: bool) {
        let shown = u32::try_from(shown + usize::from(cut)).unwrap_or(u32::MAX);
        self.push(Node::Elements { class, shown, size: size as u64 });
    }
}
