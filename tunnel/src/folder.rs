//! The data folder: small text files that only its owner may read.
//!
//! A file is written beside and renamed, so that a crash or a full disk leaves the old one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// An open data folder.
pub(crate) struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// Opens the folder; makes it, for its owner alone, where it is not there.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|e| {
            Failure::new(format!(
                "cannot make the data folder {}: {e}. Choose one with --data-dir.",
                path.display()
            ))
        })?;
        Ok(Self { path })
    }

    /// Where a file is.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file's text; `None` where there is no such file.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        match fs::read_to_string(self.at(name)) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(cannot("read", &self.at(name), &e)),
        }
    }

    /// Writes a file for its owner alone, whole or not at all.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let (target, beside) = (self.at(name), self.at(&format!(".{name}.new")));
        let write = || -> std::io::Result<()> {
            match fs::remove_file(&beside) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &target)
        };
        write().map_err(|e| cannot("write", &target, &e))
    }
}

/// The text of a secret's file without the line break at its end.
pub(crate) fn read_secret(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|e| cannot("read", path, &e))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::new(format!("{} is empty; write the secret into it.", path.display())));
    }
    Ok(text.to_owned())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}.", path.display()))
}
