//! Expressions give in a real JVM what OGNL gives: the table of `crates/ognl`, and the lines of it that need a JVM.
//! `every_jdk_is_content` runs this file again on each JDK.
#![expect(unsafe_code, reason = "the JVM lives in this process; its options come by the environment")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a panic is how a test reports"
)]

#[path = "../../jvm/tests/machine/mod.rs"]
mod machine;
#[path = "../../ognl/tests/fixtures/ours.rs"]
mod ours;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jvm::{Class, Env, Local};
use machine::machine;
use ognl::{ErrorKind, Term};
use ours::OURS;
use values::{Classes, Expression, Java, May, Names, Place, Redaction, Value};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ognl/tests");

/// Compiles the classes of the table, and says how the JVM is to be made; a child of `on_every_jdk` uses its parent's.
fn prepare() {
    const PLACE: &str = "OXPROBE_TEST_SHOP";
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let folder = std::env::var_os(PLACE).map_or_else(compiled, PathBuf::from);
        unsafe { std::env::set_var(PLACE, &folder) };
        let options = "-Xmx256m -Xverify:all -XX:-PrintWarnings -XX:+UseSerialGC";
        let options = format!("{options} -Djava.class.path={}", folder.display());
        unsafe { std::env::set_var("OXPROBE_TEST_JVM", options) };
    });
}

fn compiled() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop");
    std::fs::create_dir_all(&folder).unwrap();
    let home = machine::jdks().into_iter().find(|home| home.ends_with("17")).unwrap_or_else(machine::home);
    let shop = Path::new(TABLE).join("fixtures/shop");
    let sources = std::fs::read_dir(shop).unwrap().map(|file| file.unwrap().path());
    let mut javac = Command::new(home.join("bin/javac"));
    javac
        .args(["--release", "8", "-encoding", "UTF-8", "-nowarn", "-Xlint:none", "-d"])
        .arg(&folder)
        .args(sources);
    assert!(javac.status().unwrap().success(), "javac");
    folder
}

/// What JVMs answer otherwise, one or the other of them, and why.
const IN_A_JVM: &[(&str, &[&str])] = &[
    // Called from native code it asks the boot loader before JDK 18; `@shop.Order@class` always finds the application's.
    (
        "@java.lang.Class@forName(\"shop.Order\")",
        &["error MethodFailed(java.lang.ClassNotFoundException)", "Class shop.Order"],
    ),
    ("@java.lang.Class@forName(\"nope.Nope\")", &["error MethodFailed(java.lang.ClassNotFoundException)"]),
    // Handed over to be shown, which no object of Java can be.
    ("#f = :[#this], #f", &["error IllegalArgument"]),
    // Lists have `getFirst` since JDK 21.
    ("numbers.first", &["error NoSuchProperty", "Integer 3"]),
];

/// What is the same for all expressions.
struct Shop<'f> {
    classes: Arc<Classes>,
    loader: Local<'f>,
    root: Local<'f, Class>,
}

/// What an expression gives on a fresh root, as the table has it.
fn evaluated(env: &Env<'_>, shop: &Shop<'_>, text: &str) -> jvm::Result<String> {
    let wrapped = format!("@shop.Shown@of(({text}))");
    let (Ok(_), Ok(expression)) = (ognl::parse(text), Expression::with_names(&wrapped, &[])) else {
        return Ok("error Syntax".to_owned());
    };
    let names = Names::resolve(env.live()?, &shop.classes, Some(&shop.loader), &[expression.node()]);
    let java = Java::new(env.live()?, &shop.classes, &names, May { evaluate: true }).expect("a living JVM");
    let root: Option<Local<'_>> = env.call_static(&shop.root, "make", "()Lshop/Root;", &[])?;
    let root = java.object(root.expect("a root")).expect("a class that is known");
    let place = Place { java: &java, root: Term::Value(root), cost: None, strict: false };
    let shown = expression.evaluate(place, |java, term| match term {
        Term::Value(Value::Object(text)) => {
            java.live().env().string(text.local()).unwrap_or_else(|why| format!("no text: {why}"))
        }
        _ => "no text".to_owned(),
    });
    Ok(shown.unwrap_or_else(|mistake| match mistake.kind {
        ErrorKind::PropertyFailed(class) => format!("error PropertyFailed({class})"),
        ErrorKind::MethodFailed(class) => format!("error MethodFailed({class})"),
        ErrorKind::Thrown(class) => format!("error Thrown({class})"),
        other => format!("error {other:?}"),
    }))
}

#[test]
fn values_are_those_of_ognl() {
    prepare();
    let machine = machine();
    let attached = machine.vm.attach("test").unwrap();
    let table = std::fs::read_to_string(Path::new(TABLE).join("evaluations.txt")).unwrap();
    let mut lines = table.lines().filter(|line| !line.starts_with("// ---"));
    let mut cases = Vec::new();
    while let (Some(text), Some(expected)) = (lines.next(), lines.next()) {
        let meant = OURS.iter().flat_map(|(_, lines)| *lines).find(|(line, _)| *line == text);
        cases.push((text, meant.map_or(expected.trim(), |(_, ours)| *ours)));
    }
    let mut wrong = Vec::new();
    let done: jvm::Result<()> = machine.vm.with_env(|env| {
        let of = env.find_class("java/lang/ClassLoader")?;
        let loader: Option<Local<'_>> =
            env.call_static(&of, "getSystemClassLoader", "()Ljava/lang/ClassLoader;", &[])?;
        let loader = loader.expect("a loader");
        let name = env.new_string("shop.Root")?;
        let descriptor = "(Ljava/lang/String;)Ljava/lang/Class;";
        let root: Option<Local<'_>> = env.call(&loader, "loadClass", descriptor, &[(&name).into()])?;
        let root = env.as_class(root.expect("a class"))?;
        let shop = Shop { classes: Classes::new(Redaction::none()), loader, root };
        for (text, expected) in &cases {
            let ours = env.frame(16, |env| evaluated(env, &shop, text))?;
            let allowed = IN_A_JVM.iter().find(|(line, _)| line == text).map(|(_, allowed)| *allowed);
            if !allowed.unwrap_or(&[expected]).contains(&&*ours) {
                wrong.push(format!("{text}\n  OGNL {expected}\n  ours {ours}"));
            }
        }
        Ok(())
    });
    drop(attached);
    done.unwrap();
    assert!(cases.len() > 2_000, "{} lines", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_jdk_is_content() {
    prepare();
    machine::on_every_jdk();
}
