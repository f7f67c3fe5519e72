//! The tool `viewfile`: a part of a text file that a command has written, or of a folder that may be read.
//!
//! A path is made real first, so that links are resolved; it must then lie in one of the folders, and
//! is walked there without following any link. All of this waits for the disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use wire::base64;

use super::results::Outcome;
use crate::http::{Object, Rights, open_below};

/// How many bytes are read where nobody says, and at most.
const BYTES: (u64, u64) = (8192, 65_536);

/// Where files may be read.
pub(super) struct Folders {
    /// What commands write; who may see what of it.
    pub(super) output: PathBuf,
    pub(super) rights: Rights,
    /// What somebody has allowed.
    pub(super) allowed: Vec<PathBuf>,
}

/// What a client asks for.
struct Wanted {
    path: String,
    offset: u64,
    most: u64,
    /// It goes on where an answer before has ended.
    goes_on: bool,
}

/// The tool's answer. Waits for the disk.
pub(super) fn view(given: &Map<String, Value>, folders: &Folders) -> Outcome {
    match Wanted::read(given).and_then(|wanted| wanted.view(folders)) {
        Ok(payload) => Outcome { payload, failed: false, message: None },
        Err(why) => Outcome::failure(None, &why),
    }
}

impl Wanted {
    fn read(given: &Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| match given.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(other) => Err(format!("The parameter {name} is {other}: it must be a text.")),
        };
        let number = |name: &str| match given.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .or_else(|| value.as_str()?.parse().ok())
                .map(Some)
                .ok_or_else(|| format!("The parameter {name} is {value}: it must be a whole number.")),
        };
        let (usual, most) = BYTES;
        let bytes = number("maxBytes")?.unwrap_or(usual).clamp(1, most);
        if let Some(cursor) = text("cursor")? {
            let wrong = || "The cursor is none that an answer of viewfile has had.".to_owned();
            let (path, offset) = decode(cursor).ok_or_else(wrong)?;
            return Ok(Self { path, offset, most: bytes, goes_on: true });
        }
        let path = text("path")?.ok_or("The parameter path is needed, or a cursor.")?;
        let offset = number("offset")?.unwrap_or(0);
        Ok(Self { path: path.to_owned(), offset, most: bytes, goes_on: false })
    }

    fn view(&self, folders: &Folders) -> Result<String, String> {
        let (file, shown, size) = find(&self.path, folders)?;
        // What goes on in a file that was begun anew begins anew.
        let reset = self.goes_on && self.offset > size;
        let asked = if reset { 0 } else { self.offset.min(size) };
        let failed = |why: std::io::Error| format!("{} cannot be read: {why}", self.path);
        // A character that began before the offset is not shown in half.
        let mut start = asked;
        let head = read(&file, asked, 3).map_err(failed)?;
        if asked > 0 {
            start += head.iter().take_while(|byte| is_inside(**byte)).count() as u64;
        }
        // At least one whole character.
        let bytes = read(&file, start, self.most.max(4)).map_err(failed)?;
        let cut = usize::try_from(self.most).unwrap_or(usize::MAX).min(bytes.len());
        let ends = start + bytes.len() as u64 >= size && cut == bytes.len();
        let cut = if ends { cut } else { whole(&bytes, cut) };
        let bytes = bytes.get(..cut).unwrap_or_default();
        let next = start + cut as u64;
        let eof = next >= size;
        let object = Object::new().text("content", &String::from_utf8_lossy(bytes));
        let object = if reset { object.raw("cursorReset", "true") } else { object };
        let object = object
            .raw("eof", if eof { "true" } else { "false" })
            .number("fileSize", size)
            .number("maxBytes", self.most)
            .text("nextCursor", &encode(&self.path, next))
            .number("nextOffset", next)
            .text("path", &shown)
            .number("readBytes", cut as u64)
            .number("requestedOffset", self.offset)
            .number("startOffset", start);
        Ok(object.finish())
    }
}

