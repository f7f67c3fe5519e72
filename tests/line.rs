//! `line` beside `javap` and what the program itself computes.

use std::path::Path;
use std::process::Command;

use harness::client::result;
use harness::compare::number_after;
use harness::spy::assert_nobody_listens;
use harness::{Java, JavaBuilder, Jdk, Observation, exec, exec_json, java, jdk, jdks};
use serde_json::{Value, json};

fn program(jdk: &Jdk) -> Java {
    JavaBuilder::new(jdk, "calls.Main").start()
}

/// Name, descriptor and lines of each method.
type Lines = Vec<(String, String, Vec<u64>)>;

fn listed(java: &Java, class: &str) -> Lines {
    let lines = exec_json(java.pid(), &format!("line --class {class} --list-lines"));
    let of = |one: &Value| {
        let text = |field: &str| one[field].as_str().unwrap_or("?").to_owned();
        assert_eq!(text("className"), class);
        let numbers = one["lines"].as_array().expect("lines").iter().filter_map(Value::as_u64).collect();
        (text("methodName"), text("methodDesc"), numbers)
    };
    lines.iter().filter(|line| line["type"] == "line-list").map(of).collect()
}

/// The same, from `javap`; a line stands where it is first met.
fn javap(class: &str) -> Lines {
    let mut javap = Command::new(jdk("17").tool("javap"));
    javap.args(["-l", "-s", "-p", "-cp"]).arg(java::classes()).arg(class);
    let out = String::from_utf8(javap.output().expect("javap starts").stdout).expect("text");
    let mut methods: Lines = Vec::new();
    let mut before = "";
    for line in out.lines().map(str::trim) {
        if let Some(descriptor) = line.strip_prefix("descriptor: ").filter(|text| text.starts_with('(')) {
            let name = before.split('(').next().and_then(|name| name.split(' ').next_back()).unwrap_or("?");
            let name = if name == class { "<init>" } else { name };
            methods.push((name.to_owned(), descriptor.to_owned(), Vec::new()));
        } else if let Some(number) = line.strip_prefix("line ").and_then(|rest| rest.split(':').next()) {
            let number = number.parse().expect("a number");
            let lines = &mut methods.last_mut().expect("a method").2;
            if !lines.contains(&number) {
                lines.push(number);
            }
        }
        before = line;
    }
    methods.retain(|(_, _, lines)| !lines.is_empty());
    methods
}

/// The lines of `calls.Main.add`: the sum, the loop, the text, the addition, the next number, the result.
fn lines_of_add(java: &Java) -> Vec<u64> {
    let all = listed(java, "calls.Main");
    let add = all.into_iter().find(|(name, ..)| name == "add").expect("there is add").2;
    assert!(add.len() >= 6, "{add:?}");
    add
}

/// A folder with a class `Bare` that was compiled with what `-g` says.
fn bare(folder: &Path, g: &str) -> String {
    let source = folder.join("Bare.java");
    let text = "public class Bare implements Runnable {\n\
        public void run() { step(20); }\n\
        int step(int n) {\n\
        int twice = 2 * n;\n\
        return twice + n; } }\n";
    std::fs::write(&source, text).unwrap();
    let out = folder.join(g);
    let mut javac = Command::new(jdk("17").tool("javac"));
    javac.args(["--release", "8", "-nowarn", &format!("-g:{g}"), "-d"]).arg(&out).arg(&source);
    assert!(javac.output().expect("javac starts").status.success());
    out.display().to_string()
}

#[test]
fn lines_are_those_of_javap_on_every_jdk() {
    for jdk in jdks() {
        let java = JavaBuilder::new(&jdk, "demo.Shop").start();
        for class in ["demo.Shop", "demo.Shop$Parcel"] {
            let mut ours = listed(&java, class);
            let mut theirs = javap(class);
            theirs.retain(|(name, ..)| !name.starts_with('{'));
            for (_, _, lines) in ours.iter_mut().chain(&mut theirs) {
                lines.sort_unstable();
            }
            ours.sort();
            theirs.sort();
            assert_eq!(ours, theirs, "JDK {}", jdk.major);
        }
        let lines = exec_json(java.pid(), "line --class demo.Shop --method price --desc (J)J --list-lines");
        let list = result(&lines, "line-list");
        assert_eq!((&list["methodDesc"], &list["sourceFile"]), (&"(J)J".into(), &"Shop.java".into()));
        assert_eq!(lines.iter().filter(|line| line["type"] == "line-list").count(), 1);
    }
}

