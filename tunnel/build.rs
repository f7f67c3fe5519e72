//! Puts the web console's files into the program: those of `web/dist` where the console was
//! built, else the plain terminal page.
#![expect(clippy::expect_used, reason = "a build script speaks to cargo, and stops the build by failing")]

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names our folder"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder for output"));
    let dist = here.join("web/dist");
    let plain = here.join("src/plain");
    let root = if dist.join("index.html").is_file() { &dist } else { &plain };
    // A path that is not there would have cargo run this at every build.
    let appears = if dist.exists() { &dist } else { &here.join("web") };
    for watched in [appears, &plain] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let mut files = Vec::new();
    collect(root, &mut files);
    files.sort();
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for file in files {
        let bytes = fs::read(&file).expect("a file of the console can be read");
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let path =
            file.strip_prefix(root).expect("it is below the root").to_str().expect("its name is UTF-8");
        let tag = format!("\"{:016x}\"", hasher.finish());
        writeln!(table, "    Asset {{ path: {path:?}, tag: {tag:?}, bytes: include_bytes!({file:?}) }},")
            .expect("a string takes all");
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table).expect("the output folder can be written to");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the console's folder can be read") {
        let path = entry.expect("its entries can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
