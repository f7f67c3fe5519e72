//! `cat` and `base64`: files of the pod, held against the same files read here.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use harness::client::result;
use harness::{Answer, Java, JavaBuilder, exec, exec_json, jdk};

fn refused(java: &Java, line: &str, says: &[&str]) {
    let answer = exec(java.pid(), line);
    assert_eq!(answer.code, 1, "{line}: {answer:#?}");
    assert!(says.iter().all(|word| answer.err.contains(word)), "{line}: {answer:#?}");
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn text_files_are_shown_as_they_are() {
    let mut java = Java::demo(&jdk("17"));
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    std::fs::write(&one, "first\n\tsecond \u{1f600}\n").unwrap();
    std::fs::write(&other, [0x47, 0x72, 0xfc, 0xdf, 0x65]).unwrap();
    let line = format!("cat {} {}", one.display(), other.display());
    let results = exec_json(java.pid(), &line);
    let files: Vec<&str> = results.iter().filter_map(|result| result["file"].as_str()).collect();
    assert_eq!(files, [shown(&one), shown(&other)]);
    assert_eq!(results[0]["content"], std::fs::read_to_string(&one).unwrap());
    assert_eq!(exec(java.pid(), &format!("cat {}", one.display())).ok(), "first\n    second \u{1f600}\n");
    for charset in ["ISO-8859-1", "windows-1252"] {
        let results = exec_json(java.pid(), &format!("cat --encoding {charset} {}", other.display()));
        assert_eq!(result(&results, "cat")["content"], "Grüße");
    }
    refused(&java, &format!("cat --encoding klingon {}", other.display()), &["klingon", "UTF-8"]);
    java.assert_undisturbed();
}

#[test]
fn what_is_no_file_or_too_large_is_refused_and_never_waited_for() {
    let mut java = Java::demo(&jdk("17"));
    let folder = tempfile::tempdir().unwrap();
    let (pipe, large) = (folder.path().join("pipe"), folder.path().join("large"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::write(&large, vec![b'x'; 131_073]).unwrap();
    for command in ["cat", "base64"] {
        let line = |path: &Path| format!("{command} {}", path.display());
        refused(&java, &line(&folder.path().join("none")), &["none: No such file or directory"]);
        refused(&java, &line(folder.path()), &["Is a directory"]);
        refused(&java, &line(&pipe), &["pipe", "no regular file"]);
        refused(&java, &line(Path::new("/dev/zero")), &["no regular file"]);
        refused(&java, &line(&large), &["Is too large, size: 131073"]);
        refused(&java, &format!("{command} -M 131073 {}", large.display()), &["131072"]);
        refused(&java, &format!("{command} -M 8388609 {}", large.display()), &["8388608"]);
        refused(&java, &format!("{command} -M 0 {}", large.display()), &["greater than 0"]);
    }
    java.assert_undisturbed();
}

#[test]
fn base64_goes_both_ways_and_writes_new_files_only() {
    let mut java = Java::demo(&jdk("17"));
    let folder = tempfile::tempdir().unwrap();
    let [plain, coded, back] = ["plain", "coded", "back"].map(|name| folder.path().join(name));
    let bytes: Vec<u8> = (0..3_000_u32).map(|at| (at * at % 251) as u8).collect();
    std::fs::write(&plain, &bytes).unwrap();
    let results = exec_json(java.pid(), &format!("base64 {}", plain.display()));
    let content = result(&results, "base64")["content"].as_str().unwrap().to_owned();
    assert!(content.lines().rev().skip(1).all(|line| line.len() == 76));
    assert_eq!(content.replace('\n', ""), BASE64.encode(&bytes));
    let written = exec_json(java.pid(), &format!("base64 -i {} -o {}", plain.display(), coded.display()));
    assert!(result(&written, "base64")["content"].is_null());
    assert_eq!(std::fs::read_to_string(&coded).unwrap(), content);
    assert_eq!(std::fs::metadata(&coded).unwrap().permissions().mode() & 0o777, 0o600);
    let decode = format!("base64 -d {} --output {}", coded.display(), back.display());
    exec_json(java.pid(), &decode);
    assert_eq!(std::fs::read(&back).unwrap(), bytes);
    refused(&java, &decode, &["Is there already"]);
    refused(&java, &format!("base64 -d {}", plain.display()), &["Is no base64"]);
    java.assert_undisturbed();
}

#[test]
fn reading_files_needs_dump_and_writing_them_mutate() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, coded) = (folder.path().join("plain"), folder.path().join("coded"));
    std::fs::write(&plain, "x").unwrap();
    let with = |permissions: &str| {
        JavaBuilder::new(&jdk("17"), "demo.MathGame")
            .with_agent(&format!("permissions={permissions}"))
            .start()
    };
    let looker = with("view observe");
    refused(&looker, &format!("cat {}", plain.display()), &["permission dump"]);
    refused(&looker, "sysprop a b", &["permission mutate"]);
    refused(&looker, "vmoption HeapDumpPath /tmp", &["permission mutate"]);
    exec(looker.pid(), "sysprop java.version").ok();
    exec(looker.pid(), "vmoption HeapDumpPath").ok();
    let reader = with("view dump");
    exec(reader.pid(), &format!("base64 {}", plain.display())).ok();
    refused(&reader, &format!("base64 {} -o {}", plain.display(), coded.display()), &["permission mutate"]);
    assert!(!coded.exists());
}

#[test]
fn a_text_is_said_again() {
    let java = Java::demo(&jdk("17"));
    assert_eq!(exec(java.pid(), "echo 'one  two'").ok(), "one  two\n");
    assert_eq!(exec(java.pid(), "echo").ok(), "");
    assert_eq!(Answer::of(&["exec", &java.pid().to_string(), "echo", "a b"]).ok(), "a b\n");
}
