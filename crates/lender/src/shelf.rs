//! Files that are lent to an agent: the jars of the folder `java` beside this program, which the JVM's own machine may
//! lack. The agent names one and takes it piece by piece; it gets nothing else.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use ring::digest::{SHA256, digest};
use wire::PartWanted;

const PINS: &str = include_str!("../../../scripts/parts.pins");

/// The longest piece, in bytes.
const LONGEST: u32 = 256 * 1024;

/// The largest jar that is read whole, in bytes.
const LARGEST: u64 = 16 << 20;

/// Where jars may be.
#[derive(Clone, Debug)]
pub struct Shelf {
    folders: Vec<PathBuf>,
}

impl Shelf {
    /// The name of the decompiler in the list.
    pub(crate) const DECOMPILER: &str = "cfr";

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
        !all().any(|part| self.open(part.file).is_some())
    }

    /// Whether the file of the part of this name is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        all().any(|part| part.name == name && self.open(part.file).is_some())
    }

    /// The jar of the part of this name, and no other than the one in the list.
    pub(crate) fn jar(&self, name: &str) -> io::Result<Vec<u8>> {
        let part = all().find(|part| part.name == name).ok_or(io::ErrorKind::NotFound)?;
        let mut bytes = Vec::new();
        self.open(part.file).ok_or(io::ErrorKind::NotFound)?.take(LARGEST).read_to_end(&mut bytes)?;
        let sum: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        if sum == part.sum { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
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
        let part = all().find(|part| part.file == wanted.file).ok_or(io::ErrorKind::NotFound)?;
        let file = self.open(part.file).ok_or(io::ErrorKind::NotFound)?;
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

/// A line of the list.
struct Pinned {
    name: &'static str,
    file: &'static str,
    /// SHA-256, in hex.
    sum: &'static str,
}

/// The files that may be lent. A line of the list is `name coordinate file sum`.
fn all() -> impl Iterator<Item = Pinned> {
    let lines = PINS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        Some(Pinned { name: words.next()?, file: words.nth(1)?, sum: words.next()? })
    })
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
        let Pinned { name: part, file: name, .. } = all().next().unwrap();
        assert!(!shelf.has(part));
        std::fs::write(java.join(name), "0123456789").unwrap();
        assert!(!shelf.is_empty() && shelf.has(part));
        // Lent as it is: who takes it looks himself.
        assert_eq!(shelf.jar(part).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(shelf.piece(&wanted(name, 0, 4)), b"0123");
        assert_eq!(shelf.piece(&wanted(name, 8, 4)), b"89");
        assert_eq!(shelf.piece(&wanted(name, 10, 4)), b"");
        assert_eq!(shelf.piece(&wanted(name, u64::MAX, 4)), b"");
        for file in ["secret", "../java/secret", "/etc/passwd", "", "sum"] {
            assert_eq!(shelf.piece(&wanted(file, 0, 9)), b"", "{file}");
        }
    }
}
