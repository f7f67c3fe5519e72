//! A child process whose output is read as it comes and that never outlives its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::PATIENCE;

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
    ended: AtomicBool,
}

/// A running process with piped input and output. Killed when dropped.
pub struct Running {
    child: Child,
    out: Arc<Log>,
    err: Arc<Log>,
    seen: usize,
}

impl Running {
    /// Starts a command with all three streams piped.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let out = collect(child.stdout.take().unwrap());
        let err = collect(child.stderr.take().unwrap());
        Self { child, out, err, seen: 0 }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its input.
    pub fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("input is open");
        writeln!(input, "{line}").expect("the process reads its input");
        input.flush().expect("the process reads its input");
    }

    /// Closes its input.
    pub fn close_input(&mut self) {
        self.child.stdin = None;
    }

    /// The next line of its output for which `wanted` holds; earlier lines are passed over.
    pub fn line(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.line_within(PATIENCE, what, wanted)
    }

    /// The same, waiting so long.
    pub fn line_within(&mut self, patience: Duration, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + patience;
        let out = Arc::clone(&self.out);
        let mut lines = out.lines.lock().unwrap();
        loop {
            while let Some(line) = lines.get(self.seen) {
                self.seen += 1;
                if wanted(line) {
                    return line.clone();
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || out.ended.load(Ordering::Acquire) && self.seen == lines.len() {
                drop(lines);
                self.give_up(what);
            }
            lines = out.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    fn give_up(&self, what: &str) -> ! {
        let last = |lines: Vec<String>| {
            let from = lines.len().saturating_sub(30);
            lines[from..].iter().map(|line| format!("{line:.600}")).collect::<Vec<_>>().join("\n")
        };
        panic!(
            "waited in vain for {what}\n--- output\n{}\n--- errors\n{}",
            last(self.output()),
            last(self.errors())
        )
    }

    /// All lines of output so far.
    pub fn output(&self) -> Vec<String> {
        self.out.lines.lock().unwrap().clone()
    }

    /// All lines of errors so far.
    pub fn errors(&self) -> Vec<String> {
        self.err.lines.lock().unwrap().clone()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.unwrap().success(), "kill -{name}");
    }

    /// Ends it, if it has not ended.
    pub fn kill(&mut self) {
        // A dead one takes no signal, and that is all that can go wrong.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.wait_for(PATIENCE)
    }

    /// Waits for its end, at most so long.
    pub fn wait_for(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last may still be on its way to us, and who holds its output now may keep it open.
                let ended = |log: &Log| log.ended.load(Ordering::Acquire);
                let last = Instant::now() + Duration::from_secs(2);
                while !(ended(&self.out) && ended(&self.err)) && Instant::now() < last {
                    std::thread::sleep(Duration::from_millis(1));
                }
                return status;
            }
            if Instant::now() > deadline {
                self.give_up("its end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn collect(stream: impl Read + Send + 'static) -> Arc<Log> {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            sink.lines.lock().unwrap().push(text);
            sink.more.notify_all();
            line.clear();
        }
        sink.ended.store(true, Ordering::Release);
        // With the lock, or a waiter between its look and its wait would not be woken.
        let _lines = sink.lines.lock().unwrap();
        sink.more.notify_all();
    });
    log
}
