//! What is known of a class: where its fields are, how its objects are shown, which of its fields are kept secret.
//! Asked once per class and command; who copies objects finds it by a look at the class.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use jvm::live::Layout;
use jvm::{Class, Env, Jvmti, Local, Result};

use crate::java::Members;
use crate::kind::Kind;
use crate::redaction::Redaction;

/// A class.
pub struct ClassFacts {
    pub(crate) layout: Layout,
    pub(crate) kind: Kind,
    /// `Class.getSimpleName`; for arrays the type's name with brackets.
    pub(crate) shown: Box<str>,
    /// The fields that are shown, in order.
    pub(crate) fields: Box<[ShownField]>,
    /// How many of these the class declares itself.
    pub(crate) own: usize,
    /// The place of the name in a pair of a name and a value: an entry of a map, a header, a cookie.
    pub(crate) pair_key: Option<usize>,
    says: OnceLock<Says>,
    /// What expressions have asked of it.
    pub(crate) members: Members,
}

/// A field that is shown.
pub(crate) struct ShownField {
    /// Its place in the layout.
    pub(crate) place: usize,
    /// Its value never leaves.
    pub(crate) is_secret: bool,
    pub(crate) is_static: bool,
    /// It is the value in a pair of a name and a value.
    pub(crate) is_value: bool,
    /// Which class its value was of last: the place of its facts plus one, or 0.
    pub(crate) last: AtomicU32,
}

/// Who answers `toString`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Says {
    /// `java.lang.Object`: class and hash.
    Identity,
    /// The class itself or one above it.
    Own,
}

impl ClassFacts {
    pub(crate) fn of(
        env: &Env<'_>,
        jvmti: &Jvmti,
        class: &Local<'_, Class>,
        redaction: &Redaction,
    ) -> Result<Self> {
        let layout = Layout::of(env, jvmti, class)?;
        let kind = Kind::of(&layout);
        let shown = shown(&layout);
        let fields = match kind {
            Kind::String | Kind::Box(_) | Kind::Date | Kind::Objects | Kind::Primitives(_) => Box::default(),
            _ => shown_fields(&layout, redaction),
        };
        let pair_key = match fields.iter().any(|field| field.is_value) {
            true => layout.fields.iter().position(|field| !field.is_static() && is_key(&field.name)),
            false => None,
        };
        let level = |field: &ShownField| layout.fields.get(field.place).map_or(0, |field| field.level);
        let own = fields.iter().take_while(|field| level(field) == 0).count();
        let (says, members) = (OnceLock::new(), Members::default());
        Ok(Self { layout, kind, shown, fields, own, pair_key, says, members })
    }

    /// What its objects are shown as.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name with dots.
    pub fn name(&self) -> &str {
        self.layout.name()
    }

    /// The simple name of the enum that a constant is of: it may have a class of its own.
    pub(crate) fn enum_name(&self) -> &str {
        let above = self.layout.lineage.get(1).map(|level| &*level.name);
        match above {
            Some(above) if above != "java.lang.Enum" => simple(above),
            _ => &self.shown,
        }
    }

    /// The place of a field by one of its names.
    pub(crate) fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.layout.fields.iter().position(|field| &*field.name == *name))
    }

    /// Who answers `toString`.
    pub(crate) fn says(&self, env: &Env<'_>, jvmti: &Jvmti) -> Says {
        if let Some(known) = self.says.get() {
            return *known;
        }
        // Asked of JVMTI: a look-up by name would wait for the class's initialiser.
        let mut says = Says::Identity;
        for level in 0..self.layout.lineage.len().saturating_sub(1) {
            let Ok(Some(class)) = self.layout.class_at(env, level) else { break };
            let methods = jvmti.class_methods(&class).unwrap_or_default();
            if methods.iter().any(|one| one.name == "toString" && one.descriptor == "()Ljava/lang/String;") {
                says = Says::Own;
                break;
            }
        }
        *self.says.get_or_init(|| says)
    }
}

/// Whether a field or getter is called as the name in a pair of a name and a value.
fn is_key(name: &str) -> bool {
    matches!(name, "key" | "name" | "_name" | "_key")
}

/// Whether a field or getter is called as the value in such a pair.
pub(crate) fn is_value(name: &str) -> bool {
    matches!(name, "value" | "val" | "values" | "_value" | "getValue" | "getValues")
}

fn shown_fields(layout: &Layout, redaction: &Redaction) -> Box<[ShownField]> {
    let all = layout.fields.iter().enumerate();
    all.map(|(place, field)| ShownField {
        place,
        is_secret: redaction.hides(&field.name),
        is_static: field.is_static(),
        is_value: is_value(&field.name),
        last: AtomicU32::new(0),
    })
    .collect()
}

/// `Class.getSimpleName`, as far as the name tells.
fn shown(layout: &Layout) -> Box<str> {
    let name = layout.name();
    if name.starts_with('[') {
        return array_name(name).into();
    }
    simple(name).into()
}

/// What follows the package, and the `$` of a nested class. Names that a program made (`$$`, hidden classes with their
/// slash) and those of nameless classes stay whole.
fn simple(name: &str) -> &str {
    let simple = name.rsplit('.').next().unwrap_or(name);
    if simple.contains("$$") || simple.contains('/') {
        return simple;
    }
    let nested = match simple.rsplit_once('$') {
        Some((outer, nested)) if !outer.is_empty() => nested.trim_start_matches(|c: char| c.is_ascii_digit()),
        _ => simple,
    };
    if nested.is_empty() { simple } else { nested }
}

/// `[Ljava.lang.String;` as `String[]`.
fn array_name(name: &str) -> String {
    let element = name.trim_start_matches('[');
    let depth = name.len() - element.len();
    let element = match element {
        "Z" => "boolean",
        "B" => "byte",
        "C" => "char",
        "S" => "short",
        "I" => "int",
        "J" => "long",
        "F" => "float",
        "D" => "double",
        other => {
            let other = other.strip_prefix('L').and_then(|rest| rest.strip_suffix(';')).unwrap_or(other);
            other.rsplit(['.', '$']).next().unwrap_or(other)
        }
    };
    element.to_owned() + &"[]".repeat(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_named_by_their_elements() {
        for (name, shown) in [
            ("[I", "int[]"),
            ("[[J", "long[][]"),
            ("[Ljava.lang.String;", "String[]"),
            ("[[Ldemo.Outer$Inner;", "Inner[][]"),
        ] {
            assert_eq!(array_name(name), shown);
        }
    }
}
