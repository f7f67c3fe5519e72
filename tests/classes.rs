//! Loaded classes, their methods and class files: what the real Arthas tells of the same program, and nothing is initialised,
//! linked or changed by looking.

use std::path::Path;
use std::process::Command;

use harness::client::result;
use harness::twins::{Line, Twins};
use harness::{Java, JavaBuilder, exec, exec_json, jdk, jdks};
use serde_json::Value;

/// Rows of docs/differences.md.
const ARRAYS: &str = "arrays by their names in the source";
const NO_FILE: &str = "nothing of what fits has a class file";
const NO_REGEX: &str = "a pattern that is no regular expression";
const CONSTANTS: &str = "a constant of an enum by the enum's";

fn program(major: &str) -> Java {
    JavaBuilder::new(&jdk(major), "classes.Main").without_checks().start()
}

/// The loader of the class path.
fn app_loader(major: &str) -> &'static str {
    if major == "8" {
        "sun.misc.Launcher$AppClassLoader"
    } else {
        "jdk.internal.loader.ClassLoaders$AppClassLoader"
    }
}

fn lines_of_sc(major: &str) -> Vec<Line> {
    let plain = [
        "sc classes.Kinds",
        "sc classes.Kinds*",
        "sc classes/Kinds$Squ*",
        "sc -E classes\\.Kinds\\$(Square|Colour)",
        "sc classes.*",
        "sc *Kinds?Inner",
        "sc java.lang.Integer",
        "sc nothing.Here",
        "sc -d nothing.Here",
        "sc -d classes.Kinds",
        "sc -d classes.Kinds$Colour",
        "sc -d -f classes.Main$Own -x 1",
        "sc -d classes.Kinds$Marked",
        "sc -d classes.Kinds$1Local*",
        "sc -d classes.Kinds$1",
        "sc -d classes.Kinds$Inner",
        "sc -d classes.Kinds$Secret",
        "sc -d classes.Kinds$Derived",
        "sc -d java.lang.String",
        "sc -d -n 1 classes.*",
        "sc -c 123 classes.*",
        "sc -c beef *",
        "sc --classLoaderClass no.Such classes.*",
        "sc --classLoaderClass classes.Main$Talking classes.*",
        "sc -d --classLoaderClass classes.Main$Talking classes.part.*",
        "sc [I",
        "sc -d classes.Main$$Lambda*",
    ];
    let mut lines: Vec<Line> = plain.into_iter().map(|line| Line::of(line).sorted("sc")).collect();
    lines.extend([
        Line::of(format!("sc -d --classLoaderClass {} *$Proxy*", app_loader(major))),
        Line::of("sc *classes.Kinds*;").unordered("classNames"),
        Line::of("sc -d classes.part.Copied"),
        Line::of("sc --classLoaderClass classes.Main$Own classes.*").unordered("matchedClassLoaders"),
        Line::of("sc -d [I").but("classInfo", ARRAYS),
        Line::of("sc -d -f classes.Kinds -x 1").but("type", ARRAYS).but("value", CONSTANTS),
        Line::of("sc -d -f classes.Kinds$Square -x 2"),
        Line::of("sc -E [").but("statusCode", NO_REGEX).but("message", NO_REGEX),
    ]);
    lines
}

fn lines_of_sm(major: &str) -> Vec<Line> {
    let plain = [
        "sm classes.Kinds",
        "sm classes.Kinds$*",
        "sm classes.Kinds <init>",
        "sm -E classes.Kinds str.*",
        "sm java.lang.String index*",
        "sm -d java.lang.Math *Exact",
        "sm -d java.lang.Math <init>",
        "sm -d java.lang.Thread sleep",
        "sm -n 1 java.lang.*",
        "sm -n 0 java.lang.Integer parseInt",
        "sm nothing.Here",
        "sm classes.Main$$Lambda*",
        "sm [I",
        "sm -d -c beef classes.part.*",
        "sm --classLoaderClass no.Such x",
        "sm classes.part.Untouched",
        "sm classes.part.Broken",
    ];
    let mut lines: Vec<Line> = plain.into_iter().map(|line| Line::of(line).sorted("sm")).collect();
    let with_arrays = ["sm -d classes.Kinds", "sm -d classes.Kinds$*", "sm -d java.lang.String index*"];
    lines.extend(
        with_arrays
            .map(|line| Line::of(line).sorted("sm").but("parameters", ARRAYS).but("returnType", ARRAYS)),
    );
    lines.extend([
        Line::of(format!("sm -d --classLoaderClass {} *$Proxy*", app_loader(major)))
            .sorted("sm")
            .but("returnType", ARRAYS),
        Line::of("sm --classLoaderClass classes.Main$Own x").unordered("matchedClassLoaders"),
    ]);
    lines
}

