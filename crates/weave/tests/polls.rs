//! Classes with polls: a real JVM verifies them, they work out what they did before, and what would go on for ever ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test reports"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{CHECKS, class_name, classes, compile, fixture, run, tool, unpack};
use weave::{Helper, polled};

const ENDED: &str = "package oxprobe; public class Ended extends Error {\n\
    public static long left = Long.MAX_VALUE;\n\
    public static void poll() { if (--left < 0) throw new Ended(); } }\n";

/// Puts polls into all classes of `from`; their names.
fn poll_all(from: &Path, to: &Path) -> Vec<String> {
    let helper = Helper::complete("oxprobe/Ended");
    let mut names = Vec::new();
    for path in classes(from).into_iter().filter(|path| !path.ends_with("module-info.class")) {
        let bytes = std::fs::read(from.join(&path)).unwrap();
        let file = to.join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, polled(&bytes, &helper).expect("a compiler's class is read")).unwrap();
        names.push(class_name(&path));
    }
    names
}

/// Folders with the helper class and with the program that links classes.
fn beside(jdk: &str, scratch: &Path) -> Vec<PathBuf> {
    let source = scratch.join("Ended.java");
    std::fs::write(&source, ENDED).unwrap();
    let to = scratch.join("beside");
    compile(jdk, &[], &[source, fixture("WeaveVerify.java")], &to);
    vec![to]
}

fn java(jdk: &str, options: &[&str], path: &[&Path], main: &[&str]) -> Vec<String> {
    let path: Vec<String> = path.iter().map(|folder| folder.display().to_string()).collect();
    let mut command = Command::new("timeout");
    command.arg("120").arg(tool(jdk, "java")).args(CHECKS).args(options);
    let out = run(command.arg("-cp").arg(path.join(":")).args(main));
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

/// What a program prints without and with polls.
fn program(jdk: &str, options: &[&str], name: &str) -> [Vec<String>; 2] {
    let scratch = tempfile::tempdir().unwrap();
    let [plain, woven] = ["plain", "woven"].map(|folder| scratch.path().join(folder));
    let beside = &beside(jdk, scratch.path())[0];
    let mut all = options.to_vec();
    let path = beside.display().to_string();
    all.extend(["-cp", &path]);
    compile(jdk, &all, &[fixture(&format!("{name}.java"))], &plain);
    let names = poll_all(&plain, &woven);
    let list = scratch.path().join("names");
    std::fs::write(&list, names.join("\n")).unwrap();
    let linked = java(jdk, &[], &[&woven, beside], &["WeaveVerify", list.to_str().unwrap()]);
    assert!(linked.iter().all(|line| !line.starts_with("failed ")), "{linked:#?}");
    [&plain, &woven].map(|folder| java(jdk, &[], &[folder, beside], &[name]))
}

#[test]
fn a_program_prints_what_it_printed_before() {
    for (jdk, options) in [("17", &["--release", "8"][..]), ("17", &[]), ("8", &[])] {
        let [plain, woven] = program(jdk, options, "Shapes");
        assert_eq!(plain, woven, "JDK {jdk}");
    }
}

#[test]
fn old_class_files_without_frames_and_with_subroutines_take_them() {
    for target in ["1.1", "1.4", "1.5", "1.6"] {
        let source = if target < "1.5" { "1.3" } else { "1.5" };
        let options = ["-source", source, "-target", target, "-XDjsrlimit=0"];
        let [plain, woven] = program("8", &options, "Shapes");
        assert_eq!(plain, woven, "target {target}");
    }
}

#[test]
fn what_would_go_on_for_ever_ends() {
    for (jdk, release) in [("17", "8"), ("25", "25"), ("8", "")] {
        let scratch = tempfile::tempdir().unwrap();
        let [plain, woven] = ["plain", "woven"].map(|folder| scratch.path().join(folder));
        let beside = &beside(jdk, scratch.path())[0];
        let path = beside.display().to_string();
        let mut options = vec!["-cp", path.as_str()];
        if !release.is_empty() {
            options.extend(["--release", release]);
        }
        compile(jdk, &options, &[fixture("Endless.java")], &plain);
        poll_all(&plain, &woven);
        let printed = java(jdk, &[], &[&woven, beside], &["Endless", "all"]);
        let ways = [
            "tree",
            "constructor",
            "initialiser",
            "catching",
            "continuing",
            "switching",
            "locked",
            "calling",
        ];
        let mut expected: Vec<String> =
            ways.iter().map(|way| format!("{way} ended: oxprobe.Ended")).collect();
        expected.push("1024 0".to_owned());
        assert_eq!(printed, expected, "JDK {jdk}");
    }
}

/// A large program of the JDK's own, which then is no module but lies on the class path.
#[test]
fn the_jdks_compiler_takes_them() {
    for jdk in ["17", "25"] {
        let scratch = tempfile::tempdir().unwrap();
        let folders = unpack(jdk, "jdk.compiler", &scratch.path().join("jdk"));
        let woven = scratch.path().join("woven");
        let names = poll_all(&folders[0], &woven);
        let list = scratch.path().join("names");
        std::fs::write(&list, names.join("\n")).unwrap();
        let beside = &beside(jdk, scratch.path())[0];
        let only = ["--limit-modules", "java.base,java.compiler,java.instrument"];
        let printed = java(jdk, &only, &[&woven, beside], &["WeaveVerify", list.to_str().unwrap()]);
        // Some name classes of modules that are left out here.
        let wrong: Vec<_> = printed
            .iter()
            .filter(|line| ["VerifyError", "ClassFormatError"].iter().any(|kind| line.contains(kind)))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let linked = printed.iter().find_map(|line| line.strip_prefix("linked ")?.parse::<usize>().ok());
        assert!(linked.is_some_and(|linked| linked > 1_000), "JDK {jdk}: {linked:?} of {}", names.len());
    }
}
