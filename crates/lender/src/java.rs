//! Which Java decompiles: the one that is named, else that of `JAVA_HOME`, else the first of `PATH`.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// A program `java`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Java {
    path: PathBuf,
}

impl Java {
    /// What says that there shall be none.
    pub const NONE: &str = "none";

    /// The one that is named, if one is; else the first there is.
    ///
    /// # Errors
    /// The one that is named cannot be run; a sentence.
    pub fn named(name: Option<&OsStr>) -> Result<Option<Self>, String> {
        match name.filter(|name| !name.is_empty()) {
            Some(name) if name == Self::NONE => Ok(None),
            Some(name) => Self::at(PathBuf::from(name)).map(Some).ok_or_else(|| {
                let name = Path::new(name).display();
                format!("{name} is no program that can be run; name a `java`, or `{}`", Self::NONE)
            }),
            None => Ok(Self::found()),
        }
    }

    /// This file, where it can be run.
    pub fn at(path: PathBuf) -> Option<Self> {
        (path.is_file() && access(&path, Access::EXEC_OK).is_ok()).then_some(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn found() -> Option<Self> {
        let home = env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
        let path = env::var_os("PATH").unwrap_or_default();
        let folders =
            home.map(|home| Path::new(&home).join("bin")).into_iter().chain(env::split_paths(&path));
        // A folder that is not absolute is another one wherever the user stands.
        folders.filter(|folder| folder.is_absolute()).find_map(|folder| Self::at(folder.join("java")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_java_that_is_named_must_be_a_program() {
        assert_eq!(Java::named(Some(OsStr::new("none"))), Ok(None));
        assert!(Java::named(Some(OsStr::new("/"))).unwrap_err().contains("no program"));
        assert!(Java::named(Some(OsStr::new("/dev/null"))).unwrap_err().contains("no program"));
        let own = env::current_exe().unwrap();
        assert_eq!(Java::named(Some(own.as_os_str())), Ok(Some(Java { path: own.clone() })));
    }
}
