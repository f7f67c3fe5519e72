//! A secret that the application holds under a name that says so never leaves the process: no command, whatever is asked
//! of it, and no transport shows it, plain or encoded. What anybody may see is seen in the same answers, and the secret
//! itself once nothing is to be kept secret: so this can fail.

use data_encoding::{BASE64, HEXLOWER};
use harness::client::result;
use harness::planted::{Dice, finds, forms};
use harness::relay::Relay;
use harness::{Answer, Curl, Java, JavaBuilder, Jdk, Terminal, Tunnel, exec_json, jdk, jdks};
use serde_json::json;

#[test]
fn every_form_is_found() {
    let word = Dice::seeded().word();
    let forms = forms(&word);
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let base64 = BASE64.encode(format!("user:{word}").as_bytes());
    let broken = format!("{}\n{}", &word[..10], &word[10..]);
    let hex = HEXLOWER.encode(word.as_bytes());
    for text in [word.as_bytes(), &wide, base64.as_bytes(), broken.as_bytes(), hex.as_bytes()] {
        assert!(finds(&[b"before ", text, b" after"].concat(), &forms), "{}", String::from_utf8_lossy(text));
    }
    assert!(!finds(b"nothing of that kind, nothing at all", &forms));
}

/// What is asked of calls of `values.Secrets`.
const EXPRESSIONS: &[&str] = &[
    "params",
    "target",
    "returnObj",
    "{params,target,returnObj,throwExp}",
    "#root",
    "params[0]",
    "params[0].inner.inner",
    "params[0].password",
    "params[0].password + params[0].colour",
    "params[0].password.toCharArray()",
    "new String(params[0].password)",
    "params[0].getPassword()",
    "params[0].fetchToken()",
    "params[0].passphrase",
    "params[0].apiToken",
    "params[0].apiToken.toString()",
    "params[0].client_secret",
    "params[0].client_secret.{#this}",
    "params[0].accessKeyBytes",
    "params[0].staticSecret",
    "@values.Secrets$Account@staticSecret",
    "params[0].settings",
    "params[0].settings[\"db.password\"]",
    "params[0].settings.get(\"API_TOKEN\")",
    "params[0].settings.API_TOKEN",
    "params[0].settings.nested.clientSecret",
    "params[0].settings.values()",
    "params[0].settings.values",
    "params[0].settings.values().{#this}",
    "params[0].settings.entrySet()",
    "params[0].settings.entrySet().{value}",
    "params[0].settings.entrySet().{getValue()}",
    "params[0].settings.entrySet().iterator()",
    "params[0].settings.{#this}",
    "params[0].settings.{? #this != null}",
    "params[0].settings.toString()",
    "\"\" + params[0].settings",
    "params[0].sorted",
    "params[0].sorted.values()",
    "params[0].sorted.entrySet().iterator().next()",
    "params[0].sorted.entrySet().iterator().next().value",
    "params[0].sorted.entrySet().iterator().next().getValue()",
    "params[0].sorted.firstEntry()",
    "params[0].byEnum",
    "params[0].byEnum.values()",
    "params[0].byEnum.toString()",
    "params[0].properties",
    "params[0].properties.getProperty(\"my.passwd\")",
    "params[0].properties.values()",
    "params[0].headers",
    "params[0].headers[0]",
    "params[0].headers[0].value",
    "params[0].headers[0].getValue()",
    "params[0].headers[0].toString()",
    "params[0].headers[2]",
    "params[0].headers[2].value",
    "params[0].headers[4]",
    "params[0].headers[5].toString()",
    "params[0].headers.{#this}",
    "params[0].headers.toString()",
    "params[0].array",
    "params[0].toString()",
    "\"\" + params[0]",
    "#{\"is\" : params[0]}",
    "#{\"password\" : params[0].colour, \"is\" : params[0].settings}",
    "params[0].url",
    "params[0].json",
    "params[0].failure",
    "params[0].failure.message",
    "params[0].failure.cause",
    "params[0].failure.getCause().getMessage()",
    "params[0].failure.toString()",
    "throwExp",
    "throwExp.message",
    "throwExp.cause",
    "target.account",
    "target.account.settings",
    "params[1]",
    "params[2]",
    "params.{#this}",
    "argNames",
    "localVarMap",
    "@System@getProperty(\"app.password\")",
    "@System@getProperties()",
    "@System@getProperties().values()",
    "@System@getenv(\"APP_TOKEN\")",
    "@System@getenv()",
    "@System@getenv().values()",
    "@System@getenv().entrySet()",
    "@System@getenv().toString()",
    "@System@getProperties().toString()",
    "params[0].nothing",
    "@Integer@parseInt(params[0].password)",
    "@Integer@parseInt(params[0].headers[4])",
];

