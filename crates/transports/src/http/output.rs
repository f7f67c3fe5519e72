//! The folder that commands write their files to, as pages and downloads: dumps, profiles, recordings.
//!
//! A path is walked part by part from the folder's own descriptor and no link is followed, so that
//! nothing outside can be reached whatever is made of the folder meanwhile. All of this waits for the
//! disk and runs on a short thread; of a file so much is read at once as the peer has taken.

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use shell::{Permission, Permissions};

use super::answer::Answer;
use crate::clock;

/// Where the folder is shown.
pub(super) const ROUTE: &str = "/arthas-output";

/// The most that is read from a file at once.
const PIECE: u64 = 512 * 1024;

/// How many names of a folder are shown.
const LISTED: usize = 1000;

/// What a file that a browser shows may do: draw itself, as a flame graph does, as if from nowhere.
const POLICY: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; \
                      style-src 'unsafe-inline'; img-src data:";

/// A file on its way to a peer.
pub(crate) struct Download {
    file: Arc<File>,
    at: u64,
    end: u64,
    pub(super) fetching: bool,
}

impl Download {
    pub(super) fn is_over(&self) -> bool {
        self.at >= self.end
    }

    /// Notes that a piece came; `false`: the file has become shorter than was promised.
    pub(super) fn take(&mut self, piece: &[u8]) -> bool {
        self.fetching = false;
        self.at += piece.len() as u64;
        !piece.is_empty()
    }

    /// Reads the file from here to its end. Waits for the disk.
    pub(super) fn whole(mut self) -> Vec<u8> {
        let mut content = Vec::new();
        while !self.is_over() {
            let piece = self.reader()();
            if !self.take(&piece) {
                break;
            }
            content.extend(piece);
        }
        content
    }

    /// Reads the next piece. Waits for the disk.
    pub(super) fn reader(&self) -> impl FnOnce() -> Vec<u8> + Send + 'static {
        let (file, at, length) = (self.file.clone(), self.at, PIECE.min(self.end - self.at));
        move || {
            let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
            let mut read = 0;
            while let Some(rest) = piece.get_mut(read..).filter(|rest| !rest.is_empty()) {
                match file.read_at(rest, at + read as u64) {
                    Ok(0) => break,
                    Ok(count) => read += count,
                    Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            piece.truncate(read);
            piece
        }
    }
}

/// What a peer may see of the folder. What lies there came from commands that needed permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Profiles, which say where time goes.
    pub(crate) profiles: bool,
    /// Everything: dumps hold what the application holds.
    pub(crate) all: bool,
}

impl Rights {
    pub(crate) fn of(permissions: Permissions) -> Self {
        let all = permissions.has(Permission::Dump);
        Self { profiles: all || permissions.has(Permission::Profile), all }
    }

    pub(crate) fn include(self, name: &str) -> bool {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        self.all || (self.profiles && matches!(ending, "html" | "svg" | "collapsed" | "jfr"))
    }
}

/// What becomes of a request: an answer, and perhaps a file behind it.
pub(crate) struct Found {
    pub(super) answer: Answer,
    pub(super) download: Option<Download>,
}

impl From<Answer> for Found {
    fn from(answer: Answer) -> Self {
        Self { answer, download: None }
    }
}

/// Looks up what a request's path names below the folder. `path` begins with [`ROUTE`] and is
/// percent-encoded. Waits for the disk.
pub(super) fn look(folder: &Path, path: &str, range: Option<&str>, rights: Rights) -> Found {
    let not_found = || Answer::text(404, "Not found").into();
    let Some(parts) = parts(path) else { return not_found() };
    match walk(folder, &parts) {
        Ok(Thing::Folder(descriptor)) if path.ends_with('/') => listing(&descriptor, &parts).into(),
        Ok(Thing::Folder(_)) => {
            Answer::text(302, "It is a folder.").with("location", format!("{path}/")).into()
        }
        Ok(Thing::File(file, length, modified)) => {
            let name = parts.last().map_or("", String::as_str);
            if !rights.include(name) {
                return Answer::text(
                    403,
                    "This file needs the permission dump, which this port does not have.",
                )
                .into();
            }
            send(file, name, length, modified, range)
        }
        Err(_) => not_found(),
    }
}

/// The parts of a path below the folder. `None`: one that names nothing we show.
fn parts(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix(ROUTE)?;
    let mut parts = Vec::new();
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        // `+` is no blank in a path.
        let part = wire::arthas::decode(&part.replace('+', "%2B")).ok()?;
        if part.is_empty() || part.starts_with('.') || part.contains(['/', '\0', '\\']) {
            return None;
        }
        parts.push(part);
    }
    Some(parts)
}

enum Thing {
    Folder(OwnedFd),
    File(File, u64, Duration),
}

