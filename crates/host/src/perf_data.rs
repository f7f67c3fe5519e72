//! The JVM's performance counters ("perf data"), read from the file it shares with `jstat`.
//!
//! They answer without running any Java and on images without `java.management`: GC counts and
//! causes, class and thread counts, safepoint time. With `-XX:-UsePerfData` there are none, and
//! each reader says what it does then. Layout: HotSpot's `perfMemory.hpp`, version 2.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// The counters as they stood at one moment.
#[derive(Debug, Default)]
pub struct PerfData {
    numbers: HashMap<String, i64>,
    texts: HashMap<String, String>,
}

/// One counter with what the JVM says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// Such as `java.threads.live`.
    pub name: String,
    /// Its value.
    pub value: CounterValue,
    /// What it counts: `None`, `Bytes`, `Ticks`, `Events`, `String`, `Hertz`.
    pub units: &'static str,
    /// Whether it changes: `Constant`, `Monotonic`, `Variable`.
    pub variability: &'static str,
}

/// The value of a counter.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub enum CounterValue {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes that are no text.
    Bytes(Vec<i8>),
    /// Numbers.
    Numbers(Vec<i64>),
}

/// Bytes of the header before the first entry can start.
const PROLOGUE: usize = 32;
/// HotSpot shares 32 KiB unless `-XX:PerfDataMemorySize` says more.
const FILE_LIMIT: u64 = 16 << 20;

impl PerfData {
    /// Reads the counters of this process; `None` where the JVM keeps no file.
    pub fn of_this_process() -> Option<Self> {
        Self::parse(&shared_memory()?)
    }

    /// Reads the counters out of the shared memory's bytes; `None` if they are no perf data.
    /// Entries that do not fit are left out.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut data = Self::default();
        each_entry(bytes, |reader, at| {
            let Some(entry) = Entry::read(reader, at) else { return };
            match entry.value {
                CounterValue::Number(number) => drop(data.numbers.insert(entry.name, number)),
                CounterValue::Text(text) => drop(data.texts.insert(entry.name, text)),
                CounterValue::Bytes(_) | CounterValue::Numbers(_) => {}
            }
        })?;
        Some(data)
    }

    /// A counter, such as `java.threads.live`.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.numbers.get(name).copied()
    }

    /// A text, such as `sun.gc.lastCause`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// A counter of ticks as time.
    pub fn ticks(&self, name: &str) -> Option<Duration> {
        let ticks = u128::try_from(self.number(name)?).ok()?;
        let a_second = u128::try_from(self.number("sun.os.hrt.frequency")?).ok()?;
        let nanos = (ticks * 1_000_000_000).checked_div(a_second)?;
        Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
    }

    /// How long the application has been stopped at safepoints since the JVM started.
    pub fn safepoint_time(&self) -> Option<Duration> {
        self.ticks("sun.rt.safepointTime")
    }
}

/// All counters in the shared memory's bytes, in their order there; `None` if they are no perf data.
pub fn counters(bytes: &[u8]) -> Option<Vec<Counter>> {
    const UNITS: [&str; 7] = ["Invalid", "None", "Bytes", "Ticks", "Events", "String", "Hertz"];
    const VARIABILITY: [&str; 4] = ["Invalid", "Constant", "Monotonic", "Variable"];
    let mut all = Vec::new();
    each_entry(bytes, |reader, at| {
        let Some(Entry { name, value, units, variability }) = Entry::read(reader, at) else { return };
        all.push(Counter {
            name,
            value,
            units: UNITS.get(usize::from(units)).copied().unwrap_or("Invalid"),
            variability: VARIABILITY.get(usize::from(variability)).copied().unwrap_or("Invalid"),
        });
    })?;
    Some(all)
}

