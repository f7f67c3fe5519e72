//! `ognl`, `getstatic` and `vmtool` beside what the program itself says of its objects.

use std::path::Path;
use std::process::Command;

use harness::client::result;
use harness::{Answer, Java, JavaBuilder, exec, exec_json, jdk, jdks};
use serde_json::{Value, json};

fn program(name: &str) -> Java {
    JavaBuilder::new(&jdk(name), "calls.Main").start()
}

fn evaluated(java: &Java, line: &str) -> Value {
    result(&exec_json(java.pid(), line), "ognl")["data"].clone()
}

fn instances(java: &Java, class: &str, more: &str) -> Value {
    let line = format!("vmtool --action getInstances --className {class} {more}");
    result(&exec_json(java.pid(), &line), "vmtool")["data"].clone()
}

fn refused(java: &Java, line: &str) -> Answer {
    let answer = exec(java.pid(), line);
    assert_ne!(answer.code, 0, "{line}: {answer:#?}");
    answer
}

/// A folder with a class `Named`, whose static field says how it was compiled.
fn named(folder: &Path, name: &str) -> String {
    let source = folder.join("Named.java");
    let text = format!(
        "public class Named implements Runnable {{ static String name = \"{name}\"; \
         String mine = name; public void run() {{ }} \
         static String say() {{ return \"I am \" + name; }} }}"
    );
    std::fs::write(&source, text).unwrap();
    let out = folder.join(name);
    let mut javac = Command::new(jdk("17").tool("javac"));
    javac.args(["--release", "8", "-nowarn", "-d"]).arg(&out).arg(&source);
    assert!(javac.output().expect("javac starts").status.success());
    out.display().to_string()
}

#[test]
fn expressions_have_the_programs_values_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "calls.Main").start();
        let sum: i64 = java.ask("add 7").parse().unwrap();
        assert_eq!(evaluated(&java, "ognl '@calls.Main@add(7)'"), sum, "JDK {}", jdk.major);
        let kinds = "true, (byte) 1";
        assert!(exec(java.pid(), &format!("ognl '{kinds}'")).code != 0, "there are no casts");
        java.ask("chain 5");
        assert_eq!(evaluated(&java, "ognl '@calls.Main@MAIN.links'"), 5);
        assert_eq!(evaluated(&java, "ognl '#a={1,2,3}, #a.{#this*2}'"), json!([2, 4, 6]));
        java.ask("animals 3 2");
        let names = "@calls.Main@HELD.{? #this instanceof calls.Animal}.{name}";
        let names = evaluated(&java, &format!("ognl '{names}'"));
        assert_eq!(names, json!(["dog-0", "dog-1", "dog-2", "cat-0", "cat-1"]), "JDK {}", jdk.major);
        let version = evaluated(&java, "ognl '@java.lang.System@getProperty(\"java.version\")'");
        let theirs = java.jdk_tool("jcmd", &["VM.system_properties"]);
        assert!(theirs.contains(&format!("java.version={}", version.as_str().unwrap_or("?"))), "{version}");
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn objects_are_opened_as_deep_as_asked() {
    let java = program("17");
    for expand in 0..=4 {
        let line = format!("ognl -x {expand} '@calls.Link@chain(6)'");
        let results = exec_json(java.pid(), &line);
        let view = result(&results, "ognl")["value"].as_str().unwrap_or_default().to_owned();
        assert_eq!(view.matches("number=@Integer[").count(), expand, "{view}");
    }
}

