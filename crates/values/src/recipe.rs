//! How to find what is in the JDK's containers, by the names of their fields. Calling their methods instead would run
//! code that may wait for locks or reach into containers of the application; reading fields does neither.
//!
//! A class of another loader is never looked up here, whatever its name: it may have the same name and other
//! insides.

/// What a container is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A list, a set or a queue.
    Elements,
    /// A map.
    Entries,
}

/// Which part of a map is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Keys,
    Values,
    Entries,
    /// The other container as it is.
    Whole,
}

/// Where the contents lie. Fields are tried by each of their names: later JDKs have renamed some.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Recipe {
    /// An array, from its start; so many as a field says, or all.
    Array { array: &'static str, size: Option<&'static str> },
    /// An array that wraps around: from `head` to before `tail`.
    Ring { array: &'static str, head: &'static str, tail: &'static str },
    /// An array that wraps around: `count` from `head` on.
    Window { array: &'static str, head: &'static str, count: &'static str },
    /// An array in which null means nothing, in the order that the JDK's salt gives.
    Sparse { array: &'static str },
    /// An array of keys, each followed by its value; null keys mean nothing.
    Pairs { array: &'static str },
    /// Part of another list.
    Slice { of: &'static [&'static str], offset: &'static str, size: &'static str },
    /// Nodes in a row.
    Chain { first: &'static str, item: &'static str, next: &'static str, size: Option<&'static str> },
    /// Nodes in a row that have a key and a value.
    Links {
        first: &'static str,
        key: &'static str,
        value: &'static str,
        next: &'static str,
        size: Option<&'static str>,
    },
    /// An array of chains of nodes.
    Table {
        table: &'static str,
        key: &'static str,
        value: &'static str,
        size: Option<&'static str>,
        backwards: bool,
    },
    /// A table of a concurrent map, with nodes that stand for trees or for another table.
    ConcurrentTable { table: &'static str },
    /// A sorted tree.
    Tree { root: &'static str, size: &'static str },
    /// A sorted tree of another map, all of it, from its first or its last key on.
    WholeTree { of: &'static [&'static str], backwards: bool },
    /// Index nodes over a row of nodes.
    SkipList { head: &'static str },
    /// Another container.
    Inner { of: &'static [&'static str], part: Part },
    /// So many fields, of which the last may be absent.
    Fields { fields: &'static [&'static str] },
    /// The same element so many times.
    Copies { element: &'static str, count: &'static str },
    /// One key and one value.
    Pair { key: &'static str, value: &'static str },
    /// Constants of an enum, by the bits of a long.
    Bits { universe: &'static str, bits: &'static str },
    /// Constants of an enum and a value each.
    EnumValues { universe: &'static str, values: &'static str },
    /// Nothing, ever.
    Nothing,
}

use Recipe::{
    Array, Bits, Chain, ConcurrentTable, Copies, EnumValues, Fields, Inner, Links, Nothing, Pair, Pairs,
    Ring, SkipList, Slice, Sparse, Table, Tree, WholeTree, Window,
};
use Shape::{Elements, Entries};

const fn array(array: &'static str, size: &'static str) -> Recipe {
    Array { array, size: Some(size) }
}

const fn whole(array: &'static str) -> Recipe {
    Array { array, size: None }
}

const fn inner(of: &'static [&'static str], part: Part) -> Recipe {
    Inner { of, part }
}

const fn links(first: &'static str, next: &'static str) -> Recipe {
    Links { first, key: "key", value: "value", next, size: Some("size") }
}

const fn table(size: &'static str, backwards: bool) -> Recipe {
    Table { table: "table", key: "key", value: "value", size: Some(size), backwards }
}

const fn slice(of: &'static [&'static str]) -> Recipe {
    Slice { of, offset: "offset", size: "size" }
}

const OUTER: &[&str] = &["this$0"];
const MAP: &[&str] = &["map"];

