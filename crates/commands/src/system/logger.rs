//! `logger`: loggers with their levels and appenders, and setting a level.

use host::evaluation::NotOne;
use host::loggers::{LevelSet, LoggerFacts, Outcome};
use serde::Serializer;

use crate::class::loader;
use crate::permission;
use crate::prelude::*;

/// Show loggers, or set a level
///
/// Loggers of logback, log4j, log4j 2 and java.util.logging with level and appenders, for each class
/// loader that has one of these. With a name and a level the level is set at once, until the JVM ends
/// or the framework reads its configuration again; the permission `mutate` is needed for that. Without
/// `-c` or `--classLoaderClass` it is set in the system class loader.
#[derive(Args)]
#[command(
    group = System,
    permission = View,
    example = "logger",
    example = "logger -n org.springframework.web",
    example = "logger -c 2a139a55 --name ROOT --level debug",
    example = "logger --include-no-appender"
)]
pub(crate) struct Logger {
    /// The logger's name
    #[arg(short = 'n', long)]
    name: Option<String>,
    /// Only in the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only in the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The new level
    #[arg(short = 'l', long)]
    level: Option<String>,
    /// Loggers without appenders, too
    #[arg(long = "include-no-appender")]
    without_appenders: bool,
}

impl Command for Logger {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let wanted = loader::wanted(self.classloader.clone(), self.loader_class.clone());
        let end = |cx: &mut Context<'_>, not_one: NotOne| {
            let class = self.loader_class.as_deref().unwrap_or_default();
            loader::end::<Loggers>(cx, not_one, class, &wanted)
        };
        let name = self.name.as_deref().filter(|name| !name.trim().is_empty());
        if let (Some(name), Some(level)) = (name, self.level.as_deref()) {
            permission::need(cx, Permission::Mutate, "Setting a level")?;
            let mut here = wanted.clone();
            let is_named = here.hash.is_some() || here.class.is_some();
            if !is_named {
                here.hash = Some(host.system_loader_hash().or_fail()?);
            }
            let mut set = match host.set_level(&here, name, level).or_fail()? {
                Ok(set) => set,
                Err(not_one) => return Err(end(cx, not_one)),
            };
            // The JDK's belong to no loader of the application: they are meant where no other framework has the name.
            if !is_named && !set.iter().any(|one| matches!(one.outcome, Outcome::Done(..))) {
                here.hash = Some("null".to_owned());
                set.extend(host.set_level(&here, name, level).or_fail()?.unwrap_or_default());
            }
            return told(host, cx, set, name, level);
        }
        if self.level.is_some() {
            return Err(Failure::new("Of which logger? Say its name with -n; `logger` lists them."));
        }
        let groups = match host.loggers(&wanted, name, self.without_appenders).or_fail()? {
            Ok(groups) => groups,
            Err(not_one) => return Err(end(cx, not_one)),
        };
        let is_empty = groups.iter().all(|group| group.loggers.is_empty());
        for group in groups {
            // The JDK's own are of interest where somebody has set them up.
            if !(group.loggers.is_empty() && group.framework == "java.util.logging") {
                cx.emit(Loggers { loggers: group.loggers })?;
            }
        }
        if is_empty {
            cx.message(match name {
                Some(name) => format!("No logging framework that is in use knows a logger {name}."),
                None => "No logging framework that is in use has a logger with an appender.".to_owned(),
            })?;
        }
        Ok(())
    }
}

/// Says what came of setting a level.
fn told(
    host: &Host,
    cx: &mut Context<'_>,
    set: Vec<LevelSet>,
    name: &str,
    level: &str,
) -> Result<(), Failure> {
    let mut done = false;
    for one in &set {
        if let Outcome::Done(before, now) = &one.outcome {
            let before = before.as_deref().unwrap_or("that of the logger above");
            done = true;
            cx.message(format!(
                "{} in loader {}: the level of {name} is {now}; before it was {before}.",
                one.framework, one.hash
            ))?;
        }
    }
    if done {
        return cx.message("Update logger level success.");
    }
    let levels = set.iter().find_map(|one| match one.outcome {
        Outcome::NoLevel(levels) => Some((one.framework, levels)),
        _ => None,
    });
    if let Some((framework, levels)) = levels {
        return Err(Failure::new(format!(
            "Update logger level fail: {framework} has no level {level}. It has {levels}."
        )));
    }
    // Where it is, instead.
    let all = host.loggers(&loader::wanted(None, None), Some(name), true).or_fail()?;
    let elsewhere: Vec<String> = all
        .unwrap_or_default()
        .into_iter()
        .filter(|group| !group.loggers.is_empty() && !set.iter().any(|one| one.hash == group.hash))
        .map(|group| format!("{} in loader {}", group.framework, group.hash))
        .collect();
    if elsewhere.is_empty() {
        let asked: Vec<String> =
            set.iter().map(|one| format!("{} in loader {}", one.framework, one.hash)).collect();
        let asked = if asked.is_empty() { "no framework there".to_owned() } else { asked.join(", ") };
        return Err(Failure::new(format!(
            "Update logger level fail: there is no logger {name} (asked: {asked}). \
             `logger --include-no-appender` lists all."
        )));
    }
    Err(Failure::new(format!(
        "Update logger level fail: there is no logger {name} in this loader, but {}. Name the loader with -c.",
        elsewhere.join(", ")
    )))
}

/// The loggers of one framework in one loader.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Loggers {
    #[serde(rename = "loggerInfoMap", serialize_with = "by_name")]
    loggers: Vec<LoggerFacts>,
}

fn by_name<S: Serializer>(loggers: &[LoggerFacts], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(loggers.iter().map(|logger| (&logger.name, logger)))
}

impl Show for Loggers {
    const KIND: &'static str = "logger";

    fn layout(&self) -> Layout {
        let mut fields = Vec::new();
        for logger in &self.loggers {
            let mut field = |name: &'static str, value: String| {
                fields.push(model::Field { name: Text::from(name), value: Text::from(value) });
            };
            let class = &logger.class;
            field("name", logger.name.clone());
            field("class", class.class.clone());
            field("classLoader", class.class_loader.as_deref().map(loader::in_one_line).unwrap_or_default());
            field("classLoaderHash", class.class_loader_hash.clone());
            field("level", logger.level.clone().unwrap_or_else(|| "null".to_owned()));
            for (name, value) in [("effectiveLevel", &logger.effective_level), ("config", &logger.config)] {
                if let Some(value) = value {
                    field(name, value.clone());
                }
            }
            field("additivity", logger.additivity.to_string());
            field("codeSource", logger.code_source.clone().unwrap_or_default());
            let appenders: Vec<String> = logger.appenders.iter().map(appender).collect();
            if !appenders.is_empty() {
                field("appenders", appenders.join("\n"));
            }
        }
        Layout::Fields(fields)
    }
}

/// An appender in lines.
fn appender(appender: &host::loggers::AppenderFacts) -> String {
    let class = &appender.class;
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &str| lines.push(format!("{name:<15} {value}"));
    line("name", appender.name.as_deref().unwrap_or("null"));
    line("class", &class.class);
    line("classLoader", &class.class_loader.as_deref().map(loader::in_one_line).unwrap_or_default());
    line("classLoaderHash", &class.class_loader_hash);
    for (name, value) in [("file", &appender.file), ("target", &appender.target)] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    if let Some(blocking) = appender.blocking {
        line("blocking", &blocking.to_string());
    }
    if let Some(names) = &appender.appender_ref {
        line("appenderRef", &format!("[{}]", names.join(", ")));
    }
    lines.join("\n")
}
