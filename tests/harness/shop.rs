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

    /// The class files of many, compiled at once.
    pub fn all_changed(&self, edits: &[(&str, &[(&str, &str)])]) -> Vec<PathBuf> {
        let mut command = Command::new(jdk("17").tool("java"));
        command.env_remove("JAVA_TOOL_OPTIONS");
        command.arg(root().join("tests/fixtures/change/verdict/Javac.java"));
        command.arg(&self.release).arg(self.classes());
        let mut files = Vec::new();
        for (name, edits) in edits {
            let to = self.folder(name).join("classes");
            command.arg(self.edited(name, edits)).arg(&to);
            files.push(to.join("shop/Prices.class"));
        }
        let out = command.output().expect("java starts");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        files
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

/// A jar of an agent of `tests/fixtures/change`.
pub fn agent_jar(shop: &Shop, class: &str) -> PathBuf {
    let (package, _) = class.split_once('.').unwrap();
    let folder = shop.folder(package);
    let agent = folder.join("agent.jar");
    if !agent.exists() {
        let tool = crate::jdk::jdk("17");
        let sources = root().join(format!("tests/fixtures/change/{package}"));
        let javac = ["--release", "8", "-Xlint:-options", "-sourcepath"];
        let beside = sources.parent().unwrap();
        let all = std::fs::read_dir(&sources).unwrap().flatten().map(|file| file.path());
        run(Command::new(tool.tool("javac")).args(javac).arg(beside).arg("-d").arg(&folder).args(all));
        let manifest = folder.join("manifest");
        let lines = format!(
            "Premain-Class: {class}\nAgent-Class: {class}\nCan-Redefine-Classes: true\nCan-Retransform-Classes: true\n"
        );
        std::fs::write(&manifest, lines).unwrap();
        let jar = Command::new(tool.tool("jar"))
            .arg("cfm")
            .arg(&agent)
            .arg(&manifest)
            .arg("-C")
            .arg(&folder)
            .arg(package)
            .output();
        assert!(jar.unwrap().status.success());
    }
    agent
}

fn run(command: &mut Command) -> String {
    let out = command.env_remove("JAVA_TOOL_OPTIONS").output().expect("a tool of the JDK starts");
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// What a JVM itself says when its own `Instrumentation.redefineClasses` is to give `shop.Prices` these class files:
/// for each `taken`, or the exception.
pub fn verdicts(shop: &Shop, jdk: &Jdk, options: &[&str], files: &[PathBuf]) -> Vec<String> {
    let agent = agent_jar(shop, "verdict.Verdict");
    let mut command = Command::new(jdk.tool("java"));
    command.args(options).arg(format!("-javaagent:{}", agent.display()));
    let path = std::env::join_paths([shop.classes(), agent.clone()]).unwrap();
    command.arg("-cp").arg(path).args(["verdict.Verdict", "shop.Prices"]);
    let said = run(command.arg(shop.classes().join("shop/Prices.class")).args(files));
    said.lines().filter_map(|line| line.strip_prefix("verdict ")).map(str::to_owned).collect()
}

/// Puts the Java parts where the `oxprobe` command looks for what it lends.
pub fn lend_parts() {
    let from = crate::jdk::cache().join("parts/java");
    assert!(from.exists(), "no {}: run scripts/parts", from.display());
    let to = crate::agent_library().parent().unwrap().join("java");
    std::fs::create_dir_all(&to).unwrap();
    for jar in std::fs::read_dir(from).unwrap().flatten() {
        let copy = to.join(jar.file_name());
        if !copy.exists() {
            // Another test may do the same: what lies there is always whole.
            let part = to.join(format!("{}.{}", jar.file_name().to_string_lossy(), std::process::id()));
            std::fs::copy(jar.path(), &part).unwrap();
            std::fs::rename(part, copy).unwrap();
        }
    }
}
