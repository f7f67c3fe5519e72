//! log4j 2: loggers are what the configuration has; a level may be set for a name that it has not yet.

use jvm::{Local, Ref, Value};

use super::talk::Talk;
use super::{AppenderFacts, LoggerFacts, Outcome, is_root};
use crate::error::{Error, Result};
use crate::java;

const LEVEL: &str = "org/apache/logging/log4j/Level";
const CONFIG: &str = "org/apache/logging/log4j/core/config/LoggerConfig";
const MAP: &str = "java/util/Map";
const LEVELS: &str =
    "OFF, FATAL, ERROR, WARN, INFO, DEBUG, TRACE, ALL and those that the application has made";

/// What has a file: each has the getter, and they have no class in common that has it.
const FILES: &[&str] = &[
    "org.apache.logging.log4j.core.appender.FileAppender",
    "org.apache.logging.log4j.core.appender.RandomAccessFileAppender",
    "org.apache.logging.log4j.core.appender.MemoryMappedFileAppender",
    "org.apache.logging.log4j.core.appender.RollingFileAppender",
    "org.apache.logging.log4j.core.appender.RollingRandomAccessFileAppender",
];

/// The context of this loader, and its configuration.
fn context<'f>(talk: &Talk<'_, '_, 'f>) -> Result<(Local<'f>, Local<'f>)> {
    let manager = talk.class("org.apache.logging.log4j.LogManager")?;
    let descriptor = "(Ljava/lang/ClassLoader;Z)Lorg/apache/logging/log4j/spi/LoggerContext;";
    let arguments = [talk.loader_value(), Value::Bool(false)];
    let context: Local<'f> = talk.env.call_static(&manager, "getContext", descriptor, &arguments)?;
    if !talk.is_a(&context, &["org.apache.logging.log4j.core.LoggerContext"])? {
        return Err(Error::sentence("log4j 2 is bound to something else than its core"));
    }
    let class = "org/apache/logging/log4j/core/config/Configuration";
    let configuration = talk.get(&context, "getConfiguration", class)?;
    let configuration = configuration.ok_or_else(|| Error::sentence("log4j 2 has no configuration yet"))?;
    Ok((context, configuration))
}

fn configs<'f>(talk: &Talk<'_, '_, 'f>, of: &Local<'f>, getter: &str) -> Result<Vec<Local<'f>>> {
    let mut all = Vec::new();
    if let Some(map) = talk.get(of, getter, MAP)?
        && let Some(values) = talk.get(&map, "values", "java/util/Collection")?
    {
        let values = java::array(talk.env, &values)?;
        for at in 0..talk.env.object_count(&values)? {
            all.extend(talk.env.object_at(&values, at)?);
        }
    }
    Ok(all)
}

fn name_of(talk: &Talk<'_, '_, '_>, config: &impl Ref) -> Result<String> {
    let name = java::text(talk.env, config, "getName")?.unwrap_or_default();
    Ok(if name.trim().is_empty() { "root".to_owned() } else { name })
}

fn is_named(have: &str, wanted: &str) -> bool {
    have == wanted || (is_root(have) && (wanted.is_empty() || is_root(wanted)))
}

pub(super) fn list(talk: &mut Talk<'_, '_, '_>, name: Option<&str>) -> Result<Vec<LoggerFacts>> {
    let (_, configuration) = context(talk)?;
    let told = java::text(talk.env, &configuration, "toString")?;
    let mut all = Vec::new();
    for config in configs(talk, &configuration, "getLoggers")? {
        let own = name_of(talk, &config)?;
        if name.is_some_and(|name| !is_named(&own, name)) {
            continue;
        }
        all.push(LoggerFacts {
            name: own,
            class: talk.class_of(&config)?,
            level: talk.told(&config, "getLevel", LEVEL)?,
            effective_level: None,
            config: told.clone(),
            additivity: talk.truth(&config, "isAdditive").unwrap_or(true),
            code_source: talk.code_source(&config),
            appenders: appenders(talk, &config)?,
        });
    }
    Ok(all)
}

fn appenders<'f>(talk: &mut Talk<'_, '_, 'f>, config: &Local<'f>) -> Result<Vec<AppenderFacts>> {
    let mut all = Vec::new();
    for appender in configs(talk, config, "getAppenders")? {
        let mut facts = talk.appender(&appender)?;
        if talk.is_a(&appender, FILES)? {
            facts.file = java::text(talk.env, &appender, "getFileName")?;
        } else if talk.is_a(&appender, &["org.apache.logging.log4j.core.appender.ConsoleAppender"])? {
            let class = "org/apache/logging/log4j/core/appender/ConsoleAppender$Target";
            facts.target = talk.told(&appender, "getTarget", class)?;
        } else if talk.is_a(&appender, &["org.apache.logging.log4j.core.appender.AsyncAppender"])? {
            facts.blocking = talk.truth(&appender, "isBlocking");
            let names: Option<Local<'f>> =
                talk.env.call(&appender, "getAppenderRefStrings", "()[Ljava/lang/String;", &[])?;
            facts.appender_ref = names.map(|names| java::strings(talk.env, &names)).transpose()?;
        }
        all.push(facts);
    }
    Ok(all)
}

pub(super) fn set(talk: &mut Talk<'_, '_, '_>, name: &str, level: &str) -> Result<Outcome> {
    let (context, configuration) = context(talk)?;
    let levels = talk.class("org.apache.logging.log4j.Level")?;
    let text = talk.env.new_string(&level.to_uppercase())?;
    let descriptor = format!("(Ljava/lang/String;)L{LEVEL};");
    let found: Option<Local<'_>> =
        talk.env.call_static(&levels, "getLevel", &descriptor, &[Value::of(&text)])?;
    let Some(found) = found else { return Ok(Outcome::NoLevel(LEVELS)) };
    let mut before = None;
    let mut is_there = false;
    for config in configs(talk, &configuration, "getLoggers")? {
        if is_named(&name_of(talk, &config)?, name) {
            before = talk.told(&config, "getLevel", LEVEL)?;
            talk.env.call::<()>(&config, "setLevel", &format!("(L{LEVEL};)V"), &[Value::of(&found)])?;
            is_there = true;
        }
    }
    if !is_there {
        let class = talk.class("org.apache.logging.log4j.core.config.LoggerConfig")?;
        let own = talk.env.new_string(name)?;
        let arguments = [Value::of(&own), Value::of(&found), Value::Bool(true)];
        let config = talk.env.new_object(&class, &format!("(Ljava/lang/String;L{LEVEL};Z)V"), &arguments)?;
        let descriptor = format!("(Ljava/lang/String;L{CONFIG};)V");
        talk.env.call::<()>(
            &configuration,
            "addLogger",
            &descriptor,
            &[Value::of(&own), Value::of(&config)],
        )?;
    }
    talk.env.call::<()>(&context, "updateLoggers", "()V", &[])?;
    Ok(Outcome::Done(before, java::text(talk.env, &found, "toString")?.unwrap_or_default()))
}
