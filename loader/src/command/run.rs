//! Command lines in a JVM, their output as it comes, and how each ended.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use wire::{Done, Frame, Message, Mode, Open, SessionId};

use super::print;
use crate::agent::{Connection, Credit, Lost, Signals, WINDOW, user, wait};
use crate::{failure, terminal};

/// Status of a command line that the agent's option parser refused.
const BAD_OPTIONS: i32 = -10;

/// How long a job may take to end after it was interrupted because of `--timeout`.
const GRACE: Duration = Duration::from_secs(2);

/// Command lines on one connection, one after the other.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) connection: Connection,
    signals: Signals,
    json: bool,
    deadline: Option<Instant>,
    interrupts: u32,
    is_late: bool,
    /// The session of the line that runs.
    session: SessionId,
    credit: Credit,
    job: u64,
    has_status: bool,
    /// What has come of a result that is longer than a frame.
    parts: Vec<u8>,
}

impl Run {
    /// Takes the signals; nothing is sent yet. The deadline is that of all lines together.
    pub(super) fn new(connection: Connection, json: bool, deadline: Option<Instant>) -> anyhow::Result<Self> {
        let signals = Signals::take(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP])?;
        Ok(Self {
            connection,
            signals,
            json,
            deadline,
            interrupts: 0,
            is_late: false,
            session: 0,
            credit: Credit::default(),
            job: 0,
            has_status: false,
            parts: Vec::new(),
        })
    }

    /// Whether the user or the time has ended it: no further line is run.
    pub(super) fn is_over(&self) -> bool {
        self.is_late || self.interrupts > 0
    }

    /// Runs a line and prints what comes until it is done. Gives its exit code. In JSON the last line is
    /// a status in any case.
    pub(super) fn line(&mut self, line: &str) -> anyhow::Result<u8> {
        self.open(line)?;
        let result = self.follow();
        match &result {
            Ok((_, done)) => self.report(done)?,
            Err(why) if self.json && !super::is_closed_output(why) => {
                self.report(&Done { status: -1, message: Some(why.to_string()), dropped: 0 })?;
            }
            Err(_) => {}
        }
        result.map(|(code, _)| code)
    }

    fn open(&mut self, line: &str) -> anyhow::Result<()> {
        self.session += 1;
        (self.credit, self.job, self.has_status) = (Credit::default(), 0, false);
        self.parts.clear();
        let size = terminal::size();
        let mode = Mode::Exec { line: line.to_owned(), json: self.json };
        let color = !self.json && terminal::has_color();
        let open = Open { mode, cols: size.cols, rows: size.rows, color, window: WINDOW, user: user() };
        Ok(self.connection.send(self.session, Message::Open(open))?)
    }

    fn follow(&mut self) -> anyhow::Result<(u8, Done)> {
        loop {
            while let Some(frame) = self.connection.take()? {
                if let Some(end) = self.handle(frame)? {
                    return Ok(end);
                }
            }
            let [has_frame, has_signal] =
                wait([Some(self.connection.fd()), Some(self.signals.fd())], self.deadline)?;
            if has_signal {
                while let Some(signal) = self.signals.next() {
                    if let Some(end) = self.interrupt(signal)? {
                        return Ok(end);
                    }
                }
            }
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                if self.is_late {
                    let _ = self.connection.send(self.session, Message::Close);
                    return Ok(failed("the command ran past its time and did not stop when interrupted"));
                }
                self.is_late = true;
                self.deadline = Some(Instant::now() + GRACE);
                self.connection.send(self.session, Message::Interrupt)?;
            }
            if has_frame {
                self.connection.fill()?;
            }
        }
    }

    /// First Ctrl-C: the job is interrupted, and says how far it came. Second, or any other: we leave.
    fn interrupt(&mut self, signal: Signal) -> anyhow::Result<Option<(u8, Done)>> {
        self.interrupts += 1;
        if signal == Signal::SIGINT && self.interrupts == 1 {
            self.connection.send(self.session, Message::Interrupt)?;
            return Ok(None);
        }
        let _ = self.connection.send(self.session, Message::Close);
        Ok(Some(failed("interrupted; the command was told to stop, its end was not waited for")))
    }

    fn handle(&mut self, frame: Frame) -> anyhow::Result<Option<(u8, Done)>> {
        match frame.message {
            Message::Output(bytes) => self.write(&bytes, false)?,
            Message::ResultPart(piece) => self.parts.extend_from_slice(&piece),
            Message::Result(end) => {
                self.parts.extend_from_slice(&end);
                let bytes = std::mem::take(&mut self.parts);
                if let Ok(head) = serde_json::from_slice::<Head>(&bytes) {
                    self.job = head.job_id.unwrap_or(self.job);
                    self.has_status = head.kind == "status";
                }
                self.write(&bytes, true)?;
            }
            Message::Done(done) if frame.session == self.session => {
                if self.is_late {
                    return Ok(Some(failed("the command was interrupted when its time was up")));
                }
                let code = match done.status {
                    0 => 0,
                    BAD_OPTIONS => failure::USAGE,
                    _ => failure::FAILED,
                };
                return Ok(Some((code, done)));
            }
            Message::Refused(refused) => return Err(Lost::Refused(refused.message).into()),
            Message::Close => {
                return Ok(Some(failed("the agent closed the session before the command had ended")));
            }
            _ => {}
        }
        Ok(None)
    }

    fn write(&mut self, bytes: &[u8], is_line: bool) -> anyhow::Result<()> {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| if is_line { out.write_all(b"\n") } else { Ok(()) });
        if let Err(why) = written.and_then(|()| out.flush()) {
            let _ = self.connection.send(self.session, Message::Close);
            return Err(why.into());
        }
        if let Some(credit) = self.credit.wrote(bytes.len()) {
            self.connection.send(self.session, credit)?;
        }
        Ok(())
    }

    /// The end of a command: in JSON its status, unless the agent has sent it; else what is left to
    /// say, on standard error.
    fn report(&self, done: &Done) -> anyhow::Result<()> {
        if self.json {
            if self.has_status {
                return Ok(());
            }
            let status = Status {
                job_id: self.job,
                message: done.message.as_deref(),
                status_code: done.status,
                kind: "status",
            };
            return print(&format!("{}\n", serde_json::to_string(&status)?));
        }
        if let Some(message) = &done.message {
            eprintln!("oxprobe: {message}");
        }
        if done.dropped > 0 {
            eprintln!("oxprobe: {} results were dropped because they were not read in time", done.dropped);
        }
        Ok(())
    }
}

fn failed(message: &str) -> (u8, Done) {
    (failure::FAILED, Done { status: -1, message: Some(message.to_owned()), dropped: 0 })
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "jobId")]
    job_id: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    job_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    status_code: i32,
    #[serde(rename = "type")]
    kind: &'a str,
}