/// The file that lines write to.
const WRITTEN: &str = "written.txt";

/// Lines for each command; those of commands that this agent lacks are left out. A command without lines fails.
fn lines_of(command: &str, dice: &mut Dice, folder: &std::path::Path) -> Vec<String> {
    let fixed: &[&str] = match command {
        "help" => &["help", "help sysprop", "help watch"],
        "auth" => &["auth", "auth guess"],
        "version" | "session" | "history" | "cls" | "pwd" | "memory" | "jvm" | "reset" | "keymap" | "fg"
        | "bg" => &[],
        "jobs" => &["sysprop app.password &", "jobs"],
        "kill" => &["kill 1"],
        "grep" => &["sysprop | grep app", "sysenv | grep -v nothing", "jvm | grep -e . -c"],
        "wc" => &["sysprop | wc -l"],
        "plaintext" => &["sysenv | plaintext"],
        "tee" => {
            let file = folder.join(WRITTEN);
            return ["sysprop | tee -a", "sysenv >>", "jvm | grep -v nothing >>"]
                .map(|line| format!("{line} {}", file.display()))
                .to_vec();
        }
        "quit" | "stop" => return Vec::new(),
        "dashboard" => &["dashboard -n 1"],
        "sysprop" => &[
            "sysprop",
            "sysprop app.password",
            "sysprop sun.java.command",
            "sysprop app.url",
            "sysprop app.colour",
        ],
        "sysenv" => {
            &["sysenv", "sysenv APP_TOKEN", "sysenv DB_PASSWORD", "sysenv APP_URL", "sysenv APP_OPTIONS"]
        }
        "echo" => &["echo hi"],
        "vmoption" => &["vmoption", "vmoption OnError"],
        "perfcounter" => &["perfcounter", "perfcounter -d"],
        "mbean" => &["mbean", "mbean *:*", "mbean -m values:*", "mbean java.lang:type=Runtime *"],
        "cat" => &["cat /proc/self/environ", "cat /proc/self/cmdline"],
        // It shows files as they are: who may take data out gets them whole.
        "base64" => &["base64 /etc/hostname"],
        "options" => &["options", "options redact"],
        "thread" => &["thread", "thread --all", "thread -n 3 -i 20", "thread 1"],
        "heap" => &["heap", "heap values.*"],
        "gc" => &["gc"],
        "heapdump" => return vec![format!("heapdump {}", folder.join("dump.hprof").display())],
        "monitor" => &["monitor -c 1 -n 1 values.Secrets *"],
        "trace" => &[
            "trace values.Secrets fail -n 1",
            "trace values.Secrets * -n 3",
            "trace values.Secrets fail 'params[0].nothing' -n 1 --timeout 2",
        ],
        "stack" => &[
            "stack values.Secrets login -n 1",
            "stack values.Secrets fail 'params[0].password != \"a\"' -n 1 --timeout 2",
        ],
        "watch" => {
            let watch = |express: &&str| {
                let (method, moment) = match *express {
                    express if express.contains("throwExp") => ("fail", "-e"),
                    _ => ("load", dice.pick(&["-b", "-f", "-s"])),
                };
                let expand = dice.roll() % 5;
                format!("watch values.Secrets {method} '{express}' {moment} -x {expand} -n 1 --timeout 2")
            };
            let mut lines: Vec<String> = EXPRESSIONS.iter().map(watch).collect();
            for method in ["login", "fetchToken", "fail", "load"] {
                for expand in 0..=4 {
                    let express = "{params,target,returnObj,throwExp}";
                    lines.push(format!(
                        "watch values.Secrets {method} '{express}' -x {expand} -n 1 --timeout 2"
                    ));
                }
            }
            return lines;
        }
        "tt" => &[
            "tt -t values.Secrets load -n 2",
            "tt -l",
            "tt -i 1000 -x 4",
            "tt -i 1000 -w params -x 4",
            "tt -i 1000 -w params[0].password",
            "tt -s 'params != null' -w params -x 3",
            "tt -i 1001 -p -x 4",
            "tt -t values.Secrets login -n 1",
            "tt -i 1002 -x 4",
            "tt -t values.Secrets fetchToken -n 1",
            "tt -i 1003 -p -x 4",
            "tt -t values.Secrets fail -n 1",
            "tt -i 1004 -x 4",
            "tt --delete-all",
        ],
        "line" => {
            let shown = login_lines();
            return vec![
                "line --class values.Secrets --list-lines".to_owned(),
                format!(
                    "line --class values.Secrets --method login --line {shown} -n 3 -x 4 --stack --timeout 2"
                ),
                format!(
                    "line --class values.Secrets --method login --line {shown} --express localVarMap -n 3 -x 2 --timeout 2"
                ),
            ];
        }
        "vmtool" => &[
            "vmtool -a getInstances --className values.Secrets$Account -x 4",
            "vmtool -a getInstances --className values.Secrets$Account --express instances.{password}",
            "vmtool -a getInstances --className java.util.Properties -x 3",
            "vmtool -a heapAnalyze",
            "vmtool -a referenceAnalyze --className values.Secrets$Account",
        ],
        "logger" => &["logger", "logger -n ROOT"],
        "sc" => &[
            "sc values.Secrets*",
            "sc -d -f -x 4 values.Secrets$Account",
            "sc -d -f -x 3 java.lang.System",
            "sc -d -f -x 4 java.lang.ProcessEnvironment",
        ],
        "sm" => &["sm -d values.Secrets$Account"],
        "dump" => return vec![format!("dump -d {} values.Secrets", folder.display())],
        "jad" => &["jad values.Secrets$Account", "jad --bytecode values.Secrets"],
        "classloader" => &["classloader -l", "classloader -a", "classloader -u"],
        "classloader-metaspace" => &["classloader-metaspace -v"],
        "search" => {
            &["search app.password", "search --in strings -n 20 access_key", "search -i --in fields secret"]
        }
        // What is no source is quoted in the diagnostics.
        "mc" => &["mc /proc/self/environ", "mc /proc/self/cmdline"],
        "patch" => &["patch /proc/self/environ", "patch --list"],
        "retransform" => &["retransform /proc/self/environ", "retransform -l"],
        "redefine" => &["redefine /proc/self/cmdline"],
        "getstatic" => {
            &["getstatic values.Secrets$Account staticSecret", "getstatic values.Secrets$Account * -x 4"]
        }
        "ognl" => &[
            "ognl @values.Secrets$Account@staticSecret",
            "ognl '@System@getProperties()' -x 3",
            "ognl '@System@getenv()' -x 3",
        ],
        other => panic!("no lines are known for `{other}`: add some that could show a secret"),
    };
    match fixed {
        [] => vec![command.to_owned()],
        fixed => fixed.iter().map(|line| (*line).to_owned()).collect(),
    }
}

