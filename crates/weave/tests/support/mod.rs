//! What the tests of weaving share: a JDK's tools, compiled fixtures, plans for whole classes.
#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod listing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use weave::classfile::ClassFile;
use weave::{Entries, Helper, Method, Passed, Plan, Shape};

pub(crate) const SPY: &str = "java/oxprobe/Spy_test";

pub(crate) const EVERYTHING: Passed = Passed { arguments: true, result: true };

/// A tool of a JDK that `scripts/jdks` has fetched.
pub(crate) fn tool(jdk: &str, name: &str) -> PathBuf {
    let jdks = std::env::var_os("OXPROBE_JDKS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/jdks"), PathBuf::from);
    let path = jdks.join(jdk).join("bin").join(name);
    assert!(path.exists(), "no {}: run scripts/jdks", path.display());
    path
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let out = command.stdin(Stdio::null()).output().expect("the command starts");
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}\n{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    out
}

/// Compiles fixtures into `to`.
pub(crate) fn compile(jdk: &str, options: &[&str], sources: &[PathBuf], to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    run(Command::new(tool(jdk, "javac"))
        .args(["-nowarn", "-g"])
        .args(options)
        .arg("-d")
        .arg(to)
        .args(sources));
}

/// A Java file of this crate's tests.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// All methods of a class, numbered from `first`.
pub(crate) fn plan(class: &[u8], first: i32, passed: Passed) -> Plan {
    let read = ClassFile::read(class).expect("a compiler's class file can be read");
    let methods = read
        .methods
        .iter()
        .filter(|method| method.code().is_some())
        .zip(first..)
        .map(|(method, id)| Method {
            name: method.name.to_vec(),
            descriptor: method.descriptor.to_vec(),
            id,
            shape: Shape::EntryExit,
            passed,
        })
        .collect();
    Plan { helper: Helper::new(SPY, Entries::Any), methods }
}

/// The parameters, in Java, of the `enter`s that the methods of a class may need.
pub(crate) fn entries(class: &[u8], into: &mut BTreeSet<Vec<&'static str>>) {
    for method in ClassFile::read(class).unwrap().methods {
        let mut types = Vec::new();
        if method.flags & 8 == 0 {
            types.push("Object");
        }
        let mut array = false;
        let mut class_name = false;
        for byte in &method.descriptor[1..] {
            match (class_name, byte) {
                (true, b';') => (class_name, array) = (false, false),
                (true, _) => {}
                (_, b')') => break,
                (_, b'[') if array => {}
                (_, b'[') => {
                    array = true;
                    types.push("Object");
                }
                (_, primitive) => {
                    class_name = *primitive == b'L';
                    if !array {
                        types.push(match primitive {
                            b'L' => "Object",
                            b'J' => "long",
                            b'F' => "float",
                            b'D' => "double",
                            _ => "int",
                        });
                    }
                    array &= class_name;
                }
            }
        }
        into.insert(types);
    }
}

/// The source of a helper class that counts calls and tokens that are not those that it gave out.
pub(crate) fn spy(entries: &BTreeSet<Vec<&str>>) -> String {
    let mut source = String::from(
        "package java.oxprobe;\npublic class Spy_test {\n\
         public static long entered, exited, threw, wrong;\n\
         static long open(int id) { entered++; return id * 31L + 7; }\n\
         static void close(int id, long token) { exited++; if (token != id * 31L + 7) wrong++; }\n\
         public static void thrown(Throwable t, int id, long token) {\n\
         threw++; if (t == null || token != id * 31L + 7) wrong++; }\n\
         public static long enter(int id) { return open(id); }\n\
         public static void exit(int id, long token) { close(id, token); }\n",
    );
    for result in ["int", "long", "float", "double", "Object"] {
        source.push_str(&format!(
            "public static void exit({result} value, int id, long token) {{ close(id, token); }}\n"
        ));
    }
    for types in entries.iter().filter(|types| !types.is_empty()) {
        let parameters: String =
            types.iter().enumerate().map(|(at, name)| format!(", {name} p{at}")).collect();
        source.push_str(&format!("public static long enter(int id{parameters}) {{ return open(id); }}\n"));
    }
    source.push_str("}\n");
    source
}

/// All class files below a folder, their paths in it, sorted.
pub(crate) fn classes(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "class") {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The name that `Class.forName` takes.
pub(crate) fn class_name(path: &Path) -> String {
    path.with_extension("").to_str().unwrap().replace('/', ".")
}
