//! The switches of the `options` command: what may be observed and how much is shown.
//!
//! They belong to the agent, not to a session, and last until it stops. Names, types and defaults are
//! Arthas's; a value is checked where it is set, so that its readers need not.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use values::Redaction;

use crate::error::{Error, Result};

/// The values in force.
pub struct Options {
    flags: [AtomicBool; FLAGS.len()],
    object_size_limit: AtomicU32,
    job_timeout: Mutex<String>,
    redact: Mutex<String>,
}

/// An option as the command shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRow {
    /// 0: takes care; 1: usual; 2: rarely needed.
    pub level: u8,
    /// `boolean`, `int` or `String`.
    pub kind: &'static str,
    /// How it is called.
    pub name: &'static str,
    /// Its value as text.
    pub value: String,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// What it does.
    pub description: &'static str,
}

/// What setting an option did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The option.
    pub name: &'static str,
    /// Its value before.
    pub before: String,
    /// Its value now.
    pub after: String,
}

struct Flag {
    level: u8,
    name: &'static str,
    default: bool,
    summary: &'static str,
    description: &'static str,
}

const fn flag(
    level: u8,
    name: &'static str,
    default: bool,
    summary: &'static str,
    description: &'static str,
) -> Flag {
    Flag { level, name, default, summary, description }
}

/// The places of the flags in the table below.
#[derive(Clone, Copy)]
enum At {
    Unsafe,
    Dump,
    Batch,
    Json,
    NoSubclasses,
    DefaultMethods,
    SaveResult,
    ParentFields,
    Verbose,
    Strict,
}

const FLAGS: [Flag; 10] = [
    flag(0, "unsafe", false, "Observe the JDK's classes", "Classes of the boot loader may be observed, too."),
    flag(
        1,
        "dump",
        false,
        "Write woven classes",
        "Each class that is woven is written to arthas-class-dump in the output folder (output-dir).",
    ),
    flag(
        1,
        "batch-re-transform",
        true,
        "Change classes together",
        "Classes are woven in batches, not singly.",
    ),
    flag(2, "json-format", false, "Objects as JSON", "Objects are shown as JSON."),
    flag(1, "disable-sub-class", false, "Without subclasses", "A class pattern takes no subclasses along."),
    flag(1, "support-default-method", true, "Default methods", "Interfaces with code may be observed."),
    flag(1, "save-result", false, "Log results", "Results are written to the log, too."),
    flag(
        1,
        "print-parent-fields",
        true,
        "Inherited fields",
        "An object's view has its superclasses' fields.",
    ),
    flag(
        1,
        "verbose",
        false,
        "Tell more",
        "Conditions' results and the methods that are observed are shown.",
    ),
    flag(1, "strict", true, "Expressions only read", "Expressions may not set properties of objects."),
];

const SIZE_LIMIT: u32 = 10 * 1024 * 1024;
const JOB_TIMEOUT: &str = "1d";

impl Default for Options {
    fn default() -> Self {
        Self {
            flags: FLAGS.each_ref().map(|flag| AtomicBool::new(flag.default)),
            object_size_limit: AtomicU32::new(SIZE_LIMIT),
            job_timeout: Mutex::new(JOB_TIMEOUT.to_owned()),
            redact: Mutex::new(values::DEFAULT.to_owned()),
        }
    }
}

impl Options {
    fn is(&self, at: At) -> bool {
        self.flags.get(at as usize).is_some_and(|flag| flag.load(Relaxed))
    }

    /// `unsafe`: classes of the boot loader may be observed.
    pub fn unsafe_classes(&self) -> bool {
        self.is(At::Unsafe)
    }

    /// `dump`: woven classes are written to files.
    pub fn dump(&self) -> bool {
        self.is(At::Dump)
    }

    /// `batch-re-transform`: classes are changed together.
    pub fn batch(&self) -> bool {
        self.is(At::Batch)
    }

    /// `json-format`: objects are shown as JSON.
    pub fn json_format(&self) -> bool {
        self.is(At::Json)
    }

    /// `disable-sub-class`: a pattern takes no subclasses along.
    pub fn no_subclasses(&self) -> bool {
        self.is(At::NoSubclasses)
    }

    /// `support-default-method`: interfaces may be observed.
    pub fn default_methods(&self) -> bool {
        self.is(At::DefaultMethods)
    }

    /// `save-result`: results are logged.
    pub fn save_result(&self) -> bool {
        self.is(At::SaveResult)
    }

    /// `print-parent-fields`: views have inherited fields.
    pub fn parent_fields(&self) -> bool {
        self.is(At::ParentFields)
    }

    /// `verbose`: more is told.
    pub fn verbose(&self) -> bool {
        self.is(At::Verbose)
    }

    /// `strict`: expressions may not set properties.
    pub fn strict(&self) -> bool {
        self.is(At::Strict)
    }

    /// `object-size-limit`: characters of an object's view, at least 1.
    pub fn object_size_limit(&self) -> usize {
        usize::try_from(self.object_size_limit.load(Relaxed)).unwrap_or(usize::MAX)
    }

