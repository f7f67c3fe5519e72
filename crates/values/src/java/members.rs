//! What expressions have asked of a class, kept with what is known of it.

use std::sync::{Arc, OnceLock};

use jvm::live::{Layout, LiveMethod};
use jvm::{Env, Jvmti};
use ognl::{Call, Flags, IndexedProperty, Property};

use super::convert::may_box;
use super::getter::Reads;
use crate::chain::Chain;
use crate::snapshot::ClassPlace;

/// A method or constructor: its class, and its number among those of the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodPlace {
    pub(super) class: ClassPlace,
    pub(super) number: u32,
}

/// A field: the class that declares it, and its place among the fields of the class's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldPlace {
    pub(super) class: ClassPlace,
    pub(super) place: usize,
}

/// What a property's name means to the objects of one class.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// A field, also where a getter does nothing but read it: its place in the layout of the class. The flag says whether
    /// what it holds may be a box.
    Field(usize, bool),
    /// A value that is kept secret.
    Secret,
    /// The rest.
    Other(Property<MethodPlace, FieldPlace>),
}

/// What a call means: the same name with arguments of the same classes means it again.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) name: Box<str>,
    pub(super) is_static: bool,
    pub(super) arguments: Box<[Option<ClassPlace>]>,
    pub(super) call: Arc<Call<ClassPlace, MethodPlace>>,
}

/// A method that a class declares.
pub(super) struct Member {
    pub(super) live: LiveMethod,
    pub(super) parameters: usize,
    /// The types of its parameters, as descriptors.
    pub(super) types: Box<[Box<str>]>,
    /// Whether what it returns may be a box.
    pub(super) may_box: bool,
    /// Whether it is one that may be called whoever asks, by its class and name.
    pub(super) harmless: OnceLock<bool>,
    /// Whether what it returns is kept secret, by its name.
    pub(super) secret: OnceLock<bool>,
    /// The field that it reads and does nothing else.
    pub(super) reads: OnceLock<Option<Reads>>,
}

impl Member {
    pub(super) fn flags(&self) -> Flags {
        flags(self.live.modifiers)
    }
}

/// What was asked.
#[derive(Default)]
pub(crate) struct Members {
    pub(super) kind: OnceLock<ognl::Kind>,
    methods: OnceLock<Box<[Member]>>,
    pub(super) above: OnceLock<Option<ClassPlace>>,
    pub(super) interfaces: OnceLock<Box<[ClassPlace]>>,
    pub(super) component: OnceLock<Option<ClassPlace>>,
    pub(super) initialised: OnceLock<()>,
    pub(super) ways: Chain<(Box<str>, Way)>,
    /// The same of methods without parameters that are called by their own names.
    pub(super) nullary: Chain<(Box<str>, Way)>,
    /// Methods that take any number of arguments and were called without.
    pub(super) variable: Chain<Box<str>>,
    pub(super) indexed: Chain<(Box<str>, Option<Arc<IndexedProperty>>)>,
    pub(super) calls: Chain<Found>,
    /// Classes that descriptors of its members name.
    pub(super) named: Chain<(Box<str>, ClassPlace)>,
    /// Whether its objects are of another class.
    pub(super) assignable: Chain<(ClassPlace, bool)>,
}

impl Members {
    /// The place of the field that a property, or a call without arguments, is known to read and nothing else.
    pub(crate) fn field(&self, name: &str, is_call: bool) -> Option<usize> {
        let ways = if is_call { &self.nullary } else { &self.ways };
        match ways.find(|(known, _)| **known == *name)? {
            (_, Way::Field(place, _)) => Some(*place),
            _ => None,
        }
    }

    /// The methods and constructors that the class declares, in an order that is always the same.
    pub(super) fn methods(&self, env: &Env<'_>, jvmti: &Jvmti, layout: &Layout) -> &[Member] {
        self.methods.get_or_init(|| {
            let found = env.frame(8, |env| match layout.class(env)? {
                Some(class) => LiveMethod::of_class(env, jvmti, &class),
                None => Ok(Vec::new()),
            });
            let mut found = found.unwrap_or_else(|why| {
                log::debug!("the methods of {} cannot be asked for: {why}", layout.name());
                Vec::new()
            });
            found.retain(|method| &*method.name != "<clinit>");
            found.sort_by(|one, other| (&one.name, &one.descriptor).cmp(&(&other.name, &other.descriptor)));
            let member = |live: LiveMethod| Member {
                parameters: types(&live.descriptor).count(),
                types: types(&live.descriptor).map(Into::into).collect(),
                may_box: may_box(returned(&live.descriptor)),
                harmless: OnceLock::new(),
                secret: OnceLock::new(),
                live,
                reads: OnceLock::new(),
            };
            found.into_iter().map(member).collect()
        })
    }
}

/// Access flags as the evaluator has them.
pub(super) fn flags(modifiers: i32) -> Flags {
    Flags((modifiers & 0xFFFF) as u16)
}

/// The types of a method's parameters, as descriptors.
pub(crate) fn types(descriptor: &str) -> impl Iterator<Item = &str> {
    let mut rest = descriptor.strip_prefix('(').unwrap_or_default();
    std::iter::from_fn(move || {
        let dimensions = rest.len() - rest.trim_start_matches('[').len();
        let end = match rest.as_bytes().get(dimensions)? {
            b')' => return None,
            b'L' => rest.find(';')? + 1,
            _ => dimensions + 1,
        };
        let (first, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(first)
    })
}

/// What a method returns, as a descriptor.
pub(super) fn returned(descriptor: &str) -> &str {
    descriptor.rsplit_once(')').map_or("V", |(_, returned)| returned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_cut_into_its_types() {
        let all: Vec<&str> = types("(I[[JLjava/lang/String;[Ljava/util/List;Z)V").collect();
        assert_eq!(all, ["I", "[[J", "Ljava/lang/String;", "[Ljava/util/List;", "Z"]);
        assert_eq!(types("()Ljava/lang/String;").count(), 0);
        assert_eq!(returned("(I)[J"), "[J");
    }
}
