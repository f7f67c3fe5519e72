//! logback: the context is what slf4j has for this loader.

use jvm::{Local, Ref};

use super::talk::Talk;
use super::{AppenderFacts, LoggerFacts, Outcome};
use crate::error::{Error, Result};
use crate::java;

const LEVEL: &str = "ch/qos/logback/classic/Level";
const LOGGER: &str = "ch/qos/logback/classic/Logger";
const LEVELS: &str = "OFF, ERROR, WARN, INFO, DEBUG, TRACE, ALL";

fn context<'f>(talk: &Talk<'_, '_, 'f>) -> Result<Local<'f>> {
    let factory = talk.class("org.slf4j.LoggerFactory")?;
    let context: Local<'f> =
        talk.env.call_static(&factory, "getILoggerFactory", "()Lorg/slf4j/ILoggerFactory;", &[])?;
    if talk.is_a(&context, &["ch.qos.logback.classic.LoggerContext"])? {
        return Ok(context);
    }
    Err(Error::sentence("slf4j is bound to something else than logback"))
}

pub(super) fn list(talk: &mut Talk<'_, '_, '_>, name: Option<&str>) -> Result<Vec<LoggerFacts>> {
    let context = context(talk)?;
    let mut all = Vec::new();
    if let Some(name) = name {
        if let Some(logger) = talk.by_text(&context, "exists", name, LOGGER)? {
            all.push(facts(talk, &logger)?);
        }
        return Ok(all);
    }
    let Some(list) = talk.get(&context, "getLoggerList", "java/util/List")? else { return Ok(all) };
    let list = java::array(talk.env, &list)?;
    for at in 0..talk.env.object_count(&list)? {
        if let Some(logger) = talk.env.object_at(&list, at)? {
            all.push(facts(talk, &logger)?);
        }
    }
    Ok(all)
}

fn facts(talk: &mut Talk<'_, '_, '_>, logger: &impl Ref) -> Result<LoggerFacts> {
    let mut appenders = Vec::new();
    collect(talk, logger, &mut appenders)?;
    Ok(LoggerFacts {
        name: java::text(talk.env, logger, "getName")?.unwrap_or_default(),
        class: talk.class_of(logger)?,
        level: talk.told(logger, "getLevel", LEVEL)?,
        effective_level: talk.told(logger, "getEffectiveLevel", LEVEL)?,
        config: None,
        additivity: talk.truth(logger, "isAdditive").unwrap_or(true),
        code_source: talk.code_source(logger),
        appenders,
    })
}

/// The appenders of a logger, or of one that hands over to others, which come before it.
fn collect(talk: &mut Talk<'_, '_, '_>, of: &impl Ref, all: &mut Vec<AppenderFacts>) -> Result<()> {
    let Some(iterator) = talk.get(of, "iteratorForAppenders", "java/util/Iterator")? else { return Ok(()) };
    talk.each(&iterator, |talk, appender| {
        let mut facts = talk.appender(&appender)?;
        if talk.is_a(&appender, &["ch.qos.logback.core.FileAppender"])? {
            facts.file = java::text(talk.env, &appender, "getFile")?;
        } else if talk.is_a(&appender, &["ch.qos.logback.classic.AsyncAppender"])? {
            let before = all.len();
            collect(talk, &appender, all)?;
            facts.appender_ref = Some(all.iter().skip(before).filter_map(|one| one.name.clone()).collect());
            facts.blocking = talk.truth(&appender, "isNeverBlock").map(|never| !never);
        } else if talk.is_a(&appender, &["ch.qos.logback.core.ConsoleAppender"])? {
            facts.target = java::text(talk.env, &appender, "getTarget")?;
        }
        all.push(facts);
        Ok(())
    })
}

pub(super) fn set(talk: &mut Talk<'_, '_, '_>, name: &str, level: &str) -> Result<Outcome> {
    let context = context(talk)?;
    let Some(logger) = talk.by_text(&context, "exists", name, LOGGER)? else { return Ok(Outcome::NoLogger) };
    talk.set_level(&logger, LEVEL, level, LEVELS)
}