fn walk(folder: &Path, parts: &[String]) -> io::Result<Thing> {
    let inside = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    // The folder itself may be reached by links: its owner chose it.
    let mut here = open(folder, OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_DIRECTORY, Mode::empty())?;
    let Some((last, before)) = parts.split_last() else { return Ok(Thing::Folder(here)) };
    for part in before {
        here = openat(&here, part.as_str(), inside | OFlag::O_DIRECTORY, Mode::empty())?;
    }
    let file = File::from(openat(&here, last.as_str(), inside, Mode::empty())?);
    let facts = file.metadata()?;
    if facts.is_dir() {
        return Ok(Thing::Folder(file.into()));
    }
    if !facts.is_file() {
        return Err(io::Error::other("neither a file nor a folder"));
    }
    Ok(Thing::File(file, facts.len(), modified(&facts)))
}

/// A file below a folder and how long it is; no link is followed on the way. Waits for the disk.
pub(crate) fn open_below(folder: &Path, parts: &[String]) -> io::Result<(File, u64)> {
    match walk(folder, parts)? {
        Thing::File(file, length, _) => Ok((file, length)),
        Thing::Folder(_) => Err(io::Error::other("a folder")),
    }
}

fn modified(facts: &std::fs::Metadata) -> Duration {
    facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default()
}

