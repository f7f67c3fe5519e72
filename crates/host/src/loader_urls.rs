//! Where class loaders look for classes, which of those places they have loaded any from, and what was loaded from each.

use jvm::{Class, Env, Local, Value, inside};
use serde::Serialize;

use crate::Host;
use crate::class_facts::{Asker, ClassDetail};
use crate::class_query::FoundClass;
use crate::class_source::{self, Origins};
use crate::error::Result;
use crate::evaluation::{Answer, NotOne};
use crate::loaders::{FoundLoader, Loader, LoaderFacts, WantedLoader};

/// What Arthas says of classes that come from nowhere.
pub const UNKNOWN: &str = "<unknown>";

/// The places of one loader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UrlUse {
    /// The loader.
    #[serde(skip)]
    pub loader: LoaderFacts,
    /// Where it has loaded classes from, by name.
    pub used_urls: Vec<String>,
    /// Its other places, in its order.
    pub un_used_urls: Vec<String>,
}

/// The classes that a loader has loaded from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlClasses {
    /// The place; [`UNKNOWN`] for classes that come from none.
    pub url: String,
    /// Names of classes, arrays included, in no order.
    pub classes: Vec<String>,
}

/// The places of a loader, in words. None where it is no loader with places, or does not tell.
pub(crate) fn urls(env: &Env<'_>, loader: &Loader<'_>) -> Result<Option<Vec<String>>> {
    env.frame(32, |env| {
        let object = env.local(&loader.object)?;
        let with_urls = env.find_class("java/net/URLClassLoader")?;
        let array: jvm::Result<Local<'_>> = match env.is_instance(&object, &with_urls)? {
            // The application's own method may throw; the JDK's places are still there.
            true => {
                let _muted = inside::mute(env);
                env.call(&object, "getURLs", "()[Ljava/net/URL;", &[]).or_else(|_| {
                    of_path(env, &object, &["Ljdk/internal/loader/URLClassPath;", "Lsun/misc/URLClassPath;"])
                })
            }
            false if loader.class.starts_with("jdk.internal.loader.") => {
                of_path(env, &object, &["Ljdk/internal/loader/URLClassPath;"])
            }
            false => return Ok(None),
        };
        let Ok(array) = array else { return Ok(None) };
        let mut all = Vec::new();
        env.each_object(&array, |env, _, url| -> Result<()> {
            // A handler of the application may be asked, and throw.
            all.push(class_source::text_of(env, &url).unwrap_or_else(|_| UNKNOWN.to_owned()));
            Ok(())
        })?;
        Ok(Some(all))
    })
}

/// The places in the class path that a loader of the JDK keeps in its field `ucp`.
fn of_path<'f>(env: &Env<'f>, loader: &Local<'f>, types: &[&str]) -> jvm::Result<Local<'f>> {
    let path = |kind: &&str| env.get::<Option<Local<'f>>>(loader, "ucp", kind).ok().flatten();
    let path = types.iter().find_map(path).ok_or_else(|| jvm::Error::Null { call: "ucp".into() })?;
    env.call(&path, "getURLs", "()[Ljava/net/URL;", &[])
}

/// The place a class comes from in words; classes of one domain are asked about once.
pub(crate) struct Places<'f> {
    origins: Origins,
    known: Vec<(Local<'f>, Option<String>)>,
    last: usize,
}

impl<'f> Places<'f> {
    fn new(env: &Env<'f>) -> Result<Self> {
        Ok(Self { origins: Origins::new(env)?, known: Vec::new(), last: 0 })
    }

    pub(crate) fn of(&mut self, env: &Env<'f>, class: &Local<'f, Class>) -> Option<&str> {
        let domain = self.origins.domain(env, class).ok().flatten()?;
        let is_same = |at: usize| self.known.get(at).is_some_and(|(one, _)| env.is_same(one, &domain));
        let at = match is_same(self.last) {
            true => self.last,
            false => (0..self.known.len()).rev().find(|at| is_same(*at)).unwrap_or(self.known.len()),
        };
        if at == self.known.len() {
            let url = self.origins.location(env, &domain).ok().flatten();
            let text = url.and_then(|url| class_source::text_of(env, &url).ok());
            self.known.push((domain, text));
        }
        self.last = at;
        self.known.get(at)?.1.as_deref()
    }
}

impl Host {
    /// The places of each loader that has loaded a class from somewhere, by name of the loader's class. `goes_on` says
    /// whether to go on.
    pub fn url_use(&self, goes_on: &dyn Fn() -> bool) -> Result<Vec<UrlUse>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let mut places = Places::new(env)?;
            let mut used: Vec<Vec<String>> = Vec::new();
            let list = self.list_loaders(env, &mut loaders, &mut |class, known| {
                let Some((_, place)) = known else { return Ok(goes_on()) };
                if used.len() <= place {
                    used.resize(place + 1, Vec::new());
                }
                if let (Some(urls), Some(url)) = (used.get_mut(place), places.of(env, class))
                    && !urls.iter().rev().any(|known| known == url)
                {
                    urls.push(url.to_owned());
                }
                Ok(goes_on())
            })?;
            let mut all = Vec::new();
            for (known, mut used_urls) in list.all.iter().zip(used) {
                if used_urls.is_empty() {
                    continue;
                }
                used_urls.sort_unstable();
                let mut un_used_urls = urls(env, &known.loader)?.unwrap_or_default();
                un_used_urls.retain(|url| used_urls.binary_search(url).is_err());
                all.push((
                    known.loader.class.as_str(),
                    loaders.facts(&known.loader)?,
                    used_urls,
                    un_used_urls,
                ));
            }
            all.sort_by(|one, other| one.0.cmp(other.0));
            let told = all.into_iter().map(|(_, loader, used_urls, un_used_urls)| UrlUse {
                loader,
                used_urls,
                un_used_urls,
            });
            Ok(told.collect())
        })
    }
}

