//! Where decompilers run beside this program: with which Java, from which jar, and how many at a time.

use std::fs::File;
use std::io::{self, Cursor, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::workshop::Workshop;
use crate::{Java, Shelf, memory};

/// What drives CFR there.
const GLUE: &[(&str, &[u8])] = &[
    ("oxprobe/Workshop.class", include_bytes!("../../../java-shim/classes/parts/Workshop.class")),
    ("oxprobe/Workshop$1.class", include_bytes!("../../../java-shim/classes/parts/Workshop$1.class")),
    ("oxprobe/Workshop$2.class", include_bytes!("../../../java-shim/classes/parts/Workshop$2.class")),
    ("oxprobe/Decompiler.class", include_bytes!("../../../java-shim/classes/parts/Decompiler.class")),
    ("oxprobe/Foresight.class", include_bytes!("../../../java-shim/classes/parts/Foresight.class")),
    ("oxprobe/Resource.class", include_bytes!("../../../java-shim/classes/parts/Resource.class")),
    (
        "org/benf/cfr/reader/util/output/LoggerFactory.class",
        include_bytes!("../../../java-shim/classes/parts/LoggerFactory.class"),
    ),
];

/// What a JVM takes beside its heap, in bytes. With a heap of 96 MB, `ConcurrentHashMap` took 105 to 111 MB in all (17, 25).
const BESIDE: u64 = 64 << 20;

/// The largest heap it is given, in bytes, and the least it is started for.
const HEAP_MOST: u64 = 512 << 20;
const HEAP_LEAST: u64 = 96 << 20;

/// See the module.
pub struct Bench {
    java: Java,
    shelf: Shelf,
    most: usize,
    at_work: AtomicUsize,
    jars: OnceLock<Option<[OwnedFd; 2]>>,
}

impl Bench {
    /// A place for `most` decompilers; `None` where the shelf has no jar for them.
    pub fn new(java: Java, shelf: Shelf, most: usize) -> Option<Self> {
        let has_jar = shelf.has(Shelf::DECOMPILER);
        has_jar.then_some(Self { java, shelf, most, at_work: AtomicUsize::new(0), jars: OnceLock::new() })
    }

    /// A decompiler that has not been told anything.
    ///
    /// # Errors
    /// All places are taken, there is too little memory, or what it needs does not work. A reason for a log.
    pub(crate) fn start(&self) -> io::Result<(Place<'_>, Workshop)> {
        let place = self.place()?;
        let heap = heap(memory::left())
            .ok_or_else(|| io::Error::new(io::ErrorKind::OutOfMemory, "too little memory is left"))?;
        let jars = self.jars.get_or_init(|| self.jars().ok()).as_ref();
        let [glue, cfr] =
            jars.ok_or_else(|| io::Error::other("its jar cannot be read, or is another one"))?;
        // Through their numbers: a program that is started has the descriptors of ours that are not closed by it.
        let path = format!("/proc/self/fd/{}:/proc/self/fd/{}", glue.as_raw_fd(), cfr.as_raw_fd());
        let mut command = Command::new(self.java.path());
        // Neither our own agent nor somebody's options belong into it.
        for name in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"] {
            command.env_remove(name);
        }
        // Its own group: Ctrl-C in a terminal is for us, who end it when the agent says so.
        command.current_dir("/").process_group(0);
        command.args(["-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        command.args([
            "-XX:-UsePerfData",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=/dev/null",
            "-Xshare:auto",
        ]);
        command.arg(format!("-Xmx{}m", heap >> 20)).args(["-cp", &path, "oxprobe.Workshop"]);
        let started = Workshop::start(&mut command).map_err(|why| {
            io::Error::new(why.kind(), format!("{} cannot be started: {why}", self.java.path().display()))
        });
        Ok((place, started?))
    }

    fn place(&self) -> io::Result<Place<'_>> {
        let taken = self.at_work.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.at_work);
        if taken < self.most { Ok(place) } else { Err(io::Error::other("all decompilers are at work")) }
    }

    /// Ours and CFR's, in memory: nothing is left behind whatever becomes of us, and nobody changes them.
    fn jars(&self) -> io::Result<[OwnedFd; 2]> {
        let cfr = self.shelf.jar(Shelf::DECOMPILER)?;
        let mut glue = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, class) in GLUE {
            let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            glue.start_file(*name, stored).map_err(io::Error::other)?;
            glue.write_all(class)?;
        }
        let glue = glue.finish().map_err(io::Error::other)?.into_inner();
        Ok([in_memory(&glue)?, in_memory(&cfr)?])
    }
}

/// A place that is taken.
pub(crate) struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn in_memory(bytes: &[u8]) -> io::Result<OwnedFd> {
    // Not closed in the JVM that is started, which opens it by its number.
    let file = memfd_create("oxprobe-jar", MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file.into())
}

/// The heap of a JVM that leaves at least half of what is left to others; `None`: too little for one.
fn heap(left: Option<u64>) -> Option<u64> {
    let heap = left.map_or(HEAP_MOST, |left| (left / 2).saturating_sub(BESIDE));
    (heap >= HEAP_LEAST).then_some(heap.min(HEAP_MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_is_left_stays_for_others() {
        assert_eq!(heap(None), Some(HEAP_MOST));
        assert_eq!(heap(Some(16 << 30)), Some(HEAP_MOST));
        assert_eq!(heap(Some(400 << 20)), Some(136 << 20));
        assert_eq!(heap(Some(316 << 20)), None);
        assert_eq!(heap(Some(0)), None);
    }
}
