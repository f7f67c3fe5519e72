//! What the classes of each loader take in metaspace, as `jcmd PID VM.classloader_stats` tells it, and which loader
//! each row means.
//!
//! HotSpot prints of a loader only its class and its parent's (their addresses are those of the classes), and its own
//! data about it. A row is given its loader where only one can be meant: by these and by how many classes it has.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::loader_list::{Counted, LoaderList};
use crate::{Host, management};

/// The start of the sentence that says what is missing.
const WHAT: &str = "Metaspace by class loader";

/// A loader's share of metaspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetaspaceRow {
    /// What its `toString` says; its class where the row's loader is not known.
    pub name: String,
    /// The loader's hash, if it is known which one is meant; `null` for the boot loader.
    pub hash: Option<String>,
    /// The loader's class; none for the boot loader.
    #[serde(rename = "type")]
    pub class: Option<String>,
    /// The address of HotSpot's own data about it.
    pub class_loader_data: u64,
    /// Classes without hidden ones, arrays included.
    pub class_count: u64,
    /// Bytes that it holds of metaspace.
    pub chunk_size: u64,
    /// Bytes of those that are used.
    pub block_size: u64,
    /// Hidden classes; before JDK 15 nameless ones (`Unsafe.defineAnonymousClass`).
    pub hidden_class_count: u64,
    /// Bytes that are held for these.
    pub hidden_chunk_size: u64,
    /// Bytes of those that are used.
    pub hidden_block_size: u64,
}

/// A row as HotSpot prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Printed {
    /// The address of the loader's class; 0 for the boot loader.
    loader: u64,
    /// The address of its parent's class.
    parent: u64,
    data: u64,
    /// Classes, bytes held, bytes used.
    own: [u64; 3],
    hidden: [u64; 3],
    /// Empty for the boot loader.
    class: String,
}

impl Host {
    /// The metaspace of all loaders, most first. The JVM stands still while it counts: some milliseconds for each ten
    /// thousand classes.
    ///
    /// # Errors
    /// The image lacks `jdk.management`, or the JVM has no such report.
    pub fn metaspace(&self) -> Result<Vec<MetaspaceRow>> {
        self.vm.with_env(|env| {
            let mut loaders = self.loaders(env)?;
            let list = self.list_loaders(env, &mut loaders, &mut |_, _| Ok(true))?;
            let text = management::diagnostic_command(env, "VM.classloader_stats", WHAT)?;
            let printed = read(&text);
            if printed.is_empty() {
                let first = text.lines().next().unwrap_or_default();
                return Err(Error::sentence(format!(
                    "This JVM gives no report of metaspace by class loader (VM.classloader_stats): {first}"
                )));
            }
            let meant = meant(&printed, &list);
            let row = |(printed, meant): (Printed, Option<usize>)| {
                let known = meant.and_then(|at| list.all.get(at)).map(|known| &*known.loader);
                let [class_count, chunk_size, block_size] = printed.own;
                let [hidden_class_count, hidden_chunk_size, hidden_block_size] = printed.hidden;
                let boot = printed.loader == 0;
                MetaspaceRow {
                    name: match known {
                        Some(known) => loaders.text(known),
                        None if boot => "BootstrapClassLoader".to_owned(),
                        None => printed.class.clone(),
                    },
                    hash: (boot || known.is_some()).then(|| loaders.hash(known)),
                    class: (!boot).then_some(printed.class),
                    class_loader_data: printed.data,
                    class_count,
                    chunk_size,
                    block_size,
                    hidden_class_count,
                    hidden_chunk_size,
                    hidden_block_size,
                }
            };
            let mut rows: Vec<MetaspaceRow> = printed.into_iter().zip(meant).map(row).collect();
            rows.sort_by(|one, other| {
                let order = |row: &MetaspaceRow| (row.chunk_size, row.block_size);
                order(other).cmp(&order(one)).then_with(|| one.name.cmp(&other.name))
            });
            Ok(rows)
        })
    }
}

/// The rows of the report: `loader parent data classes held used class`, and below it, where there are any,
/// `classes held used + hidden classes`.
fn read(text: &str) -> Vec<Printed> {
    let mut rows: Vec<Printed> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let address = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
        let numbers = |words: &[&str]| -> Option<[u64; 3]> {
            let [count, held, used] = words else { return None };
            Some([count.parse().ok()?, held.parse().ok()?, used.parse().ok()?])
        };
        match words.as_slice() {
            [loader, parent, data, count, held, used, class @ ..] => {
                if let (Some(loader), Some(parent), Some(data), Some(own)) =
                    (address(loader), address(parent), address(data), numbers(&[*count, *held, *used]))
                {
                    let class = if loader == 0 { String::new() } else { class.join(" ") };
                    rows.push(Printed { loader, parent, data, own, hidden: [0; 3], class });
                    continue;
                }
                hidden(&mut rows, &words, numbers);
            }
            _ => hidden(&mut rows, &words, numbers),
        }
    }
    rows
}

fn hidden(rows: &mut [Printed], words: &[&str], numbers: impl Fn(&[&str]) -> Option<[u64; 3]>) {
    if let ([count, held, used, "+", ..], Some(row)) = (words, rows.last_mut())
        && let Some(numbers) = numbers(&[*count, *held, *used])
    {
        row.hidden = numbers;
    }
}

