//! Which loaded class holds a text: in its string constants, the names of its methods and fields, its annotations.
//!
//! The JVM gives the constant pool of any class without a stop and without linking it (`GetConstantPool`), and all of
//! these are in it. So one pass over the pools tells which classes hold the text at all. Only of those the class file
//! is read, as it lies where the class came from, to see where the text stands; what has no file is asked of the JVM.
//! Nothing is changed, initialised, linked or loaded.

mod annotation;
mod code;
mod inside;
mod needle;
mod pool;

use jvm::{Capabilities, Capability, Class, Env, Global, Local};
use serde::Serialize;
use weave::classfile::Pool;

use crate::class_bytes::Probes;
use crate::class_source::{self, Origins};
use crate::error::Result;
use crate::{Host, NamePattern};
use inside::Inside;
use needle::words;
use pool::{Fitting, fitting, has_secret_names};

pub use needle::Needle;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The text.
    pub needle: Needle,
    /// In what.
    pub kinds: Kinds,
    /// In which classes.
    pub classes: NamePattern,
    /// Only in classes of the loader with this hash, in hex.
    pub loader: Option<String>,
    /// Also in classes of the JDK's boot and platform loaders.
    pub jdk: bool,
}

/// In what a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// String constants.
    pub strings: bool,
    /// Names of declared methods.
    pub methods: bool,
    /// Names of declared fields.
    pub fields: bool,
    /// Annotations: names of their types and elements, and values.
    pub annotations: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A string constant.
    String,
    /// A method's name.
    Method,
    /// A field's name.
    Field,
    /// An annotation.
    Annotation,
    /// A constant of which is not known what it is: no class file is to be had, and the class has annotations or is not linked.
    Constant,
}

/// One find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What it is.
    #[serde(rename = "in")]
    pub kind: Kind,
    /// The text; of a long one a stretch.
    pub text: String,
    /// The method, with its descriptor, or the field; none where it is the class, or not known.
    #[serde(rename = "member", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A class that holds the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundClass {
    /// With dots.
    pub class_name: String,
    /// The hash of its loader in hex; `null` for the boot loader.
    pub class_loader_hash: String,
    /// What was found.
    pub found: Vec<Found>,
}

/// How far a search went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Searched {
    /// Classes that were looked at.
    pub classes: usize,
    /// Classes of the JDK that were left out.
    pub jdk_classes: usize,
    /// Bytes of their constants.
    pub bytes: u64,
}

/// The JVM is asked for no more class files than this in one search.
const MOST_SHOWN: usize = 500;

/// Whether a search goes on.
pub type GoesOn = bool;

/// A class that waits.
struct Later {
    class: Global<Class>,
    name: String,
    /// Of its loader.
    hash: String,
}

/// What the JVM has of one class.
struct Look<'a, 'f> {
    origins: &'a Origins,
    class: &'a Local<'f, Class>,
    name: &'a str,
    of_boot: bool,
}

