//! Loaded classes that sources may name and that no compiler finds as files: made from bytes (by Groovy, JSP, generators of
//! code), or other than their files by now. They are given to the compiler as they run.
//!
//! Nothing is loaded, linked or initialised for it: what the loader has for a name is known by the JVM's own lists
//! (`GetClassLoaderClasses`), and a class that nobody has linked yet is left out, since only a linked one is shown. A class
//! counts as a file where its loader has a resource for it. Only where that may be another file is what runs looked at;
//! it wins where it has other members: code that is compiled against the file would fail at run time.

mod resource;
mod words;

use std::collections::HashSet;
use std::rc::Rc;

use jvm::{Class, Env, Local, mutf8};
use weave::classfile::ClassFile;

use self::resource::{Resource, Resources};
use self::words::Words;
use crate::class_bytes::Probes;
use crate::compile::SourceFile;
use crate::error::Result;
use crate::loaders::Loader;
use crate::{Host, runtime};

/// So many classes are given to a compiler, and so many bytes of them.
const MOST: usize = 512;
const LARGEST: usize = 8 << 20;

/// For so many names a loader is asked whether it has a resource.
const ASKED: usize = 4096;

/// In the loaders of so many classes, those that they mention are looked for.
const LOADERS: usize = 64;

/// Classes for a compiler.
#[derive(Default)]
pub(crate) struct Known {
    /// Names with dots, and class files.
    pub(crate) classes: Vec<(String, Vec<u8>)>,
    /// Of those the ones that their files differ from.
    differ: Vec<String>,
    /// Those that nobody has used yet.
    unlinked: Vec<String>,
    /// Those that there was no room for.
    left: Vec<String>,
    /// Why there are none.
    failed: Option<String>,
}

impl Known {
    /// What the user should know, if anything.
    pub(crate) fn told(&self) -> Option<String> {
        let mut told = Vec::new();
        if !self.differ.is_empty() {
            told.push(format!(
                "Compiled against what runs, which has other members than the class file that lies there now: {}.",
                some(&self.differ)
            ));
        }
        if !self.unlinked.is_empty() {
            told.push(format!(
                "Not seen by the compiler, since it is in no file and the application has only loaded it and not used it \
                 yet: {}.",
                some(&self.unlinked)
            ));
        }
        if !self.left.is_empty() {
            told.push(format!(
                "Not seen by the compiler, since it takes {MOST} classes and {} MB of those that are in no file: {}.",
                LARGEST >> 20,
                some(&self.left)
            ));
        }
        told.extend(self.failed.clone());
        (!told.is_empty()).then(|| told.join(" "))
    }
}

/// The first names, and how many there are more.
fn some(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(3));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    first.join(", ") + &more
}

/// A class on its way to the compiler.
struct Candidate<'f> {
    /// With slashes.
    name: String,
    class: Local<'f, Class>,
    /// Its file, where that may be another.
    file: Option<Local<'f>>,
}

impl Host {
    /// The classes that sources may name, that `loader` sees, and that it has no resource for.
    pub(crate) fn known(
        &self,
        env: &Env<'_>,
        loader: Option<&Local<'_>>,
        sources: &[SourceFile],
    ) -> Result<Known> {
        // What the boot loader has is the JDK, which compilers know by themselves.
        let Some(loader) = loader else { return Ok(Known::default()) };
        env.frame(64, |env| {
            let loader = env.local(loader)?;
            let words = Words::of(sources);
            let mut known = Known::default();
            let mut asked: HashSet<String> = HashSet::new();
            let mut resources = Resources::new(env, &loader, runtime::start_millis(env));
            let mut roots = vec![env.local(&loader)?];
            let mut seen = self.seen(env, &roots, &|name| words.may_mean(name))?;
            while !seen.is_empty() && known.failed.is_none() {
                let mut wave = Vec::new();
                for (name, class) in seen {
                    if asked.len() >= ASKED {
                        known.left.push(dotted(&name));
                        continue;
                    }
                    if !asked.insert(name.clone()) {
                        continue;
                    }
                    let file = match resources.of(&name, &class) {
                        Resource::Loaded => continue,
                        Resource::None => None,
                        Resource::Doubtful(url) => Some(url),
                    };
                    if let Some(own) = self.environment.jvmti.class_loader(env, &class)?
                        && roots.len() < LOADERS
                        && !roots.iter().any(|root| env.is_same(root, &own))
                    {
                        roots.push(own);
                    }
                    wave.push(Candidate { name, class, file });
                }
                let mentioned = self.take(env, wave, &resources, &mut known)?;
                let is_new =
                    |name: &str| mentioned.contains(name) && !asked.contains(name) && !words.is_own(name);
                seen = if mentioned.is_empty() { Vec::new() } else { self.seen(env, &roots, &is_new)? };
            }
            Ok(known)
        })
    }