/// The classes of one loader by the place that they come from.
pub struct LoadedFrom {
    /// The loader.
    pub loader: LoaderFacts,
    /// Its classes, in no order.
    pub places: Vec<UrlClasses>,
}

impl Host {
    /// The places of one loader in words; none where it is no loader with places.
    pub fn loader_urls(&self, wanted: &WantedLoader) -> Result<Answer<Option<Vec<String>>>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            match self.loader(env, wanted)? {
                FoundLoader::One(loader) => urls(env, &*loaders.met(loader)?).map(Ok),
                FoundLoader::Several(loaders) => Ok(Err(NotOne::Loaders(loaders))),
            }
        })
    }

    /// What one loader has loaded from each place. `goes_on` says whether to go on.
    pub fn loaded_from(
        &self,
        wanted: &WantedLoader,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Answer<LoadedFrom>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let loader = match self.loader(env, wanted)? {
                FoundLoader::One(loader) => loaders.met(loader)?,
                FoundLoader::Several(loaders) => return Ok(Err(NotOne::Loaders(loaders))),
            };
            let mut places = Places::new(env)?;
            let mut all: Vec<UrlClasses> = Vec::new();
            let jvmti = &self.environment.jvmti;
            for class in jvmti.loaded_classes(env)? {
                if !goes_on() {
                    break;
                }
                let Ok(Some(of)) = loaders.of(&class) else { continue };
                if !std::rc::Rc::ptr_eq(&of, &loader) {
                    continue;
                }
                let Ok(name) = jvmti.class_name(&class) else { continue };
                let url = places.of(env, &class).unwrap_or(UNKNOWN);
                match all.iter_mut().rev().find(|known| known.url == url) {
                    Some(known) => known.classes.push(name),
                    None => all.push(UrlClasses { url: url.to_owned(), classes: vec![name] }),
                }
            }
            Ok(Ok(LoadedFrom { loader: loaders.facts(&loader)?, places: all }))
        })
    }

    /// Where a loader finds a resource, in its order, `most` at most. Runs the loader's code.
    ///
    /// # Errors
    /// The loader threw.
    pub fn resources(&self, wanted: &WantedLoader, name: &str, most: usize) -> Result<Answer<Vec<String>>> {
        self.vm.with_env(|env| {
            let loader = match self.loader(env, wanted)? {
                FoundLoader::One(loader) => loader,
                FoundLoader::Several(loaders) => return Ok(Err(NotOne::Loaders(loaders))),
            };
            let name = env.new_string(name)?;
            let _muted = inside::mute(env);
            let descriptor = "(Ljava/lang/String;)Ljava/util/Enumeration;";
            let found: Option<Local<'_>> =
                env.call(&loader, "getResources", descriptor, &[Value::of(&name)])?;
            let mut all = Vec::new();
            let Some(found) = found else { return Ok(Ok(all)) };
            while all.len() < most && env.call::<bool>(&found, "hasMoreElements", "()Z", &[])? {
                let url = env.frame(8, |env| {
                    let url: Option<Local<'_>> =
                        env.call(&found, "nextElement", "()Ljava/lang/Object;", &[])?;
                    url.map(|url| class_source::text_of(env, &url)).transpose()
                })?;
                all.extend(url);
            }
            Ok(Ok(all))
        })
    }
}

impl Host {
    /// Has a loader load a class, which runs its code and does not initialise the class; what it threw instead is the inner
    /// error.
    pub fn load_class(
        &self,
        wanted: &WantedLoader,
        class: &str,
    ) -> Result<Answer<std::result::Result<ClassDetail, String>>> {
        self.vm.with_env(|env| {
            let loader = match self.loader(env, wanted)? {
                FoundLoader::One(loader) => loader,
                FoundLoader::Several(loaders) => return Ok(Err(NotOne::Loaders(loaders))),
            };
            let name = env.new_string(class)?;
            let descriptor = "(Ljava/lang/String;)Ljava/lang/Class;";
            let loaded: jvm::Result<Option<Local<'_>>> = {
                let _muted = inside::mute(env);
                env.call(&loader, "loadClass", descriptor, &[Value::of(&name)])
            };
            let loaded = match loaded {
                Ok(Some(loaded)) => env.as_class(loaded)?,
                Ok(None) => return Ok(Ok(Err("the loader gave null".to_owned()))),
                Err(jvm::Error::Thrown(thrown)) => {
                    let message = thrown.message.map_or_else(String::new, |message| format!(": {message}"));
                    return Ok(Ok(Err(format!("{}{message}", thrown.class))));
                }
                Err(other) => return Err(other.into()),
            };
            let name = self.environment.jvmti.class_name(&loaded)?;
            let detail = Asker::new(self, env)?.detail(&FoundClass { name, class: loaded })?;
            Ok(Ok(Ok(detail)))
        })
    }
}
