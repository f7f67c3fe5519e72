//! The Java source of class files, as CFR makes it elsewhere: in a JVM that a program of ours runs beside itself for who asks.
//! This JVM only tells what the class files are and reads others, as files of the class's loader, where CFR asks for them.
//!
//! The turns are those of `java-shim/parts/Workshop.java`: numbers are big-endian, texts of ours UTF-8 and its UTF-16.

use std::time::{Duration, Instant};

use jvm::{Env, Local, inside};

use crate::Host;
use crate::class_source;
use crate::decompile::{LIMIT, Named, Source, Style, lines, options};
use crate::error::{Error, Result};
use crate::parts::room;
use crate::source::ClassFiles;

/// Tells the workshop something and gives what it says then, within so much time.
pub type Turn<'a> = &'a mut dyn FnMut(&[u8], Duration) -> Result<Vec<u8>, Silent>;

/// Why it says nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silent {
    /// It cannot do it, and another may; why, as half a sentence.
    Over(String),
    /// The time is up.
    Late,
    /// Nobody wants it any more.
    Unwanted,
}

/// What reading files one after the other takes of the heap, in bytes.
const HEAP: u64 = 2 << 20;

/// What is told at a time, in bytes, unless a single file is longer.
const MOST: usize = 4 << 20;

/// What the workshop says.
enum Said {
    /// It wants these files.
    Wanted(Vec<String>),
    Made(Source),
    Failed(String),
}

impl Host {
    /// The source of a class and of those within it, made elsewhere. `Err(Silent)` in it: it was not made there.
    ///
    /// # Errors
    /// The class was unloaded meanwhile, or CFR failed.
    pub fn source_elsewhere(
        &self,
        of: &ClassFiles,
        style: Style<'_>,
        turn: Turn<'_>,
    ) -> Result<Result<Source, Silent>> {
        self.vm.with_env(|env| {
            let loader = self.loader_of(env, of)?;
            let Some(first) = of.files.first() else {
                return Err(Error::sentence("There is no class file."));
            };
            let what = format!("Decompiling {}", first.name.replace('/', "."));
            let told = room::make(self, env, HEAP, &what)?;
            let read = |path: &str| env.frame(32, |env| Ok(read(env, loader.as_ref(), path)?));
            let made = made(&of.files, style, turn, &what, &read)?;
            Ok(made.map(|source| Source { told, ..source }))
        })
    }
}

/// Takes turns until there is source.
fn made(
    files: &[Named],
    style: Style<'_>,
    turn: Turn<'_>,
    what: &str,
    read: &dyn Fn(&str) -> Result<Option<Vec<u8>>>,
) -> Result<Result<Source, Silent>> {
    let deadline = Instant::now() + LIMIT;
    let mut say = opening(files, style);
    loop {
        let heard = match turn(&say, deadline.saturating_duration_since(Instant::now())) {
            Ok(heard) => heard,
            Err(Silent::Late) => {
                let seconds = LIMIT.as_secs();
                return Err(Error::sentence(format!(
                    "{what} took longer than {seconds} s and was given up."
                )));
            }
            Err(silent) => return Ok(Err(silent)),
        };
        match said(&heard) {
            Some(Said::Wanted(paths)) => {
                say.clear();
                for path in paths {
                    // What the application's loader throws is its own affair, and what is more than a turn carries is left
                    // out; CFR does without.
                    let file = if say.len() < MOST { read(&path).ok().flatten() } else { None };
                    say.push(u8::from(file.is_some()));
                    file.iter().for_each(|file| put(&mut say, file));
                }
            }
            Some(Said::Made(source)) => return Ok(Ok(source)),
            Some(Said::Failed(why)) => return Err(Error::sentence(format!("{what} failed: {why}."))),
            None => return Ok(Err(Silent::Over("what it says is not understood".to_owned()))),
        }
    }
}

