//! The methods that a class declares.
//!
//! Names and descriptors come from JVMTI, which loads nothing; it tells them only of linked classes, so that a class that
//! nobody has used yet is linked for it, not initialised. Exceptions and annotations come from the reflected method, for
//! which the JVM looks up the method's types by the class's loader: one that is not there is told of that method.

use jvm::{Class, ClassMethod, Field, Local, MethodId};
use serde::Serialize;

use super::annotations::Member;
use super::reflected::Reflected;
use super::{Asker, Untold, words};
use crate::class_query::{ClassQuery, FoundClass};
use crate::error::{Error, Result};
use crate::evaluation::Answer;
use crate::names::NamePattern;
use crate::{Host, access_flags};

/// A method or constructor (Arthas's `MethodVO`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodDetail {
    /// As `Class.getName` gives it.
    pub declaring_class: String,
    /// Its name; `<init>` of a constructor.
    pub method_name: String,
    /// Its descriptor.
    pub descriptor: String,
    /// Whether it is a constructor.
    pub constructor: bool,
    /// What is told only if it is asked for.
    #[serde(flatten)]
    pub more: Option<MethodMore>,
}

/// What else there is to know of a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodMore {
    /// Its modifiers, joined by commas.
    pub modifier: String,
    /// The classes of its annotations that are kept at run time.
    pub annotations: Vec<String>,
    /// The types of its parameters, arrays as `int[]`.
    pub parameters: Vec<String>,
    /// The type of its result; none of a constructor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_type: Option<String>,
    /// The exceptions that it declares.
    pub exceptions: Vec<String>,
    /// The hash of the loader of its class in hex, `null` for the boot loader.
    pub class_loader_hash: String,
}

/// Which methods are told, and how much of each.
pub struct MethodQuery {
    /// Of these classes.
    pub classes: ClassQuery,
    /// With such names; constructors are `<init>`.
    pub methods: NamePattern,
    /// Whether everything is told.
    pub details: bool,
    /// With more classes nothing is told.
    pub most: usize,
}

/// What `sm` may hear of.
pub type Told = std::result::Result<MethodDetail, Untold>;

/// A method of a class, before it is told.
pub(super) struct Declared<'f> {
    pub(super) name: String,
    pub(super) descriptor: String,
    pub(super) modifiers: i32,
    /// By which it can be reflected, where it was not found by that.
    pub(super) id: Option<MethodId>,
    pub(super) reflected: Option<Local<'f>>,
}

/// `exceptionTypes` of `java.lang.reflect.Method` and of `Constructor`.
struct Exceptions {
    of_method: Field,
    of_constructor: Field,
    /// On JDK 8.
    reflected: Option<Reflected>,
}

impl Host {
    /// Tells of each method that is meant, class by class: constructors, then methods. How many classes there are; with more
    /// than wanted nothing was told. `tell` returns whether to go on.
    ///
    /// # Errors
    /// No loader is of the class that is wanted.
    pub fn class_methods(
        &self,
        query: &MethodQuery,
        mut tell: impl FnMut(Told) -> bool,
    ) -> Result<Answer<usize>> {
        self.vm.with_env(|env| {
            let mut asker = Asker::new(self, env)?;
            let found = match self.query_classes(&mut asker.loaders, env, &query.classes)? {
                Ok(found) => found,
                Err(several) => return Ok(Err(several)),
            };
            let count = found.len();
            if count > query.most {
                return Ok(Ok(count));
            }
            let types =
                |class: &str| env.field(&env.find_class(class)?, "exceptionTypes", "[Ljava/lang/Class;");
            let exceptions = Exceptions {
                of_method: types("java/lang/reflect/Method")?,
                of_constructor: types("java/lang/reflect/Constructor")?,
                reflected: match self.environment.jvmti.jdk() {
                    8 => Some(Reflected::new(env)?),
                    _ => None,
                },
            };
            for one in &found {
                if !asker.methods(query, one, &exceptions, &mut tell)? {
                    break;
                }
            }
            Ok(Ok(count))
        })
    }
}

