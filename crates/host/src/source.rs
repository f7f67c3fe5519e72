//! The source of a loaded class as it runs now: which class is meant, its bytes, those of the classes within it, and what
//! CFR makes of them.

use std::path::{Path, PathBuf};

use jvm::{Class, Env, Local, Weak};
use weave::classfile::{ClassFile, Malformed};

use crate::Host;
use crate::class_bytes::Probes;
use crate::class_facts::{Asker, ClassName};
use crate::class_files::{place, write};
use crate::class_query::{ClassQuery, FoundClass};
use crate::decompile::{Named, Source, Style};
use crate::error::{Error, Result};
use crate::evaluation::Answer;
use crate::parts::Jar;

/// So many classes within one are looked at.
const MOST: usize = 1_000;

/// A class and what it is made of now.
pub struct ClassFiles {
    /// Which one it is.
    pub class: ClassName,
    /// The path of its code source; empty where it has none, as the JDK's core.
    pub location: String,
    /// Its class file, then those of the loaded classes within it.
    pub(crate) files: Vec<Named>,
    /// Where each is written, below a folder.
    places: Vec<PathBuf>,
    mirror: Weak<Class>,
}

impl ClassFiles {
    /// The byte code of the class as text, like that of `javap -c -v`; with `method` only methods of this name.
    ///
    /// # Errors
    /// What the JVM has shown is no class file.
    pub fn listing(&self, method: Option<&str>) -> Result<String> {
        let Some(file) = self.files.first() else { return Err(Error::sentence("There is no class file.")) };
        weave::listing(&file.bytes, method).map_err(|why| self.unreadable(&why))
    }

    /// Whether the class has a method of this name; constructors are `<init>`.
    ///
    /// # Errors
    /// What the JVM has shown is no class file.
    pub fn has_method(&self, name: &str) -> Result<bool> {
        let Some(file) = self.files.first() else { return Ok(false) };
        let class = ClassFile::read(&file.bytes).map_err(|why| self.unreadable(&why))?;
        Ok(class.methods.iter().any(|method| method.name == name.as_bytes()))
    }

    fn unreadable(&self, why: &Malformed) -> Error {
        Error::sentence(format!("The code of {} cannot be read: {why}.", self.class.name))
    }

    /// Writes all class files below a folder, by loader and package, and replaces what is there.
    ///
    /// # Errors
    /// One cannot be written; those before it are there.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (file, place) in self.files.iter().zip(&self.places) {
            let path = folder.join(place);
            write(&path, &file.bytes).map_err(|why| {
                Error::sentence(format!(
                    "jad: fail to dump class file for decompiler, make sure you have write permission: {} ({why}).",
                    path.display()
                ))
            })?;
        }
        Ok(())
    }
}

impl Host {
    /// The class files of the one class that is meant and, where `within` says so, of the classes within it (`Name$*` of
    /// its loader).
    ///
    /// # Errors
    /// The JVM does not show it: hidden classes, classes of lambdas, arrays.
    pub fn class_files(
        &self,
        query: &ClassQuery,
        probes: Probes,
        within: bool,
    ) -> Result<Answer<ClassFiles>> {
        self.vm.with_env(|env| {
            let (class, loader) = match self.one_class(env, query)? {
                Ok(one) => one,
                Err(not_one) => return Ok(Err(not_one)),
            };
            let mut asker = Asker::new(self, env)?;
            let meant = FoundClass { name: self.environment.jvmti.class_name(&class)?, class };
            let name = ClassName::of(&mut asker.loaders, &meant)?;
            let location = asker.code_source(&meant.class)?.unwrap_or_default();
            let mirror = env.weak(&meant.class)?;
            let mut names = vec![meant.name];
            let mut classes = vec![meant.class];
            if within {
                self.classes_within(env, loader.as_ref(), &mut classes, &mut names)?;
            }
            let loader = loader.map(|loader| asker.loaders.met(loader)).transpose()?;
            let (mut files, mut places) = (Vec::new(), Vec::new());
            for (its, bytes) in names.into_iter().zip(self.class_bytes(env, &classes, probes)?) {
                match bytes {
                    Ok(bytes) => {
                        places.push(place(loader.as_deref(), &name.class_loader_hash, &its));
                        files.push(Named { name: its.replace('.', "/"), bytes });
                    }
                    Err(why) if files.is_empty() => {
                        return Err(Error::sentence(format!("The code of {its} is not to be had: {why}.")));
                    }
                    Err(why) => log::info!("{its} is left out of the source: {why}"),
                }
            }
            Ok(Ok(ClassFiles { class: name, location, files, places, mirror }))
        })
    }

    /// The source of a class and of those within it, for as long as `goes_on` says so.
    ///
    /// # Errors
    /// It was unloaded meanwhile; and as for any part: no room, too late, or it failed.
    pub fn source(
        &self,
        of: &ClassFiles,
        style: Style<'_>,
        jar: &Jar,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Source> {
        self.vm.with_env(|env| {
            let loader = self.loader_of(env, of)?;
            self.decompiled(env, jar, &of.files, loader.as_ref(), style, goes_on)
        })
    }

    /// The loader of the class.
    pub(crate) fn loader_of<'f>(&self, env: &Env<'f>, of: &ClassFiles) -> Result<Option<Local<'f>>> {
        let Some(class) = of.mirror.get(env)? else {
            return Err(Error::sentence(format!("{} was unloaded meanwhile.", of.class.name)));
        };
        Ok(self.environment.jvmti.class_loader(env, &class)?)
    }

    /// Adds the loaded classes within the first one.
    fn classes_within<'f>(
        &self,
        env: &Env<'f>,
        loader: Option<&Local<'f>>,
        classes: &mut Vec<Local<'f, Class>>,
        names: &mut Vec<String>,
    ) -> Result<()> {
        let jvmti = &self.environment.jvmti;
        let prefix = names.first().map(|name| format!("{name}$")).unwrap_or_default();
        for class in jvmti.loaded_classes(env)? {
            // A class may be unloaded meanwhile.
            let Ok(name) = jvmti.class_name(&class) else { continue };
            if !name.starts_with(&prefix) || classes.len() >= MOST {
                continue;
            }
            let its = jvmti.class_loader(env, &class)?;
            let is_same = match (&its, loader) {
                (Some(its), Some(loader)) => env.is_same(its, loader),
                (its, loader) => its.is_none() && loader.is_none(),
            };
            if is_same {
                names.push(name);
                classes.push(class);
            }
        }
        Ok(())
    }
}
