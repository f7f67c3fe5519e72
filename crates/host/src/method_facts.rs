//! What is known of a woven method: the words with which its id is shown.

use std::sync::Arc;

use jvm::mutf8;
use parking_lot::RwLock;
use weave::WovenMethod;

use crate::access_flags;
use crate::advice::{self, Names};

/// A woven method. Its id is its for the life of its class.
pub struct MethodFacts {
    /// The id that its code passes.
    pub id: u32,
    /// Its class, with dots.
    pub class: Arc<str>,
    /// The identity hash of its class's loader in hex; `null` for the boot loader.
    pub loader: Arc<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its descriptor.
    pub descriptor: Box<str>,
    /// Access flags (JVMS table 4.6-A).
    pub modifiers: i32,
    /// `None` where there is nothing to say of it.
    code: RwLock<Option<Arc<CodeFacts>>>,
}

/// What its code looks like now; changes when more of it is woven, or when somebody redefines the class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeFacts {
    /// The shape in which values are passed: objects and longs.
    pub shape: Option<(u8, u8)>,
    /// Whether some of its arguments find no place in the shape.
    pub dropped_arguments: bool,
    /// For each parameter, `this` left out, whether the body stores into it. Empty where unknown.
    pub stored: Vec<bool>,
    /// The names of the parameters, `this` left out. Empty where none is known.
    pub names: Vec<Option<Box<str>>>,
    /// The calls in it, by number.
    pub sites: Vec<Site>,
    /// Whether normal exits bring what stored arguments were at the entry, too.
    pub entered: bool,
    /// The places that are told where lines begin.
    pub lines: Vec<ToldLine>,
    /// What the user should know of it.
    pub notes: Vec<&'static str>,
}

/// A call in a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The class that the call names, with dots.
    pub class: String,
    /// The called method.
    pub method: String,
    /// Its descriptor.
    pub descriptor: String,
    /// The line, where the class file tells it.
    pub line: Option<u16>,
    /// Whether the call is told, not only numbered.
    pub told: bool,
}

/// A place where a line begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldLine {
    /// By what it is told: where it lies in the code as it was before weaving.
    pub pc: u32,
    /// The line.
    pub line: u16,
    /// The values that are known there.
    pub values: Vec<LineValue>,
}

/// A value that is known at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineValue {
    /// Its place among the objects or the longs that are told.
    pub place: usize,
    /// Whether it is among the objects.
    pub is_object: bool,
    /// Which parameter it is, if it is one; `this` counts as the first.
    pub parameter: Option<usize>,
    /// Its variable's number in the code, by which variables stand in the order of their declarations.
    pub slot: u16,
    /// Whether the value is there; an argument that was overwritten may not be.
    pub is_known: bool,
    /// Name and descriptor of its local variable, if the class file tells.
    pub variable: Option<(String, String)>,
}

impl MethodFacts {
    pub(crate) fn new(
        id: u32,
        class: &Arc<str>,
        loader: &Arc<str>,
        name: String,
        descriptor: String,
        modifiers: i32,
    ) -> Self {
        let (class, loader) = (class.clone(), loader.clone());
        let (name, descriptor) = (name.into(), descriptor.into());
        Self { id, class, loader, name, descriptor, modifiers, code: RwLock::default() }
    }

    /// Whether it has no `this`.
    pub fn is_static(&self) -> bool {
        self.modifiers & access_flags::STATIC != 0
    }

    /// What its code looks like now.
    pub fn code(&self) -> Arc<CodeFacts> {
        self.code.read().clone().unwrap_or_default()
    }

    pub(crate) fn set_code(&self, code: CodeFacts) {
        *self.code.write() = (code != CodeFacts::default()).then(|| Arc::new(code));
    }

    /// `loader|class#method|descriptor`, as Arthas lists the methods that a command has changed.
    pub fn affected(&self) -> String {
        format!("{}|{}#{}|{}", self.loader, self.class, self.name, self.descriptor)
    }

