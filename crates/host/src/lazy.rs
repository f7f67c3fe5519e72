//! Classes that are not there yet (`-L`): woven while they are being loaded, so that not even their first
//! call is missed.

use std::sync::Arc;

use jvm::{ClassFile, Env, Environment, Local, Weak, mutf8};
use parking_lot::Mutex;
use weave::classfile;

use crate::access_flags;
use crate::deny::{self, Candidate, Rules};
use crate::error::Result;
use crate::matcher::Wanted;
use crate::observe::Opener;
use crate::registry::{Extent, NewMethod, WovenClass, dotted};
use crate::weaver::Weaver;

/// Somebody who waits for classes.
pub(crate) struct Lazy {
    wanted: Wanted,
    /// Only classes of these, if there are any. Found before, since asking a loader for its hash may run its code.
    loaders: Option<Vec<Weak>>,
    rules: Rules,
    extent: Extent,
    pub(crate) opener: Arc<Opener>,
    /// What has come and not been opened.
    found: Mutex<Vec<(Arc<WovenClass>, Vec<u32>)>>,
}

impl Lazy {
    pub(crate) fn new(
        wanted: Wanted,
        loaders: Option<Vec<Weak>>,
        rules: Rules,
        extent: Extent,
        opener: Arc<Opener>,
    ) -> Self {
        Self { wanted, loaders, rules, extent, opener, found: Mutex::default() }
    }

    pub(crate) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The methods that are wanted of a class that is being loaded, if any.
    pub(crate) fn wants(
        &self,
        weaver: &Weaver,
        env: &Env<'_>,
        internal: &[u8],
        seen: &ClassFile<'_, '_>,
    ) -> Result<Option<Vec<NewMethod>>> {
        let name = dotted(internal);
        if !self.wanted.classes.matches(&name)
            || self.wanted.excludes(&name)
            || self.opener.later().0 >= self.wanted.limit
        {
            return Ok(None);
        }
        let Ok(read) = classfile::ClassFile::read(seen.bytes) else { return Ok(None) };
        if !self.permits(env, &name, &read, seen.loader.as_ref())? {
            return Ok(None);
        }
        let with_code = read.methods.iter().filter(|method| access_flags::has_code(method.flags.into()));
        let methods = with_code.map(|method| NewMethod {
            name: mutf8::text(method.name),
            descriptor: mutf8::text(method.descriptor),
            modifiers: i32::from(method.flags),
        });
        let methods: Vec<NewMethod> =
            methods.filter(|method| self.wanted.takes_method(&method.name)).collect();
        if methods.is_empty() {
            return Ok(None);
        }
        if let Err(why) = weaver.resolve_spy(env, seen.loader.as_ref()) {
            log::warn!("{name} is loaded unobserved: {why}");
            return Ok(None);
        }
        Ok(Some(methods))
    }

    fn permits(
        &self,
        env: &Env<'_>,
        name: &str,
        read: &classfile::ClassFile<'_>,
        loader: Option<&Local<'_>>,
    ) -> Result<bool> {
        let Some(environment) = Environment::get() else { return Ok(false) };
        let jvmti = &environment.jvmti;
        let is_meant =
            |meant: &Vec<Weak>| loader.is_some_and(|loader| meant.iter().any(|one| one.is(env, loader)));
        if !self.loaders.as_ref().is_none_or(is_meant) {
            return Ok(false);
        }
        let class_of = |loader: &Local<'_>| jvmti.class_name(&env.class_of(loader)?);
        let loader_class = loader.map(class_of).transpose()?;
        let flags = read.bytes.get(read.pool.end()..).and_then(|rest| rest.first_chunk());
        let flags = flags.map_or(0, |flags| i32::from(u16::from_be_bytes(*flags)));
        let candidate = Candidate {
            name,
            loader_class: loader_class.as_deref(),
            // The class hierarchy is not known yet; loaders are called so.
            is_loader: read.superclass.is_some_and(|name| name.ends_with(b"ClassLoader")),
            is_interface: flags & access_flags::INTERFACE != 0,
            is_synthetic: flags & access_flags::SYNTHETIC != 0,
        };
        Ok(deny::denied(&candidate, self.rules).is_none())
    }

    /// These methods of a class are to be opened once it is woven.
    pub(crate) fn found(&self, class: Arc<WovenClass>, ids: Vec<u32>) {
        self.found.lock().push((class, ids));
    }

    /// Opens the lanes of what was found of this class.
    pub(crate) fn open(&self, weaver: &Weaver, env: &Env<'_>, class: &Arc<WovenClass>) {
        let mut found = self.found.lock();
        let mine: Vec<_> = found.extract_if(.., |(found, _)| Arc::ptr_eq(found, class)).collect();
        drop(found);
        for (class, ids) in mine {
            let (woven, refused): (Vec<_>, Vec<_>) =
                class.outcomes(&ids, &self.extent).into_iter().partition(|one| one.refused.is_none());
            for one in refused {
                let why = one.refused.unwrap_or_default();
                log::warn!("{} is loaded unobserved: {why}", one.facts.shown());
            }
            let facts: Vec<_> = woven.into_iter().map(|one| one.facts).collect();
            for refused in self.opener.open(weaver, env, &class, &facts, false, &mut Vec::new()) {
                log::warn!("{} is loaded unobserved: {}", refused.what, refused.why);
            }
            self.opener.came(facts.len());
        }
    }
}
