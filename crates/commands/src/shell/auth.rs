//! `auth`: says the password in a session that asks for one, such as telnet's.

use crate::prelude::*;

/// Say the password
///
/// A session that was opened without one runs nothing else until then. Wrong passwords make further tries wait.
/// Without a password it tells whether one is needed.
#[derive(Args)]
#[command(group = Shell, permission = View, example = "auth")]
pub(crate) struct Auth {
    /// The user
    #[arg(short = 'n', long, default = "arthas")]
    username: String,
    /// The password
    password: Option<String>,
}

impl Command for Auth {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let Some(password) = self.password else {
            let (done, needed) = (cx.authenticated_as().is_some(), cx.is_locked());
            let text = format!("Authentication result: {done}, Need authentication: {}", done || needed);
            return if needed { Err(Failure::with_status(1, text)) } else { cx.message(text) };
        };
        match cx.authenticate(&self.username, &password) {
            // Nobody asks: the transport has let this session in already.
            None => cx.message("Authentication result: true, Need authentication: false"),
            Some(Ok(true)) => cx.message(format!("Authentication result: true, username: {}", self.username)),
            Some(Ok(false)) => {
                let text = format!("Authentication result: false, username: {}", self.username);
                Err(Failure::with_status(1, text))
            }
            Some(Err(why)) => Err(Failure::with_status(1, why)),
        }
    }
}