fn lines_of_dump(major: &str, folder: &Path) -> Vec<Line> {
    let line = |line: &str| {
        let line = format!("dump -d {}/SIDE {line}", folder.display());
        Line::of(line).unordered("dumpedClasses").unordered("matchedClasses").unordered("matchedClassLoaders")
    };
    let plain = [
        "classes.Kinds",
        "-E classes\\.Kinds\\$S.*",
        "java.lang.String",
        "java.util.RandomAccessSubList",
        "nothing.Here",
        "-l 1 classes.Kinds*",
        "-c beef *",
        "-c 123 *",
        "--classLoaderClass classes.Main$Own x",
        "--classLoaderClass no.Such x",
    ];
    let mut lines: Vec<Line> = plain.into_iter().map(line).collect();
    lines.push(line(&format!("--classLoaderClass {} *$Proxy*", app_loader(major))));
    lines.push(line("classes.Main$$Lambda*").but("statusCode", NO_FILE).but("message", NO_FILE));
    lines.push(line("[I").but("statusCode", NO_FILE).but("message", NO_FILE));
    lines
}

fn as_arthas_tells(major: &str) {
    let twins = Twins::start(|| program(major));
    let folder = tempfile::tempdir().unwrap();
    let mut lines = lines_of_sc(major);
    lines.extend(lines_of_sm(major));
    lines.extend(lines_of_dump(major, folder.path()));
    twins.compare(&lines);
    twins.stop();
}

#[test]
fn classes_methods_and_class_files_are_told_as_arthas_tells_them_on_jdk_17() {
    as_arthas_tells("17");
}

#[test]
fn classes_methods_and_class_files_are_told_as_arthas_tells_them_on_jdk_8() {
    as_arthas_tells("8");
}

/// What `javap` reads in a class file, without what only its place says.
fn javap(java: &Java, file: &str) -> String {
    let out = Command::new(java.jdk.tool("javap")).args(["-c", "-p", "-constants", file]).output().unwrap();
    assert!(out.status.success(), "{file}: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    // Where a constant stands in the pool says nothing.
    let without_places = text.lines().map(|line| match line.split_once('#') {
        Some((before, after)) => {
            format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    });
    let lines = without_places.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let text = lines.collect::<Vec<_>>().join("\n");
    // The JVM keeps methods in an order of its own.
    let mut members: Vec<&str> = text.split("\n\n").map(|member| member.trim_end_matches("\n}")).collect();
    members.sort_unstable();
    members.join("\n\n")
}

/// The file that a class was dumped to.
fn dumped(java: &Java, folder: &Path, class: &str) -> String {
    let line = format!("options disable-sub-class true; dump -d {} {class}", folder.display());
    let mut results = Vec::new();
    for line in line.split("; ") {
        results = exec_json(java.pid(), line);
    }
    let dumped = result(&results, "dump")["dumpedClasses"].as_array().unwrap().clone();
    let [one] = &dumped[..] else { panic!("{class}: {dumped:?}") };
    one["location"].as_str().unwrap().to_owned()
}

#[test]
fn a_dumped_class_is_the_one_that_runs_without_our_probes_and_stays_as_it_is() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let folder = tempfile::tempdir().unwrap();
        let compiled = harness::java::classes().join("demo/Shop.class");
        let compiled = javap(&java, compiled.to_str().unwrap());
        let file = dumped(&java, folder.path(), "demo.Shop");
        assert_eq!(javap(&java, &file), compiled, "JDK {}", jdk.name);

        let observed = harness::Observation::start(&java, "monitor -c 1 demo.Shop price");
        let again = dumped(&java, folder.path(), "demo.Shop");
        assert_eq!(again, file, "it is replaced");
        assert_eq!(javap(&java, &file), compiled, "JDK {} while it is observed", jdk.name);
        // The probes are still there.
        java.ask("orders 3");
        observed.at_least("demo.Shop", "price", 3);
        observed.interrupt();
        java.assert_undisturbed();
    }
}

