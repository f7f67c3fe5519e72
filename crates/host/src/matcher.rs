//! Which loaded classes and methods a pattern means, and what is known of them before anything is woven.
//!
//! One pass over the loaded classes. Subtypes of what a pattern names are meant, too, since callers
//! hold interfaces and base classes while the code is in their implementations.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use jvm::{Class, Env, Local, Weak};

use crate::access_flags;
use crate::class_query::FoundClass;
use crate::deny::{self, Candidate, Denied, Rules};
use crate::error::Result;
use crate::loaders::{Loader, Loaders};
use crate::names::NamePattern;
use crate::retransform::stops;
use crate::{Host, weaver};

/// What somebody wants to observe.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The classes, by name with dots.
    pub classes: NamePattern,
    /// Of those, the ones to leave out.
    pub exclude: Option<NamePattern>,
    /// The methods; constructors are `<init>`.
    pub methods: NamePattern,
    /// Only classes of the loader with this hash, in hex.
    pub loader: Option<String>,
    /// With more classes than this nothing is matched.
    pub limit: usize,
    /// Whether constructors are meant, if the pattern fits `<init>`.
    pub constructors: bool,
    /// Whether subtypes are meant; `None`: as the option `disable-sub-class` says.
    pub subclasses: Option<bool>,
}

impl Wanted {
    /// The methods of the classes, with everything else as it usually is.
    pub fn new(classes: NamePattern, methods: NamePattern) -> Self {
        Self {
            classes,
            exclude: None,
            methods,
            loader: None,
            limit: 50,
            constructors: true,
            subclasses: None,
        }
    }

    /// Whether a method with code is meant.
    pub(crate) fn takes_method(&self, name: &str) -> bool {
        name != "<clinit>" && (self.constructors || name != "<init>") && self.methods.matches(name)
    }

    pub(crate) fn excludes(&self, class: &str) -> bool {
        self.exclude.as_ref().is_some_and(|exclude| exclude.matches(class))
    }
}

/// Something that is not observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The class, the method, or how many and one of them.
    pub what: String,
    /// Why, without a full stop.
    pub why: String,
}

/// More classes than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// How many there are.
    pub found: usize,
    /// How many are allowed.
    pub limit: usize,
}

/// What a pattern means, before anything is woven.
#[derive(Default)]
pub struct Matched {
    /// The classes of which a method is meant.
    pub classes: Vec<MatchedClass>,
    /// What is left out, and why; many of one reason are counted together.
    pub refused: Vec<Refused>,
    /// Too many classes; there are none then.
    pub over_limit: Option<OverLimit>,
    /// Classes that would have to be changed while one of their methods sits on a stack: as long as that
    /// call lasts it is interpreted, and a loop that never ends stays slow for ever.
    pub on_stack: Vec<String>,
    /// Whether weaving would be the first change of a class after a late attach, at which JDK 8 to 21
    /// throw all compiled code away.
    pub drops_compiled_code: bool,
    /// How many times the application would stand still, roughly. On JDK 17 and later once, for 10 to 18 ms;
    /// before, a stop grows with each class, so there are more of them.
    pub stops: usize,
}

/// A class.
pub struct MatchedClass {
    /// With dots.
    pub name: String,
    /// The hash of its loader in hex; `null` for the boot loader.
    pub loader: String,
    /// The methods that are meant.
    pub methods: Vec<MatchedMethod>,
    pub(crate) class: Weak<Class>,
}

/// A method with code.
#[derive(Clone, Debug)]
pub struct MatchedMethod {
    /// Its name.
    pub name: String,
    /// Its descriptor.
    pub descriptor: String,
    /// Access flags (JVMS table 4.6-A).
    pub modifiers: i32,
    /// Whether it is woven already.
    pub woven: bool,
}

impl MatchedMethod {
    /// Whether it has no `this`.
    pub fn is_static(&self) -> bool {
        self.modifiers & access_flags::STATIC != 0
    }
}

impl Matched {
    /// How many classes.
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// How many methods.
    pub fn method_count(&self) -> usize {
        self.classes.iter().map(|class| class.methods.len()).sum()
    }

