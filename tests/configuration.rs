//! Where the agent's configuration comes from, as `options` of a real agent tells it.

use harness::client::result;
use harness::{Answer, Java, JavaBuilder, exec, exec_json, jdk};
use serde_json::Value;

/// A key's value and source.
fn key(java: &Java, name: &str) -> (Value, String) {
    let results = exec_json(java.pid(), "options");
    let rows = result(&results, "configuration")["configuration"].as_array().unwrap().clone();
    let row = rows.iter().find(|row| row["key"] == name).unwrap_or_else(|| panic!("no {name} in {rows:#?}"));
    (row["value"].clone(), row["source"].as_str().unwrap().to_owned())
}

#[test]
fn options_tells_each_value_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("oxprobe.conf");
    std::fs::write(&file, "session-timeout=90m\narthas.username=ann\npassword=hush\napp-name=file\n")
        .unwrap();
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame")
        .vm("-Darthas.outputPath=/tmp/property")
        .vm("-Doxprobe.password=hush")
        .vm("-Darthas.disabledCommands=cls,echo")
        .env("OXPROBE_READ_ONLY", "false")
        .env("OXPROBE_TUNNEL_URL", "tcp://10.0.0.1:7777")
        .with_agent(&format!("app-name=orders,config={}", file.display()))
        .start();
    let text = |value: &str| Value::from(value);
    let from_file = format!("file {}", file.display());
    assert_eq!(key(&java, "app-name"), (text("orders"), "option".to_owned()));
    assert_eq!(key(&java, "read-only"), (text("false"), "environment OXPROBE_READ_ONLY".to_owned()));
    assert_eq!(key(&java, "output-dir"), (text("/tmp/property"), "property arthas.outputPath".to_owned()));
    assert_eq!(key(&java, "session-timeout"), (text("90m"), from_file.clone()));
    assert_eq!(key(&java, "user"), (text("ann"), from_file.clone()));
    assert_eq!(key(&java, "password"), (text("***"), from_file));
    assert_eq!(key(&java, "tunnel-url"), (Value::Null, "default".to_owned()));
    assert_eq!(key(&java, "http"), (text("off"), "default".to_owned()));
    assert_eq!(exec(java.pid(), "echo 1").code, 2, "the property of Arthas takes the command away");
    let session = exec(java.pid(), "session").ok();
    assert!(session.contains("enableServiceLinks") && session.contains("oxprobe.password"), "{session}");
    assert!(!session.contains("hush") && !exec(java.pid(), "options").ok().contains("hush"));
    java.assert_undisturbed();
}

#[test]
fn a_living_agent_takes_new_values_and_says_who_gave_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = JavaBuilder::new(&jdk("17"), "demo.Shop").env("OXPROBE_SESSION_TIMEOUT", "1h").start();
    let pid = java.pid().to_string();
    let options = format!("output-dir={},session-timeout=45m", folder.path().display());
    Answer::of(&["attach", &pid, "-o", &options]).ok();
    assert_eq!(key(&java, "session-timeout"), (Value::from("45m"), "option".to_owned()));
    assert!(exec(java.pid(), "options session-timeout").ok().contains("45m"));
    let answer = exec(java.pid(), "options http 8563");
    assert!(answer.code == 1 && answer.err.contains("-o http="), "{answer:#?}");
    let answer = Answer::of(&["attach", &pid, "-o", "password=hush"]);
    assert!(
        answer.code == 2 && answer.err.contains("password-file") && !answer.err.contains("hush"),
        "{answer:#?}"
    );
    // Where the output goes is in force at once: woven classes are written there, and named.
    exec_json(java.pid(), "options dump true");
    let running = std::thread::spawn({
        let pid = java.pid();
        move || exec_json(pid, "stack demo.Shop check -n 1")
    });
    while !running.is_finished() {
        java.ask("orders 4");
    }
    let results = running.join().unwrap();
    let file = result(&results, "enhancer")["effect"]["classDumpFiles"][0].as_str().unwrap().to_owned();
    assert!(file.starts_with(folder.path().to_str().unwrap()), "{file}");
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbe]), "{file}");
}
