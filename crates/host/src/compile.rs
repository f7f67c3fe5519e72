//! Source text to class files inside the application's JVM, against what a class loader of the application sees: with
//! the JDK's own compiler where there is one, with the Eclipse compiler (a Java part) on a JRE.
//!
//! Both are driven by small classes of ours that read classes as the loader's resources, but for those that are in no file
//! (`known`). No class of the application is loaded for it, and no annotation processor runs.

use std::path::Path;
use std::time::Duration;

use jvm::{Class, Env, Local, Value, Weak};
use weave::classfile::ClassFile;
use weave::rename;

use crate::Host;
use crate::class_bytes::Probes;
use crate::class_files;
use crate::class_query::{ClassQuery, FoundClass};
use crate::decompile;
use crate::error::{Error, Result};
use crate::loaders::{FoundLoader, LoaderFacts, WantedLoader};
use crate::names::NamePattern;
use crate::parts::{Glue, Jar, RESOURCE, Work};

macro_rules! glue {
    ($name:literal) => {
        Glue {
            name: concat!("oxprobe/", $name),
            file: include_bytes!(concat!("../../../java-shim/classes/parts/", $name, ".class")),
        }
    };
}

const JAVAC: &[Glue] = &[glue!("Javac"), glue!("Javac$Unit"), glue!("Sight"), RESOURCE];
const ECJ: &[Glue] = &[glue!("Ecj"), glue!("Sight"), RESOURCE];

/// How much heap must be left for a compiler, in bytes.
const HEAP: u64 = 48 << 20;

/// How long a compiler may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The newest Java that the Eclipse compiler writes class files for.
const ECJ_NEWEST: u16 = 24;

/// A source file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path, as diagnostics name it.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// What a compiler said of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// `ERROR`, `WARNING`, `MANDATORY_WARNING`, `NOTE` or `OTHER`.
    pub kind: String,
    /// The source file's path; may be empty.
    pub file: String,
    /// From 1; 0 or less where there is none.
    pub line: i64,
    /// From 1; 0 or less where there is none.
    pub column: i64,
    /// In the compiler's words.
    pub message: String,
}

/// What a compiler made.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// Names with dots, and class files; none if it failed.
    pub classes: Vec<(String, Vec<u8>)>,
    /// What it said.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether it went through.
    pub done: bool,
    /// What had to be done for it, as a sentence for the user.
    pub told: Option<String>,
}

/// What came of it, or that it cannot be told which loader is meant.
pub enum Compilation {
    /// It was compiled, or failed with diagnostics.
    Compiled(Compiled),
    /// Several loaders are of the class that was named.
    Loaders(Vec<LoaderFacts>),
}

/// How the sources are to be compiled: as the classes were that they are to replace.
#[derive(Default)]
struct Manner {
    /// The Java that the class files are for.
    target: u16,
    /// The names of parameters are kept for reflection.
    parameters: bool,
    /// The classes as they run, with dots.
    running: Vec<(String, Vec<u8>)>,
    /// Others that the compiler is given, since it finds them in no file.
    known: Vec<(String, Vec<u8>)>,
}

impl SourceFile {
    /// The class that the file is named after, with dots.
    pub fn class_name(&self) -> String {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let stem = file.strip_suffix(".java").unwrap_or(file);
        match package(&self.text) {
            "" => stem.to_owned(),
            package => format!("{package}.{stem}"),
        }
    }
}

/// The package that a source file says it is in.
fn package(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            break;
        }
    }
    let named = rest.strip_prefix("package").filter(|rest| rest.starts_with(char::is_whitespace));
    named.and_then(|rest| rest.split_once(';')).map_or("", |(name, _)| name.trim())
}