/// Which loader each row means, where only one can.
fn meant(printed: &[Printed], list: &LoaderList<'_>) -> Vec<Option<usize>> {
    let class = |known: &'_ Counted<'_>| known.loader.class.clone();
    let all: Vec<Candidate> = list
        .all
        .iter()
        .map(|known| Candidate {
            class: class(known),
            parent: known.parent.and_then(|at| list.all.get(at)).map(class),
            count: known.loaded as u64,
        })
        .collect();
    match_rows(printed, &all)
}

/// What of a loader tells it from others.
struct Candidate {
    class: String,
    /// The class of its parent; none below the boot loader.
    parent: Option<String>,
    count: u64,
}

/// A class, that of the parent, how many classes.
type Common<'a> = (&'a str, Option<&'a str>, u64);

fn match_rows(printed: &[Printed], loaders: &[Candidate]) -> Vec<Option<usize>> {
    let mut classes: Vec<(u64, &str)> = printed.iter().map(|row| (row.loader, row.class.as_str())).collect();
    classes.sort_unstable();
    let class_at = |address: u64| {
        let at = classes.partition_point(|(known, _)| *known < address);
        classes.get(at).filter(|(known, _)| *known == address).map(|(_, class)| *class)
    };
    let mut meant: Vec<Option<usize>> = vec![None; printed.len()];
    let mut taken = vec![false; loaders.len()];
    // All must fit first; a loader that has loaded a class meanwhile is told by what is left then.
    for counts in [true, false] {
        let count = |count: u64| if counts { count } else { 0 };
        // What one and the other have in common, whether it is a loader, and its place.
        let mut all: Vec<(Common<'_>, bool, usize)> = Vec::new();
        for (at, row) in printed.iter().enumerate() {
            if row.loader != 0 && meant.get(at) == Some(&None) {
                let parent = if row.parent == 0 { None } else { class_at(row.parent) };
                all.push(((&row.class, parent, count(row.own[0] + row.hidden[0])), false, at));
            }
        }
        for (at, loader) in loaders.iter().enumerate() {
            if taken.get(at) == Some(&false) {
                all.push(((&loader.class, loader.parent.as_deref(), count(loader.count)), true, at));
            }
        }
        all.sort_unstable();
        for alike in all.chunk_by(|one, next| one.0 == next.0) {
            if let [(_, false, row), (_, true, loader)] = alike
                && let (Some(row), Some(taken)) = (meant.get_mut(*row), taken.get_mut(*loader))
            {
                (*row, *taken) = (Some(*loader), true);
            }
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As JDK 17 prints it.
    const REPORT: &str = "\
ClassLoader         Parent              CLD*               Classes   ChunkSz   BlockSz  Type
0x00000000000000a0  0x0000000000000000  0x0000000000000fa0       0         0         0  jdk.internal.loader.ClassLoaders$PlatformClassLoader
0x0000000000000000  0x0000000000000000  0x0000000000000fb0     484    557056      9219  <boot class loader>
                                                                12      6144      1448   + hidden classes
0x00000000000000c0  0x00000000000000a0  0x0000000000000fc0       4       768       172  demo.Web
0x00000000000000c0  0x00000000000000a0  0x0000000000000fd0       9       768       172  demo.Web
Total = 4                                                      509    557824      9391
ChunkSz: Total size of all allocated metaspace chunks
";

    #[test]
    fn rows_are_read_with_their_hidden_classes() {
        let rows = read(REPORT);
        assert_eq!(rows.len(), 4, "{rows:#?}");
        assert_eq!((rows[1].own, rows[1].hidden), ([484, 557_056, 9_219], [12, 6_144, 1_448]));
        assert_eq!((rows[1].class.as_str(), rows[3].class.as_str()), ("", "demo.Web"));
        assert_eq!((rows[3].loader, rows[3].parent, rows[3].data), (0xc0, 0xa0, 0xfd0));
    }

    #[test]
    fn a_row_is_given_a_loader_where_only_one_can_be_meant() {
        const PLATFORM: &str = "jdk.internal.loader.ClassLoaders$PlatformClassLoader";
        let loader = |class: &str, parent: Option<&str>, count| Candidate {
            class: class.to_owned(),
            parent: parent.map(str::to_owned),
            count,
        };
        let platform = || loader(PLATFORM, None, 1);
        let web = |count| loader("demo.Web", Some(PLATFORM), count);
        let meant = |loaders: &[Candidate]| match_rows(&read(REPORT), loaders);
        assert_eq!(meant(&[platform(), web(9), web(4)]), [Some(0), None, Some(2), Some(1)]);
        // One has loaded a class meanwhile: it is the one that is left.
        assert_eq!(meant(&[platform(), web(9), web(5)]), [Some(0), None, Some(2), Some(1)]);
        // Two that nothing tells apart stay unknown, as does one of another parent.
        assert_eq!(meant(&[platform(), web(7), web(7)]), [Some(0), None, None, None]);
        assert_eq!(meant(&[platform(), loader("demo.Web", None, 4)]), [Some(0), None, None, None]);
    }
}
