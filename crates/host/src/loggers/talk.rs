//! Talking to a framework by names of its methods, with the classes that its loader sees.

use std::rc::Rc;

use jvm::{Class, Env, Jvmti, Local, Ref, Value};

use super::{AppenderFacts, ClassOf, Outcome};
use crate::error::Result;
use crate::java;
use crate::loaders::{Loader, Loaders};

const TEXT: &str = "()Ljava/lang/String;";

/// One framework in one loader.
pub(super) struct Talk<'t, 'w, 'f> {
    pub(super) env: &'t Env<'f>,
    pub(super) jvmti: &'t Jvmti,
    pub(super) loaders: &'t mut Loaders<'w, 'f>,
    pub(super) loader: Option<Rc<Loader<'f>>>,
}

impl<'f> Talk<'_, '_, 'f> {
    /// The hash of the loader.
    pub(super) fn hash(&self) -> String {
        self.loaders.hash(self.loader.as_deref())
    }

    /// The loader as an argument.
    pub(super) fn loader_value(&self) -> Value<'_> {
        self.loader.as_ref().map_or(Value::Null, |loader| Value::of(&loader.object))
    }

    /// A class by its name with dots, as the loader sees it.
    pub(super) fn class(&self, name: &str) -> Result<Local<'f, Class>> {
        let meta = self.env.find_class("java/lang/Class")?;
        let name = self.env.new_string(name)?;
        let descriptor = "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;";
        let arguments = [Value::of(&name), Value::Bool(false), self.loader_value()];
        let found: Local<'f> = self.env.call_static(&meta, "forName", descriptor, &arguments)?;
        Ok(self.env.as_class(found)?)
    }

    /// What a getter gives.
    pub(super) fn get(&self, of: &impl Ref, getter: &str, class: &str) -> Result<Option<Local<'f>>> {
        Ok(self.env.call(of, getter, &format!("()L{class};"), &[])?)
    }

    /// What a getter gives, as text by its own `toString()`.
    pub(super) fn told(&self, of: &impl Ref, getter: &str, class: &str) -> Result<Option<String>> {
        match self.get(of, getter, class)? {
            Some(object) => Ok(java::text(self.env, &object, "toString")?),
            None => Ok(None),
        }
    }

    /// What a getter of truth gives; none where there is no such getter.
    pub(super) fn truth(&self, of: &impl Ref, getter: &str) -> Option<bool> {
        self.env.call(of, getter, "()Z", &[]).ok()
    }

    /// What a method with one text gives.
    pub(super) fn by_text(
        &self,
        of: &impl Ref,
        method: &str,
        text: &str,
        class: &str,
    ) -> Result<Option<Local<'f>>> {
        let text = self.env.new_string(text)?;
        Ok(self.env.call(of, method, &format!("(Ljava/lang/String;)L{class};"), &[Value::of(&text)])?)
    }

    /// All that an `Enumeration` or `Iterator` has.
    pub(super) fn each(
        &mut self,
        of: &impl Ref,
        mut each: impl FnMut(&mut Self, Local<'f>) -> Result<()>,
    ) -> Result<()> {
        let iterator = self.env.is_instance(of, &self.env.find_class("java/util/Iterator")?)?;
        let (more, next) = if iterator { ("hasNext", "next") } else { ("hasMoreElements", "nextElement") };
        while self.env.call::<bool>(of, more, "()Z", &[])? {
            if let Some(element) =
                self.env.call::<Option<Local<'f>>>(of, next, "()Ljava/lang/Object;", &[])?
            {
                each(self, element)?;
            }
        }
        Ok(())
    }

    /// Sets a level as log4j 1 and logback, which came after it, do; `class` is the level's, with slashes, and `levels` are
    /// those that there are.
    pub(super) fn set_level(
        &self,
        logger: &Local<'_>,
        class: &str,
        level: &str,
        levels: &'static str,
    ) -> Result<Outcome> {
        let text = self.env.new_string(level)?;
        let known = self.class(&class.replace('/', "."))?;
        let descriptor = format!("(Ljava/lang/String;L{class};)L{class};");
        let found: Option<Local<'_>> =
            self.env.call_static(&known, "toLevel", &descriptor, &[Value::of(&text), Value::Null])?;
        let Some(found) = found else { return Ok(Outcome::NoLevel(levels)) };
        let before = self.told(logger, "getLevel", class)?;
        self.env.call::<()>(logger, "setLevel", &format!("(L{class};)V"), &[Value::of(&found)])?;
        Ok(Outcome::Done(before, self.told(logger, "getLevel", class)?.unwrap_or_default()))
    }

    /// An object's class and its loader.
    pub(super) fn class_of(&mut self, object: &impl Ref) -> Result<ClassOf> {
        let class = self.env.class_of(object)?;
        let loader = self.loaders.of(&class)?;
        Ok(ClassOf {
            class: self.jvmti.class_name(&class)?,
            class_loader: loader.as_ref().map(|loader| self.loaders.text(loader)),
            class_loader_hash: self.loaders.hash(loader.as_deref()),
        })
    }

    /// Where an object's class is from, as its URL says.
    pub(super) fn code_source(&self, object: &impl Ref) -> Option<String> {
        let class = self.env.class_of(object).ok()?;
        let domain = self.get(&class, "getProtectionDomain", "java/security/ProtectionDomain").ok()??;
        let source = self.get(&domain, "getCodeSource", "java/security/CodeSource").ok()??;
        self.told(&source, "getLocation", "java/net/URL").ok()?
    }

    /// Whether an object is of one of these classes or below them, by name.
    pub(super) fn is_a(&self, object: &impl Ref, names: &[&str]) -> Result<bool> {
        let mut at = Some(self.env.class_of(object)?);
        while let Some(class) = at {
            let name = self.jvmti.class_name(&class)?;
            if names.contains(&name.as_str()) {
                return Ok(true);
            }
            at = self.env.superclass(&class)?;
        }
        Ok(false)
    }

    /// Name and class of an appender.
    pub(super) fn appender(&mut self, appender: &impl Ref) -> Result<AppenderFacts> {
        let name: Option<String> = self.env.call(appender, "getName", TEXT, &[])?;
        Ok(AppenderFacts { name, class: self.class_of(appender)?, ..AppenderFacts::default() })
    }
}
