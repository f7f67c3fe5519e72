//! The architecture's three sentences, checked from `cargo metadata`: a command does not know who
//! asked, a transport does not know what can be asked, and nothing but `host` and `advice` touches `jvm`. And:
//! nothing but `jvm` (and the agent's entry symbols) is unsafe.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates may name which, tests aside. A crate that is missing here fails the test.
const ALLOWED: &[(&str, &[&str])] = &[
    ("agent", &["commands", "host", "jvm", "model", "render", "shell", "transports", "wire"]),
    ("oxprobe-loader", &["lender", "wire"]),
    ("oxprobe-tunnel", &["lender", "model", "render", "wire"]),
    ("advice", &["jvm"]),
    ("commands", &["host", "model", "ognl", "shell"]),
    ("host", &["advice", "jvm", "model", "ognl", "values", "weave"]),
    ("jvm", &[]),
    ("lender", &["wire"]),
    ("model", &[]),
    ("ognl", &[]),
    ("render", &["model"]),
    ("shell", &["model", "shell-derive"]),
    ("shell-derive", &[]),
    ("values", &["advice", "jvm", "ognl"]),
    ("transports", &["model", "render", "shell", "wire"]),
    ("weave", &[]),
    ("wire", &[]),
    ("oxprobe-tests", &["wire"]),
    ("oxprobe-benches", &["oxprobe-tests", "wire"]),
    ("oxprobe-fuzz", &["model", "ognl", "render", "shell", "transports", "weave", "wire"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

/// Our crates with our crates they depend on, and their folders.
fn dependencies() -> BTreeMap<String, (BTreeSet<String>, PathBuf)> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let names: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    packages
        .iter()
        .map(|package| {
            let ours = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["name"].as_str())
                .filter(|name| names.contains(name))
                .map(str::to_owned)
                .collect();
            let manifest = Path::new(package["manifest_path"].as_str().expect("manifest_path"));
            let folder = manifest.parent().expect("a manifest has a folder").to_owned();
            (package["name"].as_str().expect("name").to_owned(), (ours, folder))
        })
        .collect()
}

#[test]
fn an_arrow_is_a_dependency_and_nothing_else_is_allowed() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, may)| (*name, may.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for (name, (uses, _)) in dependencies() {
        let Some(may) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the table of layers"));
            continue;
        };
        wrong.extend(
            uses.iter().filter(|used| !may.contains(used.as_str())).map(|used| format!("{name} -> {used}")),
        );
    }
    assert!(wrong.is_empty(), "not allowed: {wrong:#?}");
}

#[test]
fn unsafe_stays_in_the_jvm_crate_and_the_entry_symbols() {
    let mut wrong = Vec::new();
    for (name, (_, folder)) in dependencies() {
        if name == "jvm" || name == "agent" {
            continue;
        }
        for file in sources(&folder.join("src")) {
            let text = std::fs::read_to_string(&file).expect("a source file is text");
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            if code.into_iter().any(|line| line.contains("unsafe {") || line.contains("unsafe fn")) {
                wrong.push(file);
            }
        }
    }
    assert!(wrong.is_empty(), "unsafe code in {wrong:#?}");
}

#[test]
fn every_module_says_why_it_exists() {
    let mut silent = Vec::new();
    for (_, (_, folder)) in dependencies() {
        for file in sources(&folder.join("src")) {
            let text = std::fs::read_to_string(&file).expect("a source file is text");
            if !text.trim_start().starts_with("//!") {
                silent.push(file);
            }
        }
    }
    assert!(silent.is_empty(), "no `//!` at the top of {silent:#?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
