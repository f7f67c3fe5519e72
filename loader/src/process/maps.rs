//! What a process has mapped: which JVM library, which C library, our agent or not.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Process;

/// The telling files among `/proc/PID/maps`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maps {
    /// The JVM's library, as the process names it.
    pub libjvm: Option<PathBuf>,
    /// OpenJ9 has a `libjvm.so` too, in front of this one; it attaches in another way.
    pub openj9: bool,
    /// musl's dynamic loader is there.
    pub musl: bool,
    /// A copy of our agent is mapped; it stays so after `stop`.
    pub agent: bool,
}

impl Maps {
    /// Reads them; needs the right to look into the process (ptrace's "read").
    pub fn read(process: &Process) -> io::Result<Self> {
        Ok(Self::parse(&fs::read_to_string(process.proc("maps"))?))
    }

    fn parse(text: &str) -> Self {
        let mut maps = Self::default();
        let mut last = "";
        for line in text.lines() {
            let Some(path) = line.find('/').and_then(|at| line.get(at..)) else { continue };
            if path == last {
                continue;
            }
            last = path;
            let path = Path::new(path.strip_suffix(" (deleted)").unwrap_or(path));
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            match name {
                "libjvm.so" => maps.libjvm = Some(path.to_owned()),
                _ if name.starts_with("libj9vm") => maps.openj9 = true,
                _ if name.starts_with("ld-musl-") => maps.musl = true,
                _ if name.starts_with("liboxprobe") && name.ends_with(".so") => maps.agent = true,
                _ => {}
            }
        }
        maps
    }

    /// The JVM's home: the folder with `lib` in it. `lib/server/libjvm.so`, on JDK 8
    /// `jre/lib/amd64/server/libjvm.so`.
    pub fn home(&self) -> Option<&Path> {
        let lib = self.libjvm.as_deref()?.ancestors().find(|path| path.ends_with("lib"))?;
        let home = lib.parent()?;
        if home.ends_with("jre") { home.parent() } else { Some(home) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jvm_its_home_and_its_c_library_are_recognised() {
        let maps = Maps::parse(
            "7f00-7f01 r-xp 00000000 fe:00 12 /opt/my jdk/jre/lib/amd64/server/libjvm.so\n\
             7f01-7f02 rw-p 00000000 00:00 0 \n\
             7f02-7f03 r-xp 00000000 fe:00 13 /lib/ld-musl-x86_64.so.1\n\
             7f03-7f04 r-xp 00000000 fe:00 14 /opt/liboxprobe-0.1.0-abc.so (deleted)\n",
        );
        assert_eq!(maps.libjvm.as_deref(), Some(Path::new("/opt/my jdk/jre/lib/amd64/server/libjvm.so")));
        assert_eq!(maps.home(), Some(Path::new("/opt/my jdk")));
        assert!(maps.musl && maps.agent && !maps.openj9);
    }

    #[test]
    fn a_modular_jdk_has_its_home_two_folders_above() {
        let maps = Maps::parse("7f00-7f01 r-xp 0 fe:00 12 /usr/lib/jvm/25/lib/server/libjvm.so\n");
        assert_eq!(maps.home(), Some(Path::new("/usr/lib/jvm/25")));
        assert!(!maps.musl);
        assert_eq!(Maps::parse("7f00-7f01 r-xp 0 fe:00 12 /usr/bin/cat\n"), Maps::default());
    }
}
