//! The source of a loaded class as it runs now: which class is meant, its bytes, those of the classes within it, and what
//! CFR makes of them.

use jvm::{Class, Env, Local};

use crate::Host;
use crate::class_bytes::Probes;
use crate::decompile::{Named, Source, Style};
use crate::error::{Error, Result};
use crate::evaluation::{Answer, ClassFound, WantedClass};
use crate::parts::Jar;

/// So many classes within one are looked at.
const MOST: usize = 1_000;

/// A class and what it is made of now.
pub struct ClassFiles {
    /// Which one it is.
    pub class: ClassFound,
    /// Where it comes from, if its loader says so.
    pub location: Option<String>,
    /// Its class file, then those of the loaded classes within it.
    pub files: Vec<Named>,
}

impl ClassFiles {
    /// The byte code of the class as text, like that of `javap -c -v`; with `method` only methods of this name.
    ///
    /// # Errors
    /// What the JVM has shown is no class file.
    pub fn listing(&self, method: Option<&str>) -> Result<String> {
        let Some(file) = self.files.first() else { return Err(Error::sentence("There is no class file.")) };
        weave::listing(&file.bytes, method)
            .map_err(|why| Error::sentence(format!("The code of {} cannot be read: {why}.", self.class.name)))
    }
}

impl Host {
    /// The class files of the one class that is meant and of the classes within it (`Name$*` of its loader); with
    /// `within` false only its own.
    ///
    /// # Errors
    /// The JVM does not show it: hidden classes, classes of lambdas, arrays.
    pub fn class_files(
        &self,
        wanted: &WantedClass,
        probes: Probes,
        within: bool,
    ) -> Result<Answer<ClassFiles>> {
        self.vm.with_env(|env| {
            let (class, loader) = match self.one_class(env, wanted)? {
                Ok(one) => one,
                Err(not_one) => return Ok(Err(not_one)),
            };
            let jvmti = &self.environment.jvmti;
            let name = jvmti.class_name(&class)?;
            let mut classes = vec![class];
            let mut names = vec![name.replace('.', "/")];
            if within {
                self.classes_within(env, &name, loader.as_ref(), &mut classes, &mut names)?;
            }
            let mut files = Vec::with_capacity(names.len());
            for (name, bytes) in names.into_iter().zip(self.class_bytes(env, &classes, probes)?) {
                match bytes {
                    Ok(bytes) => files.push(Named { name, bytes }),
                    Err(why) if files.is_empty() => {
                        let name = name.replace('/', ".");
                        return Err(Error::sentence(format!("The code of {name} is not to be had: {why}.")));
                    }
                    Err(why) => log::info!("{name} is left out of the source: {why}"),
                }
            }
            let (hash, of) = match &loader {
                Some(loader) => {
                    let hash = format!("{:x}", jvmti.identity_hash(loader)?);
                    (hash, Some(jvmti.class_name(&env.class_of(loader)?)?))
                }
                None => ("null".to_owned(), None),
            };
            Ok(Ok(ClassFiles { class: ClassFound { name, hash, loader: of }, location: None, files }))
        })
    }

    /// The source of class files, the first of which is the class that is meant.
    pub fn source(
        &self,
        of: &ClassFiles,
        wanted: &WantedClass,
        style: Style<'_>,
        jar: &Jar,
    ) -> Result<Source> {
        self.vm.with_env(|env| {
            let loader = match self.one_class(env, wanted)? {
                Ok((_, loader)) => loader,
                Err(_) => {
                    let name = &of.class.name;
                    return Err(Error::sentence(format!(
                        "{name} was unloaded or loaded again meanwhile; try again."
                    )));
                }
            };
            self.decompiled(env, jar, &of.files, loader.as_ref(), style)
        })
    }

    /// Adds the loaded classes within one.
    fn classes_within<'f>(
        &self,
        env: &Env<'f>,
        name: &str,
        loader: Option<&Local<'f>>,
        classes: &mut Vec<Local<'f, Class>>,
        names: &mut Vec<String>,
    ) -> Result<()> {
        let jvmti = &self.environment.jvmti;
        for class in jvmti.loaded_classes(env)? {
            // A class may be unloaded meanwhile.
            let Ok(other) = jvmti.class_name(&class) else { continue };
            let is_within = other.strip_prefix(name).is_some_and(|rest| rest.starts_with('$'));
            if !is_within || classes.len() >= MOST {
                continue;
            }
            let its = jvmti.class_loader(env, &class)?;
            let is_same = match (&its, loader) {
                (Some(its), Some(loader)) => env.is_same(its, loader),
                (its, loader) => its.is_none() && loader.is_none(),
            };
            if is_same {
                names.push(other.replace('.', "/"));
                classes.push(class);
            }
        }
        Ok(())
    }
}
