//! What other code for loaded classes would change, and what of it the JVM would refuse: in words, and with nothing touched.

use std::sync::Arc;

use jvm::{Class, Env, Local, Weak};
use weave::classfile::ClassFile;
use weave::compare::{self, Comparison};

use crate::class_bytes::Probes;
use crate::class_query::{ClassQuery, FoundClass};
use crate::deny::{self, Candidate, Rules};
use crate::error::{Error, Result};
use crate::evaluation::NotOne;
use crate::loaders::{LoaderFacts, WantedLoader};
use crate::names::NamePattern;
use crate::registry::dotted;
use crate::{Host, access_flags};

/// A class file that a loaded class shall get.
pub struct NewClass {
    /// The class, with dots.
    pub name: String,
    /// The class file.
    pub bytes: Arc<[u8]>,
}

/// What would be changed.
#[derive(Default)]
pub struct Planned {
    /// Each a loaded class.
    pub classes: Vec<PlannedClass>,
    /// Sentences on what cannot be done; with one of them nothing is.
    pub refused: Vec<String>,
}

/// A loaded class that would be changed.
pub struct PlannedClass {
    /// With dots.
    pub name: String,
    /// Its loader's identity hash in hex; none for the boot loader.
    pub loader_hash: Option<String>,
    /// The class of its loader.
    pub loader_class: Option<String>,
    /// The methods that do something else then.
    pub bodies: Vec<String>,
    pub(crate) bytes: Arc<[u8]>,
    /// The same, as agents before us leave it.
    pub(crate) base: Arc<[u8]>,
    pub(crate) class: Arc<Weak<Class>>,
    pub(crate) loader: Option<(Weak, i32)>,
}

/// Which classes are meant, or that it cannot be told.
pub enum Plan {
    /// It can.
    Planned(Planned),
    /// Several loaders are of the class that was named.
    Loaders(Vec<LoaderFacts>),
    /// No class of these names is loaded.
    Missing(Vec<String>),
}

/// The JVM's limit of a class is higher; nobody writes such a file.
pub const LONGEST: u64 = 10 * 1024 * 1024;

impl NewClass {
    /// Reads a class file's name, after checking that all of it can be read.
    ///
    /// # Errors
    /// It is no class file, or a broken one; what is wrong.
    pub fn read(bytes: Arc<[u8]>) -> Result<Self, String> {
        let read = ClassFile::read(&bytes).map_err(|why| why.to_string())?;
        let name = dotted(read.name);
        Ok(Self { name, bytes })
    }

    /// The Java it was compiled for, if this JVM runs only older ones.
    fn too_new(&self, jdk: u16) -> Option<u16> {
        let major = self.bytes.get(6..8).and_then(|two| two.first_chunk());
        let java = u16::from_be_bytes(*major?).saturating_sub(44);
        (java > jdk).then_some(java)
    }
}

impl Host {
    /// What these class files would change. Changes nothing.
    pub fn plan_replacement(&self, files: &[NewClass], wanted: &WantedLoader) -> Result<Plan> {
        let mut planned = Planned::default();
        let jdk = self.environment.jvmti.jdk();
        for file in files {
            if let Some(java) = file.too_new(jdk) {
                planned.refused.push(format!(
                    "{} was compiled for Java {java}, and this JVM runs Java {jdk}: compile it for {jdk} or older \
                     (`javac --release {jdk}`).",
                    file.name
                ));
            }
        }
        if !planned.refused.is_empty() {
            return Ok(Plan::Planned(planned));
        }
        let loaders = self.vm.with_env(|env| self.find_meant(env, files, wanted, &mut planned))?;
        if let Some(loaders) = loaders {
            return Ok(Plan::Loaders(loaders));
        }
        let missing = |file: &&NewClass| {
            !planned.classes.iter().any(|class| class.name == file.name)
                && !planned.refused.iter().any(|why| why.starts_with(&*file.name))
        };
        let missing: Vec<String> = files.iter().filter(missing).map(|file| file.name.clone()).collect();
        if !missing.is_empty() {
            return Ok(Plan::Missing(missing));
        }
        if planned.refused.is_empty() {
            self.compare_classes(&mut planned)?;
        }
        Ok(Plan::Planned(planned))
    }

    /// Loads those nested classes that nobody has used yet, so that they get their new code with the others. The names of
    /// those that no loader of their outer class has: new ones, which the application could not find.
    pub fn load_nested(&self, files: &[NewClass]) -> Result<Vec<String>> {
        let jvmti = &self.environment.jvmti;
        self.vm.with_env(|env| {
            let mut loaders: Vec<(String, Weak)> = Vec::new();
            let mut loaded = Vec::new();
            for class in jvmti.loaded_classes(env)? {
                // A class may be unloaded meanwhile.
                let Ok(name) = jvmti.class_name(&class) else { continue };
                if files.iter().any(|file| outer(&file.name) == name)
                    && let Some(loader) = jvmti.class_loader(env, &class)?
                {
                    loaders.push((name.clone(), env.weak(&loader)?));
                }
                if files.iter().any(|file| file.name == name) {
                    loaded.push(name);
                }
            }
            let mut new = Vec::new();
            for file in
                files.iter().filter(|file| file.name != outer(&file.name) && !loaded.contains(&file.name))
            {
                let mut is_new = false;
                for (_, loader) in loaders.iter().filter(|(name, _)| name == outer(&file.name)) {
                    is_new |= !self.load_quietly(env, &file.name, loader)?;
                }
                if is_new {
                    new.push(file.name.clone());
                }
            }
            Ok(new)
        })
    }

