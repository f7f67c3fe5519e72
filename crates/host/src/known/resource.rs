//! What a loader gives for a class's name as a resource, and whether that may be another class file than the one that runs.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jvm::{Class, Env, Local, inside};
use weave::classfile::ClassFile;

use crate::class_source::{self, Origins};

/// A loader's resources.
pub(super) struct Resources<'w, 'f> {
    env: &'w Env<'f>,
    loader: &'w Local<'f>,
    origins: Option<Origins>,
    /// When the JVM started, in milliseconds of the calendar; unknown on a JVM without counters and beans.
    started: Option<i64>,
    /// Jars and class files, and whether they are younger than the JVM.
    younger: HashMap<PathBuf, bool>,
}

/// What there is for a class.
pub(super) enum Resource<'f> {
    None,
    /// It is most probably what was loaded.
    Loaded,
    /// It may be another file: it has changed since the JVM started, or the class was made from bytes that came from nowhere.
    Doubtful(Local<'f>),
}

impl<'w, 'f> Resources<'w, 'f> {
    pub(super) fn new(env: &'w Env<'f>, loader: &'w Local<'f>, started: Option<i64>) -> Self {
        let origins = Origins::new(env).ok();
        Self { env, loader, origins, started, younger: HashMap::new() }
    }

    /// What the loader has for a class, named with slashes. Runs the loader's code; what it throws means that it has nothing.
    pub(super) fn of(&mut self, name: &str, class: &Local<'f, Class>) -> Resource<'f> {
        let Some(url) = self.url(name) else { return Resource::None };
        let location = self.origins.as_ref().map(|origins| origins.of_class(self.env, class));
        let from_nowhere = matches!(location, Some(Ok(None)));
        if from_nowhere || self.is_younger(&url) { Resource::Doubtful(url) } else { Resource::Loaded }
    }

    fn url(&self, name: &str) -> Option<Local<'f>> {
        class_source::url_of(self.env, Some(self.loader), &format!("{name}.class")).ok()?
    }

    fn is_younger(&mut self, url: &Local<'f>) -> bool {
        let (Some(started), Ok(text)) = (self.started, class_source::text_of(self.env, url)) else {
            return false;
        };
        let Some(file) = file(&text) else { return false };
        *self.younger.entry(file).or_insert_with_key(|file| changed(file).is_some_and(|at| at > started))
    }

    /// Whether this class file, which runs, differs from the one of the resource in what a compiler asks for.
    pub(super) fn differs(&self, url: &Local<'f>, running: &[u8]) -> bool {
        let read = self.env.frame(32, |env| {
            let _muted = inside::mute(env);
            class_source::read(env, url)
        });
        read.is_ok_and(|file| shape(&file) != shape(running))
    }
}

/// The file that a URL leads to: of a jar within a jar the outermost.
fn file(url: &str) -> Option<PathBuf> {
    let inner = url.strip_prefix("jar:").or_else(|| url.strip_prefix("war:"));
    let rest = inner.unwrap_or(url);
    let path = rest.strip_prefix("file:").or_else(|| rest.strip_prefix("nested:"))?;
    let end = path.find("!/").into_iter().chain(path.find("/!")).min().filter(|_| inner.is_some());
    let path = end.and_then(|end| path.get(..end)).unwrap_or(path);
    Some(PathBuf::from(OsString::from_vec(decoded(path.as_bytes()))))
}

/// Without percent signs.
fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let pair = || Some((digit(after.first()?)? << 4) | digit(after.get(1)?)?);
        let (byte, left) = match pair().filter(|_| *first == b'%') {
            Some(byte) => (byte, after.get(2..).unwrap_or_default()),
            None => (*first, after),
        };
        out.push(byte);
        rest = left;
    }
    out
}

/// When it was last written or put there, in milliseconds of the calendar. A copy may keep the time of its original, but
/// not that of its inode.
fn changed(file: &Path) -> Option<i64> {
    let facts = std::fs::metadata(file).ok()?;
    let millis = |seconds: i64, nanos: i64| seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000);
    Some(millis(facts.mtime(), facts.mtime_nsec()).max(millis(facts.ctime(), facts.ctime_nsec())))
}

/// A kind, flags, a name and a descriptor.
type Part<'a> = (u8, u16, &'a [u8], &'a [u8]);

/// Parents and members that other classes can use. What is private or made by a compiler does not count.
fn shape(file: &[u8]) -> Option<BTreeSet<Part<'_>>> {
    const HIDDEN: u16 = 0x0002 | 0x1000;
    /// Public, protected, static, final, abstract.
    const TELLING: u16 = 0x0001 | 0x0004 | 0x0008 | 0x0010 | 0x0400;
    let file = ClassFile::read(file).ok()?;
    let mut all = BTreeSet::new();
    all.insert((0, file.flags & TELLING, file.superclass.unwrap_or_default(), &b""[..]));
    for index in &file.interfaces {
        all.insert((1, 0, file.pool.class(*index).ok()?, b""));
    }
    for (kind, members) in [(2, &file.fields), (3, &file.methods)] {
        let members =
            members.iter().filter(|member| member.flags & HIDDEN == 0 && member.name != b"<clinit>");
        all.extend(members.map(|member| (kind, member.flags & TELLING, member.name, member.descriptor)));
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_to_files() {
        for (url, expected) in [
            ("file:/a/b%20c/D.class", Some("/a/b c/D.class")),
            ("jar:file:/a/b.jar!/p/D.class", Some("/a/b.jar")),
            ("jar:file:/a/b.jar!/BOOT-INF/lib/c.jar!/p/D.class", Some("/a/b.jar")),
            ("jar:nested:/a/b.jar/!BOOT-INF/classes/!/p/D.class", Some("/a/b.jar")),
            ("file:/a/50%/x!/D.class", Some("/a/50%/x!/D.class")),
            ("jrt:/java.base/java/lang/String.class", None),
            ("http://host/a.jar", None),
        ] {
            assert_eq!(file(url), expected.map(PathBuf::from), "{url}");
        }
    }
}
