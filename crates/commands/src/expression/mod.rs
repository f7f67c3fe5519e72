//! Commands that evaluate an expression over the application's objects, and how values are shown.

pub(crate) mod getstatic;
pub(crate) mod ognl;
pub(crate) mod value;

use host::values::{self, May};
use shell::{Expression, Permission};

use crate::prelude::*;

/// What the expressions of whoever asks may do.
pub(crate) fn may(cx: &Context<'_>) -> May {
    May { evaluate: cx.may(Permission::Evaluate) }
}

/// Reads an expression; a mistake is pointed at.
pub(crate) fn read(
    text: &Expression,
    read: impl FnOnce(&str) -> Result<values::Expression, host::SyntaxError>,
) -> Result<values::Expression, Failure> {
    read(text.as_str()).map_err(|wrong| text.mistake(wrong.at, wrong.message).into())
}
