//! Walking a container: one way for each recipe. See [`contents`](crate::contents).

use std::sync::atomic::AtomicU32;

use jvm::Local;
use jvm::live::Instance;

use crate::contents::{Found, Stop, Visit, Walked, int, object, place};
use crate::copier::Copier;
use crate::item::Item;
use crate::kind::{Container, Kind};
use crate::recipe::Recipe;

/// How deep a sorted tree can be: red and black, of 2^31 entries at most.
const TREE: usize = 64;
const DEEP: usize = 12;

impl<'c, 'e, 'f> Copier<'c, 'e, 'f> {
    /// Passes all that is in a container to `visit`.
    pub(crate) fn walk(
        &mut self,
        recipe: Recipe,
        of: &Instance<'_>,
        nested: u32,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        match recipe {
            Recipe::Array { array, size } => {
                let most = size.map_or(Some(i32::MAX), |size| int(of, size)).ok_or(Stop::Unknown)?;
                self.walk_array(of, array, 0, usize::try_from(most).unwrap_or(0), visit)
            }
            Recipe::Slice { of: names, offset, size } => {
                self.walk_slice(of, names, [offset, size], nested, visit)
            }
            Recipe::Ring { array, head, tail } => {
                let (head, tail) = (count(of, head)?, count(of, tail)?);
                self.walk_ring(
                    of,
                    array,
                    head,
                    |length| if tail >= head { tail - head } else { tail + length - head.min(length) },
                    visit,
                )
            }
            Recipe::Window { array, head, count: size } => {
                let (head, size) = (count(of, head)?, count(of, size)?);
                self.walk_ring(of, array, head, |_| size, visit)
            }
            Recipe::Sparse { array } => self.walk_salted(of, array, 1, visit),
            Recipe::Pairs { array } => self.walk_salted(of, array, 2, visit),
            Recipe::Chain { first, item, next, .. } => {
                let Some(first) = object(self, of, &[first]) else { return Ok(()) };
                self.walk_chain(first, next, &[item], visit)
            }
            Recipe::Links { first, key, value, next, .. } => {
                let Some(first) = object(self, of, &[first]) else { return Ok(()) };
                self.walk_chain(first, next, &[key, value], visit)
            }
            Recipe::Table { table, key, value, backwards, .. } => {
                if object(self, of, &[table]).is_none() {
                    return Ok(());
                }
                self.walk_table(of, table, &[key, value], backwards, visit)
            }
            Recipe::ConcurrentTable { table } => self.walk_concurrent(of, table, visit),
            Recipe::Tree { root, .. } => self.walk_tree(object(self, of, &[root]), ["left", "right"], visit),
            Recipe::WholeTree { of: names, backwards } => {
                let tree = self.whole_tree(of, names)?;
                let root = self.of_node(&tree, |copier, tree| Some(object(copier, tree, &["root"])));
                let ways = if backwards { ["right", "left"] } else { ["left", "right"] };
                self.walk_tree(root.ok_or(Stop::Unknown)?, ways, visit)
            }
            Recipe::SkipList { head } => {
                let head = object(self, of, &[head]);
                let Some(index) = head else { return Ok(()) };
                let first = self.of_node(&index, |copier, index| object(copier, index, &["node"]));
                match first {
                    Some(first) => self.walk_chain(first, "next", &["key", "value"], visit),
                    None => Ok(()),
                }
            }
            Recipe::Inner { of: names, part } => self.walk_inner(of, names, part, nested, visit),
            Recipe::Fields { fields } => self.walk_fields(of, fields, visit),
            Recipe::Copies { element, count: size } => {
                let size = count(of, size)?;
                for _ in 0..size {
                    let element = self.field(of, element).ok_or(Stop::Unknown)?;
                    self.take(Found::Element(element), visit)?;
                }
                Ok(())
            }
            Recipe::Pair { key, value } => {
                let (key, value) = (self.field(of, key), self.field(of, value));
                let (key, value) = key.zip(value).ok_or(Stop::Unknown)?;
                self.take(Found::Entry(key, value), visit)
            }
            Recipe::Bits { universe, bits } => {
                let bits = self.bits(of, bits).ok_or(Stop::Unknown)?;
                self.walk_filtered(
                    of,
                    universe,
                    |index| bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1),
                    visit,
                )
            }
            Recipe::EnumValues { universe, values } => self.walk_enum_values(of, universe, values, visit),
            Recipe::Nothing => Ok(()),
        }
    }

    /// Counts a step of the walk and passes something on.
    fn take(&mut self, found: Found<'f>, visit: Visit<'_, 'c, 'e, 'f>) -> Walked {
        // Who listens sees that there are none left, and says so.
        self.step();
        visit(self, found)
    }

    /// Passes a place of a table that holds nothing: so many of them cost a step, or a table that was emptied would be
    /// looked through to its end. False where no step is left.
    fn pass(&mut self, place: usize) -> bool {
        const EMPTY: usize = 8;
        !place.is_multiple_of(EMPTY) || self.step()
    }

    /// What a field holds.
    fn field(&self, of: &Instance<'_>, name: &str) -> Option<Item<'f>> {
        of.get(self.live, place(of, name)?).map(Item::from)
    }

    /// Asks a node, whatever class it is of.
    fn of_node<R>(
        &mut self,
        node: &Local<'f>,
        ask: impl FnOnce(&mut Self, &Instance<'_>) -> Option<R>,
    ) -> Option<R> {
        let last = AtomicU32::new(0);
        let classes = self.classes;
        let (_, _, instance) = classes.of(self.live, node, &last)?;
        ask(self, &instance)
    }

    fn walk_array(
        &mut self,
        of: &Instance<'_>,
        array: &str,
        from: usize,
        count: usize,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let walked = self.with_array(of, array, |copier, array| {
            let end = from.saturating_add(count).min(array.array_length()?);
            for index in from..end {
                let element = array.element(copier.live, index).into();
                if let Err(stop) = copier.take(Found::Element(element), visit) {
                    return Some(Err(stop));
                }
            }
            Some(Ok(()))
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }

    fn walk_ring(
        &mut self,
        of: &Instance<'_>,
        array: &str,
        head: usize,
        size: impl FnOnce(usize) -> usize,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let walked = self.with_array(of, array, |copier, array| {
            let length = array.array_length()?;
            for step in 0..size(length).min(length) {
                let index = (head + step).checked_rem(length)?;
                let element = array.element(copier.live, index).into();
                if let Err(stop) = copier.take(Found::Element(element), visit) {
                    return Some(Err(stop));
                }
            }
            Some(Ok(()))
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }

    /// Part of another list: of the array of its root.
    fn walk_slice(
        &mut self,
        of: &Instance<'_>,
        names: &[&str],
        [offset, size]: [&str; 2],
        nested: u32,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let (from, size) = (count(of, offset)?, count(of, size)?);
        let root = object(self, of, names).ok_or(Stop::Unknown)?;
        let last = AtomicU32::new(0);
        let classes = self.classes;
        let (_, facts, instance) = classes.of(self.live, &root, &last).ok_or(Stop::Unknown)?;
        if let Kind::Container(Container { recipe: Recipe::Array { array, .. }, .. }) = facts.kind {
            return self.walk_array(&instance, array, from, size, visit);
        }
        let mut index = 0;
        self.walk_inner(of, names, crate::recipe::Part::Whole, nested, &mut |copier, found| {
            let at = index;
            index += 1;
            if at >= from + size {
                return Err(Stop::Enough);
            }
            match at < from {
                true if copier.steps == 0 => Err(Stop::Enough),
                true => Ok(()),
                false => visit(copier, found),
            }
        })
        .or_else(|stop| if index > from + size { Ok(()) } else { Err(stop) })
    }

    /// Sets and maps of `Set.of` and `Map.of`: their order hangs on a number that each JVM draws at its start.
    fn walk_salted(
        &mut self,
        of: &Instance<'_>,
        array: &str,
        width: usize,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let is_salted = of.layout().name().starts_with("java.util.ImmutableCollections$");
        let salt = if is_salted { self.classes.salt(self.live) } else { None };
        let walked = self.with_array(of, array, |copier, array| {
            let places = array.array_length()? / width;
            let start = salt.map_or(0, |salt| salt.start(places));
            for step in 0..places {
                let place = match salt {
                    None => step,
                    Some(salt) if salt.reverse => (start + 1 + step) % places,
                    Some(_) => (start + 2 * places - 1 - step) % places,
                };
                let Some(first) = array.element(copier.live, place * width) else {
                    if copier.pass(step) {
                        continue;
                    }
                    return Some(Err(Stop::Enough));
                };
                let found = match width {
                    1 => Found::Element(Item::Object(first)),
                    _ => Found::Entry(
                        Item::Object(first),
                        array.element(copier.live, place * width + 1).into(),
                    ),
                };
                if let Err(stop) = copier.take(found, visit) {
                    return Some(Err(stop));
                }
            }
            Some(Ok(()))
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }

    /// Nodes in a row: an item each, or a key and a value. Nodes without are markers.
    fn walk_chain(
        &mut self,
        first: Local<'f>,
        next: &str,
        fields: &[&str],
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let last = AtomicU32::new(0);
        let mut node = Some(first);
        while let Some(this) = node {
            let classes = self.classes;
            let (_, _, instance) = classes.of(self.live, &this, &last).ok_or(Stop::Unknown)?;
            let found = self.held(&instance, fields)?;
            let following = object(self, &instance, &[next]);
            // A node that was taken out of a queue points to itself.
            node = following.filter(|following| !self.live.is_same(following, &this));
            match found {
                Some(found) => self.take(found, visit)?,
                None if self.step() => {}
                None => return Err(Stop::Enough),
            }
        }
        Ok(())
    }

    /// What a node holds; `None` for a marker.
    fn held(&self, node: &Instance<'_>, fields: &[&str]) -> Result<Option<Found<'f>>, Stop> {
        let other = |name: &str| if name == "value" { "val" } else { name }.to_owned();
        let read = |name: &str| {
            let place = place(node, name).or_else(|| place(node, &other(name))).ok_or(Stop::Unknown)?;
            node.get(self.live, place).map(Item::from).ok_or(Stop::Unknown)
        };
        match fields {
            [item] => match read(item)? {
                // A `LinkedList` may hold null; in the queues null is a marker.
                Item::Null if !node.layout().name().starts_with("java.util.LinkedList") => Ok(None),
                item => Ok(Some(Found::Element(item))),
            },
            [key, value] => {
                let (key, value) = (read(key)?, read(value)?);
                let is_marker = matches!(key, Item::Null) && node.layout().name().contains("SkipList");
                Ok((!is_marker).then_some(Found::Entry(key, value)))
            }
            _ => Err(Stop::Unknown),
        }
    }

    fn walk_table(
        &mut self,
        of: &Instance<'_>,
        table: &str,
        fields: &[&str],
        backwards: bool,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let walked = self.with_array(of, table, |copier, table| {
            let length = table.array_length()?;
            for step in 0..length {
                let index = if backwards { length - 1 - step } else { step };
                let Some(first) = table.element(copier.live, index) else {
                    if copier.pass(step) {
                        continue;
                    }
                    return Some(Err(Stop::Enough));
                };
                if let Err(stop) = copier.walk_chain(first, "next", fields, visit) {
                    return Some(Err(stop));
                }
            }
            Some(Ok(()))
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }

    fn walk_concurrent(&mut self, of: &Instance<'_>, table: &str, visit: Visit<'_, 'c, 'e, 'f>) -> Walked {
        if object(self, of, &[table]).is_none() {
            return Ok(());
        }
        let walked = self.with_array(of, table, |copier, table| {
            let length = table.array_length()?;
            for index in 0..length {
                let Some(first) = table.element(copier.live, index) else {
                    if copier.pass(index) {
                        continue;
                    }
                    return Some(Err(Stop::Enough));
                };
                let walked = copier.walk_bin(first, index, length, visit);
                if walked.is_err() {
                    return Some(walked);
                }
            }
            Some(Ok(()))
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }

    /// One place of a concurrent table. While it grows, places stand for two of the next table.
    fn walk_bin(
        &mut self,
        first: Local<'f>,
        index: usize,
        length: usize,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let last = AtomicU32::new(0);
        let classes = self.classes;
        let (_, _, instance) = classes.of(self.live, &first, &last).ok_or(Stop::Unknown)?;
        match instance.layout().name() {
            "java.util.concurrent.ConcurrentHashMap$TreeBin" => match object(self, &instance, &["first"]) {
                Some(first) => self.walk_chain(first, "next", &["key", "value"], visit),
                None => Ok(()),
            },
            "java.util.concurrent.ConcurrentHashMap$ForwardingNode" => {
                let walked = self.with_array(&instance, "nextTable", |copier, table| {
                    for index in [index, index + length] {
                        let Some(first) = table.element(copier.live, index) else { continue };
                        let walked = copier.walk_moved(first, visit);
                        if walked.is_err() {
                            return Some(walked);
                        }
                    }
                    Some(Ok(()))
                });
                walked.unwrap_or(Err(Stop::Unknown))
            }
            "java.util.concurrent.ConcurrentHashMap$ReservationNode" => Ok(()),
            _ => self.walk_chain(first, "next", &["key", "value"], visit),
        }
    }

    /// A place of the next table. It does not grow before the one before has.
    fn walk_moved(&mut self, first: Local<'f>, visit: Visit<'_, 'c, 'e, 'f>) -> Walked {
        let last = AtomicU32::new(0);
        let classes = self.classes;
        let (_, _, instance) = classes.of(self.live, &first, &last).ok_or(Stop::Unknown)?;
        if instance.layout().name().ends_with("$TreeBin") {
            return match object(self, &instance, &["first"]) {
                Some(first) => self.walk_chain(first, "next", &["key", "value"], visit),
                None => Ok(()),
            };
        }
        if instance.layout().name().ends_with("$ForwardingNode") {
            return Ok(());
        }
        self.walk_chain(first, "next", &["key", "value"], visit)
    }

    /// The tree of a view, if the view is of all of it: where one of a part begins and ends is for a comparator to say.
    pub(crate) fn whole_tree(&self, of: &Instance<'_>, names: &[&str]) -> Result<Local<'f>, Stop> {
        let is = |name: &str| {
            let got = place(of, name).and_then(|place| of.get(self.live, place));
            matches!(got.map(Item::from), Some(Item::Bool(true)))
        };
        if !(is("fromStart") && is("toEnd")) {
            return Err(Stop::Unknown);
        }
        object(self, of, names).ok_or(Stop::Unknown)
    }

    /// In the order of the keys, or against it.
    fn walk_tree(
        &mut self,
        root: Option<Local<'f>>,
        [first, second]: [&str; 2],
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let mut above: Vec<Local<'f>> = Vec::new();
        let mut next = root;
        loop {
            while let Some(node) = next {
                next = self
                    .of_node(&node, |copier, node| Some(object(copier, node, &[first])))
                    .ok_or(Stop::Unknown)?;
                match above.len() {
                    // Most are not as deep.
                    DEEP => self.live.env().reserve(TREE),
                    // It changes while it is read.
                    TREE => return Err(Stop::Enough),
                    _ => {}
                }
                above.push(node);
            }
            let Some(node) = above.pop() else { return Ok(()) };
            let read = self.of_node(&node, |copier, node| {
                let found = copier.held(node, &["key", "value"]).ok()??;
                Some((found, object(copier, node, &[second])))
            });
            let (found, right) = read.ok_or(Stop::Unknown)?;
            self.take(found, visit)?;
            if self.steps == 0 {
                return Err(Stop::Enough);
            }
            next = right;
        }
    }

    /// So many fields; the last of two is absent where it is the JDK's mark for that, a plain `Object`.
    fn walk_fields(&mut self, of: &Instance<'_>, fields: &[&str], visit: Visit<'_, 'c, 'e, 'f>) -> Walked {
        let mut all = Vec::with_capacity(fields.len());
        for (index, name) in fields.iter().enumerate() {
            let item = self.field(of, name).ok_or(Stop::Unknown)?;
            let is_absent = index > 0
                && match &item {
                    Item::Null => true,
                    Item::Object(object) => self
                        .of_node(object, |_, instance| Some(instance.layout().name() == "java.lang.Object"))
                        .unwrap_or(false),
                    _ => false,
                };
            if !is_absent {
                all.push(item);
            }
        }
        let is_set = of.layout().name() == "java.util.ImmutableCollections$Set12";
        if is_set && all.len() == 2 && self.classes.salt(self.live).is_some_and(|salt| salt.reverse) {
            all.reverse();
        }
        for item in all {
            self.take(Found::Element(item), visit)?;
        }
        Ok(())
    }

    /// The elements of an array whose index is taken.
    fn walk_filtered(
        &mut self,
        of: &Instance<'_>,
        array: &str,
        takes: impl Fn(usize) -> bool,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let walked = self.with_array(of, array, |copier, array| {
            for index in (0..array.array_length()?).filter(|index| takes(*index)) {
                let element = array.element(copier.live, index).into();
                if let Err(stop) = copier.take(Found::Element(element), visit) {
                    return Some(Err(stop));
                }
            }
            Some(Ok(()))
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }

    fn walk_enum_values(
        &mut self,
        of: &Instance<'_>,
        universe: &str,
        values: &str,
        visit: Visit<'_, 'c, 'e, 'f>,
    ) -> Walked {
        let walked = self.with_array(of, universe, |copier, universe| {
            copier.with_array(of, values, |copier, values| {
                for index in 0..values.array_length()? {
                    let Some(value) = values.element(copier.live, index) else { continue };
                    // Null is kept as an object of a nameless class.
                    let is_null = copier
                        .of_node(&value, |_, value| Some(value.layout().name() == "java.util.EnumMap$1"))
                        .unwrap_or(false);
                    let value = if is_null { Item::Null } else { Item::Object(value) };
                    let key = universe.element(copier.live, index).into();
                    if let Err(stop) = copier.take(Found::Entry(key, value), visit) {
                        return Some(Err(stop));
                    }
                }
                Some(Ok(()))
            })
        });
        walked.unwrap_or(Err(Stop::Unknown))
    }
}

fn count(of: &Instance<'_>, name: &str) -> Result<usize, Stop> {
    let number = int(of, name).ok_or(Stop::Unknown)?;
    Ok(usize::try_from(number).unwrap_or(0))
}
