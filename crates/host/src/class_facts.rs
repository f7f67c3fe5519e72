//! What a class says of itself, as `sc` shows it: Arthas's `ClassVO` and `ClassDetailVO`.
//!
//! Asked of JVMTI and JNI, and where these do not tell, of native methods of `java.lang.Class` that only read what the JVM
//! has. No class is initialised or linked, no code of the application runs but what a loader of its own says of itself, and
//! annotations are read as bytes: their classes need not be there. Only a nested class whose outer class is not loaded yet
//! makes its loader load that (`Class.getDeclaringClass0`).

mod annotations;
mod fields;
mod methods;
mod nesting;
mod reflected;
mod words;

use jvm::{Class, Env, Field, Jvmti, Local, Method};
use serde::Serialize;

use crate::class_query::{ClassQuery, FoundClass};
use crate::class_source::Origins;
use crate::error::{Error, Result};
use crate::evaluation::Answer;
use crate::loaders::Loaders;
use crate::{Host, access_flags};

pub use fields::{FieldFacts, StaticValue};
pub use methods::{MethodDetail, MethodMore, MethodQuery, Told};
pub(crate) use words::type_name;

/// A class and its loaders (Arthas's `ClassVO`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassName {
    /// With dots; arrays as `int[]`.
    pub name: String,
    /// What `toString()` says of its loader and those above it; none for the boot loader.
    pub classloader: Vec<String>,
    /// The hash of its loader in hex, `null` for the boot loader.
    pub class_loader_hash: String,
}

/// All there is to know of a class (Arthas's `ClassDetailVO`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the API's names")]
pub struct ClassDetail {
    /// With dots; arrays as `int[]`.
    pub name: String,
    /// The name again.
    pub class_info: String,
    /// The path in the URL of its code source; empty where there is none, as of the JDK's core.
    pub code_source: String,
    /// It is an interface; annotations are, too.
    pub interface: bool,
    /// It is an annotation.
    pub annotation: bool,
    /// It is an enum.
    pub r#enum: bool,
    /// It has no name in the source.
    pub anonymous_class: bool,
    /// It is an array.
    pub array: bool,
    /// It is declared in a method.
    pub local_class: bool,
    /// It is declared in a class.
    pub member_class: bool,
    /// It stands for a primitive type; no loaded class does.
    pub primitive: bool,
    /// The compiler or the JVM made it.
    pub synthetic: bool,
    /// Its name in the source; empty if it is anonymous.
    pub simple_name: String,
    /// Its modifiers, joined by commas.
    pub modifier: String,
    /// The classes of its annotations that are kept at run time.
    pub annotations: Vec<String>,
    /// The interfaces that it names.
    pub interfaces: Vec<String>,
    /// The classes above it, the nearest first.
    pub super_class: Vec<String>,
    /// See [`ClassName::classloader`].
    pub classloader: Vec<String>,
    /// See [`ClassName::class_loader_hash`].
    pub class_loader_hash: String,
    /// Its own fields, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldFacts>>,
}

/// A class of which something cannot be told.
pub struct Untold {
    /// The class.
    pub class: String,
    /// Why: the exception, as Java writes it, or a sentence.
    pub why: String,
}

impl Untold {
    fn of(one: &FoundClass<'_>, why: &Error) -> Self {
        let why = match why {
            Error::Jvm(jvm::Error::Thrown(thrown)) => match &thrown.message {
                Some(message) => format!("{}: {message}", thrown.class),
                None => thrown.class.clone(),
            },
            other => other.to_string(),
        };
        Self { class: one.name.clone(), why }
    }
}

/// Asks classes of one question.
pub(crate) struct Asker<'w, 'f> {
    pub(crate) env: &'w Env<'f>,
    pub(crate) jvmti: &'w Jvmti,
    pub(crate) loaders: Loaders<'w, 'f>,
    nesting: nesting::Nesting,
    annotations: annotations::Annotations,
    interfaces: Method,
    origins: Origins,
    file: Field,
}

impl Host {
    /// The names of the classes that are meant, as `Class.getName` gives them, in order.
    ///
    /// # Errors
    /// No loader is of the class or text that are wanted.
    pub fn class_names_of(&self, query: &ClassQuery) -> Result<Answer<Vec<String>>> {
        self.vm.with_env(|env| {
            let found = self.query_classes(&mut self.loaders(env)?, env, query)?;
            Ok(found.map(|found| found.into_iter().map(|one| one.name).collect()))
        })
    }

