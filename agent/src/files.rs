//! The files that output goes to: where they lie, and how they are opened and written so that neither
//! a link, nor a device, nor a full disk can harm the application.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::statvfs::fstatvfs;
use shell::{OutputFile, Target};

/// The most that is written through one file, in bytes.
const LARGEST: u64 = 1 << 30;

/// How much of the disk is left to the application, in bytes.
const LEFT: u64 = 16 << 20;

/// How much is written between two looks at the disk, in bytes.
const BETWEEN_LOOKS: u64 = 1 << 20;

/// How long the file of all results gets before it is put aside, in bytes.
const RESULTS: u64 = 64 << 20;

/// What the folder is called where no option names one, as in Arthas.
const FOLDER: &str = "arthas-output";

/// Opens a file for output; those without a name lie in this folder.
pub(crate) fn open_target(target: Target<'_>, output: &Path) -> io::Result<OutputFile> {
    let (path, append) = match target {
        Target::Path { path, append } => (std::path::absolute(path)?, append),
        Target::Cache { job } => {
            let name = format!("arthas-cache/{}/{job}", std::process::id());
            (made(output)?.join(name), false)
        }
        Target::Results => {
            let path = made(output)?.join("arthas-cache/result.log");
            if fs::symlink_metadata(&path).is_ok_and(|file| file.len() > RESULTS) {
                fs::rename(&path, path.with_extension("log.1"))?;
            }
            (path, true)
        }
    };
    let file = open(&path, append)?;
    let mut bounded = Bounded { file, written: 0, looked: 0 };
    bounded.look()?;
    Ok(OutputFile { path, file: Box::new(bounded) })
}

/// The folder, which is there. Where nobody named one and the working directory may not be written, one
/// for temporary files.
fn made(folder: &Path) -> io::Result<PathBuf> {
    let here = std::path::absolute(folder)?;
    match make(&here) {
        Ok(()) => Ok(here),
        Err(_) if folder == Path::new(FOLDER) => {
            let there = std::env::temp_dir().join(FOLDER);
            make(&there)?;
            own(&there)?;
            Ok(there)
        }
        Err(why) => Err(why),
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Where everybody may make folders, one that somebody else made is not ours to use.
fn own(folder: &Path) -> io::Result<()> {
    let there = fs::symlink_metadata(folder)?;
    let is_ours = there.is_dir() && there.uid() == jvm::os::effective_uid() && there.mode() & 0o022 == 0;
    match is_ours {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "{} is somebody else's: name a folder with the option output-dir",
            folder.display()
        ))),
    }
}

/// A regular file, and no link: neither may the application's own output be written to, nor may
/// somebody who can make links choose where we write.
fn open(path: &Path, append: bool) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        make(folder)?;
    }
    // A pipe without a reader is an error instead of a wait.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let opened =
        OpenOptions::new().write(true).append(append).create(true).mode(0o600).custom_flags(flags).open(path);
    let file = opened.map_err(|why| match why.raw_os_error() {
        Some(number) if number == nix::Error::ELOOP as i32 => io::Error::other("it is a symbolic link"),
        _ => why,
    })?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if !append {
        file.set_len(0)?;
    }
    Ok(file)
}

/// A file that stops before it takes too much.
struct Bounded {
    file: File,
    written: u64,
    looked: u64,
}

impl Bounded {
    /// Whether the disk has room to spare.
    fn look(&mut self) -> io::Result<()> {
        self.looked = self.written;
        let disk = fstatvfs(&self.file)?;
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        match free < LEFT {
            true => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("its disk has only {} kB left, which the application may need", free >> 10),
            )),
            false => Ok(()),
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written >= LARGEST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it has grown by 1 GiB, which is the limit",
            ));
        }
        if self.written - self.looked >= BETWEEN_LOOKS {
            self.look()?;
        }
        let count = self.file.write(bytes)?;
        self.written += u64::try_from(count).unwrap_or(0);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("oxprobe-files-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn write(path: &Path, append: bool, text: &str) -> io::Result<PathBuf> {
        let target = Target::Path { path: path.to_str().unwrap(), append };
        let mut opened = open_target(target, Path::new("unused"))?;
        opened.file.write_all(text.as_bytes())?;
        Ok(opened.path)
    }

    #[test]
    fn a_file_is_made_with_its_folders_for_its_owner_alone() {
        let folder = Folder::new("made");
        let path = folder.0.join("a/b/c.txt");
        assert_eq!(write(&path, false, "one\n").unwrap(), path);
        write(&path, true, "two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        write(&path, false, "three\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.0.join("a")).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn links_devices_pipes_and_folders_are_refused() {
        let folder = Folder::new("refused");
        let (link, fifo, target) = (folder.0.join("link"), folder.0.join("fifo"), folder.0.join("target"));
        fs::write(&target, "precious").unwrap();
        symlink(&target, &link).unwrap();
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [&link, &fifo, &folder.0, Path::new("/dev/full"), Path::new("/dev/stdout")] {
            assert!(write(path, false, "x").is_err(), "{}", path.display());
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }

    #[test]
    fn files_without_a_name_lie_in_the_output_folder() {
        let folder = Folder::new("named");
        let output = folder.0.join("out");
        let opened = open_target(Target::Cache { job: 7 }, &output).unwrap();
        assert_eq!(opened.path, folder.0.join(format!("out/arthas-cache/{}/7", std::process::id())));
        let results = open_target(Target::Results, &output).unwrap();
        assert_eq!(results.path, folder.0.join("out/arthas-cache/result.log"));
        fs::OpenOptions::new().write(true).open(&results.path).unwrap().set_len(RESULTS + 1).unwrap();
        open_target(Target::Results, &output).unwrap();
        assert_eq!(fs::metadata(&results.path).unwrap().len(), 0, "the long one is put aside");
    }

    #[test]
    fn a_folder_that_others_may_write_is_not_ours() {
        let folder = Folder::new("own");
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(own(&folder.0).is_ok());
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(own(&folder.0).is_err());
        let link = folder.0.join("link");
        symlink(&folder.0, &link).unwrap();
        assert!(own(&link).is_err());
    }

    #[test]
    fn what_is_written_has_a_limit() {
        let folder = Folder::new("limit");
        let file = open(&folder.0.join("f"), false).unwrap();
        let mut full = Bounded { file, written: LARGEST, looked: LARGEST };
        assert_eq!(full.write(b"x").unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
