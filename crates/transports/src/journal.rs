//! The agent's log: a ring in memory, and a file only where one was asked for.
//!
//! Standard output and error belong to the application, so this is the one place where the agent
//! speaks of itself. Writing to the ring never waits for a disk; lines for the file are collected
//! and written by a short thread of their own.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use log::{LevelFilter, Log, Metadata, Record};
use nix::fcntl::OFlag;
use parking_lot::Mutex;

use crate::clock;

/// How much memory the ring takes, in bytes.
pub const RING_BYTES: usize = 256 * 1024;

/// What a line takes beside its text: its place in the ring, and what the allocator adds.
const BESIDE: usize = size_of::<Box<str>>() + 16;

/// The longest line. What a peer says may become part of one.
const LINE_BYTES: usize = 4096;

/// At this size the file is renamed to `….1` and begun anew, so that it is bounded too.
const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The log of this copy of the agent.
pub struct Journal {
    ring: Mutex<Ring>,
    file: Mutex<Option<LogFile>>,
}

struct Ring {
    lines: VecDeque<Box<str>>,
    /// What the lines take, [`BESIDE`] included.
    bytes: usize,
    /// Lines not yet in the file: the last ones of the ring.
    unwritten: usize,
    to_file: bool,
}

struct LogFile {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "there is one, in a static")]
    pub const fn new() -> Self {
        let ring = Ring { lines: VecDeque::new(), bytes: 0, unwritten: 0, to_file: false };
        Self { ring: Mutex::new(ring), file: Mutex::new(None) }
    }

    /// Makes this the receiver of the `log` macros of this library. The facade is linked into the
    /// library with its symbols hidden, so no other library of the process notices.
    pub fn install(&'static self) {
        // An error says that it is installed already.
        drop(log::set_logger(self));
        log::set_max_level(LevelFilter::Info);
    }

    /// Adds a line with the time in front. Line feeds and control characters become visible.
    pub fn say(&self, level: &str, text: &str) {
        let mut line = format!("{} {level:<5} ", clock::rfc3339(clock::since_epoch()));
        for c in text.chars() {
            if line.len() >= LINE_BYTES {
                line.push('…');
                break;
            }
            match c {
                c if c.is_control() => line.extend(c.escape_default()),
                c => line.push(c),
            }
        }
        // Without the room a growing string has to spare, which would be as much again as the text.
        let line = line.into_boxed_str();
        let mut ring = self.ring.lock();
        ring.bytes += line.len() + BESIDE;
        ring.lines.push_back(line);
        if ring.to_file {
            ring.unwritten += 1;
        }
        while ring.bytes > RING_BYTES {
            let Some(oldest) = ring.lines.pop_front() else { break };
            ring.bytes -= oldest.len() + BESIDE;
        }
        ring.unwritten = ring.unwritten.min(ring.lines.len());
    }

    /// Everything the ring holds, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.ring.lock().lines.iter().map(|line| String::from(&**line)).collect()
    }

    /// Opens the file that the `log` option names; from now on every line goes there too. Waits for
    /// the disk: not for the thread that owns the sockets.
    ///
    /// # Errors
    /// The sentence for the user. Links are not followed, and nobody but the owner may read it.
    pub fn open_file(&self, option: &Path, pid: u32) -> Result<PathBuf, String> {
        let path = file_name(option, pid);
        let file = open(&path).map_err(|why| {
            format!(
                "the log file {} cannot be opened ({why}); the log is kept in memory only",
                path.display()
            )
        })?;
        *self.file.lock() = Some(LogFile { path: path.clone(), file });
        let mut ring = self.ring.lock();
        ring.to_file = true;
        ring.unwritten = ring.lines.len();
        Ok(path)
    }

    /// Whether lines wait for [`Journal::write_file`].
    pub fn has_unwritten(&self) -> bool {
        self.ring.lock().unwritten > 0
    }

    /// Writes the lines that wait. Waits for the disk. After an error the file is given up, and the
    /// ring says why.
    pub fn write_file(&self) {
        let mut slot = self.file.lock();
        let text = {
            let mut ring = self.ring.lock();
            let first = ring.lines.len() - ring.unwritten.min(ring.lines.len());
            let text: String = ring.lines.iter().skip(first).flat_map(|line| [&**line, "\n"]).collect();
            ring.unwritten = 0;
            text
        };
        let Some(log) = slot.as_mut() else { return };
        if let Err(why) = log.write(&text) {
            let path = log.path.clone();
            *slot = None;
            self.ring.lock().to_file = false;
            self.say("WARN", &format!("the log file {} is given up: {why}", path.display()));
        }
    }

    /// Writes what waits and closes the file.
    pub fn close_file(&self) {
        self.write_file();
        self.ring.lock().to_file = false;
        *self.file.lock() = None;
    }
}