/// Calls `each` with the place of every entry; `None` if the bytes are no perf data.
fn each_entry(bytes: &[u8], mut each: impl FnMut(&Reader<'_>, usize)) -> Option<()> {
    // The magic number is stored big-endian whatever the rest is.
    if bytes.get(0..4)? != [0xca, 0xfe, 0xc0, 0xc0] {
        return None;
    }
    let reader = Reader { bytes, little: *bytes.get(4)? == 1 };
    if *bytes.get(5)? != 2 {
        return None;
    }
    let mut at = reader.int(24)?.max(PROLOGUE);
    let count = reader.int(28)?;
    for _ in 0..count {
        let Some(length) = reader.int(at).filter(|length| *length > 0) else { break };
        each(&reader, at);
        at = at.checked_add(length)?;
    }
    Some(())
}

/// An entry as it is stored.
struct Entry {
    name: String,
    value: CounterValue,
    units: u8,
    variability: u8,
}

/// What `units` of a text are.
const STRING: u8 = 5;

impl Entry {
    fn read(reader: &Reader<'_>, at: usize) -> Option<Self> {
        let name = reader.text(at.checked_add(reader.int(at + 4)?)?, 256)?;
        let vector = reader.int(at + 8)?;
        let kind = *reader.bytes.get(at + 12)?;
        let (units, variability) = (*reader.bytes.get(at + 14)?, *reader.bytes.get(at + 15)?);
        let value = at.checked_add(reader.int(at + 16)?)?;
        let value = match (kind, vector) {
            (b'J', 0) => CounterValue::Number(reader.long(value)?),
            (b'J', 1..) => {
                let place = |index: usize| value.checked_add(index.checked_mul(8)?);
                CounterValue::Numbers((0..vector).map_while(|index| reader.long(place(index)?)).collect())
            }
            (b'B', 1..) if units == STRING => CounterValue::Text(reader.text(value, vector)?),
            (b'B', 1..) => {
                let bytes = reader.bytes.get(value..value.checked_add(vector)?)?;
                CounterValue::Bytes(bytes.iter().map(|byte| byte.cast_signed()).collect())
            }
            _ => return None,
        };
        Some(Self { name, value, units, variability })
    }
}

/// The bytes that the JVM shares with `jstat`; `None` where it keeps no file.
pub(crate) fn shared_memory() -> Option<Vec<u8>> {
    use std::io::Read;
    let file = std::fs::File::open(path()?).ok()?;
    let mut bytes = Vec::with_capacity(32 << 10);
    file.take(FILE_LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Where the JVM puts the file: HotSpot always uses `/tmp`, whatever `java.io.tmpdir` says. The
/// folder's name holds the user's name; going by the file's owner needs no user database.
fn path() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let pid = std::process::id().to_string();
    let owner = std::fs::metadata("/proc/self").ok()?.uid();
    for folder in std::fs::read_dir("/tmp").ok()?.flatten() {
        if folder.file_name().to_string_lossy().starts_with("hsperfdata_") {
            let file = folder.path().join(&pid);
            if std::fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file() && meta.uid() == owner) {
                return Some(file);
            }
        }
    }
    None
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    /// A 32-bit number as an offset or a count; negative ones are not.
    fn int(&self, at: usize) -> Option<usize> {
        let raw: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let value = if self.little { i32::from_le_bytes(raw) } else { i32::from_be_bytes(raw) };
        usize::try_from(value).ok()
    }

    fn long(&self, at: usize) -> Option<i64> {
        let raw: [u8; 8] = self.bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(if self.little { i64::from_le_bytes(raw) } else { i64::from_be_bytes(raw) })
    }

    /// Text up to its zero byte, or `limit` bytes.
    fn text(&self, at: usize, limit: usize) -> Option<String> {
        let rest = self.bytes.get(at..)?;
        let rest = rest.get(..limit).unwrap_or(rest);
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: u8, vector: i32, value: &[u8]) -> Vec<u8> {
        let data_at = 20 + (name.len() + 1).next_multiple_of(8) + 4;
        let length = (data_at + value.len()).next_multiple_of(8);
        let mut bytes = Vec::new();
        for number in [length as i32, 20, vector] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([kind, 1, if kind == b'B' { STRING } else { 3 }, 2]);
        bytes.extend((data_at as i32).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.resize(data_at, 0);
        bytes.extend(value);
        bytes.resize(length, 0);
        bytes
    }

    fn file(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1];
        bytes.extend([0; 16]);
        bytes.extend(32_i32.to_le_bytes());
        bytes.extend((entries.len() as i32).to_le_bytes());
        bytes.extend(entries.concat());
        bytes
    }

    #[test]
    fn numbers_and_texts_are_found_by_name() {
        let bytes = file(&[
            entry("java.threads.live", b'J', 0, &12_i64.to_le_bytes()),
            entry("sun.gc.lastCause", b'B', 32, b"System.gc()\0\0\0"),
        ]);
        let data = PerfData::parse(&bytes).unwrap();
        assert_eq!(data.number("java.threads.live"), Some(12));
        assert_eq!(data.text("sun.gc.lastCause"), Some("System.gc()"));
        assert_eq!(data.number("sun.gc.lastCause"), None);
    }

    #[test]
    fn every_counter_is_told_with_what_it_counts() {
        let bytes = file(&[
            entry("t", b'J', 0, &(-7_i64).to_le_bytes()),
            entry("v", b'J', 2, &[1_i64.to_le_bytes(), 2_i64.to_le_bytes()].concat()),
            entry("s", b'B', 8, b"text\0\0\0\0"),
        ]);
        let all = counters(&bytes).unwrap();
        let values: Vec<_> = all.iter().map(|counter| counter.value.clone()).collect();
        assert_eq!(
            values,
            [
                CounterValue::Number(-7),
                CounterValue::Numbers(vec![1, 2]),
                CounterValue::Text("text".to_owned())
            ]
        );
        assert_eq!((all[0].units, all[0].variability), ("Ticks", "Monotonic"));
        assert_eq!(all[2].units, "String");
    }

    #[test]
    fn ticks_become_time() {
        let bytes = file(&[
            entry("sun.os.hrt.frequency", b'J', 0, &1_000_000_i64.to_le_bytes()),
            entry("sun.rt.safepointTime", b'J', 0, &1_500_i64.to_le_bytes()),
        ]);
        assert_eq!(PerfData::parse(&bytes).unwrap().safepoint_time(), Some(Duration::from_micros(1_500)));
    }

    #[test]
    fn bytes_cut_or_spoilt_anywhere_are_survived() {
        let whole = file(&[entry("a", b'J', 0, &1_i64.to_le_bytes()), entry("b", b'B', 4, b"text")]);
        for end in 0..whole.len() {
            let _ = PerfData::parse(&whole[..end]);
            let _ = counters(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] = 0xff;
            let _ = PerfData::parse(&spoilt);
            let _ = counters(&spoilt);
        }
        assert!(PerfData::parse(b"not perf data at all, but long enough").is_none());
    }
}
