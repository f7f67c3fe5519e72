//! What each switch of `options` does, seen from outside.

use harness::client::result;
use harness::{Answer, Java, JavaBuilder, exec, exec_json, jdk};
use serde_json::Value;

fn set(java: &Java, option: &str, value: &str) {
    let results = exec_json(java.pid(), &format!("options {option} {value}"));
    let changed = &result(&results, "options")["changeResult"];
    assert_eq!(
        (&changed["name"], &changed["afterValue"].to_string().replace('"', "")),
        (&option.into(), &value.to_owned())
    );
}

fn value(java: &Java, expression: &str) -> String {
    let results = exec_json(java.pid(), &format!("ognl -x 1 '{expression}'"));
    result(&results, "ognl")["value"].as_str().unwrap().to_owned()
}

/// What a command would weave: it is ended as soon as it has said so.
fn enhanced(java: &Java, line: &str) -> Value {
    let answer = Answer::of(&["exec", &java.pid().to_string(), "--json", &format!("{line} --timeout 1")]);
    let results = answer.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = results.into_iter().find(|result| result["type"] == "enhancer");
    found.unwrap_or_else(|| panic!("{line}: {answer:#?}"))
}

#[test]
fn switches_of_the_object_view_change_what_is_shown() {
    let java = Java::demo(&jdk("17"));
    let expression = "new java.util.PropertyPermission(\"where\",\"read\")";
    assert!(value(&java, expression).contains("name=@String[where]"));
    set(&java, "print-parent-fields", "false");
    let own = value(&java, expression);
    assert!(own.contains("mask=@Integer[1]") && !own.contains("name=@String[where]"), "{own}");
    set(&java, "json-format", "true");
    assert_eq!(value(&java, "{1,\"two\",null}"), "[1,\"two\",null]");
    set(&java, "json-format", "false");
    set(&java, "object-size-limit", "20");
    let long = value(&java, "\"0123456789\".toCharArray()");
    assert!(
        long.chars().count() < 200 && long.contains("object-size-limit") | long.contains("..."),
        "{long}"
    );
}

#[test]
fn switches_of_matching_change_what_is_woven() {
    let java = JavaBuilder::new(&jdk("17"), "calls.Main").start();
    let count = |effect: &Value| effect["effect"]["classCount"].as_u64().unwrap();
    let line = "monitor calls.Animal *";
    let with_subclasses = count(&enhanced(&java, line));
    set(&java, "disable-sub-class", "true");
    assert!(count(&enhanced(&java, line)) < with_subclasses, "{with_subclasses}");
    let line = "monitor java.util.ArrayList size";
    assert_eq!(exec(java.pid(), &format!("{line} --timeout 1")).code, 1);
    set(&java, "unsafe", "true");
    assert_eq!(enhanced(&java, line)["success"], true);
    // A method with code in an interface.
    set(&java, "disable-sub-class", "true");
    let default = "monitor java.util.Collection removeIf";
    assert_eq!(enhanced(&java, default)["success"], true);
    set(&java, "support-default-method", "false");
    assert_eq!(exec(java.pid(), &format!("{default} --timeout 1")).code, 1);
    set(&java, "verbose", "true");
    let told = enhanced(&java, line);
    assert!(told["effect"]["methods"][0].as_str().unwrap().contains("java.util.ArrayList#size"), "{told:#}");
    exec(java.pid(), "reset").ok();
}

#[test]
fn values_of_another_type_are_refused_and_change_nothing() {
    let java = Java::demo(&jdk("17"));
    for (line, says) in [
        ("options unsafe perhaps", "Cannot cast option value[perhaps] to type[boolean]."),
        ("options object-size-limit 0", "options[object-size-limit] must be greater than 0."),
        ("options object-size-limit -1", "options[object-size-limit] must be greater than 0."),
        ("options nothing", "options[nothing] not found."),
        ("options nothing 1", "options[nothing] not found."),
    ] {
        let answer = exec(java.pid(), line);
        assert!(answer.code == 1 && answer.err.contains(says), "{line}: {answer:#?}");
    }
    let results = exec_json(java.pid(), "options");
    let rows = result(&results, "options")["options"].as_array().unwrap().clone();
    let value = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap()["value"].clone();
    assert_eq!((value("unsafe"), value("object-size-limit")), ("false".into(), "10485760".into()));
    for name in ["save-result", "job-timeout", "dump", "batch-re-transform", "strict"] {
        assert!(!value(name).is_null(), "{name}");
    }
}