    /// `job-timeout`, such as `1d`; what cannot be read as a time means a day.
    pub fn job_timeout(&self) -> String {
        self.job_timeout.lock().clone()
    }

    /// `redact`: the names whose values never leave the process.
    pub fn redaction(&self) -> Redaction {
        Redaction::parse(&self.redact.lock())
    }

    /// All of them, by level and name.
    pub fn all(&self) -> Vec<OptionRow> {
        let flags = FLAGS.iter().zip(&self.flags).map(|(flag, value)| OptionRow {
            level: flag.level,
            kind: "boolean",
            name: flag.name,
            value: value.load(Relaxed).to_string(),
            summary: flag.summary,
            description: flag.description,
        });
        let size = OptionRow {
            level: 1,
            kind: "int",
            name: "object-size-limit",
            value: self.object_size_limit().to_string(),
            summary: "Length of a view",
            description: "An object's view has at most so many characters.",
        };
        let timeout = OptionRow {
            level: 2,
            kind: "String",
            name: "job-timeout",
            value: self.job_timeout(),
            summary: "Longest job",
            description: "A job ends after this time: a number and d, h, m or s.",
        };
        let redact = OptionRow {
            level: 0,
            kind: "String",
            name: "redact",
            value: self.redact.lock().clone(),
            summary: "Names of secrets",
            description: "Values of what has one of these in its name are shown as ***.",
        };
        let mut all: Vec<OptionRow> = flags.chain([size, timeout, redact]).collect();
        all.sort_by_key(|row| (row.level, row.name));
        all
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<OptionRow> {
        self.all().into_iter().find(|row| row.name == name)
    }

    /// Sets one from text. The error says what the value must be.
    pub fn set(&self, name: &str, value: &str) -> Result<Changed> {
        let Some(before) = self.get(name) else {
            return Err(Error::sentence(format!(
                "options[{name}] not found. Type `options` to see all of them."
            )));
        };
        let refused = || {
            let kind = before.kind;
            Error::sentence(format!("Cannot cast option value[{value}] to type[{kind}]."))
        };
        match before.kind {
            "boolean" => {
                let wanted = match value.to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(refused()),
                };
                let place = FLAGS.iter().position(|flag| flag.name == name);
                if let Some(flag) = place.and_then(|place| self.flags.get(place)) {
                    flag.store(wanted, Relaxed);
                }
            }
            "int" => {
                let limit: i32 = value.parse().map_err(|_| refused())?;
                let limit = u32::try_from(limit).ok().filter(|limit| *limit > 0);
                let Some(limit) = limit else {
                    return Err(Error::sentence("options[object-size-limit] must be greater than 0."));
                };
                self.object_size_limit.store(limit, Relaxed);
            }
            _ if name == "redact" => value.clone_into(&mut self.redact.lock()),
            _ => value.clone_into(&mut self.job_timeout.lock()),
        }
        let after = self.get(name).map(|row| row.value).unwrap_or_default();
        Ok(Changed { name: before.name, before: before.value, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_set_and_tells_what_it_was() {
        let options = Options::default();
        assert!(!options.unsafe_classes() && options.batch() && options.strict());
        let changed = options.set("unsafe", "TRUE").unwrap();
        assert_eq!((changed.before.as_str(), changed.after.as_str()), ("false", "true"));
        assert!(options.unsafe_classes());
        assert!(options.set("disable-sub-class", "true").is_ok() && options.no_subclasses());
        assert!(options.set("strict", "false").is_ok() && !options.strict());
    }

    #[test]
    fn a_value_of_another_type_changes_nothing() {
        let options = Options::default();
        let say = |name, value| options.set(name, value).unwrap_err().to_string();
        assert_eq!(say("unsafe", "yes"), "Cannot cast option value[yes] to type[boolean].");
        assert_eq!(say("object-size-limit", "big"), "Cannot cast option value[big] to type[int].");
        assert_eq!(say("object-size-limit", "0"), "options[object-size-limit] must be greater than 0.");
        assert!(say("nothing", "1").starts_with("options[nothing] not found."));
        assert!(!options.unsafe_classes());
        assert_eq!(options.object_size_limit(), 10_485_760);
    }

    #[test]
    fn every_option_is_listed_with_its_place() {
        let options = Options::default();
        for row in options.all().iter().filter(|row| row.kind == "boolean") {
            let other = (row.value == "false").to_string();
            options.set(row.name, &other).unwrap();
            assert_eq!(options.get(row.name).unwrap().value, other, "{}", row.name);
        }
        let reads = [
            options.unsafe_classes(),
            options.dump(),
            !options.batch(),
            options.json_format(),
            options.no_subclasses(),
            !options.default_methods(),
            options.save_result(),
            !options.parent_fields(),
            options.verbose(),
            !options.strict(),
        ];
        assert!(reads.iter().all(|read| *read), "{reads:?}");
        assert_eq!(options.all().len(), 13);
    }
}
