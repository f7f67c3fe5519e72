//! The HTTP API of a real agent, asked by real `curl` in the style of Arthas's documentation; and every command
//! with every permission.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::client::result;
use harness::curl::{self, PASSWORD};
use harness::{Answer, Curl, Java, JavaBuilder, eventually, exec, exec_json, jdk, jdks};
use serde_json::{Value, json};

fn results(reply: &Value) -> Vec<Value> {
    reply["body"]["results"].as_array().unwrap_or_else(|| panic!("{reply}")).clone()
}

/// Pulls until there is a result of this type.
fn pull(curl: &Curl, session: &Value, consumer: &Value, kind: &str) -> Vec<Value> {
    let request = json!({"action": "pull_results", "sessionId": session, "consumerId": consumer});
    let mut all = Vec::new();
    eventually(kind, || {
        all.extend(results(&curl.api(&request)));
        all.iter().any(|result| result["type"] == kind).then_some(())
    });
    all
}

#[test]
fn scripts_made_for_arthas_work_unchanged() {
    for jdk in jdks() {
        let mut java = Java::demo(&jdk);
        let curl = Curl::open(&java, "");

        let reply = curl.api(&json!({"action": "exec", "command": "version"}));
        assert_eq!(reply["state"], "SUCCEEDED", "{reply}");
        assert_eq!(reply["body"]["jobStatus"], "TERMINATED");
        assert_eq!(result(&results(&reply), "status")["statusCode"], 0);
        assert_eq!(result(&results(&reply), "version")["version"], env!("CARGO_PKG_VERSION"));

        let reply =
            curl.api(&json!({"action": "exec", "command": "sysprop java.version", "requestId": "req112"}));
        let known = exec_json(java.pid(), "sysprop java.version");
        assert_eq!(result(&results(&reply), "sysprop")["props"], result(&known, "sysprop")["props"]);
        assert_eq!(reply["requestId"], "req112");

        let opened = curl.api(&json!({"action": "init_session"}));
        let (session, consumer) = (&opened["sessionId"], &opened["consumerId"]);
        let first = pull(&curl, session, consumer, "input_status");
        let pid = java.pid().to_string();
        assert_eq!(result(&first, "welcome")["pid"], pid);
        assert_eq!(result(&first, "welcome")["mainClass"], "demo.MathGame");

        let shown = curl.api(&json!({"action": "exec", "sessionId": session, "command": "session"}));
        let shown = result(&results(&shown), "session").clone();
        assert_eq!(&shown["sessionId"], session, "the session that is told is the one that asks");
        assert_eq!((&shown["from"], &shown["userId"]), (&json!("http"), &json!("arthas")));

        let line = "watch demo.MathGame primeFactors {params,returnObj} -n 3 -x 2";
        let reply = curl.api(&json!({"action": "async_exec", "sessionId": session, "command": line}));
        assert_eq!(reply["state"], "SCHEDULED", "{reply}");
        assert_eq!(reply["body"]["jobStatus"], "READY");
        let seen = pull(&curl, session, consumer, "status");
        assert_eq!(seen.iter().filter(|result| result["type"] == "watch").count(), 3, "{seen:#?}");
        let watched = result(&seen, "watch");
        for key in ["accessPoint", "className", "cost", "jobId", "methodName", "ts", "value"] {
            assert!(!watched[key].is_null(), "{key}: {watched}");
        }

        let joined = curl.api(&json!({"action": "join_session", "sessionId": session}));
        let recalled = pull(&curl, session, &joined["consumerId"], "status");
        assert_eq!(recalled[0]["inputStatus"], "DISABLED");
        assert_eq!(result(&recalled, "command")["command"], line);

        curl.api(&json!({"action": "async_exec", "sessionId": session, "command": "monitor -c 1 demo.MathGame run"}));
        pull(&curl, session, consumer, "weaving");
        let reply = curl.api(&json!({"action": "exec", "sessionId": session, "command": "version"}));
        assert_eq!(
            (&reply["state"], &reply["message"]),
            (&json!("REFUSED"), &json!("Another job is running."))
        );
        let reply = curl.api(&json!({"action": "interrupt_job", "sessionId": session}));
        assert_eq!(reply["body"]["jobStatus"], "TERMINATED", "{reply}");
        let reply = curl.api(&json!({"action": "close_session", "sessionId": session}));
        assert_eq!(reply, json!({"state": "SUCCEEDED"}));

        let reply = curl.api(&json!({
            "action": "exec", "execTimeout": "2000", "command": "watch demo.MathGame primeFactors params"
        }));
        assert_eq!(reply["state"], "INTERRUPTED", "{reply}");
        assert_eq!((&reply["body"]["timeExpired"], &reply["body"]["timeout"]), (&json!(true), &json!(2000)));
        assert!(results(&reply).iter().any(|result| result["type"] == "watch"), "{reply}");

        assert_eq!(curl.run("/api", &[]), r#"{"message":"Unsupported http method: GET","state":"REFUSED"}"#);
        let reply = curl.api(&json!({"action": "exec", "command": "nosuchcmd"}));
        assert_eq!(reply["state"], "FAILED");
        assert!(reply["message"].as_str().unwrap().contains("nosuchcmd: command not found"), "{reply}");

        let reply = curl.api(&json!({"action": "exec", "command": "stop"}));
        assert_eq!(reply["state"], "SUCCEEDED", "{reply}");
        assert_eq!(result(&results(&reply), "status")["statusCode"], 0);
        eventually("the port is closed", || {
            TcpStream::connect(curl.base.trim_start_matches("http://")).is_err().then_some(())
        });
        java.assert_undisturbed();
    }
}

#[test]
fn a_port_opens_and_closes_on_a_living_agent_and_a_busy_one_disturbs_nothing() {
    let mut java = Java::demo(&jdk("17"));
    let pid = java.pid().to_string();
    Answer::of(&["attach", &pid]).ok();
    assert!(curl::session(&java)["http"].is_null(), "no port but on demand");
    let curl = Curl::open(&java, "");
    let at = curl.base.trim_start_matches("http://").to_owned();
    assert_eq!(curl::session(&java)["http"], at);
    assert!(curl::session(&java)["httpPassword"].is_null(), "it was given, not made up");
    Answer::of(&["attach", &pid, "-o", "http=off"]).ok();
    eventually("it is closed", || TcpStream::connect(&at).is_err().then_some(()));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap();
    Answer::of(&["attach", &pid, "-o", &format!("http={busy}")]).ok();
    let problem = eventually("the problem is shown", || {
        curl::session(&java)["problems"][0].as_str().map(str::to_owned)
    });
    assert!(problem.contains(&format!("{busy} is in use")), "{problem}");
    assert!(exec(java.pid(), "version").ok().contains(env!("CARGO_PKG_VERSION")));
    java.assert_undisturbed();
}

#[test]
fn a_password_is_made_up_where_none_is_given_and_only_the_local_socket_tells_it() {
    let at = format!("127.0.0.1:{}", harness::tunnel::free_port());
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").with_agent(&format!("http={at}")).start();
    eventually("the port is open", || TcpStream::connect(&at).ok());
    let shown =
        eventually("it is shown", || curl::session(&java)["httpPassword"].as_str().map(str::to_owned));
    let ask = |password: &str| {
        let user = format!("arthas:{password}");
        let body = r#"{"action":"exec","command":"session"}"#;
        let out = std::process::Command::new("curl")
            .args(["-s", "-u", &user, "-d", body, &format!("http://{at}/api")])
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let told = ask(&shown);
    assert!(told.contains("\"http\""), "{told}");
    assert!(!told.contains(&shown), "the port does not tell its own password");
    assert!(!ask(PASSWORD).contains("body"));
    let log = Answer::of(&["log", &java.pid().to_string()]).ok();
    assert!(log.contains("one was made up") && !log.contains(&shown), "{log}");
}

#[test]
fn who_is_not_known_gets_nothing_and_the_log_says_who_did_what() {
    let mut java = Java::demo(&jdk("17"));
    let curl = Curl::open(&java, "");
    let body = r#"{"action":"exec","command":"sysprop evil yes"}"#;
    for (args, wanted) in [
        (vec!["-d", body], "401"),
        (vec!["-d", body, "-u", "arthas:guess"], "401"),
        (vec!["-d", body, "-u", "arthas:hush", "-H", "Host: rebound.example"], "421"),
        (vec!["-d", body, "-u", "arthas:hush", "-H", "Origin: http://evil.example"], "403"),
        (vec!["-d", body, "-u", "arthas:hush", "-H", "Transfer-Encoding: chunked"], "411"),
        (vec!["--http0.9", "-d", body, "-u", "arthas:hush", "-H", "Content-Length: 1, 1"], "400"),
    ] {
        assert_eq!(curl.status("/api", &args), wanted, "{args:?}");
    }
    for path in ["/", "/ws", "/arthas-output/", "/ui/", "/nowhere"] {
        assert_eq!(curl.status(path, &[]), "401", "{path}");
    }
    let known = exec_json(java.pid(), "sysprop");
    assert!(result(&known, "sysprop")["props"]["evil"].is_null(), "nothing of it was done");
    curl.api(&json!({"action": "exec", "command": "sysprop \"\u{1b}[2Jforged\""}));
    let log = Answer::of(&["log", &java.pid().to_string()]).ok();
    let line = log.lines().find(|line| line.contains("forged")).unwrap_or_else(|| panic!("{log}"));
    assert!(!line.contains('\u{1b}'), "{line}");
    for part in ["audit: user=\"arthas\" from=http peer=\"127.0.0.1:", "took=", "end=\"status 1\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
    java.assert_undisturbed();
}

/// What each command needs, as it declares: its page is made from the declaration, and a test of the commands
/// compares the two.
fn declared() -> BTreeMap<String, String> {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands");
    let mut declared = BTreeMap::new();
    for page in std::fs::read_dir(pages).unwrap().flatten() {
        let text = std::fs::read_to_string(page.path()).unwrap();
        let Some((_, rest)) = text.split_once("Needs the permission `") else { continue };
        let name = page.path().file_stem().unwrap().to_string_lossy().into_owned();
        declared.insert(name, rest.split('`').next().unwrap().to_lowercase());
    }
    declared
}

#[test]
fn every_command_needs_the_permission_it_declares_and_no_other() {
    const PERMISSIONS: [&str; 7] = ["view", "profile", "observe", "evaluate", "mutate", "dump", "admin"];
    let mut java = Java::demo(&jdk("17"));
    let curl = Curl::open(&java, "");
    let pid = java.pid().to_string();
    let declared = declared();
    let listed = exec_json(java.pid(), "help");
    let commands = result(&listed, "help")["commands"].as_array().unwrap().clone();
    let names: Vec<&str> = commands.iter().filter_map(|command| command["name"].as_str()).collect();
    assert!(names.len() >= 29, "{names:?}");
    // Asked for their help, commands do nothing; what they need is looked at before.
    let may = |name: &str| {
        let reply = curl.api(&json!({"action": "exec", "command": format!("{name} -h")}));
        let status = results(&reply).last().unwrap().clone();
        match status["statusCode"].as_i64() {
            Some(-10) => true,
            Some(-1) if status["message"].as_str().unwrap().contains("needs the permission") => false,
            _ => panic!("{name}: {reply}"),
        }
    };
    let mut wrong = Vec::new();
    for allowed in PERMISSIONS {
        Answer::of(&["attach", &pid, "-o", &format!("allow={allowed}")]).ok();
        for name in &names {
            let needed = declared.get(*name).unwrap_or_else(|| panic!("{name} has no page"));
            if may(name) != (needed == allowed) {
                wrong.push(format!("{name} needs {needed}, and with {allowed}: {}", may(name)));
            }
        }
    }
    Answer::of(&["attach", &pid, "-o", &format!("allow={},read-only=true", PERMISSIONS.join(" "))]).ok();
    for name in &names {
        let needed = declared[*name].as_str();
        if may(name) != matches!(needed, "view" | "profile" | "observe") {
            wrong.push(format!("{name} needs {needed}, and when nothing may be changed: {}", may(name)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(exec(java.pid(), "reset").code, 0, "the local socket is not bound by it");

    Answer::of(&["attach", &pid, "-o", "disabled-commands=pwd;heap"]).ok();
    for name in ["pwd", "heap"] {
        let reply = curl.api(&json!({"action": "exec", "command": name}));
        assert!(reply["message"].as_str().unwrap().contains("command not found"), "{reply}");
    }
    java.assert_undisturbed();
}

#[test]
fn a_version_costs_little_on_an_open_connection() {
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").without_checks().start();
    let curl = Curl::open(&java, "");
    let mut stream = TcpStream::connect(curl.base.trim_start_matches("http://")).unwrap();
    stream.set_nodelay(true).unwrap();
    let body = r#"{"action":"exec","command":"version"}"#;
    let request = format!(
        "POST /api HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YXJ0aGFzOmh1c2g=\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut times: Vec<Duration> = (0..300)
        .map(|_| {
            let since = Instant::now();
            stream.write_all(request.as_bytes()).unwrap();
            let mut text = String::new();
            while !text.ends_with("\"state\":\"SUCCEEDED\"}") {
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).unwrap();
                assert!(count > 0, "{text}");
                text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            since.elapsed()
        })
        .collect();
    times.sort();
    println!("least {:?}, median {:?}, 95 of 100 {:?}", times[0], times[150], times[285]);
    assert!(times[150] < Duration::from_millis(5), "{:?}", times[150]);
}
