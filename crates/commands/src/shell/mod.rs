//! Commands about the console and the agent themselves.

pub(crate) mod auth;
pub(crate) mod cls;
pub(crate) mod echo;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod quit;
pub(crate) mod session;
pub(crate) mod stop;
pub(crate) mod version;
