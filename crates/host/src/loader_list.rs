//! All class loaders, with what each has loaded: one pass over the loaded classes.

use std::rc::Rc;

use jvm::{Class, Env, Local};

use crate::Host;
use crate::error::Result;
use crate::evaluation::{Answer, NotOne};
use crate::loaders::{FoundLoader, Loader, LoaderFacts, Loaders, WantedLoader};

/// A loader and how much it has loaded.
pub(crate) struct Counted<'f> {
    pub(crate) loader: Rc<Loader<'f>>,
    /// Where its parent stands in the list; none for the boot loader.
    pub(crate) parent: Option<usize>,
    /// Classes it has defined, arrays included.
    pub(crate) loaded: usize,
}

/// What is told of each class: the class, its loader and where that stands; it says whether to go on.
pub(crate) type Each<'e, 'f> =
    dyn FnMut(&Local<'f, Class>, Option<(&Counted<'f>, usize)>) -> Result<bool> + 'e;

/// All loaders that have defined a class, and the parents of those, in the order in which they were met. The boot loader is
/// none of them.
#[derive(Default)]
pub(crate) struct LoaderList<'f> {
    pub(crate) all: Vec<Counted<'f>>,
    /// Classes of the boot loader, arrays included.
    pub(crate) boot: usize,
    /// Places by identity hash, sorted by it: there may be thousands of loaders.
    places: Vec<(i32, usize)>,
    /// The JVM tells classes loader by loader.
    last: Option<usize>,
}

impl<'f> LoaderList<'f> {
    /// The place of a loader, which gets one, as its parents do, if it has none.
    fn place(&mut self, loaders: &mut Loaders<'_, 'f>, loader: &Rc<Loader<'f>>) -> Result<usize> {
        let is_same = |all: &[Counted<'f>], at: usize| {
            all.get(at).is_some_and(|known| Rc::ptr_eq(&known.loader, loader))
        };
        if let Some(last) = self.last.filter(|last| is_same(&self.all, *last)) {
            return Ok(last);
        }
        let first = self.places.partition_point(|(known, _)| *known < loader.identity);
        let alike = self.places.get(first..).unwrap_or_default().iter();
        let mut alike = alike.take_while(|(known, _)| *known == loader.identity);
        if let Some((_, at)) = alike.find(|(_, at)| is_same(&self.all, *at)) {
            return Ok(*at);
        }
        let at = self.all.len();
        self.places.insert(first, (loader.identity, at));
        self.all.push(Counted { loader: loader.clone(), parent: None, loaded: 0 });
        // Before its parent is met: a chain of parents may be a ring.
        let parent = match loaders.parent(loader)? {
            Some(parent) => Some(self.place(loaders, &parent)?),
            None => None,
        };
        if let Some(known) = self.all.get_mut(at) {
            known.parent = parent;
        }
        Ok(at)
    }
}

impl Host {
    /// All loaders. `each` is told of every class, arrays included, and the place of its loader, and says whether to go on.
    pub(crate) fn list_loaders<'f>(
        &self,
        env: &Env<'f>,
        loaders: &mut Loaders<'_, 'f>,
        each: &mut Each<'_, 'f>,
    ) -> Result<LoaderList<'f>> {
        let mut list = LoaderList::default();
        for class in self.environment.jvmti.loaded_classes(env)? {
            // A class may be unloaded meanwhile.
            let Ok(loader) = loaders.of(&class) else { continue };
            let place = match &loader {
                Some(loader) => Some(list.place(loaders, loader)?),
                None => None,
            };
            list.last = place;
            match place.and_then(|at| list.all.get_mut(at)) {
                Some(known) => known.loaded += 1,
                None => list.boot += 1,
            }
            let known = place.and_then(|at| list.all.get(at).map(|known| (known, at)));
            if !each(&class, known)? {
                break;
            }
        }
        Ok(list)
    }
}

/// How many loaders of one class there are, and how much they have loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderKind {
    /// The class; none for the boot loader.
    pub class: Option<String>,
    /// How many.
    pub instances: usize,
    /// Classes they have loaded, arrays included.
    pub loaded: usize,
}

/// A loader in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderRow {
    /// The loader; none for the boot loader.
    pub facts: Option<LoaderFacts>,
    /// Its class; empty for the boot loader.
    pub class: String,
    /// Classes it has loaded, arrays included.
    pub loaded: usize,
    /// Where its parent stands in the list; none below the boot loader.
    pub parent: Option<usize>,
}

