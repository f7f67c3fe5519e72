//! What is in a container of the JDK's, found by its recipe. Reading while others write may give a mixture of before
//! and after, never more: every walk is bounded by steps, and every object is asked for its class.

use std::sync::atomic::AtomicU32;

use jvm::Local;
use jvm::live::{Got, Instance};

use crate::copier::Copier;
use crate::item::Item;
use crate::kind::{Container, Kind};
use crate::recipe::{Part, Recipe};
use crate::redaction::LONGEST_NAME;
use crate::snapshot::{ClassPlace, Made, Node};

/// How deep containers over containers of the JDK's own making are followed: a set over a map over another.
pub(crate) const NESTED: u32 = 8;

/// So many fields of a key are looked at.
const FIELDS: usize = 8;

/// More than were counted.
pub(crate) const MANY: u64 = u64::MAX;

/// What a walk finds.
pub(crate) enum Found<'f> {
    Element(Item<'f>),
    Entry(Item<'f>, Item<'f>),
}

/// Why a walk ends before its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// Whoever listens has enough.
    Enough,
    /// A field is not where it was in any JDK that is known.
    Unknown,
}

pub(crate) type Walked = Result<(), Stop>;

/// Who hears of what is found.
pub(crate) type Visit<'v, 'c, 'e, 'f> = &'v mut dyn FnMut(&mut Copier<'c, 'e, 'f>, Found<'f>) -> Walked;

impl<'c, 'e, 'f> Copier<'c, 'e, 'f> {
    /// A container, opened if `level` allows it. False, and nothing said, where its insides are not what they were in
    /// any JDK that is known.
    pub(crate) fn container(
        &mut self,
        place: ClassPlace,
        container: Container,
        instance: &Instance<'_>,
        object: &Local<'f>,
        level: u32,
    ) -> bool {
        let class = Made::Class(place);
        if level >= self.limits.depth {
            let Some(size) = self.size(container.recipe, instance, NESTED) else { return false };
            self.push(Node::Sized { class, size });
            return true;
        }
        let mut is_known = true;
        self.within(place, object, level, |copier| {
            let at = copier.place();
            copier.push(Node::Null);
            let [of_keys, of_values] = [AtomicU32::new(0), AtomicU32::new(0)];
            let mut shown = 0_u32;
            let mut says_so = false;
            let walked = copier.walk(container.recipe, instance, NESTED, &mut |copier, found| {
                shown = shown.saturating_add(1);
                let is_cut = copier.steps == 0;
                says_so = is_cut;
                match found {
                    _ if is_cut => {
                        copier.push(Node::Cut);
                        if container.is_map() {
                            copier.push(Node::Cut);
                        }
                    }
                    Found::Element(item) => copier.item(item, level + 1, &of_values),
                    Found::Entry(key, value) => copier.entry(key, value, level + 1, &of_keys, &of_values),
                }
                if is_cut { Err(Stop::Enough) } else { Ok(()) }
            });
            if walked == Err(Stop::Unknown) && shown == 0 {
                copier.back_to(at);
                is_known = false;
                return;
            }
            if walked == Err(Stop::Enough) && !says_so {
                // It ended between two elements.
                shown = shown.saturating_add(1);
                copier.push(Node::Cut);
                if container.is_map() {
                    copier.push(Node::Cut);
                }
            }
            let size = match walked {
                Ok(()) => u64::from(shown),
                Err(_) => copier.size(container.recipe, instance, NESTED).unwrap_or(u64::from(shown)),
            };
            copier.set(
                at,
                match container.is_map() {
                    true => Node::Entries { class, shown, size },
                    false => Node::Elements { class, shown, size },
                },
            );
        });
        is_known
    }

    /// A key and its value, which is kept secret if the key is a name that says so.
    pub(crate) fn entry(
        &mut self,
        key: Item<'f>,
        value: Item<'f>,
        level: u32,
        of_keys: &AtomicU32,
        of_values: &AtomicU32,
    ) {
        let from = self.place();
        self.item(key, level, of_keys);
        if self.is_secret_name(from) {
            self.secret();
        } else {
            self.item(value, level, of_values);
        }
    }

