//! `oxprobe exec`: one command line in a JVM, its output as it comes.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use wire::{Done, Frame, Message, Mode, Open};

use super::{Outcome, Usage, Way, print};
use crate::agent::{Connection, Credit, Lost, SESSION, Signals, WINDOW, user, wait};
use crate::{failure, terminal};

/// Status of a command line that the agent's option parser refused.
const BAD_OPTIONS: i32 = -10;

/// How long a job may take to end after it was interrupted because of `--timeout`.
const GRACE: Duration = Duration::from_secs(2);

/// Run one command in a JVM
#[derive(Debug, Args)]
pub struct Exec {
    #[command(flatten)]
    way: Way,
    /// Results as JSON, one object a line; the last one is the status
    #[arg(long)]
    json: bool,
    /// Interrupt the command after this time
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// Fail when the agent is not in
    #[arg(long)]
    no_attach: bool,
    /// The command line; one word is taken as it is, several are quoted where needed
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Exec {
    /// Runs the command; its status is the exit code.
    pub fn run(self) -> Outcome {
        let line = line(&self.command);
        if line.trim().is_empty() {
            return Err(Usage("there is no command; `oxprobe exec PID help` lists them".to_owned()).into());
        }
        let connection = self.way.connect(!self.no_attach)?;
        let deadline = self.timeout.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        Run::open(connection, line, self.json, deadline)?.follow_to_end()
    }
}

/// One word is a whole command line. Of several, those the agent's shell would split or change are
/// quoted; an operator (`|`, `>`, `>>`, `&`) stays one.
fn line(words: &[String]) -> String {
    if let [line] = words {
        return line.clone();
    }
    let needs_quotes = |word: &str| {
        let is_operator = matches!(word, "|" | ">" | ">>" | "&");
        word.is_empty()
            || !is_operator
                && (word.contains(['\'', '"', '\\', '|', '>', '&']) || word.contains(char::is_whitespace))
    };
    let quoted = words.iter().map(|word| {
        if !needs_quotes(word) {
            word.clone()
        } else if !word.contains('\'') {
            format!("'{word}'")
        } else {
            format!("\"{}\"", word.replace('"', "\\\""))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// One exec session.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) connection: Connection,
    signals: Signals,
    credit: Credit,
    json: bool,
    deadline: Option<Instant>,
    interrupts: u32,
    is_late: bool,
    job: u64,
    has_status: bool,
    /// What has come of a result that is longer than a frame.
    parts: Vec<u8>,
}

impl Run {
    /// Sends the line.
    pub(super) fn open(
        mut connection: Connection,
        line: String,
        json: bool,
        deadline: Option<Instant>,
    ) -> anyhow::Result<Self> {
        let signals = Signals::take(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP])?;
        let size = terminal::size();
        connection.send(
            SESSION,
            Message::Open(Open {
                mode: Mode::Exec { line, json },
                cols: size.cols,
                rows: size.rows,
                color: !json && terminal::has_color(),
                window: WINDOW,
                user: user(),
            }),
        )?;
        let credit = Credit::default();
        Ok(Self {
            connection,
            signals,
            credit,
            json,
            deadline,
            interrupts: 0,
            is_late: false,
            job: 0,
            has_status: false,
            parts: Vec::new(),
        })
    }

    /// Prints what comes until the job is done. In JSON the last line is a status in any case.
    pub(super) fn follow_to_end(&mut self) -> Outcome {
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

    fn follow(&mut self) -> anyhow::Result<(ExitCode, Done)> {
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
                    let _ = self.connection.send(SESSION, Message::Close);
                    return Ok(failed("the command ran past its time and did not stop when interrupted"));
                }
                self.is_late = true;
                self.deadline = Some(Instant::now() + GRACE);
                self.connection.send(SESSION, Message::Interrupt)?;
            }
            if has_frame {
                self.connection.fill()?;
            }
        }
    }

    /// First Ctrl-C: the job is interrupted, and says how far it came. Second, or any other: we leave.
    fn interrupt(&mut self, signal: Signal) -> anyhow::Result<Option<(ExitCode, Done)>> {
        self.interrupts += 1;
        if signal == Signal::SIGINT && self.interrupts == 1 {
            self.connection.send(SESSION, Message::Interrupt)?;
            return Ok(None);
        }
        let _ = self.connection.send(SESSION, Message::Close);
        Ok(Some(failed("interrupted; the command was told to stop, its end was not waited for")))
    }

    fn handle(&mut self, frame: Frame) -> anyhow::Result<Option<(ExitCode, Done)>> {
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
            Message::Done(done) if frame.session == SESSION => {
                if self.is_late {
                    return Ok(Some(failed("the command was interrupted when its time was up")));
                }
                let code = match done.status {
                    0 => ExitCode::SUCCESS,
                    BAD_OPTIONS => ExitCode::from(failure::USAGE),
                    _ => ExitCode::from(failure::FAILED),
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
            let _ = self.connection.send(SESSION, Message::Close);
            return Err(why.into());
        }
        if let Some(credit) = self.credit.wrote(bytes.len()) {
            self.connection.send(SESSION, credit)?;
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

fn failed(message: &str) -> (ExitCode, Done) {
    (ExitCode::from(failure::FAILED), Done { status: -1, message: Some(message.to_owned()), dropped: 0 })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> String {
        line(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn one_word_is_the_line_itself() {
        assert_eq!(words(&["thread -n 3 | grep main"]), "thread -n 3 | grep main");
    }

    #[test]
    fn of_several_words_those_with_a_meaning_are_quoted() {
        assert_eq!(words(&["thread", "-n", "3", "|", "grep", "main"]), "thread -n 3 | grep main");
        assert_eq!(words(&["grep", "a b", "it's", "a|b", ""]), "grep 'a b' \"it's\" 'a|b' ''");
        assert_eq!(words(&["sysprop", "k", "a'b\"c"]), "sysprop k \"a'b\\\"c\"");
    }
}
