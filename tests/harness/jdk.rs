//! The JDKs, JREs and images that `scripts/jdks` has put beside the checkout.

use std::path::{Path, PathBuf};

/// One runnable Java.
#[derive(Clone, Debug)]
pub struct Jdk {
    /// Its name in the folder: `17`, `jre17`, `base17`.
    pub name: String,
    /// Its major version.
    pub major: u32,
    /// Its home.
    pub home: PathBuf,
}

impl Jdk {
    /// A program of its `bin`.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }
}

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The folder of things that scripts fetch or make.
pub fn cache() -> PathBuf {
    root().join(".cache")
}

fn folder() -> PathBuf {
    std::env::var_os("OXPROBE_JDKS").map_or_else(|| cache().join("jdks"), PathBuf::from)
}

/// A Java by its name in the folder. Panics with the command that gets it.
pub fn jdk(name: &str) -> Jdk {
    let home = folder().join(name);
    assert!(home.join("bin/java").exists(), "no {name} in {}: run scripts/jdks", folder().display());
    let major = name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    Jdk { name: name.to_owned(), major, home }
}

/// The five JDKs; `OXPROBE_TEST_JDKS=17,25` narrows them while working.
pub fn jdks() -> Vec<Jdk> {
    let wanted = std::env::var("OXPROBE_TEST_JDKS").unwrap_or_else(|_| "8,11,17,21,25".to_owned());
    wanted.split(',').map(jdk).collect()
}