/// A byte that is not the first of its character.
fn is_inside(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// How many of the first `cut` bytes are whole characters; all of them where there is no such end.
fn whole(bytes: &[u8], cut: usize) -> usize {
    let is_end = |at: usize| bytes.get(at).is_none_or(|byte| !is_inside(*byte)) && at > 0;
    if cut == bytes.len() {
        // What follows is not known: the last character may be cut.
        let last = bytes.iter().rposition(|byte| !is_inside(*byte)).unwrap_or(0);
        let length = match bytes.get(last) {
            Some(0xC2..=0xDF) => 2,
            Some(0xE0..=0xEF) => 3,
            Some(0xF0..=0xF4) => 4,
            _ => 1,
        };
        return if last > 0 && last + length > cut { last } else { cut };
    }
    (cut.saturating_sub(3)..=cut)
        .rev()
        .find(|at| is_end(*at))
        .or_else(|| (cut..=bytes.len()).find(|at| is_end(*at)))
        .unwrap_or(cut)
}

fn read(file: &File, at: u64, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(most).unwrap_or(0)];
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + read as u64) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

/// The file that a path names, as it may be shown, and how long it is.
fn find(path: &str, folders: &Folders) -> Result<(File, String, u64), String> {
    let mut forbidden = false;
    let allowed = folders.allowed.iter().map(|folder| (folder, true));
    for (folder, is_free) in std::iter::once((&folders.output, false)).chain(allowed) {
        let Ok(folder) = std::fs::canonicalize(folder) else { continue };
        let Ok(real) = std::fs::canonicalize(folder.join(path)) else { continue };
        let Ok(below) = real.strip_prefix(&folder) else { continue };
        let Some(parts) = parts(below) else { continue };
        let name = parts.last().map_or("", String::as_str);
        if !is_free && !folders.rights.include(name) {
            forbidden = true;
            continue;
        }
        if let Ok((file, size)) = open_below(&folder, &parts) {
            return Ok((file, real.to_string_lossy().into_owned(), size));
        }
    }
    Err(match forbidden {
        true => format!("{path} needs the permission dump, which this port does not have (option allow)."),
        false => format!("{path} is no file of the output folder or of the folders of the option view-dirs."),
    })
}

/// The parts of a real path below its folder. `None`: one that is not shown.
fn parts(below: &Path) -> Option<Vec<String>> {
    let parts: Option<Vec<String>> = below
        .iter()
        .map(|part| part.to_str().filter(|part| !part.starts_with('.')).map(str::to_owned))
        .collect();
    parts.filter(|parts| !parts.is_empty())
}

