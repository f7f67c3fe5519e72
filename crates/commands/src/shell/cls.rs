//! `cls`: an empty screen.

use crate::prelude::*;

/// Clear the screen
#[derive(Args)]
#[command(group = Shell, permission = View, example = "cls")]
pub(crate) struct Cls;

impl Command for Cls {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if !cx.is_terminal() {
            return Err(Failure::new("`cls` clears a terminal's screen, and this session has none."));
        }
        cx.clear_screen()
    }
}
