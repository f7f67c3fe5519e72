//! What `cat` and `base64` share: how much of a file of the pod may be read, and what is said when it
//! is not.

use std::path::Path;

use host::files::{self, Unread};

use crate::prelude::*;

/// Read unless `-M` says otherwise, and the most a program gets.
const USUAL: u64 = 128 * 1024;
/// The most a person gets.
const MOST: u64 = 8 * 1024 * 1024;

/// How many bytes may be read, by `-M` and by who asks.
pub(super) fn limit(asked: Option<u64>, cx: &Context<'_>) -> Result<u64, Failure> {
    let Some(asked) = asked else { return Ok(USUAL) };
    if asked == 0 {
        return Err(Failure::new("sizeLimit must be greater than 0."));
    }
    if asked > MOST {
        return Err(Failure::new(format!("sizeLimit cannot be large than: {MOST}")));
    }
    if !cx.is_terminal() && asked > USUAL {
        return Err(Failure::new(format!(
            "When executing in non-tty session, sizeLimit cannot be large than: {USUAL}"
        )));
    }
    Ok(asked)
}

/// A file's bytes. `command` begins the sentence that says why not.
pub(super) fn read(command: &str, path: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    files::read(Path::new(path), limit).map_err(|why| {
        Failure::new(match why {
            Unread::Missing => format!("{command}{path}: No such file or directory"),
            Unread::Folder => format!("{command}{path}: Is a directory"),
            Unread::NoFile => format!("{command}{path}: Is no regular file, and is not read"),
            Unread::TooLarge(size) => format!(
                "{command}{path}: Is too large, size: {size}; the limit is {limit} bytes, `-M` sets another"
            ),
            Unread::Refused(why) => format!("{command}{path}: {why}"),
        })
    })
}
