//! `oxprobe-tunnel passwd`: a new password for the admin, also while the server runs.

use std::io::Write;

use crate::failure::Failure;
use crate::folder::{DataFolder, read_secret};
use crate::options::Passwd;
use crate::users::{self, ADMIN};

/// Sets the password and prints it where it was made here.
pub(crate) fn run(options: &Passwd) -> Result<(), Failure> {
    let folder = DataFolder::open(options.folder.path())?;
    let (password, made) = match &options.admin_password_file {
        Some(file) => (read_secret(file)?, false),
        None => (users::make_password()?, true),
    };
    users::set_password(&folder, ADMIN, &password)?;
    let shown = if made { format!(": {password}") } else { String::new() };
    writeln!(std::io::stdout(), "new password of {ADMIN}{shown}\nSessions that are open end now.")
        .map_err(|e| Failure::new(format!("cannot print the password: {e}; run the command again.")))
}
