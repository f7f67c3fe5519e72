//! `jad` beside Arthas, which uses the same decompiler, and beside javap; and what a decompiler inside somebody's JVM must
//! not leave there.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::attach::in_own_mounts;
use harness::client::result;
use harness::{Java, JavaBuilder, Observation, Running, agent_library, arthas, exec, exec_json, jdk};
use serde_json::Value;

/// The folder of the jars beside the agent's library.
fn parts() -> PathBuf {
    let folder = agent_library().parent().unwrap().join("java");
    assert!(folder.join("cfr-0.152.jar").exists(), "no jars in {}: run scripts/parts", folder.display());
    folder
}

fn jad(java: &Java, line: &str) -> Value {
    parts();
    let results = exec_json(java.pid(), &format!("jad {line}"));
    result(&results, "jad").clone()
}

fn source(java: &Java, line: &str) -> String {
    jad(java, &format!("--source-only {line}"))["source"].as_str().unwrap().to_owned()
}

/// What is refused, in a sentence.
fn refused(java: &Java, line: &str) -> String {
    let answer = exec(java.pid(), &format!("jad {line}"));
    assert_eq!(answer.code, 1, "{answer:#?}");
    answer.err
}

/// What both say of classes with classes within them, of generic, long and synthetic ones.
fn as_arthas(name: &str) {
    // There Arthas leaves the class files of all JVMs together, and its decompiler takes a class that is not loaded from
    // those of another JDK.
    let home = tempfile::tempdir().unwrap();
    let home = format!("-Duser.home={}", home.path().display());
    let java = JavaBuilder::new(&jdk(name), "values.Main").without_checks().vm(home).start();
    let peer = arthas::boot(&java, &[]);
    let mut wrong = Vec::new();
    for line in [
        "values.Kinds",
        "values.Kinds scalars",
        "values.Kinds$Color",
        "values.Main main --lineNumber false",
        "values.Main --hideUnicode --source-only",
        "-E values\\.Ma.n",
        "java.util.HashMap",
        "java.util.concurrent.ConcurrentHashMap put",
        "java.lang.Thread$State --source-only",
    ] {
        let ours = jad(&java, line);
        let answer = peer.exec(&format!("jad {line}"));
        let theirs =
            answer["body"]["results"].as_array().and_then(|all| all.iter().find(|one| one["type"] == "jad"));
        let theirs = theirs.unwrap_or_else(|| panic!("{line}: {answer}"));
        wrong.extend(differences(&ours, theirs).into_iter().map(|what| format!("{line}: {what}")));
    }
    assert!(wrong.is_empty(), "JDK {name}: {wrong:#?}");
}

/// Where ours is not what Arthas says. Of a line with a lambda in it CFR tells several original lines in an order that
/// changes from run to run, and no line among them; Arthas takes the last.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let lines = |of: &Value| -> Vec<String> {
        of["source"].as_str().unwrap_or_default().lines().map(str::to_owned).collect()
    };
    let bare = |line: &str| line.split_once("*/ ").map_or(line, |(_, rest)| rest).trim_start().to_owned();
    let (our_lines, their_lines) = (lines(ours), lines(theirs));
    let mut wrong = Vec::new();
    if our_lines.len() != their_lines.len() {
        wrong.push(format!("{} lines and not {}", our_lines.len(), their_lines.len()));
    }
    for (number, (ours_is, theirs_is)) in (1..).zip(our_lines.iter().zip(&their_lines)) {
        let [known, told] = [ours, theirs].map(|of| of["mappings"][number.to_string()].as_u64());
        let is_same = bare(ours_is) == bare(theirs_is)
            && (told.is_none() || told == known || ours_is.contains("->"))
            && (told != known || ours_is == theirs_is);
        if !is_same {
            wrong.push(format!("{ours_is:?} ({known:?}) and not {theirs_is:?} ({told:?})"));
            break;
        }
    }
    let differ = ["classInfo", "location"].into_iter().filter(|field| ours[*field] != theirs[*field]);
    wrong.extend(differ.map(|field| format!("{field} is {} and not {}", ours[field], theirs[field])));
    wrong
}

