//! The agent's file: where it is, and whether a given JVM can load it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};

use super::elf::Machine;
use crate::failure::Failure;
use crate::process::{Maps, Process};

const NAME: &str = "liboxprobe.so";

/// `liboxprobe.so`, found.
#[derive(Clone, Debug)]
pub struct Library {
    /// Absolute, without links: a JVM keeps the file mapped for ever, so it must be the versioned
    /// file, not a link that is moved to the next version.
    pub path: PathBuf,
}

impl Library {
    /// The file the user named, else `OXPROBE_AGENT`, else beside this program, else in `../lib`.
    pub fn find(named: Option<&Path>) -> Result<Self, Failure> {
        let candidates = Self::candidates(named);
        let found =
            candidates.iter().find_map(|path| fs::canonicalize(path).ok().filter(|path| path.is_file()));
        found.map(|path| Self { path }).ok_or_else(|| {
            let tried: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
            Failure::LibraryMissing { tried: format!("looked at {}", tried.join(", ")) }
        })
    }

    fn candidates(named: Option<&Path>) -> Vec<PathBuf> {
        if let Some(path) = named {
            return vec![path.to_owned()];
        }
        if let Some(path) = std::env::var_os("OXPROBE_AGENT").filter(|path| !path.is_empty()) {
            return vec![path.into()];
        }
        let program = std::env::current_exe().unwrap_or_default();
        let folder = program.parent().unwrap_or(Path::new("."));
        vec![folder.join(NAME), folder.join("../lib").join(NAME)]
    }

    /// Whether we, being the JVM's user, can read it, and whether code may be loaded from there.
    pub fn check_access(&self, uid: u32) -> Result<Machine, Failure> {
        let unreadable = |why: String| Failure::LibraryUnreadable { library: self.path.clone(), uid, why };
        let head = head(&self.path).map_err(|why| unreadable(why.kind().to_string()))?;
        let flags = statvfs(&self.path).map_err(|why| unreadable(why.desc().to_owned()))?.flags();
        if flags.contains(FsFlags::ST_NOEXEC) {
            return Err(Failure::LibraryNoexec { library: self.path.clone() });
        }
        Machine::of(&head).ok_or_else(|| unreadable("it is no shared library".to_owned()))
    }

    /// Whether it is built for the processor and the C library of the JVM.
    pub fn check_fit(&self, process: &Process, maps: &Maps) -> Result<Machine, Failure> {
        let ours = self.check_access(process.uid)?;
        let program = head(&process.proc("exe")).ok().and_then(|head| Machine::of(&head));
        if let Some(theirs) = program.filter(|theirs| *theirs != ours) {
            return Err(Failure::WrongArchitecture {
                pid: process.pid,
                library: self.path.clone(),
                library_is: ours.to_string(),
                jvm_is: theirs.to_string(),
            });
        }
        if maps.musl && self.wants_glibc() {
            return Err(Failure::WrongLibc { pid: process.pid, library: self.path.clone() });
        }
        Ok(ours)
    }

    /// glibc's loader by name among what it needs: the one name musl does not stand in for.
    fn wants_glibc(&self) -> bool {
        let bytes = fs::read(&self.path).unwrap_or_default();
        bytes.windows(9).any(|window| window == b"ld-linux-" || window == b"ld-linux.")
    }
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(Machine::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}
