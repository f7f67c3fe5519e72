//! The command line: sessions, line editor, options, help, completion and jobs as state machines.
//!
//! A command is a struct with [`Args`] (its declaration) and [`Command`] (its work) on some host;
//! [`Shell`] holds a list of them, [`Session`] turns a user's bytes into running commands and their
//! results into events. There is no thread, file, socket or JVM in here: the process comes in through
//! [`Outside`], the renderer through [`Draw`]. A line is a command and the [`filter`]s its output passes.
#![forbid(unsafe_code)]

// The derives name this crate.
extern crate self as shell;

mod args;
mod command;
mod complete;
mod connections;
mod context;
mod edit;
mod escapes;
mod filter;
pub mod fuzz;
mod grant;
pub mod help;
mod history;
mod job;
mod jobs;
mod line;
mod lock;
mod nearest;
mod output;
mod outside;
mod pipeline;
mod run;
mod scan;
mod seat;
mod sent;
mod session;
mod shared;

mod signature;
mod tool;
mod usage;
mod value;

pub use args::{Args, Bag, OptionGroup, join};
pub use command::{Command, Entry, Failure};
pub use connections::{Configured, ConnectionState, Connections, Port};
pub use context::{After, Context, SessionFacts};
pub use edit::Binding;
pub use filter::filters;
pub use grant::Grant;
pub use job::JobState;
pub use jobs::JobFacts;
pub use line::{Token, Word, tokens, words};
pub use lock::{Credentials, Lock};
pub use outside::{Asked, Draw, Drawn, Lender, NoTurn, OutputFile, Outside, Size, Target, Work};
pub use sent::SentFile;
pub use session::{Event, Session, Setup};
pub use shared::Shell;
pub use shell_derive::{Args, Choice, OptionGroup};
pub use signature::{Arg, Group, Opt, Permission, Permissions, Shape, Signature};
pub use tool::{Kind, Parameter, Place, Runs, Tool};
pub use usage::UsageError;
pub use value::{
    BeanAttributePattern, BeanPattern, ClassPattern, CommandName, Environment, Expression, FilePath, JobId,
    MethodPattern, SwitchName, SystemProperty, ThreadId, Value, VmOptionName, not_one_of,
};
