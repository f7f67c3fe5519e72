//! The real Arthas, from its Maven package, as `scripts/arthas` unpacks it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::java::Java;
use crate::jdk::cache;
use crate::tunnel::free_port;
use crate::{PATIENCE, eventually};

/// What it says when it is busy with another command's weaving.
const BUSY: &str = "someone else is enhancing";

/// Where the package is.
pub fn home() -> PathBuf {
    let home = cache().join("arthas-4.1.5");
    assert!(home.join("arthas-boot.jar").exists(), "no {}: run scripts/arthas", home.display());
    home
}

/// An Arthas agent in a program.
#[derive(Clone, Copy, Debug)]
pub struct Arthas {
    /// The port of its HTTP API on 127.0.0.1.
    pub http: u16,
    /// The port of its telnet console.
    pub telnet: u16,
    /// How long `arthas-boot --attach-only` ran, start of its JVM included.
    pub attach: std::time::Duration,
}

/// Puts the Arthas agent into a program and lets it register with a tunnel. Needs a JDK, as it does.
pub fn attach(java: &Java, tunnel_url: &str, app: &str) -> Arthas {
    boot(java, &["--tunnel-server", tunnel_url, "--app-name", app])
}

/// Puts the Arthas agent into a program.
pub fn boot(java: &Java, args: &[&str]) -> Arthas {
    let (telnet, http) = (free_port(), free_port());
    let mut command = Command::new(java.jdk.tool("java"));
    command
        .env_remove("JAVA_TOOL_OPTIONS")
        .arg("-jar")
        .arg(home().join("arthas-boot.jar"))
        .arg("--arthas-home")
        .arg(home())
        .args(["--attach-only", "--telnet-port", &telnet.to_string(), "--http-port", &http.to_string()])
        .args(args)
        .arg(java.pid().to_string());
    let start = std::time::Instant::now();
    let out = command.output().expect("java starts");
    let attach = start.elapsed();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "arthas-boot: {said}");
    Arthas { http, telnet, attach }
}

impl Arthas {
    /// Stops it. It goes without an answer.
    pub fn stop(&self) {
        self.ask("stop");
    }

    /// Runs a command line by the HTTP API and gives the answer. Where Arthas is busy weaving for another command, now
    /// and then for none, it is asked again.
    pub fn exec(&self, line: &str) -> Value {
        eventually("Arthas to have its turn at weaving", || {
            let answer = self.ask(line);
            (!answer.contains(BUSY)).then(|| body_of(&answer))
        })
    }

    /// Starts a command that goes on until it is interrupted.
    pub fn start(&self, line: &str) -> Job {
        let call = |request: Value| body_of(&self.post(&request));
        let session = call(serde_json::json!({"action": "init_session"}));
        let job = Job { agent: *self, session, results: Vec::new() };
        let started = job.call("async_exec", Some(line));
        assert_eq!(started["state"], "SCHEDULED", "{line}: {started}");
        job
    }

    /// Starts a command that observes methods; its probes are in when this returns. Arthas weaves for one command at a
    /// time, is busy for some seconds at times after the one before, and then refuses: that is asked again.
    pub fn observe(&self, line: &str) -> Job {
        eventually("Arthas to have its turn at weaving", || {
            let mut job = self.start(line);
            let enhanced = job.enhanced();
            if enhanced["success"] == true {
                return Some(job);
            }
            assert!(enhanced.to_string().contains(BUSY), "{line}: {enhanced}");
            std::thread::sleep(std::time::Duration::from_millis(200));
            None
        })
    }

    /// Starts a command that observes methods in a telnet session, whose output is read and thrown away: the HTTP API
    /// ends a command whose results are not fetched when there are fifty. Its probes are in when this returns.
    pub fn show(&self, line: &str) -> Shown {
        eventually("Arthas to have its turn at weaving", || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.telnet)).expect("arthas listens");
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            read_until(&mut stream, &["arthas@"]);
            writeln!(stream, "{line}\r").unwrap();
            let said = read_until(&mut stream, &["Affect(", BUSY, "error"]);
            if !said.contains("Affect(") {
                return None;
            }
            let mut output = stream.try_clone().unwrap();
            std::thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                while output.read(&mut buffer).is_ok_and(|count| count > 0) {}
            });
            Some(Shown { stream })
        })
    }

    fn ask(&self, line: &str) -> String {
        self.post(&serde_json::json!({"action": "exec", "command": line, "execTimeout": 30_000}))
    }

    fn post(&self, request: &Value) -> String {
        let body = request.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).expect("arthas listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("arthas answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn body_of(answer: &str) -> Value {
    let json = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(json.trim()).unwrap_or_else(|why| panic!("{why} in {answer}"))
}

/// Reads until one of these was said.
fn read_until(stream: &mut TcpStream, wanted: &[&str]) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let count = stream.read(&mut buffer).expect("arthas answers");
        assert!(count > 0, "Arthas has hung up: {}", String::from_utf8_lossy(&said));
        said.extend(&buffer[..count]);
        let text = String::from_utf8_lossy(&said);
        if wanted.iter().any(|wanted| text.contains(wanted)) {
            return text.into_owned();
        }
    }
}

/// A command in a telnet session.
pub struct Shown {
    stream: TcpStream,
}

impl Shown {
    /// Ends it, as Ctrl-C does, and its session.
    pub fn end(mut self) {
        let _ = self.stream.write_all(&[3]);
        std::thread::sleep(std::time::Duration::from_millis(200));
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

/// A command that runs in a session of its own.
pub struct Job {
    agent: Arthas,
    session: Value,
    results: Vec<Value>,
}

impl Job {
    /// What it said of putting its probes in.
    fn enhanced(&mut self) -> Value {
        eventually("Arthas to enhance", || {
            self.pull().iter().find(|result| result["type"] == "enhancer").cloned()
        })
    }

    /// All its results so far. Waits up to two seconds for one.
    pub fn pull(&mut self) -> &[Value] {
        let answer = self.call("pull_results", None);
        self.results.extend(answer["body"]["results"].as_array().cloned().unwrap_or_default());
        &self.results
    }

    /// Calls of a method over all cycles of a `monitor` so far.
    pub fn calls(&mut self, class: &str, method: &str) -> u64 {
        let rows =
            self.pull().iter().flat_map(|cycle| cycle["monitorDataList"].as_array().into_iter().flatten());
        let of_method = rows.filter(|row| row["className"] == class && row["methodName"] == method);
        of_method.map(|row| row["total"].as_u64().unwrap_or(0)).sum()
    }

    /// Interrupts it and ends its session.
    pub fn interrupt(self) {
        self.call("interrupt_job", None);
        self.call("close_session", None);
    }

    fn call(&self, action: &str, line: Option<&str>) -> Value {
        let request = serde_json::json!({
            "action": action,
            "command": line,
            "sessionId": self.session["sessionId"],
            "consumerId": self.session["consumerId"],
        });
        body_of(&self.agent.post(&request))
    }
}