#[test]
fn looking_initialises_nothing_and_calls_loaders_only_where_it_must() {
    for jdk in jdks() {
        let mut java = program(&jdk.name);
        let pid = java.pid();
        for line in ["sc classes.*", "sc -d classes.Kinds*", "sm classes.Kinds*", "sm -d classes.Kinds"] {
            exec(pid, line).ok();
        }
        assert_eq!(java.ask("asked"), "0", "JDK {}: none of these is of that loader", jdk.name);
        for line in
            ["sc -d -f -x 2 classes.part.Untouched", "sm -d classes.part.Untouched", "sc -d -c beef *"]
        {
            exec(pid, line).ok();
        }
        // The program says so when one is initialised.
        java.assert_undisturbed();
        assert_ne!(java.ask("asked"), "0");
    }
}

/// The JVM's log says when a class is verified, which is the first step of linking.
#[test]
fn details_do_not_link_a_class_and_methods_do() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let java = JavaBuilder::new(&jdk("17"), "classes.Main")
        .without_checks()
        .vm(format!("-Xlog:class+init=info:file={}", log.display()))
        .start();
    let verified = || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.lines().filter(|line| line.contains("verification for: classes.part.Untouched")).count()
    };
    exec(java.pid(), "sc classes.part.Untouched").ok();
    exec(java.pid(), "sc -d classes.part.Untouched").ok();
    assert_eq!(verified(), 0);
    // Methods are known of linked classes only: the three are verified, each with a line at the beginning and at the end.
    exec(java.pid(), "sm classes.part.Untouched").ok();
    assert_eq!(verified(), 6);
}

#[test]
fn hidden_classes_are_told_by_their_names() {
    for major in ["17", "25"] {
        let java = program(major);
        let results = exec_json(java.pid(), "sc classes.Main$$Lambda*");
        let names = result(&results, "sc")["classNames"].clone();
        let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(!names.is_empty() && names.iter().all(|name| name.contains("/0x")), "{names:?}");
        // A name with a slash is one of its own, not a package.
        let results = exec_json(java.pid(), &format!("sc -d {}", names[0]));
        assert_eq!(result(&results, "sc")["classInfo"]["name"], names[0]);
        assert_eq!(result(&results, "sc")["classInfo"]["synthetic"], true);
        let refused = exec(java.pid(), &format!("dump {}", names[0]));
        assert!(refused.code != 0 && refused.out.contains("lambda"), "{refused:?}");
    }
}

#[test]
fn a_missing_class_is_told_of_the_methods_that_name_it() {
    let java = program("17");
    let pid = java.pid();
    let told = exec_json_failing(pid, "sm -d classes.part.Broken");
    assert_eq!(told.last().unwrap()["statusCode"], 1);
    let message = told.last().unwrap()["message"].as_str().unwrap();
    assert!(message.contains("process class failed: classes.part.Broken, error: "), "{message}");
    assert!(message.contains("classes/part/Missing"), "{message}");
    // What names no missing class is told all the same: the class can be seen, its fields cannot.
    let told = exec_json(pid, "sc -d classes.part.Broken");
    assert_eq!(result(&told, "sc")["classInfo"]["simpleName"], "Broken");
    let told = exec_json_failing(pid, "sc -d -f classes.part.Broken");
    assert_eq!(result(&told, "sc")["classInfo"]["fields"], Value::Null);
    assert_eq!(told.last().unwrap()["statusCode"], 1);
}

#[test]
fn names_come_in_pages_and_the_option_leaves_subtypes_out() {
    let java = program("17");
    let results = exec_json(java.pid(), "sc *");
    let pages: Vec<usize> = results
        .iter()
        .filter(|result| result["type"] == "sc")
        .map(|page| page["classNames"].as_array().unwrap().len())
        .collect();
    let (last, full) = pages.split_last().unwrap();
    assert!(full.len() > 1 && full.iter().all(|count| *count == 256) && *last <= 256, "{pages:?}");
    let total = result(&results, "row_affect")["rowCount"].as_u64().unwrap();
    assert_eq!(pages.iter().sum::<usize>() as u64, total);
    // As many as the JVM says, within what has been loaded meanwhile.
    let loaded = result(&exec_json(java.pid(), "jvm"), "jvm").to_string();
    assert!(loaded.contains("CLASS-LOADING"), "{loaded}");

    let count = |line: &str| {
        let results = exec_json(java.pid(), line);
        result(&results, "row_affect")["rowCount"].as_u64().unwrap()
    };
    assert_eq!(count("sc classes.Kinds"), 2);
    exec(java.pid(), "options disable-sub-class true").ok();
    assert_eq!(count("sc classes.Kinds"), 1);
    assert_eq!(count("sm classes.Kinds strange"), 1);
}

