//! Commands about the console and the agent themselves.

pub(crate) mod auth;
pub(crate) mod bg;
pub(crate) mod cls;
pub(crate) mod echo;
pub(crate) mod fg;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod keymap;
pub(crate) mod kill;
pub(crate) mod quit;
pub(crate) mod session;
pub(crate) mod stop;
pub(crate) mod version;