#[test]
fn mistakes_are_pointed_at() {
    let java = program("17");
    for (line, at) in [
        ("ognl '1 +'", "1 +"),
        ("ognl '{1,2'", "{1,2"),
        ("ognl '@calls.Nope@name'", "@calls.Nope@name"),
        ("ognl '@calls.Main@nope()'", "@calls.Main@nope()"),
        ("ognl '@calls.Main@MAIN.nope'", "nope"),
        ("getstatic calls.Main greeted '#this +'", "#this +"),
        ("getstatic calls.Main greeted '#this.nope'", "nope"),
        ("vmtool --action getInstances --className calls.Dog --express 'instances['", "instances["),
        ("vmtool --action getInstances --className calls.Main --express 'instances.{nope}'", "nope"),
    ] {
        let answer = refused(&java, line);
        let shown =
            answer.err.lines().find(|shown| shown.contains(line)).unwrap_or_else(|| panic!("{answer:#?}"));
        let caret = answer.err.lines().find(|line| line.trim_start().starts_with('^'));
        let caret = caret.unwrap_or_else(|| panic!("{answer:#?}")).find('^').unwrap();
        let start = shown.rfind(at).unwrap();
        let place = start.saturating_sub(1)..=start + at.len();
        assert!(place.contains(&caret), "{line}: {answer:#?}");
    }
}

#[test]
fn nothing_is_assigned_unless_strict_is_off() {
    let mut java = program("17");
    java.ask("chain 2");
    let assign = "ognl '@calls.Main@MAIN.links=77'";
    let answer = refused(&java, assign);
    assert!(answer.err.contains("options strict false"), "{answer:#?}");
    assert_eq!(evaluated(&java, "ognl '@calls.Main@MAIN.links'"), 2);
    exec_json(java.pid(), "options strict false");
    assert_eq!(evaluated(&java, assign), 77);
    assert_eq!(evaluated(&java, "ognl '@calls.Main@MAIN.links'"), 77);
    exec_json(java.pid(), "options strict true");
    refused(&java, assign);
    assert_eq!(evaluated(&java, "ognl '#a=3, #a+1'"), 4, "variables may be assigned");
}

#[test]
fn static_fields_are_read_where_they_lie() {
    for name in ["8", "17", "25"] {
        let mut java = program(name);
        java.ask("greet Anna");
        let greeted: i64 = java.ask("greeted").parse().unwrap();
        let field = |line: &str| result(&exec_json(java.pid(), line), "getstatic").clone();
        let seen = field("getstatic calls.Main greeted");
        assert_eq!((&seen["fieldName"], &seen["data"]), (&"greeted".into(), &greeted.into()), "JDK {name}");
        assert_eq!(seen["field"], format!("@Integer[{greeted}]"));
        assert_eq!(field("getstatic calls.Main greeted '#this + 1'")["data"], greeted + 1);
        let motto = exec_json(java.pid(), "ognl '@calls.Main@motto()'");
        assert_eq!(
            field("getstatic calls.Main motto")["data"],
            result(&motto, "ognl")["data"],
            "a private one"
        );
        assert_eq!(field("getstatic -E calls\\.Main 'greet.*|motto' -x 0")["fieldName"], "greeted");
        let all = exec_json(java.pid(), "getstatic calls.Main *");
        let names: Vec<&Value> =
            all.iter().filter(|one| one["type"] == "getstatic").map(|one| &one["fieldName"]).collect();
        let declared = "@calls.Main@class.getDeclaredFields().{? (modifiers & @java.lang.reflect.Modifier@STATIC) != 0}.{name}";
        assert_eq!(json!(names), evaluated(&java, &format!("ognl '{declared}'")), "JDK {name}");

        // A class that was never used stays so: its initialiser has not set the field.
        let late = field("getstatic calls.Late answer");
        assert_eq!(late["data"], 0, "JDK {name}");
        assert_eq!(java.ask("initialised"), "false", "JDK {name}");
        assert_eq!(evaluated(&java, "ognl '@calls.Late@answer'"), 42, "an expression uses it");
        assert_eq!(java.ask("initialised"), "true", "JDK {name}");
    }
}

