//! Java parts: third-party jars (a decompiler, a compiler) that run in this JVM for one job and are then gone. A jar is
//! taken from a folder or from who asks, and only if its checksum is the one this agent was built with. It lies in memory,
//! its classes live in a loader of its own, and both end with the job.

mod ending;
mod jar;
mod pinned;
pub(crate) mod room;
mod running;

use std::path::{Path, PathBuf};
use std::time::Instant;

use jvm::os;
use parking_lot::{Mutex, RwLock};

use crate::Host;
use crate::error::{Error, Result};
use crate::files;

pub use jar::Jar;
pub use pinned::Part;
pub(crate) use running::{Glue, Work};

/// What reads the files of a class loader for the others.
pub(crate) const RESOURCE: Glue = Glue {
    name: "oxprobe/Resource",
    file: include_bytes!("../../../java-shim/classes/parts/Resource.class"),
};

/// The largest jar that is looked at, in bytes.
const LARGEST: u64 = 16 << 20;

/// What is known of parts from one job to the next.
#[derive(Default)]
pub(crate) struct Parts {
    /// The folder that an option names, if one does.
    folder: RwLock<Option<PathBuf>>,
    /// When the heap was last collected to have room for one.
    collected: Mutex<Option<Instant>>,
}

impl Host {
    /// From now on parts are looked for in this folder first.
    pub fn set_parts_dir(&self, folder: Option<&Path>) {
        *self.parts.folder.write() = folder.map(Path::to_owned);
    }

    /// Brings a part here: from the folder of the option, from `java` beside the agent's own file, or from who asks, whom
    /// `lend` asks for the file of this name.
    ///
    /// # Errors
    /// Nobody has it, or what they have is not what this agent was built with. The sentence says where it was looked for.
    pub fn part(&self, name: &str, lend: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Result<Jar> {
        let part = Part::named(name).ok_or_else(|| Error::sentence(format!("There is no part {name}.")))?;
        let beside = os::own_file().and_then(|own| Some(own.parent()?.join("java")));
        let named = self.parts.folder.read().clone();
        let mut wrong = Vec::new();
        for folder in named.iter().chain(&beside) {
            let path = folder.join(part.file);
            match files::read(&path, LARGEST) {
                Ok(bytes) if part.is(&bytes) => return Jar::of(&part, &bytes, &self.output_dir()),
                Ok(_) => wrong.push(format!("{} is another version", path.display())),
                Err(files::Unread::Missing | files::Unread::Refused(_)) => {
                    wrong.push(format!("{} is not there", path.display()));
                }
                Err(_) => wrong.push(format!("{} is no such jar", path.display())),
            }
        }
        match lend(part.file) {
            Some(bytes) if part.is(&bytes) => return Jar::of(&part, &bytes, &self.output_dir()),
            Some(_) => wrong.push("the client has another version".to_owned()),
            None => wrong.push("the client does not lend it".to_owned()),
        }
        Err(Error::sentence(format!(
            "The jar {} is needed and nobody has it: {}. Put it into a folder `java` beside the agent's library or beside \
             the oxprobe command (scripts/parts fetches it), or name its folder with the option java-dir.",
            part.file,
            wrong.join("; ")
        )))
    }
}
