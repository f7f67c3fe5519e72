//! The MCP server of a real agent, called by the official SDKs for Python and Java as an assistant does.

use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::client::result;
use harness::curl::{self, PASSWORD};
use harness::jdk::{cache, root};
use harness::mcp::{begin, call};
use harness::{Answer, Curl, Java, JavaBuilder, Jdk, eventually, exec, jdk};
use serde_json::{Value, json};

/// A port with `/mcp`, and `curl` for it.
struct Server {
    url: String,
    curl: Curl,
}

impl Server {
    fn open(java: &Java, options: &str) -> Self {
        let at = format!("127.0.0.1:{}", harness::tunnel::free_port());
        let curl = Curl::open(java, &format!("mcp={at}{options}"));
        eventually("the port is open", || TcpStream::connect(&at).ok());
        Self { url: format!("http://{at}"), curl }
    }
}

fn sdk(part: &str) -> PathBuf {
    let path = cache().join("mcp").join(part);
    assert!(path.exists(), "no {}: run scripts/mcp", path.display());
    path
}

/// Runs a client with this input; what it says it has seen.
fn run(command: &mut Command, input: &Value) -> Value {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last)
        .unwrap_or_else(|why| panic!("{why} in {text}\n{}", String::from_utf8_lossy(&out.stderr)))
}

fn python(server: &Server, input: &Value) -> Value {
    let client = root().join("tests/mcp/client.py");
    let url = format!("{}/mcp", server.url);
    run(
        Command::new("timeout").arg("200").arg(sdk("python/bin/python")).arg(client).args([&url, PASSWORD]),
        input,
    )
}

fn java_sdk(server: &Server, input: &Value) -> Value {
    let jars = format!("{}/*", sdk("java").display());
    let client = root().join("tests/mcp/Client.java");
    let mut command = Command::new("timeout");
    command.arg("200").arg(jdk("17").tool("java")).args(["-cp", &jars]).arg(client);
    run(command.args([&server.url, PASSWORD]), input)
}

/// What each tool is called with in the demo program.
fn calls(folder: &Path) -> Vec<(&'static str, Value)> {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(file("Added.java"), "package demo; public class Added {}").unwrap();
    let class = harness::java::classes().join("demo/MathGame.class");
    let (game, run) = ("demo.MathGame", "run");
    vec![
        ("version", json!({})),
        ("options", json!({"name": "unsafe"})),
        ("jvm", json!({})),
        ("memory", json!({})),
        ("thread", json!({"topN": 2})),
        ("sysprop", json!({"propertyName": "java.version"})),
        ("sysenv", json!({"envName": "PATH"})),
        ("vmoption", json!({"key": "HeapDumpOnOutOfMemoryError"})),
        ("perfcounter", json!({})),
        ("mbean", json!({"namePattern": "java.lang:type=Runtime", "attributePattern": "Uptime"})),
        ("dashboard", json!({"intervalMs": 100, "numberOfExecutions": 2})),
        ("heapdump", json!({"live": true, "filePath": file("demo.hprof")})),
        ("getstatic", json!({"className": game, "fieldName": "RANDOM"})),
        ("ognl", json!({"expression": "1 + 2"})),
        ("vmtool", json!({"action": "getInstances", "className": game, "limit": 1})),
        ("watch", json!({"classPattern": game, "methodPattern": "primeFactors", "numberOfExecutions": 3})),
        ("trace", json!({"classPattern": game, "methodPattern": run})),
        ("stack", json!({"classPattern": game, "methodPattern": "primeFactors"})),
        ("monitor", json!({"classPattern": game, "methodPattern": run, "intervalMs": 1000})),
        (
            "tt",
            json!({"action": "record", "classPattern": game, "methodPattern": run, "numberOfExecutions": 2}),
        ),
        ("sc", json!({"classPattern": game})),
        ("sm", json!({"classPattern": game})),
        ("classloader", json!({})),
        ("jad", json!({"classPattern": game})),
        ("dump", json!({"classPattern": game, "outputDir": file("")})),
        ("mc", json!({"javaFilePaths": [file("Added.java")], "outputDir": file("")})),
        ("redefine", json!({"classFilePaths": [class.to_str().unwrap()]})),
        ("retransform", json!({"classFilePaths": [class.to_str().unwrap()]})),
        ("profiler", json!({"action": "status"})),
        ("upload_file", json!({"fileName": "Added.java", "contentBase64": "Y2xhc3MgQWRkZWQge30="})),
        ("viewfile", json!({"path": "notes.txt"})),
    ]
}

