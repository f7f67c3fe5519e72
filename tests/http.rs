//! The HTTP API of a real agent, asked by real `curl` in the style of Arthas's documentation; and every command
//! with every permission.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::client::result;
use harness::curl::{self, PASSWORD};
use harness::resources::Holdings;
use harness::{Answer, Curl, Java, JavaBuilder, eventually, exec, exec_json, jdk, jdks};
use serde_json::{Value, json};
use wire::arthas::Response;

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
            (&json!("REFUSED"), &json!("Another command is executing."))
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
    assert!(curl::session(&java)["portPassword"].is_null(), "it was given, not made up");
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
    let java = Java::demo(&jdk("17"));
    let pid = java.pid().to_string();
    let attached = Answer::of(&["attach", &pid, "-o", &format!("http={at}")]);
    assert_eq!(attached.code, 0, "{}", attached.err);
    assert!(attached.err.contains(&format!("`oxprobe exec {pid} session` shows")), "{}", attached.err);
    eventually("the port is open", || TcpStream::connect(&at).ok());
    let shown =
        eventually("it is shown", || curl::session(&java)["portPassword"].as_str().map(str::to_owned));
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
    let log = Answer::of(&["log", &pid]).ok();
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

#[test]
fn an_answer_through_an_arthas_tunnel_is_byte_for_byte_javas() {
    let jar = harness::arthas::home().join("arthas-core.jar");
    let header = |number: usize| (format!("X-Header-{number}"), format!("value \u{e9}\u{1f600}\0 {number}"));
    for version in ["8", "17"] {
        let mut command = JavaBuilder::new(&jdk(version), "ProxyAnswer").arg(jar.to_str().unwrap()).command();
        let mut java = harness::Running::start(&mut command);
        java.line("the program to be ready", |line| line == "ready");
        for (status, content, headers) in [(200, 0, 0), (404, 9, 1), (200, 100_000, 5), (302, 1, 12)] {
            let headers: Vec<_> = (0..headers).map(header).collect();
            let response = Response { status, content: vec![b'x'; content], headers: headers.clone() };
            java.say(&wire::base64::encode(&response.to_bytes()));
            let sorted: BTreeMap<String, String> = headers.into_iter().collect();
            let shown: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let line = java.line("its answer", |line| line.starts_with("ok "));
            let wanted = format!("ok same {status} {content} {{{}}}", shown.join(", "));
            // What stands on a terminal may have lost what its character set lacks.
            let plain =
                |text: &str| text.chars().filter(|c| c.is_ascii_graphic() && *c != '?').collect::<String>();
            assert_eq!(plain(&line), plain(&wanted), "Java {version}");
        }
    }
}

/// Where values are in an answer, without the insides of results.
fn paths(value: &Value, prefix: &str, into: &mut Vec<String>) {
    let Value::Object(fields) = value else { return into.push(prefix.to_owned()) };
    for (key, value) in fields {
        paths(value, &format!("{prefix}.{key}"), into);
    }
}

/// The two sides of one question: the state, a failure's text, where values are, and of results their types.
fn shape(reply: &Value) -> Value {
    let mut found = Vec::new();
    paths(reply, "", &mut found);
    let kinds: Vec<&Value> =
        reply["body"]["results"].as_array().into_iter().flatten().map(|r| &r["type"]).collect();
    let statuses: Vec<&Value> =
        reply["body"]["results"].as_array().into_iter().flatten().map(|r| &r["inputStatus"]).collect();
    let status = &reply["body"]["jobStatus"];
    json!({"state": reply["state"], "paths": found, "kinds": kinds, "input": statuses, "jobStatus": status})
}

/// Starts a command that weaves, on Arthas's side, and gives the answer once its probes are in. Arthas weaves for one
/// command at a time and is busy for a while after the one before: the command then ends at once, and is asked again.
fn weaving(request: &Value, consumer: &Value, ask: &dyn Fn(&Value) -> Value) -> Value {
    let pull = json!({"action": "pull_results", "sessionId": request["sessionId"], "consumerId": consumer});
    let mut answer = ask(request);
    harness::eventually("Arthas to have its turn at weaving", || {
        let pulled = ask(&pull);
        let results = pulled["body"]["results"].as_array()?;
        let mine = || results.iter().filter(|result| result["jobId"] == answer["body"]["jobId"]);
        if mine().any(|result| result["type"] == "enhancer" && result["success"] == true) {
            return Some(answer.clone());
        }
        if mine().any(|result| result["type"] == "status") {
            answer = ask(request);
        }
        None
    })
}