/// Where an answer goes on.
fn encode(path: &str, offset: u64) -> String {
    let text = Object::new().number("offset", offset).text("path", path).number("v", 1).finish();
    base64::encode(text.as_bytes()).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

fn decode(cursor: &str) -> Option<(String, u64)> {
    let bytes = base64::decode(&cursor.replace('-', "+").replace('_', "/"))?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    (value.get("v").and_then(Value::as_u64) == Some(1)).then_some(())?;
    Some((value.get("path")?.as_str()?.to_owned(), value.get("offset")?.as_u64()?))
}

/// For the fuzz target: what is asked for, and how far a text goes.
pub(super) fn fuzz(given: &Map<String, Value>) {
    if let Ok(wanted) = Wanted::read(given) {
        let cut = usize::try_from(wanted.most).unwrap_or(0).min(wanted.path.len());
        let whole = whole(wanted.path.as_bytes(), cut);
        drop(wanted.path.as_bytes().get(..whole).map(<[u8]>::to_vec));
        drop(decode(&encode(&wanted.path, wanted.offset)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use shell::Permissions;

    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("oxprobe-view-{}-{name}", std::process::id()));
            drop(std::fs::remove_dir_all(&folder));
            for part in ["out/sub", "logs", "elsewhere"] {
                std::fs::create_dir_all(folder.join(part)).unwrap();
            }
            std::fs::write(folder.join("elsewhere/secret"), "secret").unwrap();
            std::fs::write(folder.join("out/.hidden"), "secret").unwrap();
            std::fs::write(folder.join("out/sub/a.txt"), "hello").unwrap();
            std::os::unix::fs::symlink("sub/a.txt", folder.join("out/inside")).unwrap();
            std::os::unix::fs::symlink("../elsewhere/secret", folder.join("out/outside")).unwrap();
            std::os::unix::fs::symlink("../elsewhere", folder.join("out/up")).unwrap();
            nix::unistd::mkfifo(&folder.join("out/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
            Self(folder)
        }

        fn view(&self, given: Value) -> Value {
            self.view_with(given, Permissions::ALL)
        }

        fn view_with(&self, given: Value, permissions: Permissions) -> Value {
            let folders = Folders {
                output: self.0.join("out"),
                rights: Rights::of(permissions),
                allowed: vec![self.0.join("logs")],
            };
            let outcome = view(given.as_object().unwrap(), &folders);
            assert_eq!(outcome.failed, outcome.payload.contains(r#""error":true"#));
            serde_json::from_str(&outcome.payload).unwrap()
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn nothing_outside_of_the_folders_is_read() {
        let tree = Tree::new("outside");
        let secret = tree.0.join("elsewhere/secret");
        for path in [
            "../elsewhere/secret",
            "sub/../../elsewhere/secret",
            "outside",
            "up/secret",
            ".hidden",
            "pipe",
            "sub",
            "",
            ".",
            "none",
            "a\0b",
            "/etc/passwd",
            secret.to_str().unwrap(),
        ] {
            let answer = tree.view(json!({"path": path}));
            assert_eq!(answer["status"], "error", "{path}: {answer}");
            assert!(!answer.to_string().contains("\"content\""), "{path}: {answer}");
            let cursor = encode(path, 0);
            assert_eq!(tree.view(json!({"cursor": cursor}))["status"], "error", "{path}");
        }
        for path in ["sub/a.txt", "inside", tree.0.join("out/sub/a.txt").to_str().unwrap()] {
            let answer = tree.view(json!({"path": path}));
            assert_eq!((&answer["content"], &answer["eof"]), (&json!("hello"), &json!(true)), "{path}");
            assert!(answer["path"].as_str().unwrap().ends_with("/out/sub/a.txt"));
        }
    }

    #[test]
    fn what_commands_wrote_needs_the_permission_to_dump_and_what_was_allowed_does_not() {
        let tree = Tree::new("rights");
        std::fs::write(tree.0.join("logs/app.log"), "line").unwrap();
        assert_eq!(tree.view_with(json!({"path": "app.log"}), Permissions::READ_ONLY)["content"], "line");
        let answer = tree.view_with(json!({"path": "sub/a.txt"}), Permissions::READ_ONLY);
        assert!(answer["message"].as_str().unwrap().contains("permission dump"), "{answer}");
    }

    #[test]
    fn pages_cut_no_character_and_go_on_by_cursor() {
        let tree = Tree::new("pages");
        let text = "aé€😀\u{1b}[2J ".repeat(50) + "end";
        std::fs::write(tree.0.join("out/t.txt"), &text).unwrap();
        for most in [1, 2, 3, 4, 5, 7, 64, 100_000] {
            let mut answer = tree.view(json!({"path": "t.txt", "maxBytes": most}));
            let mut seen = answer["content"].as_str().unwrap().to_owned();
            while answer["eof"] != true {
                answer = tree.view(json!({"cursor": answer["nextCursor"], "maxBytes": most}));
                assert!(answer["readBytes"].as_u64().unwrap() > 0, "{answer}");
                seen += answer["content"].as_str().unwrap();
            }
            assert_eq!(seen, text, "{most}");
            assert_eq!(answer["maxBytes"], most.min(65_536));
        }
        let inside = tree.view(json!({"path": "t.txt", "offset": 2, "maxBytes": 3}));
        assert_eq!(
            (&inside["requestedOffset"], &inside["startOffset"], &inside["content"]),
            (&json!(2), &json!(3), &json!("€"))
        );
        let beyond = tree.view(json!({"path": "t.txt", "offset": 1_000_000}));
        assert_eq!((&beyond["content"], &beyond["eof"]), (&json!(""), &json!(true)));
        let cursor = encode("t.txt", 1_000_000);
        let again = tree.view(json!({"cursor": cursor, "maxBytes": 1}));
        assert_eq!((&again["cursorReset"], &again["content"]), (&json!(true), &json!("a")));
        std::fs::write(tree.0.join("out/bytes"), [0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]).unwrap();
        let mut answer = tree.view(json!({"path": "bytes", "maxBytes": 2}));
        for _ in 0..10 {
            answer = tree.view(json!({"cursor": answer["nextCursor"], "maxBytes": 2}));
        }
        assert_eq!(answer["eof"], true, "a file that is no text is gone through, too");
    }

    #[test]
    fn what_is_no_cursor_and_no_number_is_told() {
        let tree = Tree::new("wrong");
        for given in [
            json!({}),
            json!({"path": 7}),
            json!({"cursor": "!"}),
            json!({"cursor": "e30"}),
            json!({"path": "sub/a.txt", "offset": "x"}),
            json!({"path": "sub/a.txt", "maxBytes": -1}),
        ] {
            assert_eq!(tree.view(given.clone())["status"], "error", "{given}");
        }
    }
}