    fn find_meant(
        &self,
        env: &Env<'_>,
        files: &[NewClass],
        wanted: &WantedLoader,
        planned: &mut Planned,
    ) -> Result<Option<Vec<LoaderFacts>>> {
        let names = NamePattern::one_of(files.iter().map(|file| file.name.clone()));
        let mut loaders = self.loaders(env)?;
        let query = ClassQuery::by_name_only(names, wanted.clone());
        let found = match self.query_classes(&mut loaders, env, &query)? {
            Ok(found) => found,
            Err(NotOne::Loaders(loaders)) => return Ok(Some(loaders)),
            Err(NotOne::Classes(_)) => Vec::new(),
        };
        for FoundClass { name, class } in found {
            let Some(file) = files.iter().find(|file| file.name == name) else { continue };
            let loader = loaders.of(&class)?;
            let known = match &loader {
                None => None,
                Some(loader) => Some((env.weak(&loader.object)?, loader.identity, loader.class.clone())),
            };
            let loader_class = known.as_ref().map(|(_, _, class)| class.clone());
            if let Some(why) = self.unchangeable(&class, &name, loader_class.as_deref())? {
                planned.refused.push(format!("{name} is not changed: {why}."));
                continue;
            }
            planned.classes.push(PlannedClass {
                name,
                loader_hash: loader.as_ref().map(|loader| loaders.hash(Some(loader))),
                loader_class,
                bodies: Vec::new(),
                bytes: file.bytes.clone(),
                base: file.bytes.clone(),
                class: Arc::new(env.weak(&class)?),
                loader: known.map(|(weak, hash, _)| (weak, hash)),
            });
        }
        Ok(None)
    }

    /// Why this class may not get other code, whatever it is.
    fn unchangeable(
        &self,
        class: &Local<'_, Class>,
        name: &str,
        loader_class: Option<&str>,
    ) -> Result<Option<String>> {
        let jvmti = &self.environment.jvmti;
        let flags = jvmti.class_modifiers(class)?.0;
        let candidate = Candidate {
            name,
            loader_class,
            // An application's own loaders may be mended like any class.
            is_loader: false,
            is_interface: false,
            is_synthetic: flags & access_flags::SYNTHETIC != 0,
        };
        let rules = Rules { unsafe_classes: self.options().unsafe_classes(), default_methods: true };
        if let Some(denied) = deny::denied(&candidate, rules) {
            return Ok(Some(denied.to_string()));
        }
        let is_modifiable = jvmti.is_modifiable(class)?;
        Ok((!is_modifiable).then(|| "the JVM does not let anybody change it".to_owned()))
    }

    /// Compares the classes as they run with what they shall be.
    fn compare_classes(&self, planned: &mut Planned) -> Result<()> {
        for class in &mut planned.classes {
            let running = self.vm.with_env(|env| -> Result<_> {
                let Some(mirror) = class.class.get(env)? else { return Ok(None) };
                let preview = self.preview(env, &mirror, &class.bytes)?;
                if let Some(changed) = preview.changed {
                    class.base = changed.into();
                }
                if preview.is_unverifiable {
                    let why = "the JVM's verifier does not take the new code";
                    planned.refused.push(format!("{} is not changed: {why}.", class.name));
                }
                Ok(self.class_bytes(env, &[mirror], Probes::LeftOut)?.pop())
            })?;
            let running = match running {
                Some(Ok(running)) => running,
                why => {
                    let why = why.and_then(Result::err).unwrap_or("it was unloaded meanwhile".to_owned());
                    planned.refused.push(format!("{} is not changed: {why}.", class.name));
                    continue;
                }
            };
            let Comparison { mut differences, bodies } = compare::compare(&running, &class.base)
                .map_err(|why| Error::sentence(format!("{} cannot be compared: {why}.", class.name)))?;
            class.bodies = bodies;
            if differences.iter().any(compare::Difference::is_taken_by_lenient) && self.is_lenient() {
                differences.retain(|one| !one.is_taken_by_lenient());
            }
            if !differences.is_empty() {
                let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
                planned.refused.push(format!(
                    "{} is not changed: the new class {}. The JVM takes other bodies of methods for a class that is \
                     loaded, and nothing else.",
                    class.name,
                    words.join("; ")
                ));
            }
        }
        Ok(())
    }

    /// Whether the JVM lets private methods come and go: before 13, and where it is told to (JDK-8192936).
    fn is_lenient(&self) -> bool {
        let told = || self.vm_option("AllowRedefinitionToAddDeleteMethods");
        self.environment.jvmti.jdk() < 13 || told().is_ok_and(|option| option.value == "true")
    }
}

/// The class around a nested one, or the class itself.
fn outer(name: &str) -> &str {
    name.split_once('$').map_or(name, |(outer, _)| outer)
}
