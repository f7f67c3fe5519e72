//! Our listing of byte code beside `javap -c -v -p` on classes of JDKs: the same methods with the same instructions down to the
//! constants they name, and the same tables of exceptions and lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a panic is how a test reports"
)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{classes, run, tool, unpack};
use weave::listing;

/// By method (name and descriptor), its lines.
type Said = Vec<(String, Vec<String>)>;

/// Reads both formats. A method begins at its descriptor, which stands below its declaration.
fn said(text: &str) -> Said {
    let mut all: Said = Vec::new();
    let mut declared = "";
    let mut is_told = false;
    for line in text.lines().map(str::trim) {
        let descriptor = line.strip_prefix("descriptor: ");
        if let Some(descriptor) = descriptor.filter(|descriptor| descriptor.starts_with('(')) {
            let name =
                declared.split('(').next().and_then(|name| name.rsplit(' ').next()).unwrap_or_default();
            all.push((format!("{name}{descriptor}"), Vec::new()));
            is_told = false;
        } else if matches!(line, "Code:" | "Exception table:" | "LineNumberTable:") {
            is_told = true;
        } else if line.ends_with(':') || line.starts_with("StackMapTable") {
            is_told = false;
        } else if is_told {
            let first = line.split([':', ' ']).next().unwrap_or_default();
            let is_row = first.parse::<i64>().is_ok()
                || matches!(first, "default" | "line")
                || line.starts_with("stack=");
            if is_row && let Some((_, lines)) = all.last_mut() {
                lines.push(plain(line));
            }
        }
        if descriptor.is_none() {
            declared = line;
        }
    }
    all
}

/// One blank for many; floating numbers by value, since Java's decimals are not always the shortest.
fn plain(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    if let [before @ .., kind @ ("float" | "double"), number] = words.as_slice()
        && let Ok(value) = number.trim_end_matches(['f', 'd']).replace("Infinity", "inf").parse::<f64>()
    {
        let value = if *kind == "float" { f64::from(value as f32) } else { value };
        return format!("{} {kind} {value}", before.join(" "));
    }
    words.join(" ")
}

/// Lists every so-manieth class of a module in both ways.
fn compare(jdk: &str, module: &str, step: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<PathBuf> = Vec::new();
    for unpacked in unpack(jdk, module, folder.path()) {
        let all = classes(&unpacked).into_iter().filter(|path| !path.ends_with("module-info.class"));
        files.extend(all.step_by(step).map(|path| unpacked.join(path)));
    }
    let language = ["-J-Duser.language=en", "-J-Dfile.encoding=UTF-8", "-J-Dstdout.encoding=UTF-8"];
    let out = run(Command::new(tool(jdk, "javap")).args(language).args(["-c", "-v", "-p"]).args(&files));
    let text = String::from_utf8(out.stdout).unwrap();
    let theirs: Vec<&str> = text.split("\nClassfile ").collect();
    assert_eq!(theirs.len(), files.len(), "JDK {jdk}: javap lists each class");
    let (mut methods, mut lines) = (0, 0);
    for (file, theirs) in files.iter().zip(theirs) {
        let ours = said(&listing(&std::fs::read(file).unwrap(), None).unwrap());
        let theirs = said(theirs);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours.0, theirs.0, "{}", file.display());
            let differs = ours.1.iter().zip(&theirs.1).find(|(ours, theirs)| ours != theirs);
            assert_eq!(differs, None, "{}: {}", file.display(), ours.0);
            assert_eq!(ours.1.len(), theirs.1.len(), "{}: {}", file.display(), ours.0);
            lines += ours.1.len();
        }
        assert_eq!(ours.len(), theirs.len(), "{}", file.display());
        methods += ours.len();
    }
    println!("JDK {jdk}: {} classes, {methods} methods, {lines} lines", files.len());
    assert!(files.len() > 300 && methods > 3_000 && lines > 50_000, "JDK {jdk} is not worth the test");
}

#[test]
fn instructions_constants_and_tables_are_those_of_javap_on_jdk_17() {
    compare("17", "java.base", 12);
}

#[test]
fn instructions_constants_and_tables_are_those_of_javap_on_jdk_25() {
    compare("25", "java.base", 14);
}

#[test]
fn only_methods_of_a_name_are_listed_where_one_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = unpack("17", "java.base", folder.path());
    let bytes = std::fs::read(unpacked[0].join("java/lang/String.class")).unwrap();
    let listed = said(&listing(&bytes, Some("valueOf")).unwrap());
    assert!(listed.len() > 5 && listed.iter().all(|(name, _)| name.starts_with("valueOf(")), "{listed:#?}");
    assert_eq!(said(&listing(&bytes, Some("nope")).unwrap()), []);
}
