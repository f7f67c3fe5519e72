//! The program of `tests/fixtures/change`, whose class `shop.Prices` gets other code, and that other code.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::java::{Java, JavaBuilder};
use crate::jdk::{Jdk, jdk, root};

/// The program's classes in a folder of their own, and a place for others.
pub struct Shop {
    folder: TempDir,
    release: String,
}

impl Shop {
    /// Compiles it for a release of Java.
    pub fn compiled(release: u32) -> Self {
        let shop = Self { folder: TempDir::new().unwrap(), release: release.to_string() };
        let sources = ["Shop", "Prices", "Twins"].map(|name| source(name).0);
        shop.javac(&sources, &shop.classes());
        shop
    }

    /// Its classes.
    pub fn classes(&self) -> PathBuf {
        self.folder.path().join("classes")
    }

    /// The program on a Java.
    pub fn program(&self, jdk: &Jdk) -> JavaBuilder {
        JavaBuilder::new(jdk, "shop.Shop").class_path(self.classes())
    }

    /// Starts it.
    pub fn start(&self, jdk: &Jdk) -> Java {
        self.program(jdk).start()
    }

    /// A folder for a test's files.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// `Prices.java` with words of it replaced, in a folder of that name.
    pub fn edited(&self, name: &str, edits: &[(&str, &str)]) -> PathBuf {
        let (_, mut text) = source("Prices");
        for (old, new) in edits {
            assert!(text.contains(old), "no `{old}` in Prices.java");
            text = text.replace(old, new);
        }
        let file = self.folder(name).join("Prices.java");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// The class file of such a `Prices.java`.
    pub fn changed(&self, name: &str, edits: &[(&str, &str)]) -> PathBuf {
        let file = self.edited(name, edits);
        let to = self.folder(name).join("classes");
        self.javac(&[file], &to);
        to.join("shop/Prices.class")
    }

    fn javac(&self, sources: &[PathBuf], to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        let mut command = Command::new(jdk("17").tool("javac"));
        command.env_remove("JAVA_TOOL_OPTIONS");
        command.args(["--release", &self.release, "-Xlint:-options", "-g", "-cp"]).arg(self.classes());
        let out = command.arg("-d").arg(to).args(sources).output().expect("javac starts");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

fn source(name: &str) -> (PathBuf, String) {
    let file = root().join(format!("tests/fixtures/change/shop/{name}.java"));
    let text = std::fs::read_to_string(&file).unwrap();
    (file, text)
}
