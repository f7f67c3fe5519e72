//! Reading the file that the option `config` names.
//!
//! The path comes from outside, so whatever it names must neither hold a thread for ever (a pipe)
//! nor fill the memory (a device): regular files of at most a mebibyte.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// The largest file that is read, in bytes; the keys there are fill a few kilobytes.
const LARGEST: u64 = 1 << 20;

/// The file's text.
///
/// # Errors
/// It cannot be opened, is no regular file, is longer than a mebibyte, or no UTF-8.
pub fn read_config(path: &Path) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(length) if length <= LARGEST => Ok(text),
        _ => Err(io::Error::other(format!("it is longer than {LARGEST} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_endless_is_refused() {
        for path in ["/dev/zero", "/dev", "/nowhere"] {
            assert!(read_config(Path::new(path)).is_err(), "{path}");
        }
        let path = std::env::temp_dir().join(format!("oxprobe-config-{}", std::process::id()));
        std::fs::write(&path, "app-name=x\n").unwrap();
        assert_eq!(read_config(&path).unwrap(), "app-name=x\n");
        std::fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert!(read_config(&path).unwrap_err().to_string().contains("longer"));
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(read_config(&path).is_err(), "a pipe");
        std::fs::remove_file(&path).unwrap();
    }
}