/// A demo program whose output folder is this one.
fn demo(jdk: &Jdk, folder: &Path) -> Java {
    std::fs::write(folder.join("notes.txt"), "written by a command").unwrap();
    let java = JavaBuilder::new(jdk, "demo.MathGame");
    // What `mbean` asks makes JDK 8's own code complain there.
    if jdk.major == 8 { java.without_checks().start() } else { java.start() }
}

/// The calls of the tools that are listed; `stop` comes last and by itself.
fn listed(server: &Server, folder: &Path) -> (Vec<String>, Value) {
    let text = server.curl.run("/api", &["-d", r#"{"action":"exec","command":"help"}"#]);
    let commands: Value = serde_json::from_str(&text).unwrap();
    let commands = commands["body"]["results"][0]["commands"].as_array().unwrap_or_else(|| panic!("{text}"));
    let known = |name: &str| {
        matches!(name, "upload_file" | "viewfile") || commands.iter().any(|command| command["name"] == name)
    };
    let calls: Vec<_> = calls(folder).into_iter().filter(|(name, _)| known(name)).collect();
    let names = calls.iter().map(|(name, _)| (*name).to_owned()).collect();
    let calls: Vec<Value> =
        calls.into_iter().map(|(name, arguments)| json!({"name": name, "arguments": arguments})).collect();
    (names, json!(calls))
}

/// Every call of a client ended well, with the fields that Arthas's clients know.
fn check(seen: &Value, names: &[String]) {
    let mut tools: Vec<&String> = seen["tools"].as_object().unwrap().keys().collect();
    let mut expected: Vec<String> = names.to_vec();
    expected.push("stop".to_owned());
    tools.sort();
    expected.sort();
    assert_eq!(tools, expected.iter().collect::<Vec<_>>(), "the tools whose command is there");
    assert_eq!((&seen["resources"], &seen["prompts"]), (&json!(0), &json!(0)));
    assert!(seen["unknown"].as_str().unwrap().contains("Unknown tool: nothing"), "{}", seen["unknown"]);
    assert!(seen["wrongToken"].as_str().unwrap().contains("401"), "{}", seen["wrongToken"]);
    for name in names {
        let call = &seen["calls"][name];
        let payload = &call["payload"];
        assert_eq!(call["isError"], false, "{name}: {call}");
        match name.as_str() {
            "dashboard" | "watch" | "trace" | "stack" | "monitor" | "tt" => {
                assert_eq!((&payload["status"], &payload["timedOut"]), (&json!("completed"), &json!(false)));
                assert_eq!(payload["stage"], "final");
                assert!(!call["progress"].as_array().unwrap().is_empty(), "{name} tells of progress");
                let kind = result(payload["results"].as_array().unwrap(), name);
                assert_eq!(kind["type"].as_str(), Some(name.as_str()));
            }
            "upload_file" | "viewfile" => assert!(payload.get("error").is_none(), "{name}: {payload}"),
            _ => {
                assert_eq!(payload["success"], true, "{name}: {payload}");
                assert!(payload["executionTime"].is_u64() && payload["sessionId"].is_string(), "{payload}");
            }
        }
        if let Some(count) = payload["resultCount"].as_u64() {
            assert_eq!(payload["results"].as_array().unwrap().len() as u64, count, "{name}");
        }
        if !call["structured"].is_null() {
            assert_eq!(&call["structured"], payload, "{name}");
        }
    }
    let watched = seen["calls"]["watch"]["payload"]["results"].as_array().unwrap();
    assert_eq!(watched.iter().filter(|result| result["type"] == "watch").count(), 3);
    assert_eq!(seen["calls"]["viewfile"]["payload"]["content"], "written by a command");
}

#[test]
fn the_official_python_sdk_calls_every_tool_and_runs_tasks() {
    for name in ["8", "17"] {
        let folder = tempfile::tempdir().unwrap();
        let mut java = demo(&jdk(name), folder.path());
        let server = Server::open(&java, &format!(",output-dir={}", folder.path().display()));
        let (names, calls) = listed(&server, folder.path());
        let watch = json!({"classPattern": "demo.MathGame", "methodPattern": "primeFactors"});
        let mut endless = watch.clone();
        endless["numberOfExecutions"] = json!(1_000_000);
        endless["timeout"] = json!(600);
        let seen = python(
            &server,
            &json!({"calls": calls, "quick": {"name": "watch", "arguments": watch}, "endless": {"name": "watch", "arguments": endless}}),
        );
        check(&seen, &names);
        assert_eq!((&seen["server"], &seen["protocol"]), (&json!("arthas-mcp-server"), &json!("2025-11-25")));
        assert_eq!(seen["tools"]["watch"]["execution"]["taskSupport"], "optional");
        assert_eq!(seen["tools"]["jvm"]["execution"]["taskSupport"], "forbidden");
        assert_eq!(seen["tools"]["jvm"]["annotations"]["readOnlyHint"], true);
        assert_eq!(seen["calls"]["sysprop"]["structured"]["success"], true, "data, too");

        assert_eq!((&seen["taskStatus"], &seen["listed"]), (&json!("completed"), &json!(true)));
        assert_eq!(seen["task"]["payload"]["status"], "completed");
        assert_eq!(seen["cancelledTask"], "cancelled");
        assert_eq!(seen["cancelledResult"]["payload"]["status"], "cancelled");
        assert_eq!(seen["answeredAfterCancel"], false);
        assert!(seen["told"].to_string().contains("notifications/tasks/status"), "{}", seen["told"]);

        let log = Answer::of(&["log", &java.pid().to_string()]).ok();
        assert!(log.contains(r#"user="python-sdk" from=mcp"#), "{log}");
        assert!(log.contains("tool=upload_file"), "{log}");
        let sent = seen["calls"]["upload_file"]["payload"]["targetPath"].as_str().unwrap().to_owned();
        assert!(Path::new(&sent).exists());
        assert!(exec(java.pid(), "stop").ok().contains("left the JVM"));
        eventually("what was sent is gone", || (!Path::new(&sent).exists()).then_some(()));
        java.assert_undisturbed();
    }
}

#[test]
fn the_official_java_sdk_calls_every_tool() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = demo(&jdk("21"), folder.path());
    let server = Server::open(&java, &format!(",output-dir={}", folder.path().display()));
    let (names, calls) = listed(&server, folder.path());
    let seen = java_sdk(&server, &json!({"calls": calls}));
    check(&seen, &names);
    assert_eq!(seen["server"], "arthas-mcp-server");
    java.assert_undisturbed();
    let sent = seen["calls"]["upload_file"]["payload"]["targetPath"].as_str().unwrap().to_owned();
    assert!(Path::new(&sent).exists());
    java.tell("exit");
    eventually("what was sent goes with the JVM", || (!Path::new(&sent).exists()).then_some(()));
}

#[test]
fn a_port_of_its_own_stops_the_agent_when_a_tool_says_so() {
    let mut java = Java::demo(&jdk("17"));
    let server = Server::open(&java, "");
    assert_eq!(curl::session(&java)["mcp"], server.url.trim_start_matches("http://"));
    let session = begin(&server.url);
    let result = call(&server.url, Some(&session), "stop", &json!({"delayMs": 100}));
    assert_eq!(result["structuredContent"]["success"], true, "{result}");
    let at = server.url.trim_start_matches("http://");
    eventually("the port is closed", || TcpStream::connect(at).is_err().then_some(()));
    java.assert_undisturbed();
}

#[test]
fn without_sessions_a_call_needs_no_beginning_and_permissions_hold() {
    let mut java = Java::demo(&jdk("17"));
    let server = Server::open(&java, ",mcp-protocol=STATELESS,allow=view");
    let result = call(&server.url, None, "version", &json!({}));
    assert_eq!(result["isError"], false, "{result}");
    let result = call(&server.url, None, "watch", &json!({"classPattern": "demo.MathGame"}));
    assert_eq!(result["isError"], true);
    assert!(result.to_string().contains("needs the permission observe"), "{result}");
    let calls = json!([{"name": "version", "arguments": {}}, {"name": "thread", "arguments": {"topN": 1}}]);
    let seen = python(&server, &json!({"calls": calls, "quick": null}));
    assert_eq!((&seen["session"], &seen["hasTasks"]), (&Value::Null, &json!(false)));
    for name in ["version", "thread"] {
        assert_eq!(seen["calls"][name]["payload"]["success"], true, "{seen}");
    }
    java.assert_undisturbed();
}
