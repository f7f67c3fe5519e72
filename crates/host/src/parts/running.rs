//! A part at work: a class loader of its own with nothing above it but the JDK, in it a small class of ours that drives
//! it, one call, and the end of all three. Whoever waits for it may end it in the middle.

use std::time::Duration;

use jvm::{Class, Env, Local, Value, part};

use super::ending::Ending;
use super::room;
use crate::Host;
use crate::error::{Error, MissingModule, Result};

/// Defines the others.
const ROOM: Glue =
    Glue { name: "oxprobe/Room", file: include_bytes!("../../../../java-shim/classes/parts/Room.class") };

/// What all of them ask whether to go on.
const ENDED: Glue =
    Glue { name: "oxprobe/Ended", file: include_bytes!("../../../../java-shim/classes/parts/Ended.class") };

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
    /// How long it may take.
    pub(crate) limit: Duration,
    /// Whether somebody still waits for it.
    pub(crate) goes_on: &'a dyn Fn() -> bool,
}

impl Host {
    /// Runs `work` with the first class of the glue, on this thread, in a loader that sees what is at `place`: the path of a
    /// jar, or what [`Host::compiler_place`] gave. What it throws, running out of memory or of stack
    /// included, is an error that says so. The loader is closed at the end and nothing keeps it. With the answer comes a
    /// sentence for the user, where there had to be room made for it.
    pub(crate) fn in_part<R>(
        &self,
        env: &Env<'_>,
        place: &str,
        asked: &Work<'_>,
        work: impl for<'g> FnOnce(&Env<'g>, &Local<'g, Class>) -> Result<R>,
    ) -> Result<(R, Option<String>)> {
        env.frame(64, |env| {
            let told_first = room::make(self, env, asked.heap, asked.what)?;
            let ending = Ending::new(asked.limit, asked.goes_on);
            let loader = self.part_loader(env, place)?;
            let done =
                part::kept(&ending, || defined(env, &loader, asked.glue).and_then(|class| work(env, &class)));
            if let Err(why) = env.call::<()>(&loader, "close", "()V", &[]) {
                log::warn!("a part's loader could not be closed: {why}");
            }
            // What it said after it was told to end may be half the truth.
            ending.told(asked.what)?;
            done.map(|done| (done, told_first)).map_err(|why| told(why, asked.what))
        })
    }

    /// Where the JDK's own compiler lies, if this Java has one.
    pub(crate) fn compiler_place(&self, env: &Env<'_>) -> Option<String> {
        let place: jvm::Result<Option<String>> = env.frame(16, |env| {
            let room = Self::room(env, self.jdk_loader(env)?.as_ref())?;
            env.call_static(&room, "compiler", "()Ljava/lang/String;", &[])
        });
        place.inspect_err(|why| log::info!("the JDK's compiler was not looked for: {why}")).ok().flatten()
    }

    /// A loader that sees what is at `place` and the JDK, and nothing of the application.
    fn part_loader<'f>(&self, env: &Env<'f>, place: &str) -> Result<Local<'f>> {
        let parent = self.jdk_loader(env)?;
        let room = Self::room(env, parent.as_ref())?;
        let place = env.new_string(place)?;
        let arguments = [Value::of(&place), Value::of_option(parent.as_ref())];
        Ok(env.new_object(&room, "(Ljava/lang/String;Ljava/lang/ClassLoader;)V", &arguments)?)
    }

    /// The class of such loaders, in a loader that has nothing else.
    fn room<'f>(env: &Env<'f>, parent: Option<&Local<'_>>) -> jvm::Result<Local<'f, Class>> {
        let urls = env.new_objects::<Local<'_>>(&env.find_class("java/net/URL")?, &[])?;
        let class = env.find_class("java/net/URLClassLoader")?;
        let arguments = [Value::of(&urls), Value::of_option(parent)];
        let outer = env.new_object(&class, "([Ljava/net/URL;Ljava/lang/ClassLoader;)V", &arguments)?;
        let room = env.define_class(ROOM.name, Some(&outer), ROOM.file)?;
        env.bind_changed(&room)?;
        Ok(room)
    }

    /// The lowest loader of the JDK's own modules; on JDK 8, where the boot loader has all, none.
    fn jdk_loader<'f>(&self, env: &Env<'f>) -> jvm::Result<Option<Local<'f>>> {
        if self.environment.jvmti.jdk() < 9 {
            return Ok(None);
        }
        let class = env.find_class("java/lang/ClassLoader")?;
        env.call_static(&class, "getPlatformClassLoader", "()Ljava/lang/ClassLoader;", &[])
    }
}

/// Defines the glue and gives its first class.
fn defined<'f>(env: &Env<'f>, loader: &Local<'_>, glue: &[Glue]) -> Result<Local<'f, Class>> {
    let ended = env.define_class(ENDED.name, Some(loader), ENDED.file)?;
    env.bind_goes_on(&ended)?;
    // While there is stack left: a class whose initialiser has failed stays broken.
    env.call_static::<()>(&ended, "look", "()V", &[])?;
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
