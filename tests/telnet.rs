//! Arthas's own telnet client, from its package, against our agent and the real one.

use std::net::TcpStream;
use std::process::{Command, Output};

use harness::curl::{self, PASSWORD};
use harness::{Answer, Curl, Java, arthas, eventually, jdk, tunnel};

/// An agent's telnet port.
fn open(java: &Java) -> (u16, Curl) {
    let port = tunnel::free_port();
    let curl = Curl::open(java, &format!("telnet={port}"));
    eventually("the port is open", || TcpStream::connect(("127.0.0.1", port)).ok());
    (port, curl)
}

/// Runs the client of Arthas's package.
fn client(port: u16, args: &[&str]) -> Output {
    // It waits for a prompt as long as there is none.
    let mut command = Command::new("timeout");
    command.arg("20").arg(jdk("17").tool("java"));
    command.env_remove("JAVA_TOOL_OPTIONS").arg("-jar").arg(arthas::home().join("arthas-client.jar"));
    command.args(args).args(["127.0.0.1", &port.to_string()]).output().expect("java starts")
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn arthass_client_runs_a_batch_unchanged() {
    for name in ["8", "17", "25"] {
        let mut java = Java::demo(&jdk(name));
        let (port, _curl) = open(&java);
        let login = format!("auth {PASSWORD}");

        let out = client(port, &["-c", &format!("{login};version;sysprop java.version;thread -n 1")]);
        let text = said(&out);
        assert!(out.status.success(), "{out:?}");
        let version = harness::exec(java.pid(), "sysprop java.version").ok();
        let version = version.split_whitespace().last().unwrap_or_default();
        for part in [env!("CARGO_PKG_VERSION"), version, "cpuUsage="] {
            assert!(text.contains(part), "JDK {name}: {part} not in {text}");
        }
        assert!(!text.contains('\u{1b}'), "`plaintext` leaves nothing but text: {text:?}");

        let batch = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            batch.path(),
            format!("{login}\nwatch demo.MathGame primeFactors params -n 2\nversion\n"),
        )
        .unwrap();
        let out = client(port, &["-f", &batch.path().display().to_string()]);
        let text = said(&out);
        assert!(
            out.status.success() && text.matches("method=demo.MathGame.primeFactors").count() == 2,
            "{text}"
        );

        // A stranger's batch does nothing.
        let out = client(port, &["-c", "version;stop"]);
        assert!(said(&out).contains("auth"), "{out:?}");
        assert_eq!(harness::exec(java.pid(), "version").ok().trim(), env!("CARGO_PKG_VERSION"));
        java.assert_undisturbed();
    }
}

#[test]
fn it_says_of_us_what_it_says_of_arthas() {
    for name in ["8", "17"] {
        let ours = Java::demo(&jdk(name));
        let theirs = Java::demo(&jdk(name));
        let (port, _curl) = open(&ours);
        let arthas = arthas::boot(&theirs, &[]);
        for line in ["sysprop java.vendor", "echo hello", "sysenv PATH", "pwd", "pwd | grep /", "pwd | wc -l"]
        {
            // What is said of a line: behind the prompt at which it was typed, up to the next.
            let answer = |port: u16, line: &str| {
                let text = said(&client(port, &["-c", line]));
                let last = line.rsplit(';').next().unwrap_or(line).to_owned();
                let (_, behind) = text.rsplit_once(&format!("{last} | plaintext")).unwrap_or(("", &text));
                let words: Vec<&str> = behind.split_whitespace().collect();
                let end = words.iter().position(|word| word.starts_with("[arthas")).unwrap_or(words.len());
                words.get(..end).unwrap_or_default().join(" ")
            };
            let (we, they) = (answer(port, &format!("auth {PASSWORD};{line}")), answer(arthas.telnet, line));
            // The rule below a table's head is as long as the terminal in one, and as the table in the other.
            let strip = |text: &str| text.replace('-', "").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(!we.is_empty(), "JDK {name}: {line}");
            assert_eq!(strip(&we), strip(&they), "JDK {name}: {line}");
        }
        arthas.stop();
    }
}

#[test]
fn a_port_opens_and_closes_on_a_living_agent_and_stop_closes_it() {
    let mut java = Java::demo(&jdk("17"));
    let pid = java.pid().to_string();
    Answer::of(&["attach", &pid]).ok();
    assert!(curl::session(&java)["telnet"].is_null(), "no port but on demand");
    let (port, curl) = open(&java);
    assert_eq!(curl::session(&java)["telnet"], format!("127.0.0.1:{port}"));
    let http = curl.stranger("/api", &["-o", "/dev/null", "-w", "%{http_code}"]);
    assert_eq!(http, "401");
    Answer::of(&["attach", &pid, "-o", "telnet=off"]).ok();
    eventually("it is closed", || TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()));
    Answer::of(&["attach", &pid, "-o", &format!("telnet={port}")]).ok();
    eventually("it is open again", || TcpStream::connect(("127.0.0.1", port)).ok());
    // The client waits for one more prompt, for ever: its own time-out ends nothing, with Arthas neither.
    let out = client(port, &["-c", &format!("auth {PASSWORD};stop")]);
    assert!(said(&out).contains("left the JVM"), "{out:?}");
    eventually("it is closed for good", || TcpStream::connect(("127.0.0.1", port)).is_err().then_some(()));
    java.assert_undisturbed();
}