/// The program with its secret everywhere, and the agent that knows the way to the tunnel.
fn program(jdk: &Jdk, secret: &str, colour: &str, agent: &str) -> Java {
    JavaBuilder::new(jdk, "values.Secrets")
        .vm(format!("-Dapp.password={secret}"))
        .vm(format!("-Dapp.colour={colour}"))
        .vm(format!("-Dapp.url=db://user:{secret}@host/?access_key={secret}"))
        .env("APP_TOKEN", secret)
        .env("DB_PASSWORD", secret)
        .env("APP_COLOUR", colour)
        .env("APP_URL", format!("http://user:{secret}@host/"))
        .env("APP_OPTIONS", format!("--quiet --client-secret {secret} --port 1"))
        .arg("--client-secret")
        .arg(secret)
        .with_agent(agent)
        .start()
}

/// All that a run of `oxprobe` writes.
fn written(args: &[&str]) -> Vec<u8> {
    let Answer { out, err, .. } = Answer::of(args);
    [out, err].concat().into_bytes()
}

/// Every command on every transport. Gives the lines whose answer held what was looked for, and how.
fn leaks(java: &Java, tunnel: &Tunnel, relay: &Relay, lines: &[String], secret: &[Vec<u8>]) -> Vec<String> {
    let pid = java.pid().to_string();
    let id = tunnel.agent("secrets")["id"].as_str().unwrap().to_owned();
    let tools = format!("127.0.0.1:{}", harness::tunnel::free_port());
    let port = Curl::open(java, &format!("mcp={tools},mcp-protocol=stateless"));
    harness::eventually("the tools are there", || std::net::TcpStream::connect(&tools).ok());
    let mut leaks = Vec::new();
    let mut look = |how: &str, line: &str, bytes: &[u8]| {
        if finds(bytes, secret) {
            let text = String::from_utf8_lossy(bytes);
            leaks.push(format!("{how}: {line}\n{:.6000}", text));
        }
    };
    for line in lines {
        look("exec", line, &written(&["exec", &pid, line]));
        look("exec --json", line, &written(&["exec", &pid, "--json", line]));
        let before = relay.count();
        let output = tunnel.exec(&id, line);
        look("tunnel", line, output.as_bytes());
        look("http", line, port.api(&json!({"action": "exec", "command": line})).to_string().as_bytes());
        assert!(relay.count() > before, "the relay is not on the way");
    }
    for tool in ["sysprop", "sysenv", "jvm", "options", "dashboard"] {
        let result = harness::mcp::call(&format!("http://{tools}"), None, tool, &json!({"intervalMs": 10}));
        look("mcp", &format!("tool {tool}"), result.to_string().as_bytes());
    }
    for args in [&["ps"][..], &["log", &pid], &["doctor", &pid]] {
        look("oxprobe", &args.join(" "), &written(args));
    }
    look("the tunnel's connection", "all of it", &relay.sent());
    leaks
}

