//! The real `oxprobe console` in a pseudo-terminal, and the screen a person would see.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "a module of test binaries")]

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use harness::{Java, PATIENCE, agent_library};
use pty_process::blocking::{Command, Pty, open};

/// A terminal with the console in it and the screen it has drawn.
pub struct Screen {
    pub pty: Pty,
    pub child: std::process::Child,
    pub bytes: Receiver<Vec<u8>>,
    pub parser: vt100::Parser,
    pub prompt: String,
}

impl Screen {
    pub fn open(java: &Java, rows: u16, cols: u16) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(rows, cols)).unwrap();
        let program = harness::oxprobe().get_program().to_owned();
        let child = Command::new(program)
            .env("OXPROBE_AGENT", agent_library())
            .env("TERM", "xterm-256color")
            .args(["console", &java.pid().to_string()])
            .spawn(pts)
            .unwrap();
        let (send, bytes) = channel();
        let mut reader = std::fs::File::from(std::os::fd::AsFd::as_fd(&pty).try_clone_to_owned().unwrap());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let prompt = format!("[oxprobe@{}]$ ", java.pid());
        let mut screen = Self { pty, child, bytes, parser: vt100::Parser::new(rows, cols, 1000), prompt };
        screen.until("the first prompt", |screen| {
            screen.line_of_cursor().starts_with(screen.prompt.trim_end())
        });
        screen
    }

    /// Types keys.
    pub fn keys(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).unwrap();
    }

    /// The rows down to the last that is not empty, without blanks at their ends.
    pub fn rows(&self) -> Vec<String> {
        let (_, cols) = self.parser.screen().size();
        let rows = self.parser.screen().rows(0, cols);
        let mut rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(|row| row.is_empty()) {
            rows.pop();
        }
        rows
    }

    pub fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn line_of_cursor(&self) -> String {
        let (row, _) = self.parser.screen().cursor_position();
        let (_, cols) = self.parser.screen().size();
        self.parser.screen().rows(0, cols).nth(usize::from(row)).unwrap_or_default()
    }

    pub fn cursor(&self) -> (u16, u16) {
        self.parser.screen().cursor_position()
    }

    /// Reads the terminal until a condition holds.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            match self.bytes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(why) => panic!("waiting for {what}: {why}\n--- screen\n{}", self.contents()),
            }
        }
    }

    /// Types keys and waits until the line with the cursor reads so (the prompt before it).
    pub fn edit(&mut self, keys: &str, line: &str) {
        self.keys(keys);
        let expected = format!("{}{line}", self.prompt).trim_end().to_owned();
        self.until(&format!("{keys:?} to give {expected:?}"), |screen| {
            screen.line_of_cursor().trim_end() == expected
        });
    }

    /// Presses Enter and waits for the next empty prompt.
    pub fn enter(&mut self) {
        self.keys("\r");
        // The echo of Enter first, else the prompt that is still there would be taken for the next.
        let (before, prompt) = (self.parser.screen().cursor_position(), self.prompt.trim_end().to_owned());
        self.until("the next prompt", |screen| {
            screen.line_of_cursor().trim_end() == prompt && screen.cursor() != before
        });
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
