//! `help`: which commands there are and how each is used.

use shell::help::{HelpDetail, HelpList};

use crate::prelude::*;

/// List the commands, or tell all about one
#[derive(Args)]
#[command(group = Shell, permission = View, example = "help", example = "help thread")]
pub(crate) struct Help {
    /// The command to tell about
    command: Option<CommandName>,
}

impl Command for Help {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let wanted = self.command.as_deref();
        let answers_to = |name: &str, signature: &shell::Signature| {
            signature.name == name || signature.aliases.contains(&name)
        };
        match wanted.and_then(|name| cx.signatures().find(|signature| answers_to(name, signature))) {
            Some(signature) => cx.emit(HelpDetail::of(signature)),
            None => {
                if let Some(name) = wanted {
                    cx.message(format!("There is no command `{name}`. These there are:"))?;
                }
                let list = HelpList::of(cx.signatures());
                cx.emit(list)
            }
        }
    }
}