#[test]
fn input_that_makes_no_sense_is_told() {
    let java = program("17");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let closed = "/proc/oxprobe";
    let lines = [
        ("sc", "needs `class-pattern`"),
        ("sm", "needs `class-pattern`"),
        ("dump", "needs `class-pattern`"),
        ("sc -x deep classes.*", "expand"),
        ("sc -n many classes.*", "limits"),
        ("sm -n many classes.*", "limits"),
        ("dump -l -1 classes.*", "limit"),
        ("sc -c", "needs a value"),
        ("sc -E (", "is no regular expression"),
        ("sm -E classes.Kinds (", "is no regular expression"),
        ("dump -E (", "is no regular expression"),
        ("sc --classLoaderClass no.Such x", "Can not find classloader by class name: no.Such."),
        ("sc -cs nobody x", "Can not find classloader by ClassLoader#toString(): nobody."),
        ("sm --classLoaderClass classes.Main$Own x", "Found more than one classloader by class name"),
        (
            "getstatic --classLoaderClass classes.Main$Own x y",
            "Found more than one classloader by class name",
        ),
        ("ognl --classLoaderClass classes.Main$Own 1", "Found more than one classloader by class name"),
        ("dump nothing.Here", "No class found for: nothing.Here"),
    ];
    for (line, told) in lines {
        let answer = exec(java.pid(), line);
        assert!(answer.code != 0, "{line}: {answer:?}");
        assert!((answer.out.clone() + &answer.err).contains(told), "{line}: {answer:?}");
    }
    for (folder, told) in [(file.to_str().unwrap(), "is not a directory"), (closed, "cannot be written")] {
        let answer = exec(java.pid(), &format!("dump -d {folder} classes.Kinds"));
        assert!(
            answer.code != 0 && (answer.out.clone() + &answer.err).contains(told),
            "{folder}: {answer:?}"
        );
    }
}

/// A loader whose `hashCode` is its own is meant by that, in every command that has `-c`.
#[test]
fn a_loader_is_meant_by_its_own_hash_everywhere() {
    let java = program("17");
    let pid = java.pid();
    let names = |line: &str| result(&exec_json(pid, line), "sc")["classNames"].clone();
    assert_eq!(names("sc -c beef *"), serde_json::json!(["classes.part.Shared"]));
    let value = |line: &str, kind: &str, field: &str| result(&exec_json(pid, line), kind)[field].clone();
    assert_eq!(value("getstatic -c beef classes.part.Shared what", "getstatic", "data"), "shared");
    assert_eq!(value("ognl -c beef @classes.part.Shared@what", "ognl", "data"), "shared");
    exec(pid, "options verbose true").ok();
    for command in ["watch", "trace", "stack", "monitor -c 1", "tt -t"] {
        let loader = if command.starts_with("monitor") { "--classloader beef" } else { "-c beef" };
        let line = format!("{command} {loader} classes.part.Shared shared --timeout 1");
        let effect = value(&line, "enhancer", "effect");
        let methods = effect["methods"].as_array().unwrap();
        assert_eq!(methods[..], ["beef|classes.part.Shared#shared|()Ljava/lang/String;"], "{line}");
    }
    // Of several loaders of one class, the list tells them apart.
    let several = exec_json_failing(pid, "sc --classLoaderClass classes.Main$Own *");
    let loaders = several[0]["matchedClassLoaders"].as_array().unwrap();
    assert!(loaders.len() >= 3 && loaders.iter().all(|loader| loader["parent"].is_string()), "{loaders:?}");
}

fn exec_json_failing(pid: u32, line: &str) -> Vec<Value> {
    let answer = harness::Answer::of(&["exec", &pid.to_string(), "--json", line]);
    assert_ne!(answer.code, 0, "{line}");
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
