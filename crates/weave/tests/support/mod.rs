//! What the tests of weaving share: a JDK's tools, compiled fixtures, plans for whole classes.
#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod listing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use weave::classfile::{ClassFile, Code, Instructions};
use weave::{Helper, Method, Parts, Plan, Shape};

pub(crate) const SPY: &str = "java/oxprobe/Spy_test";

/// All parts at once.
pub(crate) const EVERYTHING: Parts = Parts::VALUES.and(Parts::ALL_CALLS).and(Parts::LINES);

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
pub(crate) fn plan(class: &[u8], first: i32, parts: Parts) -> Plan {
    plan_with(class, first, parts, Helper::complete(SPY)).expect("a compiler's class file can be read")
}

/// The same for another helper class; `None` where the class file cannot be read.
pub(crate) fn plan_with(class: &[u8], first: i32, parts: Parts, helper: Helper) -> Option<Plan> {
    let read = ClassFile::read(class).ok()?;
    let methods = read
        .methods
        .iter()
        .filter(|method| method.code().is_some())
        .zip(first..)
        .map(|(method, id)| Method {
            name: method.name.to_vec(),
            descriptor: method.descriptor.to_vec(),
            id,
            parts,
            lines: Default::default(),
        })
        .collect();
    Some(Plan { helper, methods })
}

/// The source of a helper class that counts what it is told and tokens that are not those that it
/// gave out.
pub(crate) fn spy() -> String {
    let mut source = String::from(
        "package java.oxprobe;\npublic class Spy_test {\n\
         public static long entered, exited, threw, calls, caught, lines, wrong;\n\
         static long open(int id) { entered++; return id * 31L + 7; }\n\
         static void check(int id, long token) { if (token != id * 31L + 7) wrong++; }\n\
         static void close(int id, long token) { exited++; check(id, token); }\n\
         static void fail(Throwable t, int id, long token) { threw++; check(id, token); if (t == null) wrong++; }\n\
         public static long enter(int id) { return open(id); }\n\
         public static void exit(int id, long token) { close(id, token); }\n\
         public static void thrown(Throwable t, int id, long token) { fail(t, id, token); }\n\
         public static void before(long token, int id, int site) { calls++; check(id, token); }\n\
         public static void first(long token, int id, int site) { calls++; check(id, token); }\n\
         public static void next(long token, int id, int left, int site) { calls++; check(id, token); }\n\
         public static void after(long token, int id, int site) { check(id, token); }\n\
         public static void caught(long token, int id) { caught++; if (token != 0) check(id, token); }\n\
         ",
    );
    for shape in Shape::ALL {
        let objects = (0..shape.objects).map(|at| format!(", Object a{at}"));
        let values: String = objects.chain((0..shape.longs).map(|at| format!(", long j{at}"))).collect();
        let suffix = shape.suffix();
        source.push_str(&format!(
            "public static long enter{suffix}(int id{values}) {{ return open(id); }}\n\
             public static void exit{suffix}(long r, Object o, int id, long token{values}) {{ close(id, token); }}\n\
             public static void thrown{suffix}(Throwable t, int id, long token{values}) {{ fail(t, id, token); }}\n\
             public static void line{suffix}(long token, int id, int place{values}) {{ lines++; check(id, token); }}\n"
        ));
    }
    source.push_str("}\n");
    source
}