    /// The classes with names (with slashes) that are wanted, as loaders and those above them have them for who has asked: of
    /// each name the first. One pass, which lets go of the others: locals are few while class files are shown.
    fn seen<'f>(
        &self,
        env: &Env<'f>,
        roots: &[Local<'f>],
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<(String, Local<'f, Class>)>> {
        let jvmti = &self.environment.jvmti;
        let mut seen: Vec<(String, Local<'f, Class>)> = Vec::new();
        let mut names: HashSet<String> = HashSet::new();
        let mut loaders = self.loaders(env)?;
        let mut met: Vec<Rc<Loader<'f>>> = Vec::new();
        for root in roots {
            let mut at = Some(loaders.met(env.local(root)?)?);
            // What is above one that was met was met, too; no ring is gone around twice.
            while let Some(loader) = at.filter(|at| !met.iter().any(|met| Rc::ptr_eq(met, at))) {
                for class in jvmti.loader_classes(env, Some(&loader.object))? {
                    // A class may be unloaded meanwhile.
                    let Ok(signature) = jvmti.class_signature(&class) else { continue };
                    let Some(name) = internal(&signature).filter(|name| wanted(name)) else { continue };
                    // The JDK's classes are known for all loaders that have asked for them.
                    if names.insert(name.to_owned()) && jvmti.class_loader(env, &class)?.is_some() {
                        seen.push((name.to_owned(), class));
                    }
                }
                at = loaders.parent(&loader)?;
                met.push(loader);
            }
        }
        Ok(seen)
    }

    /// Takes the class files of candidates, and gives the names of the classes that these mention.
    fn take<'f>(
        &self,
        env: &Env<'f>,
        mut wave: Vec<Candidate<'f>>,
        resources: &Resources<'_, 'f>,
        known: &mut Known,
    ) -> Result<HashSet<String>> {
        let jvmti = &self.environment.jvmti;
        wave.retain(|one| {
            let is_linked = jvmti.class_status(&one.class).is_ok_and(|status| status.is_prepared());
            if !is_linked && one.file.is_none() {
                known.unlinked.push(dotted(&one.name));
            }
            is_linked
        });
        let room = MOST.saturating_sub(known.classes.len()).min(wave.len());
        let left = wave.split_off(room);
        known.left.extend(left.iter().filter(|one| one.file.is_none()).map(|one| dotted(&one.name)));
        if wave.is_empty() {
            return Ok(HashSet::new());
        }
        let (names, classes): (Vec<_>, Vec<_>) =
            wave.into_iter().map(|one| ((one.name, one.file), one.class)).unzip();
        let files = match self.class_bytes(env, &classes, Probes::LeftOut) {
            Ok(files) => files,
            Err(why) => {
                known.failed = Some(why.to_string());
                return Ok(HashSet::new());
            }
        };
        let mut mentioned = HashSet::new();
        for ((name, file), bytes) in names.into_iter().zip(files) {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(why) => {
                    log::debug!("{name} is not given to the compiler: {why}");
                    continue;
                }
            };
            if let Some(url) = &file {
                if !resources.differs(url, &bytes) {
                    continue;
                }
                known.differ.push(dotted(&name));
            }
            let size: usize = known.classes.iter().map(|(_, bytes)| bytes.len()).sum();
            if size + bytes.len() > LARGEST {
                known.left.push(dotted(&name));
                continue;
            }
            if let Ok(read) = ClassFile::read(&bytes) {
                let names = weave::mentions(&read).unwrap_or_default();
                mentioned.extend(names.into_iter().map(mutf8::text));
            }
            known.classes.push((dotted(&name), bytes));
        }
        Ok(mentioned)
    }
}

/// The name with slashes of a class that a source can name: no array, and none that is hidden.
fn internal(signature: &str) -> Option<&str> {
    let name = signature.strip_prefix('L')?.strip_suffix(';')?;
    (!name.contains('.')).then_some(name)
}

fn dotted(name: &str) -> String {
    name.replace('/', ".")
}
