//! Class files of loaded classes, written below a folder by loader and package (`dump`).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Host;
use crate::class_bytes::Probes;
use crate::class_facts::ClassName;
use crate::class_query::ClassQuery;
use crate::error::{Error, Result};
use crate::evaluation::Answer;
use crate::loaders::Loader;
use crate::matcher::Refused;

/// A class whose file was written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenClass {
    /// See [`ClassName::name`].
    pub name: String,
    /// See [`ClassName::classloader`].
    pub classloader: Vec<String>,
    /// See [`ClassName::class_loader_hash`].
    pub class_loader_hash: String,
    /// The file, from the root on.
    pub location: String,
}

/// What came of writing.
#[derive(Default)]
pub struct Written {
    /// The classes whose files are there.
    pub classes: Vec<WrittenClass>,
    /// Those that have none, by the reason.
    pub refused: Vec<Refused>,
}

/// What came of looking for classes to write.
pub enum Writing {
    /// They were written.
    Done(Written),
    /// More were found than wanted; none was written.
    TooMany(Vec<ClassName>),
}

impl Host {
    /// Writes the class files of the classes that are meant, as they run but without our probes. A file that is there is
    /// replaced in one step.
    ///
    /// # Errors
    /// The folder or a file cannot be written; what was written before stays. No loader is of the class that is wanted.
    pub fn write_classes(&self, query: &ClassQuery, most: usize, folder: &Path) -> Result<Answer<Writing>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let found = match self.query_classes(&mut loaders, env, query)? {
                Ok(found) => found,
                Err(several) => return Ok(Err(several)),
            };
            let names =
                found.iter().map(|one| ClassName::of(&mut loaders, one)).collect::<Result<Vec<_>>>()?;
            if found.len() > most {
                return Ok(Ok(Writing::TooMany(names)));
            }
            let mut written = Written::default();
            let (binary, classes): (Vec<String>, Vec<_>) =
                found.into_iter().map(|one| (one.name, one.class)).unzip();
            let bytes = self.class_bytes(env, &classes, Probes::LeftOut)?;
            for (((name, binary), class), bytes) in names.into_iter().zip(binary).zip(&classes).zip(bytes) {
                let bytes = match bytes {
                    Ok(bytes) => bytes,
                    Err(why) => {
                        written.refused.push(Refused { what: name.name, why });
                        continue;
                    }
                };
                let loader = loaders.of(class)?;
                let file = folder.join(place(loader.as_deref(), &name.class_loader_hash, &binary));
                let location = write(&file, &bytes).map_err(|why| failed(&file, &why))?;
                written.classes.push(WrittenClass {
                    name: name.name,
                    classloader: name.classloader,
                    class_loader_hash: name.class_loader_hash,
                    location: location.display().to_string(),
                });
            }
            Ok(Ok(Writing::Done(written)))
        })
    }
}

/// `<loader's class>-<hash>/<package>/<name>.class`; the boot loader's have no first part. No part can be `..`: a class's
/// name has no empty ones between its dots.
fn place(loader: Option<&Loader<'_>>, hash: &str, binary: &str) -> PathBuf {
    let file = format!("{}.class", binary.replace('.', "/"));
    match loader {
        Some(loader) => Path::new(&format!("{}-{hash}", loader.class)).join(file),
        None => PathBuf::from(file),
    }
}

/// Writes beside the place and moves it there: nobody sees half a file, and a link at the place is not followed.
fn write(file: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let none = || io::Error::from(ErrorKind::InvalidInput);
    let (folder, name) = file.parent().zip(file.file_name()).ok_or_else(none)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let folder = folder.canonicalize()?;
    let mut part = name.to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let (part, file) = (folder.join(part), folder.join(name));
    let begun = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    let whole = begun.and_then(|mut to| to.write_all(bytes)).and_then(|()| fs::rename(&part, &file));
    if whole.is_err()
        && let Err(why) = fs::remove_file(&part)
        && why.kind() != ErrorKind::NotFound
    {
        log::warn!("{}: half a file is left: {why}", part.display());
    }
    whole.map(|()| file)
}

fn failed(file: &Path, why: &io::Error) -> Error {
    let next = match why.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room",
        ErrorKind::InvalidFilename => "the class's name is too long for this file system",
        _ => "name a folder that the JVM's user may write with -d",
    };
    Error::sentence(format!(
        "dump: fail to dump classes: {} cannot be written ({why}); {next}.",
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_no_part_of_it_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b/C.class");
        write(&file, b"one").unwrap();
        assert_eq!(write(&file, b"two").unwrap(), file.canonicalize().unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"two");
        let other = folder.path().join("other");
        fs::write(&other, "kept").unwrap();
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        write(&file, b"three").unwrap();
        assert_eq!(
            (fs::read(&other).unwrap(), fs::read(&file).unwrap()),
            (b"kept".to_vec(), b"three".to_vec())
        );
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("C.class");
        fs::create_dir(&file).unwrap();
        let why = failed(&file, &write(&file, b"one").unwrap_err()).to_string();
        assert!(why.starts_with("dump: fail to dump classes: "), "{why}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