impl Host {
    /// Compiles source files. Without a loader that is named it is the one that has the class of the first file, else the
    /// system class loader. `part` brings the Eclipse compiler, where it is needed. `goes_on` says whether somebody still
    /// waits for it.
    ///
    /// # Errors
    /// No compiler, or no room for it. What is wrong in the sources is no error but in the answer.
    pub fn compile(
        &self,
        sources: &[SourceFile],
        wanted: &WantedLoader,
        part: &mut dyn FnMut(&str) -> Result<Jar>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Compilation> {
        self.vm.with_env(|env| {
            let running = self.running(env, sources, wanted)?;
            let is_named = wanted.hash.is_some() || wanted.class.is_some();
            let loader = match running.first().filter(|_| !is_named) {
                Some((_, class)) => self.environment.jvmti.class_loader(env, class)?,
                None => match self.loader(env, wanted)? {
                    FoundLoader::One(loader) => Some(loader),
                    FoundLoader::Several(loaders) => return Ok(Compilation::Loaders(loaders)),
                },
            };
            let mut manner = self.manner(env, running)?;
            let mut known = self.known(env, loader.as_ref(), sources)?;
            manner.known = std::mem::take(&mut known.classes);
            let mut compiled = self.compile_for(env, sources, loader.as_ref(), &manner, part, goes_on)?;
            let told = [compiled.told.take(), known.told()].into_iter().flatten().collect::<Vec<_>>();
            compiled.told = (!told.is_empty()).then(|| told.join(" "));
            Ok(Compilation::Compiled(compiled))
        })
    }

    /// Writes what was made below a folder, by packages. The paths.
    ///
    /// # Errors
    /// A folder or file cannot be written; those before it are.
    pub fn write_compiled(&self, folder: &Path, compiled: &Compiled) -> Result<Vec<String>> {
        let write = |(name, bytes): &(String, Vec<u8>)| {
            let file = folder.join(format!("{}.class", name.replace('.', "/")));
            let written = class_files::write(&file, bytes).map_err(|why| {
                Error::sentence(format!(
                    "{} cannot be written: {why}. `-d` names another folder of the JVM's machine.",
                    file.display()
                ))
            })?;
            Ok(written.display().to_string())
        };
        compiled.classes.iter().map(write).collect()
    }

    /// The loaded classes that the sources are named after, and those within them; where a loader is meant, its own.
    fn running<'f>(
        &self,
        env: &Env<'f>,
        sources: &[SourceFile],
        wanted: &WantedLoader,
    ) -> Result<Vec<(String, Local<'f, Class>)>> {
        let mut loaders = self.loaders(env)?;
        let mut found = Vec::new();
        for source in sources {
            let outer = source.class_name();
            let pattern = NamePattern::wildcard(&format!("{outer}*"));
            let query = ClassQuery::by_name_only(pattern, wanted.clone());
            // That several loaders may be meant is told once one is needed.
            for FoundClass { name, class } in
                self.query_classes(&mut loaders, env, &query)?.unwrap_or_default()
            {
                let rest = name.strip_prefix(&*outer);
                if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('$')) {
                    found.push((name, class));
                }
            }
        }
        Ok(found)
    }

    fn manner(&self, env: &Env<'_>, running: Vec<(String, Local<'_, Class>)>) -> Result<Manner> {
        let jdk = self.environment.jvmti.jdk();
        let mut manner = Manner { target: jdk, ..Manner::default() };
        let (names, classes): (Vec<String>, Vec<_>) = running.into_iter().unzip();
        for (name, file) in names.into_iter().zip(self.class_bytes(env, &classes, Probes::LeftOut)?) {
            let Ok(file) = file else { continue };
            let Ok(read) = ClassFile::read(&file) else { continue };
            manner.target = manner.target.min(read.major.saturating_sub(44));
            let tells = |method: &weave::classfile::Member<'_>| {
                method.attributes.iter().any(|attribute| attribute.name == b"MethodParameters")
            };
            manner.parameters |= read.methods.iter().any(tells);
            manner.running.push((name, file));
        }
        // The oldest that the compilers of this Java still write.
        let oldest = match jdk {
            20.. => 8,
            12.. => 7,
            _ => 6,
        };
        manner.target = manner.target.max(oldest);
        Ok(manner)
    }

    fn compile_for(
        &self,
        env: &Env<'_>,
        sources: &[SourceFile],
        loader: Option<&Local<'_>>,
        manner: &Manner,
        part: &mut dyn FnMut(&str) -> Result<Jar>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Compiled> {
        let jdk = self.environment.jvmti.jdk();
        let heap =
            manner.known.iter().fold(HEAP, |heap, (_, file)| heap.saturating_add(2 * file.len() as u64));
        let what = match sources {
            [one] => format!("Compiling {}", one.path),
            several => format!("Compiling {} files", several.len()),
        };
        if let Some(place) = self.compiler_place(env) {
            let options = javac_options(manner, jdk);
            let work = Work { what: &what, heap, glue: JAVAC, limit: LIMIT, goes_on };
            let (compiled, told) = self.in_part(env, &place, &work, |env, class| {
                run(env, class, loader, &manner.known, sources, &options)
            })?;
            return Ok(Compiled { told, ..compiled });
        }
        let jar = part(if jdk < 17 { "ecj8" } else { "ecj17" })?;
        let (options, place) = (ecj_options(manner), jar.place());
        let work = Work { what: &what, heap, glue: ECJ, limit: LIMIT, goes_on };
        let (mut compiled, told) = self.in_part(env, &place, &work, |env, class| {
            run(env, class, loader, &manner.known, sources, &options)
        })?;
        // It counts what it makes for lambdas otherwise than the JDK's compiler, and the JVM takes no other names.
        for (name, file) in &mut compiled.classes {
            if let Some((_, running)) = manner.running.iter().find(|(known, _)| known == name)
                && let Ok(renamed) = rename::lambdas_as_in(file, running)
            {
                *file = renamed;
            }
        }
        compiled.told = told;
        Ok(compiled)
    }

    /// Loads a class that a loader finds, without initialising it, so that it can be given other code. Whether there is one.
    pub(crate) fn load_quietly(&self, env: &Env<'_>, name: &str, loader: &Weak) -> Result<bool> {
        env.frame(16, |env| {
            let Some(loader) = loader.get(env)? else { return Ok(false) };
            let class = env.find_class("java/lang/Class")?;
            let name = env.new_string(name)?;
            let descriptor = "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;";
            let arguments = [Value::of(&name), false.into(), Value::of(&loader)];
            let found: jvm::Result<Option<Local<'_>>> =
                env.call_static(&class, "forName", descriptor, &arguments);
            Ok(found.is_ok_and(|found| found.is_some()))
        })
    }
}

