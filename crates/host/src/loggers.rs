//! Loggers of logback, log4j 1 (and reload4j), log4j 2 and the JDK, in each loader that has one of these. They are asked by
//! their own methods through JNI: no class of ours is put into the application's loaders, and a framework that nobody has
//! used yet is left alone.

mod jul;
mod log4j;
mod log4j2;
mod logback;
mod talk;

use jvm::{Env, inside};
use serde::Serialize;

use crate::Host;
use crate::error::{Error, Result};
use crate::evaluation::Answer;
use crate::loaders::{BOOT, FoundLoader, WantedLoader};
use talk::Talk;

/// A logger (what Arthas has in `loggerInfoMap`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggerFacts {
    /// Its name; the one above all is `ROOT` in logback and the JDK, `root` in log4j.
    pub name: String,
    /// Class and loader.
    #[serde(flatten)]
    pub class: ClassOf,
    /// The level that was set for it; none where it has that of the logger above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The level that counts. Not told of log4j 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_level: Option<String>,
    /// What log4j 2 says of its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Whether the appenders of the loggers above get what it writes, too.
    pub additivity: bool,
    /// Where its class is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_source: Option<String>,
    /// Where it writes.
    pub appenders: Vec<AppenderFacts>,
}

/// Where a logger writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppenderFacts {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Class and loader.
    #[serde(flatten)]
    pub class: ClassOf,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The stream: `System.out`, `SYSTEM_OUT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether it waits where its queue is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocking: Option<bool>,
    /// Names of the appenders that it hands over to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appender_ref: Option<Vec<String>>,
}

/// The class of a logger or appender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassOf {
    /// Its name.
    pub class: String,
    /// What its loader says of itself; none for the boot loader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_loader: Option<String>,
    /// Its loader's hash in hex, `null` for the boot loader.
    pub class_loader_hash: String,
}

/// The loggers of one framework in one loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggerGroup {
    /// `logback`, `log4j`, `log4j2`, `java.util.logging`.
    pub framework: &'static str,
    /// The hash of the loader that has it.
    pub hash: String,
    /// The loggers, the one above all first, then by name.
    pub loggers: Vec<LoggerFacts>,
}

/// What came of setting a level in one framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSet {
    /// See [`LoggerGroup::framework`].
    pub framework: &'static str,
    /// The hash of the loader that has it.
    pub hash: String,
    /// What happened.
    pub outcome: Outcome,
}

/// What came of setting a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was set; the level before, if it had one of its own, and the level now.
    Done(Option<String>, String),
    /// There is no logger of this name.
    NoLogger,
    /// There is no such level; those that there are.
    NoLevel(&'static str),
}

/// The frameworks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framework {
    Logback,
    Log4j,
    Log4j2,
    Jul,
}

impl Framework {
    /// By a class that only this framework has, and only once it is in use: bridges with the same names lack it.
    fn of_class(signature: &str) -> Option<Self> {
        Some(match signature {
            "Lch/qos/logback/classic/LoggerContext;" => Self::Logback,
            "Lorg/apache/log4j/spi/RootLogger;" => Self::Log4j,
            "Lorg/apache/logging/log4j/core/LoggerContext;" => Self::Log4j2,
            "Ljava/util/logging/LogManager;" => Self::Jul,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Logback => "logback",
            Self::Log4j => "log4j",
            Self::Log4j2 => "log4j2",
            Self::Jul => "java.util.logging",
        }
    }
}

impl Host {
    /// All loggers, by loader and framework: of one name if it is given, else those that have appenders, or all.
    ///
    /// # Errors
    /// No loader is of the class or has the hash that is wanted.
    pub fn loggers(
        &self,
        loader: &WantedLoader,
        name: Option<&str>,
        without_appenders: bool,
    ) -> Result<Answer<Vec<LoggerGroup>>> {
        self.in_frameworks(loader, |framework, talk| {
            let mut loggers = match framework {
                Framework::Logback => logback::list(talk, name),
                Framework::Log4j => log4j::list(talk, name),
                Framework::Log4j2 => log4j2::list(talk, name),
                Framework::Jul => jul::list(talk, name),
            }?;
            if name.is_none() && !without_appenders {
                loggers.retain(|logger| !logger.appenders.is_empty());
            }
            let is_root = |logger: &LoggerFacts| logger.name.eq_ignore_ascii_case("root");
            loggers.sort_by(|one, other| (!is_root(one), &one.name).cmp(&(!is_root(other), &other.name)));
            Ok(LoggerGroup { framework: framework.name(), hash: talk.hash(), loggers })
        })
    }

    /// Sets the level of a logger, in every framework of the loader that is meant.
    ///
    /// # Errors
    /// As [`loggers`](Self::loggers).
    pub fn set_level(&self, loader: &WantedLoader, name: &str, level: &str) -> Result<Answer<Vec<LevelSet>>> {
        self.in_frameworks(loader, |framework, talk| {
            let outcome = match framework {
                Framework::Logback => logback::set(talk, name, level),
                Framework::Log4j => log4j::set(talk, name, level),
                Framework::Log4j2 => log4j2::set(talk, name, level),
                Framework::Jul => jul::set(talk, name, level),
            }?;
            Ok(LevelSet { framework: framework.name(), hash: talk.hash(), outcome })
        })
    }

    /// The hash of the system class loader.
    pub fn system_loader_hash(&self) -> Result<String> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            match self.loader(env, &WantedLoader::default())? {
                FoundLoader::One(loader) => {
                    let loader = loaders.met(loader)?;
                    Ok(loaders.hash(Some(&loader)))
                }
                FoundLoader::Several(_) => Ok(BOOT.to_owned()),
            }
        })
    }

    /// Asks each framework in each loader that is meant. One that fails is left out: it may be half set up.
    fn in_frameworks<T>(
        &self,
        wanted: &WantedLoader,
        ask: impl Fn(Framework, &mut Talk<'_, '_, '_>) -> Result<T>,
    ) -> Result<Answer<Vec<T>>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let hash = match loaders.meant(wanted)? {
                Ok(hash) => hash,
                Err(several) => return Ok(Err(several)),
            };
            if let Some(hash) = hash.as_deref().filter(|hash| *hash != BOOT)
                && !loaders.all()?.iter().any(|loader| loaders.has_hash(Some(loader), hash))
            {
                return Err(Error::sentence(format!("Can not find classloader by hashCode: {hash}.")));
            }
            let _muted = inside::mute(env);
            let mut all = Vec::new();
            for (framework, class) in self.frameworks(env)? {
                let loader = loaders.of(&class)?;
                let is_boot = loader.is_none() && hash.as_deref() == Some(BOOT);
                if hash.as_ref().is_some_and(|hash| !is_boot && !loaders.has_hash(loader.as_deref(), hash)) {
                    continue;
                }
                let mut talk = Talk { env, loaders: &mut loaders, loader, jvmti: &self.environment.jvmti };
                match ask(framework, &mut talk) {
                    Ok(answer) => all.push(answer),
                    Err(error) => log::debug!("{} does not answer: {error}", framework.name()),
                }
            }
            Ok(Ok(all))
        })
    }

    /// The frameworks that are in use, each by a class of its loader.
    fn frameworks<'f>(&self, env: &Env<'f>) -> Result<Vec<(Framework, jvm::Local<'f, jvm::Class>)>> {
        let jvmti = &self.environment.jvmti;
        let mut found = Vec::new();
        for class in jvmti.loaded_classes(env)? {
            // A class may be unloaded meanwhile.
            let Ok(signature) = jvmti.class_signature(&class) else { continue };
            if let Some(framework) = Framework::of_class(&signature)
                && jvmti.class_status(&class).is_ok_and(|status| status.is_initialized())
            {
                found.push((framework, class));
            }
        }
        // The JDK's own comes last.
        found.sort_by_key(|(framework, _)| *framework as u8);
        Ok(found)
    }
}

/// Which names are meant: the root has one that people write in either case.
fn is_root(name: &str) -> bool {
    name.eq_ignore_ascii_case("root")
}