#[test]
fn the_envelope_is_arthass_in_the_same_run() {
    let (ours, theirs) = (Java::demo(&jdk("17")), Java::demo(&jdk("17")));
    let curl = Curl::open(&ours, "");
    let arthas = harness::arthas::boot(&theirs, &[]);
    let ask_theirs = |request: &Value| -> Value {
        let out = std::process::Command::new("curl")
            .args(["-s", "-m", "60", "-d", &request.to_string()])
            .arg(format!("http://127.0.0.1:{}/api", arthas.http))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why} in {text}"))
    };
    let sessions =
        [curl.api(&json!({"action": "init_session"})), ask_theirs(&json!({"action": "init_session"}))];
    assert_eq!(shape(&sessions[0]), shape(&sessions[1]));
    let mut differing = Vec::new();
    let mut both = |request: &Value| {
        let [ours, theirs] = [0, 1].map(|side| {
            let mut request = request.clone();
            if request["sessionId"] == "S" {
                request["sessionId"] = sessions[side]["sessionId"].clone();
            }
            if request["consumerId"] == "C" {
                request["consumerId"] = sessions[side]["consumerId"].clone();
            }
            match side {
                0 => curl.api(&request),
                _ if request["command"].as_str().is_some_and(|line| line.starts_with("monitor")) => {
                    weaving(&request, &sessions[1]["consumerId"], &ask_theirs)
                }
                _ => ask_theirs(&request),
            }
        });
        if shape(&ours) != shape(&theirs) {
            differing.push(format!("{request}\n  ours   {ours}\n  theirs {theirs}"));
        }
        if ours["state"] == "FAILED"
            && !request["command"].is_string()
            && ours["message"] != theirs["message"]
        {
            differing
                .push(format!("{request}\n  ours   {}\n  theirs {}", ours["message"], theirs["message"]));
        }
    };
    let pull = json!({"action": "pull_results", "sessionId": "S", "consumerId": "C"});
    for request in [
        pull.clone(),
        pull.clone(),
        json!({"action": "exec", "command": "version", "requestId": "r"}),
        json!({"action": "exec", "command": "sysprop java.version", "sessionId": "S"}),
        json!({"action": "exec", "command": "nosuch"}),
        json!({"action": "exec", "command": "version", "execTimeout": "5000"}),
        json!({"action": "session_info", "sessionId": "S"}),
        json!({"action": "interrupt_job", "sessionId": "S"}),
        json!({}),
        json!({"action": "nope"}),
        json!({"action": "async_exec", "command": "version"}),
        json!({"action": "session_info", "sessionId": "none"}),
        json!({"action": "pull_results", "sessionId": "S"}),
        json!({"action": "pull_results", "sessionId": "S", "consumerId": "none"}),
        json!({"action": "async_exec", "sessionId": "S", "command": "monitor -c 60 demo.MathGame run"}),
        json!({"action": "exec", "sessionId": "S", "command": "version"}),
        json!({"action": "async_exec", "sessionId": "S", "command": "version"}),
        json!({"action": "interrupt_job", "sessionId": "S"}),
        json!({"action": "async_exec", "sessionId": "S", "command": "nosuch"}),
        json!({"action": "close_session", "sessionId": "S"}),
    ] {
        both(&request);
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn a_crowd_that_does_not_read_costs_little_and_leaves_nothing() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-Xint").without_checks().start();
    let pid = java.pid();
    let curl = Curl::open(&java, "");
    let at = curl.base.trim_start_matches("http://").to_owned();
    let ask = |command: &str| {
        let body = json!({"action": "exec", "command": command}).to_string();
        format!(
            "POST /api HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YXJ0aGFzOmh1c2g=\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    curl.api(&json!({"action": "exec", "command": "sysprop"}));
    let before = Holdings::of(pid);
    let crowd: Vec<TcpStream> = (0..300)
        .map(|number| {
            let mut stream = TcpStream::connect(&at).unwrap();
            let text = match number % 3 {
                // Says nothing; begins and does not go on; asks for much and never reads it.
                0 => String::new(),
                1 => "POST /api HTTP/1.1\r\nHost: local".to_owned(),
                _ => ask("sysprop").repeat(20),
            };
            stream.write_all(text.as_bytes()).unwrap();
            stream
        })
        .collect();
    let since = Instant::now();
    let reply = curl.api(&json!({"action": "exec", "command": "version"}));
    assert_eq!(reply["state"], "SUCCEEDED", "{reply}");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let during = Holdings::of(pid);
    println!("before {before:?}, with the crowd {during:?}");
    assert!(during.rss_kib < before.rss_kib + 64 * 1024, "{before:?} {during:?}");
    drop(crowd);
    eventually("its connections are gone", || {
        (Holdings::of(pid).descriptors <= before.descriptors).then_some(())
    });
    eventually("its threads are gone", || (Holdings::of(pid).threads <= before.threads).then_some(()));
    java.assert_undisturbed();
}
