//! Files of the pod, read for whoever may take data out: regular files only, so that neither a pipe
//! nor a device holds the reader for ever or gives without end.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jvm::{Local, Value};
use nix::fcntl::OFlag;

use crate::Host;
use crate::error::{Error, Result};

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// There is none.
    Missing,
    /// It is a folder.
    Folder,
    /// It is a pipe, a socket or a device.
    NoFile,
    /// It has more bytes than asked for: so many, as far as is known.
    TooLarge(u64),
    /// The system refuses.
    Refused(io::Error),
}

/// The bytes of a regular file, `limit` at most. Never waits for another process.
///
/// # Errors
/// See [`Unread`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    let refused = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => Unread::Missing,
        ErrorKind::IsADirectory => Unread::Folder,
        _ => Unread::Refused(error),
    };
    let wait_for_nobody = OFlag::O_NONBLOCK.bits() | OFlag::O_NOCTTY.bits();
    let file = OpenOptions::new().read(true).custom_flags(wait_for_nobody).open(path).map_err(refused)?;
    let facts = file.metadata().map_err(refused)?;
    if facts.is_dir() {
        return Err(Unread::Folder);
    }
    if !facts.is_file() {
        return Err(Unread::NoFile);
    }
    if facts.len() > limit {
        return Err(Unread::TooLarge(facts.len()));
    }
    // The kernel's own files say that they are empty.
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(refused)?;
    match bytes.len() as u64 {
        length if length > limit => Err(Unread::TooLarge(length)),
        _ => Ok(bytes),
    }
}

/// Writes a new file that only the JVM's user may read. What is there already stays.
///
/// # Errors
/// A file of this name is there, or it cannot be made; then there is none.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes).inspect_err(|_| {
        // A disk may be full: half a file helps nobody.
        if let Err(why) = std::fs::remove_file(path) {
            log::warn!("{}: half a file is left: {why}", path.display());
        }
    })
}

impl Host {
    /// Bytes as text in one of Java's charsets. What is no character there becomes a replacement.
    ///
    /// # Errors
    /// Java knows no such charset.
    pub fn decode(&self, bytes: &[u8], charset: &str) -> Result<String> {
        self.vm.with_env(|env| {
            let class = env.find_class("java/lang/String")?;
            let signed: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
            let (array, name) = (env.new_array(&signed)?, env.new_string(charset)?);
            let made: jvm::Result<Local<'_>> =
                env.new_object(&class, "([BLjava/lang/String;)V", &[Value::of(&array), Value::of(&name)]);
            match made {
                Ok(text) => Ok(env.string(&text)?),
                Err(error)
                    if error.is_thrown("java.io.UnsupportedEncodingException")
                        || error.is_thrown("java.nio.charset.IllegalCharsetNameException") =>
                {
                    Err(Error::sentence(format!(
                        "This JVM knows no charset `{charset}`; try UTF-8, ISO-8859-1 or GBK."
                    )))
                }
                Err(error) => Err(error.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "hello").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"hello");
        assert!(matches!(read(&path, 4), Err(Unread::TooLarge(5))));
        assert!(matches!(read(folder.path(), 5), Err(Unread::Folder)));
        assert!(matches!(read(&folder.path().join("no"), 5), Err(Unread::Missing)));
        assert!(matches!(read(Path::new("/dev/zero"), 5), Err(Unread::NoFile)));
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(matches!(read(&pipe, 5), Err(Unread::NoFile)));
        // Of the kernel's files nobody knows the size before.
        assert!(!read(Path::new("/proc/self/status"), 1 << 16).unwrap().is_empty());
        assert!(matches!(read(Path::new("/proc/self/status"), 9), Err(Unread::TooLarge(10))));
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("new"), folder.path().join("link"));
        write_new(&path, b"one").unwrap();
        assert_eq!(write_new(&path, b"two").unwrap_err().kind(), ErrorKind::AlreadyExists);
        std::os::unix::fs::symlink(folder.path().join("other"), &link).unwrap();
        assert!(write_new(&link, b"two").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
    }
}
