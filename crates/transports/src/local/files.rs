//! Files that a peer sends along with its commands. They stay in memory, bounded, for the sessions of that connection,
//! and go with it: nothing of them touches the disk of the pod.

use std::sync::Arc;

use shell::SentFile;
use wire::{File, checksum};

/// What has come, and what is coming.
#[derive(Default)]
pub(super) struct Files {
    whole: Vec<SentFile>,
    coming: Option<(File, Vec<u8>)>,
}

impl Files {
    /// All files, for a session that is opened.
    pub(super) fn all(&self) -> Arc<[SentFile]> {
        self.whole.as_slice().into()
    }

    /// A file is announced. The error is for the peer, whose connection is over then.
    pub(super) fn announced(&mut self, file: File) -> Result<(), String> {
        let known: u64 = self.whole.iter().map(|file| file.bytes.len() as u64).sum();
        if self.coming.is_some() {
            return Err(format!("{} was announced before the file ahead of it had come", file.name));
        }
        if file.size > File::LONGEST || known + file.size > File::MOST_BYTES {
            return Err(format!(
                "{} has {} bytes; a file may have {}, all files together {}",
                file.name,
                file.size,
                File::LONGEST,
                File::MOST_BYTES
            ));
        }
        if self.whole.len() >= File::MOST {
            return Err(format!("{} is one file too many: {} may be sent along", file.name, File::MOST));
        }
        self.coming = Some((file, Vec::new()));
        self.take_whole()
    }

    /// A piece of it has come.
    pub(super) fn came(&mut self, piece: &[u8]) -> Result<(), String> {
        let Some((file, bytes)) = &mut self.coming else {
            return Err("a piece of a file came that nobody announced".to_owned());
        };
        if (bytes.len() + piece.len()) as u64 > file.size {
            return Err(format!("{} has more bytes than it was announced with", file.name));
        }
        bytes.extend_from_slice(piece);
        self.take_whole()
    }

    fn take_whole(&mut self) -> Result<(), String> {
        let is_whole = |(file, bytes): &mut (File, Vec<u8>)| bytes.len() as u64 == file.size;
        let Some((file, bytes)) = self.coming.take_if(is_whole) else { return Ok(()) };
        if checksum(&bytes) != file.checksum {
            return Err(format!("{} did not arrive as it was sent; send it again", file.name));
        }
        // What is sent again takes the place of what came before.
        self.whole.retain(|known| known.name != file.name);
        self.whole.push(SentFile { name: file.name, bytes: bytes.into() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> File {
        File { name: name.to_owned(), size: bytes.len() as u64, checksum: checksum(bytes) }
    }

    #[test]
    fn a_file_is_there_once_all_its_pieces_are() {
        let mut files = Files::default();
        files.announced(file("a/A.class", b"abcdef")).unwrap();
        files.came(b"abc").unwrap();
        assert!(files.all().is_empty());
        files.came(b"def").unwrap();
        assert_eq!(&*files.all()[0].bytes, b"abcdef");
        files.announced(file("empty", b"")).unwrap();
        assert_eq!(files.all().len(), 2);
        files.announced(file("a/A.class", b"x")).unwrap();
        files.came(b"x").unwrap();
        assert_eq!((files.all().len(), &*files.all()[1].bytes), (2, &b"x"[..]));
    }

    #[test]
    fn what_is_too_much_or_not_as_announced_is_refused() {
        let mut files = Files::default();
        assert!(files.came(b"x").is_err());
        assert!(files.announced(File { size: File::LONGEST + 1, ..file("a", b"") }).is_err());
        files.announced(file("a", b"abc")).unwrap();
        assert!(files.announced(file("b", b"")).is_err());
        assert!(files.came(b"abcd").is_err());
        assert!(files.came(b"abd").unwrap_err().contains("as it was sent"));
        for number in 0..File::MOST {
            files.announced(file(&number.to_string(), b"")).unwrap();
        }
        assert!(files.announced(file("more", b"")).unwrap_err().contains("too many"));
    }
}
