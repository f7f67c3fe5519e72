//! A class histogram: the text of the JVM's `GC.class_histogram` taken apart, and the difference
//! between two of them.

use std::collections::HashMap;

use serde::Serialize;

/// How much of the heap the instances of one class take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassCount {
    /// The class's name as Java code has it: `java.lang.String`, `byte[]`.
    pub name: String,
    /// The module and version it is from, on JDK 9 and later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// How many there are.
    pub instances: u64,
    /// Bytes they take, without what they refer to.
    pub bytes: u64,
}

/// The heap by class, biggest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The classes that have instances.
    pub classes: Vec<ClassCount>,
}

impl Histogram {
    /// Takes the JVM's text apart: lines like `   1:   1234   56789  java.lang.String (java.base@17)`.
    /// Two classes with one name (two loaders) are two lines, as the JVM has them.
    pub fn parse(text: &str) -> Self {
        let mut classes: Vec<ClassCount> = text.lines().filter_map(parse_line).collect();
        classes.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        Self { classes }
    }

    /// All instances and all bytes.
    pub fn total(&self) -> (u64, u64) {
        self.classes.iter().fold((0, 0), |(instances, bytes), class| {
            (instances.saturating_add(class.instances), bytes.saturating_add(class.bytes))
        })
    }

    /// Instances and bytes by name, for [`Tally::change`].
    pub fn tally(&self) -> Tally {
        let mut by_name: HashMap<String, (u64, u64)> = HashMap::with_capacity(self.classes.len());
        for class in &self.classes {
            let sum = by_name.entry(class.name.clone()).or_default();
            *sum = (sum.0 + class.instances, sum.1 + class.bytes);
        }
        Tally { by_name }
    }
}

/// What is kept of a histogram for the next one to be compared with.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    by_name: HashMap<String, (u64, u64)>,
}

impl Tally {
    /// How a class's instances and bytes have changed from `before` to this.
    pub fn change(&self, before: &Self, name: &str) -> (i64, i64) {
        let now = self.by_name.get(name).copied().unwrap_or_default();
        let then = before.by_name.get(name).copied().unwrap_or_default();
        (now.0.cast_signed() - then.0.cast_signed(), now.1.cast_signed() - then.1.cast_signed())
    }

    /// Classes that had instances in `before` and have none now.
    pub fn gone<'a>(&self, before: &'a Self) -> impl Iterator<Item = (&'a str, u64, u64)> {
        let gone = before.by_name.iter().filter(|(name, _)| !self.by_name.contains_key(*name));
        let mut gone: Vec<_> =
            gone.map(|(name, (instances, bytes))| (name.as_str(), *instances, *bytes)).collect();
        gone.sort_unstable_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(b.0)));
        gone.into_iter()
    }
}

fn parse_line(line: &str) -> Option<ClassCount> {
    let (rank, rest) = line.trim_start().split_once(':')?;
    rank.parse::<u64>().ok()?;
    let rest = rest.trim_start();
    let (instances, rest) = rest.split_once(' ')?;
    let (bytes, name) = rest.trim_start().split_once(' ')?;
    let name = name.trim();
    let (name, module) = match name.split_once(" (") {
        Some((name, module)) => (name, module.strip_suffix(')').map(str::to_owned)),
        None => (name, None),
    };
    Some(ClassCount {
        name: java_name(name),
        module,
        instances: instances.parse().ok()?,
        bytes: bytes.parse().ok()?,
    })
}

/// `[[I` and `[Ljava.lang.String;` as Java code has them.
pub(crate) fn java_name(name: &str) -> String {
    let element = name.trim_start_matches('[');
    let depth = name.len() - element.len();
    if depth == 0 {
        return name.to_owned();
    }
    let element = match element {
        "Z" => "boolean",
        "B" => "byte",
        "C" => "char",
        "S" => "short",
        "I" => "int",
        "J" => "long",
        "F" => "float",
        "D" => "double",
        object => object.strip_prefix('L').and_then(|name| name.strip_suffix(';')).unwrap_or(object),
    };
    format!("{element}{}", "[]".repeat(depth))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JDK_17: &str = "\
 num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:          9411         524560  [B (java.base@17.0.19)
   2:           876         109376  java.lang.Class (java.base@17.0.19)
   3:             3         209376  [[Ldemo.Node;
   4:             1             16  demo.Lambda$$Lambda$14/0x0000000800c03000
Total         10291         843328
";

    #[test]
    fn lines_become_classes_biggest_first() {
        let histogram = Histogram::parse(JDK_17);
        let names: Vec<_> = histogram.classes.iter().map(|class| class.name.as_str()).collect();
        assert_eq!(
            names,
            ["byte[]", "demo.Node[][]", "java.lang.Class", "demo.Lambda$$Lambda$14/0x0000000800c03000"]
        );
        assert_eq!(
            histogram.classes.first().and_then(|class| class.module.as_deref()),
            Some("java.base@17.0.19")
        );
        assert_eq!(histogram.total(), (10_291, 843_328));
    }

    #[test]
    fn change_counts_what_came_and_what_went() {
        let before = Histogram::parse("   1:   5   80  demo.A\n   2:  2   32  demo.B").tally();
        let now = Histogram::parse("   1:   7   112  demo.A\n   2:  1   24  demo.C").tally();
        assert_eq!(now.change(&before, "demo.A"), (2, 32));
        assert_eq!(now.change(&before, "demo.C"), (1, 24));
        assert_eq!(now.gone(&before).collect::<Vec<_>>(), [("demo.B", 2, 32)]);
    }

    #[test]
    fn what_is_no_histogram_has_no_classes() {
        assert_eq!(
            Histogram::parse("java.lang.IllegalArgumentException: Unknown command"),
            Histogram::default()
        );
    }
}
