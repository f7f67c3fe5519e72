//! Files that we lend to the agent: the jars of the folder `java` beside this program, which the JVM's own machine may
//! lack. The agent names one and takes it piece by piece; it gets nothing else.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use wire::{Message, PartWanted};

/// What we say in our hello, so that we are asked.
pub const CAPABILITY: &str = "parts";

const PINS: &str = include_str!("../../../scripts/parts.pins");

/// The longest piece, in bytes.
const LONGEST: u32 = 256 * 1024;

/// The folders where jars may be.
fn folders() -> Vec<PathBuf> {
    let program = std::env::current_exe().unwrap_or_default();
    let agent = std::env::var_os("OXPROBE_AGENT").map(PathBuf::from);
    let beside = program.parent().into_iter().chain(agent.as_deref().and_then(|agent| agent.parent()));
    beside.flat_map(|folder| [folder.join("java"), folder.join("../lib/java")]).collect()
}

/// The files that may be lent. A line of the list is `name coordinate file sum`.
fn names() -> impl Iterator<Item = &'static str> {
    let lines = PINS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_ascii_whitespace().nth(2))
}

/// The answer to what the agent wants.
pub fn part(wanted: &PartWanted) -> Message {
    Message::Part(read(wanted).unwrap_or_default())
}

fn read(wanted: &PartWanted) -> io::Result<Vec<u8>> {
    // By the list, and not by what the agent says: whoever speaks there shall not have other files of ours.
    let Some(name) = names().find(|name| *name == wanted.file) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let found = folders().into_iter().find_map(|folder| File::open(folder.join(name)).ok());
    let file = found.ok_or(io::ErrorKind::NotFound)?;
    let mut piece = vec![0; wanted.most.min(LONGEST) as usize];
    let mut length = 0;
    while let Some(rest) = piece.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, wanted.from + length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    piece.truncate(length);
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_list_are_lent() {
        assert!(names().any(|name| name == "cfr-0.152.jar"));
        for file in ["../../../etc/passwd", "/etc/passwd", "", "sum"] {
            let wanted = PartWanted { file: file.to_owned(), from: 0, most: 9 };
            assert_eq!(part(&wanted), Message::Part(Vec::new()), "{file}");
        }
    }
}