/// The classes of a loader.
pub struct LoaderClasses {
    /// The loader; none for the boot loader.
    pub loader: Option<LoaderFacts>,
    /// Their names, sorted, each once.
    pub names: Vec<String>,
}

impl Host {
    /// The loaders by their class, those that have loaded most first. Calls no method of theirs.
    pub fn loader_kinds(&self) -> Result<Vec<LoaderKind>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let list = self.list_loaders(env, &mut loaders, &mut |_, _| Ok(true))?;
            let mut all: Vec<&Counted<'_>> = list.all.iter().collect();
            all.sort_by(|one, other| one.loader.class.cmp(&other.loader.class));
            let mut kinds = vec![LoaderKind { class: None, instances: 1, loaded: list.boot }];
            for alike in all.chunk_by(|one, next| one.loader.class == next.loader.class) {
                kinds.push(LoaderKind {
                    class: alike.first().map(|one| one.loader.class.clone()),
                    instances: alike.len(),
                    loaded: alike.iter().map(|one| one.loaded).sum(),
                });
            }
            kinds.sort_by_key(|kind| std::cmp::Reverse(kind.loaded));
            Ok(kinds)
        })
    }

    /// All loaders: the boot loader, then by class, those of the JDK's `sun.` packages last.
    pub fn loader_rows(&self) -> Result<Vec<LoaderRow>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let list = self.list_loaders(env, &mut loaders, &mut |_, _| Ok(true))?;
            let mut order: Vec<usize> = (0..list.all.len()).collect();
            let key = |at: &usize| {
                let class = list.all.get(*at).map_or("", |known| known.loader.class.as_str());
                (class.starts_with("sun."), class)
            };
            order.sort_by(|one, other| key(one).cmp(&key(other)));
            let mut rows =
                vec![LoaderRow { facts: None, class: String::new(), loaded: list.boot, parent: None }];
            let mut row_of = vec![0; order.len()];
            for (row, at) in order.iter().enumerate() {
                if let Some(place) = row_of.get_mut(*at) {
                    *place = row + 1;
                }
            }
            for at in &order {
                let Some(known) = list.all.get(*at) else { continue };
                rows.push(LoaderRow {
                    facts: Some(loaders.facts(&known.loader)?),
                    class: known.loader.class.clone(),
                    loaded: known.loaded,
                    parent: known.parent.and_then(|parent| row_of.get(parent).copied()),
                });
            }
            Ok(rows)
        })
    }

    /// The classes of each loader, of the boot loader first, or of one loader. `goes_on` says whether to go on.
    pub fn classes_by_loader(
        &self,
        wanted: Option<&WantedLoader>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Answer<Vec<LoaderClasses>>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let only = match wanted.map(|wanted| self.loader(env, wanted)).transpose()? {
                Some(FoundLoader::One(loader)) => Some(loaders.met(loader)?),
                Some(FoundLoader::Several(loaders)) => return Ok(Err(NotOne::Loaders(loaders))),
                None => None,
            };
            let jvmti = &self.environment.jvmti;
            // The boot loader's first, then those of each place in the list.
            let mut names: Vec<Vec<String>> = vec![Vec::new()];
            let list = self.list_loaders(env, &mut loaders, &mut |class, known| {
                let is_meant = match (&only, known) {
                    (None, _) => true,
                    (Some(only), Some((known, _))) => Rc::ptr_eq(only, &known.loader),
                    (Some(_), None) => false,
                };
                let place = known.map_or(0, |(_, at)| at + 1);
                if names.len() <= place {
                    names.resize(place + 1, Vec::new());
                }
                if is_meant && let (Some(names), Ok(name)) = (names.get_mut(place), jvmti.class_name(class)) {
                    names.push(name);
                }
                Ok(goes_on())
            })?;
            let mut all = Vec::new();
            for (place, mut names) in names.into_iter().enumerate().filter(|(_, names)| !names.is_empty()) {
                names.sort_unstable();
                names.dedup();
                let loader = match place.checked_sub(1).and_then(|at| list.all.get(at)) {
                    Some(known) => Some(loaders.facts(&known.loader)?),
                    None => None,
                };
                all.push(LoaderClasses { loader, names });
            }
            Ok(Ok(all))
        })
    }
}