#[test]
fn one_of_several_loaders_is_meant_by_hash() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["8", "17"] {
        let mut java = program(name);
        let one = java.ask(&format!("load {} Named", named(folder.path(), "one")));
        let by_class = "ognl --classLoaderClass java.net.URLClassLoader '@Named@say()'";
        if name != "8" {
            // In JDK 8 the application's own loader is of a class below it.
            assert_eq!(evaluated(&java, by_class), "I am one");
        }
        let two = java.ask(&format!("load {} Named", named(folder.path(), "two")));
        for (hash, said) in [(&one, "one"), (&two, "two")] {
            assert_eq!(evaluated(&java, &format!("ognl -c {hash} '@Named@say()'")), format!("I am {said}"));
            let lines = exec_json(java.pid(), &format!("getstatic -c {hash} Named name"));
            assert_eq!(result(&lines, "getstatic")["data"], said, "JDK {name}");
            let named = instances(&java, "Named", &format!("-c {hash} --express 'instances.{{mine}}'"));
            assert_eq!(named, json!([said]), "JDK {name}");
        }
        let answer = refused(&java, by_class);
        assert!(answer.err.contains("Found more than one classloader by class name"), "{answer:#?}");
        for line in ["getstatic Named name", "vmtool --action getInstances --className Named"] {
            let answer = refused(&java, line);
            assert!(answer.err.contains("Found more than one class for: Named"), "{answer:#?}");
            assert!(answer.out.contains(&one) && answer.out.contains(&two), "{answer:#?}");
        }
        let answer = refused(&java, "ognl '@Named@say()'");
        assert!(answer.err.contains("There is no class Named"), "{answer:#?}");
        for line in ["ognl -c 1234abcd 1", "ognl --classLoaderClass no.Such 1"] {
            let answer = refused(&java, line);
            assert!(answer.err.contains("Can not find classloader"), "{answer:#?}");
        }
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let java = program("17");
    for (line, text) in [
        ("getstatic no.Such *", "No class found for: no.Such"),
        ("getstatic calls.Main no*", "no matched static field was found"),
        ("vmtool --action getInstances", "The className option cannot be empty!"),
        ("vmtool --action getInstances --className no.Such", "Can not find class by class name: no.Such."),
        ("vmtool --action getInstances --className calls.Dog -l 0", "The limit must be positive"),
        ("vmtool --action nothing", "is not one of getInstances"),
    ] {
        let answer = refused(&java, line);
        assert!(answer.err.contains(text), "{line}: {answer:#?}");
    }
    let answer = refused(&java, "getstatic calls.* *");
    assert!(
        answer.err.contains("Found more than one class") && answer.out.contains("calls.Main"),
        "{answer:#?}"
    );
}

#[test]
fn objects_of_a_class_and_of_those_below_it_are_found_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "calls.Main").start();
        java.ask("animals 3 2");
        let names = |class: &str, more: &str| {
            let names = instances(&java, class, &format!("--express 'instances.{{name}}' {more}"));
            let mut names: Vec<String> = names
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect();
            names.sort();
            names
        };
        assert_eq!(
            names("calls.Animal", ""),
            ["cat-0", "cat-1", "dog-0", "dog-1", "dog-2"],
            "JDK {}",
            jdk.major
        );
        assert_eq!(names("calls.Dog", ""), ["dog-0", "dog-1", "dog-2"]);
        assert_eq!(names("calls/Cat", ""), ["cat-0", "cat-1"], "slashes are dots");
        assert_eq!(names("calls.Animal", "-l 2").len(), 2);
        assert_eq!(names("calls.Animal", "-l -1").len(), 5);
        let class = instances(&java, "calls.Main", "--express 'instances[0].getClass().getName()'");
        assert_eq!(class, "calls.Main");
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn a_million_objects_are_bounded() {
    // With its checks of JNI the JVM's own lists of references grow with the square of their length.
    let mut java = JavaBuilder::new(&jdk("17"), "calls.Main").without_checks().start();
    let made: u64 = java.ask("points 1000000").parse().unwrap();
    assert_eq!(instances(&java, "calls.Point", "--express instances.length"), 10);
    assert_eq!(instances(&java, "calls.Point", "--express instances.length -l 1000"), 1_000);
    assert_eq!(instances(&java, "calls.Point", "--express instances.length -l -1"), made);
    let answer = exec(java.pid(), "vmtool --action getInstances --className calls.Point -l -1").ok();
    assert!(answer.len() < 11 << 20, "a view is limited: {}", answer.len());
    assert_eq!(java.ask("points 1"), "1", "the program goes on");
}