/// By class name below `java.util.`.
const RECIPES: &[(&str, Shape, Recipe)] = &[
    ("ArrayList", Elements, array("elementData", "size")),
    ("ArrayList$SubList", Elements, slice(&["root", "this$0"])),
    ("AbstractList$SubList", Elements, slice(&["root"])),
    ("AbstractList$RandomAccessSubList", Elements, slice(&["root"])),
    ("SubList", Elements, slice(&["l"])),
    ("RandomAccessSubList", Elements, slice(&["l"])),
    ("Arrays$ArrayList", Elements, whole("a")),
    ("ArrayDeque", Elements, Ring { array: "elements", head: "head", tail: "tail" }),
    ("PriorityQueue", Elements, array("queue", "size")),
    ("Vector", Elements, array("elementData", "elementCount")),
    ("Stack", Elements, array("elementData", "elementCount")),
    ("LinkedList", Elements, Chain { first: "first", item: "item", next: "next", size: Some("size") }),
    ("HashMap", Entries, table("size", false)),
    ("HashMap$KeySet", Elements, inner(OUTER, Part::Keys)),
    ("HashMap$Values", Elements, inner(OUTER, Part::Values)),
    ("HashMap$EntrySet", Elements, inner(OUTER, Part::Entries)),
    ("HashSet", Elements, inner(MAP, Part::Keys)),
    ("LinkedHashMap", Entries, links("head", "after")),
    ("LinkedHashMap$LinkedKeySet", Elements, inner(OUTER, Part::Keys)),
    ("LinkedHashMap$LinkedValues", Elements, inner(OUTER, Part::Values)),
    ("LinkedHashMap$LinkedEntrySet", Elements, inner(OUTER, Part::Entries)),
    ("LinkedHashSet", Elements, inner(MAP, Part::Keys)),
    ("TreeMap", Entries, Tree { root: "root", size: "size" }),
    ("TreeMap$KeySet", Elements, inner(&["m"], Part::Keys)),
    ("TreeMap$Values", Elements, inner(OUTER, Part::Values)),
    ("TreeMap$EntrySet", Elements, inner(OUTER, Part::Entries)),
    ("TreeMap$AscendingSubMap", Entries, WholeTree { of: &["m"], backwards: false }),
    ("TreeMap$DescendingSubMap", Entries, WholeTree { of: &["m"], backwards: true }),
    ("TreeSet", Elements, inner(&["m"], Part::Keys)),
    ("Hashtable", Entries, table("count", true)),
    ("Properties", Entries, inner(MAP, Part::Whole)),
    // Before JDK 9 its own.
    ("Properties", Entries, table("count", true)),
    ("IdentityHashMap", Entries, Pairs { array: "table" }),
    (
        "WeakHashMap",
        Entries,
        Table { table: "table", key: "referent", value: "value", size: Some("size"), backwards: true },
    ),
    ("EnumMap", Entries, EnumValues { universe: "keyUniverse", values: "vals" }),
    ("RegularEnumSet", Elements, Bits { universe: "universe", bits: "elements" }),
    ("JumboEnumSet", Elements, Bits { universe: "universe", bits: "elements" }),
    ("Collections$UnmodifiableCollection", Elements, inner(&["c"], Part::Whole)),
    ("Collections$UnmodifiableList", Elements, inner(&["c"], Part::Whole)),
    ("Collections$UnmodifiableRandomAccessList", Elements, inner(&["c"], Part::Whole)),
    ("Collections$UnmodifiableSet", Elements, inner(&["c"], Part::Whole)),
    ("Collections$UnmodifiableSortedSet", Elements, inner(&["c"], Part::Whole)),
    ("Collections$UnmodifiableNavigableSet", Elements, inner(&["c"], Part::Whole)),
    ("Collections$UnmodifiableMap", Entries, inner(&["m"], Part::Whole)),
    ("Collections$UnmodifiableSortedMap", Entries, inner(&["m"], Part::Whole)),
    ("Collections$UnmodifiableNavigableMap", Entries, inner(&["m"], Part::Whole)),
    ("Collections$SynchronizedCollection", Elements, inner(&["c"], Part::Whole)),
    ("Collections$SynchronizedList", Elements, inner(&["c"], Part::Whole)),
    ("Collections$SynchronizedRandomAccessList", Elements, inner(&["c"], Part::Whole)),
    ("Collections$SynchronizedSet", Elements, inner(&["c"], Part::Whole)),
    ("Collections$SynchronizedSortedSet", Elements, inner(&["c"], Part::Whole)),
    ("Collections$SynchronizedMap", Entries, inner(&["m"], Part::Whole)),
    ("Collections$SynchronizedSortedMap", Entries, inner(&["m"], Part::Whole)),
    ("Collections$CheckedCollection", Elements, inner(&["c"], Part::Whole)),
    ("Collections$CheckedList", Elements, inner(&["c"], Part::Whole)),
    ("Collections$CheckedRandomAccessList", Elements, inner(&["c"], Part::Whole)),
    ("Collections$CheckedSet", Elements, inner(&["c"], Part::Whole)),
    ("Collections$CheckedMap", Entries, inner(&["m"], Part::Whole)),
    ("Collections$SetFromMap", Elements, inner(&["m"], Part::Keys)),
    ("Collections$EmptyList", Elements, Nothing),
    ("Collections$EmptySet", Elements, Nothing),
    ("Collections$EmptyMap", Entries, Nothing),
    ("Collections$SingletonList", Elements, Fields { fields: &["element"] }),
    ("Collections$SingletonSet", Elements, Fields { fields: &["element"] }),
    ("Collections$SingletonMap", Entries, Pair { key: "k", value: "v" }),
    ("Collections$CopiesList", Elements, Copies { element: "element", count: "n" }),
    ("ImmutableCollections$List0", Elements, Nothing),
    ("ImmutableCollections$List1", Elements, Fields { fields: &["e0"] }),
    ("ImmutableCollections$List2", Elements, Fields { fields: &["e0", "e1"] }),
    ("ImmutableCollections$List12", Elements, Fields { fields: &["e0", "e1"] }),
    ("ImmutableCollections$ListN", Elements, whole("elements")),
    ("ImmutableCollections$SubList", Elements, slice(&["root"])),
    ("ImmutableCollections$Set0", Elements, Nothing),
    ("ImmutableCollections$Set1", Elements, Fields { fields: &["e0"] }),
    ("ImmutableCollections$Set2", Elements, Fields { fields: &["e0", "e1"] }),
    ("ImmutableCollections$Set12", Elements, Fields { fields: &["e0", "e1"] }),
    ("ImmutableCollections$SetN", Elements, Sparse { array: "elements" }),
    ("ImmutableCollections$Map0", Entries, Nothing),
    ("ImmutableCollections$Map1", Entries, Pair { key: "k0", value: "v0" }),
    ("ImmutableCollections$MapN", Entries, Pairs { array: "table" }),
    ("concurrent.ConcurrentHashMap", Entries, ConcurrentTable { table: "table" }),
    ("concurrent.ConcurrentHashMap$KeySetView", Elements, inner(MAP, Part::Keys)),
    ("concurrent.ConcurrentHashMap$ValuesView", Elements, inner(MAP, Part::Values)),
    ("concurrent.ConcurrentHashMap$EntrySetView", Elements, inner(MAP, Part::Entries)),
    ("concurrent.ConcurrentSkipListMap", Entries, SkipList { head: "head" }),
    ("concurrent.ConcurrentSkipListSet", Elements, inner(&["m"], Part::Keys)),
    ("concurrent.CopyOnWriteArrayList", Elements, whole("array")),
    ("concurrent.CopyOnWriteArraySet", Elements, inner(&["al"], Part::Whole)),
    (
        "concurrent.ConcurrentLinkedQueue",
        Elements,
        Chain { first: "head", item: "item", next: "next", size: None },
    ),
    (
        "concurrent.ConcurrentLinkedDeque",
        Elements,
        Chain { first: "head", item: "item", next: "next", size: None },
    ),
    (
        "concurrent.LinkedBlockingQueue",
        Elements,
        Chain { first: "head", item: "item", next: "next", size: None },
    ),
    (
        "concurrent.LinkedBlockingDeque",
        Elements,
        Chain { first: "first", item: "item", next: "next", size: Some("count") },
    ),
    (
        "concurrent.LinkedTransferQueue",
        Elements,
        Chain { first: "head", item: "item", next: "next", size: None },
    ),
    ("concurrent.ArrayBlockingQueue", Elements, Window { array: "items", head: "takeIndex", count: "count" }),
    ("concurrent.PriorityBlockingQueue", Elements, array("queue", "size")),
    ("concurrent.DelayQueue", Elements, inner(&["q"], Part::Whole)),
    ("concurrent.SynchronousQueue", Elements, Nothing),
];

