//! Files that one of our programs lends to an agent: the jars of the folder `java` beside it, which the JVM's own machine
//! may lack. The agent names one and takes it piece by piece; it gets nothing else.
//!
//! The `oxprobe` command and the tunnel server both lend, so this stands where both see it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::PartWanted;

/// What a client says in its hello, so that it is asked.
pub const CAPABILITY: &str = "parts";

const PINS: &str = include_str!("../../../scripts/parts.pins");

/// The longest piece, in bytes.
const LONGEST: u32 = 256 * 1024;

/// Where jars may be.
#[derive(Clone, Debug)]
pub struct Shelf {
    folders: Vec<PathBuf>,
}

impl Shelf {
    /// The folder `java` beside this program, or below `lib` beside its folder; and the same beside other files.
    pub fn beside(others: impl IntoIterator<Item = PathBuf>) -> Self {
        let files = std::env::current_exe().into_iter().chain(others);
        let beside = files.filter_map(|file| file.parent().map(PathBuf::from));
        Self {
            folders: beside.flat_map(|folder| [folder.join("java"), folder.join("../lib/java")]).collect(),
        }
    }

    /// Whether there is anything to lend.
    pub fn is_empty(&self) -> bool {
        !names().any(|name| self.open(name).is_some())
    }

    /// The piece that is wanted; empty where there is none. Reads a file.
    pub fn piece(&self, wanted: &PartWanted) -> Vec<u8> {
        self.read(wanted).unwrap_or_default()
    }

    fn open(&self, name: &str) -> Option<File> {
        self.folders.iter().find_map(|folder| File::open(folder.join(name)).ok())
    }

    fn read(&self, wanted: &PartWanted) -> io::Result<Vec<u8>> {
        // By the list, and not by what the agent says: whoever speaks there shall not have other files of ours.
        let Some(name) = names().find(|name| *name == wanted.file) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let file = self.open(name).ok_or(io::ErrorKind::NotFound)?;
        let mut piece = vec![0; wanted.most.min(LONGEST) as usize];
        let mut length = 0;
        while let Some(rest) = piece.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, wanted.from.saturating_add(length as u64)) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        piece.truncate(length);
        Ok(piece)
    }
}

/// The files that may be lent. A line of the list is `name coordinate file sum`.
fn names() -> impl Iterator<Item = &'static str> {
    let lines = PINS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_ascii_whitespace().nth(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(file: &str, from: u64, most: u32) -> PartWanted {
        PartWanted { file: file.to_owned(), from, most }
    }

    #[test]
    fn only_files_of_the_list_are_lent() {
        let folder = tempfile::tempdir().unwrap();
        let java = folder.path().join("java");
        std::fs::create_dir(&java).unwrap();
        let shelf = Shelf::beside([folder.path().join("program")]);
        std::fs::write(java.join("secret"), "no").unwrap();
        assert!(shelf.is_empty());
        let name = names().next().unwrap();
        std::fs::write(java.join(name), "0123456789").unwrap();
        assert!(!shelf.is_empty());
        assert_eq!(shelf.piece(&wanted(name, 0, 4)), b"0123");
        assert_eq!(shelf.piece(&wanted(name, 8, 4)), b"89");
        assert_eq!(shelf.piece(&wanted(name, 10, 4)), b"");
        assert_eq!(shelf.piece(&wanted(name, u64::MAX, 4)), b"");
        for file in ["secret", "../java/secret", "/etc/passwd", "", "sum"] {
            assert_eq!(shelf.piece(&wanted(file, 0, 9)), b"", "{file}");
        }
    }
}
