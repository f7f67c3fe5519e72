//! Where the value of an option came from, and where values are looked for.

use std::fmt;
use std::path::{Path, PathBuf};

/// The place that named a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The agent's argument, or `oxprobe attach -o`.
    Option,
    /// The environment variable of this name.
    Environment(String),
    /// The system property of this name.
    Property(String),
    /// The file that `config` names.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => out.write_str("option"),
            Self::Environment(name) => write!(out, "environment {name}"),
            Self::Property(name) => write!(out, "property {name}"),
            Self::File(path) => write!(out, "file {}", path.display()),
        }
    }
}

/// Where options come from, apart from the agent's argument. Functions, so that tests need neither
/// an environment nor a JVM.
pub struct Sources<'a> {
    /// An environment variable.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// A Java system property.
    pub property: &'a dyn Fn(&str) -> Option<String>,
    /// The text of the file that `config` names.
    pub file: &'a dyn Fn(&Path) -> std::io::Result<String>,
}
