//! A session with a prompt.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::job::{Found, Job};
use crate::run::{Caller, Started, status};
use crate::{Event, Failure, Setup, Size};

pub(crate) struct Terminal {
    caller: Caller,
    prompt: String,
    size: Size,
    out: Vec<u8>,
    line: String,
    job: Option<Arc<Job>>,
    typed: VecDeque<u8>,
    closed: bool,
}

impl Terminal {
    pub(crate) fn new(caller: Caller, setup: Setup) -> Self {
        let out = setup.prompt.clone().into_bytes();
        Self {
            caller,
            prompt: setup.prompt,
            size: setup.size,
            out,
            line: String::new(),
            job: None,
            typed: VecDeque::new(),
            closed: false,
        }
    }

    pub(crate) fn input(&mut self, bytes: &[u8]) {
        self.typed.extend(bytes);
        self.advance();
    }

    fn advance(&mut self) {
        while self.job.is_none()
            && let Some(byte) = self.typed.pop_front()
        {
            match byte {
                b'\r' => {
                    self.out.extend(b"\r\n");
                    let line = std::mem::take(&mut self.line);
                    match self.caller.start(&line, self.size) {
                        Started::Job(job, _) => self.job = Some(job),
                        Started::Nothing => self.out.extend(self.prompt.as_bytes()),
                        Started::Failed(failure) => self.ended(&Err(failure)),
                    }
                }
                byte if byte.is_ascii() => {
                    self.line.push(char::from(byte));
                    self.out.push(byte);
                }
                _ => {}
            }
        }
    }

    fn ended(&mut self, end: &Result<(), Failure>) {
        let status = status(end);
        if let Some(message) = status.message {
            let text = self.caller.sentence(status.status_code, message, self.size);
            self.out.extend(text.as_bytes());
        }
        self.out.extend(self.prompt.as_bytes());
        self.advance();
    }

    pub(crate) fn resize(&mut self, size: Size) {
        self.size = size;
        if let Some(job) = &self.job {
            job.resize(size);
        }
    }

    pub(crate) fn interrupt(&mut self) {
        if let Some(job) = &self.job {
            job.cancel();
        }
    }

    pub(crate) fn poll(&mut self, max_bytes: usize) -> Option<Event> {
        if max_bytes > 0 && !self.out.is_empty() {
            return Some(Event::Output(std::mem::take(&mut self.out)));
        }
        let found = self.job.as_ref()?.take(max_bytes);
        match found {
            Found::Text(text) => Some(Event::Output(text.into_bytes())),
            Found::Value(value) => Some(Event::Value(value)),
            Found::Nothing => None,
            Found::Ended(end, _) => {
                self.job = None;
                self.ended(&end);
                self.poll(max_bytes)
            }
        }
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.interrupt();
    }
}
