//! What a command needs beyond its declaration: reading is open to many, changing is not.

use shell::{Context, Failure, Permission};

/// Ends the command unless who asks has the permission. `what` begins the sentence.
pub(crate) fn need(cx: &Context<'_>, permission: Permission, what: &str) -> Result<(), Failure> {
    if cx.may(permission) {
        return Ok(());
    }
    Err(Failure::new(format!("{what} needs the permission {}, which this session lacks.", permission.name())))
}