#[test]
fn source_lines_and_header_are_those_of_arthas_on_jdk_8() {
    as_arthas("8");
}

#[test]
fn source_lines_and_header_are_those_of_arthas_on_jdk_17() {
    as_arthas("17");
}

/// A class, a method, classes within it, on what people run.
#[test]
fn source_is_to_be_had_on_a_jre_and_on_the_newest_jdk() {
    for name in ["jre8", "jre17", "25"] {
        let mut java = JavaBuilder::new(&jdk(name), "values.Main").start();
        let all = source(&java, "values.Kinds");
        for part in ["class Kinds {", "static enum Color {", "Color.RED", "class Bean"] {
            assert!(all.contains(part), "{name}: no {part} in {all}");
        }
        let one = source(&java, "values.Main show");
        assert!(one.contains("static Object show(Object value)") && !one.contains("class"), "{name}: {one}");
        assert!(refused(&java, "values.Main nope").contains("no method nope"), "{name}");
        let boot = source(&java, "java.lang.Integer parseInt");
        assert!(boot.contains("NumberFormatException"), "{name}: {boot}");
        assert!(exec(java.pid(), "stop").code == 0);
        java.assert_undisturbed();
    }
}

#[test]
fn what_has_no_source_is_told_in_a_sentence() {
    let java = Java::demo(&jdk("17"));
    assert!(refused(&java, "demo.Nope").contains("No class found for: demo.Nope"));
    assert!(refused(&java, "demo.*").contains("Found more than one class for: demo.*"));
    assert!(refused(&java, "demo.MathGame -c 12345").contains("No class found for"));
    let lambda = refused(&java, "-E .*MathGame..Lambda.1/.*");
    assert!(lambda.contains("made for a lambda or is hidden"), "{lambda}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = refused(&java, &format!("demo.MathGame -d {}", file.path().display()));
    assert!(folder.contains(":is not a directory, please check it"), "{folder}");
}

/// An image without `java.logging`, which CFR needs.
#[test]
fn an_image_that_cannot_decompile_shows_byte_code() {
    let java = Java::demo(&jdk("base17"));
    let why = refused(&java, "demo.MathGame");
    assert!(why.contains("java.logging") && why.contains("--bytecode"), "{why}");
    let listed = source(&java, "demo.MathGame run --bytecode");
    assert!(
        listed.contains("invokevirtual") && listed.contains("Method primeFactors:(I)Ljava/util/List;"),
        "{listed}"
    );
}

#[test]
fn probes_are_left_out_unless_they_are_asked_for() {
    for name in ["8", "17"] {
        let mut java = Java::demo(&jdk(name));
        let before = [source(&java, "demo.MathGame"), source(&java, "--bytecode demo.MathGame")];
        let watch =
            Observation::start(&java, "watch demo.MathGame primeFactors '{params,returnObj}' -n 100000");
        let during = [source(&java, "demo.MathGame"), source(&java, "--bytecode demo.MathGame")];
        assert_eq!(before, during, "JDK {name}");
        let woven = source(&java, "--bytecode --probes demo.MathGame");
        assert!(woven.contains("java/oxprobe/Spy_"), "JDK {name}: {woven}");
        assert!(source(&java, "--probes demo.MathGame").contains("Spy_"), "JDK {name}");
        drop(watch);
        java.assert_undisturbed();
    }
}

/// Two classes of one name; the one of the loader that is meant is shown.
#[test]
fn one_of_two_loaders_is_meant_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = JavaBuilder::new(&jdk("17"), "calls.Main").start();
    let hashes = ["one", "two"].map(|name| {
        let place = compiled(folder.path(), name);
        java.ask(&format!("load {} Named", place.display()))
    });
    assert!(refused(&java, "Named").contains("add -c <classloader hash>"));
    for (hash, name) in hashes.iter().zip(["one", "two"]) {
        let shown = jad(&java, &format!("-c {hash} Named"));
        assert!(shown["source"].as_str().unwrap().contains(&format!("\"{name}\"")), "{shown}");
        assert_eq!(shown["classInfo"]["classLoaderHash"], **hash);
        let location = shown["location"].as_str().unwrap();
        assert!(location.trim_end_matches('/').ends_with(name), "{location}");
    }
    let by_class = exec(java.pid(), "jad --classLoaderClass java.net.URLClassLoader Named");
    assert!(by_class.err.contains("Found more than one classloader"), "{by_class:#?}");
}

