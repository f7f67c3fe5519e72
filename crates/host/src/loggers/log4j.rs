//! log4j 1 and reload4j: one repository for a loader.

use jvm::{Local, Ref};

use super::talk::Talk;
use super::{AppenderFacts, LoggerFacts, Outcome, is_root};
use crate::error::Result;
use crate::java;

const LEVEL: &str = "org/apache/log4j/Level";
const LOGGER: &str = "org/apache/log4j/Logger";
const ENUMERATION: &str = "java/util/Enumeration";
const LEVELS: &str = "OFF, FATAL, ERROR, WARN, INFO, DEBUG, TRACE, ALL";

fn repository<'f>(talk: &Talk<'_, '_, 'f>) -> Result<Local<'f>> {
    let manager = talk.class("org.apache.log4j.LogManager")?;
    let descriptor = "()Lorg/apache/log4j/spi/LoggerRepository;";
    Ok(talk.env.call_static(&manager, "getLoggerRepository", descriptor, &[])?)
}

fn named<'f>(talk: &Talk<'_, '_, 'f>, repository: &Local<'f>, name: &str) -> Result<Option<Local<'f>>> {
    match talk.by_text(repository, "exists", name, LOGGER)? {
        None if is_root(name) => talk.get(repository, "getRootLogger", LOGGER),
        found => Ok(found),
    }
}

pub(super) fn list(talk: &mut Talk<'_, '_, '_>, name: Option<&str>) -> Result<Vec<LoggerFacts>> {
    let repository = repository(talk)?;
    let mut all = Vec::new();
    if let Some(name) = name {
        if let Some(logger) = named(talk, &repository, name)? {
            all.push(facts(talk, &logger)?);
        }
        return Ok(all);
    }
    if let Some(loggers) = talk.get(&repository, "getCurrentLoggers", ENUMERATION)? {
        talk.each(&loggers, |talk, logger| {
            all.push(facts(talk, &logger)?);
            Ok(())
        })?;
    }
    if let Some(root) = talk.get(&repository, "getRootLogger", LOGGER)? {
        all.push(facts(talk, &root)?);
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
        additivity: talk.truth(logger, "getAdditivity").unwrap_or(true),
        code_source: talk.code_source(logger),
        appenders,
    })
}

/// The appenders of a logger, or of one that hands over to others, which come after it.
fn collect(talk: &mut Talk<'_, '_, '_>, of: &impl Ref, all: &mut Vec<AppenderFacts>) -> Result<()> {
    let Some(appenders) = talk.get(of, "getAllAppenders", ENUMERATION)? else { return Ok(()) };
    talk.each(&appenders, |talk, appender| {
        let mut facts = talk.appender(&appender)?;
        let mut behind = Vec::new();
        if talk.is_a(&appender, &["org.apache.log4j.FileAppender"])? {
            facts.file = java::text(talk.env, &appender, "getFile")?;
        } else if talk.is_a(&appender, &["org.apache.log4j.ConsoleAppender"])? {
            facts.target = java::text(talk.env, &appender, "getTarget")?;
        } else if talk.is_a(&appender, &["org.apache.log4j.AsyncAppender"])? {
            collect(talk, &appender, &mut behind)?;
            facts.blocking = talk.truth(&appender, "getBlocking");
            facts.appender_ref = Some(behind.iter().filter_map(|one| one.name.clone()).collect());
        }
        all.push(facts);
        all.append(&mut behind);
        Ok(())
    })
}

pub(super) fn set(talk: &mut Talk<'_, '_, '_>, name: &str, level: &str) -> Result<Outcome> {
    let repository = repository(talk)?;
    let Some(logger) = named(talk, &repository, name)? else { return Ok(Outcome::NoLogger) };
    talk.set_level(&logger, LEVEL, level, LEVELS)
}
