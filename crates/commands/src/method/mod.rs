//! Commands about calls of methods.

mod call_picture;
mod call_tree;
mod callees;
mod cost;
mod effect;
mod fragment;
mod in_flight;
pub(crate) mod line;
pub(crate) mod monitor;
mod observation;
pub(crate) mod reset;
mod running;
pub(crate) mod stack;
mod thread;
pub(crate) mod trace;
pub(crate) mod tt;
pub(crate) mod watch;

pub(crate) use effect::Reset;
