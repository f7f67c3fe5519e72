//! Commands about threads.
#![expect(clippy::module_inception, reason = "a command's file has the command's name")]

mod list;
pub(crate) mod stack;
mod stacks;
pub(crate) mod thread;
pub(crate) mod usage;
mod virtual_list;
