//! The files that these commands are given: sent along with the command line, else the JVM's own.

use std::path::Path;
use std::sync::Arc;

use host::compile::SourceFile;
use host::files::{self, Unread};
use host::plan::{LONGEST, NewClass};

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

/// Source files.
pub(super) fn sources(
    host: &Host,
    cx: &Context<'_>,
    paths: &[FilePath],
    encoding: Option<&str>,
) -> Result<Vec<SourceFile>, Failure> {
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        // What a compiler does not understand it quotes: not any file shall be read that way.
        if !path.ends_with(".java") {
            return Err(Failure::new(format!(
                "{} is no source file: the name of one ends in .java.",
                path.as_str()
            )));
        }
        let bytes = read(cx, path)?;
        let text = match encoding {
            Some(charset) if !charset.eq_ignore_ascii_case("utf-8") => {
                host.decode(&bytes, charset).or_fail()?
            }
            _ => String::from_utf8(bytes.to_vec()).map_err(|why| {
                let at = why.utf8_error().valid_up_to();
                let line = 1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
                Failure::new(format!(
                    "{}: line {line} is not UTF-8; --encoding names the charset it is in.",
                    path.as_str()
                ))
            })?,
        };
        sources.push(SourceFile { path: path.as_str().to_owned(), text });
    }
    Ok(sources)
}
