//! Class files with something wrong in them: what the JVM takes, it takes woven too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a panic is how a test reports"
)]

mod support;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{CHECKS, EVERYTHING, classes, compile, fixture, patched, plan, run, spy, tool};
use weave::classfile::ClassFile;
use weave::{Parts, weave};

const PARTS: [Parts; 4] = [EVERYTHING, Parts::VALUES, Parts::ALL_CALLS, Parts::ENTRY_EXIT];

/// Xorshift: the same mutants in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// A class file with one to three bytes changed; most often within a method's code and its tables,
/// and to a value that is near or that stands elsewhere.
fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    let code: Vec<(usize, usize)> = ClassFile::read(bytes)
        .unwrap()
        .methods
        .iter()
        .filter_map(|method| method.code())
        .map(|code| (code.content.as_ptr() as usize - bytes.as_ptr() as usize, code.content.len()))
        .collect();
    for _ in 0..=random.below(3) {
        let at = match random.below(8) {
            0 => random.below(mutant.len()),
            _ => {
                let (start, length) = code[random.below(code.len())];
                start + random.below(length)
            }
        };
        mutant[at] = match random.below(4) {
            0 => u8::try_from(random.below(256)).unwrap(),
            1 => mutant[at].wrapping_add(1),
            2 => mutant[at].wrapping_sub(1),
            _ => bytes[random.below(bytes.len())],
        };
    }
    mutant
}

/// Writes `count` mutants of the classes of `folder` that can be woven, each with its woven form.
fn pairs(folder: &Path, count: usize, random: &mut Random, to: &Path) -> Vec<Vec<u8>> {
    let all: Vec<Vec<u8>> =
        classes(folder).iter().map(|path| std::fs::read(folder.join(path)).unwrap()).collect();
    let mut written = Vec::new();
    let mut mutants = Vec::new();
    while mutants.len() < count {
        let mutant = mutate(&all[random.below(all.len())], random);
        if ClassFile::read(&mutant).is_err() {
            continue;
        }
        let plan = plan(&mutant, 0, PARTS[random.below(PARTS.len())]);
        let Ok(woven) = weave(&mutant, &plan) else { continue };
        if let Cow::Owned(woven) = &woven.bytes {
            for file in [&mutant, woven] {
                written.extend(u32::try_from(file.len()).unwrap().to_be_bytes());
                written.extend(file);
            }
            mutants.push(mutant);
        }
    }
    std::fs::write(to, written).unwrap();
    mutants
}

fn self_check() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/SelfCheck.java")
}

/// Compiles programs, mutates them `count` times and has a JVM judge.
fn none_gets_worse(jdk: &str, options: &[&str], sources: &[PathBuf], count: usize, seed: u64) {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    compile(jdk, options, sources, &at("plain"));
    compile("17", &["--release", "8"], &[fixture("Mutants.java")], &at("driver"));
    std::fs::write(at("Spy_test.java"), spy()).unwrap();
    compile(jdk, &[], &[at("Spy_test.java")], &at("spy"));
    let mutants = pairs(&at("plain"), count, &mut Random(seed), &at("pairs"));
    let out = run(Command::new("timeout")
        .arg("500")
        .arg(tool(jdk, "java"))
        .args(CHECKS)
        .args(patched(jdk, &at("spy")))
        .arg("-cp")
        .arg(at("driver"))
        .arg("Mutants")
        .arg(at("pairs")));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let worse: Vec<&str> = text.lines().filter(|line| line.starts_with("worse")).collect();
    if let (Some(first), Some(to)) = (worse.first(), std::env::var_os("KEEP_MUTANT")) {
        let number: usize = first.split(' ').nth(1).unwrap().parse().unwrap();
        std::fs::write(to, &mutants[number]).unwrap();
    }
    assert!(worse.is_empty(), "JDK {jdk} {options:?}: {worse:#?}");
    let count = |what: &str| -> usize {
        text.lines().find_map(|line| line.strip_prefix(what)).unwrap().trim().parse().unwrap()
    };
    eprintln!("JDK {jdk} {options:?}: {} of {} mutants are taken", count("taken"), count("pairs"));
    // Else nothing was tried.
    assert!(count("taken") * 20 > mutants.len(), "{text}");
}

#[test]
fn what_the_jvm_takes_it_takes_woven() {
    none_gets_worse("17", &["--release", "8"], &[fixture("Shapes.java")], 1_500, 1);
    none_gets_worse("17", &[], &[fixture("Shapes.java"), self_check()], 1_500, 2);
    let old = ["-source", "1.3", "-target", "1.4", "-XDjsrlimit=0"];
    none_gets_worse("8", &old, &[fixture("Shapes.java")], 1_000, 3);
}

#[test]
#[ignore = "many more mutants: minutes, and to be run with --release"]
fn what_any_jvm_takes_it_takes_woven() {
    for (seed, jdk) in (10..).zip(["8", "11", "17", "21", "25"]) {
        none_gets_worse(jdk, &[], &[fixture("Shapes.java"), self_check()], 20_000, seed);
    }
    for (seed, target) in (20..).zip(["1.1", "1.5", "1.6"]) {
        let source = if target < "1.5" { "1.3" } else { "1.5" };
        let options = ["-source", source, "-target", target, "-XDjsrlimit=0"];
        none_gets_worse("8", &options, &[fixture("Shapes.java")], 20_000, seed);
    }
}