fn opening(files: &[Named], style: Style<'_>) -> Vec<u8> {
    let mut all = Vec::new();
    let count = |all: &mut Vec<u8>, count: usize| {
        all.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    };
    let options = options(style);
    count(&mut all, options.len());
    options.iter().for_each(|option| put(&mut all, option.as_bytes()));
    count(&mut all, files.len());
    for file in files {
        put(&mut all, file.name.as_bytes());
        put(&mut all, &file.bytes);
    }
    all
}

/// Bytes behind their number.
fn put(all: &mut Vec<u8>, bytes: &[u8]) {
    all.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    all.extend_from_slice(bytes);
}

fn said(heard: &[u8]) -> Option<Said> {
    let (kind, rest) = heard.split_first()?;
    Some(match kind {
        b'Q' => Said::Wanted(text(rest).split('\n').map(str::to_owned).collect()),
        b'F' => Said::Failed(text(rest)),
        b'S' => {
            let (count, rest) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*count)).ok()?.checked_mul(4)?;
            let (numbers, rest) = rest.split_at_checked(length)?;
            let numbers: Vec<i32> =
                numbers.as_chunks().0.iter().map(|four| i32::from_be_bytes(*four)).collect();
            Said::Made(Source { text: text(rest), lines: lines(&numbers), told: None })
        }
        _ => return None,
    })
}

/// Java's `writeChars`.
fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.as_chunks().0.iter().map(|two| u16::from_be_bytes(*two)).collect();
    String::from_utf16_lossy(&units)
}

/// A file of the loader; none where it has none.
fn read(env: &Env<'_>, loader: Option<&Local<'_>>, path: &str) -> jvm::Result<Option<Vec<u8>>> {
    let url = class_source::url_of(env, loader, path)?;
    let _muted = inside::mute(env);
    url.map(|url| class_source::read(env, &url)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    fn files() -> [Named; 1] {
        [Named { name: "a/B".to_owned(), bytes: vec![1, 2, 3] }]
    }

    #[test]
    fn what_is_wanted_is_read_and_what_is_made_is_given() {
        let mut told = Vec::new();
        let mut turn = |said: &[u8], _| {
            told.push(said.to_vec());
            Ok(match told.len() {
                1 => [b"Q".to_vec(), chars("a/C.class")].concat(),
                2 => [b"Q".to_vec(), chars("a/None.class\na/C.class")].concat(),
                _ => {
                    [b"S".to_vec(), vec![0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9], chars("class B {}\u{1f600}\n")]
                        .concat()
                }
            })
        };
        let read = |path: &str| Ok((path == "a/C.class").then(|| vec![4]));
        let made = made(&files(), Style::default(), &mut turn, "It", &read).unwrap().unwrap();
        assert_eq!(
            made,
            Source { text: "class B {}\u{1f600}\n".to_owned(), lines: vec![(7, 9)], told: None }
        );
        assert!(told[0].ends_with(&[0, 0, 0, 1, 0, 0, 0, 3, b'a', b'/', b'B', 0, 0, 0, 3, 1, 2, 3]));
        assert_eq!(told[1..], [vec![1, 0, 0, 0, 1, 4], vec![0, 1, 0, 0, 0, 1, 4]]);
    }

    #[test]
    fn what_is_not_made_says_why() {
        let says = |answer: Result<Vec<u8>, Silent>| {
            let mut answer = Some(answer);
            let mut turn = |_: &[u8], _| answer.take().unwrap();
            made(&files(), Style::default(), &mut turn, "It", &|_| Ok(None))
        };
        let failed = says(Ok([b"F".to_vec(), chars("why")].concat())).unwrap_err();
        assert_eq!(failed.to_string(), "It failed: why.");
        let late = says(Err(Silent::Late)).unwrap_err();
        assert_eq!(late.to_string(), "It took longer than 60 s and was given up.");
        for other in [&b""[..], b"?", b"S", b"S\0\0\0\x09\0", b"S\xff\xff\xff\xff"] {
            let over = Silent::Over("what it says is not understood".to_owned());
            assert_eq!(says(Ok(other.to_vec())).unwrap(), Err(over), "{other:?}");
        }
        assert_eq!(says(Err(Silent::Unwanted)).unwrap(), Err(Silent::Unwanted));
    }
}
