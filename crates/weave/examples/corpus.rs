//! Weaves whole JDKs and libraries in every shape and lets real JVMs verify all of it; `scripts/weave-corpus`
//! fetches what it needs and runs it.
//!
//! `corpus FOLDER [--libraries] JDK...`: `FOLDER` has a folder for each set of jars, `JDK` is 8, 11, 17, 21 or 25;
//! with `--libraries` the JDK's own classes are left out. The helper
//! class is the one that the agent brings. A class must link woven where it links as it is; a class that is spoiled
//! on purpose must not. It prints a table, and fails where anything is otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a program for developers"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{
    CHECKS, class_name, classes, compile, fixture, patched, plan_with, run, spared, spoil, tool, unpack,
};
use weave::{Helper, Parts, Refused, weave};

const EVERYTHING: Parts = Parts::VALUES.and(Parts::ALL_CALLS).and(Parts::LINES);

const SHAPES: [(&str, Parts); 5] = [
    ("plain", Parts::ENTRY_EXIT),
    ("values", Parts::VALUES),
    ("calls", Parts::ALL_CALLS),
    ("lines", Parts::LINES),
    ("all", EVERYTHING),
];

/// The class that is spoiled.
const CONTROL: &str = "Shapes";

/// Classes that belong together.
struct Part {
    name: String,
    folders: Vec<PathBuf>,
}

/// What came of one part in one shape.
#[derive(Debug, Default, Clone)]
struct Outcome {
    classes: usize,
    methods: usize,
    bytes: usize,
    seconds: f64,
    too_long: usize,
    refused: Vec<String>,
    wrong: Vec<String>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let corpus = PathBuf::from(arguments.next().expect("the folder with the sets of jars"));
    let mut jdks: Vec<String> = arguments.collect();
    let libraries_only = jdks.first().is_some_and(|first| first == "--libraries");
    if libraries_only {
        jdks.remove(0);
    }
    let scratch = tempfile::tempdir().unwrap();
    let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../java-shim/classes");
    let spy = std::fs::read(shim.join("Spy_00000000.class")).expect("the helper class: run scripts/shim");
    let helper = Helper::from_class_file(&spy).unwrap();
    let boot = scratch.path().join("boot");
    std::fs::create_dir_all(boot.join("java/oxprobe")).unwrap();
    for class in ["Spy_00000000.class", "Advice_00000000.class"] {
        std::fs::copy(shim.join(class), boot.join("java/oxprobe").join(class)).unwrap();
    }
    let agent = agent(scratch.path());

    let mut sets: Vec<(Vec<Part>, Vec<PathBuf>)> = Vec::new();
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    for set in &found {
        sets.push(libraries(set, &scratch.path().join(set.file_name().unwrap())));
    }
    let mut rows = Vec::new();
    let mut failed = false;
    for jdk in &jdks {
        let at = scratch.path().join(format!("jdk{jdk}"));
        let mut all = Vec::new();
        if !libraries_only {
            all.push((
                vec![Part { name: format!("JDK {jdk}"), folders: unpack(jdk, "[^/]*", &at) }],
                Vec::new(),
            ));
        }
        all.extend(sets.iter().map(|(parts, jars)| {
            let again = |part: &Part| Part { name: part.name.clone(), folders: part.folders.clone() };
            (parts.iter().map(again).collect::<Vec<_>>(), jars.clone())
        }));
        for (parts, jars) in &all {
            failed |= check(jdk, parts, jars, &helper, &boot, &agent, scratch.path(), &mut rows);
        }
        let _ = std::fs::remove_dir_all(at);
    }
    println!("\nJDK  part            shape   classes  methods  MB/s  too long  refused  new errors");
    for (jdk, part, shape, outcome) in &rows {
        // The clock of a thread is too coarse for a few classes.
        let speed = match outcome.seconds {
            0.05.. => format!("{:.0}", outcome.bytes as f64 / 1e6 / outcome.seconds),
            _ => "-".to_owned(),
        };
        println!(
            "{jdk:<4} {part:<15} {shape:<7} {:>7} {:>8} {speed:>5} {:>9} {:>8} {:>11}",
            outcome.classes,
            outcome.methods,
            outcome.too_long,
            outcome.refused.len(),
            outcome.wrong.len()
        );
    }
    for (jdk, _, shape, outcome) in &rows {
        for line in outcome.refused.iter().take(10).chain(outcome.wrong.iter().take(20)) {
            println!("JDK {jdk} {shape}: {line}");
        }
    }
    println!("{}", if failed { "FAILED" } else { "every class that links as it is links woven" });
    std::process::exit(i32::from(failed));
}

/// Time on a processor that this thread has had: others may be busy with the JVMs.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: f64 = text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN);
    nanos / 1e9
}

