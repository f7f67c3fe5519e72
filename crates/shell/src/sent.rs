//! Files that come along with a command line, from where the JVM cannot see them.

use std::fmt;
use std::sync::Arc;

/// A file from the other end of the connection.
#[derive(Clone, PartialEq, Eq)]
pub struct SentFile {
    /// Its path there, as the user wrote it.
    pub name: String,
    /// What is in it.
    pub bytes: Arc<[u8]>,
}

impl fmt::Debug for SentFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({} bytes)", self.name, self.bytes.len())
    }
}

/// The file that a command line means: by its path as it was sent, or by the name at the path's end if only one has
/// it.
pub(crate) fn find<'s>(sent: &'s [SentFile], path: &str) -> Option<&'s SentFile> {
    if let Some(found) = sent.iter().find(|file| file.name == path) {
        return Some(found);
    }
    let mut named = sent.iter().filter(|file| file.name.rsplit('/').next() == Some(path));
    named.next().filter(|_| named.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_meant_by_its_path_or_by_its_name_alone() {
        let file = |name: &str| SentFile { name: name.to_owned(), bytes: Arc::from(name.as_bytes()) };
        let sent = [file("out/A.class"), file("out/B.class"), file("old/B.class"), file("C.class")];
        let found = |path| find(&sent, path).map(|file| file.name.as_str());
        assert_eq!(found("A.class"), Some("out/A.class"));
        assert_eq!(found("old/B.class"), Some("old/B.class"));
        assert_eq!(found("B.class"), None, "it could be either");
        assert_eq!(found("C.class"), Some("C.class"));
        assert_eq!(found("t/A.class"), None);
    }
}
