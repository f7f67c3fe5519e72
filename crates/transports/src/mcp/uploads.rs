//! The tool `upload_file`: a class file, source file or recording's settings for commands that read files.
//!
//! Files lie in a folder of our own that nobody else may enter, below the name of what is in them, and
//! go with the agent. All of this waits for the disk.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use parking_lot::Mutex;
use ring::digest;
use serde_json::{Map, Value};
use wire::base64;

use super::results::Outcome;
use crate::http::Object;
use crate::random;

/// The longest file and all of them together, in bytes.
const MOST: (usize, usize) = (1024 * 1024, 200 * 1024 * 1024);

/// The longest name, in bytes.
const LONGEST_NAME: usize = 128;

/// Where the folder lies.
const TMP: &str = "/tmp";

/// See the module.
#[derive(Default)]
pub(crate) struct Uploads {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    folder: Option<PathBuf>,
    bytes: usize,
    /// The agent stops: nothing more is taken.
    closed: bool,
}

/// Why a file is not taken.
#[derive(Debug, PartialEq, Eq)]
struct Refused(&'static str, String);

fn refused(code: &'static str, why: impl Into<String>) -> Refused {
    Refused(code, why.into())
}

/// A file that may be taken.
struct Upload {
    name: String,
    kind: &'static str,
    content: Vec<u8>,
    sha256: String,
}

impl Uploads {
    /// The tool's answer. Waits for the disk.
    pub(super) fn take(&self, given: &Map<String, Value>) -> Outcome {
        match Upload::read(given).and_then(|upload| self.store(&upload)) {
            Ok(payload) => Outcome { payload, failed: false, message: None },
            Err(Refused(code, why)) => Outcome::failure(Some(code), &why),
        }
    }

    fn store(&self, upload: &Upload) -> Result<String, Refused> {
        let mut state = self
            .state
            .try_lock()
            .ok_or_else(|| refused("UPLOAD_BUSY", "Another file is being taken; try again."))?;
        let root = state.root()?;
        let failed = |why: io::Error| refused("IO_ERROR", format!("The file cannot be written: {why}"));
        let folder = root.join(&upload.sha256);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(why) if why.kind() != io::ErrorKind::AlreadyExists => return Err(failed(why)),
            _ => {}
        }
        let path = folder.join(&upload.name);
        let reused = match fs::symlink_metadata(&path) {
            Ok(facts) => {
                let same = facts.is_file() && fs::read(&path).is_ok_and(|content| content == upload.content);
                if !same {
                    let why = "A file of this name lies there and holds something else; send it under another name.";
                    return Err(refused("ARTIFACT_CONFLICT", why));
                }
                true
            }
            Err(_) => {
                if state.bytes + upload.content.len() > MOST.1 {
                    let why = "The files that were sent have 200 MiB, which is the limit; stopping the agent removes them.";
                    return Err(refused("QUOTA_EXCEEDED", why));
                }
                write(&folder, &path, &upload.content).map_err(failed)?;
                state.bytes += upload.content.len();
                false
            }
        };
        let message = if reused { "The file is there already." } else { "The file is taken." };
        Ok(Object::new()
            .text("artifactId", &format!("art_{}", upload.sha256))
            .text("fileName", &upload.name)
            .text("kind", upload.kind)
            .text("message", message)
            .raw("reused", if reused { "true" } else { "false" })
            .text("sha256", &upload.sha256)
            .number("sizeBytes", upload.content.len() as u64)
            .text("stage", "final")
            .text("status", "completed")
            .text("targetPath", &path.to_string_lossy())
            .finish())
    }

    /// Removes everything and takes nothing more. Waits for the disk; a line for what stays.
    pub(crate) fn remove(&self) -> Option<String> {
        let mut state = self.state.lock();
        state.closed = true;
        let folder = state.folder.take()?;
        match fs::remove_dir_all(&folder) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Some(format!("the folder {} cannot be removed: {why}", folder.display()))
            }
            _ => None,
        }
    }

    /// Removes everything, unless that would wait for somebody who writes there.
    pub(crate) fn remove_now(&self) {
        let folder = self.state.try_lock().and_then(|mut state| state.folder.take());
        drop(folder.map(fs::remove_dir_all));
    }
}