/// The jars of a set by library, unpacked, and what Byte Buddy and the JVM generate with them.
fn libraries(set: &Path, to: &Path) -> (Vec<Part>, Vec<PathBuf>) {
    let mut parts: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut jars = Vec::new();
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(set).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    for library in found {
        for jar in std::fs::read_dir(&library).unwrap().map(|entry| entry.unwrap().path()) {
            let folder = to.join(jar.file_stem().unwrap());
            std::fs::create_dir_all(&folder).unwrap();
            run(Command::new(tool("17", "jar"))
                .current_dir(&folder)
                .arg("xf")
                .arg(jar.canonicalize().unwrap()));
            // Other versions of the same classes.
            let _ = std::fs::remove_dir_all(folder.join("META-INF/versions"));
            let name = library.file_name().unwrap().to_string_lossy().into_owned();
            parts.entry(name).or_default().push(folder);
            jars.push(jar.canonicalize().unwrap());
        }
    }
    if parts.contains_key("hibernate") {
        let folder = to.join("generated");
        std::fs::create_dir_all(&folder).unwrap();
        let path = class_path(&jars);
        compile("17", &["--release", "8", "-cp", &path], &[fixture("Proxies.java")], &folder);
        run(Command::new(tool("17", "java"))
            .current_dir(&folder)
            .arg(format!("-Dnet.bytebuddy.dump={}", folder.display()))
            .arg("-Djdk.proxy.ProxyGenerator.saveGeneratedFiles=true")
            .args(["-cp", &format!(".:{path}"), "Proxies"]));
        flatten_dumps(&folder);
        parts.insert("generated".to_owned(), vec![folder.clone()]);
        jars.push(folder);
    }
    (parts.into_iter().map(|(name, folders)| Part { name, folders }).collect(), jars)
}

/// Byte Buddy writes `package.Name.number.class`: those get the place that their name asks for.
fn flatten_dumps(folder: &Path) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "class") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let name =
            weave::classfile::ClassFile::read(&bytes).map(|class| String::from_utf8(class.name.to_vec()));
        let Ok(Ok(name)) = name else { continue };
        let to = folder.join(name + ".class");
        std::fs::remove_file(&path).unwrap();
        // What lies in a package of the JDK's cannot be loaded by an application.
        if !to.starts_with(folder.join("java")) {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, bytes).unwrap();
        }
    }
}

fn class_path(jars: &[PathBuf]) -> String {
    jars.iter().map(|jar| jar.display().to_string()).collect::<Vec<_>>().join(":")
}

fn agent(scratch: &Path) -> PathBuf {
    let to = scratch.join("driver");
    compile("17", &["--release", "8"], &[fixture("Link.java")], &to);
    compile("17", &["--release", "8"], &[fixture("Shapes.java")], &to);
    let manifest = scratch.join("manifest");
    std::fs::write(&manifest, "Premain-Class: Link\nCan-Redefine-Classes: true\n").unwrap();
    let jar = scratch.join("driver.jar");
    run(Command::new(tool("17", "jar")).arg("cfm").args([&jar, &manifest]).arg("-C").arg(&to).arg("."));
    jar
}

