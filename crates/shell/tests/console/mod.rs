//! A terminal session and the screen a person sees.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use shell::{Event, Session, Size};

use crate::toy::{Toy, wait_limit};

/// A session with a terminal emulator at its end.
pub struct Console<'t> {
    pub toy: &'t Toy,
    pub session: Session,
    pub screen: vt100::Parser,
    pub over: Option<Event>,
}

impl<'t> Console<'t> {
    pub fn open(toy: &'t Toy) -> Self {
        Self::open_sized(toy, 80, 24)
    }

    pub fn open_sized(toy: &'t Toy, cols: u16, rows: u16) -> Self {
        Self::of(toy, shell::Setup { size: Size { cols, rows }, ..toy.setup() })
    }

    pub fn of(toy: &'t Toy, setup: shell::Setup) -> Self {
        let Size { cols, rows } = setup.size;
        let session = Session::terminal(toy.shell.clone(), setup);
        let mut console = Self { toy, session, screen: vt100::Parser::new(rows, cols, 100), over: None };
        console.take();
        console
    }

    pub fn keys(&mut self, keys: impl AsRef<[u8]>) -> &mut Self {
        self.session.input(keys.as_ref());
        self.take();
        self
    }

    pub fn take(&mut self) {
        while let Some(event) = self.session.poll(1000) {
            match event {
                Event::Output(bytes) => self.screen.process(&bytes),
                other => self.over = Some(other),
            }
        }
    }

    /// Waits for wakes until the screen is as wanted.
    pub fn until(&mut self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = wait_limit();
        loop {
            let seen = self.toy.wakes();
            self.take();
            let lines = self.lines();
            if wanted(&lines) {
                return lines;
            }
            assert!(self.toy.wait_for_wake(seen, deadline), "the screen stays {lines:#?}");
        }
    }

    /// Waits until the last line is this.
    pub fn until_last(&mut self, last: &str) -> Vec<String> {
        self.until(|lines| lines.last().is_some_and(|line| line == last))
    }

    /// Waits for the session's last event.
    pub fn until_over(&mut self) -> Event {
        let deadline = wait_limit();
        loop {
            let seen = self.toy.wakes();
            self.take();
            if let Some(event) = self.over.take() {
                return event;
            }
            assert!(self.toy.wait_for_wake(seen, deadline), "the session is not over: {:#?}", self.lines());
        }
    }

    /// The lines down to the last that is not empty, without blanks at their ends.
    pub fn lines(&self) -> Vec<String> {
        let (_, cols) = self.screen.screen().size();
        let rows = self.screen.screen().rows(0, cols);
        let mut lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        lines
    }
}