    /// Tells of each class that is meant, by name, in order. `most`: with more of them none is told, and how many there are
    /// is returned. `tell` returns whether to go on.
    ///
    /// # Errors
    /// As [`class_names_of`](Self::class_names_of).
    pub fn class_details(
        &self,
        query: &ClassQuery,
        fields: Option<u32>,
        most: usize,
        mut tell: impl FnMut(std::result::Result<ClassDetail, Untold>) -> bool,
    ) -> Result<Answer<usize>> {
        self.vm.with_env(|env| {
            let mut asker = Asker::new(self, env)?;
            let found = match self.query_classes(&mut asker.loaders, env, query)? {
                Ok(found) => found,
                Err(several) => return Ok(Err(several)),
            };
            let count = found.len();
            if count > most {
                return Ok(Ok(count));
            }
            for one in found {
                let mut detail = asker.detail(&one);
                if let (Ok(detail), Some(depth)) = (&mut detail, fields) {
                    match asker.fields(self, &one, depth) {
                        Ok(fields) => detail.fields = Some(fields),
                        Err(why) if !tell(Err(Untold::of(&one, &why))) => break,
                        Err(_) => {}
                    }
                }
                if !tell(detail.map_err(|why| Untold::of(&one, &why))) {
                    break;
                }
            }
            Ok(Ok(count))
        })
    }
}

impl ClassName {
    pub(crate) fn of<'f>(loaders: &mut Loaders<'_, 'f>, one: &FoundClass<'f>) -> Result<Self> {
        let loader = loaders.of(&one.class)?;
        Ok(Self {
            name: type_name(&one.name),
            classloader: loaders.chain(loader.as_ref())?,
            class_loader_hash: loaders.hash(loader.as_deref()),
        })
    }
}

impl<'w, 'f> Asker<'w, 'f> {
    pub(crate) fn new(host: &'w Host, env: &'w Env<'f>) -> Result<Self> {
        let meta = env.find_class("java/lang/Class")?;
        let url = env.find_class("java/net/URL")?;
        Ok(Self {
            env,
            jvmti: &host.environment.jvmti,
            loaders: host.loaders(env)?,
            nesting: nesting::Nesting::new(env, &meta)?,
            annotations: annotations::Annotations::new(env, &meta)?,
            interfaces: env.method(&meta, "getInterfaces0", "()[Ljava/lang/Class;")?,
            origins: Origins::new(env)?,
            file: env.field(&url, "file", "Ljava/lang/String;")?,
        })
    }

    /// All but the fields.
    pub(crate) fn detail(&mut self, one: &FoundClass<'f>) -> Result<ClassDetail> {
        let ClassName { name, classloader, class_loader_hash } = ClassName::of(&mut self.loaders, one)?;
        let class = &one.class;
        let flags = self.jvmti.class_modifiers(class)?.0;
        let array = one.name.starts_with('[');
        let above = self.above(class)?;
        let nested = self.nesting.of(self.env, self.jvmti, class, &one.name)?;
        let is_enum = above.first().is_some_and(|above| above == "java.lang.Enum");
        Ok(ClassDetail {
            class_info: name.clone(),
            code_source: self.code_source(class)?.unwrap_or_default(),
            interface: flags & access_flags::INTERFACE != 0,
            annotation: flags & access_flags::ANNOTATION != 0,
            r#enum: flags & access_flags::ENUM != 0 && is_enum,
            anonymous_class: nested.anonymous,
            array,
            local_class: nested.local,
            member_class: nested.member,
            primitive: false,
            synthetic: flags & access_flags::SYNTHETIC != 0,
            simple_name: nested.simple_name,
            // `ACC_SUPER`, which JVMTI tells, is no modifier; of a method it would be `synchronized`.
            modifier: words::modifiers(flags & !access_flags::SUPER),
            annotations: self.annotations.of_class(self.env, class)?,
            interfaces: self.interfaces(class, array)?,
            super_class: above,
            fields: None,
            name,
            classloader,
            class_loader_hash,
        })
    }

    /// The classes above one, the nearest first.
    fn above(&self, class: &Local<'f, Class>) -> Result<Vec<String>> {
        let mut all = Vec::new();
        let mut at = self.env.superclass(class)?;
        while let Some(class) = at {
            all.push(self.jvmti.class_name(&class)?);
            at = self.env.superclass(&class)?;
        }
        Ok(all)
    }

    fn interfaces(&self, class: &Local<'f, Class>, array: bool) -> Result<Vec<String>> {
        let name = |interface: &Local<'_, Class>| self.jvmti.class_name(interface);
        // JVMTI tells none of an array, and none of a class that is not linked yet.
        if !array && let Ok(all) = self.jvmti.interfaces(self.env, class) {
            return Ok(all.iter().map(name).collect::<jvm::Result<_>>()?);
        }
        let array: Local<'f> = self.interfaces.call(self.env, class, &[])?;
        self.class_names(&array)
    }

    /// The names of the classes in an array.
    fn class_names(&self, array: &Local<'f>) -> Result<Vec<String>> {
        let mut names = Vec::new();
        self.env.each_object(array, |env, _, class| -> Result<()> {
            names.push(type_name(&self.jvmti.class_name(&env.as_class(class)?)?));
            Ok(())
        })?;
        Ok(names)
    }

    /// The path of the code source's URL.
    fn code_source(&self, class: &Local<'f, Class>) -> Result<Option<String>> {
        let Some(location) = self.origins.of_class(self.env, class)? else { return Ok(None) };
        Ok(self.file.get(self.env, &location)?)
    }
}