#[test]
fn variables_are_known_by_their_names_on_every_jdk() {
    for jdk in jdks() {
        let mut java = program(&jdk);
        let addition = lines_of_add(&java)[3];
        let line = format!(
            "line --class calls.Main --method add --line {addition} --express {{localVarMap,params,localVarNames}} -x 2 -n 5"
        );
        let mut watch = Observation::start(&java, &line);
        let sum: u64 = java.ask("add 5").parse().unwrap();
        let lines = watch.wait();
        let threads = java.jdk_tool("jcmd", &["Thread.print"]);
        let main = number_after(&threads, "\"main\" #");
        let seen: Vec<&Value> = lines.iter().filter(|line| line["type"] == "line").collect();
        let mut so_far = 0;
        for (record, n) in seen.iter().zip((1..=5).rev()) {
            let data = &record["data"];
            assert_eq!(data[0], json!({"text": format!("at {n}"), "n": n, "sum": so_far}), "{record:#}");
            // Parameters are what they are by then.
            assert_eq!(data[1], json!([n]), "JDK {}", jdk.major);
            assert_eq!(data[2].as_array().map(Vec::len), Some(3));
            assert_eq!(record["lineNumber"], addition);
            assert_eq!((&record["methodName"], &record["methodDesc"]), (&"add".into(), &"(I)I".into()));
            assert_eq!((&record["threadName"], record["threadId"].as_f64()), (&"main".into(), Some(main)));
            assert!(record["cost"].as_f64().unwrap_or(0.0) > 0.0, "{record}");
            so_far += n;
        }
        assert_eq!((seen.len(), so_far), (5, sum), "JDK {}", jdk.major);
        assert_nobody_listens(&mut java);
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn several_lines_a_condition_on_a_variable_and_the_stack() {
    for name in ["8", "17", "25"] {
        let mut java = program(&jdk(name));
        let lines = lines_of_add(&java);
        let (addition, result_line) = (lines[3], *lines.last().unwrap());
        let command = format!(
            "line --class calls.Main --method add --line {addition},{result_line} --line {addition} --express lineNumber -n 3"
        );
        let mut watch = Observation::start(&java, &command);
        java.ask("add 2");
        let seen: Vec<Value> = watch
            .wait()
            .iter()
            .filter(|line| line["type"] == "line")
            .map(|line| line["data"].clone())
            .collect();
        assert_eq!(seen, [addition, addition, result_line], "JDK {name}");

        let command = format!(
            "line --class calls.Main --line {addition} --condition 'localVarMap.text==\"at 3\"' --express localVarMap.sum \
             --stack --stack-depth 2 -n 1"
        );
        let mut watch = Observation::start(&java, &command);
        java.ask("add 5");
        let record = watch.next("line");
        watch.wait();
        assert_eq!(record["data"], 5 + 4, "JDK {name}: {record:#}");
        let frames = record["stackTrace"].as_array().expect("a stack");
        let methods: Vec<&Value> = frames.iter().map(|frame| &frame["methodName"]).collect();
        assert_eq!(methods, ["add", "obey"], "JDK {name}: {record:#}");
        assert_eq!(frames[0]["lineNumber"], addition, "JDK {name}");
    }
}

#[test]
fn two_commands_on_lines_of_one_method_see_their_own_only() {
    for name in ["8", "17"] {
        let mut java = program(&jdk(name));
        let lines = lines_of_add(&java);
        let command = |line: u64, limit: u32| {
            format!("line --class calls.Main --method add --line {line} --express localVarMap.n -n {limit}")
        };
        let first = Observation::start(&java, &command(lines[3], 100));
        let mut second = Observation::start(&java, &command(lines[4], 2));
        java.ask("add 3");
        let told = second.wait();
        let second: Vec<&Value> = told.iter().filter(|line| line["type"] == "line").collect();
        assert!(second.iter().all(|record| record["lineNumber"] == lines[4]), "JDK {name}: {second:#?}");
        // The other one goes on.
        java.ask("add 2");
        let all = harness::eventually("five results", || {
            let all = first.all("line");
            (all.len() >= 5).then_some(all)
        });
        let numbers: Vec<&Value> = all.iter().map(|record| &record["data"]).collect();
        assert_eq!(numbers, [3, 2, 1, 2, 1], "JDK {name}");
        assert!(all.iter().all(|record| record["lineNumber"] == lines[3]), "JDK {name}");
        first.interrupt();
        assert_nobody_listens(&mut java);
    }
}

#[test]
fn a_class_compiled_without_lines_or_names_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = program(&jdk("17"));
    java.ask(&format!("load {} Bare", bare(folder.path(), "none")));
    let answer = exec(java.pid(), "line --class Bare --line 4");
    assert_ne!(answer.code, 0, "{answer:#?}");
    assert!(answer.err.contains("No available line number is found"), "{answer:#?}");
    assert!(answer.err.contains("-g:none"), "{answer:#?}");
    let list = exec(java.pid(), "line --class Bare --method step --list-lines").ok();
    assert!(list.contains("method=step(I)I lines=[]"), "{list}");

    let mut java = program(&jdk("17"));
    let lines = bare(folder.path(), "lines");
    java.ask(&format!("load {lines} Bare"));
    let watch = Observation::start(&java, "line --class Bare --line 5 -x 2 -L");
    assert!(watch.enhanced.to_string().contains("javac -g"), "{}", watch.enhanced);
    java.ask(&format!("load {lines} Bare"));
    let seen = harness::eventually("a result", || watch.all("line").pop());
    assert_eq!(seen["data"], json!([[20], {}]), "parameters need no names");
    watch.interrupt();
}

#[test]
fn the_picture_names_thread_method_and_line() {
    let mut java = program(&jdk("17"));
    let addition = lines_of_add(&java)[3];
    let line = format!("line --class calls.Main --line {addition} --express localVarMap.text --stack -n 1");
    let pid = java.pid().to_string();
    let mut client = harness::Running::start(harness::oxprobe().args(["exec", &pid, &line]));
    client.line("the probe", |line| line.starts_with("Affect("));
    java.ask("add 1");
    let head = client.line("the line", |line| line.starts_with("ts="));
    assert!(head.contains("; [thread=main(1) cost="), "{head}");
    assert!(head.ends_with(&format!("ms] calls.Main.add(I)I:{addition}")), "{head}");
    client.wait();
    let out = client.output();
    let at = out.iter().position(|line| *line == head).unwrap();
    assert_eq!(out[at + 1..at + 3], ["result=@String[at 1]", "stack="]);
    assert_eq!(out[at + 3], format!("    at calls.Main.add(Main.java:{addition})"));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_woven() {
    let java = program(&jdk("17"));
    let line = lines_of_add(&java)[3].to_string();
    let of = |options: &str| format!("line --class calls.Main --method add {options}").replace("LINE", &line);
    let many = (1..=257).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    for (line, text) in [
        ("line --line 1".to_owned(), "The --class option is required."),
        (of(""), "The --line option is required"),
        (of("--line 10-20"), "Line range syntax is not supported in the first version: 10-20"),
        (of("--line 0"), "Invalid line number: 0"),
        (of("--line 1,x"), "Invalid line number: x"),
        (of("--line 60000"), "No available line number is found"),
        (of(&format!("--line {many}")), "Too many line numbers, maximum is 256."),
        (of("--line LINE -x 5"), "expand must be between 0 and 4."),
        (of("--line LINE -n 0"), "limits must be greater than 0."),
        ("watch calls.Main add -n 0".to_owned(), "limits must be greater than 0."),
        ("tt -t calls.Main add -n 0".to_owned(), "limits must be greater than 0."),
        (of("--line LINE -M 0"), "sizeLimit must be greater than 0."),
        (of("--line LINE --desc I"), "--desc is a descriptor of the JVM such as (I)V"),
        (of("--line LINE --stack --stack-depth 257"), "stack-depth must be between 1 and 256."),
        (of("--line LINE --stack --stack-depth 0"), "stack-depth must be between 1 and 256."),
        (of("--line LINE --desc (J)V"), "No class or method is affected"),
        (of("--line LINE --express ''"), "^"),
        (of("--line LINE --express 'localVarMap['"), "^"),
        (of("--line LINE --condition 'localVarMap.n>'"), "^"),
        ("line --class no.Such --list-lines".to_owned(), "No method is meant"),
    ] {
        let answer = exec(java.pid(), &line);
        assert!(answer.code != 0 && answer.err.contains(text), "{line}: {answer:#?}");
    }
    assert!(exec(java.pid(), "reset").ok().contains("class count: 0"), "something was woven");
}
