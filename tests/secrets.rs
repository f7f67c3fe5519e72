//! A secret that the application holds under a name that says so never leaves the process: no command, whatever is asked
//! of it, and no transport shows it, plain or encoded. What anybody may see is seen in the same answers, and the secret
//! itself once nothing is to be kept secret: so this can fail.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use harness::client::result;
use harness::{Answer, Java, JavaBuilder, Jdk, Terminal, Tunnel, exec_json, jdk, jdks};

/// Numbers that another run can draw again.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed =
            std::env::var("OXPROBE_SEED").map_or_else(|_| now(), |seed| seed.parse().expect("a number"));
        println!("OXPROBE_SEED={seed}");
        Self(seed | 1)
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<'t>(&mut self, some: &[&'t str]) -> &'t str {
        some[self.roll() as usize % some.len()]
    }

    /// A word that is found nowhere by chance.
    fn word(&mut self) -> String {
        let letters = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..24).map(|_| char::from(letters[self.roll() as usize % letters.len()])).collect()
    }
}

/// Pieces of a word in every form in which it may be written: so short that a table's column does not break all of them.
fn forms(word: &str) -> Vec<Vec<u8>> {
    const PIECE: usize = 8;
    let mut forms = Vec::new();
    for piece in word.as_bytes().windows(PIECE) {
        let wide = |order: fn(u16) -> [u8; 2]| piece.iter().flat_map(|one| order((*one).into())).collect();
        let reversed: Vec<u8> = piece.iter().rev().copied().collect();
        forms.extend([piece.to_vec(), reversed, wide(u16::to_le_bytes), wide(u16::to_be_bytes)]);
        forms.extend([HEXLOWER, HEXUPPER].map(|form| form.encode(piece).into_bytes()));
    }
    // Base64 looks otherwise by what is before; what hangs on the neighbours is left out.
    for before in 0..3 {
        let bytes = [&vec![0; before][..], word.as_bytes()].concat();
        for form in [BASE64, BASE64URL] {
            let text = form.encode(&bytes).into_bytes();
            forms.push(text[4..text.len() - 4].to_vec());
        }
    }
    forms
}

fn finds(bytes: &[u8], forms: &[Vec<u8>]) -> bool {
    forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

#[test]
fn every_form_is_found() {
    let word = Dice::new().word();
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

/// A relay on the way from the agent to the tunnel that keeps what the agent sends.
struct Relay {
    port: u16,
    /// Of each connection.
    sent: Arc<Mutex<Vec<Sent>>>,
}

type Sent = Arc<Mutex<Vec<u8>>>;

impl Relay {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let all = sent.clone();
        std::thread::spawn(move || {
            for agent in listener.incoming().flatten() {
                let Ok(tunnel) = TcpStream::connect(("127.0.0.1", port)) else { return };
                let (from_agent, to_tunnel) = (agent.try_clone().unwrap(), tunnel.try_clone().unwrap());
                let keeper = Sent::default();
                all.lock().unwrap().push(keeper.clone());
                std::thread::spawn(move || pass(from_agent, to_tunnel, Some(&keeper)));
                std::thread::spawn(move || pass(tunnel, agent, None));
            }
        });
        Self { port: own, sent }
    }

    /// What was sent so far, the masks of the frames taken off.
    fn sent(&self) -> Vec<u8> {
        self.sent.lock().unwrap().iter().flat_map(|sent| unmasked(&sent.lock().unwrap())).collect()
    }

    /// How much was sent so far.
    fn count(&self) -> usize {
        self.sent.lock().unwrap().iter().map(|sent| sent.lock().unwrap().len()).sum()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, keeper: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if let Some(keeper) = keeper {
            keeper.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}

/// What a client of a WebSocket has said (RFC 6455, 5.2): its request, then the payloads of its frames.
fn unmasked(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let (mut said, mut rest) = (bytes[..end].to_vec(), &bytes[end..]);
    while let [_, length, more @ ..] = rest {
        assert!(length & 0x80 != 0, "a client masks what it sends");
        let wide = match length & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if more.len() < wide + 4 {
            break;
        }
        let count = match wide {
            0 => usize::from(length & 0x7F),
            _ => more[..wide].iter().fold(0, |count, byte| count << 8 | usize::from(*byte)),
        };
        let (mask, payload) = (&more[wide..wide + 4], &more[wide + 4..]);
        let payload = &payload[..count.min(payload.len())];
        said.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        rest = more.get(wide + 4 + count..).unwrap_or_default();
    }
    said
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

/// Lines for each command; those of commands that this agent lacks are left out. A command without lines fails.
fn lines_of(command: &str, dice: &mut Dice, folder: &std::path::Path) -> Vec<String> {
    let fixed: &[&str] = match command {
        "help" => &["help", "help sysprop", "help watch"],
        "version" | "session" | "history" | "cls" | "pwd" | "memory" | "jvm" | "reset" => &[],
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
        // Of commands that come with the next versions.
        "tt" => &[
            "tt -t values.Secrets load -n 2",
            "tt -l",
            "tt -i 1000 -x 4",
            "tt -i 1000 -w params -x 4",
            "tt -i 1000 -w params[0].password",
        ],
        "line" => &[
            "line values.Secrets login localVarMap -n 1 -x 2 --timeout 2",
            "line values.Secrets login -n 1 -x 4 --timeout 2",
        ],
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
        assert!(relay.count() > before, "the relay is not on the way");
    }
    for args in [&["ps"][..], &["log", &pid], &["doctor", &pid]] {
        look("oxprobe", &args.join(" "), &written(args));
    }
    look("the tunnel's connection", "all of it", &relay.sent());
    leaks
}

#[test]
fn what_is_kept_secret_leaves_the_process_in_no_answer() {
    let mut dice = Dice::new();
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
    let mut dice = Dice::new();
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
        assert_eq!(ways.count(), 3, "{line} shows it on each way: {found:#?}");
    }
    assert!(finds(&relay.sent(), &secrets));
    java.assert_undisturbed();
}

#[test]
fn the_same_holds_on_the_other_jdks() {
    let mut dice = Dice::new();
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
