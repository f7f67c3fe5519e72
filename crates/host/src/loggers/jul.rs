//! The JDK's own loggers. Those that nobody holds may vanish at any time.

use jvm::{Local, Ref, Value};

use super::talk::Talk;
use super::{LoggerFacts, Outcome, is_root};
use crate::error::Result;
use crate::java;

const LEVEL: &str = "java/util/logging/Level";
const LOGGER: &str = "java/util/logging/Logger";
const LEVELS: &str = "OFF, SEVERE, WARNING, INFO, CONFIG, FINE, FINER, FINEST, ALL";

fn manager<'f>(talk: &Talk<'_, '_, 'f>) -> Result<Local<'f>> {
    let class = talk.env.find_class("java/util/logging/LogManager")?;
    Ok(talk.env.call_static(&class, "getLogManager", "()Ljava/util/logging/LogManager;", &[])?)
}

fn named<'f>(talk: &Talk<'_, '_, 'f>, manager: &Local<'f>, name: &str) -> Result<Option<Local<'f>>> {
    talk.by_text(manager, "getLogger", if is_root(name) { "" } else { name }, LOGGER)
}

pub(super) fn list(talk: &mut Talk<'_, '_, '_>, name: Option<&str>) -> Result<Vec<LoggerFacts>> {
    let manager = manager(talk)?;
    let mut all = Vec::new();
    if let Some(name) = name {
        if let Some(logger) = named(talk, &manager, name)? {
            all.push(facts(talk, &logger)?);
        }
        return Ok(all);
    }
    if let Some(names) = talk.get(&manager, "getLoggerNames", "java/util/Enumeration")? {
        talk.each(&names, |talk, name| {
            let name = talk.env.string(&name)?;
            if let Some(logger) = named(talk, &manager, &name)? {
                all.push(facts(talk, &logger)?);
            }
            Ok(())
        })?;
    }
    Ok(all)
}

fn facts<'f>(talk: &mut Talk<'_, '_, 'f>, logger: &Local<'f>) -> Result<LoggerFacts> {
    let mut appenders = Vec::new();
    let handlers: Local<'f> = talk.env.call(logger, "getHandlers", "()[Ljava/util/logging/Handler;", &[])?;
    for at in 0..talk.env.object_count(&handlers)? {
        if let Some(handler) = talk.env.object_at(&handlers, at)? {
            appenders.push(super::AppenderFacts { class: talk.class_of(&handler)?, ..Default::default() });
        }
    }
    let name = java::text(talk.env, logger, "getName")?.unwrap_or_default();
    Ok(LoggerFacts {
        name: if name.is_empty() { "ROOT".to_owned() } else { name },
        class: talk.class_of(logger)?,
        level: level(talk, logger)?,
        effective_level: effective(talk, logger)?,
        config: None,
        additivity: talk.truth(logger, "getUseParentHandlers").unwrap_or(true),
        code_source: talk.code_source(logger),
        appenders,
    })
}

fn level(talk: &Talk<'_, '_, '_>, logger: &impl Ref) -> Result<Option<String>> {
    talk.told(logger, "getLevel", LEVEL)
}

/// The nearest level on the way up.
fn effective<'f>(talk: &Talk<'_, '_, 'f>, logger: &Local<'f>) -> Result<Option<String>> {
    let mut at = Some(talk.env.local(logger)?);
    while let Some(logger) = at {
        if let Some(level) = level(talk, &logger)? {
            return Ok(Some(level));
        }
        at = talk.get(&logger, "getParent", LOGGER)?;
    }
    Ok(None)
}

pub(super) fn set(talk: &mut Talk<'_, '_, '_>, name: &str, level_name: &str) -> Result<Outcome> {
    let manager = manager(talk)?;
    let Some(logger) = named(talk, &manager, name)? else { return Ok(Outcome::NoLogger) };
    let text = talk.env.new_string(&level_name.to_uppercase())?;
    let levels = talk.env.find_class(LEVEL)?;
    let descriptor = format!("(Ljava/lang/String;)L{LEVEL};");
    let found: jvm::Result<Local<'_>> =
        talk.env.call_static(&levels, "parse", &descriptor, &[Value::of(&text)]);
    let Ok(found) = found else { return Ok(Outcome::NoLevel(LEVELS)) };
    let before = level(talk, &logger)?;
    talk.env.call::<()>(&logger, "setLevel", &format!("(L{LEVEL};)V"), &[Value::of(&found)])?;
    Ok(Outcome::Done(before, level(talk, &logger)?.unwrap_or_default()))
}