/// The source of a helper class that prints all that it is told.
pub(crate) fn telling_spy() -> String {
    let mut source = String::from(
        "package java.oxprobe;\npublic class Spy_test {\n\
         static String show(Object o) {\n\
         return o == null || o instanceof String ? (String) o : o.getClass().getSimpleName(); }\n\
         static void say(String what, Object... values) { StringBuilder out = new StringBuilder(what);\n\
         for (Object value : values) out.append(' ').append(value); System.out.println(out); }\n\
         public static void before(long token, int id, int site) { say(\"before\", id, token, site); }\n\
         public static void first(long token, int id, int site) { say(\"first\", id, token, site); }\n\
         public static void next(long token, int id, int left, int site) { say(\"next\", id, token, left, site); }\n\
         public static void after(long token, int id, int site) { say(\"after\", id, token, site); }\n\
         public static void caught(long token, int id) { say(\"caught\", id, token); }\n\
         ",
    );
    for shape in Shape::ALL {
        let names: Vec<String> = (0..shape.objects)
            .map(|at| format!("Object a{at}"))
            .chain((0..shape.longs).map(|at| format!("long j{at}")))
            .collect();
        let values: String = names.iter().map(|name| format!(", {name}")).collect();
        let shown = names.iter().map(|name| match name.split_once(' ') {
            Some(("Object", name)) => format!(", show({name})"),
            Some((_, name)) => format!(", {name}"),
            None => String::new(),
        });
        let shown: String = shown.collect();
        let suffix = shape.suffix();
        source.push_str(&format!(
            "public static long enter{suffix}(int id{values}) {{ say(\"enter\", id{shown}); return 100 + id; }}\n\
             public static void exit{suffix}(long r, Object o, int id, long token{values}) {{ \
             say(\"exit\", id, token, r, show(o){shown}); }}\n\
             public static void thrown{suffix}(Throwable t, int id, long token{values}) {{ \
             say(\"thrown\", id, token, show(t){shown}); }}\n\
             public static void line{suffix}(long token, int id, int place{values}) {{ \
             say(\"line\", id, token, place{shown}); }}\n"
        ));
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

/// Everything is verified, and by the verifier of frames alone where the JVM lets one choose.
pub(crate) const CHECKS: [&str; 5] = [
    "-Xverify:all",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:-FailOverToOldVerifier",
    "-Xshare:off",
];

/// Unpacks the classes of a JDK whose module's name matches into `to`; one folder a module.
pub(crate) fn unpack(jdk: &str, modules: &str, to: &Path) -> Vec<PathBuf> {
    if jdk == "8" {
        std::fs::create_dir_all(to).unwrap();
        let jar = tool(jdk, "../jre/lib/rt.jar");
        run(Command::new(tool("17", "jar")).current_dir(to).arg("xf").arg(jar.canonicalize().unwrap()));
        return vec![to.to_owned()];
    }
    // The image, not the jmod: linking it has changed some classes.
    run(Command::new(tool(jdk, "jimage"))
        .arg("extract")
        .arg(format!("--include=regex:/{modules}/.*"))
        .arg(format!("--dir={}", to.display()))
        .arg(tool(jdk, "../lib/modules")));
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(to).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders
}

/// Where a JVM of this version finds the helper class.
pub(crate) fn patched(jdk: &str, folder: &Path) -> Vec<String> {
    if jdk == "8" {
        return vec![format!("-Xbootclasspath/a:{}", folder.display())];
    }
    let list = run(Command::new(tool(jdk, "java")).arg("--list-modules"));
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let names = list.lines().filter_map(|line| line.split('@').next()).filter(|name| *name != "java.base");
    let readers: Vec<&str> = names.chain(["ALL-UNNAMED"]).collect();
    vec![
        format!("--patch-module=java.base={}", folder.display()),
        "--add-modules=ALL-SYSTEM".to_owned(),
        format!("--add-exports=java.base/java.oxprobe={}", readers.join(",")),
    ]
}

/// What is not put into the running JVM: JFR adds fields to the events, so that the file in the image
/// is another class; and what an agent must never weave, since everything stands on it (HotSpot's C2
/// crashes in a redefined constructor of `Object` that has a handler, JDK 17).
pub(crate) fn spared(name: &str) -> bool {
    const BOXES: [&str; 8] = ["Boolean", "Byte", "Character", "Short", "Integer", "Long", "Float", "Double"];
    let plain = name.strip_prefix("java.lang.").unwrap_or_default();
    name.starts_with("jdk.internal.event.")
        || name.starts_with("jdk.jfr.events.")
        || name == "jdk.jfr.Event"
        || matches!(plain, "Object" | "Number")
        || BOXES.contains(&plain)
}

/// Makes the first entry's `lstore` a `dstore`.
pub(crate) fn spoil(bytes: &mut [u8]) {
    let at = {
        let class = ClassFile::read(bytes).unwrap();
        let method = class.methods.iter().find(|method| method.name == b"add").unwrap();
        let code = Code::read(method.code().unwrap().content, &class.pool).unwrap();
        let mut instructions = Instructions::new(code.bytes).map(Result::unwrap);
        let store = instructions.find(|instruction| (63..=66).contains(&instruction.opcode)).unwrap();
        store.bytes.as_ptr() as usize - bytes.as_ptr() as usize
    };
    bytes[at] += 8;
}
