//! Where commands put their files.

use std::path::{Path, PathBuf};

use parking_lot::RwLock;

use crate::Host;

/// The folder; relative ones begin in the JVM's working directory.
pub(crate) struct Output(RwLock<PathBuf>);

impl Default for Output {
    fn default() -> Self {
        Self(RwLock::new(PathBuf::from("arthas-output")))
    }
}

impl Host {
    /// The folder for files that commands write. It need not exist.
    pub fn output_dir(&self) -> PathBuf {
        self.output.0.read().clone()
    }

    /// From now on files go there.
    pub fn set_output_dir(&self, folder: &Path) {
        folder.clone_into(&mut self.output.0.write());
    }
}
