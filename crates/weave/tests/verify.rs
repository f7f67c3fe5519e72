//! A real JVM loads, links and runs woven classes with all checks of its verifier on.
//!
//! The JDK's own `java.base` is woven whole and put into a JVM that runs on it, as an agent would.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a panic is how a test reports"
)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{
    CHECKS, EVERYTHING, SPY, class_name, classes, compile, fixture, patched, plan, run, spared, spoil, spy,
    tool, unpack,
};
use weave::classfile::{ClassFile, Code, Instructions};
use weave::{Parts, Refused, weave};

/// What methods get; it changes from class to class.
const PARTS: [Parts; 5] = [EVERYTHING, Parts::VALUES, Parts::ENTRY_EXIT, Parts::ALL_CALLS, Parts::LINES];

/// What weaving a folder came to.
#[derive(Debug, Default)]
struct Folder {
    names: Vec<String>,
    woven: usize,
    too_long: usize,
    refused: Vec<String>,
}

/// Weaves all classes of `from` into `to`, with what is passed changing from class to class.
fn weave_all(folders: &[PathBuf], to: &Path) -> Folder {
    let mut done = Folder::default();
    let mut id = 0;
    let all = folders.iter().flat_map(|from| classes(from).into_iter().map(move |path| (from, path)));
    for (number, (from, path)) in all.enumerate() {
        let bytes = std::fs::read(from.join(&path)).unwrap();
        let parts = PARTS[number % PARTS.len()];
        let plan = plan(&bytes, id, parts);
        id += i32::try_from(plan.methods.len()).unwrap();
        let woven = weave(&bytes, &plan).expect("a JDK's class is woven");
        done.woven += woven.methods.len();
        for refusal in &woven.refused {
            // Lines and calls make long methods longer than the JIT takes: that is as it should be.
            match refusal.reason {
                Refused::TooLong(_) | Refused::TooLarge => done.too_long += 1,
                _ => done.refused.push(format!("{}: {refusal}", path.display())),
            }
        }
        let file = to.join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &woven.bytes).unwrap();
        if path.file_stem().is_some_and(|name| name != "module-info") {
            done.names.push(class_name(&path));
        }
    }
    done
}

/// Compiles the helper class into `to`.
fn compile_spy(jdk: &str, scratch: &Path, to: &Path) {
    let source = scratch.join("Spy_test.java");
    std::fs::write(&source, spy()).unwrap();
    compile(jdk, &[], &[source], to);
}