fn javac_options(manner: &Manner, jdk: u16) -> Vec<String> {
    let mut options: Vec<String> = ["-proc:none", "-nowarn", "-Xlint:none", "-g"].map(str::to_owned).into();
    if manner.parameters {
        options.push("-parameters".to_owned());
    }
    if manner.target < jdk {
        for option in ["-source", "-target"] {
            options.extend([option.to_owned(), release(manner.target)]);
        }
    }
    options
}

fn ecj_options(manner: &Manner) -> Vec<String> {
    let target = release(manner.target.min(ECJ_NEWEST));
    let mut options = Vec::new();
    let mut set = |key: &str, value: &str| {
        options.extend([format!("org.eclipse.jdt.core.compiler.{key}"), value.to_owned()]);
    };
    for key in ["source", "compliance", "codegen.targetPlatform"] {
        set(key, &target);
    }
    for key in ["debug.localVariable", "debug.lineNumber", "debug.sourceFile"] {
        set(key, "generate");
    }
    if manner.parameters {
        set("codegen.methodParameters", "generate");
    }
    options
}

/// A Java as both compilers write it: `1.8`, `17`.
fn release(java: u16) -> String {
    if java < 9 { format!("1.{java}") } else { java.to_string() }
}

/// Has our class drive the compiler.
fn run(
    env: &Env<'_>,
    class: &Local<'_, Class>,
    loader: Option<&Local<'_>>,
    known: &[(String, Vec<u8>)],
    sources: &[SourceFile],
    options: &[String],
) -> Result<Compiled> {
    // JDK 8 counts from here on, and not from the frame's beginning.
    env.reserve(2 * known.len() + 64);
    let strings = env.find_class("java/lang/String")?;
    let array = |texts: &mut dyn Iterator<Item = &str>| -> jvm::Result<_> {
        let texts = texts.map(|text| env.new_string(text).map(Some)).collect::<jvm::Result<Vec<_>>>()?;
        env.new_objects(&strings, &texts)
    };
    let files = known.iter().map(|(_, file)| decompile::bytes(env, file).map(Some));
    let files = env.new_objects(&env.find_class("[B")?, &files.collect::<jvm::Result<Vec<_>>>()?)?;
    let known = array(&mut known.iter().map(|(name, _)| name.as_str()))?;
    let paths = array(&mut sources.iter().map(|source| source.path.as_str()))?;
    let texts = array(&mut sources.iter().map(|source| source.text.as_str()))?;
    let options = array(&mut options.iter().map(String::as_str))?;
    let descriptor = "(Ljava/lang/ClassLoader;[Ljava/lang/String;[[B[Ljava/lang/String;[Ljava/lang/String;\
                      [Ljava/lang/String;)[Ljava/lang/Object;";
    let arguments = [
        loader.map_or(Value::Null, Value::from),
        Value::of(&known),
        Value::of(&files),
        Value::of(&paths),
        Value::of(&texts),
        Value::of(&options),
    ];
    let made: Option<Local<'_>> = env.call_static(class, "compile", descriptor, &arguments)?;
    let nothing = || Error::sentence("The compiler gave no answer.");
    let made = made.ok_or_else(nothing)?;
    let part = |index| env.object_at(&made, index)?.ok_or_else(nothing);
    let done: bool = env.call(&part(0)?, "booleanValue", "()Z", &[])?;
    let (names, files, told) = (part(1)?, part(2)?, part(3)?);
    let mut compiled = Compiled { done, ..Compiled::default() };
    let mut words = Vec::new();
    for index in 0..env.object_count(&told)? {
        let word = env.object_at(&told, index)?.map(|word| env.string(&word)).transpose()?;
        words.push(word.unwrap_or_default());
    }
    for diagnostic in words.chunks_exact(5) {
        if let [kind, file, line, column, message] = diagnostic {
            compiled.diagnostics.push(Diagnostic {
                kind: kind.clone(),
                file: file.clone(),
                line: line.parse().unwrap_or(-1),
                column: column.parse().unwrap_or(-1),
                message: message.clone(),
            });
        }
    }
    for index in 0..env.object_count(&names)? {
        let (Some(name), Some(file)) = (env.object_at(&names, index)?, env.object_at(&files, index)?) else {
            continue;
        };
        compiled.classes.push((env.string(&name)?, env.bytes(&file)?));
    }
    compiled.classes.sort();
    Ok(compiled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_after_its_package_and_file() {
        for (text, name) in [
            ("package demo.shop ;\nclass A {}", "demo.shop.A"),
            ("// package wrong;\n/* package wrong; */ package right;", "right.A"),
            ("\u{feff}class A {}", "A"),
            ("packages x;", "A"),
        ] {
            let source = SourceFile { path: "/tmp/x/A.java".to_owned(), text: text.to_owned() };
            assert_eq!(source.class_name(), name);
        }
    }
}
