//! `oxprobe-tunnel`: the server in the middle. Agents register here, people and scripts reach
//! them from here, and neither needs an open port on the other's side.
//!
//! This file only reads the command line and starts what it names.
#![forbid(unsafe_code)]

mod agents;
mod answer;
mod api;
mod arthas_api;
mod assets;
mod clock;
mod close;
mod console;
mod control;
mod entry;
mod exec;
mod failure;
mod favours;
mod folder;
mod held;
mod listener;
mod lockout;
mod logger;
mod login;
mod options;
mod origin;
mod passwd;
mod peer;
mod random;
mod relay;
mod routes;
mod serve;
mod server;
mod session;
mod socket;
mod stop;
mod tls;
mod token;
mod transcript;
mod users;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::options::{Command, Options};

fn main() -> ExitCode {
    let outcome = match Options::parse().command {
        Command::Serve(options) => serve::run(*options),
        Command::Passwd(options) => passwd::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Without a stderr there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "oxprobe-tunnel: {failure}");
            ExitCode::FAILURE
        }
    }
}