    /// How many elements or entries there are.
    pub(crate) fn size(&mut self, recipe: Recipe, of: &Instance<'_>, nested: u32) -> Option<u64> {
        let int = |name: &str| int(of, name).and_then(|size| u64::try_from(size).ok());
        Some(match recipe {
            Recipe::Array { size: Some(size), .. }
            | Recipe::Chain { size: Some(size), .. }
            | Recipe::Links { size: Some(size), .. }
            | Recipe::Table { size: Some(size), .. }
            | Recipe::Tree { size, .. }
            | Recipe::Slice { size, .. } => int(size)?,
            Recipe::Window { count, .. } | Recipe::Copies { count, .. } => int(count)?,
            Recipe::Sparse { .. } | Recipe::Pairs { .. } | Recipe::EnumValues { .. } => int("size")?,
            Recipe::Array { array, size: None } => {
                self.with_array(of, array, |_, array| array.array_length())? as u64
            }
            Recipe::Ring { array, head, tail } => {
                let length = self.with_array(of, array, |_, array| array.array_length())? as u64;
                let (head, tail) = (int(head)?, int(tail)?);
                if tail >= head { tail - head } else { (tail + length).saturating_sub(head) }
            }
            Recipe::ConcurrentTable { .. } => self.concurrent_size(of)?,
            Recipe::Inner { of: names, .. } => {
                let inner = object(self, of, names)?;
                let last = AtomicU32::new(0);
                let classes = self.classes;
                let (_, facts, instance) = classes.of(self.live, &inner, &last)?;
                let Kind::Container(container) = facts.kind else { return None };
                self.size(container.recipe, &instance, nested.checked_sub(1)?)?
            }
            Recipe::WholeTree { of: names, .. } => {
                let tree = self.whole_tree(of, names).ok()?;
                let last = AtomicU32::new(0);
                let classes = self.classes;
                let (_, _, tree) = classes.of(self.live, &tree, &last)?;
                u64::try_from(self::int(&tree, "size")?).ok()?
            }
            Recipe::Pair { .. } => 1,
            Recipe::Nothing => 0,
            Recipe::Bits { bits, .. } => {
                self.bits(of, bits)?.iter().map(|word| u64::from(word.count_ones())).sum()
            }
            Recipe::Fields { .. }
            | Recipe::Chain { .. }
            | Recipe::Links { .. }
            | Recipe::Table { .. }
            | Recipe::SkipList { .. } => self.counted(recipe, of, nested)?,
        })
    }

    /// How many there are where no field tells: [`MANY`] if they are more than the steps of a whole copy.
    fn counted(&mut self, recipe: Recipe, of: &Instance<'_>, nested: u32) -> Option<u64> {
        /// Passing a node is less work than copying it.
        const CHEAP: u32 = 8;
        let left = std::mem::replace(&mut self.steps, self.limits.steps);
        let mut count = 0;
        let walked = self.walk(recipe, of, nested, &mut |copier, _| {
            count += 1;
            // Others may make a ring of it meanwhile.
            if copier.steps == 0 { Err(Stop::Enough) } else { Ok(()) }
        });
        let taken = self.limits.steps - self.steps.min(self.limits.steps);
        self.steps = left.saturating_sub(taken / CHEAP);
        match walked {
            Ok(()) => Some(count),
            Err(Stop::Enough) => Some(MANY),
            Err(Stop::Unknown) => None,
        }
    }

    /// Whether the key whose nodes begin at `from` is a name of a value that is kept secret, or holds one.
    pub(crate) fn is_secret_name(&self, from: usize) -> bool {
        let redaction = self.classes.redaction();
        if redaction.is_empty() {
            return false;
        }
        self.nodes_from(from).iter().any(|node| match node {
            // Of a name that was cut nobody knows what it said.
            Node::Text { left: 1.., .. } => true,
            Node::Text { text, .. } | Node::Constant { name: text, .. } | Node::Said { text, .. } => {
                redaction.hides_units(self.units_of(*text))
            }
            _ => false,
        })
    }

