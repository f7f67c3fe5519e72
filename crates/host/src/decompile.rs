//! The Java source of class files, as CFR makes it: a Java part, driven by a small class of ours.

use std::time::Duration;

use jvm::{Class, Env, Local, Value};

use crate::Host;
use crate::error::{Error, Result};
use crate::parts::{Glue, Jar, RESOURCE, Work};

const GLUE: &[Glue] = &[
    Glue {
        name: "oxprobe/Decompiler",
        file: include_bytes!("../../../java-shim/classes/parts/Decompiler.class"),
    },
    RESOURCE,
    Glue {
        name: "org/benf/cfr/reader/util/output/LoggerFactory",
        file: include_bytes!("../../../java-shim/classes/parts/LoggerFactory.class"),
    },
];

/// How long CFR may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What CFR needs at least, its own classes' tables included, and so much more for each byte of the class files.
const HEAP: u64 = 24 << 20;
const HEAP_PER_BYTE: u64 = 200;

/// A class file by the class's name with slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// With slashes.
    pub name: String,
    /// The class file.
    pub bytes: Vec<u8>,
}

/// How source is to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// Only methods of this name.
    pub method: Option<&'a str>,
    /// Characters beyond ASCII are written as `\u` escapes.
    pub hide_unicode: bool,
}

/// What CFR made of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its text; lines end in a line feed.
    pub text: String,
    /// Lines of the text, from 1, and the lines of the original source they come from; ordered, each text line once.
    pub lines: Vec<(u32, u32)>,
    /// What had to be done for it, as a sentence for the user.
    pub told: Option<String>,
}

impl Host {
    /// The source of the first of these class files; the others belong to it. What else CFR asks for it gets as resources
    /// of `loader`.
    ///
    /// # Errors
    /// There is no room for it, it took too long, or CFR failed.
    pub(crate) fn decompiled(
        &self,
        env: &Env<'_>,
        jar: &Jar,
        files: &[Named],
        loader: Option<&Local<'_>>,
        style: Style<'_>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Source> {
        let Some(first) = files.first() else { return Err(Error::sentence("There is no class file.")) };
        let what = format!("Decompiling {}", first.name.replace('/', "."));
        let length: usize = files.iter().map(|file| file.bytes.len()).sum();
        let heap = HEAP.saturating_add(HEAP_PER_BYTE.saturating_mul(length as u64));
        let work = Work { what: &what, heap, glue: GLUE, limit: LIMIT, goes_on };
        let (source, told) = self.in_part(env, &jar.place(), &work, |env, class| {
            let strings = env.find_class("java/lang/String")?;
            let names = files.iter().map(|file| env.new_string(&file.name).map(Some));
            let names = env.new_objects(&strings, &names.collect::<jvm::Result<Vec<_>>>()?)?;
            let bytes = files.iter().map(|file| bytes(env, &file.bytes).map(Some));
            let bytes = env.new_objects(&env.find_class("[B")?, &bytes.collect::<jvm::Result<Vec<_>>>()?)?;
            let options = options(style).into_iter().map(|option| env.new_string(option).map(Some));
            let options = env.new_objects(&strings, &options.collect::<jvm::Result<Vec<_>>>()?)?;
            let arguments = [
                loader.map_or(Value::Null, Value::from),
                Value::of(&names),
                Value::of(&bytes),
                Value::of(&options),
            ];
            source(env, &decompile(env, class, &arguments)?)
        })?;
        Ok(Source { told, ..source })
    }
}

/// What CFR is told of it: names and values in turns.
pub(crate) fn options(style: Style<'_>) -> Vec<&str> {
    let hide = if style.hide_unicode { "true" } else { "false" };
    let mut options = vec!["showversion", "false", "trackbytecodeloc", "true", "hideutf", hide];
    options.extend(style.method.into_iter().flat_map(|method| ["methodname", method]));
    options
}

fn decompile<'f>(env: &Env<'f>, class: &Local<'_, Class>, arguments: &[Value<'_>]) -> Result<Local<'f>> {
    let descriptor = "(Ljava/lang/ClassLoader;[Ljava/lang/String;[[B[Ljava/lang/String;)[Ljava/lang/Object;";
    Ok(env.call_static(class, "decompile", descriptor, arguments)?)
}

pub(crate) fn bytes<'f>(env: &Env<'f>, bytes: &[u8]) -> jvm::Result<Local<'f>> {
    let signed: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
    env.new_array(&signed)
}

/// What our class gives back: the text and an `int[]` of lines in pairs.
fn source(env: &Env<'_>, made: &Local<'_>) -> Result<Source> {
    let part = |index| {
        let missing = || Error::sentence("CFR gave no source.");
        env.object_at(made, index)?.ok_or_else(missing)
    };
    let text = env.string(&part(0)?)?;
    let lines = lines(&env.elements::<i32>(&part(1)?)?);
    Ok(Source { text, lines, told: None })
}

/// The lines of a [`Source`], of a line of it and one of the original in turns.
pub(crate) fn lines(pairs: &[i32]) -> Vec<(u32, u32)> {
    let line = |number: Option<&i32>| number.and_then(|number| u32::try_from(*number).ok());
    let pairs = pairs.chunks_exact(2);
    let mut lines: Vec<(u32, u32)> =
        pairs.filter_map(|pair| Some((line(pair.first())?, line(pair.last())?))).collect();
    // CFR tells several of one line where lambdas are in it, in an order that changes from run to run: the first counts.
    lines.sort_unstable();
    lines.dedup_by_key(|(made, _)| *made);
    lines
}
