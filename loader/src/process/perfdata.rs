//! The file in which HotSpot publishes its counters: `/tmp/hsperfdata_USER/PID`.
//!
//! Its strings tell the main class, the version, the options, and whether the JVM can be attached
//! to at all, without asking the JVM anything. The layout is that of HotSpot's
//! `runtime/perfMemory.hpp` (`PerfDataPrologue`, `PerfDataEntry`), version 2.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use nix::unistd::{Uid, User};

use super::Process;

/// More than any JVM writes (`-XX:PerfDataMemorySize` is 32 KiB unless told otherwise).
const LIMIT: u64 = 4 << 20;

/// The strings in a perf data file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerfData {
    strings: HashMap<String, String>,
}

impl PerfData {
    /// Reads the file of a process. `None` where it has none (`-XX:-UsePerfData`), or we may not.
    pub fn read(process: &Process) -> Option<Self> {
        let path = Self::file(process)?;
        if fs::metadata(&path).ok()?.len() > LIMIT {
            return None;
        }
        Self::parse(&fs::read(path).ok()?)
    }

    /// Whether the process has one.
    pub fn exists(process: &Process) -> bool {
        use std::os::unix::fs::MetadataExt;
        // A file of the same number left by a process of another user is not its own.
        Self::file(process)
            .and_then(|file| fs::metadata(file).ok())
            .is_some_and(|file| file.uid() == process.uid)
    }

    /// The folder is named for the user as the process knows it, so in a container we look.
    fn file(process: &Process) -> Option<PathBuf> {
        let tmp = process.path("/tmp");
        let pid = process.nspid.to_string();
        if let Ok(Some(user)) = User::from_uid(Uid::from_raw(process.uid)) {
            let file = tmp.join(format!("hsperfdata_{}", user.name)).join(&pid);
            if file.exists() {
                return Some(file);
            }
        }
        fs::read_dir(&tmp)
            .ok()?
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("hsperfdata_"))
            .map(|entry| entry.path().join(&pid))
            .find(|file| file.exists())
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let is_little = *bytes.get(4)? == 1;
        let number = |at: usize| {
            let four = <[u8; 4]>::try_from(bytes.get(at..at.checked_add(4)?)?).ok()?;
            usize::try_from(if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }).ok()
        };
        if bytes.get(..4)? != [0xca, 0xfe, 0xc0, 0xc0] || *bytes.get(5)? != 2 {
            return None;
        }
        let mut strings = HashMap::new();
        let mut entry = number(24)?;
        for _ in 0..number(28)? {
            let length = number(entry)?;
            // Still being written: what is there is good.
            if length == 0 {
                break;
            }
            let is_string = *bytes.get(entry + 12)? == b'B' && number(entry + 8)? > 0;
            if is_string {
                let name = text(bytes.get(entry + number(entry + 4)?..)?);
                let at = entry + number(entry + 16)?;
                let value = text(bytes.get(at..at + number(entry + 8)?)?);
                strings.insert(name, value);
            }
            entry += length;
        }
        Some(Self { strings })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.strings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Main class, `module/class` or jar, followed by the arguments.
    pub fn java_command(&self) -> Option<&str> {
        self.get("sun.rt.javaCommand")
    }

    /// Such as `17.0.15+6-Debian-1deb12u1`.
    pub fn vm_version(&self) -> Option<&str> {
        self.get("java.property.java.vm.version")
    }

    /// Such as `17.0.15`; on JDK 8 there is none.
    pub fn java_version(&self) -> Option<&str> {
        self.get("java.property.java.version")
    }

    /// The major version, such as 8 or 17.
    pub fn major(&self) -> Option<u32> {
        let version = self.get("java.property.java.vm.specification.version")?;
        version.strip_prefix("1.").unwrap_or(version).parse().ok()
    }

    /// The JVM's options as given, cut at about 1,000 bytes.
    pub fn vm_arguments(&self) -> Option<&str> {
        self.get("java.rt.vmArgs")
    }

    /// Whether the JVM says that it can be attached to (`sun.rt.jvmCapabilities`, first character).
    pub fn is_attachable(&self) -> Option<bool> {
        self.get("sun.rt.jvmCapabilities").map(|capabilities| capabilities.starts_with('1'))
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = vec![0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1];
        bytes.extend([0; 16]);
        bytes.extend(32u32.to_le_bytes());
        bytes.extend((entries.len() as u32).to_le_bytes());
        for (name, value) in entries {
            let data = 20 + name.len() as u32 + 1;
            let length = data + value.len() as u32 + 1;
            for number in [length, 20, value.len() as u32 + 1] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend([b'B', 0, 5, 1]);
            bytes.extend(data.to_le_bytes());
            bytes.extend(name.as_bytes().iter().chain(&[0]).chain(value.as_bytes()).chain(&[0]));
        }
        bytes
    }

    #[test]
    fn strings_are_read_by_name() {
        let data = PerfData::parse(&file(&[
            ("sun.rt.javaCommand", "demo.MathGame 1 2"),
            ("sun.rt.jvmCapabilities", "0100"),
            ("java.rt.vmArgs", ""),
            ("java.property.java.vm.specification.version", "1.8"),
        ]))
        .unwrap();
        assert_eq!(data.java_command(), Some("demo.MathGame 1 2"));
        assert_eq!(data.is_attachable(), Some(false));
        assert_eq!(data.vm_arguments(), None);
        assert_eq!(data.major(), Some(8));
        assert_eq!(data.vm_version(), None);
    }

    #[test]
    fn a_cut_or_foreign_file_yields_nothing_and_does_not_fail() {
        let whole = file(&[("sun.rt.javaCommand", "demo.MathGame")]);
        for end in 0..whole.len() - 1 {
            assert_eq!(PerfData::parse(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(PerfData::parse(b"\x7fELF and so on, some other file of some length"), None);
    }
}