/// A folder as a page: folders first, each name with its time and size.
fn listing(folder: &OwnedFd, parts: &[String]) -> Answer {
    // By its descriptor, so that it is the folder that was walked to.
    let read = std::fs::read_dir(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    let Ok(read) = read else { return Answer::text(404, "Not found") };
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for entry in read.flatten() {
        let (Ok(name), Ok(facts)) = (entry.file_name().into_string(), entry.metadata()) else { continue };
        if !name.starts_with('.') && (facts.is_dir() || facts.is_file()) {
            let row = (facts.is_file(), name, modified(&facts), facts.len());
            rows.insert(rows.partition_point(|other| *other < row), row);
            left_out += usize::from(rows.len() > LISTED);
            rows.truncate(LISTED);
        }
    }
    let title = escape(&format!("{ROUTE}/{}", parts.join("/")));
    let mut page =
        format!("<!DOCTYPE html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><pre>\n");
    if !parts.is_empty() {
        page.push_str("<a href=\"../\">../</a>\n");
    }
    for (is_file, name, modified, length) in rows {
        let name = if is_file { name } else { name + "/" };
        let pad = " ".repeat(60_usize.saturating_sub(name.chars().count()));
        let time = clock::rfc3339(modified).replace('T', " ");
        let time = time.split('.').next().unwrap_or_default();
        let size = if is_file { length.to_string() } else { "-".to_owned() };
        let link = wire::arthas::encode(name.trim_end_matches('/'));
        let slash = if is_file { "" } else { "/" };
        let _written =
            writeln!(page, "<a href=\"{link}{slash}\">{}</a>{pad} {time} {size:>14}", escape(&name));
    }
    if left_out > 0 {
        let _written = writeln!(page, "({left_out} more are not shown)");
    }
    page.push_str("</pre>\n");
    Answer::new(200, "text/html; charset=utf-8", page)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The answer whose body is the file or a part of it.
fn send(file: File, name: &str, length: u64, modified: Duration, range: Option<&str>) -> Found {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("txt" | "log" | "md" | "collapsed") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    let (status, start, end) = match range.map(|range| part(range, length)) {
        None | Some(Part::Whole) => (200, 0, length),
        Some(Part::Of(start, end)) => (206, start, end),
        Some(Part::Nowhere) => {
            let answer = Answer::text(416, "The file is not so long.");
            return answer.with("content-range", format!("bytes */{length}")).into();
        }
    };
    let mut answer = Answer::new(status, kind, Vec::new())
        .with("accept-ranges", "bytes")
        .with("last-modified", clock::imf(modified))
        .with("cache-control", "private, no-cache")
        .with("content-security-policy", POLICY);
    if status == 206 {
        answer = answer.with("content-range", format!("bytes {start}-{}/{length}", end - 1));
    }
    answer.length = Some(end - start);
    Found { answer, download: Some(Download { file: Arc::new(file), at: start, end, fetching: false }) }
}

/// What a `Range` wants of a file.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// From, and up to before.
    Of(u64, u64),
    Nowhere,
}

/// For the fuzz target: no path has a part that leads out of its folder, and no range one out of its file.
///
/// # Panics
/// Where one does.
#[expect(clippy::panic, reason = "a panic is what fuzzing looks for")]
pub(super) fn fuzz(path: &str, range: &str) {
    for part in parts(path).into_iter().flatten() {
        if part.starts_with('.') || part.contains(['/', '\0']) {
            panic!("{path:?} has the part {part:?}");
        }
    }
    for length in [0, 1, 1000, u64::MAX] {
        if let Part::Of(start, end) = part(range, length)
            && !(start < end && end <= length)
        {
            panic!("{range:?} of {length} is {start}..{end}");
        }
    }
}

/// One range in bytes; several, or none we know, are answered by the whole file, as RFC 9110 allows.
fn part(range: &str, length: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last && first < length => {
            Part::Of(first, last.saturating_add(1).min(length))
        }
        (Some(first), None) if last.is_empty() && first < length => Part::Of(first, length),
        (None, Some(count)) if first.is_empty() && count > 0 && length > 0 => {
            Part::Of(length.saturating_sub(count), length)
        }
        (Some(first), Some(last)) if first > last => Part::Whole,
        (Some(_), _) if last.is_empty() || number(last).is_some() => Part::Nowhere,
        (None, Some(_)) if first.is_empty() => Part::Nowhere,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("oxprobe-output-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(folder.join("out/sub")).unwrap();
        std::fs::write(folder.join("secret"), "secret").unwrap();
        std::fs::write(folder.join("out/a b<.txt"), "hello").unwrap();
        std::fs::write(folder.join("out/.hidden"), "secret").unwrap();
        std::fs::write(folder.join("out/sub/x.hprof"), "0123456789").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("out/link")).unwrap();
        std::os::unix::fs::symlink("..", folder.join("out/up")).unwrap();
        nix::unistd::mkfifo(&folder.join("out/pipe"), Mode::S_IRWXU).unwrap();
        folder
    }

    const ALL: Rights = Rights { profiles: true, all: true };

    fn body(found: &Found) -> String {
        let file = found.download.as_ref().map(|download| download.reader()()).unwrap_or_default();
        String::from_utf8_lossy(&[found.answer.body.as_slice(), &file].concat()).into_owned()
    }

    #[test]
    fn only_what_is_inside_and_no_link_is_found() {
        let folder = folder("inside");
        let out = folder.join("out");
        for path in [
            "/arthas-output/../secret",
            "/arthas-output/%2e%2e/secret",
            "/arthas-output/..%2fsecret",
            "/arthas-output/sub/../../secret",
            "/arthas-output/link",
            "/arthas-output/up/secret",
            "/arthas-output/up/",
            "/arthas-output/.hidden",
            "/arthas-output/%2ehidden",
            "/arthas-output/pipe",
            "/arthas-output/none",
            "/arthas-output/a%00",
            "/arthas-output/%zz",
            "/arthas-output//etc/passwd",
            "/arthas-output/sub/x.hprof/y",
        ] {
            let found = look(&out, path, None, ALL);
            assert_eq!(found.answer.status, 404, "{path}");
            assert!(!body(&found).contains("secret"), "{path}");
        }
        let found = look(&out, "/arthas-output/a%20b%3C.txt", None, ALL);
        assert_eq!((found.answer.status, body(&found).as_str()), (200, "hello"));
        assert_eq!(look(&out.join("none"), "/arthas-output/", None, ALL).answer.status, 404);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_is_a_page_and_wants_its_slash() {
        let folder = folder("listing");
        let found = look(&folder.join("out"), "/arthas-output/", None, ALL);
        let page = body(&found);
        assert!(page.contains("<a href=\"sub/\">sub/</a>"), "{page}");
        assert!(page.contains("<a href=\"a%20b%3C.txt\">a b&lt;.txt</a>"), "{page}");
        for hidden in ["hidden", "link", "pipe", ">up"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
        assert!(page.find("sub/") < page.find("a b"), "folders first");
        let found = look(&folder.join("out"), "/arthas-output/sub", None, ALL);
        assert_eq!(found.answer.status, 302);
        assert!(found.answer.fields.contains(&("location", "/arthas-output/sub/".to_owned())));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_part_of_a_file_is_what_was_asked_for() {
        let folder = folder("range");
        let ask = |range| look(&folder.join("out"), "/arthas-output/sub/x.hprof", Some(range), ALL);
        for (range, status, text) in [
            ("bytes=0-3", 206, "0123"),
            ("bytes=8-", 206, "89"),
            ("bytes=8-100", 206, "89"),
            ("bytes=-2", 206, "89"),
            ("bytes=-100", 206, "0123456789"),
            ("bytes=3-1", 200, "0123456789"),
            ("bytes=0-1,3-4", 200, "0123456789"),
            ("lines=1-2", 200, "0123456789"),
            ("bytes=x-y", 200, "0123456789"),
            ("bytes=10-", 416, "The file is not so long.\n"),
            ("bytes=-0", 416, "The file is not so long.\n"),
        ] {
            let found = ask(range);
            assert_eq!((found.answer.status, body(&found).as_str()), (status, text), "{range}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_dump_needs_more_than_a_profile() {
        let folder = folder("rights");
        std::fs::write(folder.join("out/flame.html"), "flames").unwrap();
        let out = folder.join("out");
        let status = |name: &str, permissions: &[&str]| {
            let rights = Rights::of(Permissions::named(permissions.iter().copied()).0);
            look(&out, &format!("{ROUTE}/{name}"), None, rights).answer.status
        };
        for (permissions, flame, dump) in
            [(&["view"][..], 403, 403), (&["profile"], 200, 403), (&["dump"], 200, 200)]
        {
            assert_eq!(status("flame.html", permissions), flame, "{permissions:?}");
            assert_eq!(status("sub/x.hprof", permissions), dump, "{permissions:?}");
            assert_eq!(status("a%20b%3C.txt", permissions), dump, "{permissions:?}");
            assert_eq!(status("", permissions), 200, "{permissions:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