fn compiled(folder: &Path, name: &str) -> PathBuf {
    let source = folder.join("Named.java");
    let text = format!(
        "public class Named implements Runnable {{ String is = \"{name}\"; public void run() {{}} }}"
    );
    std::fs::write(&source, text).unwrap();
    let out = folder.join(name);
    let mut javac = Command::new(jdk("17").tool("javac"));
    javac.args(["--release", "8", "-nowarn", "-d"]).arg(&out).arg(&source);
    assert!(javac.output().expect("javac starts").status.success());
    out
}

/// Class files as they run, by loader and package.
#[test]
fn class_files_are_written_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let java = JavaBuilder::new(&jdk("17"), "values.Main").start();
    let shown = jad(&java, &format!("-d {} values.Kinds", folder.path().display()));
    let hash = shown["classInfo"]["classLoaderHash"].as_str().unwrap();
    let place = folder.path().join(format!("jdk.internal.loader.ClassLoaders$AppClassLoader-{hash}/values"));
    let original = harness::java::classes().join("values");
    for name in ["Kinds.class", "Kinds$Color.class"] {
        // The JVM keeps methods in an order of its own.
        let listed = |folder: &Path| {
            let out =
                Command::new(jdk("17").tool("javap")).args(["-p", "-s"]).arg(folder.join(name)).output();
            let text = String::from_utf8(out.unwrap().stdout).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(listed(&place), listed(&original), "{name}");
    }
}

/// `dump`, `jad` and `mc` on a disk that is full and on one that may not be written.
#[test]
fn class_files_that_cannot_be_written_are_told_of_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [full, closed] = ["full", "closed"].map(|name| folder.path().join(name));
    for place in [&full, &closed] {
        std::fs::create_dir(place).unwrap();
    }
    let text = "package demo; public class Small { static int two() { return 2; } }";
    let source = folder.path().join("Small.java");
    std::fs::write(&source, text).unwrap();
    let mount = format!(
        "mount -t tmpfs -o size=16k none {} && mount -t tmpfs -o ro none {}",
        full.display(),
        closed.display()
    );
    let command = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent("").command();
    let mut java = Running::start(&mut in_own_mounts(&mount, &command));
    java.line("the program to be ready", |line| line.starts_with("ready"));
    let seen = |place: &Path| PathBuf::from(format!("/proc/{}/root{}", java.pid(), place.display()));
    let fill = seen(&full).join("fill");
    assert!(std::fs::write(&fill, vec![0; 1 << 20]).is_err(), "the disk is not full");
    for (place, why) in [(&full, "No space left on device"), (&closed, "Read-only file system")] {
        for line in ["dump demo.MathGame -d", "jad demo.MathGame -d"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("mc {} -d", source.display())])
        {
            let answer = exec(java.pid(), &format!("{line} {}/out", place.display()));
            assert_eq!(answer.code, 1, "{line}: {answer:#?}");
            for part in [why, &place.display().to_string(), ".class"] {
                assert!(answer.err.contains(part), "{line}: {answer:#?}");
            }
        }
        // Folders may be there, no file is.
        let find = Command::new("find").arg(seen(place)).args(["-type", "f"]).output().unwrap();
        let files = String::from_utf8(find.stdout).unwrap();
        assert!(find.status.success() && files.lines().all(|file| Path::new(file) == fill), "{files}");
    }
    assert!(java.is_alive());
}