    /// The same of a key that is not copied.
    pub(crate) fn is_secret_key(&mut self, key: &Item<'f>) -> bool {
        let redaction = self.classes.redaction();
        if redaction.is_empty() {
            return false;
        }
        let is_text = |copier: &Self, text: &jvm::live::LiveString<'_>| {
            let mut units = Vec::new();
            text.units(copier.live, 0, LONGEST_NAME, &mut units);
            redaction.hides_units(&units)
        };
        match key {
            Item::String(text) => is_text(self, text),
            Item::Object(object) => {
                let last = AtomicU32::new(0);
                let classes = self.classes;
                let Some((_, facts, instance)) = classes.of(self.live, object, &last) else { return false };
                match facts.kind {
                    Kind::String => instance.as_string(self.live).is_some_and(|text| is_text(self, &text)),
                    Kind::Enum => {
                        let name = facts.place(&["name"]).and_then(|place| instance.get(self.live, place));
                        matches!(name, Some(Got::String(Some(name))) if is_text(self, &name))
                    }
                    // A name in a shell: a variable of the environment, a qualified name.
                    Kind::Plain => (0..facts.layout.fields.len().min(FIELDS)).any(|place| {
                        let got = instance.get(self.live, place);
                        matches!(got, Some(Got::String(Some(name))) if is_text(self, &name))
                    }),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Works on an array that a field holds.
    pub(crate) fn with_array<R>(
        &mut self,
        of: &Instance<'_>,
        name: &str,
        work: impl FnOnce(&mut Self, &Instance<'_>) -> Option<R>,
    ) -> Option<R> {
        let array = object(self, of, &[name])?;
        let last = AtomicU32::new(0);
        let classes = self.classes;
        let (_, _, instance) = classes.of(self.live, &array, &last)?;
        work(self, &instance)
    }

    /// The words of the bits of an enum set: one, or an array.
    pub(crate) fn bits(&mut self, of: &Instance<'_>, name: &str) -> Option<Vec<u64>> {
        let field = place(of, name)?;
        match of.get(self.live, field)? {
            Got::Long(bits) => Some(vec![bits.cast_unsigned()]),
            Got::Object(Some(_)) => self.with_array(of, name, |copier, array| {
                let words = array.words(copier.live, 0, usize::MAX)?;
                Some(words.into_iter().map(i64::cast_unsigned).collect())
            }),
            _ => None,
        }
    }

    /// What `ConcurrentHashMap.size` would say.
    fn concurrent_size(&mut self, of: &Instance<'_>) -> Option<u64> {
        let Some(Got::Long(base)) = of.get(self.live, place(of, "baseCount")?) else { return None };
        let mut sum = base;
        if object(self, of, &["counterCells"]).is_some() {
            let last = AtomicU32::new(0);
            self.with_array(of, "counterCells", |copier, cells| {
                for index in 0..cells.array_length()? {
                    let Some(cell) = cells.element(copier.live, index) else { continue };
                    let (_, _, cell) = copier.classes.of(copier.live, &cell, &last)?;
                    if let Some(Got::Long(count)) = cell.get(copier.live, place(&cell, "value")?) {
                        sum = sum.wrapping_add(count);
                    }
                }
                Some(())
            })?;
        }
        Some(u64::try_from(sum).unwrap_or(0))
    }

    /// Passes the contents of another container on.
    pub(crate) fn walk_inner(
        &mut self,
        of: &Instance<'_>,
        names: &[&str],
        part: Part,
        nested: u32,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let inner = object(self, of, names).ok_or(Stop::Unknown)?;
        let last = AtomicU32::new(0);
        let classes = self.classes;
        let (_, facts, instance) = classes.of(self.live, &inner, &last).ok_or(Stop::Unknown)?;
        let Kind::Container(container) = facts.kind else { return Err(Stop::Unknown) };
        let nested = nested.checked_sub(1).ok_or(Stop::Unknown)?;
        self.walk(container.recipe, &instance, nested, &mut |copier, found| match (part, found) {
            (Part::Keys, Found::Entry(key, _)) => visit(copier, Found::Element(key)),
            (Part::Values, Found::Entry(key, value)) => {
                let is_secret = copier.is_secret_key(&key);
                visit(copier, Found::Element(if is_secret { Item::Secret } else { value }))
            }
            (_, found) => visit(copier, found),
        })
    }
}

/// The place of a field of an instance by its name: of the class highest up, as a class below the JDK's may have
/// fields of the same name.
pub(crate) fn place(of: &Instance<'_>, name: &str) -> Option<usize> {
    of.layout().fields.iter().rposition(|field| &*field.name == name)
}

/// An `int` field.
pub(crate) fn int(of: &Instance<'_>, name: &str) -> Option<i32> {
    of.int(place(of, name)?)
}

/// What a field of objects holds; the first of these that there is.
pub(crate) fn object<'f>(
    copier: &Copier<'_, '_, 'f>,
    of: &Instance<'_>,
    names: &[&str],
) -> Option<Local<'f>> {
    let field = names.iter().find_map(|name| place(of, name))?;
    match of.get(copier.live, field)? {
        Got::Object(object) => object,
        Got::String(string) => Some(string?.into_object()),
        _ => None,
    }
}