#[test]
fn what_is_kept_secret_leaves_the_process_in_no_answer() {
    let mut dice = Dice::seeded();
    let (secret, colour) = (dice.word(), dice.word());
    let (secrets, colours) = (forms(&secret), forms(&colour));
    let folder = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(folder.path());
    let relay = Relay::to(tunnel.port);
    let options =
        format!("tunnel-url=ws://127.0.0.1:{}/ws,token={},app-name=secrets", relay.port, tunnel.token);
    let mut java = program(&jdk("17"), &secret, &colour, &options);
    let help = exec_json(java.pid(), "help");
    let commands = result(&help, "help")["commands"].as_array().expect("a list of commands").clone();
    assert!(commands.len() >= 20, "{help:?}");
    let names = commands.iter().map(|command| command["name"].as_str().expect("a name"));
    let lines: Vec<String> = names.flat_map(|name| lines_of(name, &mut dice, folder.path())).collect();
    let found = leaks(&java, &tunnel, &relay, &lines, &secrets);
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n\n"));
    let file = std::fs::read(folder.path().join(WRITTEN)).unwrap();
    assert!(finds(&file, &colours) && !finds(&file, &secrets), "{}", String::from_utf8_lossy(&file));
    // Completion of what is typed.
    let mut terminal = Terminal::open(&tunnel, &java, "typed");
    let mut typed = String::new();
    for keys in
        ["sysprop app.pass\t", "sysprop app.password \t", "sysenv APP_T\t", "sysenv APP_TOKEN\r", "history\r"]
    {
        terminal.keys(keys);
        terminal.keys("\x03");
        let prompt = terminal.prompt.clone();
        typed += &terminal.until(|text| text.contains(&prompt));
    }
    terminal.keys("watch values.Secrets load -x 4 -n 1\r");
    typed += &terminal.until(|text| text.contains("@Account["));
    assert!(!finds(typed.as_bytes(), &secrets), "{typed}");
    // What anybody may see is seen on every way, and in the form in which it was looked for.
    let pid = java.pid().to_string();
    let line = "watch values.Secrets load params -x 3 -n 1";
    for args in [&["exec", &pid, line][..], &["exec", &pid, "--json", line]] {
        assert!(finds(&written(args), &colours), "{args:?}");
    }
    assert!(finds(typed.as_bytes(), &colours), "{typed}");
    assert!(finds(&relay.sent(), &colours), "the colour went to the tunnel");
    java.assert_undisturbed();
}