impl LogFile {
    fn write(&mut self, text: &str) -> io::Result<()> {
        if self.file.metadata()?.len() > FILE_BYTES {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            self.file = open(&self.path)?;
        }
        self.file.write_all(text.as_bytes())
    }
}

/// Does not wait for a reader if the path is a pipe's.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags.bits()).open(path)
}

/// `/tmp/ox.log` becomes `/tmp/ox-7.log`, a folder `/tmp/` becomes `/tmp/oxprobe-7.log`.
fn file_name(option: &Path, pid: u32) -> PathBuf {
    if option.is_dir() || option.as_os_str().to_string_lossy().ends_with('/') {
        return option.join(format!("oxprobe-{pid}.log"));
    }
    let stem = option.file_stem().unwrap_or_default().to_string_lossy();
    let extension = option.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    option.with_file_name(format!("{stem}-{pid}{extension}"))
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The TLS and WebSocket libraries say at `info` what only their authors want to know.
        let theirs = ["rustls", "tungstenite", "mio"].iter().any(|name| metadata.target().starts_with(name));
        metadata.level() <= if theirs { LevelFilter::Error } else { LevelFilter::Info }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.say(record.level().as_str(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_is_bounded_and_keeps_the_newest() {
        let journal = Journal::new();
        for number in 0..20_000 {
            journal.say("INFO", &format!("line {number} {}", "x".repeat(100)));
        }
        let lines = journal.lines();
        assert!(lines.iter().map(|line| line.len() + BESIDE).sum::<usize>() <= RING_BYTES);
        assert!(lines.last().is_some_and(|line| line.contains("line 19999 ")));
        assert!(lines.len() > 1000);
    }

    #[test]
    fn many_short_lines_take_no_more_than_few_long_ones() {
        let journal = Journal::new();
        for _ in 0..20_000 {
            journal.say("INFO", "");
        }
        let ring = journal.ring.lock();
        assert!(
            ring.lines.len() * BESIDE + ring.lines.iter().map(|line| line.len()).sum::<usize>() <= RING_BYTES
        );
    }

    #[test]
    fn one_call_is_one_line_of_bounded_length() {
        let journal = Journal::new();
        journal.say("INFO", &format!("a\nb\u{1b}[31m{}", "y".repeat(100_000)));
        let lines = journal.lines();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains(r"a\nb\u{1b}[31m"), "{}", &lines[0][..80]);
        assert!(lines[0].len() < LINE_BYTES + 16);
    }

    #[test]
    fn a_file_gets_every_line_once_and_no_link_is_followed() {
        let folder = std::env::temp_dir().join(format!("oxprobe-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let journal = Journal::new();
        journal.say("INFO", "before");
        let path = journal.open_file(&folder.join("ox.log"), 7).unwrap();
        assert_eq!(path, folder.join("ox-7.log"));
        journal.write_file();
        journal.say("WARN", "after");
        assert!(journal.has_unwritten());
        journal.write_file();
        journal.write_file();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("before").count(), 1);
        assert_eq!(text.matches("after").count(), 1);

        std::os::unix::fs::symlink(&path, folder.join("link-7.log")).unwrap();
        let refused = journal.open_file(&folder.join("link.log"), 7).unwrap_err();
        assert!(refused.contains("kept in memory"), "{refused}");
        nix::unistd::mkfifo(&folder.join("pipe-7.log"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let refused = journal.open_file(&folder.join("pipe.log"), 7).unwrap_err();
        assert!(refused.contains("kept in memory"), "{refused}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