/// Writes a file that is there whole or not at all.
fn write(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let part = folder.join(".part");
    drop(fs::remove_file(&part));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&part)?;
    let written = file.write_all(content).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        drop(fs::remove_file(&part));
    }
    written
}

impl State {
    /// The folder, made where there is none.
    fn root(&mut self) -> Result<PathBuf, Refused> {
        let unavailable = |why: String| refused("UPLOAD_ROOT_UNAVAILABLE", why);
        if self.closed {
            return Err(unavailable("The agent is stopping.".to_owned()));
        }
        if let Some(folder) = &self.folder {
            match fs::symlink_metadata(folder) {
                Ok(facts) => {
                    let ours = facts.uid() == nix::unistd::geteuid().as_raw();
                    if !facts.is_dir() || !ours || facts.mode() & 0o077 != 0 {
                        let why = format!("The folder {} is not ours alone any more.", folder.display());
                        return Err(refused("UPLOAD_ROOT_UNSAFE", why));
                    }
                    return Ok(folder.clone());
                }
                Err(why) if why.kind() == io::ErrorKind::NotFound => self.bytes = 0,
                Err(why) => {
                    return Err(unavailable(format!("{} cannot be looked at: {why}", folder.display())));
                }
            }
        }
        let name = random::name().map_err(|why| unavailable(why.to_owned()))?;
        let folder = Path::new(TMP).join(format!("arthas-mcp-uploads-{}-{name}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|why| unavailable(format!("{} cannot be made: {why}", folder.display())))?;
        self.folder = Some(folder.clone());
        Ok(folder)
    }
}

impl Upload {
    fn read(given: &Map<String, Value>) -> Result<Self, Refused> {
        let text = |name: &str| given.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = text("fileName")
            .ok_or_else(|| refused("INVALID_FILE_NAME", "The parameter fileName is needed."))?;
        let kind = kind(name)?;
        let expected = text("expectedSha256");
        if expected.is_some_and(|sum| sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Err(refused("INVALID_CHECKSUM", "expectedSha256 must be 64 hexadecimal digits."));
        }
        let empty = || refused("EMPTY_FILE", "contentBase64 holds nothing.");
        let encoded = text("contentBase64").ok_or_else(empty)?;
        let (most, _) = MOST;
        let too_large = || refused("FILE_TOO_LARGE", "The file is longer than 1 MiB.");
        if encoded.len() > most.div_ceil(3) * 4 + 4 {
            return Err(too_large());
        }
        let content = base64::decode(encoded)
            .ok_or_else(|| refused("INVALID_BASE64", "contentBase64 is no base64."))?;
        if content.is_empty() {
            return Err(empty());
        }
        if content.len() > most {
            return Err(too_large());
        }
        let sum = digest::digest(&digest::SHA256, &content);
        let sha256: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        if expected.is_some_and(|expected| !expected.eq_ignore_ascii_case(&sha256)) {
            let why = format!("The file's SHA-256 is {sha256}, not the one that was expected.");
            return Err(refused("CHECKSUM_MISMATCH", why));
        }
        Ok(Self { name: name.to_owned(), kind, content, sha256 })
    }
}

/// What a file is, by its name.
fn kind(name: &str) -> Result<&'static str, Refused> {
    let is_fine = name.len() <= LONGEST_NAME
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-$".contains(&byte));
    if !is_fine {
        let why = "fileName must be 128 letters, digits and ._-$ at most, and not begin with a dot.";
        return Err(refused("INVALID_FILE_NAME", why));
    }
    match name.rsplit_once('.') {
        Some((_, "class")) => Ok("CLASS"),
        Some((_, "java")) => Ok("JAVA_SOURCE"),
        Some((_, "jfc")) => Ok("JFC"),
        _ => Err(refused("UNSUPPORTED_FILE_TYPE", "fileName must end in .class, .java or .jfc.")),
    }
}

/// For the fuzz target: a file as it is sent.
pub(super) fn fuzz(given: &Map<String, Value>) {
    drop(Upload::read(given));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn take(uploads: &Uploads, given: Value) -> Value {
        let outcome = uploads.take(given.as_object().unwrap());
        let payload: Value = serde_json::from_str(&outcome.payload).unwrap();
        assert_eq!(outcome.failed, payload["status"] == "error");
        payload
    }

    #[test]
    fn a_file_lies_below_its_sum_for_us_alone_and_goes_with_the_agent() {
        let uploads = Uploads::default();
        let given = json!({"fileName": "A$b-1_c.class", "contentBase64": "aGVsbG8=", "expectedSha256": HELLO.to_uppercase()});
        let taken = take(&uploads, given.clone());
        assert_eq!(
            (&taken["kind"], &taken["sizeBytes"], &taken["reused"], &taken["sha256"], &taken["artifactId"]),
            (&json!("CLASS"), &json!(5), &json!(false), &json!(HELLO), &json!(format!("art_{HELLO}")))
        );
        let path = PathBuf::from(taken["targetPath"].as_str().unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"hello");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let folder = path.parent().unwrap();
        let root = folder.parent().unwrap().to_owned();
        assert_eq!(folder.file_name().unwrap().to_str(), Some(HELLO));
        for folder in [folder, &root] {
            assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
        }
        assert_eq!(take(&uploads, given.clone())["reused"], true);

        fs::write(&path, "other").unwrap();
        assert_eq!(take(&uploads, given.clone())["errorCode"], "ARTIFACT_CONFLICT");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(take(&uploads, given.clone())["errorCode"], "ARTIFACT_CONFLICT");

        assert_eq!(uploads.remove(), None);
        assert!(!root.exists());
        assert_eq!(take(&uploads, given)["errorCode"], "UPLOAD_ROOT_UNAVAILABLE");
    }

    #[test]
    fn what_may_not_be_is_refused_with_its_code() {
        let uploads = Uploads::default();
        let long = format!("{}.java", "x".repeat(124));
        let large = base64::encode(&vec![7; 1024 * 1024 + 1]);
        let (name, content) = ("A.java", "aGVsbG8=");
        for (name, content, sum, code) in [
            ("", content, "", "INVALID_FILE_NAME"),
            ("../A.java", content, "", "INVALID_FILE_NAME"),
            ("a/A.java", content, "", "INVALID_FILE_NAME"),
            (".A.java", content, "", "INVALID_FILE_NAME"),
            ("A\0.java", content, "", "INVALID_FILE_NAME"),
            ("\u{e9}.java", content, "", "INVALID_FILE_NAME"),
            (&long, content, "", "INVALID_FILE_NAME"),
            ("A.sh", content, "", "UNSUPPORTED_FILE_TYPE"),
            ("java", content, "", "UNSUPPORTED_FILE_TYPE"),
            (name, content, "xyz", "INVALID_CHECKSUM"),
            (name, content, &"0".repeat(64), "CHECKSUM_MISMATCH"),
            (name, "a", "", "INVALID_BASE64"),
            (name, "a b!", "", "INVALID_BASE64"),
            (name, "", "", "EMPTY_FILE"),
            (name, "====", "", "EMPTY_FILE"),
            (name, &large, "", "FILE_TOO_LARGE"),
        ] {
            let given = json!({"fileName": name, "contentBase64": content, "expectedSha256": sum});
            assert_eq!(take(&uploads, given)["errorCode"], code, "{name:?} {sum:?}");
        }
        assert!(uploads.state.lock().folder.is_none(), "nothing was made for them");
    }

    #[test]
    fn all_files_together_are_bounded_and_their_folder_must_stay_ours() {
        let uploads = Uploads::default();
        let given = json!({"fileName": "A.java", "contentBase64": "aGVsbG8="});
        take(&uploads, given.clone());
        uploads.state.lock().bytes = MOST.1;
        let other = json!({"fileName": "B.java", "contentBase64": "aGVsbG8h"});
        assert_eq!(take(&uploads, other.clone())["errorCode"], "QUOTA_EXCEEDED");
        assert_eq!(take(&uploads, given.clone())["reused"], true, "what is there costs nothing");
        let root = uploads.state.lock().folder.clone().unwrap();
        let mut mode = fs::metadata(&root).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        fs::set_permissions(&root, mode).unwrap();
        assert_eq!(take(&uploads, given.clone())["errorCode"], "UPLOAD_ROOT_UNSAFE");
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(take(&uploads, other)["reused"], false, "a folder that is gone is made again");
        let held = uploads.state.lock();
        assert_eq!(take(&uploads, given)["errorCode"], "UPLOAD_BUSY");
        drop(held);
        assert_eq!(uploads.remove(), None);
    }
}