impl Recipe {
    /// The field without which there is nothing to be found, by any of its names.
    fn anchor(&self) -> &[&'static str] {
        match self {
            Array { array, .. }
            | Ring { array, .. }
            | Window { array, .. }
            | Sparse { array }
            | Pairs { array } => std::slice::from_ref(array),
            Slice { of, .. } | Inner { of, .. } | WholeTree { of, .. } => of,
            Chain { first, .. } | Links { first, .. } => std::slice::from_ref(first),
            Table { table, .. } | ConcurrentTable { table } => std::slice::from_ref(table),
            Tree { root, .. } => std::slice::from_ref(root),
            SkipList { head } => std::slice::from_ref(head),
            Fields { fields } => fields.get(..1).unwrap_or_default(),
            Copies { element, .. } => std::slice::from_ref(element),
            Pair { key, .. } => std::slice::from_ref(key),
            Bits { universe, .. } | EnumValues { universe, .. } => std::slice::from_ref(universe),
            Nothing => &[],
        }
    }
}

/// How the contents of a class of the boot loader are found, if it is a container that is known; `has` tells which
/// fields it has.
pub(crate) fn of(class: &str, has: impl Fn(&str) -> bool) -> Option<(Shape, Recipe)> {
    let fits = |recipe: &Recipe| {
        let anchor = recipe.anchor();
        anchor.is_empty() || anchor.iter().any(|name| has(name))
    };
    let of_class = recipes(class).find(|(.., recipe)| fits(recipe));
    of_class.map(|(_, shape, recipe)| (*shape, *recipe))
}