    /// How many methods are woven already.
    pub fn already(&self) -> usize {
        self.classes.iter().flat_map(|class| &class.methods).filter(|method| method.woven).count()
    }

    /// How many methods would have to be woven.
    pub fn new_methods(&self) -> usize {
        self.method_count() - self.already()
    }

    /// Whether no method is meant.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }
}

/// How far a stack is looked at. A worker's loop lies near its bottom, so this is generous.
const DEPTH: usize = 512;

impl Host {
    /// What `wanted` means now. Weaves nothing.
    pub fn match_methods(&self, wanted: &Wanted) -> Result<Matched> {
        let mut matched = self.vm.with_env(|env| Walk::new(self, env)?.run(wanted))?;
        if matched.new_methods() > 0 {
            matched.drops_compiled_code = weaver::the().drops_compiled_code(self.environment);
            matched.on_stack = self.on_stack(&matched)?;
            let new = matched.classes.iter().filter(|class| class.methods.iter().any(|m| !m.woven)).count();
            matched.stops = stops(self.environment.jvmti.jdk(), self.options().batch(), new);
        }
        Ok(matched)
    }

    fn on_stack(&self, matched: &Matched) -> Result<Vec<String>> {
        let is_new = |class: &&MatchedClass| class.methods.iter().all(|method| !method.woven);
        let new: HashSet<&str> = matched.classes.iter().filter(is_new).map(|c| c.name.as_str()).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let jvmti = &self.environment.jvmti;
        let mut found: Vec<String> = self.vm.with_env(|env| -> Result<_> {
            let mut found = HashSet::new();
            for method in jvmti.methods_on_stacks(env, DEPTH)? {
                // Its class may be unloaded meanwhile.
                let Ok(class) = jvmti.method_class(env, method) else { continue };
                if let Ok(name) = jvmti.class_name(&class)
                    && new.contains(name.as_str())
                {
                    found.insert(name);
                }
            }
            Ok(found.into_iter().collect())
        })?;
        found.sort_unstable();
        Ok(found)
    }
}

/// One pass over the loaded classes.
struct Walk<'w, 'f> {
    host: &'w Host,
    env: &'w Env<'f>,
    rules: Rules,
    class_loader: Local<'f, Class>,
    loaders: Loaders<'w, 'f>,
    refused: BTreeMap<String, Vec<String>>,
}

impl<'w, 'f> Walk<'w, 'f> {
    fn new(host: &'w Host, env: &'w Env<'f>) -> Result<Self> {
        let options = host.options();
        Ok(Self {
            host,
            env,
            rules: Rules {
                unsafe_classes: options.unsafe_classes(),
                default_methods: options.default_methods(),
            },
            class_loader: env.find_class("java/lang/ClassLoader")?,
            loaders: host.loaders(env)?,
            refused: BTreeMap::new(),
        })
    }

    fn run(mut self, wanted: &Wanted) -> Result<Matched> {
        let mut matched = Matched::default();
        let mut kept = Vec::new();
        let subclasses = wanted.subclasses.unwrap_or(!self.host.options().no_subclasses());
        // Arrays have no methods.
        let named = self.host.named_classes(self.env, &wanted.classes, subclasses, false)?;
        for FoundClass { name, class } in named {
            let Some(loader) = self.permitted(wanted, &class, &name)? else { continue };
            kept.push((class, name, loader));
        }
        if kept.len() > wanted.limit {
            matched.over_limit = Some(OverLimit { found: kept.len(), limit: wanted.limit });
            return Ok(matched);
        }
        for (class, name, loader) in kept {
            let methods = self.methods(wanted, &class, &name, loader.as_ref().map(|known| &known.object))?;
            if methods.is_empty() {
                continue;
            }
            if !self.host.environment.jvmti.is_modifiable(&class)? {
                self.refuse(name, "the JVM does not let anybody change it".to_owned());
                continue;
            }
            matched.classes.push(MatchedClass {
                name,
                loader: self.loaders.hash(loader.as_deref()),
                methods,
                class: self.env.weak(&class)?,
            });
        }
        matched.classes.sort_by(|one, other| one.name.cmp(&other.name));
        matched.refused = self.refused.into_iter().map(|(why, what)| together(why, &what)).collect();
        Ok(matched)
    }

