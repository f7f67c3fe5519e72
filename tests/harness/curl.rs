//! `curl`, as a script of Arthas's HTTP API uses it.

use std::process::Command;

use serde_json::Value;

use crate::java::Java;
use crate::tunnel::free_port;
use crate::{Answer, eventually, exec_json};

/// The password of the ports that the tests open.
pub const PASSWORD: &str = "hush";

/// An open port of an agent.
pub struct Curl {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    _password: tempfile::NamedTempFile,
}

impl Curl {
    /// Opens a port in a running JVM, with further options, and waits for it.
    pub fn open(java: &Java, options: &str) -> Self {
        let password = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(password.path(), format!("{PASSWORD}\n")).unwrap();
        let at = format!("127.0.0.1:{}", free_port());
        let mut list = format!("http={at},password-file={}", password.path().display());
        if !options.is_empty() {
            list = format!("{list},{options}");
        }
        Answer::of(&["attach", &java.pid().to_string(), "-o", &list]).ok();
        eventually("the port is open", || std::net::TcpStream::connect(&at).ok());
        Self { base: format!("http://{at}"), _password: password }
    }

    /// Runs `curl` with these arguments behind the password; its output.
    pub fn run(&self, path: &str, args: &[&str]) -> String {
        let user = format!("arthas:{PASSWORD}");
        let args: Vec<&str> = ["-u", &user].into_iter().chain(args.iter().copied()).collect();
        self.stranger(path, &args)
    }

    /// Runs `curl` without the password.
    pub fn stranger(&self, path: &str, args: &[&str]) -> String {
        let url = format!("{}{path}", self.base);
        let out = Command::new("curl").args(["-s", "-S", "-m", "60"]).args(args).arg(url).output();
        let out = out.expect("curl is installed: scripts/test tools");
        assert!(out.status.success(), "curl {args:?} {path}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Posts to the API, as the documentation of Arthas does.
    pub fn api(&self, request: &Value) -> Value {
        let text = self.run("/api", &["-X", "POST", "-d", &request.to_string()]);
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why} in {text}"))
    }

    /// The status of an answer.
    pub fn status(&self, path: &str, args: &[&str]) -> String {
        let args: Vec<&str> = ["-o", "/dev/null", "-w", "%{http_code}"].iter().chain(args).copied().collect();
        self.stranger(path, &args)
    }
}

/// What `session` shows over the local socket.
pub fn session(java: &Java) -> Value {
    let results = exec_json(java.pid(), "session");
    crate::client::result(&results, "session").clone()
}
