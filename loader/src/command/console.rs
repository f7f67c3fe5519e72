//! `oxprobe console`: this terminal becomes a console in a JVM. The agent edits the line and draws;
//! we pass keys and bytes on, and give the terminal back whatever happens.

use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::Signal;
use wire::{Message, Mode, Open};

use super::{Outcome, Usage, Way};
use crate::agent::{Connection, Credit, Lost, SESSION, Signals, WINDOW, user, wait};
use crate::terminal::{self, Raw};

/// Ctrl-]: the one key that is ours, for an agent that no longer answers.
const LEAVE: u8 = 0x1d;

/// How soon an agent that stops hangs up after it has closed the session.
const LAST_WORDS: Duration = Duration::from_millis(30);

/// Open a console in a JVM
#[derive(Debug, Args)]
pub struct Console {
    #[command(flatten)]
    way: Way,
    /// Fail when the agent is not in
    #[arg(long)]
    no_attach: bool,
}

/// How a console ended.
enum End {
    /// The agent closed the session, as the user told it to.
    Closed,
    /// The user left.
    Left,
    /// A signal asked for it.
    Told,
}

impl Console {
    /// Opens a terminal session and serves it until it ends.
    pub fn run(self) -> Outcome {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Err(Usage(
                "a console needs a terminal; in scripts, use `oxprobe exec PID COMMAND`".to_owned(),
            )
            .into());
        }
        let mut connection = self.way.connect(!self.no_attach)?;
        let pid = connection.process().pid;
        eprintln!("oxprobe: console of JVM {pid}; `quit` or Ctrl-] leaves");
        let signals = Signals::take(&[Signal::SIGWINCH, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT])?;
        let raw = Raw::enter()?;
        let result = serve(&mut connection, &signals);
        drop(raw);
        match result {
            Ok(End::Closed) => {
                // The agent says the same when the user quits and when somebody stops it.
                if connection.wait_for_end(Instant::now() + LAST_WORDS) {
                    eprintln!("oxprobe: the agent in JVM {pid} has stopped");
                }
                Ok(ExitCode::SUCCESS)
            }
            // In the other cases the cursor is somewhere in a line of the agent's.
            Ok(End::Left) => {
                eprintln!();
                Ok(ExitCode::SUCCESS)
            }
            Ok(End::Told) => {
                eprintln!();
                Ok(ExitCode::FAILURE)
            }
            Err(why) => {
                eprintln!();
                Err(why)
            }
        }
    }
}

fn serve(connection: &mut Connection, signals: &Signals) -> anyhow::Result<End> {
    let mut size = terminal::size();
    connection.send(
        SESSION,
        Message::Open(Open {
            mode: Mode::Terminal,
            cols: size.cols,
            rows: size.rows,
            color: terminal::has_color(),
            window: WINDOW,
            user: user(),
        }),
    )?;
    let mut credit = Credit::default();
    let stdin = std::io::stdin();
    let mut keys = [0; 4096];
    loop {
        while let Some(frame) = connection.take()? {
            match frame.message {
                Message::Output(bytes) => {
                    let mut out = std::io::stdout().lock();
                    out.write_all(&bytes)?;
                    out.flush()?;
                    if let Some(window) = credit.wrote(bytes.len()) {
                        connection.send(SESSION, window)?;
                    }
                }
                Message::Close if frame.session == SESSION => return Ok(End::Closed),
                Message::Refused(refused) => return Err(Lost::Refused(refused.message).into()),
                _ => {}
            }
        }
        let [has_frame, has_key, has_signal] =
            wait([Some(connection.fd()), Some(stdin.as_fd()), Some(signals.fd())], None)?;
        if has_signal {
            while let Some(signal) = signals.next() {
                if signal != Signal::SIGWINCH {
                    let _ = connection.send(SESSION, Message::Close);
                    return Ok(End::Told);
                }
                let now = terminal::size();
                if now != size {
                    size = now;
                    connection.send(SESSION, Message::Resize(size))?;
                }
            }
        }
        if has_key {
            // Not through the buffer of `Stdin`: poll would not see what stays in it.
            let length = rustix::io::read(&stdin, &mut keys[..]).map_err(std::io::Error::from)?;
            let pressed = keys.get(..length).unwrap_or_default();
            if pressed.is_empty() || pressed.contains(&LEAVE) {
                let _ = connection.send(SESSION, Message::Close);
                return Ok(End::Left);
            }
            connection.send(SESSION, Message::Input(pressed.to_vec()))?;
        }
        if has_frame {
            connection.fill()?;
        }
    }
}
