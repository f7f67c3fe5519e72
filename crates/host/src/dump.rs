//! Writing the heap to a file.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jvm::{Env, Local, Value};
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::{Host, clock, management};

/// What to dump and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpRequest {
    file: Option<String>,
    live: bool,
}

impl DumpRequest {
    /// `live`: only objects that are reachable.
    pub fn new(file: Option<String>, live: bool) -> Self {
        Self { file, live }
    }
}

/// A dump that was written.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// The file's size.
    pub bytes: i64,
    /// How long the call took; the application stood still for nearly all of it.
    pub took: Duration,
}

const WHAT: &str = "Writing a heap dump";

/// Held while a dump is written.
static DUMPING: Mutex<()> = Mutex::new(());

impl Host {
    /// The absolute path a request means, in the JVM's working directory or, without a file, a new
    /// one in its temporary folder. An error if no file can be made there, or one is there.
    pub fn dump_file(&self, request: &DumpRequest) -> Result<PathBuf> {
        let file = self.resolve(request)?;
        check_place(&file)?;
        Ok(file)
    }

    fn resolve(&self, request: &DumpRequest) -> Result<PathBuf> {
        if let Some(file) = request.file.as_deref().filter(|file| !file.is_empty()) {
            return std::path::absolute(file)
                .map_err(|error| Error::sentence(format!("The path {file} cannot be resolved: {error}.")));
        }
        let folder = self.property("java.io.tmpdir")?.unwrap_or_else(|| "/tmp".to_owned());
        let now = self.local_time(clock::epoch_millis()).for_file_name();
        let live = if request.live { "-live" } else { "" };
        // The first name that is free; two requests at once are told apart when the file is made.
        let name = |number: u32| format!("heapdump{now}{live}{number:03}.hprof");
        let free = (0..1_000).map(|number| Path::new(&folder).join(name(number))).find(|path| !path.exists());
        free.ok_or_else(|| {
            Error::sentence(format!("{folder} is full of heap dumps of this minute; name a file."))
        })
    }

    /// Dumps the heap into the file that [`Host::dump_file`] gave. On failure there is no file.
    pub fn dump_heap(&self, file: &Path, live: bool) -> Result<Written> {
        // Two at once could mean the same file, and the one that fails would remove the other's.
        let Some(_only) = DUMPING.try_lock() else {
            return Err(Error::sentence("Another heap dump is being written; try again when it is done."));
        };
        if fs::symlink_metadata(file).is_ok() {
            return Err(already_there(file));
        }
        let started = Instant::now();
        let dumped = self.vm.with_env(|env| dump(env, file, live));
        if let Err(error) = dumped {
            return Err(match error {
                // The JVM wrote nothing: the file did not exist, and if it does now it is another's.
                Error::MissingModule(_) => error,
                Error::Jvm(jvm::Error::Thrown(ref thrown)) if says_exists(thrown) => already_there(file),
                Error::Jvm(jvm::Error::Thrown(thrown)) => {
                    let removed = remove_half(file);
                    let why = thrown.message.unwrap_or(thrown.class);
                    let display = file.display();
                    Error::sentence(format!(
                        "The heap was not dumped to {display}: {why}.{removed} {}",
                        advice(&why)
                    ))
                }
                other => other,
            });
        }
        let bytes = fs::metadata(file).map(|meta| meta.len()).unwrap_or(0);
        Ok(Written { bytes: i64::try_from(bytes).unwrap_or(i64::MAX), took: started.elapsed() })
    }
}

/// `HotSpotDiagnostic.dumpHeap0`: the method behind the public one, which from JDK 9 on takes only
/// names that end in `.hprof`.
fn dump(env: &Env<'_>, file: &Path, live: bool) -> Result<()> {
    let interface =
        management::class(env, "com/sun/management/HotSpotDiagnosticMXBean", "jdk.management", WHAT)?;
    let factory = management::factory(env, WHAT)?;
    let descriptor = "(Ljava/lang/Class;)Ljava/lang/management/PlatformManagedObject;";
    let bean: Local<'_> =
        env.call_static(&factory, "getPlatformMXBean", descriptor, &[Value::of(&interface)])?;
    let name = env.new_string(&file.display().to_string())?;
    Ok(env.call(&bean, "dumpHeap0", "(Ljava/lang/String;Z)V", &[Value::of(&name), Value::from(live)])?)
}

/// Says in words what the JVM would say with a number, before it stops the application.
fn check_place(file: &Path) -> Result<()> {
    if fs::symlink_metadata(file).is_ok() {
        return Err(already_there(file));
    }
    let folder = file.parent().unwrap_or(Path::new("/"));
    let why = match fs::metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => "there is no such folder".to_owned(),
        Err(error) => error.to_string(),
        Ok(meta) if !meta.is_dir() => "it is not a folder".to_owned(),
        Ok(_) => match create_and_remove(file) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                "the JVM's user may not write there".to_owned()
            }
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => {
                "the file system is read-only".to_owned()
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(already_there(file)),
            Err(error) => error.to_string(),
        },
    };
    let folder = folder.display();
    Err(Error::sentence(format!(
        "No heap dump can be made in {folder}: {why}. Name a file in another folder."
    )))
}

/// The only way to know whether a file can be made is to make it.
fn create_and_remove(file: &Path) -> std::io::Result<()> {
    let made: File = OpenOptions::new().write(true).create_new(true).open(file)?;
    drop(made);
    fs::remove_file(file)
}

fn already_there(file: &Path) -> Error {
    let display = file.display();
    Error::sentence(format!("{display} exists already and was left as it is; name another file."))
}

fn says_exists(thrown: &jvm::Thrown) -> bool {
    thrown.message.as_deref().is_some_and(|message| message.contains("exists"))
}

/// Removes what a failed dump has left; the sentence's end that says whether it could.
fn remove_half(file: &Path) -> String {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => format!(" A part of it is left ({error})."),
        _ => String::new(),
    }
}

fn advice(why: &str) -> &'static str {
    if why.contains("No space") {
        "Name a file where there is more room."
    } else {
        "Name another file and try again."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_never_touched() {
        let file = std::env::temp_dir().join(format!("oxprobe-dump-test-{}", std::process::id()));
        fs::write(&file, "precious").unwrap();
        let error = check_place(&file).unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
        fs::remove_file(&file).unwrap();
        check_place(&file).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_place_where_nothing_can_be_written_is_named_with_the_reason() {
        let error = |file: &str| check_place(Path::new(file)).unwrap_err().to_string();
        assert!(error("/no/such/folder/x.hprof").contains("there is no such folder"));
        assert!(error("/etc/passwd/x.hprof").contains("/etc/passwd"));
    }
}
