//! What every command's file needs.

pub(crate) use host::Host;
pub(crate) use model::{Arrange, Column, Group, Layout, Show, Style, Table, Text};
pub(crate) use serde::Serialize;
pub(crate) use shell::{
    Args, Choice, ClassPattern, Command, CommandName, Context, Environment, Failure, FilePath, Permission,
    SystemProperty, ThreadId,
};

/// The host's errors are sentences for the user already.
pub(crate) trait OrFail<T> {
    /// The value, or the command's failure with status -1.
    fn or_fail(self) -> Result<T, Failure>;
}

impl<T> OrFail<T> for Result<T, host::Error> {
    fn or_fail(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(error.to_string()))
    }
}
