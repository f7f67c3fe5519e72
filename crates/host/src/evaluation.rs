//! Expressions that a command evaluates for itself on its own thread: over nothing (`ognl`), over a static field
//! (`getstatic`), over objects of a class (`vmtool`).

use std::sync::Arc;

use jvm::{Class, Env, Local};
use ognl::Term;
use values::{Classes, Copier, Expression, Java, May, Mistake, Names, Place, Property, Snapshot};

use crate::class_facts::ClassName;
use crate::class_query::{ClassQuery, FoundClass};
use crate::error::{Error, Result};
use crate::loaders::{FoundLoader, LoaderFacts, WantedLoader};
use crate::{Host, NamePattern};

/// How an expression is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation {
    /// Down to which level objects are opened.
    pub depth: u32,
    /// What it may do.
    pub may: May,
}

/// What came of looking for one class, or one loader, and evaluating there; else which ones are meant.
pub type Answer<T> = std::result::Result<T, NotOne>;

/// Not one class or loader is meant.
pub enum NotOne {
    /// These classes, or none.
    Classes(Vec<ClassName>),
    /// Several loaders.
    Loaders(Vec<LoaderFacts>),
}

/// A copy of a value, or why there is none.
pub type Copied = std::result::Result<Snapshot, Mistake>;

/// The property under which the objects of a class are found.
const INSTANCES: &[&str] = &["instances"];

impl Host {
    /// Reads an expression over the objects of a class.
    ///
    /// # Errors
    /// It is no expression.
    pub fn over_instances(text: &str) -> std::result::Result<Expression, ognl::Error> {
        Expression::with_names(text, INSTANCES)
    }

    /// Reads an expression over an object, or over nothing.
    ///
    /// # Errors
    /// It is no expression.
    pub fn over_object(text: &str) -> std::result::Result<Expression, ognl::Error> {
        Expression::with_names(text, &[])
    }

    /// Evaluates an expression over a plain `Object`, with the classes that a loader sees.
    pub fn evaluate(
        &self,
        expression: &Expression,
        loader: &WantedLoader,
        how: Evaluation,
    ) -> Result<Answer<Copied>> {
        self.vm.with_env(|env| {
            let loader = match self.loader(env, loader)? {
                FoundLoader::One(loader) => loader,
                FoundLoader::Several(loaders) => return Ok(Err(NotOne::Loaders(loaders))),
            };
            let class = env.find_class("java/lang/Object")?;
            let root = env.new_object(&class, "()V", &[])?;
            let (classes, names) = self.surroundings(env, Some(expression), Some(&loader))?;
            let java = Java::new(env.live()?, &classes, &names, how.may).ok_or_else(Error::gone)?;
            let root = java.object(root).map_err(|fault| Error::sentence(fault.message()))?;
            Ok(Ok(self.copied(&java, Some(expression), how, Term::Value(root))))
        })
    }

    /// The static fields of a class that are meant: their names, and each as the expression, if there is one, makes
    /// of it.
    pub fn statics(
        &self,
        class: &ClassQuery,
        fields: &NamePattern,
        expression: Option<&Expression>,
        how: Evaluation,
    ) -> Result<Answer<Vec<(String, Copied)>>> {
        self.vm.with_env(|env| {
            let (class, loader) = match self.one_class(env, class)? {
                Ok(one) => one,
                Err(not_one) => return Ok(Err(not_one)),
            };
            let (classes, names) = self.surroundings(env, expression, loader.as_ref())?;
            let java = Java::new(env.live()?, &classes, &names, how.may).ok_or_else(Error::gone)?;
            let all = java.statics(&class, |name| fields.matches(name));
            let all = all.map_err(|fault| Error::sentence(fault.message()))?;
            let mut found = Vec::with_capacity(all.len());
            for field in all {
                let value = self.copied(&java, expression, how, Term::Value(field.value));
                found.push((field.name.into(), value));
            }
            Ok(Ok(found))
        })
    }

    /// Evaluates an expression in which `instances` are objects of a class and of those below it, `most` at most. The
    /// application stands still until they are found.
    pub fn instances(
        &self,
        class: &ClassQuery,
        most: usize,
        expression: &Expression,
        how: Evaluation,
    ) -> Result<Answer<Copied>> {
        self.vm.with_env(|env| {
            let (class, loader) = match self.one_class(env, class)? {
                Ok(one) => one,
                Err(not_one) => return Ok(Err(not_one)),
            };
            let objects: Vec<_> =
                self.environment.jvmti.instances(env, &class, most)?.into_iter().map(Some).collect();
            let array = env.new_objects(&class, &objects)?;
            let (classes, names) = self.surroundings(env, Some(expression), loader.as_ref())?;
            let java = Java::new(env.live()?, &classes, &names, how.may).ok_or_else(Error::gone)?;
            let value = java.object(array).map_err(|fault| Error::sentence(fault.message()))?;
            let instances = Property { names: INSTANCES, value };
            Ok(Ok(self.copied(&java, Some(expression), how, Term::Source(&instances))))
        })
    }

    /// The classes that a command meets, and those that its expression names.
    fn surroundings(
        &self,
        env: &Env<'_>,
        expression: Option<&Expression>,
        loader: Option<&Local<'_>>,
    ) -> Result<(Arc<Classes>, Names)> {
        let classes = self.met_classes();
        let nodes: Vec<_> = expression.iter().map(|expression| expression.node()).collect();
        let names = Names::resolve(env.live()?, &classes, loader, &nodes);
        Ok((classes, names))
    }

    /// A copy of what an expression makes of a root; without one, of the root itself.
    fn copied<'e, 'f>(
        &self,
        java: &Java<'e, 'f>,
        expression: Option<&Expression>,
        how: Evaluation,
        root: Term<'_, Java<'e, 'f>>,
    ) -> Copied {
        let limits = self.copy_limits(how.depth);
        match expression {
            Some(expression) => {
                expression.value(Place { java, root, cost: None, strict: self.options().strict() }, limits)
            }
            None => Ok(Copier::of_term(java, &root, limits)),
        }
    }

    /// The one class that is meant, with its loader. Arrays are meant only where nothing else is.
    pub(crate) fn one_class<'f>(&self, env: &Env<'f>, wanted: &ClassQuery) -> Result<Answer<OneClass<'f>>> {
        let mut loaders = self.loaders(env)?;
        let mut found = match self.query_classes(&mut loaders, env, wanted)? {
            Ok(found) => found,
            Err(not_one) => return Ok(Err(not_one)),
        };
        let is_array = |one: &FoundClass<'_>| one.name.starts_with('[');
        if !found.iter().all(is_array) {
            found.retain(|one| !is_array(one));
        }
        if found.len() == 1
            && let Some(one) = found.pop()
        {
            let loader = self.environment.jvmti.class_loader(env, &one.class)?;
            return Ok(Ok((one.class, loader)));
        }
        let names = found.iter().map(|one| ClassName::of(&mut loaders, one));
        Ok(Err(NotOne::Classes(names.collect::<Result<_>>()?)))
    }
}

/// A class and its loader, if that is not the boot loader.
pub(crate) type OneClass<'f> = (Local<'f, Class>, Option<Local<'f>>);