/// Whether a class of the boot loader is a container that is known.
pub(crate) fn is_known(class: &str) -> bool {
    recipes(class).next().is_some()
}

fn recipes(class: &str) -> impl Iterator<Item = &'static (&'static str, Shape, Recipe)> {
    let name = class.strip_prefix("java.util.");
    RECIPES.iter().filter(move |(known, ..)| name == Some(*known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_with_several_recipes_has_one_for_each_inside() {
        for (index, (name, _, recipe)) in RECIPES.iter().enumerate() {
            let same = |(other, _, other_recipe): &&(&str, Shape, Recipe)| {
                other == name && other_recipe.anchor() == recipe.anchor()
            };
            let first = RECIPES.iter().position(|row| same(&row));
            assert_eq!(first, Some(index), "{name}");
        }
    }

    #[test]
    fn only_the_jdks_classes_are_known() {
        assert!(is_known("java.util.ArrayList"));
        assert!(!is_known("com.example.ArrayList"));
        assert!(!is_known("java.util.NoSuchList"));
    }

    #[test]
    fn a_container_with_other_insides_is_not_known() {
        assert!(of("java.util.ArrayList", |name| name == "elementData").is_some());
        assert!(of("java.util.ArrayList", |name| name == "other").is_none());
        assert!(matches!(of("java.util.Properties", |name| name == "table"), Some((_, Table { .. }))));
    }
}