#[test]
fn with_nothing_to_be_kept_secret_all_of_it_is_seen() {
    let mut dice = Dice::seeded();
    let (secret, colour) = (dice.word(), dice.word());
    let secrets = forms(&secret);
    let folder = tempfile::tempdir().unwrap();
    let tunnel = Tunnel::start(folder.path());
    let relay = Relay::to(tunnel.port);
    let options =
        format!("tunnel-url=ws://127.0.0.1:{}/ws,token={},app-name=secrets", relay.port, tunnel.token);
    let mut java = program(&jdk("17"), &secret, &colour, &options);
    exec_json(java.pid(), "options redact ''");
    let lines = [
        "jvm",
        "perfcounter",
        "mbean values:*",
        "mbean java.lang:type=Runtime",
        "cat /proc/self/environ",
        "sysprop app.password",
        "sysprop",
        "sysenv APP_TOKEN",
        "sysenv",
        "trace values.Secrets fail -n 1",
        "watch values.Secrets load params -x 2 -n 1",
        "watch values.Secrets login params -x 1 -n 1",
        "watch values.Secrets load params[0].password -n 1",
        "watch values.Secrets load 'params[0].settings[\"API_TOKEN\"]' -n 1",
        "watch values.Secrets fail throwExp -e -x 1 -n 1",
    ];
    let lines = lines.map(str::to_owned);
    let found = leaks(&java, &tunnel, &relay, &lines, &secrets);
    for line in &lines {
        let ways = found
            .iter()
            .filter(|leak| leak.lines().next().is_some_and(|first| first.ends_with(&format!(": {line}"))));
        assert_eq!(ways.count(), 4, "{line} shows it on each way: {found:#?}");
    }
    for tool in ["sysprop", "sysenv", "jvm"] {
        let is_this = |leak: &String| leak.starts_with(&format!("mcp: tool {tool}\n"));
        assert!(found.iter().any(is_this), "the tool {tool} shows it, too: {found:#?}");
    }
    assert!(finds(&relay.sent(), &secrets));
    java.assert_undisturbed();
}

#[test]
fn the_same_holds_on_the_other_jdks() {
    let mut dice = Dice::seeded();
    for jdk in jdks().into_iter().filter(|jdk| matches!(jdk.major, 8 | 25)) {
        let (secret, colour) = (dice.word(), dice.word());
        let (secrets, colours) = (forms(&secret), forms(&colour));
        let mut java = program(&jdk, &secret, &colour, "");
        // The launcher of JDK 8 itself is warned of for each argument of the program.
        let control = java.process.output();
        let folder = tempfile::tempdir().unwrap();
        let pid = java.pid().to_string();
        let mut seen = false;
        for command in ["watch", "trace", "sysprop", "sysenv", "jvm"] {
            for line in lines_of(command, &mut dice, folder.path()) {
                let bytes = written(&["exec", &pid, "--json", &line]);
                assert!(
                    !finds(&bytes, &secrets),
                    "JDK {}: {line}\n{}",
                    jdk.major,
                    String::from_utf8_lossy(&bytes)
                );
                seen |= finds(&bytes, &colours);
            }
        }
        assert!(seen, "nothing was seen at all");
        java.assert_undisturbed_but(&control);
    }
}

/// The lines of `login`, between commas.
fn login_lines() -> String {
    let source = include_str!("fixtures/values/Secrets.java");
    let is_meant =
        |line: &&str| line.contains("String token = password") || line.contains("return token.length()");
    let numbers = (1..).zip(source.lines()).filter(|(_, line)| is_meant(line));
    numbers.map(|(number, _): (u32, _)| number.to_string()).collect::<Vec<_>>().join(",")
}