impl Host {
    /// Looks for a text. Each class in which it is found is told at once; `told` says whether to go on, as `goes_on` does
    /// where nothing is found for long.
    pub fn search(
        &self,
        search: &Search,
        goes_on: &dyn Fn() -> GoesOn,
        told: &mut dyn FnMut(FoundClass) -> GoesOn,
    ) -> Result<Searched> {
        let wanted = [Capability::GetConstantPool, Capability::GetBytecodes];
        self.environment.ensure(wanted.into_iter().collect::<Capabilities>())?;
        let jvmti = &self.environment.jvmti;
        let mut searched = Searched::default();
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let origins = Origins::new(env)?;
            // The JVM is asked for class files at the end, when no references to all classes are held any more.
            let mut later: Vec<Later> = Vec::new();
            for class in jvmti.loaded_classes(env)? {
                if !goes_on() {
                    return Ok(searched);
                }
                // A class may be unloaded meanwhile. Arrays hold no text.
                let Ok(name) = jvmti.class_name(&class) else { continue };
                if name.starts_with('[') || !search.classes.matches(&name) {
                    continue;
                }
                let Ok(loader) = loaders.of(&class) else { continue };
                match &search.loader {
                    Some(only) if !loaders.has_hash(loader.as_deref(), only) => continue,
                    None if !search.jdk && loader.as_ref().is_none_or(|loader| is_jdks(&loader.class)) => {
                        searched.jdk_classes += 1;
                        continue;
                    }
                    _ => {}
                }
                searched.classes += 1;
                let of_boot = loader.is_none();
                let look = Look { origins: &origins, class: &class, name: &name, of_boot };
                let may_wait = later.len() < MOST_SHOWN;
                let Some(found) = self.search_class(env, search, &look, may_wait, &mut searched)? else {
                    let hash = loaders.hash(loader.as_deref());
                    later.push(Later { class: env.global(&class)?, name, hash });
                    continue;
                };
                if found.is_empty() {
                    continue;
                }
                let class_loader_hash = loaders.hash(loader.as_deref());
                if !told(FoundClass { class_name: name, class_loader_hash, found }) {
                    return Ok(searched);
                }
            }
            for Later { class, name, hash } in later {
                if !goes_on() {
                    break;
                }
                let found = env.frame(32, |env| {
                    let class = class.local(env)?;
                    let look = Look { origins: &origins, class: &class, name: &name, of_boot: false };
                    self.search_shown(env, search, &look, &mut searched)
                })?;
                if !found.is_empty() && !told(FoundClass { class_name: name, class_loader_hash: hash, found })
                {
                    break;
                }
            }
            Ok(searched)
        })
    }

    /// What a class has of the text. None where it has it, but in a class file that only the JVM has, and that may wait.
    fn search_class(
        &self,
        env: &Env<'_>,
        search: &Search,
        look: &Look<'_, '_>,
        may_wait: bool,
        searched: &mut Searched,
    ) -> Result<Option<Vec<Found>>> {
        let jvmti = &self.environment.jvmti;
        // Primitive types have none, and a class may be unloaded meanwhile.
        let Ok((count, bytes)) = jvmti.constant_pool(look.class) else { return Ok(Some(Vec::new())) };
        searched.bytes += bytes.len() as u64;
        if !search.needle.may_be_in(&bytes) {
            return Ok(Some(Vec::new()));
        }
        let mut whole = u16::try_from(count).unwrap_or(0).to_be_bytes().to_vec();
        whole.extend(bytes);
        let Ok(pool) = Pool::read(&whole, 0) else { return Ok(Some(Vec::new())) };
        let Some(fitting) = fitting(&pool, search) else { return Ok(Some(Vec::new())) };
        let file = class_source::class_file(env, look.origins, look.class, look.name, look.of_boot)?;
        let is_linked = || jvmti.class_status(look.class).is_ok_and(|status| status.is_prepared());
        if file.is_none() && may_wait && is_linked() {
            return Ok(None);
        }
        Ok(Some(self.look_into(env, search, look, (&pool, fitting), file.as_deref())))
    }

    /// The same of a class that has waited: by its class file as the JVM shows it to who changes classes. Other agents look
    /// at the class then, too.
    fn search_shown(
        &self,
        env: &Env<'_>,
        search: &Search,
        look: &Look<'_, '_>,
        searched: &mut Searched,
    ) -> Result<Vec<Found>> {
        let class = env.local(look.class)?;
        // Where somebody else changes classes for long, the JVM's other answers must do.
        let shown = self.class_bytes(env, std::slice::from_ref(&class), Probes::LeftOut);
        let shown = shown.ok().and_then(|mut shown| shown.pop());
        match shown {
            Some(Ok(file)) => {
                let redaction = self.options().redaction();
                let mut inside = Inside::new(&search.needle, search.kinds, &redaction);
                let walked = inside.walk(&file);
                walked.inspect_err(|why| log::debug!("{}: {why}", look.name)).ok();
                Ok(inside.found)
            }
            _ => Ok(self.search_class(env, search, look, false, searched)?.unwrap_or_default()),
        }
    }

    fn look_into(
        &self,
        env: &Env<'_>,
        search: &Search,
        look: &Look<'_, '_>,
        (pool, Fitting { strings, others }): (&Pool<'_>, Fitting),
        file: Option<&[u8]>,
    ) -> Vec<Found> {
        let redaction = self.options().redaction();
        let mut inside = Inside::new(&search.needle, search.kinds, &redaction);
        let read = file.is_some_and(|file| inside.walk(file).is_ok());
        if !read {
            // Which strings are the constants of which fields nobody tells: where a name sounds like a secret, each may be.
            if has_secret_names(pool, &redaction) {
                inside.kinds.strings = false;
            }
            self.ask_jvm(env, look, pool, &others, &mut inside);
        }
        // What was changed since it lay in the file is in the JVM alone.
        for text in strings {
            inside.unplaced(&text);
        }
        inside.found
    }

    /// What the JVM says of a class whose file is not to be had.
    fn ask_jvm(
        &self,
        env: &Env<'_>,
        look: &Look<'_, '_>,
        pool: &Pool<'_>,
        others: &[String],
        inside: &mut Inside<'_>,
    ) {
        let jvmti = &self.environment.jvmti;
        // A class that is not prepared tells none yet, and is not made to by looking.
        let listed = jvmti.class_methods(look.class);
        let is_prepared = listed.is_ok();
        let methods = listed.unwrap_or_default();
        let mut loaded = Vec::new();
        for method in &methods {
            let place = format!("{}{}", method.name, method.descriptor);
            inside.name(Kind::Method, &method.name, &place);
            let code = jvmti.bytecodes(method.id).unwrap_or_default();
            for one in code::strings(&code, pool, &[], inside.redaction).unwrap_or_default() {
                let Ok(text) = pool.string(one.index) else { continue };
                match one.secret {
                    true => inside.keep_secret(&words(text)),
                    false => loaded.push((words(text).into_owned(), place.clone())),
                }
            }
        }
        for (text, place) in loaded {
            inside.placed(&text, &place);
        }
        for field in jvmti.field_names(look.class).unwrap_or_default() {
            inside.name(Kind::Field, &field, &field);
        }
        if inside.kinds.annotations {
            // `Class.getRawAnnotations` copies bytes: no annotation's class is loaded.
            let raw: jvm::Result<Option<Local<'_>>> = env.call(look.class, "getRawAnnotations", "()[B", &[]);
            if let Ok(Some(raw)) = raw
                && let Ok(raw) = env.bytes(&raw)
                && let Err(why) = inside.of_class(pool, &raw)
            {
                log::debug!("annotations of {}: {why}", look.name);
            }
        }
        let mut constants = (1..pool.count()).filter_map(|at| pool.utf8(u16::try_from(at).ok()?).ok());
        let may_be_annotation =
            inside.kinds.annotations && constants.any(|name| name == b"RuntimeVisibleAnnotations");
        if is_prepared && !may_be_annotation {
            return;
        }
        let told: Vec<String> = inside.found.iter().map(|found| found.text.clone()).collect();
        for text in others.iter().filter(|text| !told.iter().any(|told| told.contains(text.as_str()))) {
            let text = inside.redaction.scrub(text).into_owned();
            inside.tell(Found { kind: Kind::Constant, text, place: None });
        }
    }
}

/// Whether loaders of this class have only classes of the JDK, or such as it has made for itself.
fn is_jdks(class: &str) -> bool {
    class.ends_with(".ClassLoaders$PlatformClassLoader")
        || class == "sun.misc.Launcher$ExtClassLoader"
        || class.ends_with(".reflect.DelegatingClassLoader")
}