/// Weaves the parts in every shape and has them linked; says whether anything went wrong.
#[expect(clippy::too_many_arguments, reason = "a program for developers")]
fn check(
    jdk: &str,
    parts: &[Part],
    jars: &[PathBuf],
    helper: &Helper,
    boot: &Path,
    agent: &Path,
    scratch: &Path,
    rows: &mut Vec<(String, String, String, Outcome)>,
) -> bool {
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    let mut files: Vec<(usize, String, Vec<u8>)> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        for folder in &part.folders {
            for path in classes(folder) {
                let name = class_name(&path);
                if !name.ends_with("module-info") && owners.insert(name.clone(), number).is_none() {
                    files.push((number, name, std::fs::read(folder.join(&path)).unwrap()));
                }
            }
        }
    }
    let names = scratch.join("names");
    let list: Vec<&str> = owners.keys().map(String::as_str).chain([CONTROL]).collect();
    std::fs::write(&names, list.join("\n")).unwrap();
    let spare: Vec<&str> = owners.keys().map(String::as_str).filter(|name| spared(name)).collect();
    std::fs::write(scratch.join("spared"), spare.join("\n")).unwrap();
    let link = |woven: &str, names: &Path, checks: &[&str]| -> BTreeSet<String> {
        let mut command = Command::new("timeout");
        command.arg("900").arg(tool(jdk, "java")).args(checks).arg("-Xmx1500m").args(patched(jdk, boot));
        command.arg(format!("-javaagent:{}={woven}", agent.display()));
        command.arg("-cp").arg(class_path(&[&[agent.to_owned()], jars].concat()));
        command.arg("Link").args([names, &scratch.join("spared")]);
        let out = run(&mut command);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let counts: Vec<&str> = text.lines().filter(|line| !line.starts_with("failed ")).collect();
        eprintln!("JDK {jdk}: {}", counts.join(", "));
        text.lines().filter_map(|line| line.strip_prefix("failed ")).map(str::to_owned).collect()
    };
    let name_of = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
    let before: BTreeSet<String> = link("", &names, &CHECKS).iter().map(name_of).collect();
    // Classes of version 50 without frames link only where the JVM may fall back to inference: they have
    // a run of their own.
    let inferred = scratch.join("inferred");
    let fallback: Vec<&str> = CHECKS.into_iter().filter(|check| !check.contains("FailOver")).collect();
    std::fs::write(&inferred, before.iter().map(|name| format!("{name}\n")).collect::<String>()).unwrap();
    let still: BTreeSet<String> = link("", &inferred, &fallback).iter().map(name_of).collect();
    eprintln!("JDK {jdk}: {} classes do not link as they are, {} by inference", before.len(), still.len());

    let mut failed = false;
    for (shape, parts_woven) in SHAPES {
        let to = scratch.join("woven");
        let mut pack = Vec::new();
        let mut put = |name: &str, bytes: &[u8]| {
            for part in [name.replace('.', "/").as_bytes(), bytes] {
                pack.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
                pack.extend(part);
            }
        };
        let mut outcomes = vec![Outcome::default(); parts.len()];
        let mut id = 0;
        for (number, outcome) in outcomes.iter_mut().enumerate() {
            let mine: Vec<_> = files.iter().filter(|(owner, _, _)| *owner == number).collect();
            let mut planned = Vec::new();
            for (_, name, bytes) in mine {
                match plan_with(bytes, id, parts_woven, helper.clone()) {
                    Some(plan) => {
                        id += i32::try_from(plan.methods.len()).unwrap();
                        planned.push((name, bytes, plan));
                    }
                    None if still.contains(name) => {}
                    None => outcome.refused.push(format!("{name}: the class file cannot be read")),
                }
            }
            let start = cpu_seconds();
            let woven: Vec<_> = planned.iter().map(|(_, bytes, plan)| weave(bytes, plan)).collect();
            outcome.seconds = cpu_seconds() - start;
            outcome.classes = planned.len();
            outcome.bytes = planned.iter().map(|(_, bytes, _)| bytes.len()).sum();
            for ((name, _, _), woven) in planned.iter().zip(woven) {
                let Ok(woven) = woven else {
                    outcome.refused.push(format!("{name}: {}", woven.unwrap_err()));
                    continue;
                };
                outcome.methods += woven.methods.len();
                for refusal in &woven.refused {
                    match refusal.reason {
                        Refused::TooLong(_) | Refused::TooLarge => outcome.too_long += 1,
                        _ => outcome.refused.push(format!("{name}: {refusal}")),
                    }
                }
                put(name, &woven.bytes);
            }
        }
        let control = std::fs::read(scratch.join("driver").join(format!("{CONTROL}.class"))).unwrap();
        let plan = plan_with(&control, 0, parts_woven, helper.clone()).unwrap();
        let mut spoiled = weave(&control, &plan).unwrap().bytes.into_owned();
        spoil(&mut spoiled);
        put(CONTROL, &spoiled);
        std::fs::write(&to, pack).unwrap();

        let mut noticed = false;
        let everywhere = if jars.is_empty() { "+" } else { "" };
        let woven = format!("{everywhere}{}", to.display());
        let strict = link(&woven, &names, &CHECKS).into_iter().map(|line| (line, &before));
        let lax = if before.is_empty() { BTreeSet::new() } else { link(&woven, &inferred, &fallback) };
        let lax = lax.into_iter().map(|line| (line, &still));
        for (line, known) in strict.chain(lax) {
            let name = name_of(&line);
            if name == CONTROL && line.contains("VerifyError") {
                noticed = true;
            } else if !known.contains(&name) {
                let owner = owners.get(&name).copied().unwrap_or(0);
                eprintln!("JDK {jdk} {shape}: {line}");
                outcomes[owner].wrong.push(line);
                failed = true;
            }
        }
        if !noticed {
            failed = true;
            outcomes[0].wrong.push("the verifier has not noticed the class that was spoiled".to_owned());
        }
        for (part, outcome) in parts.iter().zip(outcomes) {
            failed |= outcome.refused.iter().any(|why| why.contains("helper class has no method"));
            rows.push((jdk.to_owned(), part.name.clone(), shape.to_owned(), outcome));
        }
    }
    failed
}
