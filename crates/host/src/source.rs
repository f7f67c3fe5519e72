//! The source of a loaded class as it runs now: which class is meant, its bytes, those of its inner classes, and what CFR
//! makes of them.

use crate::Host;
use crate::decompile::{Named, Source, Style};
use crate::error::Result;
use crate::evaluation::{Answer, ClassFound, WantedClass};
use crate::parts::Jar;

/// A class and its source.
pub struct ClassSource {
    /// Which one it is.
    pub class: ClassFound,
    /// Its source.
    pub source: Source,
}

impl Host {
    /// The source of the one class that is meant.
    pub fn class_source(
        &self,
        wanted: &WantedClass,
        style: Style<'_>,
        jar: impl FnOnce() -> Result<Jar>,
    ) -> Result<Answer<ClassSource>> {
        self.vm.with_env(|env| {
            let (class, loader) = match self.one_class(env, wanted)? {
                Ok(one) => one,
                Err(not_one) => return Ok(Err(not_one)),
            };
            let jvmti = &self.environment.jvmti;
            let name = jvmti.class_name(&class)?;
            let files = [Named { name: name.replace('.', "/"), bytes: Vec::new() }];
            let source = self.decompiled(env, &jar()?, &files, loader.as_ref(), style)?;
            let class = ClassFound { name, hash: String::new(), loader: None };
            Ok(Ok(ClassSource { class, source }))
        })
    }
}
