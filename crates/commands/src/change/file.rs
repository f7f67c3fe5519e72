//! The files that these commands are given: sent along with the command line, else the JVM's own.

use std::path::Path;
use std::sync::Arc;

use host::files::{self, Unread};
use host::replace::{LONGEST, NewClass};

use crate::prelude::*;

/// A file's bytes.
pub(super) fn read(cx: &Context<'_>, path: &str) -> Result<Arc<[u8]>, Failure> {
    if let Some(sent) = cx.sent(path) {
        return Ok(sent);
    }
    let read = files::read(Path::new(path), LONGEST);
    read.map(Arc::from).map_err(|why| {
        Failure::new(match why {
            Unread::Missing => format!(
                "file does not exist, path:{path}. It is looked for where the JVM runs; `oxprobe exec --send FILE` sends \
                 one along."
            ),
            Unread::Folder | Unread::NoFile => format!("not a normal file, path:{path}"),
            Unread::TooLarge(size) => format!("file size: {size} >= {LONGEST}, path: {path}"),
            Unread::Refused(why) => format!("{path} cannot be read: {why}"),
        })
    })
}

/// Class files, each of another class.
pub(super) fn classes(cx: &Context<'_>, paths: &[FilePath]) -> Result<Vec<NewClass>, Failure> {
    let mut classes: Vec<NewClass> = Vec::new();
    for path in paths {
        let class = NewClass::read(read(cx, path)?).map_err(|why| {
            Failure::new(format!("load class file failed: {}, error: {why}.", path.as_str()))
        })?;
        if classes.iter().any(|known| known.name == class.name) {
            return Err(Failure::new(format!(
                "paths may contains same class name! Two of the files are {}.",
                class.name
            )));
        }
        classes.push(class);
    }
    Ok(classes)
}
