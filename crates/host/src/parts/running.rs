//! A part at work: a class loader of its own with nothing above it but the JDK, in it a small class of ours that drives
//! it, one call, and the end of all three.

use jvm::{Class, Env, Local, Value};

use super::{Jar, room};
use crate::Host;
use crate::error::{Error, MissingModule, Result};

/// A class of ours that drives a part; defined in the part's loader, so that it sees the jar's classes.
pub(crate) struct Glue {
    /// With slashes.
    pub(crate) name: &'static str,
    pub(crate) file: &'static [u8],
}

/// What a part is asked for.
pub(crate) struct Work<'a> {
    /// As the start of a sentence: `Decompiling demo.MathGame`.
    pub(crate) what: &'a str,
    /// How much heap must be left for it, in bytes.
    pub(crate) heap: u64,
    /// Those that the first one names come after it.
    pub(crate) glue: &'a [Glue],
}

impl Host {
    /// Runs `work` with the first class of the glue, on this thread. What it throws, running out of memory or of stack
    /// included, is an error that says so. The loader is closed at the end and nothing keeps it. With the answer comes a
    /// sentence for the user, where there had to be room made for it.
    pub(crate) fn in_part<R>(
        &self,
        env: &Env<'_>,
        jar: Option<&Jar>,
        asked: &Work<'_>,
        work: impl for<'g> FnOnce(&Env<'g>, &Local<'g, Class>) -> Result<R>,
    ) -> Result<(R, Option<String>)> {
        env.frame(64, |env| {
            let told_first = room::make(self, env, asked.heap, asked.what)?;
            let loader = self.part_loader(env, jar)?;
            let done = defined(env, &loader, asked.glue).and_then(|class| work(env, &class));
            if let Err(why) = env.call::<()>(&loader, "close", "()V", &[]) {
                log::warn!("a part's loader could not be closed: {why}");
            }
            done.map(|done| (done, told_first)).map_err(|why| told(why, asked.what))
        })
    }

    /// A loader that sees the jar, if there is one, and the JDK, and nothing of the application.
    fn part_loader<'f>(&self, env: &Env<'f>, jar: Option<&Jar>) -> Result<Local<'f>> {
        let url = env.find_class("java/net/URL")?;
        let mut jars = Vec::new();
        if let Some(jar) = jar {
            let text = env.new_string(&format!("file:{}", jar.path().display()))?;
            jars.push(Some(env.new_object(&url, "(Ljava/lang/String;)V", &[Value::of(&text)])?));
        }
        let urls = env.new_objects(&url, &jars)?;
        let class = env.find_class("java/net/URLClassLoader")?;
        let parent = self.jdk_loader(env)?;
        let parent = parent.as_ref().map_or(Value::Null, Value::from);
        let descriptor = "([Ljava/net/URL;Ljava/lang/ClassLoader;)V";
        Ok(env.new_object(&class, descriptor, &[Value::of(&urls), parent])?)
    }

    /// The lowest loader of the JDK's own modules; on JDK 8, where the boot loader has all, none.
    fn jdk_loader<'f>(&self, env: &Env<'f>) -> Result<Option<Local<'f>>> {
        if self.environment.jvmti.jdk() < 9 {
            return Ok(None);
        }
        let class = env.find_class("java/lang/ClassLoader")?;
        Ok(env.call_static(&class, "getPlatformClassLoader", "()Ljava/lang/ClassLoader;", &[])?)
    }
}

/// Defines the glue and gives its first class.
fn defined<'f>(env: &Env<'f>, loader: &Local<'_>, glue: &[Glue]) -> Result<Local<'f, Class>> {
    let mut first = None;
    for one in glue {
        let class = env.define_class(one.name, Some(loader), one.file)?;
        first.get_or_insert(class);
    }
    first.ok_or_else(|| Error::sentence("A part has no class that drives it."))
}

/// Whether the image has no `java.util.logging`, which CFR writes its log with.
fn lacks_logging(thrown: &jvm::Thrown) -> bool {
    let of_it = |message: &String| message.starts_with("java/util/logging/");
    thrown.class == "java.lang.NoClassDefFoundError" && thrown.message.as_ref().is_some_and(of_it)
}

/// What a part threw, said to who asked.
fn told(why: Error, what: &str) -> Error {
    match &why {
        Error::Jvm(thrown) if thrown.is_thrown("java.lang.OutOfMemoryError") => Error::sentence(format!(
            "{what} ran out of memory and was given up; the application is not touched, but it has little memory left."
        )),
        Error::Jvm(thrown) if thrown.is_thrown("java.lang.StackOverflowError") => {
            Error::sentence(format!("{what} went too deep for the stack of its thread and was given up."))
        }
        Error::Jvm(jvm::Error::Thrown(thrown)) if lacks_logging(thrown) => {
            MissingModule { module: "java.logging", what: "The decompiler" }.into()
        }
        Error::Jvm(thrown) => Error::sentence(format!("{what} failed: {thrown}.")),
        _ => why,
    }
}