    /// The class's loader (`None` in it for the boot loader), if the class may be observed.
    #[expect(clippy::option_option, reason = "not permitted, of the boot loader, of another")]
    fn permitted(
        &mut self,
        wanted: &Wanted,
        class: &Local<'f, Class>,
        name: &str,
    ) -> Result<Option<Option<Rc<Loader<'f>>>>> {
        if wanted.excludes(name) {
            return Ok(None);
        }
        let loader = self.loaders.of(class)?;
        let is_meant = |hash: &String| self.loaders.has_hash(loader.as_deref(), hash);
        if !wanted.loader.as_ref().is_none_or(is_meant) {
            return Ok(None);
        }
        let flags = self.host.environment.jvmti.class_modifiers(class)?.0;
        let candidate = Candidate {
            name,
            loader_class: loader.as_ref().map(|loader| loader.class.as_str()),
            is_loader: self.env.is_assignable(class, &self.class_loader)?,
            is_interface: flags & access_flags::INTERFACE != 0,
            is_synthetic: flags & access_flags::SYNTHETIC != 0,
        };
        match deny::denied(&candidate, self.rules) {
            None => Ok(Some(loader)),
            Some(denied) => {
                // Nobody means a lambda's proxy by a pattern.
                if denied != Denied::Lambda {
                    self.refuse(name.to_owned(), denied.to_string());
                }
                Ok(None)
            }
        }
    }

    fn methods(
        &mut self,
        wanted: &Wanted,
        class: &Local<'f, Class>,
        name: &str,
        loader: Option<&Local<'f>>,
    ) -> Result<Vec<MatchedMethod>> {
        let jvmti = &self.host.environment.jvmti;
        if !jvmti.class_status(class)?.is_prepared() {
            // A class that was loaded and never used has no methods yet; asking for its constructors links
            // it (`JVM_GetClassDeclaredConstructors`), as changing it would.
            let descriptor = "(Z)[Ljava/lang/reflect/Constructor;";
            let linked: jvm::Result<Option<Local<'_>>> =
                self.env.call(class, "getDeclaredConstructors0", descriptor, &[jvm::Value::Bool(false)]);
            if let Err(why) = linked
                && !jvmti.class_status(class)?.is_prepared()
            {
                self.refuse(name.to_owned(), format!("it cannot be linked: {why}"));
                return Ok(Vec::new());
            }
        }
        let all = match jvmti.class_methods(class) {
            Ok(all) => all,
            Err(why) => {
                self.refuse(name.to_owned(), format!("its methods cannot be listed: {why}"));
                return Ok(Vec::new());
            }
        };
        let mut methods: Vec<MatchedMethod> = Vec::new();
        for method in all {
            if access_flags::has_code(method.modifiers) && wanted.takes_method(&method.name) {
                methods.push(MatchedMethod {
                    name: method.name,
                    descriptor: method.descriptor,
                    modifiers: method.modifiers,
                    woven: false,
                });
            }
        }
        weaver::the().mark_woven(self.env, name, class, loader, &mut methods);
        Ok(methods)
    }

    fn refuse(&mut self, what: String, why: String) {
        self.refused.entry(why).or_default().push(what);
    }
}

/// One line for all of one reason.
fn together(why: String, what: &[String]) -> Refused {
    let what = match what {
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [first, ..] => format!("{} classes, such as {first}", what.len()),
        [] => String::new(),
    };
    Refused { what, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initialisers_of_classes_are_never_meant() {
        let mut wanted = Wanted::new(NamePattern::any(), NamePattern::any());
        assert!(!wanted.takes_method("<clinit>"));
        assert!(wanted.takes_method("<init>"));
        wanted.constructors = false;
        assert!(!wanted.takes_method("<init>"));
    }

    #[test]
    fn what_is_refused_for_one_reason_is_one_line() {
        let names = ["a.A", "a.B", "a.C"].map(str::to_owned);
        assert_eq!(together(String::new(), &names).what, "3 classes, such as a.A");
        assert_eq!(together(String::new(), &names[..2]).what, "a.A and a.B");
        assert_eq!(together(String::new(), &names[..1]).what, "a.A");
    }
}