fn lines(command: &mut Command) -> Vec<String> {
    let out = run(command);
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

fn failures(lines: &[String]) -> BTreeSet<&str> {
    lines.iter().filter(|line| line.starts_with("failed ")).map(String::as_str).collect()
}

fn count(lines: &[String], what: &str) -> u64 {
    let line = lines.iter().find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {what} in {lines:#?}")).parse().unwrap()
}

/// A program that hashes, sorts, collects, throws and builds strings.
fn self_check() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/SelfCheck.java")
}

/// Makes the driver an agent, which may redefine classes.
fn agent(scratch: &Path) -> PathBuf {
    compile("17", &["--release", "8"], &[fixture("WeaveVerify.java"), self_check()], &scratch.join("driver"));
    let manifest = scratch.join("manifest");
    std::fs::write(&manifest, "Premain-Class: WeaveVerify\nCan-Redefine-Classes: true\n").unwrap();
    let jar = scratch.join("driver.jar");
    run(Command::new(tool("17", "jar"))
        .arg("cfm")
        .args([&jar, &manifest])
        .arg("-C")
        .arg(scratch.join("driver"))
        .arg("."));
    jar
}

/// Weaves the classes of a JDK's modules, puts every so many of them into a running JVM and lets it
/// work on them.
fn runs_on_its_woven_classes(jdk: &str, modules: &str, every: usize) {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let mut folders = unpack(jdk, modules, &at("jdk"));
    compile("17", &["--release", "8"], &[self_check()], &at("program"));
    folders.push(at("program"));
    let folder = weave_all(&folders, &at("woven"));
    assert!(folder.woven > 40_000, "only {} methods were woven", folder.woven);
    // A rule that refuses too much must not pass unseen.
    assert!(folder.refused.is_empty(), "{:#?}", folder.refused);
    assert!(folder.too_long * 200 < folder.woven, "{} are too long", folder.too_long);
    compile_spy(jdk, scratch.path(), &at("spy"));
    let agent = agent(scratch.path());
    let names: Vec<&str> =
        folder.names.iter().map(String::as_str).filter(|name| !spared(name)).step_by(every).collect();
    std::fs::write(at("names"), names.join("\n")).unwrap();

    let printed = lines(
        Command::new("timeout")
            .arg("500")
            .arg(tool(jdk, "java"))
            .args(CHECKS)
            .args(patched(jdk, &at("spy")))
            .arg(format!("-javaagent:{}", agent.display()))
            .arg("-cp")
            .arg(&agent)
            .arg("WeaveVerify")
            .args([at("names"), at("woven")])
            .args([&SPY.replace('/', "."), "SelfCheck"]),
    );
    eprintln!(
        "JDK {jdk}: {} classes, {} methods woven, refused {:#?}, {:#?}",
        folder.names.len(),
        folder.woven,
        folder.refused,
        printed
    );
    // What cannot be linked was not woven yet when it was tried: that is the baseline.
    let wrong: Vec<_> = printed.iter().filter(|line| WRONG.iter().any(|kind| line.contains(kind))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(count(&printed, "redefined"), count(&printed, "modifiable"));
    assert!(count(&printed, "linked") > 1_000, "{printed:#?}");
    // Of a part, the program's own methods may be the only ones that run.
    assert!(count(&printed, "entered") > if every == 1 { 1_000_000 } else { 0 }, "{printed:#?}");
    assert_eq!(count(&printed, "different"), 0, "the program works out something else on woven classes");
    assert_eq!(count(&printed, "wrong"), 0, "tokens do not come back to where they were given out");
}

/// What a class that is woven wrongly would fail with.
const WRONG: [&str; 4] =
    ["VerifyError", "ClassFormatError", "InternalError", "UnsupportedOperationException"];

#[test]
fn a_jvm_works_on_its_woven_base_module() {
    runs_on_its_woven_classes("17", "java.base", 1);
}

#[test]
#[ignore = "the other versions: minutes"]
fn earlier_and_later_jvms_work_on_their_woven_classes() {
    for jdk in ["25", "21", "11"] {
        runs_on_its_woven_classes(jdk, "java.base", 1);
    }
}

#[test]
#[ignore = "all modules: minutes"]
fn a_jvm_works_on_all_its_woven_modules() {
    for jdk in ["17", "25"] {
        runs_on_its_woven_classes(jdk, "[^/]*", 1);
    }
}

#[test]
#[ignore = "a redefinition's time grows with the number of classes: minutes for a part"]
fn the_oldest_jvm_works_on_a_part_of_its_woven_classes() {
    runs_on_its_woven_classes("8", "", 16);
}

/// Weaves a program and runs it; gives what it prints without and with weaving.
fn program(
    jdk: &str,
    options: &[&str],
    source: &Path,
    spoiled: bool,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    compile(jdk, options, &[source.to_owned()], &at("plain"));
    compile(jdk, &[], &[fixture("WeaveVerify.java")], &at("driver"));
    let folder = weave_all(&[at("plain")], &at("woven"));
    assert!(folder.refused.is_empty(), "{:#?}", folder.refused);
    compile_spy(jdk, scratch.path(), &at("spy"));
    if spoiled {
        let file = at("woven/Shapes.class");
        let mut bytes = std::fs::read(&file).unwrap();
        spoil(&mut bytes);
        std::fs::write(file, bytes).unwrap();
    }
    std::fs::write(at("names"), folder.names.join("\n")).unwrap();
    let java = |classes: &str, main: &[&str]| {
        let mut command = Command::new("timeout");
        command.arg("60").arg(tool(jdk, "java")).args(CHECKS);
        command.args(patched(jdk, &at("spy")));
        command.arg("-cp").arg(format!("{}:{}", at(classes).display(), at("driver").display())).args(main);
        lines(&mut command)
    };
    let names = at("names").display().to_string();
    let linked = java("woven", &["WeaveVerify", &names]);
    if spoiled {
        return (Vec::new(), Vec::new(), linked);
    }
    let main = source.file_stem().unwrap().to_str().unwrap();
    (java("plain", &[main]), java("woven", &[main]), linked)
}

#[test]
fn a_woven_program_prints_what_it_printed_before() {
    for (jdk, options) in [("17", &["--release", "8"][..]), ("17", &[]), ("8", &[])] {
        let (plain, woven, linked) = program(jdk, options, &fixture("Shapes.java"), false);
        assert_eq!(plain, woven);
        assert!(failures(&linked).is_empty(), "{linked:#?}");
    }
}

#[test]
fn old_class_files_without_frames_and_with_subroutines_are_woven() {
    for target in ["1.1", "1.4", "1.5", "1.6"] {
        let options = ["-source", "1.5", "-target", target, "-XDjsrlimit=0"];
        let options =
            if target < "1.5" { ["-source", "1.3", "-target", target, "-XDjsrlimit=0"] } else { options };
        let (plain, woven, linked) = program("8", &options, &fixture("Shapes.java"), false);
        assert_eq!(plain, woven, "target {target}");
        assert!(failures(&linked).is_empty(), "target {target}: {linked:#?}");
    }
}

#[test]
fn the_verifier_would_notice_a_token_of_the_wrong_type() {
    let (_, _, linked) = program("17", &[], &fixture("Shapes.java"), true);
    let failed = failures(&linked);
    assert!(failed.iter().any(|line| line.contains("Shapes java.lang.VerifyError")), "{linked:#?}");
}

/// A loop over so many calls that the jumps around them reach their target only as long as nothing is
/// put between. All in one line, so that only the calls grow.
fn far_jumps(to: &Path) -> PathBuf {
    let calls = "s = add(s, i); ".repeat(2_000);
    let source = format!(
        "public class Far {{\n\
         static int add(int a, int b) {{ return a * 31 + b; }}\n\
         static int loop(int n) {{\n\
         int s = n;\n\
         for (int i = 0; i < n; i++) {{\n\
         if (s % 3 == 0) {{ s++; continue; }}\n\
         try {{ {calls} }}\n\
         catch (RuntimeException e) {{ s--; }}\n\
         }}\n\
         return s;\n\
         }}\n\
         public static void main(String[] args) {{\n\
         for (int n = 0; n < 9; n++) System.out.println(loop(n));\n\
         }}\n\
         }}\n"
    );
    let file = to.join("Far.java");
    std::fs::write(&file, source).unwrap();
    file
}

#[test]
fn jumps_that_become_too_long_still_reach_their_targets() {
    let scratch = tempfile::tempdir().unwrap();
    let source = far_jumps(scratch.path());
    compile("17", &[], std::slice::from_ref(&source), scratch.path());
    let bytes = std::fs::read(scratch.path().join("Far.class")).unwrap();
    let woven = weave(&bytes, &plan(&bytes, 0, EVERYTHING)).unwrap();
    let far = |bytes: &[u8]| {
        let class = ClassFile::read(bytes).unwrap();
        let method = class.methods.iter().find(|method| method.name == b"loop").unwrap();
        let code = Code::read(method.code().unwrap().content, &class.pool).unwrap();
        Instructions::new(code.bytes)
            .filter(|instruction| instruction.as_ref().unwrap().opcode == 200)
            .count()
    };
    // The loop's end, its `continue`, and an island for its condition.
    assert_eq!((far(&bytes), far(&woven.bytes)), (0, 3));
    let old = ["-source", "1.4", "-target", "1.4"];
    for (jdk, options) in [("17", &[][..]), ("8", &old[..])] {
        let (plain, woven, linked) = program(jdk, options, &source, false);
        assert_eq!(plain, woven);
        assert!(failures(&linked).is_empty(), "{linked:#?}");
    }
}
