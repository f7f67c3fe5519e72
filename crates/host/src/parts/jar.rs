//! A jar for a class loader to open, that is on no disk: a file in memory, reached through `/proc/self/fd`. Where the
//! system has none (Linux before 3.17) it is a file in the output folder that only the JVM's user may read.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use jvm::os;

use super::Part;
use crate::error::{Error, Result};
use crate::files;

/// A part's jar, there for as long as this is kept.
#[derive(Debug)]
pub struct Jar {
    path: PathBuf,
    /// In memory; else the file at `path` is ours to remove.
    memory: Option<File>,
}

impl Jar {
    /// Makes one; `folder` is for systems without files in memory.
    pub(super) fn of(part: &Part, bytes: &[u8], folder: &Path) -> Result<Self> {
        let in_memory = || -> std::io::Result<Self> {
            let mut file = File::from(os::memory_file(c"oxprobe-part")?);
            file.write_all(bytes)?;
            let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            // Where /proc is hidden, a JVM could not open it.
            File::open(&path)?;
            Ok(Self { path, memory: Some(file) })
        };
        let on_disk = || -> std::io::Result<Self> {
            std::fs::create_dir_all(folder)?;
            let folder = std::path::absolute(folder)?;
            let path =
                folder.join(format!("oxprobe-{}-{}-{}", std::process::id(), os::monotonic_ns(), part.file));
            files::write_new(&path, bytes)?;
            Ok(Self { path, memory: None })
        };
        in_memory().or_else(|first| {
            on_disk().map_err(|second| {
                Error::sentence(format!(
                    "{} can be kept neither in memory ({first}) nor in {} ({second}).",
                    part.file,
                    folder.display()
                ))
            })
        })
    }

    /// Where a class loader opens it.
    pub(crate) fn place(&self) -> String {
        self.path.display().to_string()
    }
}

impl Drop for Jar {
    fn drop(&mut self) {
        if self.memory.is_none()
            && let Err(why) = std::fs::remove_file(&self.path)
        {
            log::warn!("{} stays: {why}", self.path.display());
        }
    }
}
