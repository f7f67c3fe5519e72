//! `mbean`: beans of the JDK and of an application, friendly and not.

use harness::client::result;
use harness::{Java, JavaBuilder, Jdk, exec, exec_json, jdk, jdks};
use serde_json::{Value, json};

fn program(jdk: &Jdk, permissions: &str) -> Java {
    let options = if permissions.is_empty() { String::new() } else { format!("permissions={permissions}") };
    let program = JavaBuilder::new(jdk, "demo.Beans").with_agent(&options);
    // The management code of JDK 8 and 11 itself makes JNI calls that the JVM warns of.
    if jdk.major < 17 { program.without_checks().start() } else { program.start() }
}

fn attributes(java: &Java, line: &str, bean: &str) -> Vec<Value> {
    let results = exec_json(java.pid(), line);
    let beans = &result(&results, "mbean")["mbeanAttribute"];
    beans[bean].as_array().cloned().unwrap_or_else(|| panic!("{line}: no {bean} in {beans:#}"))
}

fn named<'a>(attributes: &'a [Value], name: &str) -> &'a Value {
    let found = attributes.iter().find(|attribute| attribute["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {attributes:#?}"))
}

#[test]
fn a_bean_of_the_application_is_shown_whatever_its_getters_do() {
    for jdk in jdks() {
        let mut java = program(&jdk, "");
        let all = attributes(&java, "mbean demo:type=Stock,*", "demo:type=Stock,name=main");
        assert_eq!(named(&all, "Open")["value"], true);
        assert_eq!(named(&all, "Levels")["value"], json!([1, 2, 3]));
        assert_eq!(named(&all, "Words")["value"], json!(["one", "two"]));
        assert_eq!(named(&all, "Nothing")["value"], Value::Null);
        assert_eq!(named(&all, "Limit")["error"], "Unavailable");
        assert_eq!(named(&all, "Broken")["error"], "Failure");
        assert_eq!(named(&all, "Unknown")["error"], "Unsupported");
        assert_eq!(named(&all, "Deep")["error"], "Failure");
        assert_eq!(named(&all, "Password")["value"], "***");
        // Each getter ran once, and that of the password not at all.
        assert_eq!(java.ask("count"), "2", "JDK {}", jdk.major);
        let all = attributes(&java, "mbean demo:type=Depot", "demo:type=Depot");
        let place = json!({"street": "Long Street", "number": 7, "token": "***"});
        assert_eq!(named(&all, "Place")["value"], place);
        assert_eq!(named(&all, "Places")["value"], json!([place, null]));
        assert_eq!(
            named(&all, "Settings")["value"],
            json!([{"key": "db.password", "value": "***"}, {"key": "db.user", "value": "ann"}])
        );
        assert_eq!(named(&all, "Names")["value"], json!(["north", "south"]));
        assert_eq!(named(&all, "State")["value"], "RUNNABLE");
        java.assert_undisturbed();
    }
}

#[test]
fn without_evaluate_no_getter_of_the_application_runs() {
    let mut java = program(&jdk("17"), "view observe");
    let pid = java.pid();
    for line in ["mbean demo:*", "mbean -m demo:*", "mbean java.lang:type=Stranger"] {
        let answer = exec(pid, line);
        assert_eq!(answer.code, 1, "{line}: {answer:#?}");
        assert!(answer.err.contains("permission evaluate"), "{line}: {answer:#?}");
    }
    let results = exec_json(pid, "mbean *:type=*,*");
    assert!(result(&results, "message")["message"].as_str().unwrap().starts_with("3 beans are left out"));
    let results = exec_json(pid, "mbean java.lang:*");
    let beans = result(&results, "mbean")["mbeanAttribute"].as_object().unwrap().clone();
    assert!(beans.contains_key("java.lang:type=Memory") && !beans.contains_key("java.lang:type=Stranger"));
    let names = exec_json(pid, "mbean");
    let names = result(&names, "mbean")["mbeanNames"].as_array().unwrap().clone();
    assert!(names.contains(&json!("demo:type=Depot")), "{names:?}");
    assert_eq!(java.ask("count"), "0");
    java.assert_undisturbed();
}

#[test]
fn every_bean_of_the_platform_answers_on_every_jdk() {
    for jdk in jdks() {
        let mut java = program(&jdk, "view");
        let pid = java.pid();
        let results = exec_json(pid, "mbean *:*");
        let beans = result(&results, "mbean")["mbeanAttribute"].as_object().unwrap().clone();
        assert!(beans.len() > 10, "JDK {}: {beans:?}", jdk.major);
        let results = exec_json(pid, "mbean -m *:*");
        let told = result(&results, "mbean")["mbeanMetadata"].as_object().unwrap().clone();
        assert!(told.len() >= beans.len(), "JDK {}", jdk.major);
        let attributes = attributes(&java, "mbean java.lang:type=Runtime", "java.lang:type=Runtime");
        assert_eq!(named(&attributes, "VmName")["value"], property(pid, "java.vm.name"));
        assert_eq!(java.ask("count"), "0");
        java.assert_undisturbed();
    }
}

fn property(pid: u32, name: &str) -> Value {
    result(&exec_json(pid, &format!("sysprop {name}")), "sysprop")["props"][name].clone()
}

#[test]
fn attributes_are_chosen_by_pattern_and_asked_again() {
    let java = program(&jdk("17"), "");
    let bean = "java.lang:type=Threading";
    let names = |line: &str| -> Vec<String> {
        let all = attributes(&java, line, bean);
        all.iter().map(|attribute| attribute["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(&format!("mbean {bean} *Count")).iter().all(|name| name.ends_with("Count")));
    let mut chosen = names(&format!("mbean -E {bean} ThreadCount|Peak.*"));
    chosen.sort();
    assert_eq!(chosen, ["PeakThreadCount", "ThreadCount"]);
    let answer = exec(java.pid(), &format!("mbean -i 10 -n 3 {bean} ThreadCount"));
    assert_eq!((answer.code, answer.out.matches("OBJECT_NAME").count()), (1, 3), "{answer:#?}");
    assert!(answer.err.contains("Process ends after 3 time(s)."), "{answer:#?}");
    for (line, says) in [("mbean nope", "java.lang:type=Memory"), (&format!("mbean -E {bean} ("), "(")] {
        let answer = exec(java.pid(), line);
        assert!(answer.code == 1 && answer.err.contains(says), "{answer:#?}");
    }
    assert_eq!(exec_json(java.pid(), "mbean demo:type=None")[0]["mbeanAttribute"], json!({}));
}