    /// `class#name`, as messages name it.
    pub fn shown(&self) -> String {
        format!("{}#{}{}", self.class, self.name, self.descriptor)
    }
}

impl CodeFacts {
    /// In words, from what the weaver says.
    pub(crate) fn of(woven: &WovenMethod) -> Self {
        let site = |site: &weave::Site| Site {
            class: mutf8::text(&site.owner).replace('/', "."),
            method: mutf8::text(&site.name),
            descriptor: mutf8::text(&site.descriptor),
            line: site.line,
            told: site.told,
        };
        let mut notes = Vec::new();
        if woven.passes_inlining_limit() {
            notes.push("its code passes 325 bytes, beyond which the JIT does not inline a method");
        }
        if woven.dropped_arguments {
            notes.push("it has more than 16 arguments of a kind; those beyond are not seen");
        }
        if lacks_names(woven) {
            notes.push(
                "its local variables have no names, since the class was compiled without them (javac -g)",
            );
        }
        let mut names: Vec<Option<Box<str>>> =
            woven.names.iter().map(|name| name.as_ref().map(|name| mutf8::text(name).into())).collect();
        if names.iter().all(Option::is_none) {
            names = Vec::new();
        }
        Self {
            shape: woven.shape.map(|shape| (shape.objects, shape.longs)),
            dropped_arguments: woven.dropped_arguments,
            stored: woven.stored.clone(),
            names,
            sites: woven.sites.iter().map(site).collect(),
            entered: woven.entered,
            lines: woven.lines.iter().map(ToldLine::of).collect(),
            notes,
        }
    }
}

/// Whether there are values on its lines, and none has a name: with names, `this` had one.
fn lacks_names(woven: &WovenMethod) -> bool {
    let mut values = woven.lines.iter().flat_map(|line| &line.values).peekable();
    values.peek().is_some() && values.all(|value| value.variable.is_none())
}

impl ToldLine {
    fn of(told: &weave::ToldLine) -> Self {
        let (mut objects, mut longs) = (0, 0);
        let value = |value: &weave::LineValue| {
            let next = if value.is_object { &mut objects } else { &mut longs };
            let place = *next;
            *next += 1;
            let variable = value.variable.as_ref();
            LineValue {
                place,
                is_object: value.is_object,
                parameter: value.parameter,
                slot: value.slot,
                is_known: value.is_known,
                variable: variable.map(|(name, types)| (mutf8::text(name), mutf8::text(types))),
            }
        };
        let pc = u32::try_from(told.pc).unwrap_or(u32::MAX);
        Self { pc, line: told.line, values: told.values.iter().map(value).collect() }
    }
}

/// A method's names as they are at one moment, for the advice: a number of a site stays what it was for
/// those who got it.
pub(crate) struct Named {
    facts: Arc<MethodFacts>,
    code: Arc<CodeFacts>,
}

impl Named {
    pub(crate) fn now(facts: &Arc<MethodFacts>) -> Arc<dyn Names> {
        match facts.code.read().clone() {
            Some(code) => Arc::new(Self { facts: facts.clone(), code }),
            None => facts.clone(),
        }
    }
}

/// Of a method without sites.
impl Names for MethodFacts {
    fn class(&self) -> &str {
        &self.class
    }

    fn method(&self) -> &str {
        &self.name
    }

    fn site(&self, _: u32) -> Option<advice::Site> {
        None
    }
}

impl Names for Named {
    fn class(&self) -> &str {
        &self.facts.class
    }

    fn method(&self) -> &str {
        &self.facts.name
    }

    fn site(&self, number: u32) -> Option<advice::Site> {
        let site = self.code.sites.get(usize::try_from(number).ok()?)?;
        Some(advice::Site { class: site.class.clone(), method: site.method.clone(), line: site.line })
    }
}