impl<'f> Asker<'_, 'f> {
    fn methods(
        &mut self,
        query: &MethodQuery,
        one: &FoundClass<'f>,
        exceptions: &Exceptions,
        tell: &mut impl FnMut(Told) -> bool,
    ) -> Result<bool> {
        if one.name.starts_with('[') {
            return Ok(true);
        }
        let mut all = match self.declared_methods(&one.class, exceptions) {
            Ok(all) => all,
            Err(why) => return Ok(tell(Err(Untold::of(one, &why)))),
        };
        all.retain(|method| method.name != "<clinit>" && query.methods.matches(&method.name));
        all.sort_by_key(|method| method.name != "<init>");
        let hash = match query.details && !all.is_empty() {
            true => {
                let loader = self.loaders.of(&one.class)?;
                self.loaders.hash(loader.as_deref())
            }
            false => String::new(),
        };
        for method in all {
            let more = match query.details {
                false => Ok(None),
                true => self.more(&one.class, &method, exceptions, &hash).map(Some),
            };
            let told = match more {
                Ok(more) => Ok(MethodDetail {
                    declaring_class: one.name.clone(),
                    constructor: method.name == "<init>",
                    method_name: method.name,
                    descriptor: method.descriptor,
                    more,
                }),
                Err(why) => Err(Untold::of(one, &why)),
            };
            if !tell(told) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What JVMTI tells, once the class is linked; on JDK 8 what reflection does.
    fn declared_methods(&self, class: &Local<'f, Class>, by: &Exceptions) -> Result<Vec<Declared<'f>>> {
        if let Some(by) = &by.reflected {
            return self.reflected_methods(by, class);
        }
        self.linked(class)?;
        let declared = |method: ClassMethod| Declared {
            name: method.name,
            descriptor: method.descriptor,
            modifiers: method.modifiers,
            id: Some(method.id),
            reflected: None,
        };
        Ok(self.jvmti.class_methods(class)?.into_iter().map(declared).collect())
    }

    /// Links a class, if it is not linked yet.
    pub(super) fn linked(&self, class: &Local<'f, Class>) -> jvm::Result<()> {
        if !self.jvmti.class_status(class)?.is_prepared() {
            // `JVM_GetClassDeclaredConstructors` links.
            let descriptor = "(Z)[Ljava/lang/reflect/Constructor;";
            let arguments = [jvm::Value::Bool(false)];
            let linked: jvm::Result<Option<Local<'f>>> =
                self.env.call(class, "getDeclaredConstructors0", descriptor, &arguments);
            if let Err(why) = linked
                && !self.jvmti.class_status(class)?.is_prepared()
            {
                return Err(why);
            }
        }
        Ok(())
    }

    fn more(
        &self,
        class: &Local<'f, Class>,
        method: &Declared<'f>,
        exceptions: &Exceptions,
        hash: &str,
    ) -> Result<MethodMore> {
        let is_static = method.modifiers & access_flags::STATIC != 0;
        let reflected = match (&method.reflected, method.id) {
            (Some(reflected), _) => self.env.local(reflected)?,
            (None, Some(id)) => self.env.reflected_method(class, id, is_static)?,
            (None, None) => return Err(Error::sentence("It is unknown.")),
        };
        let (kind, field) = match method.name == "<init>" {
            true => (Member::Constructor, &exceptions.of_constructor),
            false => (Member::Method, &exceptions.of_method),
        };
        let thrown: Option<Local<'f>> = field.get(self.env, &reflected)?;
        let (parameters, result) = words::signature(&method.descriptor);
        Ok(MethodMore {
            modifier: words::modifiers(method.modifiers),
            annotations: self.annotations.of_member(self.env, class, &reflected, kind)?,
            parameters,
            return_type: matches!(kind, Member::Method).then_some(result),
            exceptions: thrown.map(|thrown| self.class_names(&thrown)).transpose()?.unwrap_or_default(),
            class_loader_hash: hash.to_owned(),
        })
    }
}
